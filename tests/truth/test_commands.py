"""The checker of fly command lines knows the real flyctl, catches what is false and passes what is true."""

from __future__ import annotations

import json

import pytest

from tests.support.fly_truth import check_text, command_lines, commands
from tests.truth import record

# Commands and flags that guides and plans name and that no flyctl has, or has elsewhere.
FALSE = [
    "fly releases rollback 42",
    "fly releases rollback <version>",
    "fly postgres restore --backup-id abc",
    "fly pg restore NEW_APP",
    "flyctl deploy --dry-run",
    "fly postgres create --initial-cluster-size 1 -a shop-db",
    "fly ips allocate v4",
    "fly deploy --region fra",
    "fly mpg create --pgvector",
    "fly mpg update abc --plan launch",
    "fly mpg create --plan Performance",
    "fly mpg create --plan=bassic",
    "fly deploy --strategy blue-green",
    "fly deploy --app --config fly.toml",
    "fly deploy --ha false",
    "fly secrets set A=b --staged",
    "fly config check",
    "fly nosuch",
    "fly auth loginn",
    "fly status -app shop",
    "fly scale count 2 --yess",
]
TRUE = [
    "fly postgres backups list -a shop-db",
    "fly pg backup create -a shop-db",
    "fly pg backup restore NEW_APP --restore-target-name NAME",
    "fly mpg backups list ID --all",
    "fly mpg backup create ID --type full",
    "fly mpg restore ID --backup-id ABC --name shop-2",
    "fly mpg create --name shop-db --org personal --region fra --plan Basic --volume-size 10",
    "fly mpg create --plan <PLAN>",
    "fly releases --json --image -a shop",
    "fly deploy --image registry.fly.io/shop:git-0123456789ab --skip-release-command",
    "fly deploy --build-only --push --image-label git-0123456789ab",
    "fly deploy --export-manifest -",
    "fly deploy --ha=false --strategy=bluegreen -a shop -c fly.staging.toml --now -y",
    "fly deploy --depot=false",
    "fly deploy -ashop --depot",
    "fly deploy --only-regions fra",
    "fly config validate --strict -c fly.toml",
    "fly secrets import --stage -a shop < secrets.env",
    "fly secrets set A=b C=d --stage",
    "fly secrets keys list",
    "fly ips allocate-v4 --shared -y",
    "fly ips allocate-v6",
    "fly ssh console -C '/app/bin/shop remote'",
    "fly tokens create deploy -x 8760h -n github",
    "fly tokens create readonly personal",
    "fly scale vm shared-cpu-2x --vm-memory 1024",
    "fly machine run alpine -- sh -c 'exit 0'",
    "fly m list --json",
    "fly registry sbom -a shop",
    "fly apps create shop --org personal",
    "fly version",
    "fly help deploy",
]


def findings(text: str, path: str = "ops/script.sh") -> list[str]:
    return [finding.problem for finding in check_text(text, path)]


@pytest.mark.needs("flyctl")
def test_the_kept_list_is_what_flyctl_says() -> None:
    binary = record.flyctl()
    assert binary
    version = record.released_version(binary)
    if version not in ("", record.VERSION):
        pytest.skip(f"flyctl on PATH is {version}, the kept list is of {record.VERSION}")
    assert record.walk(binary) == json.loads(record.KEPT.read_text()), (
        "run `python -m tests.truth.record` and read the difference"
    )


def test_aliases_lead_to_their_commands() -> None:
    assert commands()[""].children["pg"] == "postgres"
    assert commands()["mpg"].children["backups"] == "mpg backup"


def test_flags_are_known_with_what_they_take() -> None:
    deploy = commands()["deploy"].flags
    assert (deploy["--app"], deploy["-a"], deploy["--ha"], deploy["--depot"]) == (
        "value",
        "value",
        "switch",
        "optional",
    )
    assert deploy["--access-token"] == "value"
    assert deploy["--auto-confirm"] == "switch"


@pytest.mark.parametrize("line", FALSE)
def test_false_claims_are_caught(line: str) -> None:
    in_shell = line.replace("<version>", '"$VERSION"')
    assert findings(f"set -eu\n{in_shell}\n")
    assert findings(f"Then run `{line}` and wait.", "docs/x.md")
    assert findings(f"```sh\n{in_shell}\n```\n", "docs/x.md")
    assert findings(f"Next:\n\n  {line}\n", "messages/after.txt")
    assert findings(f"jobs:\n  a:\n    steps:\n      - run: |\n          {in_shell}\n", "w.yml")


@pytest.mark.parametrize("line", TRUE)
def test_real_commands_pass(line: str) -> None:
    in_shell = line.replace("<PLAN>", '"$PLAN"')
    assert findings(f"{in_shell}\n") == []
    assert findings(f"Then run `{line}` and wait.", "docs/x.md") == []
    assert findings(f"Next:\n\n  {line}\n", "messages/after.txt") == []
    assert command_lines(f"{in_shell}\n", "ops/script.sh")


@pytest.mark.parametrize(
    "script",
    [
        "if ! fly deploy --dry-run; then exit 1; fi",
        "cd app && fly deploy --dry-run",
        "echo x | fly deploy --dry-run | cat",
        'id=$(fly deploy --dry-run | jq -r ".[0]")',
        'id="$(cd /tmp; fly deploy --dry-run)"',
        'for app in $(fly deploy --dry-run); do echo "$app"; done',
        "(fly deploy --dry-run)",
        "{ fly deploy --dry-run; }",
        "FLY_API_TOKEN=x fly deploy --dry-run",
        "exec flyctl deploy --dry-run",
        "run fly deploy --dry-run",
        "timeout 60 fly deploy --dry-run",
        'fly deploy -a "$APP" \\\n  --image "$IMAGE" \\\n  --dry-run',
        'fly deploy -a "a b; c # d" --dry-run',
        '"$FLY" deploy --dry-run',
        "case $1 in\n  x) fly deploy --dry-run ;;\nesac",
        'say "then: fly deploy --dry-run"',
        'say "`fly deploy --dry-run`"',
        "cat <<EOF\nsome text\n  fly deploy --dry-run\nEOF",
        "cat <<EOF\nsome text\nEOF\nfly deploy --dry-run",
        "# `fly deploy --dry-run` shows it",
        "deploy() { fly deploy --dry-run; }",
        "fly deploy --dry-run >/dev/null 2>&1",
        "fly deploy 2>&1 --dry-run",
        "fly deploy --dry-run=true",
        "f() {\n  fly deploy &\n  fly deploy --dry-run\n}",
    ],
)
def test_no_shell_construct_hides_a_command(script: str) -> None:
    assert findings(f"{script}\n") == ["fly deploy has no flag --dry-run"]


@pytest.mark.parametrize(
    "script",
    [
        'fly "$@"',
        'fly $verb --anything "$x"',
        "command -v fly >/dev/null || exit 3",
        "need fly jq git",
        "for tool in fly jq; do :; done",
        "# the fly proxy drops idle connections",
        'say "fly is not logged in"',
        'say "the fly proxy drops idle connections"',
        'say "fly status shows nothing yet"',
        'fly ssh console -C "sh -c \\"ls --color\\""',
        "fly deploy $flags",
        'fly deploy ${STRATEGY:+--strategy "$STRATEGY"}',
        "fly deploy -e A=1 -e B=2",
        'fly secrets import --stage <<EOF\nA=b --not-a-flag\nEOF\n[ "${#list}" -gt 0 ]',
        "butterfly deploy --dry-run",
        "cat fly.toml --dry-run",
    ],
)
def test_no_false_alarm_in_shell(script: str) -> None:
    assert findings(f"{script}\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "The fly proxy drops connections; fly machines stop.",
        "`fly deploy works` and `fly.toml` and `fly-ci.yml`",
        "`fly deploy --image` names an image",
        "`fly postgres` is not `fly mpg`",
        "`fly mpg backup|backups list <ID>` and `fly machine start/stop ID`",
        "`fly apps create|destroy|list`",
        "`fly tokens create deploy …`",
        "```elixir\nfly = deploy --dry-run\n```",
        "`fly scale count N [--yes] [--region REGION]`",
        "```\n$ fly status\nfly-ing machines\n```",
    ],
)
def test_no_false_alarm_in_markdown(text: str) -> None:
    assert findings(text, "README.md") == []


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("README.md", "# A\n\nRun `fly deploy\n--dry-run` now.\n", 3),
        ("README.md", "# A\n\n```console\n$ fly status\n$ fly deploy --dry-run\n```\n", 5),
        ("README.md", "1. a\n\n   ```bash\n   fly deploy \\\n     --dry-run\n   ```\n", 4),
        ("README.md", "Never fly deploy --dry-run, it does not exist.\n", 1),
        ("w.yml", "# `fly deploy --dry-run`\njobs: {}\n", 1),
        ("w.yml", "on: push\nrun: fly deploy --app ${{ inputs.app }} --dry-run\n", 2),
        (
            "w.yml.jinja",
            "{% if x %}\nrun: |\n  true\n  fly deploy -a {{ fly_app }} --dry-run\n{% endif %}\n",
            4,
        ),
        ("q.yml", "db:\n  help: |-\n    Which? (`fly deploy --dry-run` lists them)\n", 3),
        ("t.py", 'x = 1\nrun(["flyctl", "deploy", app, "--dry-run"])\n', 2),
        ("t.py", 'x = f"fly deploy -a {app} --dry-run"\n', 1),
        ("t.py", '"""Doc.\n\nRun `fly deploy --dry-run`.\n"""\n', 3),
        ("fly.toml", "# `fly deploy --dry-run`\napp = 'x'\n", 1),
        ("package.json", '{"scripts": {"d": "fly deploy --dry-run"}}\n', 1),
        ("ops/deploy", "#!/bin/sh\nset -eu\nfly deploy --dry-run\n", 3),
        ("after.jinja", "Next:\n  fly deploy -a {{ fly_app }} --dry-run   (slow)\n", 2),
    ],
)
def test_every_kind_of_file_is_read_with_its_lines(path: str, text: str, line: int) -> None:
    assert [(f.line, f.problem) for f in check_text(text, path)] == [(line, "fly deploy has no flag --dry-run")]


def test_functions_that_hand_on_to_flyctl_are_followed() -> None:
    script = 'on_app() { fly "$@" -a "$APP"; }\non_app releases rollback 3\n'
    assert check_text(script, "x.sh") == []
    assert [f.line for f in check_text(script, "x.sh", wrappers=["on_app"])] == [2]


def test_a_finding_says_where_and_what() -> None:
    [finding] = check_text("\nfly deploy --dry-run\n", "ops/x.sh")
    assert str(finding) == "ops/x.sh:2: fly deploy --dry-run: fly deploy has no flag --dry-run"
