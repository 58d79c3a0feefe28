"""Golden renders: what six examples render to, kept in `examples/NAME/rendered` for reviewers and readers.

    uv run python -m tests.golden      captures them again; read the difference before you commit it

Versions and prices that change with the world, not with the template, are kept as a word in capitals or 0.00.
"""

from __future__ import annotations

import difflib
import re
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support import template as template_support
from tests.support.template import REPO

SHAPES = (
    "phoenix_managed",
    "emothe",
    "net_auto",
    "bezgelor",
    "nextjs_drizzle_neon",
    "nextjs_plain",
    "phoenix_sqlite",
    "nextjs_mysql",
)
COMMAND = "uv run python -m tests.golden"

_MASKS = [
    # An image by a full tag, with a digest or without. A major version alone is a choice of ours and stays.
    (r"\b([a-z][\w./-]*):(?:v?\d+\.[\w.-]*\w|[a-z]+-\d{8}[\w.-]*)(?:@sha256:[0-9a-f]{64})?", r"\1:TAG"),
    (r"@sha256:[0-9a-f]{64}", "@sha256:DIGEST"),
    (r"@[0-9a-f]{40} # \S+", "@COMMIT # TAG"),
    # A package or a tool: copier==9.19.1, pg@8.23.1, version: 0.4.83, and in JSON "version": "1.4.5".
    (r'(==|\w@(?!127\.)|:-|\w-version: "|\bversion: )\d+(?:\.\d+){2,}', r"\1VERSION"),
    (r'(": ")\d+(?:\.\d+){2,}(?=")', r"\1VERSION"),
    (r"(?m)^scaffolded_on: .*", "scaffolded_on: DATE"),
    (r"(?m)^_src_path: .*", "_src_path: TEMPLATE"),
]
_PRICED = ("docs/fly/costs.md", "docs/fly/logs.md", "ops/settings.sh")
_PRICE_MASKS = [(r"\b\d+\.\d{2,3}\b|(?<=\$)\d+\b(?!\.)", "0.00"), (r"\bof \d{4}-\d\d\b", "of DATE")]


class File(NamedTuple):
    """A rendered file: its text, and whether it may be run."""

    text: str
    runs: bool


def masked(path: str, text: str) -> str:
    """A rendered text without what changes with the world."""
    for pattern, word in _MASKS + (_PRICE_MASKS if path in _PRICED else []):
        text = re.sub(pattern, word, text)
    return text


def kept_in(name: str) -> Path:
    """The folder of an example's golden render."""
    return REPO / "examples" / name / "rendered"


def files(folder: Path) -> dict[str, File]:
    """Every file in a folder by its path, masked."""
    return {
        path: File(masked(path, file.read_text("utf-8")), bool(file.stat().st_mode & stat.S_IXUSR))
        for path, file in template_support.rendered_files(folder).items()
    }


def differences(kept: Mapping[str, File], now: Mapping[str, File]) -> str:
    """What a reviewer would see: files that come or go, run bits, and a unified diff; "" when all is the same."""
    said = [f"removed: {path}" for path in sorted(kept.keys() - now.keys())]
    said += [f"added: {path}" for path in sorted(now.keys() - kept.keys())]
    for path in sorted(kept.keys() & now.keys()):
        if kept[path].runs != now[path].runs:
            said.append(f"{path} {'can now be run' if now[path].runs else 'can no longer be run'}")
        before, after = kept[path].text.splitlines(), now[path].text.splitlines()
        said += difflib.unified_diff(before, after, f"kept/{path}", f"now/{path}", lineterm="")
    return "\n".join(said)


def render(template: Path, name: str, into: Path) -> dict[str, File]:
    """Render an example into an empty folder; its files, masked."""
    return files(template_support.render(template, into, template_support.example(name), skip_tasks=True))


def capture(name: str, now: Mapping[str, File]) -> None:
    """Write a golden render."""
    shutil.rmtree(kept_in(name), ignore_errors=True)
    for path, file in now.items():
        target = kept_in(name) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.text, "utf-8")
        target.chmod(0o755 if file.runs else 0o644)


def main() -> None:
    """Capture all of them, and say which changed."""
    with tempfile.TemporaryDirectory() as scratch:
        template = template_support.export(Path(scratch) / "template")
        for name in SHAPES:
            now = render(template, name, Path(scratch) / name)
            changed = not kept_in(name).is_dir() or differences(files(kept_in(name)), now)
            capture(name, now)
            print(f"{name}: {'captured again' if changed else 'unchanged'}")


if __name__ == "__main__":
    main()
