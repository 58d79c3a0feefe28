"""What an app that has been deployed before keeps of that, what it does not, and what is in the way.

Detection hands in what it read before the first file was written. Nothing here raises.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

SHOWN = 40
"""So many characters of a value are shown."""
_DURATIONS = {"kill_timeout", "deploy.wait_timeout", "deploy.release_command_timeout"}
# The tables and keys at the top that the template's fly.toml has itself.
_RENDERED = frozenset(
    """
    app primary_region kill_signal kill_timeout swap_size_mb build deploy env http_service services vm metrics
    """.split()  # noqa: SIM905
)
_MAKERS = {
    "mix phx.gen.release": "Find eligible builder and runner images on Docker Hub",
    "fly launch": "LABEL fly_launch_runtime=",
}


def flat(data: Mapping[str, Any], above: str = "") -> dict[str, list[str]]:
    """A parsed fly.toml as dotted key → its values as text, several where a table is there several times.

    Two spellings of one thing come out the same: 30 and "30s", 512 and "512mb", true and "stop".
    """
    found: dict[str, list[str]] = {}
    for name, value in data.items():
        key = f"{above}{name}"
        tables = [value] if isinstance(value, Mapping) else value
        if isinstance(tables, list) and tables and all(isinstance(table, Mapping) for table in tables):
            for table in tables:
                for inner, texts in flat(table, f"{key}.").items():
                    found.setdefault(inner, []).extend(texts)
        elif value not in ({}, []):
            found.setdefault("vm.memory" if key == "vm.memory_mb" else key, []).append(_text(key, value))
    return found


def _text(key: str, value: Any) -> str:
    if key.endswith("auto_stop_machines") and isinstance(value, bool):
        return "stop" if value else "off"
    if key in _DURATIONS and isinstance(value, int):
        return f"{value}s"
    if key in ("vm.memory", "vm.memory_mb"):
        digits = re.fullmatch(r"(\d{1,7})\s*(m|mb|mib|g|gb|gib)?", str(value).strip().lower())
        if digits:
            megabytes = int(digits[1]) * (1024 if (digits[2] or "m")[0] == "g" else 1)
            return f"{megabytes // 1024}gb" if megabytes and megabytes % 1024 == 0 else f"{megabytes}mb"
    return value if isinstance(value, str) else json.dumps(value, default=str)


def unknown(keys: Mapping[str, list[str]]) -> list[str]:
    """The tables and keys at the top of a fly.toml that the template has no place for, in their order."""
    return list(dict.fromkeys(top for key in keys if (top := key.partition(".")[0]) not in _RENDERED))


def left_behind(old: Mapping[str, list[str]], new: Mapping[str, list[str]]) -> list[str]:
    """What an old fly.toml said that the new one does not say, a line for each dotted key."""
    # Of a variable, the name is enough: what it holds may be private.
    return [
        key
        if key.startswith("env.")
        else f"{key} = {_short(values)}{f' (now {_short(new[key])})' if key in new else ''}"
        for key, values in old.items()
        if values != new.get(key)
    ]


def _short(values: list[str]) -> str:
    text = ", ".join(values)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def notes(target: Any, seen: Mapping[str, Any]) -> list[str]:
    """Sentences on what the project has of a deployment, or what answers in the place of ours.

    `target` is the `reading.Target`, `seen` what `detection.examine` says of it.
    """
    return [*_image(target), *_delivery(target, seen), *_mix(target, seen), *_routes(target, seen)]


def _image(target: Any) -> Iterator[str]:
    text = target.text("Dockerfile") or ""
    for maker, mark in _MAKERS.items():
        if mark in text:
            yield f"Dockerfile was written by {maker}; the one of this template takes its place."


def _delivery(target: Any, seen: Mapping[str, Any]) -> Iterator[str]:
    for name in seen["workflows"]:
        if re.search(r"\b(flyctl|fly) deploy\b", target.text(f".github/workflows/{name}") or ""):
            yield f".github/workflows/{name} deploys to Fly.io too; it stays until you remove it."
    if seen["fly_toml"]["file"] not in (None, "fly.toml"):
        yield f"{seen['fly_toml']['file']} is read for defaults and stays; from now on fly.toml at the top is in use."


def _mix(target: Any, seen: Mapping[str, Any]) -> Iterator[str]:
    file = f"{'' if seen['app_dir'] == '.' else seen['app_dir']}/mix.exs".lstrip("/")
    if (seen["elixir"] or {}).get("releases") and "rel/releases.exs" not in (target.text(file) or ""):
        yield f"{file} has a `releases:` of its own, which stays; the line for its place is printed after the copy."


def _routes(target: Any, seen: Mapping[str, Any]) -> Iterator[str]:
    app_dir = seen["app_dir"] or "."
    elixir, nextjs = seen["elixir"] or {}, seen["nextjs"] or {}
    if elixir.get("web_lib"):
        router = "/".join(part for part in (app_dir, elixir["web_lib"], "router.ex") if part != ".")
        for path in re.findall(r'"(/(?:livez|readyz))"', target.text(router) or ""):
            yield f"{router} has {path}, which the health plug answers before the router is asked."
    if nextjs.get("router") == "app":
        ours = f"route.{'ts' if nextjs['typescript'] else 'js'}"
        for name in ("livez", "readyz"):
            parts = (app_dir, "src" if nextjs["src_dir"] else ".", "app", name)
            folder = "/".join(part for part in parts if part != ".")
            for file in target.names(folder):
                if re.fullmatch(r"(route|page)\.\w+", file) and file != ours:
                    yield f"{folder}/{file} answers the same address as {folder}/{ours}; remove one of them."
