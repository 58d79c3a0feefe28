"""The defaults of the questions: what the project says, as far as it says it plainly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from .. import naming
from ..detect import existing, project
from ..detect.nextjs import checks as nextjs_checks
from ..fly import platform
from . import checks, questions


@pass_context
def detected(context: Context, path: str, default: Any = None) -> Any:
    """Return what detection says under a dotted path (`elixir.app_name`), `default` where it is silent."""
    value: Any = project.detect(str(context["_copier_conf"]["dst_path"]), context.get("app_dir"))
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return default if value in (None, "") else value


@pass_context
def uses_database(context: Context) -> bool:
    """Tell whether the app has a database library; an app that is not there yet is given one."""
    if context["stack"] == "nextjs":
        return bool(nextjs_checks.uses_postgres(detected(context, "nextjs", {})))
    return bool(detected(context, "elixir.ecto", True))


@pass_context
def umbrella_apps(context: Context, key: str = "name") -> list[str]:
    """List the umbrella's child apps by name, or those for which `key` holds; none that only development needs."""
    apps = detected(context, "elixir.children", [])
    chosen = [app["name"] for app in apps if app[key] and not app["dev_only"]]
    if key == "repos":
        # The first one's repo gets DATABASE_URL: that of the umbrella's own name, else what most others build on.
        used = [name for app in apps for name in app["deps"]]
        chosen.sort(key=lambda name: (name != context["app_name"], -used.count(name)))
    return chosen


@pass_context
def child_module(context: Context, name: str, key: str = "module") -> str:
    """Name a child app's main module, or with `endpoint` the one its endpoint belongs to, as its code spells it."""
    for app in detected(context, "elixir.children", []):
        if app["name"] == name and app[key]:
            return str(app[key])
    return str(naming.module_name(str(name)))


@pass_context
def tcp_ports(context: Context, http_port: int) -> list[dict[str, Any]]:
    """Suggest the ports that an umbrella's children set for themselves as raw TCP services."""
    return [service for service in detected(context, "elixir.tcp_ports", []) if service["port"] != http_port]


@pass_context
def nearest_elixir(context: Context) -> str:
    """Pick the image whose Elixir and OTP come nearest to the versions that the project names."""
    table = platform.catalog("elixir")
    wanted = detected(context, "elixir.elixir_version", ""), detected(context, "elixir.otp_version", "")
    if not any(wanted):
        return table["default"]

    def distance(key: str) -> tuple[int, int, bool]:
        image = table["images"][key]
        elixir = _minor_distance(wanted[0], image["elixir"]) if wanted[0] else 0
        otp = abs(int(wanted[1].split(".")[0]) - int(image["otp"].split(".")[0])) if wanted[1] else 0
        return elixir, otp, key != table["default"]

    return min((key for key, image in table["images"].items() if not image.get("retired")), key=distance)


def _minor_distance(one: str, other: str) -> int:
    def minor(version: str) -> int:
        digits = re.findall(r"\d+", version)
        return int(digits[0]) * 1000 + int(digits[1]) if len(digits) > 1 else 0

    return abs(minor(one) - minor(other))


@pass_context
def nearest_node(context: Context) -> str:
    """Pick the Node.js line that the project names, the default line where it names none that is left."""
    table = platform.catalog("node")
    wanted = re.findall(r"\d+", str(detected(context, "nextjs.node_version", "")))
    key = wanted[0] if wanted else ""
    return key if key in platform.node_choices() else table["default"]


@pass_context
def from_fly_toml(context: Context, name: str, default: Any) -> Any:
    """Return what the project's own fly.toml sets for a question, `default` where that is nothing, or impossible."""
    env = detected(context, "fly.env", {})
    value = {
        "fly_app": detected(context, "fly.app"),
        "http_port": detected(context, "fly.internal_port"),
        "hostname": env.get("PHX_HOST"),
        "pool_size": env.get("POOL_SIZE"),
        "swap_mb": _text(detected(context, "fly.swap_mb")),
    }.get(name, detected(context, f"fly.{name}"))
    choices = questions.all_questions()[name].get("choices")
    if value is None or (isinstance(choices, dict) and value not in choices.values()):
        return default
    if name in checks.CHECKS and checks.CHECKS[name](value, context.get_all()):
        return default
    # What `auto` stands for stays `auto`.
    same = {
        "hostname": lambda: str(value).endswith(".fly.dev"),
        "pool_size": lambda: int(value) == default_pool(context["database"]),
        "swap_mb": lambda: context["auto_stop"] == "suspend" or value == "512",
        "vm_size": lambda: value == platform.sizes_for(platform.megabytes(context["vm_memory"]))[0],
    }.get(name)
    return default if same and same() else value


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


@pass_context
def env_from_fly_toml(context: Context) -> dict[str, str]:
    """Return the variables that the project's own fly.toml sets, without those that other answers set."""
    env = detected(context, "fly.env", {})
    return {name: value for name, value in env.items() if not checks.CHECKS["extra_env"]({name: value}, {})}


@pass_context
def left_behind(context: Context) -> dict[str, Any]:
    """List what the project's earlier fly.toml (`file`) said and the one that is there now does not (`lines`)."""
    target = str(context["_copier_conf"]["dst_path"])
    before = project.detect(target, context["app_dir"])["fly_toml"]
    now = project.fly_keys(target) if before["file"] else {}
    return {"file": before["file"], "lines": existing.left_behind(before["keys"], now)}


@pass_context
def release_default(context: Context) -> str:
    """Name the release as mix.exs does, else as the app; a name that no release may have is brought into shape."""
    name = str(detected(context, "elixir.release_name", context["app_name"]))
    return name if not checks.CHECKS["release_name"](name, {}) else str(naming.otp_name(name))


def default_pool(database: str) -> int:
    """Give the connections one machine may hold: Ecto's own ten, five where a small Neon compute serves."""
    return 5 if database == "neon" else 10
