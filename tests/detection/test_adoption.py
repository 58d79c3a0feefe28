"""An app that has been on Fly.io before: what it set is taken over, or named."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from copier import run_copy
from hypothesis import given
from hypothesis import strategies as st

from copier_fly.detect.examine import examine
from copier_fly.fly import toml
from tests.detection.projects import phoenix, write
from tests.support.profiles import examples

FLY = """app = 'shop-live'
primary_region = 'ams'
swap_size_mb = 1024
kill_timeout = 300

[build]

[deploy]
  release_command = '/app/bin/migrate'
  strategy = 'canary'

[env]
  PHX_HOST = 'shop.example.com'
  PORT = '4000'
  POOL_SIZE = '7'
  LOG_LEVEL = "it's \\"info\\""
  WORKERS = 5
  STRIPE_SECRET = 'sk_live'
  RELEASE_COOKIE = 'monster'

[http_service]
  internal_port = 4000
  force_https = true
  auto_stop_machines = 'stop'
  min_machines_running = 2
  [http_service.concurrency]
    soft_limit = 200
  [[http_service.checks]]
    path = '/up'

[[mounts]]
  source = 'data'
  destination = '/data'

[processes]
  app = '/app/bin/server'
  worker = '/app/bin/worker'

[[statics]]
  guest_path = '/app/static'
  url_prefix = '/static'

[[vm]]
  memory = '2048mb'
  size = 'shared-cpu-2x'

[[metrics]]
  port = 9091
"""
TAKEN = {
    "fly_app": "shop-live",
    "primary_region": "ams",
    "http_port": 4000,
    "vm_memory": "2gb",
    "vm_size": "shared-cpu-2x",
    "swap_mb": "1024",
    "auto_stop": "stop",
    "min_machines": 2,
    "strategy": "canary",
    "hostname": "shop.example.com",
    "metrics_port": 9091,
    "pool_size": "7",
    "extra_env": {"LOG_LEVEL": 'it\'s "info"', "WORKERS": "5"},
    "workers": [{"name": "worker", "command": "/app/bin/worker"}],
}
LEFT = [
    "kill_timeout = 300s (now 60s)",
    "env.STRIPE_SECRET",
    "env.RELEASE_COOKIE",
    "http_service.concurrency.soft_limit = 200 (now 1000)",
    "http_service.checks.path = /up (now /livez)",
    "mounts.source = data",
    "mounts.destination = /data",
    "processes.app = /app/bin/server",
    "statics.guest_path = /app/static",
    "statics.url_prefix = /static",
]


def copy(template: Path, app: Path, *options: str) -> str:
    """Run the command as a script would; what it says."""
    command = [sys.executable, "-m", "copier", "copy", "--trust", "--defaults", "--overwrite", *options]
    done = subprocess.run(
        [*command, str(template), str(app)], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_a_fly_toml_becomes_answers_and_the_rest_is_named(template: Path, tmp_path: Path) -> None:
    app = write(tmp_path / "shop", {**phoenix(), "fly.toml": FLY})
    said = copy(template, app)
    before, _, after = said.partition("Copying from template")
    assert "No answer stands for its mounts, statics:" in before
    [_, listed] = after.split("git show HEAD:./fly.toml):\n")
    assert [line.strip() for line in listed.split("\n\n")[0].splitlines()] == LEFT
    rendered = tomllib.loads((app / "fly.toml").read_text())
    assert rendered["swap_size_mb"] == 1024
    assert rendered["vm"] == [{"size": "shared-cpu-2x", "memory": "2gb"}]
    assert rendered["env"]["LOG_LEVEL"] == 'it\'s "info"'
    assert "sk_live" not in said


def answers_of(template: Path, target: Path, **data: Any) -> dict[str, Any]:
    worker = run_copy(str(template), target, data=data, defaults=True, unsafe=True, quiet=True, overwrite=True)
    return {name: worker.answers.combined[name] for name in TAKEN}


def test_what_it_said_is_what_is_answered(template: Path, tmp_path: Path) -> None:
    app = write(tmp_path / "shop", {**phoenix(), "fly.toml": FLY})
    assert answers_of(template, app) == TAKEN


SETTING = {
    "swap": ("swap_size_mb = {}", st.integers(1, 4096)),
    "strategy": ("[deploy]\nstrategy = '{}'", st.sampled_from(["rolling", "bluegreen", "canary", "immediate", "odd"])),
    "http": (
        "[http_service]\ninternal_port = {0[0]}\nauto_stop_machines = {0[1]}\nmin_machines_running = {0[2]}",
        st.tuples(
            st.integers(1, 9999),
            st.sampled_from(["true", "false", "'off'", "'stop'", "'suspend'", "'odd'"]),
            st.integers(-1, 3),
        ),
    ),
    "vm": (
        "[[vm]]\nsize = '{0[0]}'\nmemory = {0[1]}",
        st.tuples(
            st.sampled_from(["shared-cpu-1x", "shared-cpu-4x", "performance-1x", "odd"]),
            st.sampled_from(["256", "'512mb'", "'1GB'", "2048", "'4gb'", "'3gb'", "'odd'"]),
        ),
    ),
    "metrics": ("[[metrics]]\nport = {}", st.integers(0, 70000)),
    "env": (
        "[env]\nPHX_HOST = '{0[0]}'\nPOOL_SIZE = '{0[1]}'\nX_A = {0[2]}",
        st.tuples(
            st.sampled_from(["a.example.com", "shop.fly.dev", "odd host"]),
            st.sampled_from(["1", "5", "10", "600", "x"]),
            st.sampled_from(["1", "true", "'a: b'", "''"]),
        ),
    ),
}


@examples(15, 500)
@given(settings=st.fixed_dictionaries({}, optional={name: values for name, (_, values) in SETTING.items()}))
def test_any_fly_toml_gives_answers_and_what_is_rendered_of_it_gives_the_same(
    template: Path, tmp_path_factory: pytest.TempPathFactory, settings: dict[str, Any]
) -> None:
    """So a copy that was killed when fly.toml was written and the answers were not is completed with the same ones."""
    text = "\n".join(SETTING[name][0].format(settings[name]) for name in SETTING if name in settings)
    app = write(tmp_path_factory.mktemp("any") / "shop", {**phoenix(), "fly.toml": f"app = 'shop'\n{text}\n"})
    first = answers_of(template, app)
    (app / ".copier-answers.yml").unlink()
    assert answers_of(template, app) == first


def test_two_spellings_are_one_setting() -> None:
    old = tomllib.loads(
        "kill_timeout = 60\n[vm]\nmemory_mb = 1024\n[http_service]\nauto_stop_machines = false\n[build]\n"
    )
    new = tomllib.loads(
        'kill_timeout = "60s"\n[[vm]]\nmemory = "1gb"\n[http_service]\nauto_stop_machines = "off"\n[build]\nx = 1\n'
    )
    assert toml.left_behind(toml.flat(old), toml.flat(new)) == []


def test_what_fly_launch_writes_of_a_machine_is_a_size() -> None:
    """cpu_kind and cpus are the size by another name, and one group is all of them."""
    launched = "[http_service]\nprocesses = ['app']\n[[vm]]\nmemory = '1gb'\ncpu_kind = '{}'\ncpus = {}\n"
    new = toml.flat(tomllib.loads("[[vm]]\nsize = 'shared-cpu-1x'\nmemory = '1gb'\n"))
    assert toml.left_behind(toml.flat(tomllib.loads(launched.format("shared", 1))), new) == []
    assert toml.left_behind(toml.flat(tomllib.loads(launched.format("performance", 2))), new) == [
        "vm.size = performance-2x (now shared-cpu-1x)"
    ]


def test_a_long_value_is_cut() -> None:
    [line] = toml.left_behind(toml.flat({"console_command": "x" * 99}), {})
    assert line == f"console_command = {'x' * 40}…"


def test_our_own_files_are_not_in_the_way(template: Path, tmp_path: Path, render: Callable[..., Path]) -> None:
    app = render({}, into=write(tmp_path / "shop", phoenix()))
    assert examine(app).warnings == ()
    assert "git show HEAD" not in copy(template, app)
