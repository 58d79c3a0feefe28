"""ops/doctor --scaffold tells an edit from a lost update, and its patch brings back what was lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from copier import run_copy

from tests.ops.conftest import ANSWERS, SHELLS
from tests.support import template as template_support

COMMIT = "git commit -q --all --allow-empty --message"
TEXT = "".join(f"{number}\n" for number in ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"))

SETTINGS = """
_subdirectory: template
_tasks: [touch a-task-was-run]
fly_app: {type: str, default: shop}
vm_memory: {type: str, default: 512mb}
ci: {type: bool, default: true}
if_ci: {type: str, default: "{{ '.' if ci else '' }}", when: false}
"""
FIRST = {
    "copier.yml": SETTINGS,
    "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml -}}",
    "template/fly.toml.jinja": f"{TEXT}memory = {{{{ vm_memory }}}}\n",
    "template/Dockerfile": TEXT,
    "template/kept": TEXT,
    "template/it's a name": TEXT,
    "template/{{ if_ci }}/ci.yml": TEXT,
}
# Each version changes the second line, and the third one brings a script.
CHANGED = ("template/Dockerfile", "template/kept", "template/it's a name", "template/fly.toml.jinja")
SECOND = {path: FIRST[path].replace("two", "two of v2") for path in CHANGED}
THIRD = {path: FIRST[path].replace("two", "two of v2").replace("eight", "eight of v3") for path in CHANGED} | {
    "template/run": "#!/bin/sh\nexit 0\n"
}


def shell(folder: Path, *commands: str) -> str:
    done = subprocess.run(["sh", "-euc", "\n".join(commands)], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small template with three versions."""
    folder = tmp_path_factory.mktemp("versions") / "template"
    folder.mkdir()
    shell(folder, "git init -q -b main")
    for tag, files in {"v1.0.0": FIRST, "v2.0.0": SECOND, "v3.0.0": THIRD}.items():
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
            (folder / path).chmod(0o755 if path.endswith("run") else 0o644)
        shell(folder, "git add --all", f"{COMMIT} {tag}", f"git tag {tag}")
    return folder


class Deployed:
    """A repository with what the small template rendered, and the scripts of the real one."""

    def __init__(self, folder: Path, ops: Path, versions: Path, programs: Path) -> None:
        self.folder, self.programs = folder, programs
        self.shell: tuple[str, ...] = ("sh",)
        shutil.copytree(ops, folder / "ops")
        run_copy(str(versions), folder, vcs_ref="v1.0.0", defaults=True, quiet=True, unsafe=True, skip_tasks=True)

    def sh(self, *commands: str) -> str:
        """Type commands in it."""
        return shell(self.folder, *commands)

    def commit(self, message: str = "Work") -> None:
        self.sh("git add --all", f"{COMMIT} '{message}'")

    def update(self, version: str, **answers: object) -> None:
        """Update without a commit."""
        template_support.update(self.folder, version, answers, skip_tasks=True)

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.folder / path
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    def doctor(self, *words: str, path: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.shell, "ops/doctor", *words],
            cwd=self.folder,
            env={**os.environ, "PATH": path or f"{self.programs}:{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def findings(self) -> dict[str, list[str]]:
        """What it says of each kind, without what is as it should be."""
        done = self.doctor("--scaffold", "--json")
        found: dict[str, list[str]] = {}
        for entry in json.loads(done.stdout):
            if entry["check"] != "same":
                found.setdefault(entry["check"], []).append(entry["message"])
        assert done.returncode == (1 if "lost" in found else 0), done.stderr
        return found

    def mend(self) -> None:
        """Bring in what was lost, as the message says."""
        patch = self.doctor("--scaffold", "--patch")
        assert patch.returncode == 0
        assert patch.stdout.startswith("diff --git ")
        subprocess.run(["git", "apply"], cwd=self.folder, input=patch.stdout, text=True, check=True)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A uvx that takes copier from where the tests have it, and renders the same answers once."""
    folder = tmp_path_factory.mktemp("programs")
    uvx = folder / "uvx"
    uvx.write_text(
        f"""#!/bin/sh
set -eu
[ "$1 $2 $3 $4 $5" = "--with copier-template-extensions --with jinja2-time copier" ] || exit 64
shift 5
for folder; do :; done
kept={folder}/$(printf '%s\\n' "$*" "$(cat "$folder"/.copier-answers*.yml)" | sed "s|$folder||" | cksum | tr ' ' -)
if [ ! -d "$kept" ]; then
  {sys.executable} -m copier "$@"
  cp -a "$folder" "$kept"
fi
cp -a "$kept/." "$folder"
"""
    )
    uvx.chmod(0o755)
    return folder


@pytest.fixture
def deployed(make_tree: Callable[..., Path], versions: Path, programs: Path, tmp_path: Path) -> Deployed:
    """The first version, committed."""
    made = Deployed(tmp_path / "project", make_tree(ANSWERS) / "ops", versions, programs)
    made.sh("git init -q -b main")
    made.commit("The deployment")
    return made


@pytest.mark.parametrize("shell", SHELLS)
def test_each_file_is_told_what_became_of_it(deployed: Deployed, shell: tuple[str, ...]) -> None:
    deployed.shell = shell
    deployed.edit("kept", "five", "five of mine")
    deployed.commit("Edit")
    deployed.update("v2.0.0")
    deployed.sh("git checkout HEAD -- Dockerfile")
    deployed.commit("Update, but for one file")
    deployed.update("v3.0.0")
    deployed.sh('git checkout HEAD -- "it\'s a name"', "rm run")
    deployed.commit("Update, but for two files")
    deployed.sh("git rm -q fly.toml", f"{COMMIT} 'Do without'")
    assert deployed.findings() == {
        "lost": [
            "run: v3.0.0 has it, and it never came into this repository. Look at it and bring it in: "
            "ops/doctor --scaffold --patch | git apply",
            f"it's a name: it lacks what {deployed.sh('git rev-parse --short HEAD^').strip()} should have brought from "
            "v2.0.0 to v3.0.0. Look at it and bring it in: ops/doctor --scaffold --patch | git apply",
            f"Dockerfile: it lacks what {deployed.sh('git rev-parse --short HEAD^^').strip()} should have brought from "
            "v1.0.0 to v2.0.0. Look at it and bring it in: ops/doctor --scaffold --patch | git apply",
        ],
        "deleted": [
            f"fly.toml was deleted in {deployed.sh('git rev-parse --short HEAD').strip()} and gets no updates. "
            f"To bring it back: git checkout {deployed.sh('git rev-parse --short HEAD').strip()}^ -- fly.toml"
        ],
        "edited": ["kept: your edit, +1 -1 lines against v3.0.0"],
    }
    deployed.mend()
    assert "two of v2" in (deployed.folder / "Dockerfile").read_text()
    assert "eight of v3" in (deployed.folder / "it's a name").read_text()
    assert os.access(deployed.folder / "run", os.X_OK)
    assert deployed.findings().keys() == {"deleted", "edited"}


def test_an_edit_does_not_hide_what_was_lost(deployed: Deployed) -> None:
    """Not even one of a line that the update changes too."""
    deployed.edit("Dockerfile", "two", "two of mine")
    deployed.commit("Edit")
    deployed.update("v3.0.0")
    deployed.sh("git checkout HEAD -- Dockerfile")
    assert "the update that is not committed yet" in deployed.findings()["lost"][0]
    deployed.commit("Update")
    assert deployed.findings().keys() == {"lost"}
    deployed.mend()
    assert (deployed.folder / "Dockerfile").read_text() == TEXT.replace("two", "two of mine").replace(
        "eight", "eight of v3"
    )


@pytest.mark.parametrize("when", ["later", "after-two-updates", "in-the-conflict"])
def test_what_its_owner_took_back_is_no_loss(deployed: Deployed, when: str) -> None:
    if when == "in-the-conflict":
        deployed.edit("Dockerfile", "two", "two of mine")
        deployed.commit("Edit")
    deployed.update("v2.0.0")
    if when == "in-the-conflict":
        deployed.sh("git checkout --ours Dockerfile")
        assert "two of mine\n" in (deployed.folder / "Dockerfile").read_text()
    deployed.commit("Update")
    if when == "after-two-updates":
        deployed.update("v3.0.0")
        deployed.commit("Update")
        deployed.edit("Dockerfile", "eight of v3", "eight")
    if when == "later":
        deployed.edit("Dockerfile", "two of v2", "two")
    deployed.commit("Back to what it was")
    assert deployed.findings().keys() == {"edited"}


def test_a_merge_that_kept_the_old_side_lost_the_update(deployed: Deployed) -> None:
    deployed.sh("git switch -q -c update")
    deployed.update("v2.0.0")
    deployed.commit("Update")
    deployed.sh(
        "git switch -q main",
        f"{COMMIT} 'Other work'",
        "git merge -q --no-commit --no-ff update",
        "git checkout HEAD -- Dockerfile",
        f"{COMMIT} Merge",
    )
    assert [message.split(":")[0] for message in deployed.findings()["lost"]] == ["Dockerfile"]


def test_an_answer_that_never_reached_its_files_is_lost(deployed: Deployed) -> None:
    deployed.edit(".copier-answers.yml", "512mb", "1gb")
    deployed.commit("Edit the answers by hand")
    deployed.edit(".copier-answers.yml", "ci: true", "ci: false")
    deployed.commit("And again")
    found = deployed.findings()
    assert [message.split(":")[0] for message in found["lost"]] == ["fly.toml"]
    assert found["left"] == [
        "ci.yml is still as v1.0.0 rendered it, and v1.0.0 has no such file. Unless you need it, run: git rm ci.yml"
    ]
    deployed.mend()
    assert "memory = 1gb" in (deployed.folder / "fly.toml").read_text()


def test_a_deletion_that_is_not_committed_is_told(deployed: Deployed) -> None:
    (deployed.folder / "it's a name").unlink()
    [message] = deployed.findings()["deleted"]
    deployed.sh(message.partition("To bring it back: ")[2])
    assert deployed.findings() == {}


def test_a_part_of_a_repository_is_mended_from_there(
    deployed: Deployed, make_tree: Callable[..., Path], versions: Path, programs: Path
) -> None:
    part = Deployed(deployed.folder / "apps/web", make_tree(ANSWERS) / "ops", versions, programs)
    part.commit("A second one")
    part.update("v3.0.0")
    part.sh("git checkout HEAD -- Dockerfile", "rm run")
    part.commit("Update")
    assert len(part.findings()["lost"]) == 2
    part.mend()
    assert part.findings() == {}
    assert not (deployed.folder / "run").exists()


def test_a_version_that_is_gone_ends_the_look_back(deployed: Deployed) -> None:
    for old, new in ("v1.0.0", "v0.8.0"), ("v0.8.0", "v0.9.0"), ("v0.9.0", "v1.0.0"):
        deployed.edit(".copier-answers.yml", old, new)
        deployed.commit("Update")
    [message] = deployed.findings()["history"]
    assert "v0.9.0, in use until" in message
    assert "can no longer be rendered" in message


@pytest.mark.parametrize(
    ("commands", "code", "says"),
    [
        ("rm .copier-answers.yml", 1, "there is no answers file"),
        ("sed -i /_commit/d .copier-answers.yml", 1, "names no version"),
        ("sed -i 's|^_commit: .*|_commit: v9.9.9|' .copier-answers.yml", 1, "copier cannot render v9.9.9 from /"),
        ("rm -rf .git", 1, "this folder is not a git repository"),
    ],
    ids=["no-answers", "no-version", "no-such-version", "no-git"],
)
def test_what_cannot_be_compared_is_said_in_a_sentence(deployed: Deployed, commands: str, code: int, says: str) -> None:
    deployed.sh(commands)
    done = deployed.doctor("--scaffold")
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_without_copier_it_says_how_to_get_it(deployed: Deployed) -> None:
    done = deployed.doctor("--scaffold", path="/usr/bin:/bin")
    assert done.returncode == 3
    assert "pipx install copier && pipx inject copier copier-template-extensions jinja2-time" in done.stderr


def test_its_answers_may_be_beside_those_of_another_template(deployed: Deployed) -> None:
    deployed.sh("git mv .copier-answers.yml .copier-answers.fly.yml", "echo '_commit: v7' >.copier-answers.yml")
    deployed.commit("Two templates")
    deployed.edit("Dockerfile", "five", "five of mine")
    assert deployed.findings().keys() == {"edited"}


def test_a_copier_that_is_installed_does(deployed: Deployed, tmp_path: Path) -> None:
    copier = tmp_path / "copier"
    copier.write_text(f'#!/bin/sh\nexec {sys.executable} -m copier "$@"\n')
    copier.chmod(0o755)
    assert deployed.doctor("--scaffold", path=f"{tmp_path}:/usr/bin:/bin").returncode == 0


def test_a_patch_needs_a_comparison(deployed: Deployed) -> None:
    assert deployed.doctor("--patch").returncode == 2


def test_it_changes_nothing(deployed: Deployed) -> None:
    deployed.update("v2.0.0")
    deployed.sh("git checkout HEAD -- Dockerfile")
    deployed.commit("Update")
    deployed.doctor("--scaffold")
    deployed.doctor("--scaffold", "--patch")
    assert deployed.sh("git status --porcelain") == ""
