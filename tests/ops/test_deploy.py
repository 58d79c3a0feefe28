"""ops/deploy: nothing wrong goes out, what went out is proven, and the way back is one line."""

from __future__ import annotations

import copy
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.ops.conftest import SHELLS, Project, set_up
from tests.support.fake_fly import new_app

pytestmark = pytest.mark.needs("curl", "jq", "openssl")


@pytest.fixture
def live(make_project: Callable[..., Project]) -> Project:
    """A project that was set up, with one more commit to deploy."""
    project = make_project(database="fly_managed")
    set_up(project)
    project.commit("NEWS.md", "one more thing\n")
    project.fly.forget()
    return project


def images(project: Project) -> list[str]:
    """What each machine has."""
    return [machine["image_ref"]["tag"] for machine in project.fly.state()["apps"]["shop"]["machines"]]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_commit_that_is_checked_out_runs_on_every_machine(live: Project, shell: tuple[str, ...]) -> None:
    live.shell = shell
    deployed = live.run("deploy", "--yes")
    assert deployed.returncode == 0, deployed.stderr
    label = f"git-{live.revision()[:12]}"
    assert images(live) == [label]
    assert deployed.stdout.splitlines()[-3:] == [
        f"{live.fly.state()['apps']['shop']['machines'][0]['id']} serves {label}",
        f"the front page {live.address}/ answers 200",
        "Deployed: https://shop.fly.dev",
    ]


def test_the_image_of_staging_is_the_image_of_production(live: Project) -> None:
    assert live.run("setup", "staging", "--yes").returncode == 0
    image = f"registry.fly.io/shop-staging:git-{live.revision()[:12]}"
    live.fly.forget()
    promoted = live.run("deploy", f"--image={image}", "--yes")
    assert promoted.returncode == 0, promoted.stderr
    [line] = [line for line in live.fly.lines() if line.startswith("deploy")]
    assert line == f"deploy --config fly.toml --app shop --image {image} --ha=false"


def test_building_alone_changes_no_machine(live: Project) -> None:
    before = images(live)
    built = live.run("deploy", "--build-only")
    assert built.stdout.endswith(f"Built: registry.fly.io/shop:git-{live.revision()[:12]}\n")
    assert images(live) == before


def test_secrets_of_the_build_go_along_unseen(make_project: Callable[..., Project]) -> None:
    project = make_project(stack="nextjs", database="none", build_secrets=["SENTRY_AUTH_TOKEN"], environments=[])
    assert project.run("setup", "--no-deploy", "--yes").returncode == 0
    project.fly.forget()
    built = project.run("deploy", "--build-only", SENTRY_AUTH_TOKEN="sntrys_hidden")
    assert built.returncode == 0, built.stderr
    [line] = [line for line in project.fly.lines() if line.startswith("deploy")]
    assert "--build-secret SENTRY_AUTH_TOKEN=sntrys_hidden" in line
    assert "--build-secret SENTRY_AUTH_TOKEN=…" in built.stderr
    assert "sntrys_hidden" not in built.stdout + built.stderr
    assert "NEXT_SERVER_ACTIONS" not in line, "one that is not set is left out"


@pytest.mark.parametrize(
    ("how", "says", "way_back"),
    [
        ("build", "could not be built", False),
        ("release_command", "the migrations) failed, so no machine was changed", False),
        ("health_checks", "never passed its health check", True),
        ("smoke_checks", "starts and stops again. To see why: ops/logs production", True),
        ("half_way", "stopped half-way, and some machines have the new image", True),
        ("image_pull", "cannot be fetched", True),
        ("image_pull_silent", "has the image", True),
        ("no_capacity", "has no room for", False),
        ("payment", "Run: fly dashboard, open Billing, then run: ops/deploy --yes", False),
        ("quota", "See what uses it: fly apps list --org personal", False),
        ("high_risk", "Open https://fly.io/high-risk-unlock, then run: ops/deploy --yes", False),
        ("forbidden", "this login lacks the permission", False),
        ("network", "Fly did not answer", False),
        ("expired", "Fly rejected the login", False),
    ],
)
def test_each_failure_says_what_it_means_and_how_to_go_back(live: Project, how: str, says: str, way_back: bool) -> None:
    [before] = set(images(live))
    live.fly.fail("deploy", how)
    failed = live.run("deploy", "--yes")
    assert failed.returncode in (1, 3)
    said = failed.stderr[failed.stderr.rindex("deploy: ") :]
    assert says in said
    commands = [line.strip() for line in said.splitlines() if line.startswith("  flyctl")]
    assert bool(commands) == way_back
    if way_back:
        env = live.fly.env()
        assert subprocess.run(shlex.split(commands[0]), cwd=live.folder, env=env, check=False).returncode == 0
        assert images(live) == [before]
        assert live.fly.refused() == []


MIGRATIONS = {
    "phoenix": (
        {"database": "fly_managed"},
        "priv/repo/migrations/{}.exs",
        "/app/bin/status",
        "Shop.Repo up 20260101000000 create_products\nShop.Repo up 20250101000000 ** FILE NOT FOUND **",
    ),
    "phoenix of two repos": (
        {"database": "fly_managed"},
        "priv/repo/migrations/{}.exs",
        "/app/bin/status",
        "Shop.Repo up 20260101000000 create_products\nShop.Other up 20260102000000 drop_them",
    ),
    "nextjs": (
        {"stack": "nextjs", "database": "neon", "orm": "prisma"},
        "prisma/migrations/{}/migration.sql",
        "node /migrate/migrate.mjs --status",
        "applied  20260101000000_create_products\npending  20260102000000_add_names",
    ),
}
OLD, NEW = "20260101000000_create_products", "20260102000000_add_names"


@pytest.fixture(params=MIGRATIONS.values(), ids=MIGRATIONS)
def migrating(request: pytest.FixtureRequest, make_project: Callable[..., Project]) -> tuple[Project, str]:
    """A live project with an old and a new migration, and the path of the new one."""
    answers, path, command, said = request.param
    project = make_project(**answers, environments=[])
    deploy_once(project)
    project.fly.update(lambda state: state["apps"]["shop"]["says"].update({command: said}))
    for name in (OLD, NEW):
        (project.folder / path.format(name)).parent.mkdir(parents=True, exist_ok=True)
        project.commit(path.format(name), "migrates\n")
    return project, path.format(NEW)


def deploy_once(project: Project) -> None:
    """Give a project an app with all secrets and one machine."""
    names = project.required_secrets()
    project.fly.update(lambda state: state["apps"].update(shop=new_app()))
    secrets = {name: {"value": "x" * 64, "digest": "0", "staged": False} for name in names}
    project.fly.update(lambda state: state["apps"]["shop"].update(secrets=secrets))
    assert project.run("deploy", "--yes").returncode == 0
    project.fly.forget()


def test_migrations_that_the_database_lacks_are_listed_before_anything_is_asked(migrating: tuple[Project, str]) -> None:
    project, new = migrating
    refused = project.run("deploy")
    assert (refused.returncode, "Add --yes" in refused.stderr) == (3, True)
    assert refused.stdout.splitlines()[1:] == [
        "Pending migrations, which run before any machine is replaced:",
        f"  {new}",
    ]
    assert project.fly.changes() == []


def test_no_migration_is_pending_when_the_database_has_them_all(migrating: tuple[Project, str]) -> None:
    project, new = migrating
    for command in ("rm", "commit -m Without"):
        subprocess.run(["git", *command.split(), new], cwd=project.folder, check=True, capture_output=True)
    deployed = project.run("deploy", "--yes")
    assert (deployed.returncode, deployed.stdout.splitlines()[1]) == (0, "Pending migrations: none.")
    # A way back runs none, so it has nothing to say of them.
    image = f"registry.fly.io/shop:git-{project.revision()[:12]}"
    assert "migrations" not in project.run("deploy", f"--image={image}", "--skip-release-command", "--yes").stdout


def put_to_sleep(app: dict[str, Any], state: str = "stopped") -> None:
    """Let Fly have stopped the machine because nothing asked it."""
    [machine] = app["machines"]
    machine["state"] = state
    machine["config"]["services"][0]["autostop"] = True


@pytest.mark.parametrize(
    ("prevent", "why"),
    [
        (lambda app: app["says"].clear(), "could not ask the database: Error: ssh shell"),
        (put_to_sleep, "no machine of shop is started"),
        (lambda app: app["machines"].clear(), "no machine of shop is started"),
    ],
    ids=["no answer", "asleep", "none yet"],
)
def test_migrations_that_nobody_can_tell_stop_no_deploy(live: Project, prevent: Any, why: str) -> None:
    live.fly.update(lambda state: prevent(state["apps"]["shop"]))
    deployed = live.run("deploy", "--yes")
    assert deployed.returncode == 0, deployed.stderr
    said = deployed.stdout.splitlines()[1]
    assert said.startswith("Pending migrations: unknown") and why in said


def test_the_migrations_of_an_image_are_those_of_its_commit(live: Project) -> None:
    image = f"registry.fly.io/shop:git-{live.revision()[:12]}"
    assert live.run("deploy", "--yes").returncode == 0
    live.fly.update(lambda state: state["apps"]["shop"]["says"].update({"/app/bin/status": "up 1 first"}))
    (live.folder / "priv/repo/migrations").mkdir(parents=True)
    live.commit("priv/repo/migrations/2_later.exs", "migrates\n")
    assert "Pending migrations: none." in live.run("deploy", f"--image={image}", "--yes").stdout
    live.fly.update(lambda state: state["images"].update({"registry.fly.io/shop:other": {}}))
    assert "this clone lacks the commit" in live.run("deploy", "--image=registry.fly.io/shop:other", "--yes").stdout


def test_an_image_that_is_not_there_is_said_to_have_changed_nothing(live: Project) -> None:
    refused = live.run("deploy", "--image=registry.fly.io/shop:git-0123456789ab", "--yes")
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1] == (
        "deploy: there is no image registry.fly.io/shop:git-0123456789ab, so nothing was changed. "
        "Build one: ops/deploy production"
    )


def test_a_machine_that_serves_something_else_is_not_believed(live: Project) -> None:
    live.fly.update(lambda state: state["apps"]["shop"]["machines"][0].update(_serves="0" * 40))
    failed = live.run("deploy", "--yes", "--wait=0")
    assert failed.returncode == 1
    assert "does not serve git-" in failed.stderr
    assert "--skip-release-command" in failed.stderr


def set_page(project: Project, status: int, **machine: Any) -> None:
    """Let the app answer with this status; 0 ends the connection without an answer."""
    changes = {"_page": status, **machine}
    project.fly.update(lambda state: state["apps"]["shop"]["machines"][0].update(changes))


@pytest.mark.parametrize("status", [500, 502])
@pytest.mark.parametrize("shell", SHELLS)
def test_a_front_page_that_fails_is_no_success(live: Project, shell: tuple[str, ...], status: int) -> None:
    """An app without a secret is healthy to /livez, which is answered before it."""
    live.shell = shell
    [before] = set(images(live))
    set_page(live, status)
    failed = live.run("deploy", "--yes", "--wait=0")
    assert (failed.returncode, "Deployed" in failed.stdout) == (1, False)
    [machine] = live.fly.state()["apps"]["shop"]["machines"]
    said = failed.stderr[failed.stderr.rindex("deploy: ") :].splitlines()
    assert said[0] == (
        f"deploy: the front page {live.address}/ answers {status}: machine {machine['id']} runs, but the app cannot "
        "serve its pages; often a secret is missing or wrong. To see why: ops/logs production"
    )
    assert f"--image registry.fly.io/shop:{before} --skip-release-command" in said[-1]


@pytest.mark.parametrize("status", [204, 302, 401, 404])
def test_a_front_page_that_is_elsewhere_or_nowhere_is_none_that_fails(live: Project, status: int) -> None:
    set_page(live, status)
    deployed = live.run("deploy", "--yes", "--wait=0")
    assert deployed.returncode == 0, deployed.stderr
    assert f"the front page {live.address}/ answers {status}\n" in deployed.stdout


def test_a_front_page_without_an_answer_is_not_called_well(live: Project) -> None:
    set_page(live, 0)
    failed = live.run("deploy", "--yes", "--wait=0")
    assert (failed.returncode, "Deployed" in failed.stdout) == (1, False)
    said = failed.stderr[failed.stderr.rindex("deploy: ") :].splitlines()[0]
    assert "gave no answer, so it is unknown whether the app works: curl: (52)" in said
    assert said.endswith(". To see why: ops/logs production")


def test_an_app_that_takes_no_http_is_not_asked(live: Project) -> None:
    """Raw TCP has no page, and no /livez either."""
    service = {"protocol": "tcp", "ports": [{"port": 6600}], "internal_port": 6600}
    machine = live.fly.state()["apps"]["shop"]["machines"][0]
    set_page(live, 500, config=machine["config"] | {"services": [service]}, _serves="nothing")
    deployed = live.run("deploy", "--yes", "--wait=0")
    assert deployed.returncode == 0, deployed.stderr
    assert deployed.stdout.splitlines()[-2:] == [
        f"{machine['id']} has git-{live.revision()[:12]}",
        "Deployed: https://shop.fly.dev",
    ]


@pytest.mark.parametrize("state", ["stopped", "suspended"])
def test_machines_that_sleep_are_not_woken_and_nothing_is_called_deployed(live: Project, state: str) -> None:
    live.fly.update(lambda account: put_to_sleep(account["apps"]["shop"], state))
    deployed = live.run("deploy", "--yes")
    [machine] = live.fly.state()["apps"]["shop"]["machines"]
    assert (deployed.returncode, machine["state"]) == (0, state)
    assert "Deployed" not in deployed.stdout and "serves" not in deployed.stdout
    assert deployed.stdout.splitlines()[-2:] == [
        f"{machine['id']} is {state} and has git-{live.revision()[:12]}",
        "Every machine has the image and is asleep, so none was asked. "
        f"Start one to check: fly machine start {machine['id']} -a shop",
    ]


def test_a_deploy_after_which_nothing_runs_is_no_success(live: Project) -> None:
    """Fly does not start a machine that a crash loop or a person stopped."""
    live.fly.update(lambda state: state["apps"]["shop"]["machines"][0].update(state="stopped"))
    failed = live.run("deploy", "--yes")
    assert (failed.returncode, "Deployed" in failed.stdout) == (1, False)
    [machine] = live.fly.state()["apps"]["shop"]["machines"]
    assert f"none is started, and flyctl starts none. Run: fly machine start {machine['id']} -a shop" in failed.stderr


def test_one_machine_that_serves_is_enough(live: Project) -> None:
    def add_sleeper(state: dict[str, Any]) -> None:
        app = state["apps"]["shop"]
        app["machines"].append(copy.deepcopy(app["machines"][0]) | {"id": "sleeper", "state": "stopped"})

    live.fly.update(add_sleeper)
    deployed = live.run("deploy", "--yes")
    assert deployed.returncode == 0, deployed.stderr
    assert deployed.stdout.splitlines()[-3:] == [
        f"sleeper is stopped and has git-{live.revision()[:12]}",
        f"the front page {live.address}/ answers 200",
        "Deployed: https://shop.fly.dev",
    ]


def test_after_two_failed_deploys_the_way_back_is_the_last_good_image(live: Project) -> None:
    [good] = set(images(live))
    for _ in range(2):
        live.fly.fail("deploy", "health_checks")
        failed = live.run("deploy", "--yes")
        live.commit("NEWS.md", f"{live.revision()}\n")
    assert f"--image registry.fly.io/shop:{good} --skip-release-command" in failed.stderr


BUILD_LOG = """#9 0.4 RUN test -e \"health checks\" || echo manifest, insufficient memory, Not authorized
Error: failed to fetch an image or build from source: error building: failed to solve: process "/bin/sh -c \
echo health checks" did not complete successfully: exit code: 1"""
CRASH_LOG = """Error: smoke checks for 148 failed: the app appears to be crashing
Error: Cannot find module 'health checks', no such host"""


@pytest.mark.parametrize(
    ("said", "means"),
    [(BUILD_LOG, "the image could not be built"), (CRASH_LOG, "a new machine starts and stops again")],
    ids=["build", "crash"],
)
def test_only_the_errors_of_flyctl_are_understood(live: Project, said: str, means: str) -> None:
    live.fly.stub("deploy", f"cat >&2 <<'END'\n{said}\nEND\nexit 1")
    failed = live.run("deploy", "--yes")
    assert means in failed.stderr[failed.stderr.rindex("deploy: ") :]


def test_flyctl_colours_nothing_that_is_to_be_understood(live: Project) -> None:
    live.fly.stub("secrets list", '[ -n "$NO_COLOR" ] && echo "Error: Not authorized" >&2; exit 1')
    assert "lacks the permission" in live.run("deploy", "--yes").stderr


def test_a_machine_without_a_service_is_known_by_its_image_alone(live: Project) -> None:
    def add_worker(state: dict[str, Any]) -> None:
        worker = copy.deepcopy(state["apps"]["shop"]["machines"][0])
        worker["id"] = "worker"
        worker["_serves"] = "nothing"
        worker["config"] |= {"metadata": {"fly_process_group": "worker"}, "services": None}
        state["apps"]["shop"]["machines"].append(worker)

    live.fly.update(add_worker)
    deployed = live.run("deploy", "--yes", "--wait=0")
    assert deployed.returncode == 0, deployed.stderr
    assert f"worker has git-{live.revision()[:12]}" in deployed.stdout


def test_a_missing_secret_stops_it_before_the_build(live: Project) -> None:
    live.fly.update(lambda state: state["apps"]["shop"]["secrets"].pop("SECRET_KEY_BASE"))
    refused = live.run("deploy", "--yes")
    assert (refused.returncode, "SECRET_KEY_BASE. Run: ops/setup production" in refused.stderr) == (3, True)
    assert live.fly.changes() == []


def test_changes_that_are_not_committed_stop_it(live: Project) -> None:
    (live.folder / "NEWS.md").write_text("not yet\n")
    refused = live.run("deploy", "--yes")
    assert (refused.returncode, "Commit them, or add --allow-dirty" in refused.stderr) == (1, True)
    assert live.run("deploy", "--yes", "--allow-dirty").returncode == 0


def test_an_app_that_is_not_there_yet_leads_to_setup(project: Project) -> None:
    refused = project.run("deploy", "--yes")
    assert (refused.returncode, "Run: ops/setup production" in refused.stderr) == (3, True)


@pytest.mark.needs("node", "npm")
def test_npm_run_deploy_fly_deploys_from_the_folder_of_the_app(
    make_project: Callable[..., Project], template: Path
) -> None:
    project = make_project(stack="nextjs", app_dir="apps/web", database="none", environments=[])
    (project.folder / "apps/web").mkdir(parents=True)
    project.commit("apps/web/package.json", '{"name": "web", "scripts": {}}\n')
    wire = [sys.executable, str(template / "tasks/wire.py"), "nextjs", "apps/web", ""]
    subprocess.run(wire, cwd=project.folder, check=True, capture_output=True)
    project.commit("apps/web/package.json", (project.folder / "apps/web/package.json").read_text())
    deploy_once(project)
    revision = project.commit("NEWS.md", "one more thing\n")
    deployed = subprocess.run(
        ["npm", "run", "deploy:fly", "--", "--yes"],
        cwd=project.folder / "apps/web",
        env=project.fly.env(APP_URL=project.address),
        capture_output=True,
        text=True,
        check=False,
    )
    assert deployed.returncode == 0, deployed.stderr
    assert images(project) == [f"git-{revision[:12]}"]


def test_a_machine_that_tells_no_image_leaves_that_of_the_last_good_release(live: Project) -> None:
    """Fly leaves out what a machine has while its host does not answer."""
    [before] = set(images(live))
    live.fly.update(lambda state: [one.update(image_ref=None) for one in state["apps"]["shop"]["machines"]])
    live.fly.fail("deploy", "health_checks")
    failed = live.run("deploy", "--yes")
    assert (failed.returncode, "null" in failed.stdout + failed.stderr) == (1, False), failed.stderr
    assert f"--image registry.fly.io/shop:{before} --skip-release-command" in failed.stderr


def test_what_git_cannot_tell_is_not_taken_for_committed(live: Project) -> None:
    (live.folder / ".git/index").write_bytes(b"no index")
    refused = live.run("deploy", "--yes")
    assert (refused.returncode, live.fly.changes()) == (1, [])
    assert "deploy: git cannot tell whether all is committed. Run: git status" in refused.stderr


def test_the_end_of_the_input_is_no_yes(live: Project) -> None:
    text, code = pexpect.run(
        "sh ops/deploy",
        cwd=str(live.folder),
        env=live.fly.env(APP_URL=live.address),
        withexitstatus=True,
        encoding="utf-8",
        events={r"\[y/N\] ": "\x04"},
    )
    assert (code, text.splitlines()[-1].endswith("deploy: nothing was done")) == (1, True), text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--nosuch"], "unknown option: --nosuch"),
        (["--nosuch=x y"], "unknown option: --nosuch=x y"),
        (["-x"], "unknown option: -x"),
        (["--wait=soon"], "--wait takes whole seconds, not soon"),
        (["--wait"], "--wait needs a value"),
        (["--image="], "--image= has no value"),
        (["--build-only=yes"], "--build-only takes no value"),
        (["--image=x", "--image=y"], "--image is given twice"),
        (["--wait=5\n  --image=x"], "line break"),
        ([""], "an empty word names no environment"),
        (["a", "b"], "one environment at a time, a or b"),
        (["--image=x", "--build-only"], "leave out --build-only"),
    ],
)
@pytest.mark.parametrize("shell", SHELLS)
def test_wrong_use_is_exit_code_2(project: Project, shell: tuple[str, ...], words: list[str], says: str) -> None:
    project.shell = shell
    refused = project.run("deploy", *words)
    assert (refused.returncode, says in refused.stderr) == (2, True), refused.stderr
    assert project.fly.calls() == []


def test_help_needs_nothing_and_an_unknown_environment_is_named_with_those_there_are(project: Project) -> None:
    for script in ("deploy", "setup", "secrets", "doctor", "logs", "rollback", "backup", "console"):
        shown = project.run(script, "--help")
        assert (shown.returncode, shown.stdout.startswith(f"Usage: ops/{script}")) == (0, True)
        assert "Exit codes:" in shown.stdout
        assert len(shown.stdout.splitlines()) <= 40, "more than a screen"
        refused = project.run(script, "prod")
        assert refused.returncode == 2, script
        assert refused.stderr == f"{script}: there is no environment called prod; there are: production staging\n"
    assert project.fly.calls() == []
