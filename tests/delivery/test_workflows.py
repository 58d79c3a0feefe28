"""The rendered workflows: their shell does what they promise, and what they use is pinned."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.delivery.runner import Runner, evaluate
from tests.ops.conftest import ANSWERS, Project
from tests.support import template as template_support
from tests.support.template import REPO
from tests.truth import record

EVERYTHING = {
    "github": True,
    "deploy_on": "push",
    "ci": True,
    "review_apps": True,
    "template_updates": True,
    "alerts": "webhook",
}
STACKS: dict[str, dict[str, Any]] = {
    "phoenix": EVERYTHING,
    "phoenix_neon": EVERYTHING | {"database": "neon"},
    "phoenix_none": EVERYTHING | {"database": "none"},
}


def run_of(project: Project, workflow: str, **context: str) -> Runner:
    """A run of a workflow on a project and its account."""
    return Runner(project.folder, workflow, lambda **env: project.fly.env(APP_URL=project.address, **env), **context)


def set_up(project: Project, *environments: str) -> None:
    for environment in environments:
        assert project.run("setup", environment, "--yes").returncode == 0
    project.commit("NEWS.md", "new\n")
    project.fly.forget()


def tags(project: Project, app: str) -> list[str]:
    return [machine["image_ref"]["tag"] for machine in project.fly.state()["apps"][app]["machines"]]


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Iterator[Project]:
    made = make_project(**EVERYTHING, database="none")
    yield made
    assert made.fly.refused() == []


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("a.b != '' && (c == 'x' || env.D != 'true')", True),
        ("failure() && a.b != ''", False),
        ("!cancelled() && a.b == 'yes'", True),
        ("secrets.TOKEN != ''", False),
        ("a.b", "yes"),
    ],
)
def test_conditions_are_read_as_github_reads_them(expression: str, value: str | bool) -> None:
    assert evaluate(expression, {"a.b": "yes", "env.D": "false"}) == value


def test_an_expression_that_nobody_taught_the_runner_fails_loudly() -> None:
    with pytest.raises(AssertionError, match="not known here"):
        evaluate("a.b >= 'x'", {})


@pytest.mark.parametrize(
    ("example", "style", "tests"),
    [
        ("emothe", ["mix format --check-formatted", "mix compile --warnings-as-errors"], "mix test"),
        ("nextjs_plain", ["lint"], "typecheck test"),
    ],
)
def test_style_stops_a_deploy_only_where_the_answer_says_so(
    render: Callable[..., Path], tmp_path: Path, example: str, style: list[str], tests: str
) -> None:
    said = {}
    for lint in (False, True):
        answers = template_support.example(example) | {"github": True, "ci": True, "ci_lint": lint}
        project = render(answers, tmp_path / str(lint))
        jobs = yaml.safe_load((project / ".github/workflows/fly-ci.yml").read_text())["jobs"]
        said[lint] = " ".join(step.get("run", "") for step in jobs["test"]["steps"])
    assert [word for word in style if word in said[False]] == []
    assert [word for word in style if word in said[True]] == style
    assert tests in said[False]


@pytest.mark.parametrize(
    ("answers", "begins"),
    [
        ({"ci": True, "deploy_on": "manual"}, "# Tests every push and pull request."),
        (
            {"ci": True, "deploy_on": "push"},
            "# Tests every push and pull request; on main, fly-deploy-push.yml runs it",
        ),
        ({"ci": False, "deploy_on": "push"}, "# Runs only when fly-deploy-push.yml calls it"),
    ],
)
def test_the_first_line_names_what_really_starts_the_tests(
    render: Callable[..., Path], answers: dict[str, Any], begins: str
) -> None:
    project = render(template_support.example("emothe") | {"github": True} | answers)
    assert (project / ".github/workflows/fly-ci.yml").read_text().startswith(begins)


@pytest.mark.needs("curl", "jq", "openssl")
def test_one_image_goes_through_staging_to_production(project: Project) -> None:
    set_up(project, "staging", "production")
    runner = run_of(project, "fly-deploy.yml")
    assert runner.run("plan")
    assert json.loads(runner.context["needs.plan.outputs.before"]) == ["staging"]
    assert runner.run("build")
    runner.context["matrix.environment"] = "staging"
    assert runner.run("before"), runner.said
    assert runner.run("production"), runner.said
    label = f"git-{project.revision()[:12]}"
    assert (tags(project, "shop-staging"), tags(project, "shop")) == ([label], [label])
    builds = [line for line in project.fly.lines() if line.startswith("deploy") and "--image " not in line]
    assert len(builds) == 1


@pytest.mark.needs("curl", "jq", "openssl")
def test_an_image_does_not_cross_into_another_organization(make_project: Callable[..., Project]) -> None:
    """Staging's token could put anything under its name, and production's may not read it."""
    names = ("staging", "qa")
    environments = [{"name": name, "org": "shop-staging"} for name in names]
    project = make_project(**EVERYTHING, database="none", environments=environments)
    project.fly.update(lambda state: state["orgs"].append("shop-staging"))
    set_up(project, *names, "production")
    runner = run_of(project, "fly-deploy.yml")
    assert runner.run("plan") and runner.run("build")
    for name in names:
        runner.context["matrix.environment"] = name
        assert runner.run("before"), runner.said
    assert runner.run("production"), runner.said
    label = f"git-{project.revision()[:12]}"
    images = {app: state["machines"][0]["image_ref"] for app, state in project.fly.state()["apps"].items()}
    assert {app: (image["repository"], image["tag"]) for app, image in images.items()} == {
        app: (app, label) for app in ("shop", "shop-staging", "shop-qa")
    }


@pytest.mark.needs("curl", "jq", "openssl")
def test_a_review_app_is_made_in_the_organization_of_review_apps(make_project: Callable[..., Project]) -> None:
    project = make_project(**EVERYTHING, database="none", review_org="shop-review")
    project.fly.update(lambda state: state["orgs"].append("shop-review"))
    made = project.run("review", "up", "--number=7")
    assert made.returncode == 0, made.stderr
    assert project.fly.state()["apps"]["shop-pr-7"]["org"] == "shop-review"
    assert project.run("review", "down", "--number=7").returncode == 0
    assert project.fly.state()["apps"] == {}


@pytest.mark.parametrize(
    ("answers", "tokens"),
    [
        ({"environments": []}, {"production": "deploy -a shop"}),
        (
            {"environments": [{"name": "staging"}]},
            {"production": "org -o personal", "staging": "deploy -a shop-staging", "review": "org -o personal"},
        ),
        (
            {"environments": [{"name": "staging", "org": "other"}, {"name": "qa"}], "review_org": "third"},
            {
                "production": "deploy -a shop",
                "staging": "deploy -a shop-staging",
                "qa": "deploy -a shop-qa",
                "review": "org -o third",
            },
        ),
    ],
)
def test_no_token_but_productions_own_and_that_of_review_apps_is_one_of_its_organization(
    make_tree: Callable[..., Path], answers: dict[str, Any], tokens: dict[str, str]
) -> None:
    folder = make_tree(ANSWERS | EVERYTHING | {"review_apps": "review" in tokens} | answers)
    page = (folder / "docs/fly/scaling.md").read_text()
    told = re.findall(
        r"^fly tokens create (.*) -x 2160h -n \w+ \| gh secret set FLY_API_TOKEN --env (\S+)$", page, re.M
    )
    assert {name: token for token, name in told} == tokens
    if "review" in tokens:
        controls = re.search(r"so every such person controls production", page)
        assert bool(controls) is (tokens["review"] == "org -o personal")


@pytest.mark.needs("curl", "jq", "openssl")
def test_production_alone_has_one_job_so_that_its_reviewers_are_asked_once(
    make_project: Callable[..., Project],
) -> None:
    project = make_project(**EVERYTHING, database="none", environments=[])
    set_up(project, "production")
    runner = run_of(project, "fly-deploy.yml")
    runner.context["needs.plan.result"] = "success"
    assert runner.run("plan")
    applies = {job: evaluate(runner.jobs[job]["if"], runner.context) for job in ("build", "before", "production")}
    assert applies == {"build": False, "before": False, "production": True}
    assert runner.run("production"), runner.said
    assert tags(project, "shop") == [f"git-{project.revision()[:12]}"]
    project.fly.forget()
    runner.context["needs.plan.outputs.promoted"] = "true"
    assert not runner.run("production"), "an image that is not named is none"
    assert project.fly.calls() == []


@pytest.mark.needs("curl", "jq", "openssl")
def test_a_verification_that_fails_brings_the_image_from_before_back(project: Project) -> None:
    set_up(project, "production")
    [before] = tags(project, "shop")
    runner = run_of(project, "fly-deploy.yml")
    runner.context["inputs.environment"] = "production"
    assert runner.run("plan") and runner.run("build")
    project.fly.fail("deploy", "health_checks")
    assert not runner.run("production")
    assert tags(project, "shop") == [before]
    assert "The deploy to production failed" in runner.said
    last = [line for line in project.fly.changes() if line.startswith("deploy")][-1]
    assert last.endswith("--skip-release-command")


@pytest.mark.needs("curl", "jq", "openssl")
def test_a_deploy_that_changed_no_machine_is_not_rolled_back(project: Project) -> None:
    set_up(project, "production")
    runner = run_of(project, "fly-deploy.yml")
    assert runner.run("plan")
    runner.context["needs.build.outputs.image"] = "registry.fly.io/shop:git-000000000000"
    project.fly.fail("deploy", "network")
    assert not runner.run("production")
    assert len([line for line in project.fly.changes() if line.startswith("deploy")]) == 1


@pytest.mark.needs("curl", "jq", "openssl")
@pytest.mark.parametrize(
    ("only", "before", "production"),
    [("", ["staging"], "true"), ("staging", ["staging"], "false"), ("production", [], "true")],
)
def test_the_plan_of_a_run_by_hand(project: Project, only: str, before: list[str], production: str) -> None:
    runner = run_of(project, "fly-deploy.yml")
    runner.context["inputs.environment"] = only
    assert runner.run("plan")
    assert json.loads(runner.context["needs.plan.outputs.before"]) == before
    assert runner.context["needs.plan.outputs.production"] == production


@pytest.mark.needs("curl", "jq", "openssl")
@pytest.mark.parametrize("only", ["prod", "$(touch pwned)", "staging production", '"; touch pwned; "'])
def test_an_environment_that_is_none_ends_the_plan(project: Project, only: str) -> None:
    runner = run_of(project, "fly-deploy.yml")
    runner.context["inputs.environment"] = only
    assert not runner.run("plan")
    assert "there are: production staging" in runner.said
    assert not (project.folder / "pwned").exists()


@pytest.mark.needs("curl", "jq", "openssl")
def test_a_missing_token_is_said(project: Project) -> None:
    set_up(project, "production")
    project.fly.update(lambda state: state.update(email=None))
    runner = run_of(project, "fly-deploy.yml")
    assert runner.run("plan")
    assert not runner.run("build")
    assert "FLY_API_TOKEN" in runner.said


@pytest.mark.needs("curl", "jq", "openssl")
def test_a_pull_request_has_an_app_until_it_is_closed(project: Project) -> None:
    runner = run_of(project, "fly-review.yml")
    runner.context |= {"github.event.number": "7", "github.event.action": "opened"}
    assert runner.run("review"), runner.said
    review = project.fly.state()["apps"]["shop-pr-7"]
    key = review["secrets"]["SECRET_KEY_BASE"]["value"]
    assert "PHX_HOST=shop-pr-7.fly.dev" in " ".join(project.fly.lines())
    [machine] = review["machines"]
    assert machine["config"]["services"][0]["autostop"] is True, "it sleeps without visitors"
    assert not list(project.folder.glob("fly.review*"))
    runner.context["github.event.action"] = "synchronize"
    assert runner.run("review"), runner.said
    assert project.fly.state()["apps"]["shop-pr-7"]["secrets"]["SECRET_KEY_BASE"]["value"] == key
    runner.context["github.event.action"] = "closed"
    for _ in range(2):
        assert runner.run("review"), runner.said
        assert project.fly.state()["apps"] == {}


@pytest.mark.needs("curl", "jq", "openssl")
def test_a_review_app_has_the_secrets_that_only_a_person_knows(make_project: Callable[..., Project]) -> None:
    """Without one the app would stop in its release command."""
    project = make_project(
        **EVERYTHING, database="none", extra_secrets=[{"name": "SMTP_PASSWORD", "how": "ask the provider"}]
    )
    runner = run_of(project, "fly-review.yml")
    runner.context |= {"github.event.number": "7", "github.event.action": "opened"}
    assert not runner.run("review")
    assert "REVIEW_SMTP_PASSWORD of the environment review" in runner.said
    assert "deploy" not in " ".join(project.fly.changes())
    runner.context["secrets.REVIEW_SMTP_PASSWORD"] = "a-needle"
    assert runner.run("review"), runner.said
    assert project.fly.state()["apps"]["shop-pr-7"]["secrets"]["SMTP_PASSWORD"]["value"] == "a-needle"
    assert "a-needle" not in runner.said + str(project.fly.lines())


@pytest.mark.needs("curl", "jq", "openssl")
def test_a_pull_request_of_a_bot_without_secrets_has_no_app(project: Project) -> None:
    condition = yaml.safe_load((project.folder / ".github/workflows/fly-review.yml").read_text())["jobs"]["review"][
        "if"
    ]
    ours = {"github.event.pull_request.head.repo.full_name": "me/shop", "github.repository": "me/shop"}
    for login, wanted in (("ada", True), ("dependabot[bot]", False)):
        assert bool(evaluate(condition, ours | {"github.event.pull_request.user.login": login})) is wanted


@pytest.mark.needs("curl", "jq", "openssl")
def test_a_review_app_with_raw_tcp_gets_its_addresses_once(make_project: Callable[..., Project]) -> None:
    """flyctl would ask which ones, and fail without a terminal."""
    project = make_project(**EVERYTHING | {"database": "none", "tcp_services": [{"name": "auth", "port": 6600}]})
    for _ in range(2):
        made = project.run("review", "up", "--number=7")
        assert made.returncode == 0, made.stderr
    assert [ip["Type"] for ip in project.fly.state()["apps"]["shop-pr-7"]["ips"]] == ["shared_v4", "v6"]


@pytest.mark.needs("curl", "jq", "openssl")
def test_a_review_app_never_gets_by_without_a_database_of_its_own(make_project: Callable[..., Project]) -> None:
    project = make_project(**EVERYTHING, database="fly_managed")
    refused = project.run("review", "up", "--number=7")
    assert (refused.returncode, "REVIEW_DATABASE_URL" in refused.stderr) == (3, True)
    assert project.fly.changes() == []
    made = project.run("review", "up", "--number=7", REVIEW_DATABASE_URL="postgres://u:needle@h/db")
    assert made.returncode == 0, made.stderr
    assert "needle" not in made.stdout + made.stderr + str(project.fly.lines())


@pytest.mark.parametrize("answers", STACKS.values(), ids=STACKS)
def test_actions_are_those_of_the_catalog_and_values_stay_out_of_the_shell(
    make_tree: Callable[..., Path], answers: dict[str, Any]
) -> None:
    catalog = yaml.safe_load((REPO / "extensions/copier_fly/fly/catalog/actions.yml").read_text())
    folder = make_tree(ANSWERS | answers) / ".github/workflows"
    names = {file.name for file in folder.iterdir()}
    assert names >= {
        "fly-ci.yml",
        "fly-deploy.yml",
        "fly-deploy-push.yml",
        "fly-review.yml",
        "fly-scaffold-update.yml",
        "fly-watch.yml",
    }
    for file in folder.iterdir():
        text = file.read_text()
        for action, commit, tag in re.findall(r"uses: ([\w./-]+)@(\S+) # (\S+)", text):
            assert (commit, tag) == (catalog[action]["sha"], catalog[action]["tag"]), file
        assert len(re.findall(r"uses: [\w-]+/", text)) == len(re.findall(r"uses: \S+@[0-9a-f]{40} # ", text)), file
        workflow = yaml.safe_load(text)
        assert workflow["permissions"] == {}, file
        for job in workflow["jobs"].values():
            assert "permissions" in job, file
            for step in job.get("steps", []):
                assert "${{" not in step.get("run", ""), file
                if "setup-flyctl" in step.get("uses", ""):
                    assert step["with"]["version"] == record.VERSION, file


@pytest.mark.needs("actionlint")
def test_actionlint_has_nothing_to_say(make_tree: Callable[..., Path]) -> None:
    for answers in STACKS.values():
        folder = make_tree(ANSWERS | answers)
        checked = subprocess.run(["actionlint"], cwd=folder, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout
