"""Tells what the app has of its own for its release from the template's files of the same names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .. import files
from ..files import Target

OURS = "Database tasks for a release, where there is no Mix."
"""What the template's module begins its documentation with."""
_ENV_SH = "# Sourced by bin/<%= @release.name %> before every command: start, eval, remote, rpc."
_VM_ARGS = "## Flags of the Erlang VM for `start`, `eval` and `daemon`;"
_SET_BY_FLY_LAUNCH = {"DNS_CLUSTER_QUERY", "RELEASE_NODE", "ERL_AFLAGS", "ECTO_IPV6", "RELEASE_DISTRIBUTION"}


def own(target: Target, modules: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The modules of the app's own, of these with their files, that a module Release of the template would meet."""
    found = {module: file for module, file in modules if module.endswith(".Release") or file.endswith("/release.ex")}
    return {module: file for module, file in found.items() if OURS not in (target.text(file) or "")}


def own_env_sh(target: Target, app_dir: str) -> str:
    """The text of the app's own rel/env.sh.eex, "" where there is none.

    The template's is none, nor one of comments alone, nor what `fly launch` writes: ours does that without its faults.
    """
    text = _own(target, app_dir, "env.sh.eex", _ENV_SH)
    by_fly_launch = "FLY_IMAGE_REF" in text and variables(text).keys() <= _SET_BY_FLY_LAUNCH
    return "" if by_fly_launch else text


def own_vm_args(target: Target, app_dir: str) -> str:
    """The text of the app's own rel/vm.args.eex, "" where there is none."""
    return _own(target, app_dir, "vm.args.eex", _VM_ARGS)


def variables(env_sh: str) -> dict[str, int]:
    """The variables that an env.sh.eex sets, each with its line."""
    found = re.finditer(r"^[ \t]*(?:export[ \t]+)?([A-Z][A-Z0-9_]+)=", env_sh, re.MULTILINE)
    return {one[1]: files.line_of(env_sh, one.start(1)) for one in found}


def _own(target: Target, app_dir: str, name: str, ours: str) -> str:
    text = target.text(files.join(app_dir, "rel", name)) or ""
    says = re.search(r"^[ \t]*[^# \t\r\n]", text, re.MULTILINE)
    return text if says and ours not in text else ""
