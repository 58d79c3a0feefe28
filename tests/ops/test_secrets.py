"""ops/secrets brings values to Fly as they were written, and shows names alone."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from tests.ops.conftest import SHELLS, Project, set_up

pytestmark = pytest.mark.needs("curl", "jq", "openssl")


@pytest.fixture
def app(project: Project) -> Project:
    """A project whose app is there and has one secret."""
    set_up(project)
    project.fly.update(lambda state: state["apps"]["shop"]["secrets"].pop("DATABASE_URL"))
    project.fly.forget()
    return project


def write(project: Project, text: str) -> str:
    (project.folder / ".git/production.env").write_text(text)
    return "--file=.git/production.env"


VALUES = {
    "PLAIN": ("abc", "abc"),
    "HASH": ("a#b c", "a#b c"),
    "QUOTED": ('"a b # c"', "a b # c"),
    "SINGLE": ("'it is'", "it is"),
    "INNER": ('a"b#c', 'a"b#c'),
    "TWO": ('x"y"z#w', 'x"y"z#w'),
    "JSON": ('{"a": "b#c"}', '{"a": "b#c"}'),
    "EQUALS": ("a=b==", "a=b=="),
    "DOLLAR": ("$HOME `id` \\n %s", "$HOME `id` \\n %s"),
    "URL": ("postgres://u:p%40@h/db?sslmode=require&x=1", "postgres://u:p%40@h/db?sslmode=require&x=1"),
}


@pytest.mark.parametrize("shell", SHELLS)
def test_values_arrive_as_they_were_written(app: Project, shell: tuple[str, ...]) -> None:
    app.shell = shell
    lines = "".join(f"{name}={written}\r\n" for name, (written, _) in VALUES.items())
    stored = app.run(
        "secrets", write(app, f"# comment\n\nexport EXPORTED=yes-it-is\n{lines}DATABASE_URL=pg://x\n"), "--yes"
    )
    assert stored.returncode == 0, stored.stderr
    secrets = app.fly.state()["apps"]["shop"]["secrets"]
    assert {name: secrets[name]["value"] for name in VALUES} == {name: value for name, (_, value) in VALUES.items()}
    for _, value in VALUES.values():
        assert value not in stored.stdout + stored.stderr
        assert all(value not in line for line in app.fly.lines())
    assert app.fly.changes() == ["secrets import --app shop --stage"]


def test_names_are_sorted_into_new_replaced_and_missing(app: Project) -> None:
    shown = app.run("secrets", write(app, "SECRET_KEY_BASE=0123456789\nEXTRA=abcdef\n"), "--yes")
    assert shown.returncode == 1
    assert shown.stdout.splitlines()[:3] == [
        "replace      SECRET_KEY_BASE",
        "new          EXTRA",
        "MISSING      DATABASE_URL",
    ]
    assert "still missing: DATABASE_URL" in shown.stderr


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("KEY=", "line 1: KEY is empty"),
        ("KEY=''", "line 1: KEY is empty"),
        ("KEY=changeme", "line 1: KEY still has a placeholder"),
        ("KEY=<your key>", "line 1: KEY still has a placeholder"),
        ("KEY=your-api-key-here", "line 1: KEY still has a placeholder"),
        ("KEY=postgres://app:PASSWORD@host/db", "line 1: KEY still has a placeholder"),
        ('KEY="-----BEGIN', "line 1: KEY has no closing quote"),
        ('KEY="""a"""', "line 1: KEY has no closing quote, or three"),
        (f"KEY={'ab' * 33_000}", "line 1: KEY is longer than 64 kB"),
        ("just words", "line 1: is not NAME=VALUE"),
        ("FLY_API_TOKEN=abc", "line 1: FLY_API_TOKEN is a name that Fly reserves"),
        ("A=1\nA=2", "these names twice: A"),
        ("# nothing", "has no secret in it"),
    ],
)
def test_what_cannot_be_a_secret_is_refused_whole(app: Project, line: str, says: str) -> None:
    refused = app.run("secrets", write(app, f"{line}\nOTHER=fine-value\n" if "#" not in line else line), "--yes")
    assert (refused.returncode, says in refused.stderr) == (1, True), refused.stderr
    assert app.fly.changes() == []


def test_a_file_in_git_is_refused(app: Project) -> None:
    app.commit("production.env", "KEY=abcdef\n")
    refused = app.run("secrets", "--file=production.env", "--yes")
    assert (refused.returncode, "git rm --cached production.env," in refused.stderr) == (1, True)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_file_is_found_from_where_the_user_stands(app: Project, shell: tuple[str, ...]) -> None:
    folder = app.folder / ".git/my values"
    folder.mkdir()
    (folder / "of staging.env").write_text("DATABASE_URL=pg://x-y\n")
    (app.folder / ".git/of staging.env").write_text("NOT_THIS=one-of-them\n")
    stored = subprocess.run(
        [*shell, app.folder / "ops/secrets", "--file=of staging.env", "--yes"],
        cwd=folder,
        env=app.fly.env(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert stored.returncode == 0, stored.stderr
    assert app.fly.state()["apps"]["shop"]["secrets"]["DATABASE_URL"]["value"] == "pg://x-y"
    app.shell = shell
    assert app.run("secrets", "--file=.git/my values/of staging.env", "--yes").returncode == 0


def test_a_file_in_git_is_refused_from_any_folder(app: Project) -> None:
    app.commit("ops/production.env", "KEY=abcdef\n")
    for word in ("--file=production.env", f"--file={app.folder}/ops/production.env"):
        refused = subprocess.run(
            ["sh", "./secrets", word, "--yes"],
            cwd=app.folder / "ops",
            env=app.fly.env(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (refused.returncode, "is in git" in refused.stderr) == (1, True), refused.stderr


def test_without_a_file_it_shows_what_is_needed(app: Project) -> None:
    shown = app.run("secrets")
    assert shown.stdout.splitlines() == ["on Fly       SECRET_KEY_BASE", "MISSING      DATABASE_URL"]
    assert shown.returncode == 1


def test_the_values_are_in_no_process_list(app: Project) -> None:
    traced = subprocess.run(
        ["sh", "-x", "ops/secrets", write(app, "KEY=needle-in-the-hay\nDATABASE_URL=pg://x\n"), "--yes"],
        cwd=app.folder,
        env=app.fly.env(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert traced.returncode == 0, traced.stderr
    assert "needle-in-the-hay" not in traced.stdout + traced.stderr


def test_what_it_prints_after_a_failure_leads_on_from_any_name_of_a_file(app: Project) -> None:
    (app.folder / ".git/it's mine.env").write_text("DATABASE_URL=pg://x-y\n")
    app.fly.fail("secrets import", "network")
    failed = app.run("secrets", "--file=.git/it's mine.env", "--now", "--yes")
    assert failed.returncode == 1, failed.stderr
    command = failed.stderr.splitlines()[-1].partition("anything: ")[2]
    assert command == "ops/secrets '--file=.git/it'\\''s mine.env' --now --yes"
    assert app.run(*shlex.split(command.removeprefix("ops/"))).returncode == 0
