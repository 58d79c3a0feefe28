"""What is set for Fly beside an env.sh of the app's own: what that one sets stays as it is."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.template import render

OWN = {"stack": "phoenix", "own_env_sh": True}
FLY = "FLY_APP_NAME=shop FLY_PRIVATE_IP=fdaa:0:1::3 FLY_IMAGE_REF=registry.fly.io/shop:v1\n"
IPV6 = "-proto_dist inet6_tcp"
ASLEEP = "+sbwt none +sbwtdcpu none +sbwtdio none"
OURS = f"shop-{hashlib.sha256(b'registry.fly.io/shop:v1').hexdigest()[:10]}@fdaa:0:1::3"


@pytest.fixture(scope="module")
def project(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(template, tmp_path_factory.mktemp("own") / "shop", OWN)


def sourced(project: Path, folder: Path, env_sh: str, command: str = "start", **flags: str) -> dict[str, str]:
    """The variables that `bin/shop COMMAND` has after this env.sh and ours; `flags` are the two files of flags."""
    for name in ("vm_args", "remote_vm_args"):
        (folder / name.replace("_", ".", 1).replace("_", ".")).write_text(flags.get(name, ""))
    script = f"set -e\n{env_sh}\n. '{project}/rel/overlays/fly.sh'\nenv"
    env = {"PATH": "/usr/bin:/bin", "RELEASE_COMMAND": command, "REL_VSN_DIR": str(folder)}
    done = subprocess.run(["sh", "-c", script], env=env, capture_output=True, text=True, check=True)
    assert not done.stderr
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


NAMED = 'export RELEASE_DISTRIBUTION=name RELEASE_NODE="till@$FLY_PRIVATE_IP"'
CASES: dict[str, tuple[str, dict[str, Any], dict[str, str | None]]] = {
    "nothing": ("", {}, {"RELEASE_DISTRIBUTION": "name", "RELEASE_NODE": OURS, "ERL_AFLAGS": f"{ASLEEP} {IPV6}"}),
    "a name with the address": (NAMED, {}, {"RELEASE_NODE": "till@fdaa:0:1::3", "ERL_AFLAGS": f"{ASLEEP} {IPV6}"}),
    "a name by DNS": (
        "export RELEASE_NODE=till@3d8.vm.shop.internal",
        {},
        {"RELEASE_DISTRIBUTION": None, "ERL_AFLAGS": f"{ASLEEP} {IPV6}"},
    ),
    "another address": ("export RELEASE_NODE=till@10.0.0.1", {}, {"ERL_AFLAGS": ASLEEP, "RELEASE_DISTRIBUTION": None}),
    "a short name": ("export RELEASE_NODE=till", {}, {"RELEASE_NODE": "till", "ERL_AFLAGS": ASLEEP}),
    "long names": ("export RELEASE_DISTRIBUTION=name", {}, {"RELEASE_NODE": OURS, "ERL_AFLAGS": f"{ASLEEP} {IPV6}"}),
    "no distribution": (
        "export RELEASE_DISTRIBUTION=none",
        {},
        {"RELEASE_DISTRIBUTION": "none", "RELEASE_NODE": None, "ERL_AFLAGS": ASLEEP},
    ),
    "flags": (
        f"{NAMED}; export ERL_AFLAGS='+sbwt long'",
        {},
        {"ERL_AFLAGS": f"{ASLEEP} +sbwt long {IPV6}"},
    ),
    "the same flag": (f"{NAMED}; ERL_FLAGS='{IPV6}'", {}, {"ERL_AFLAGS": ASLEEP}),
    "the same flag in a file": (NAMED, {"vm_args": f"+S 2\n{IPV6}\n"}, {"ERL_AFLAGS": ASLEEP}),
    "a comment in a file": (NAMED, {"vm_args": f"## {IPV6}\n"}, {"ERL_AFLAGS": f"{ASLEEP} {IPV6}"}),
    "a file that rpc does not read": (NAMED, {"vm_args": IPV6, "command": "rpc"}, {"ERL_AFLAGS": f"{ASLEEP} {IPV6}"}),
    "the file that rpc reads": (NAMED, {"remote_vm_args": IPV6, "command": "rpc"}, {"ERL_AFLAGS": ASLEEP}),
    "a place for dumps": ("export ERL_CRASH_DUMP=/data/dump", {}, {"ERL_CRASH_DUMP_BYTES": None}),
    "a limit for dumps": ("export ERL_CRASH_DUMP_BYTES=9", {}, {"ERL_CRASH_DUMP_BYTES": "9"}),
    "a cluster": ("export DNS_CLUSTER_QUERY=x.internal", {}, {"DNS_CLUSTER_QUERY": "x.internal"}),
    "a cookie": ("export RELEASE_COOKIE=x", {}, {"RELEASE_COOKIE": "x", "DNS_CLUSTER_QUERY": "shop.internal"}),
}


@pytest.mark.parametrize("case", CASES)
def test_what_the_app_sets_stays(project: Path, tmp_path: Path, case: str) -> None:
    env_sh, more, expected = CASES[case]
    found = sourced(project, tmp_path, f"export {FLY}{env_sh}", **more)
    assert {name: found.get(name) for name in expected} == expected


def test_elsewhere_names_stay_those_of_erlang(project: Path, tmp_path: Path) -> None:
    found = sourced(project, tmp_path, "")
    assert not {"RELEASE_NODE", "RELEASE_DISTRIBUTION", "DNS_CLUSTER_QUERY"} & found.keys()
    assert (found["ERL_AFLAGS"], found["ERL_CRASH_DUMP_BYTES"]) == (ASLEEP, "0")


def test_a_processor_of_its_own_may_spin(template: Path, tmp_path: Path) -> None:
    project = render(template, tmp_path / "shop", {**OWN, "vm_memory": "2gb", "vm_size": "performance-1x"})
    assert "ERL_AFLAGS" not in sourced(project, tmp_path, "")


@pytest.mark.parametrize("own", [True, False], ids=["beside an env.sh of the app's own", "alone"])
def test_settings_of_a_release_that_boots_anew_go_where_the_app_may_write(
    own: bool, template: Path, tmp_path: Path
) -> None:
    rendered = render(template, tmp_path / "shop", OWN | {"own_env_sh": own})
    script = rendered / ("rel/overlays/fly.sh" if own else "rel/env.sh.eex")
    for given, expected in (("", "/tmp"), ("/data/tmp", "/data/tmp")):
        env = {"PATH": "/usr/bin:/bin", "RELEASE_COMMAND": "start", "REL_VSN_DIR": str(tmp_path), "RELEASE_TMP": given}
        said = subprocess.run(["sh", "-c", f". '{script}'; env"], env=env, capture_output=True, text=True, check=True)
        assert f"RELEASE_TMP={expected}" in said.stdout.splitlines()
