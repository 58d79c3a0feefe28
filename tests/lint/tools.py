"""The linters: where they are, what they say, which directives they may be given."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from tests.support import markdown, needs


def run(tool: str, *arguments: str | Path, cwd: Path | None = None, stdin: str | None = None) -> str:
    """Run a linter; what it says when it finds something, "" when all is well.

    Those of the development dependencies are beside this Python. Skips when the machine lacks one that is no
    Python package.
    """
    here = Path(sys.executable).parent
    program = shutil.which(tool, path=str(here)) or shutil.which(tool) or needs.require(tool)
    source = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    done = subprocess.run(
        [program, *map(str, arguments)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **source,
    )
    return "" if done.returncode == 0 else f"{tool} (exit {done.returncode}):\n{done.stdout}"


# yamllint: what YAML itself asks for and what hides faults. Lists may stand at their key's level, and GitHub's
# `on:` is a word there.
YAMLLINT = """
extends: default
rules:
  document-start: disable
  line-length: disable
  braces: {max-spaces-inside: 1}
  truthy: {check-keys: false}
  comments: {min-spaces-from-content: 1}
  comments-indentation: disable
  indentation: {indent-sequences: consistent}
"""

_DIRECTIVE = re.compile(r"#\s*(?:hadolint ignore=|shellcheck .*\bdisable=|zizmor: ignore|yamllint disable)(.*)")
_WITH_REASON = re.compile(r"#\s*(?:hadolint|shellcheck|yamllint)[^#]*# \S|#\s*zizmor: ignore\[[\w, -]+\] \S")


def unexplained(text: str) -> list[str]:
    """The directives in a text that silence a linter without a reason behind them, or silence all of its rules."""
    lines = [line.strip() for line in text.splitlines() if _DIRECTIVE.search(line)]
    return [line for line in lines if not _WITH_REASON.search(line) or "disable=all" in line]


def workflows(projects: Mapping[Path, Iterable[str]]) -> str:
    """What actionlint, zizmor and the schema of GitHub find in the workflows of repositories.

    actionlint hands the scripts in them to shellcheck, and follows references in the folder it runs in. Nobody asks
    the network.
    """
    shellcheck = Path(sys.executable).with_name("shellcheck")
    said = [
        run("actionlint", "-no-color", "-shellcheck", shellcheck, "-pyflakes", "", *paths, cwd=folder)
        for folder, paths in projects.items()
    ]
    files = [folder / path for folder, paths in projects.items() for path in paths]
    said.append(run("zizmor", "--offline", "--no-progress", "--color=never", *files))
    said.append(run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files))
    return "\n".join(filter(None, said))


def clean(*said: str) -> None:
    """Fail with what the linters said, when one of them said anything."""
    if found := "\n".join(filter(None, said)):
        pytest.fail(found, pytrace=False)


def is_script(path: str, text: str) -> bool:
    """Whether a file is for a shell: by its name, or by its first line."""
    return path.endswith((".sh", ".sh.eex")) or re.match(r"#!.*\b(ba|da)?sh\b", text) is not None


def paths(text: str) -> set[str]:
    """The words in a Markdown text's code, spans and blocks, that look like the path of a file."""
    words = " ".join([*markdown.code_spans(text), *markdown.code_blocks(text)]).split()
    return {
        word.strip("'\"`(),:;") for word in words if re.fullmatch(r"['\"(]*[\w.][\w./-]*[/.][\w./-]+['\"),:;]*", word)
    }


def broken_links(file: Path) -> list[str]:
    """The links in a Markdown file that lead nowhere."""
    return [link for link in markdown.links(file.read_text()) if not leads_somewhere(file, link)]


def leads_somewhere(source: Path, link: str) -> bool:
    """Whether a link in the file `source` has a target: a file, and the heading in it; the network is not asked."""
    if re.match(r"https?://|mailto:", link):
        return True
    path, _, anchor = link.partition("#")
    target = source.parent / path if path else source
    return target.exists() and (not anchor or anchor in markdown.anchors(target.read_text()))
