"""Reads fly.toml: under the names of the questions, and as flat keys to compare two of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..detect.project import FlyToml, Worker
from . import memory

SHOWN = 40
"""Maximum number of characters shown of a value."""
_DURATIONS = {"kill_timeout", "deploy.wait_timeout", "deploy.release_command_timeout"}
# The only group, unless [processes] has others. There, "" is the image's own command.
_ONE_GROUP = ("processes", ["app"])
# The tables and keys at the top that the template's fly.toml has itself.
_RENDERED = frozenset(
    """
    app primary_region kill_signal kill_timeout swap_size_mb build deploy env http_service services vm metrics
    """.split()  # noqa: SIM905
)


def flat(data: Mapping[str, Any], above: str = "") -> dict[str, list[str]]:
    """A parsed fly.toml as dotted key → its values as text, several where a table is there several times.

    Two spellings of one thing come out the same: 30 and "30s", 512 and "512mb", true and "stop", a machine by its
    size and by its processor.
    """
    found: dict[str, list[str]] = {}
    for name, value in data.items():
        key = f"{above}{name}"
        if key == "vm.memory_mb" and "memory" in data:
            continue  # the same once more
        tables = [value] if isinstance(value, Mapping) else value
        if isinstance(tables, list) and tables and all(isinstance(table, Mapping) for table in tables):
            for table in tables:
                for inner, texts in flat(_by_size(table) if key == "vm" else table, f"{key}.").items():
                    found.setdefault(inner, []).extend(texts)
        elif value not in ({}, []) and (key, value) != ("processes.app", "") and (name, value) != _ONE_GROUP:
            found.setdefault("vm.memory" if key == "vm.memory_mb" else key, []).append(_text(key, value))
    return found


def _text(key: str, value: Any) -> str:
    if key.endswith("auto_stop_machines"):
        value = _stopping(value)
    if key in _DURATIONS and isinstance(value, int):
        return f"{value}s"
    if key in ("vm.memory", "vm.memory_mb"):
        value = _memory(value) or value
    return value if isinstance(value, str) else json.dumps(value, default=str)


def unknown(keys: Mapping[str, list[str]], volume: bool = False, groups: bool = False) -> list[str]:
    """The tables and keys at the top of a fly.toml that the template has no place for, in their order.

    With `volume` there is one for mounts, with `groups` for processes.
    """
    rendered = _RENDERED | ({"mount", "mounts"} if volume else set()) | ({"processes"} if groups else set())
    return list(dict.fromkeys(top for key in keys if (top := key.partition(".")[0]) not in rendered))


def left_behind(old: Mapping[str, list[str]], new: Mapping[str, list[str]]) -> list[str]:
    """What an old fly.toml said that the new one does not say, a line for each dotted key."""
    # Of a variable, the name is enough: what it holds may be private.
    return [
        key
        if key.startswith("env.")
        else f"{key} = {_short(values)}{f' (now {_short(new[key])})' if key in new else ''}"
        for key, values in old.items()
        if values != new.get(key) and key != "vm.processes"
    ]


def _short(values: list[str]) -> str:
    text = ", ".join(values)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def settings(data: Mapping[str, Any]) -> FlyToml:
    """What a parsed fly.toml says under the names of the questions; what is of another type is left out."""

    def table(key: str) -> Mapping[str, Any]:
        value = data.get(key)
        value = value[0] if isinstance(value, list) and value else value
        return value if isinstance(value, Mapping) else {}

    vm, http, metrics, deploy = _vm(data, "app"), table("http_service"), table("metrics"), table("deploy")
    mount = table("mounts") or table("mount")
    return FlyToml(
        app=_string(data.get("app")),
        primary_region=_string(data.get("primary_region")),
        internal_port=_number(http.get("internal_port", table("services").get("internal_port"))),
        vm_size=_string(vm.get("size", _size(vm))),
        vm_memory=_memory(vm.get("memory", vm.get("memory_mb"))),
        swap_mb=_number(data.get("swap_size_mb")),
        strategy=_string(deploy.get("strategy")),
        auto_stop=_string(_stopping(http.get("auto_stop_machines"))),
        min_machines=_number(http.get("min_machines_running")),
        metrics_port=_number(metrics.get("port")) if metrics.get("path", "/metrics") == "/metrics" else None,
        volume=_string(mount.get("source")),
        mounted_at=_string(mount.get("destination")),
        env=_env(data.get("env")),
        workers=_workers(data),
    )


def _vm(data: Mapping[str, Any], group: str) -> Mapping[str, Any]:
    """The [[vm]] that counts for a process group: its own before that for all."""
    value = data.get("vm")
    tables = [table for table in (value if isinstance(value, list) else [value]) if isinstance(table, Mapping)]
    groups = [table.get("processes") for table in tables]
    own = [table for table, names in zip(tables, groups, strict=True) if isinstance(names, list) and group in names]
    return next(iter([*own, *(table for table, names in zip(tables, groups, strict=True) if not names)]), {})


def _workers(data: Mapping[str, Any]) -> tuple[Worker, ...]:
    processes = data.get("processes")
    if not isinstance(processes, Mapping) or "app" not in processes:
        return ()
    found = []
    for name, command in processes.items():
        # What the schedules run is an answer of its own.
        if name != "app" and isinstance(command, str) and not runs_supercronic(command):
            vm = _vm(data, name)
            found.append(Worker(name, command, vm_memory=_memory(vm.get("memory", vm.get("memory_mb")))))
    return tuple(found)


def runs_supercronic(command: str) -> bool:
    """Whether a process group is there to run schedules."""
    return command.partition(" ")[0].rpartition("/")[2] == "supercronic"


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _size(vm: Mapping[str, Any]) -> str | None:
    cpus = vm.get("cpus", 1)
    names = {"shared": f"shared-cpu-{cpus}x", "performance": f"performance-{cpus}x"}
    return names.get(vm.get("cpu_kind", "")) if isinstance(cpus, int) else None


def _by_size(vm: Mapping[str, Any]) -> Mapping[str, Any]:
    if "size" in vm or not (size := _size(vm)):
        return vm
    return {"size": size, **{name: value for name, value in vm.items() if name not in ("cpu_kind", "cpus")}}


def _memory(value: Any) -> str | None:
    try:
        return memory.words(memory.megabytes(value))
    except ValueError:
        return None


def _stopping(value: Any) -> Any:
    return {True: "stop", False: "off"}[value] if isinstance(value, bool) else value


def _env(data: Any) -> dict[str, str]:
    """Variables as the text they are set to."""
    env = data if isinstance(data, Mapping) else {}
    plain = {name: value for name, value in env.items() if isinstance(value, str | int | float)}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in plain.items()}
