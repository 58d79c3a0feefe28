"""A wrong answer from the command line: exit code 1, one line that helps, nothing written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import run_copy
from copier.errors import UserMessageError

WRONG = {
    "unknown question": ("fly_ap=x", ["fly_ap", "did you mean fly_app"]),
    "unlike any question": ("zzzzzz=1", ["zzzzzz", "no such question"]),
    "app name in capitals": ("fly_app=MyShop", ["fly_app", "'MyShop'", "lowercase letters"]),
    "app name too long": ("fly_app=" + "a" * 64, ["fly_app", "1 to 63"]),
    "region that never was": ("primary_region=zzz", ["primary_region", "'zzz'", "iad"]),
    "region that Fly removed": ("primary_region=sea", ["primary_region", "'sea'", "sjc or lax"]),
    "port as a word": ("http_port=eighty", ["http_port", "'eighty'", "whole number"]),
    "privileged port": ("http_port=80", ["http_port", "'80'", "1024 to 65535"]),
    "memory that is not sold": ("vm_memory=6gb", ["vm_memory", "'6gb'", "512mb"]),
    "choice that is none": ("stack=rails", ["stack", "'rails'", "phoenix"]),
    "boolean as a word": ("ha=perhaps", ["ha", "'perhaps'", "true or false"]),
    "yaml that is none": ("tcp_services=[{", ["tcp_services", "YAML"]),
    "service without a port": ("tcp_services=[{name: a}]", ["tcp_services", "a name and a port"]),
    "two services on one port": (
        "tcp_services=[{name: a, port: 6600}, {name: b, port: 6600}]",
        ["a and b both want port 6600"],
    ),
    "raw TCP on 443": ("tcp_services=[{name: a, port: 443}]", ["443", "keeps for HTTP"]),
    "folder outside": ("app_dir=../x", ["app_dir", "'../x'", "below the root"]),
    "module that is none": ("web_module=shop_web", ["web_module", "'shop_web'", "Elixir module"]),
    "secret without how": ("extra_secrets=[{name: A}]", ["extra_secrets", "how to make it"]),
    "reserved variable": ("extra_env={FLY_X: 1}", ["extra_env", "FLY_X"]),
    "duration without a unit": ("grace_period=30", ["grace_period", "'30'", "1s to 15m"]),
    "pool of one": ("pool_size=1", ["pool_size", "'1'", "2 to 500"]),
    "plan in lower case": ("db_plan=basic", ["db_plan", "'basic'", "Basic"]),
    "host name with a path": ("hostname=https://x.org/", ["hostname", "bare host name"]),
    "worker that is the app": ("workers=[{name: app, command: x}]", ["workers", "app is the web app itself"]),
    "worker without a command": ("workers=[{name: a, command: ''}]", ["command of a", "one line"]),
    "worker through a shell": ("workers=[{name: a, command: x && y}]", ["command of a", "without a shell"]),
    "worker by mix": ("workers=[{name: a, command: mix run}]", ["no mix", "/app/bin/NAME start"]),
    "two workers of one name": (
        "workers=[{name: a, command: x}, {name: a, command: y}]",
        ["workers", "a is there twice"],
    ),
    "no machine for a worker": ("workers=[{name: a, command: x, count: 0}]", ["count of a", "1 to 100"]),
    "memory of a worker that is not sold": ("workers=[{name: a, command: x, vm_memory: 6gb}]", ["vm_memory of a"]),
    "schedule without a cron line": (
        "schedules=[{name: a, command: x}]",
        ["schedules", "needs a command and a cron and a name"],
    ),
    "schedule that is no cron line": (
        'schedules=[{name: a, cron: "0 3 * *", command: x}]',
        ["cron of a", "'0 3 * *' is no cron line", "use five fields, in quotes and in UTC: minute 0-59"],
    ),
    "schedule at an hour that is none": (
        'schedules=[{name: a, cron: "0 24 * * *", command: x}]',
        ["24 is no hour", "0-23"],
    ),
    "schedule that never comes": (
        'schedules=[{name: a, cron: "0 0 31 2,4 *", command: x}]',
        ["no such month has a day 31"],
    ),
    "schedule without a command": (
        'schedules=[{name: a, cron: "0 3 * * *", command: ""}]',
        ["command of a", "one line"],
    ),
    "schedule through a shell": (
        'schedules=[{name: a, cron: "0 3 * * *", command: x Shop.run()}]',
        ["command of a", "put what has ( ) ; < > | or & in it into quotes"],
    ),
    "schedule in an app that does not run there": (
        'schedules=[{name: a, cron: "0 3 * * *", command: /app/bin/shop rpc Shop.run}]',
        ["command of a", "none to reach; use eval"],
    ),
    "two schedules of one name": (
        'schedules=[{name: a, cron: "0 3 * * *", command: x}, {name: a, cron: "0 4 * * *", command: y}]',
        ["schedules", "a is there twice"],
    ),
    "environment called production": ("environments=[{name: production}]", ["environments", "production"]),
}
CLASHES = {
    "a bucket, and its secret as a setting": (
        ["bucket=tigris", "extra_env={AWS_REGION: auto}"],
        ["bucket: 'tigris' is not possible", "leave AWS_REGION out of extra_env"],
    ),
    "a Redis on Fly that is asked over HTTPS": (
        ["redis=upstash", "redis_env=[UPSTASH_REDIS_REST_URL]"],
        ["redis_env", "UPSTASH_REDIS_REST_URL is for a database at Upstash itself; use redis=url"],
    ),
    "a bucket and Redis by one variable": (
        ["bucket=tigris", "redis=url", "redis_env=[BUCKET_NAME]"],
        ["redis_env", "BUCKET_NAME is set by another answer"],
    ),
    "a bucket by the variable of the database": (
        ["bucket=s3", "bucket_env=[DATABASE_URL]", "database=external"],
        ["bucket_env", "DATABASE_URL is set by another answer"],
    ),
    "more memory than the size can have": (
        ["vm_memory=4gb", "vm_size=shared-cpu-1x"],
        ["shared-cpu-1x cannot have 4gb", "shared-cpu-2x"],
    ),
    "Alpine for a pair without one": (
        ["elixir_image=1.15-otp26", "runtime_base=alpine"],
        ["runtime_base", "no image with Elixir 1.15.8 and OTP 26.2.5.2 is known", "use debian or minimal"],
    ),
    "suspended with swap": (["auto_stop=suspend", "swap_mb=512"], ["swap_mb", "cannot be suspended"]),
    "suspended with 4 GB": (["auto_stop=suspend", "vm_memory=4gb"], ["auto_stop", "more than 2gb"]),
    "suspended with 4 GB in another environment": (
        ["auto_stop=suspend", "environments=[{name: qa, vm_memory: 4gb}]"],
        ["environments", "vm_memory of qa", "more than 2gb"],
    ),
    "worker beside SQLite": (
        ["database=sqlite", "workers=[{name: a, command: x}]"],
        ["workers", "on the volume of one machine", "use [], or a database"],
    ),
    "schedule beside SQLite": (
        ["database=sqlite", 'schedules=[{name: a, cron: "0 3 * * *", command: x}]'],
        ["schedules", "on the volume of one machine", "let the app itself keep the time"],
    ),
    "schedule on two machines during a deploy": (
        ["strategy=bluegreen", 'schedules=[{name: a, cron: "0 3 * * *", command: x}]'],
        ["schedules", "both would run what is due; use strategy=rolling"],
    ),
    "schedule that npm starts": (
        ["stack=nextjs", 'schedules=[{name: a, cron: "0 3 * * *", command: npm run nightly}]'],
        ["command of a", "Node.js alone", "node /call.mjs /api/PATH"],
    ),
    "schedule beside a worker of its group's name": (
        ["workers=[{name: cron, command: x}]", 'schedules=[{name: a, cron: "0 3 * * *", command: x}]'],
        ["schedules", "cron is the process group that runs them"],
    ),
    "worker with more memory than the size can have": (
        ["vm_size=shared-cpu-1x", "workers=[{name: a, command: x, vm_memory: 4gb}]"],
        ["vm_memory of a", "shared-cpu-2x"],
    ),
    "worker that npm starts": (
        ["stack=nextjs", "workers=[{name: a, command: npm run worker}]"],
        ["command of a", "Node.js alone", "node dist/worker.js"],
    ),
    "worker called as a service of Compose": (
        ["compose=true", "workers=[{name: caddy, command: x}]"],
        ["caddy is a service of compose.production.yaml"],
    ),
    "service on the HTTP port": (
        ["http_port=6600", "tcp_services=[{name: a, port: 6600}]"],
        ["tcp_services", "already serves HTTP"],
    ),
    "alerts without GitHub": (["github=false", "alerts=github"], ["alerts", "a workflow on GitHub"]),
    "alerts without scripts": (
        ["github=true", "scripts=none", "alerts=webhook"],
        ["alerts", "ops/watch does the watching"],
    ),
    "push without GitHub": (["github=false", "deploy_on=push"], ["deploy_on", "only a project on GitHub"]),
    "database where it is not offered": (
        ["database=fly_managed", "db_region=cdg"],
        ["db_region", "'cdg'", "nearest is ams"],
    ),
    "two environments, one app": (
        ["fly_app=shop", "environments=[{name: staging, app: shop}]"],
        ["environments", "app of its own"],
    ),
    "environment with the app of the log shipper": (
        ["fly_app=shop", "log_shipper=axiom", "environments=[{name: logs}]"],
        ["environments", "app of its own", "shop-logs"],
    ),
}


def refusal(template: Path, target: Path, answers: dict[str, Any]) -> str:
    """The error that copier prints as one line, for answers that must not be taken."""
    with pytest.raises(UserMessageError) as caught:
        run_copy(str(template), target, data=answers, defaults=True, unsafe=True, quiet=True)
    assert not target.exists(), "something was written"
    assert "\n" not in str(caught.value)
    return str(caught.value)


def copier(template: Path, target: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "copier",
            "copy",
            "--trust",
            "--defaults",
            *arguments,
            str(template),
            str(target),
        ],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=600,
        check=False,
    )


def refused(result: subprocess.CompletedProcess[str], says: list[str]) -> None:
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert all(part in lines[-1] for part in says), lines[-1]


@pytest.mark.parametrize(("answer", "says"), WRONG.values(), ids=WRONG)
def test_wrong_answer(template: Path, tmp_path: Path, answer: str, says: list[str]) -> None:
    message = refusal(template, tmp_path / "app", dict([answer.split("=", 1)]))
    assert all(part in message for part in says), message


@pytest.mark.parametrize(("answers", "says"), CLASHES.values(), ids=CLASHES)
def test_answers_that_clash(template: Path, tmp_path: Path, answers: list[str], says: list[str]) -> None:
    message = refusal(template, tmp_path / "app", dict(answer.split("=", 1) for answer in answers))
    assert all(part in message for part in says), message


def test_on_the_command_line_it_is_one_line_and_exit_code_1(template: Path, tmp_path: Path) -> None:
    refused(
        copier(template, tmp_path / "app", "-d", "primary_region=sea"),
        ["primary_region", "'sea'", "sjc or lax"],
    )
    assert not (tmp_path / "app").exists()


def test_wrong_answer_in_a_data_file(template: Path, tmp_path: Path) -> None:
    (tmp_path / "answers.yml").write_text("fly_app: shop\nhttp_port: 99999\n")
    refused(
        copier(template, tmp_path / "app", "--data-file", str(tmp_path / "answers.yml")),
        ["http_port", "99999"],
    )
    assert not (tmp_path / "app").exists()


def test_another_templates_answers_file(template: Path, tmp_path: Path) -> None:
    theirs = tmp_path / ".copier-answers.yml"
    theirs.write_text("_src_path: https://example.com/other.git\nproject_name: x\n")
    refused(copier(template, tmp_path), ["belongs to another template", "-a .copier-answers.fly.yml"])
    assert sorted(tmp_path.iterdir()) == [theirs]


def test_beside_another_templates_answers_file(template: Path, tmp_path: Path) -> None:
    (tmp_path / ".copier-answers.yml").write_text("_src_path: https://example.com/other.git\n")
    result = copier(template, tmp_path, "-a", ".copier-answers.fly.yml")
    assert result.returncode == 0, result.stderr
    assert yaml.safe_load((tmp_path / ".copier-answers.fly.yml").read_text())["stack"] == "phoenix"
    assert "other.git" in (tmp_path / ".copier-answers.yml").read_text()


LIBRARY = """
defmodule Link.MixProject do
  use Mix.Project

  def project, do: [app: :link, deps: [{:jason, "~> 1.4"}]]
end
"""


def test_target_that_is_a_file(template: Path, tmp_path: Path) -> None:
    (tmp_path / "app").write_text("x")
    refused(copier(template, tmp_path / "app"), ["is a file"])


def test_mix_file_that_is_no_text(template: Path, tmp_path: Path) -> None:
    (tmp_path / "mix.exs").write_bytes(b"\xff\xfe\x00defmodule")
    refused(copier(template, tmp_path), ["mix.exs"])
    assert [file.name for file in tmp_path.iterdir()] == ["mix.exs"]


@pytest.mark.parametrize("file", ["package.json", "mix.exs", "Gemfile"])
def test_project_of_another_kind(file: str, template: Path, tmp_path: Path) -> None:
    """Unless an answer says that it is of a kind that is served."""
    text = {"package.json": '{"dependencies": {"astro": "^5"}}', "mix.exs": LIBRARY, "Gemfile": 'gem "rails"\n'}[file]
    (tmp_path / file).write_text(text)
    refused(copier(template, tmp_path), [f"{file}: There is a project here, but no Phoenix or Next.js app was found"])
    assert [one.name for one in tmp_path.iterdir()] == [file]
    result = copier(template, tmp_path, "-d", "stack=nextjs")
    assert result.returncode == 0, result.stderr


def test_folder_without_an_app_gets_a_warning(template: Path, tmp_path: Path) -> None:
    result = copier(template, tmp_path / "new app ✈ 例")
    assert result.returncode == 0, result.stderr
    assert "no Phoenix or Next.js app was found" in result.stderr
    assert (tmp_path / "new app ✈ 例" / "fly.toml").is_file()


@pytest.mark.needs("chattr")
def test_folder_that_cannot_be_written(template: Path, tmp_path: Path) -> None:
    target = tmp_path / "app"
    target.mkdir(mode=0o555)
    # root may write where the mode forbids it, but not where the file system does.
    immutable = os.access(target, os.W_OK)
    if immutable and subprocess.run(["chattr", "+i", target], capture_output=True, check=False).returncode != 0:
        pytest.skip("this user may write everywhere, and the file system knows no immutable folders")
    try:
        with pytest.raises(UserMessageError, match="cannot be written to; nothing was changed"):
            run_copy(str(template), target, defaults=True, unsafe=True, quiet=True)
    finally:
        if immutable:
            subprocess.run(["chattr", "-i", target], check=True)
    assert list(target.iterdir()) == []
