"""What one command compiled, the next one finds."""

from __future__ import annotations

from pathlib import Path
from types import CodeType

import pytest

import load

TEXT = b"6 * 7"


def compiles() -> CodeType:
    return compile(TEXT, "a text", "eval")


def never() -> CodeType:
    raise AssertionError("compiled again")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder for caches, which is not there yet."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(load, "user_cache_path", lambda name: folder / name)
    return folder


def written(cache: Path) -> Path:
    """The one file that a process leaves."""
    (file,) = (path for path in cache.rglob("*") if path.is_file())
    return file


def test_the_next_process_does_not_compile_it_again(cache: Path) -> None:
    first = load.Compiled()
    first.of(TEXT, compiles)
    first.save()
    assert eval(load.Compiled().of(TEXT, never)) == 42
    assert written(cache).parent.stat().st_mode & 0o077 == 0


def test_what_is_not_used_any_more_goes_once_something_new_is_written(cache: Path) -> None:
    first = load.Compiled()
    first.of(TEXT, compiles)
    first.save()
    second = load.Compiled()
    second.of(b"another text", compiles)
    second.save()
    with pytest.raises(AssertionError, match="compiled again"):
        load.Compiled().of(TEXT, never)


def test_a_process_that_compiles_nothing_leaves_the_file_alone(cache: Path) -> None:
    first = load.Compiled()
    for text in (TEXT, b"another text"):
        first.of(text, compiles)
    first.save()
    second = load.Compiled()
    second.of(TEXT, never)
    second.save()
    load.Compiled().of(b"another text", never)


@pytest.mark.parametrize("damaged", [b"", b"\0" * 100, b"no code at all"], ids=["empty", "zeros", "text"])
def test_a_damaged_file_is_replaced(cache: Path, damaged: bytes) -> None:
    first = load.Compiled()
    first.of(TEXT, compiles)
    first.save()
    written(cache).write_bytes(damaged)
    second = load.Compiled()
    assert eval(second.of(TEXT, compiles)) == 42
    second.save()
    load.Compiled().of(TEXT, never)


def test_a_folder_that_cannot_be_written_costs_time_alone(cache: Path) -> None:
    cache.write_text("a file where the folder would be")
    only = load.Compiled()
    assert eval(only.of(TEXT, compiles)) == 42
    only.save()
    assert cache.read_text() == "a file where the folder would be"
