"""A version keeps what an earlier one promised, or its CHANGELOG says so; and what does not is caught."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from copier import run_recopy

from tests.policy import promises
from tests.support.template import REPO, example, render, rendered_files

SHAPES = ("phoenix_managed", "umbrella_plain", "nextjs_plain")


def test_this_version_follows_the_last_one(template: Path, tmp_path: Path) -> None:
    """Before the first release it follows itself, in three shapes, which shows that all of it can be read."""
    new = shutil.copytree(template, tmp_path / "new")
    last = promises.last_release(REPO)
    if last:
        old = promises.tree_of(REPO, last, tmp_path / "old")
    else:
        old = shutil.copytree(template, tmp_path / "old")
        for example in set((old / "examples").iterdir()) - {old / "examples" / name for name in SHAPES}:
            shutil.rmtree(example)
    before, after = promises.read(old, new, tmp_path / "work")
    assert before.choices["primary_region"] > {"iad", "fra"}
    assert before.questions["http_port"]["type"] == "int"
    assert {"fly.toml", "Dockerfile", "lib/shop_web/health_plug.ex"} < before.files["phoenix_managed"].keys()
    assert promises.broken(before, after, last or "v0.0.0", new) == []


@pytest.mark.parametrize("name", SHAPES)
def test_an_answers_file_gives_the_same_files_again(template: Path, tmp_path: Path, name: str) -> None:
    """What ops/doctor --scaffold and every update rely on."""
    first = render(template, tmp_path / "first", example(name), skip_tasks=True)
    (tmp_path / "second").mkdir()
    shutil.copy(first / promises.ANSWERS, tmp_path / "second")
    run_recopy(tmp_path / "second", defaults=True, overwrite=True, quiet=True, unsafe=True, skip_tasks=True)
    assert contents(tmp_path / "second") == contents(first)


def contents(project: Path) -> dict[str, bytes]:
    return {path: file.read_bytes() for path, file in rendered_files(project).items()}


QUESTION = "database: {type: str, default: managed, choices: {Managed: managed, Neon: neon}}\n"
TEXT = "".join(f"line {number}\n" for number in range(20))
BEFORE = {
    "copier.yml": "_subdirectory: template\n---\n!include questions.yml\n",
    "questions.yml": QUESTION + "image: {type: str, default: one, choices: \"{{ ['one', 'two'] }}\"}\n"
    "port: {type: int, default: 8080}\nroot: {type: str, default: lib, when: false}\n",
    "examples/plain/answers.yml": "database: neon\n",
    "examples/other/answers.yml": "image: two\n",
    "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml -}}",
    "template/Dockerfile.jinja": "EXPOSE {{ port }}\n" + TEXT,
    "template/{{ root }}/release.ex": TEXT.replace("line", "def"),
    "CHANGELOG.md": "# Changes\n\n## 1.2.0 (2026-11-21)\n\n- All.\n",
}
TAG = "v1.2.0"


def write(folder: Path, files: dict[str, str | None]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            (folder / path).unlink()
        else:
            (folder / path).write_text(text)
    return folder


def said(tmp_path: Path, changes: dict[str, str | None], changelog: str = "") -> list[str]:
    """What is said of a repository with a release and these changes since, with this entry."""
    repository = write(tmp_path / "repository", BEFORE)
    for command in ("init -q", "add -A", "commit -qm Release", f"tag {TAG}"):
        subprocess.run(["git", *command.split()], cwd=repository, check=True)
    if changelog:
        changes = {**changes, "CHANGELOG.md": f"# Changes\n\n{changelog}\n\n## 1.2.0 (2026-11-21)\n\n- All.\n"}
    write(repository, changes)
    last = promises.last_release(repository)
    assert last == TAG
    old = promises.tree_of(repository, last, tmp_path / "old")
    new = shutil.copytree(repository, tmp_path / "new", ignore=shutil.ignore_patterns(".git"))
    return promises.broken(*promises.read(old, new, tmp_path / "work"), last, new)


QUESTIONS = BEFORE["questions.yml"]
RENAMED = QUESTIONS.replace("port: {type: int, default: 8080}", 'http_port: {type: int, default: "{{ %s }}"}')
PORT_FILE = {"template/Dockerfile.jinja": BEFORE["template/Dockerfile.jinja"].replace("port", "http_port")}
WITHOUT_CARRY_OVER = {"questions.yml": RENAMED % "8080", **PORT_FILE}
WITH_CARRY_OVER = {"questions.yml": RENAMED % "port | default(8080)", **PORT_FILE}
DROPPED = {
    "questions.yml": QUESTIONS.replace("port: {type: int, default: 8080}\n", ""),
    "template/Dockerfile.jinja": TEXT,
}
ADDED = {"questions.yml": QUESTIONS + "region: {type: str, default: iad}\n"}
TYPE = {"questions.yml": QUESTIONS.replace("type: int", "type: str")}
CHOICE = {"questions.yml": QUESTIONS.replace(", Neon: neon", "")}
COMPUTED_CHOICE = {"questions.yml": QUESTIONS.replace("'one', 'two'", "'one', 'three'")}
RETIRED = {**COMPUTED_CHOICE, "extensions/copier_fly/fly/catalog/images.yml": "images: {two: {retired: '2026-12'}}\n"}
MOVED = {"questions.yml": QUESTIONS.replace("default: lib", "default: src")}
MIGRATION = (
    '_subdirectory: template\n_migrations:\n  - version: "%s"\n    command: git mv -k lib/release.ex src/release.ex\n'
)
MIGRATED = {**MOVED, "copier.yml": MIGRATION % "v2.0.0" + "---\n!include questions.yml\n"}
MIGRATED_EARLIER = {**MOVED, "copier.yml": MIGRATION % "v1.1.0" + "---\n!include questions.yml\n"}
REMOVED = {"template/{{ root }}/release.ex": None}
NEW_FILE = {"template/Procfile": "web: run\n"}
TEXT_ONLY = {"template/Dockerfile.jinja": "EXPOSE {{ port }}\n" + TEXT.replace("line 3", "line three")}

BROKEN = {
    "renamed": (WITHOUT_CARRY_OVER, "## 1.3.0 (unreleased)\n- `http_port`", "{{ port | default(…) }}"),
    "renamed-silently": (WITH_CARRY_OVER, "## 1.3.0 (unreleased)\n- `http_port`", "name `port` in the entry of 1.3.0"),
    "question-dropped-in-a-minor": (
        DROPPED,
        "## 1.3.0 (unreleased)\n- `port`",
        "or, where none is, name it in a major",
    ),
    "question-dropped-unnamed": (DROPPED, "## 2.0.0 (unreleased)\n- Fewer questions", "the question port is gone"),
    "unnamed-question": (ADDED, "## 1.3.0 (unreleased)\n- More regional", "name `region` in the entry of 1.3.0"),
    "question-in-a-patch": (ADDED, "## 1.2.1 (unreleased)\n- `region`", "takes a minor version"),
    "no-entry": (ADDED, "", "CHANGELOG.md has no entry for a version after v1.2.0; add `## VERSION (unreleased)`"),
    "type": (TYPE, "## 2.0.0 (unreleased)\n- `port`", "port was of type int and is str: keep the type"),
    "choice": (CHOICE, "## 1.3.0 (unreleased)\n- neon", "database no longer takes neon"),
    "choice-refused": (CHOICE, "## 2.0.0 (unreleased)\n- Less", "database no longer takes neon"),
    "computed-choice": (COMPUTED_CHOICE, "## 1.3.0 (unreleased)\n- three", "image no longer takes two"),
    "unnamed-choice": (RETIRED, "## 1.3.0 (unreleased)\n- Better", "name `three` in the entry of 1.3.0"),
    "moved": (MOVED, "## 2.0.0 (unreleased)\n- `release.ex`", "git mv -k lib/release.ex src/release.ex"),
    "moved-and-edited": (
        {**MOVED, "template/{{ root }}/release.ex": BEFORE["template/{{ root }}/release.ex"].replace("def 3", "other")},
        "## 2.0.0 (unreleased)\n- `release.ex`",
        "git mv -k lib/release.ex src/release.ex",
    ),
    "moved-in-a-minor": (MIGRATED, "## 1.3.0 (unreleased)\n- `release.ex`", "takes a major version"),
    "moved-unnamed": (MIGRATED, "## 2.0.0 (unreleased)\n- Tidier", "name `release.ex` in the entry of 2.0.0"),
    "moved-with-an-old-migration": (MIGRATED_EARLIER, "## 2.0.0 (unreleased)\n- `release.ex`", "add a migration"),
    "removed": (
        REMOVED,
        "## 1.3.0 (unreleased)\n- `release.ex`",
        "the removal of lib/release.ex takes a major version",
    ),
    "new-file": (NEW_FILE, "## 1.2.1 (unreleased)\n- `Procfile`", "takes a minor version"),
    "unnamed-file": (NEW_FILE, "## 1.3.0 (unreleased)\n- A file", "name `Procfile` in the entry of 1.3.0"),
}
KEPT = {
    "nothing": ({}, ""),
    "text": (TEXT_ONLY, ""),
    "renamed": (WITH_CARRY_OVER, "## 1.3.0 (unreleased)\n- `port` is `http_port`"),
    "question": (ADDED, "## 1.3.0 (unreleased)\n- asks `region` (iad)"),
    "question-dropped-in-a-major": (DROPPED, "## 2.0.0 (unreleased)\n- `port` is no longer asked"),
    "retired": (RETIRED, "## 1.2.1 (unreleased)\n- image `three`"),
    "moved": (MIGRATED, "## 2.0.0 (unreleased)\n- `lib/release.ex` is `src/release.ex`"),
    "removed": (REMOVED, "## 2.0.0 (unreleased)\n- without `release.ex`"),
    "removed-beside-a-new-one": ({**REMOVED, **NEW_FILE}, "## 2.0.0 (unreleased)\n- `Procfile`, no `release.ex`"),
    "new-file": (NEW_FILE, "## 1.3.0 (2026-12-01)\n- `Procfile`"),
}


@pytest.mark.parametrize(("changes", "changelog", "sentence"), BROKEN.values(), ids=BROKEN)
def test_what_breaks_a_promise_is_said(
    tmp_path: Path, changes: dict[str, str | None], changelog: str, sentence: str
) -> None:
    found = said(tmp_path, changes, changelog)
    assert [line for line in found if sentence in line], found


@pytest.mark.parametrize(("changes", "changelog"), KEPT.values(), ids=KEPT)
def test_what_keeps_it_passes(tmp_path: Path, changes: dict[str, str | None], changelog: str) -> None:
    assert said(tmp_path, changes, changelog) == []


def test_answers_that_are_refused_are_said(tmp_path: Path) -> None:
    """A validator that became stricter stops every update of those who have the old answer."""
    stricter = QUESTIONS.replace("port: {type: int, default: 8080}", "port: {type: int, default: 8080, validator: no}")
    assert [
        line for line in said(tmp_path, {"questions.yml": stricter}) if "examples/plain/answers.yml of v1.2.0" in line
    ]


def test_before_the_first_release_there_is_none(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert promises.last_release(tmp_path) is None


@pytest.mark.parametrize(
    ("last", "version", "reached"),
    [
        ("v1.2.0", "1.2.0", 0),
        ("v1.2.0", "1.1.9", 0),
        ("v1.2.0", "1.2.1", 1),
        ("v1.2.0", "1.10.0", 2),
        ("v1.2.0", "2.0.0", 3),
        ("v0.1.0", "0.1.1", 1),
        ("v0.1.0", "0.2.0", 3),
    ],
)
def test_how_far_a_version_goes(last: str, version: str, reached: int) -> None:
    assert promises.step(last, version) == reached
