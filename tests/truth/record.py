"""Keeps the commands and flags of the real flyctl in `flyctl-commands.json`.

Machines without flyctl have the file alone. `python -m tests.truth.record` writes it from the flyctl on PATH,
and a test shows that both agree.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

KEPT = Path(__file__).with_name("flyctl-commands.json")
# A binary built from source calls itself a development version, so the one that was recorded is named here.
VERSION = "0.4.83"

# What no help text shows. Hidden commands have a help of their own, so their names are enough. From flyctl
# v0.4.83, internal/command/*/, the lines that set `Hidden`.
HIDDEN_COMMANDS = {
    (): ["curl", "destroy", "move", "open", "regions", "registry"],
    ("auth",): ["token"],
    ("machine",): ["egress-ip"],
    ("machine", "egress-ip"): ["allocate"],
    ("postgres",): ["add_flycast", "barman"],
    ("secrets",): ["keys"],
    ("tokens",): ["deploy", "org"],
}
# Flags with `Hidden: true` and aliases of flags whose description does not name them.
HIDDEN_FLAGS = {
    ("deploy",): {  # internal/command/deploy/deploy.go
        "--export-manifest": "value",
        "--from-manifest": "value",
        "--only-regions": "value",
        "--force-machines": "switch",
        "--immediate-max-concurrent": "value",
    },
    ("launch",): {"--from-manifest": "value", "--manifest": "switch", "--force-name": "switch"},
    ("logs",): {"--instance": "value"},  # internal/command/logs/logs.go
    ("mpg", "create"): {"--v2": "switch"},  # internal/command/mpg/create.go
    ("scale", "vm"): {"--memory": "value"},  # internal/command/scale/vm.go
}
# Arguments that a command reads and its usage line does not name: the organization or the machine.
UNSAID_ARGS = {
    ("image", "show"): "[machine_id]",  # internal/command/image/show.go
    ("tokens", "create", "org"): "[org]",  # internal/command/tokens/create.go
    ("tokens", "create", "readonly"): "[org]",
    ("tokens", "org"): "[org]",
}

_FLAG = re.compile(r"^ {2,6}(?:(-\w), )?(--[\w-]+)(?:\[?( |=)?([\w-]+)?(\[=[^\]]*\])?)?(?:  |$)")
_COMMAND = re.compile(r"^  (\S+) +\S")
_ALSO = re.compile(r"\(also (--[^)]*)\)")


def flyctl() -> str | None:
    """Return the path of the flyctl on PATH, None when there is none."""
    return shutil.which("flyctl") or shutil.which("fly")


def quiet_environment(home: str | None = None) -> dict[str, str]:
    """Return an environment in which flyctl calls nobody; `home` keeps its files out of the user's own."""
    quiet = {"FLY_NO_UPDATE_CHECK": "1", "FLY_SEND_METRICS": "0", "NO_COLOR": "1"}
    clean = {key: value for key, value in os.environ.items() if not key.startswith("FLY_")}
    return clean | quiet | ({"HOME": home} if home else {})


def released_version(binary: str) -> str:
    """Return the version the binary states, empty for a build from source, which states a made-up one."""
    said = subprocess.run(
        [binary, "version", "--json"], env=quiet_environment(), capture_output=True, text=True, check=True
    )
    stated = json.loads(said.stdout)["Version"]
    return "" if "dev" in stated else stated


def walk(binary: str) -> dict[str, Any]:
    """Read all commands from the help texts of a flyctl binary.

    Returns `version`, `global` (the flags that every command has) and `commands` by their full name (such as
    "mpg create"; "" is flyctl itself). Each has `aliases`, `args` (positional arguments as the help writes
    them) and its flags by kind: "value" needs one, "switch" has none, "optional" takes one after `=` only.
    """
    commands: dict[str, dict[str, Any]] = {}
    with ThreadPoolExecutor(4) as pool:
        names = [()]
        while names:
            read = list(pool.map(lambda name: parse(_help(binary, name), name), names))
            below = []
            for name, command in zip(names, read, strict=True):
                children = {*command.pop("children"), *HIDDEN_COMMANDS.get(name, [])} - {"help"}
                below += [(*name, child) for child in sorted(children)]
                command["flags"] |= HIDDEN_FLAGS.get(name, {})
                command["args"] = UNSAID_ARGS.get(name, command["args"])
                commands[" ".join(name)] = command
            names = below
    shared = {
        flag: kind
        for flag, kind in commands[""]["flags"].items()
        if all(command["flags"].get(flag) == kind for command in commands.values())
    }
    for command in commands.values():
        own = {flag: kind for flag, kind in command.pop("flags").items() if flag not in shared}
        command.update(_by_kind(own))
    return {"version": VERSION, "global": _by_kind(shared), "commands": commands}


def _by_kind(flags: dict[str, str]) -> dict[str, str]:
    # One line per kind keeps the file short, and a flag that comes or goes shows as one changed line.
    kinds = sorted(set(flags.values()))
    return {kind: " ".join(sorted(flag for flag in flags if flags[flag] == kind)) for kind in kinds}


def _help(binary: str, path: tuple[str, ...]) -> str:
    said = subprocess.run(
        [binary, *path, "--help"],
        env=quiet_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return said.stdout


def parse(text: str, path: tuple[str, ...]) -> dict[str, Any]:
    """Read one help text: `aliases`, `args`, `flags`, and the names of its sub-commands as `children`."""
    _, _, listed = text.partition("Usage:\n")
    sections: dict[str, list[str]] = {"Usage": []}
    current = "Usage"
    for line in listed.splitlines():
        if line and not line.startswith(" "):
            current = line.rstrip(":")
            sections[current] = []
        else:
            sections[current].append(line)
    flags: dict[str, str] = {}
    aliases: list[str] = []
    children: list[str] = []
    for title, lines in sections.items():
        if title in ("Flags", "Global Flags"):
            flags |= _flags(lines)
        elif title == "Aliases":
            aliases = [name.strip() for name in " ".join(lines).split(",")]
        elif title not in ("Usage", "Examples") and not title.startswith('Use "'):
            children += [found[1] for line in lines if (found := _COMMAND.match(line))]
    name = path[-1] if path else "flyctl"
    return {
        "aliases": sorted(set(aliases) - {name}),
        "args": _arguments(sections["Usage"], path),
        "flags": dict(sorted(flags.items())),
        "children": children,
    }


def _arguments(usage: list[str], path: tuple[str, ...]) -> str:
    for line in usage:
        words = line.split()
        if words and words[-1] != "[command]":
            return " ".join(word for word in words[len(path) + 1 :] if word != "[flags]")
    return ""


def _flags(lines: list[str]) -> dict[str, str]:
    flags: dict[str, str] = {}
    name = ""
    described: dict[str, str] = {}
    for line in lines:
        if found := _FLAG.match(line):
            short, name, _, kind, optional = found.groups()
            flags[name] = "optional" if optional else "value" if kind else "switch"
            if short:
                flags[short] = flags[name]
            described[name] = line
        elif name:
            described[name] += " " + line.strip()
    for name, text in described.items():
        for also in _ALSO.findall(text):
            flags |= {alias.strip(): flags[name] for alias in also.split(",")}
    return flags


def main() -> None:
    """Write the kept list from the flyctl on PATH."""
    binary = flyctl()
    if not binary:
        sys.exit("There is no flyctl on PATH.")
    KEPT.write_text(json.dumps(walk(binary), indent=1, sort_keys=True) + "\n")
    print(f"{KEPT.name}: flyctl {VERSION}")


if __name__ == "__main__":
    main()
