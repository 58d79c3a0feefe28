"""What a version promises to the projects that were made of an earlier one, and what breaks it.

Answers and paths stand in users' repositories for years: the name, type and choices of a question, and where each file
is. `read` renders two versions for the examples of the older one, `broken` compares them, and
`CHANGELOG.md` of the newer one has to own up to every difference. Nothing is kept of a version but its tag.
"""

from __future__ import annotations

import difflib
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from copier import run_copy, run_recopy
from copier.errors import UserMessageError

ANSWERS = ".copier-answers.yml"
PROBE = "choices-of-all-questions.yml"


@dataclass
class Version:
    """What others hold of a version.

    `files` has every path with its text, by example; `refused` what was said where there are none.
    """

    settings: dict[str, Any]
    questions: dict[str, dict[str, Any]]
    choices: dict[str, set[str]] = field(default_factory=dict)
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """The newest entry of a CHANGELOG.md."""

    version: str
    text: str

    def names(self, name: str) -> bool:
        """Whether it has this name as a word of its own."""
        return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", self.text) is not None


# --- The last release --------------------------------------------------------------------------------------


def last_release(repository: Path) -> str | None:
    """The tag of the newest release that HEAD comes from, None before the first one."""
    command = ["git", "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def tree_of(repository: Path, tag: str, into: Path) -> Path:
    """Write the files of a tag into a new folder and return it."""
    into.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", tag], cwd=repository, stdout=subprocess.PIPE, check=True)
    subprocess.run(["tar", "-x"], cwd=into, input=archive.stdout, check=True)
    return into


# --- Reading a version -------------------------------------------------------------------------------------


def _documents(tree: Path) -> Iterable[dict[str, Any]]:
    def include(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
        assert isinstance(node, yaml.ScalarNode)
        return yaml.safe_load((tree / str(loader.construct_scalar(node))).read_text())

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!include", include)
    return yaml.load_all((tree / "copier.yml").read_text(), Loader)  # type: ignore[no-any-return]


def _defined(tree: Path) -> Version:
    settings: dict[str, Any] = {}
    questions: dict[str, dict[str, Any]] = {}
    for document in _documents(tree):
        for name, value in document.items():
            if name.startswith("_"):
                settings[name] = value
            elif value.get("when") is not False:
                questions[name] = value
    return Version(settings, questions)


def _probe(version: Version, tree: Path) -> Path:
    """Add a file to a template that renders to the choices of each question, as they may be templates themselves."""
    probe = tree / version.settings.get("_subdirectory", ".") / f"{PROBE}.jinja"
    asked = {name: question["choices"] for name, question in version.questions.items() if "choices" in question}
    probe.write_text("".join(f"{name}: {choices}\n" for name, choices in asked.items()))
    return probe


def _values(choices: Any) -> set[str]:
    values = choices.values() if isinstance(choices, dict) else choices
    return {str(value["value"] if isinstance(value, dict) else value) for value in values}


def _take(version: Version, example: str, project: Path) -> None:
    for name, choices in yaml.safe_load((project / PROBE).read_text() or "{}").items():
        version.choices.setdefault(name, set()).update(_values(choices))
    version.files[example] = {
        file.relative_to(project).as_posix(): file.read_text(errors="replace")
        for file in project.rglob("*")
        if file.is_file() and file.name not in {PROBE, ANSWERS}
    }


def read(old: Path, new: Path, work: Path) -> tuple[Version, Version]:
    """Render the examples of the old tree with both; the new one is given the answers file, as in an update."""
    before, after = _defined(old), _defined(new)
    probes = [_probe(before, old), _probe(after, new)]
    render = partial(run_copy, defaults=True, overwrite=True, quiet=True, unsafe=True, skip_tasks=True)
    for given in sorted((old / "examples").glob("*/answers.yml")):
        example = given.parent.name
        first, second = work / "old" / example, work / "new" / example
        render(str(old), first, data=yaml.safe_load(given.read_text()))
        _take(before, example, first)
        answers = yaml.safe_load((first / ANSWERS).read_text())
        second.mkdir(parents=True)
        (second / ANSWERS).write_text(yaml.safe_dump({**answers, "_src_path": str(new)}))
        try:
            run_recopy(second, defaults=True, overwrite=True, quiet=True, unsafe=True, skip_tasks=True)
        except (UserMessageError, ValueError) as error:
            after.refused[example] = str(error)
        else:
            _take(after, example, second)
    for probe in probes:
        probe.unlink(missing_ok=True)
    return before, after


def _retired(tree: Path) -> set[str]:
    """The keys of the catalog that are no longer offered, but known."""

    def walk(data: Any) -> Iterable[str]:
        for key, value in data.items() if isinstance(data, dict) else ():
            if isinstance(value, dict):
                if "retired" in value:
                    yield str(key)
                yield from walk(value)

    files = (tree / "extensions").rglob("catalog/*.yml")
    return {key for file in files for key in walk(yaml.safe_load(file.read_text()))}


def newest_entry(changelog: str) -> Entry | None:
    """The first `## VERSION (date or unreleased)` with what is below it."""
    found = re.search(
        r"^## (\d+\.\d+\.\d+) \((?:unreleased|\d{4}-\d\d-\d\d)\)\n(.*?)(?=^## |\Z)", changelog, re.M | re.S
    )
    return Entry(found[1], found[2]) if found else None


# --- Judging -----------------------------------------------------------------------------------------------


def step(last: str, version: str) -> int:
    """How far a version is from the one before: 0 not newer, 1 patch, 2 minor, 3 major.

    Below 1.0.0 there is no major to go up, and the second number stands for it, as SemVer has it.
    """
    old, new = (tuple(int(part) for part in name.removeprefix("v").split(".")) for name in (last, version))
    if new <= old:
        return 0
    if new[0] > old[0]:
        return 3
    return (2 if new[0] else 3) if new[1] > old[1] else 1


def _moved_to(path: str, text: str, added: Mapping[str, str]) -> str | None:
    """Where a file went that is no longer there: the new one most of whose lines it has."""
    likeness = {
        other: difflib.SequenceMatcher(None, text.splitlines(), added[other].splitlines(), autojunk=False).ratio()
        for other in added
    }
    best = max(likeness, key=lambda other: likeness[other], default=None)
    return best if best is not None and likeness[best] > 0.5 else None


def _migrates(version: Version, path: str, last: str) -> bool:
    """Whether a migration of a newer version names the file."""
    name = PurePosixPath(path).name
    return any(
        name in str(migration) and step(last, str(migration["version"])) > 0
        for migration in version.settings.get("_migrations", [])
        if isinstance(migration, dict) and "version" in migration
    )


def broken(before: Version, after: Version, last: str, new: Path) -> list[str]:
    """What keeps `after`, whose tree is `new`, from following the release `last`: a sentence each."""
    entry = newest_entry((new / "CHANGELOG.md").read_text()) or Entry("0.0.0", "")
    reached = step(last, entry.version)
    found: list[str] = []
    needs: list[tuple[str, str, int]] = []  # what, the name that CHANGELOG.md must have, the step it takes

    _judge_questions(before, after, _retired(new), entry, reached, found, needs)
    _judge_files(before, after, last, found, needs)
    found += [f"examples/{name}/answers.yml of {last} is refused: {said}" for name, said in after.refused.items()]

    if needs and not reached:
        found.append(
            f"CHANGELOG.md has no entry for a version after {last}; add `## VERSION (unreleased)` with: "
            + ", ".join(sorted(what for what, _, _ in needs))
        )
        return found
    kinds = ("", "a patch", "a minor version", "a major version")
    for what, name, least in needs:
        if reached < least:
            found.append(f"{what} takes {kinds[least]}, and CHANGELOG.md says {entry.version} after {last}; raise it")
        if not entry.names(name):
            found.append(f"{what} is not in CHANGELOG.md; name `{name}` in the entry of {entry.version}")
    return found


def _judge_questions(
    before: Version,
    after: Version,
    retired: set[str],
    entry: Entry,
    reached: int,
    found: list[str],
    needs: list[tuple[str, str, int]],
) -> None:
    for name in after.questions.keys() - before.questions.keys():
        needs.append((f"the new question {name}", name, 2))
    for name in sorted(before.questions.keys() - after.questions.keys()):
        carried = re.compile(rf"\b{name}\s*\|\s*default\(")
        if any(carried.search(str(question.get("default", ""))) for question in after.questions.values()):
            needs.append((f"the new name of the question {name}", name, 2))
        elif reached == 3 and entry.names(name):
            continue
        else:
            found.append(
                f"the question {name} is gone, and every answer to it would be lost: let the default of the one in its "
                f"place begin with {{{{ {name} | default(…) }}}}, or, where none is, name it in a major version"
            )
    for name in sorted(before.questions.keys() & after.questions.keys()):
        was, now = (version.questions[name].get("type", "yaml") for version in (before, after))
        if was != now:
            found.append(f"the question {name} was of type {was} and is {now}: keep the type, or ask a new question")
        old, new = before.choices.get(name), after.choices.get(name)
        if old is None or new is None:
            continue
        for value in sorted(old - new - retired):
            if reached < 3 or not entry.names(value):
                found.append(
                    f"{name} no longer takes {value}, which projects have on record: keep it (in the catalog as "
                    "`retired`, with a successor), or name it in a major version"
                )
        needs.extend((f"the choice {value} of {name}", value, 1) for value in sorted(new - old))


def _judge_files(
    before: Version, after: Version, last: str, found: list[str], needs: list[tuple[str, str, int]]
) -> None:
    seen: set[str] = set()
    for example, files in after.files.items():
        old = before.files[example]
        added = {path: text for path, text in files.items() if path not in old}
        for path in sorted(old.keys() - files.keys() - seen):
            seen.add(path)
            target = _moved_to(path, old[path], added)
            if target is None:
                needs.append((f"the removal of {path}", PurePosixPath(path).name, 3))
                continue
            seen.add(target)
            needs.append((f"the move of {path} to {target}", PurePosixPath(path).name, 3))
            if not _migrates(after, path, last):
                found.append(
                    f"{path} moved to {target}, which loses the edits in it: leave it where it was, or add a migration "
                    f"of the new version to copier.yml that runs `git mv -k {path} {target}` before the update"
                )
        for path in sorted(added.keys() - seen):
            seen.add(path)
            needs.append((f"the new file {path}", PurePosixPath(path).name, 2))
