"""A stand-in for GitHub's `gh`, as GitHub cannot be had here: it records what it is told, in a file.

It knows the commands that the scripts use, with the flags of cli/cli v2.62.0 (pkg/cmd/issue, pkg/cmd/label), and
refuses any other. An issue needs a label that exists, as there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Self

SCRIPT = """#!{python}
import sys
sys.path.insert(0, {root!r})
from tests.support.fake_gh import main
main({state!r}, sys.argv[1:])
"""
FLAGS = {
    "label create": {"--force": 0, "--color": 1, "--description": 1},
    "issue list": {"--label": 1, "--state": 1, "--limit": 1, "--json": 1},
    "issue create": {"--title": 1, "--label": 1, "--body-file": 1},
    "issue close": {"--comment": 1},
    "issue reopen": {"--comment": 1},
}


class RecordingGh:
    """The repository as the stand-in knows it."""

    def __init__(self, state: Path) -> None:
        self.path = state

    @classmethod
    def install(cls, bin: Path, state: Path) -> Self:
        """Put `gh` into a folder of PATH, with an empty repository."""
        gh = bin / "gh"
        gh.write_text(SCRIPT.format(python=sys.executable, root=str(Path(__file__).parents[2]), state=str(state)))
        gh.chmod(0o755)
        state.write_text(json.dumps({"labels": [], "issues": [], "calls": []}))
        return cls(state)

    @property
    def state(self) -> dict[str, Any]:
        """All labels, issues and calls."""
        return json.loads(self.path.read_text())

    @property
    def open(self) -> set[str]:
        """The titles of the open issues."""
        return {issue["title"] for issue in self.state["issues"] if issue["open"]}

    @property
    def changes(self) -> list[str]:
        """The calls on issues that changed one, each the verb and the title."""
        return [call for call in self.state["calls"] if not call.startswith("list")]


def main(state: str, words: list[str]) -> None:
    """Do what one call asks, as `gh` does."""
    path = Path(state)
    known = json.loads(path.read_text())
    command = " ".join(words[:2])
    names, options = _read(command, words[2:])
    if command == "label create":
        known["labels"].append(names[0])
    elif command == "issue list":
        shown = [issue for issue in known["issues"] if issue["open"] and options["--label"] in issue["labels"]]
        print(json.dumps([{name: issue[name] for name in options["--json"].split(",")} for issue in shown]))
    elif command == "issue create":
        if options["--label"] not in known["labels"]:
            sys.exit(f"could not add label: '{options['--label']}' not found")
        url = f"https://github.com/me/shop/issues/{len(known['issues']) + 1}"
        body = Path(options["--body-file"]).read_text()
        title = options["--title"]
        known["issues"].append({"title": title, "url": url, "labels": [options["--label"]], "body": body, "open": True})
        known["calls"].append(f"create {title}")
        print(url)
    else:
        [issue] = [issue for issue in known["issues"] if issue["url"] == names[0]]
        issue["open"] = command == "issue reopen"
        known["calls"].append(f"{words[1]} {issue['title']}")
    path.write_text(json.dumps(known))


def _read(command: str, words: list[str]) -> tuple[list[str], dict[str, str]]:
    """The words and the options of a call; ends it at one that `gh` does not have."""
    if command not in FLAGS:
        sys.exit(f'unknown command "{command}" for "gh"')
    names, options = [], {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("--"):
            names.append(word)
        elif word not in FLAGS[command]:
            sys.exit(f"unknown flag: {word}")
        else:
            options[word] = next(rest) if FLAGS[command][word] else ""
    return names, options
