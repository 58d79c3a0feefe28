"""What people read is spelt right, in the words of CONTRIBUTING: documents, questions, messages, the template."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.lint import tools
from tests.support.template import REPO, is_golden, working_files

READ = re.compile(
    r"(README|CHANGELOG|CONTRIBUTING)\.md|docs/[^/]+\.md|(questions|messages|includes|template)/.*|.*/warnings\.yml"
)
NOT_PROSE = re.compile(r".*(-lock\.json|\.svg)")
PATHS = sorted(
    path
    for path in (file.as_posix() for file in working_files())
    if READ.fullmatch(path) and not NOT_PROSE.fullmatch(path) and not is_golden(Path(path))
)
NAMES = r"USER nobody|user = 'nobody'|\bstatics\b|\bmanifestIn\b"
"""A user of Linux, a key of fly.toml, a function."""
TABLE = re.compile(r"^\| do not write \| write \|\n\| --- \| --- \|\n((?:\|.*\n)+)", re.MULTILINE)


def avoided(text: str) -> dict[str, str]:
    """The words and phrases of CONTRIBUTING's table, and what stands for each."""
    table = TABLE.search(text)
    assert table, "CONTRIBUTING.md has no table of words"
    return dict(re.findall(r"^\| (.+?) \| (.+?) \|$", table[1], re.MULTILINE))


def found(text: str) -> list[str]:
    """Each avoided word in a text, with its line and what to write."""
    text = re.sub(NAMES, "", text)
    words = avoided((REPO / "CONTRIBUTING.md").read_text())
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, words))})\b", re.IGNORECASE)
    return [
        f"line {text.count(chr(10), 0, one.start()) + 1}: {one[0]} (write: {words[one[0].lower()]})"
        for one in pattern.finditer(text)
    ]


def test_every_text_is_looked_at() -> None:
    assert {"README.md", "docs/decisions.md", "questions/fly.yml", "template/fly.toml.jinja"} <= set(PATHS)
    assert any(path.endswith(" ops(layers.scripts) }}/deploy") for path in PATHS)


def test_no_text_has_a_word_that_is_avoided() -> None:
    text = {path: (REPO / path).read_text() for path in PATHS}
    text["CONTRIBUTING.md"] = TABLE.sub("", text["CONTRIBUTING.md"])
    assert {path: words for path, words in ((path, found(text[path])) for path in PATHS) if words} == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("All is well.\nThe file was mended,\nor mend it.\n", ["line 3: mend (write: fix)"]),
        ("It waits For Ever.", ["line 1: For Ever (write: for good)"]),
        ("USER nobody", []),
    ],
)
def test_a_word_that_is_avoided_is_found(text: str, expected: list[str]) -> None:
    assert found(text) == expected


def test_spelling() -> None:
    tools.clean(tools.run("codespell", "--ignore-regex", NAMES, *PATHS, cwd=REPO))


def test_a_slip_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("It is seperate.\n")
    assert "seperate ==> separate" in tools.run("codespell", "--ignore-regex", NAMES, "a.md", cwd=tmp_path)
