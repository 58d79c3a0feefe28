"""The image that ran before comes back, and only the image."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.data.places import ANSWERS, shells
from tests.support.fake_fly import RecordingFly
from tests.support.template import render

pytestmark = pytest.mark.needs("curl", "jq")

MIGRATION = "priv/repo/migrations/20260102030405_add_price.exs"


@dataclass
class App:
    """A project with three commits, and an account where each was deployed."""

    project: Path
    fly: RecordingFly
    url: str
    commits: list[str]

    def image(self, number: int) -> str:
        return f"registry.fly.io/shop:git-{self.commits[number][:12]}"

    def deploy(self, number: int) -> None:
        words = ["deploy", "--config", "fly.toml", "--app", "shop", "--image-label", f"git-{self.commits[number][:12]}"]
        words += ["--build-arg", f"REVISION={self.commits[number]}", "--ha=false"]
        subprocess.run(
            [self.fly.bin / "fly", *words], cwd=self.project, env=self.fly.env(), capture_output=True, check=False
        )

    def run(self, *words: str, shell: str = "", script: str = "rollback") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*shell.split(), str(self.project / "ops" / script), *words],
            cwd=self.project,
            env=self.fly.env(APP_URL=self.url),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def serves(self) -> set[str]:
        refs = [machine["image_ref"] for machine in self.fly.state()["apps"]["shop"]["machines"]]
        return {f"{ref['registry']}/{ref['repository']}:{ref['tag']}" for ref in refs}


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def project(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = render(template, tmp_path_factory.mktemp("rollback") / "shop", {**ANSWERS, "database": "fly_managed"})
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "One")
    (folder / "two").touch()
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Two")
    (folder / MIGRATION).parent.mkdir(parents=True)
    (folder / MIGRATION).touch()
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Three adds a price")
    return folder


@pytest.fixture
def app(project: Path, tmp_path: Path) -> Iterator[App]:
    fly = RecordingFly.install(tmp_path / "fly")
    subprocess.run([fly.bin / "fly", "apps", "create", "shop"], env=fly.env(), capture_output=True, check=True)
    commits = git(project, "log", "--reverse", "--format=%H").split()
    with fly.web() as url:
        found = App(project, fly, url, commits)
        for number in range(3):
            found.deploy(number)
        fly.forget()
        yield found


@pytest.mark.parametrize("shell", shells())
def test_the_release_before_comes_back(app: App, shell: str) -> None:
    done = app.run("--yes", shell=shell)
    assert done.returncode == 0, done.stderr
    assert app.serves() == {app.image(1)}
    assert app.fly.changes() == [
        f"deploy --config fly.toml --app shop --image {app.image(1)} --skip-release-command --ha=false"
    ]
    assert app.fly.refused() == []
    assert "v3 (complete)" in done.stdout
    assert "Three adds a price" in done.stdout
    assert "to    v2" in done.stdout
    assert f"which the old image does not know:\n  {MIGRATION}" in done.stdout
    assert f"serves git-{app.commits[1][:12]}" in done.stdout
    assert "Rolled back to v2: https://shop.fly.dev" in done.stdout


def test_a_second_rollback_goes_on_into_the_past(app: App) -> None:
    assert app.run("--yes").returncode == 0
    assert app.run("--yes").returncode == 0
    assert app.serves() == {app.image(0)}
    done = app.run("--yes")
    assert done.returncode == 1
    assert "no earlier release of shop completed" in done.stderr


def test_a_release_that_failed_is_not_gone_back_to(app: App) -> None:
    app.fly.update(lambda state: state["apps"]["shop"]["releases"][1].update(Status="failed"))
    assert app.run("--yes").returncode == 0
    assert app.serves() == {app.image(0)}


def test_after_a_deploy_that_failed_the_last_good_one_comes_back(app: App) -> None:
    app.fly.update(lambda state: state["apps"]["shop"]["releases"].pop())
    app.fly.fail("deploy", "health_checks")
    app.deploy(2)
    assert app.serves() == {app.image(2)}
    done = app.run("--yes")
    assert done.returncode == 0, done.stderr
    assert "v3 (failed)" in done.stdout
    assert app.serves() == {app.image(1)}


def test_a_release_that_is_named_comes_back(app: App) -> None:
    assert app.run("--to=v1", "--yes").returncode == 0
    assert app.serves() == {app.image(0)}


@pytest.mark.parametrize(
    ("word", "says"), [("--to=v9", "has no release v9 with an image"), ("--to=3", "v3 has the image that is there now")]
)
def test_a_release_that_makes_no_sense_is_refused(app: App, word: str, says: str) -> None:
    done = app.run(word, "--yes")
    assert done.returncode == 1
    assert says in done.stderr
    assert app.fly.changes() == []


def test_migrations_are_taken_back_first_and_with_the_new_image(app: App) -> None:
    app.fly.answer("console", "done")
    done = app.run("--migrations=20260102030405", "--yes")
    assert done.returncode == 0, done.stderr
    back, deploy = app.fly.changes()
    assert back == (
        "console --app shop --config fly.toml --vm-size shared-cpu-1x --vm-memory 512mb"
        f" --image {app.image(2)} --command /app/bin/rollback 20260102030405"
    )
    assert deploy.startswith("deploy ")
    assert app.fly.refused() == []


def test_migrations_that_stay_stop_the_rollback(app: App) -> None:
    app.fly.stub("console", "echo '\"1\" is no applied migration' >&2; exit 1")
    done = app.run("--migrations=1", "--yes")
    assert done.returncode == 1
    assert "No machine was changed" in done.stderr
    assert app.serves() == {app.image(2)}


def test_a_machine_that_still_serves_the_wrong_commit_is_a_failure(app: App) -> None:
    # flyctl may say that all is well although a machine could not pull the image.
    app.fly.fail("deploy", "image_pull_silent")
    done = app.run("--yes")
    assert done.returncode == 1
    assert f"has the image {app.image(2)} instead of {app.image(1)}" in done.stderr
    assert done.stderr.endswith(f"--image {app.image(1)} --skip-release-command --ha=false\n")
    app.fly.update(lambda state: state["apps"]["shop"]["machines"][0].update(_serves=app.commits[2]))
    done = app.run("--to=v1", "--yes", "--wait=0")
    assert done.returncode == 1
    assert "does not serve git-" in done.stderr
    assert app.commits[2] in done.stderr


def change(app: App, **machine: Any) -> None:
    app.fly.update(lambda state: state["apps"]["shop"]["machines"][0].update(machine))


def test_machines_that_sleep_are_rolled_back_and_not_asked(app: App) -> None:
    change(app, state="stopped")
    app.fly.update(lambda state: state["apps"]["shop"]["machines"][0]["config"]["services"][0].update(autostop=True))
    done = app.run("--yes")
    assert done.returncode == 0, done.stderr
    assert app.serves() == {app.image(1)}
    assert "is asleep, so none was asked. Start one to check: fly machine start" in done.stdout
    assert "Rolled back" not in done.stdout


def test_a_process_group_of_another_name_is_asked(app: App) -> None:
    config = app.fly.state()["apps"]["shop"]["machines"][0]["config"]
    group = {"env": {"FLY_PROCESS_GROUP": "web"}, "metadata": {"fly_process_group": "web"}}
    change(app, config=config | group)
    done = app.run("--yes")
    assert done.returncode == 0, done.stderr
    assert f"serves git-{app.commits[1][:12]}" in done.stdout


def test_migrations_are_found_in_any_folder(render: Callable[..., Path], tmp_path: Path) -> None:
    answers = {"stack": "nextjs", "fly_app": "shop", "database": "neon", "orm": "sql", "migrations_dir": "db/changes"}
    folder = render(answers)
    (folder / "db/changes").mkdir(parents=True)
    git(folder, "init", "-q")
    for name in ("README.md", "db/changes/0002_add_price.sql"):
        (folder / name).touch()
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", name)
    fly = RecordingFly.install(tmp_path / "fly")
    subprocess.run([fly.bin / "fly", "apps", "create", "shop"], env=fly.env(), capture_output=True, check=True)
    app = App(folder, fly, "", git(folder, "log", "--reverse", "--format=%H").split())
    for number in range(2):
        app.deploy(number)
    done = app.run("--dry-run")
    assert "which the old image does not know:\n  db/changes/0002_add_price.sql" in done.stdout


def test_nobody_said_yes(app: App) -> None:
    done = app.run()
    assert done.returncode == 3
    assert app.fly.changes() == []


def test_a_dry_run_shows_what_would_happen(app: App) -> None:
    done = app.run("--dry-run")
    assert done.returncode == 0, done.stderr
    assert "to    v2" in done.stdout
    assert f"+ flyctl deploy --config fly.toml --app shop --image {app.image(1)}" in done.stderr
    assert app.fly.changes() == []


def test_the_list_has_image_age_and_commit(app: App) -> None:
    done = app.run("--list")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("v3 ")
    assert app.commits[2][:12] in lines[0]
    assert lines[0].endswith("Three adds a price")
    assert lines[1].strip() == app.image(2)


def test_an_image_that_is_gone_is_built_again(app: App) -> None:
    app.fly.update(lambda state: state["images"].pop(app.image(1)))
    done = app.run("--yes")
    assert done.returncode == 1
    assert f"git checkout {app.commits[1][:12]}, then ops/deploy production" in done.stderr


def test_an_app_without_releases(app: App) -> None:
    app.fly.update(lambda state: state["apps"]["shop"].update(releases=[]))
    done = app.run()
    assert done.returncode == 1
    assert "there is nothing to go back to" in done.stderr


def test_an_app_that_is_not_there(app: App) -> None:
    app.fly.update(lambda state: state["apps"].clear())
    done = app.run()
    assert done.returncode == 3
    assert "Fly shows no app shop to this login. Run: ops/setup production" in done.stderr


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"stack": "nextjs", "database": "neon", "orm": "drizzle"}, "Write one that undoes the change"),
        (
            {"stack": "phoenix", "app_name": "shop", "database": "sqlite", "database_env": "DATABASE_PATH"},
            'fly ssh console -a shop -C "/app/bin/rollback 1", then: ops/rollback production\n',
        ),
    ],
    ids=["nextjs", "sqlite"],
)
def test_an_app_whose_migrations_it_cannot_take_back_is_told_before_anything(
    render: Callable[..., Path], tmp_path: Path, answers: dict[str, Any], says: str
) -> None:
    folder = render({"fly_app": "shop", **answers})
    fly = RecordingFly.install(tmp_path / "fly")
    done = App(folder, fly, "", []).run("--migrations=1")
    assert (done.returncode, says in done.stderr) == (2, True), done.stderr
    assert fly.calls() == []
