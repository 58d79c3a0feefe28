"""What follows from the answers: lines to add, environments with all their settings, and what they cost."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from .. import naming, wiring
from ..detect.project import TIGRIS
from ..detect.schedules import CALL
from ..detect.workers import NODE_COMMAND
from ..fly import memory, platform
from . import defaults


@pass_context
def lines_to_add(context: Context) -> list[str]:
    """Tell which lines the app's own files need, and where: what `tasks/wire.py --print` prints."""
    path = str(Path(str(context["_copier_conf"]["dst_path"]), context["app_dir"]))
    web_module = context["web_module"] if context["framework"] == "elixir" else ""
    endpoint = defaults.endpoint_file(context) if web_module else ""
    app = wiring.App(path, context["app_dir"], context["stack"], web_module, endpoint)
    return [line.told(app) for line in wiring.LINES[context["framework"]](app)]


@pass_context
def all_environments(context: Context) -> list[dict[str, Any]]:
    """List production and every further environment with all their settings.

    Each has `name`, `app`, `org`, `file` (its fly file), `region`, `vm_memory`, `vm_size`, `min_machines`, `hostname`,
    and `token`, the least that GitHub needs to deploy it, as `fly tokens create` takes it.
    """
    production = {
        "name": "production",
        "app": context["fly_app"],
        "org": context["fly_org"],
        "file": "fly.toml",
        "region": context["primary_region"],
        "vm_memory": context["vm_memory"],
        "vm_size": context["effective"]["vm_size"],
        "min_machines": context["min_machines"],
        "hostname": context["effective"]["hostname"],
    }
    others = [_environment(production, env, context["vm_size"]) for env in context["environments"]]
    # Production runs the first one's image, which a token of one app may not read; no other has such a token.
    promoted = context["scripts"] == "all" and others and others[0]["org"] == production["org"]
    production["token"] = f"org -o {production['org']}" if promoted else f"deploy -a {production['app']}"
    return [production, *others]


def _environment(production: Mapping[str, Any], env: Mapping[str, Any], vm_size: str) -> dict[str, Any]:
    name = str(env["name"])
    app = str(env.get("app") or naming.environment_app(production["app"], name))
    size = str(env.get("vm_memory") or production["vm_memory"])
    return {
        "name": name,
        "app": app,
        "org": str(env.get("org") or production["org"]),
        "file": f"fly.{name}.toml",
        "region": str(env.get("region") or production["region"]),
        "vm_memory": size,
        "vm_size": platform.sizes_for(memory.megabytes(size))[0] if vm_size == "auto" else vm_size,
        "min_machines": env.get("min_machines", production["min_machines"]),
        "hostname": f"{app}.fly.dev",
        "token": f"deploy -a {app}",
    }


@pass_context
def app_secrets(context: Context) -> list[dict[str, Any]]:
    """List the secrets of the app beside those of its framework and database.

    Each has `name`, `how` to make it, and `made`: whether `ops/setup`, or the commands of the documents, make it with
    the service it is for. One of `extra_secrets` that is made so is no longer asked for.
    """
    secrets = {str(secret["name"]): (str(secret["how"]), False) for secret in context["extra_secrets"]}
    for answer, names, how in (
        ("bucket", "bucket_env", "from the provider of the bucket"),
        ("redis", "redis_env", "the address of the Redis, from its provider"),
    ):
        for name in context[names] if context[answer] in ("s3", "url") else ():
            secrets.setdefault(name, (how, False))
    if context["layers"]["litestream"] and context["bucket"] == "s3":
        # Amazon's own has no endpoint to name.
        for name in (name for name in TIGRIS if name != "AWS_ENDPOINT_URL_S3"):
            secrets.setdefault(name, ("from the provider of the bucket", False))
    if any(CALL.fullmatch(one["command"]) for one in context["schedules"]):
        secrets.setdefault("CRON_SECRET", ("openssl rand -hex 32", False))
    if context["bucket"] == "tigris":
        secrets |= dict.fromkeys(TIGRIS, ("set by fly storage create", True))
    if context["redis"] == "upstash":
        secrets |= dict.fromkeys(context["redis_env"], ("from fly redis status", True))
    return [{"name": name, "how": how, "made": made} for name, (how, made) in secrets.items()]


CRON: dict[str, Any] = {"name": "cron", "command": "supercronic -passthrough-logs /etc/crontab", "count": 1}
"""The process group of the schedules. A second machine would run each of them once more."""


@pass_context
def process_groups(context: Context) -> list[dict[str, Any]]:
    """List the process groups beside `app`, as in the answer `workers`: these, and the one that runs the schedules."""
    return [*context["workers"], *([CRON] if context["schedules"] else [])]


def node_commands(answers: Mapping[str, Any]) -> list[str]:
    """List the commands of workers and schedules that start a JavaScript file of the app."""
    commands = [one["command"] for one in (*answers["workers"], *answers["schedules"])]
    return [command for command in commands if NODE_COMMAND.fullmatch(command)]


@pass_context
def traced_commands(context: Context) -> list[str]:
    """List the commands whose files, and what these import, the image of a Next.js app needs beside the app's own."""
    return node_commands(context.get_all())


def _memory_of(group: Mapping[str, Any], env: Mapping[str, Any]) -> str:
    # What runs by the clock is one function of the app, not its traffic.
    most = "512mb" if group is CRON and memory.megabytes(env["vm_memory"]) > 512 else env["vm_memory"]
    return str(group.get("vm_memory") or most)


@pass_context
def machines_of_workers(context: Context, env: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the `process_groups` of an environment (of `all_environments`) with their machines.

    Each has `name`, `command` (in the quotes of TOML), `words` (the command split), `vm_memory`, `vm_size` and `count`.
    """
    return [
        {
            "name": worker["name"],
            "command": json.dumps(worker["command"], ensure_ascii=False),
            "words": shlex.split(worker["command"]),
            "vm_memory": (size := _memory_of(worker, env)),
            "vm_size": platform.sizes_for(memory.megabytes(size))[0]
            if context["vm_size"] == "auto" or worker is CRON
            else env["vm_size"],
            "count": worker.get("count", 1),
        }
        for worker in process_groups(context)
    ]


@pass_context
def monthly_cost(context: Context, environment: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Estimate what an environment, production where none is given, costs in USD for 30 days.

    Returns `total`, `parts` (a text for each item) and `as_of`, the date of the prices.
    """
    prices = platform.catalog("prices")
    env = environment or all_environments(context)[0]
    machines = max(2 if context["ha"] else 1, env["min_machines"])
    each = platform.machine_price(env["vm_size"], memory.megabytes(env["vm_memory"]))
    items = [(f"{machines} x {env['vm_size']} with {env['vm_memory']}", machines * (each or 0))]
    for worker in machines_of_workers(context, env):
        price = platform.machine_price(worker["vm_size"], memory.megabytes(worker["vm_memory"]))
        text = f"{worker['name']}: {worker['count']} x {worker['vm_size']} with {worker['vm_memory']}"
        items.append((text, worker["count"] * (price or 0)))
    match context["database"]:
        case "fly_managed":
            plan = context["effective"]["db_plan"]
            items.append((f"Managed Postgres {plan}", prices["fly_managed"][plan]))
        case "fly_postgres":
            items.append(("one small Postgres machine with 1 GB", prices["fly_postgres_smallest"]))
        case "neon":
            items.append(("Neon by use", 0))
        case "sqlite":
            items.append(("a volume with 1 GB", prices["volume_gb"]))
        case "external":
            items.append(("the database by its own provider", 0))
    if context["layers"]["tigris"]:
        items.append(("Tigris by use", 0))
    if context["redis"] == "upstash":
        items.append(("Upstash Redis by use", 0))
    if context["layers"]["logs"] and env["name"] == "production":
        items.append(("the log shipper", platform.machine_price("shared-cpu-1x", 512) or 0))
    if context["tcp_services"]:
        items.append(("a dedicated IPv4 address", prices["dedicated_ipv4"]))
    return {
        "total": f"{sum(price for _, price in items):.2f}",
        "parts": [f"{what} ${price:.2f}" if price else what for what, price in items],
        "as_of": str(prices["as_of"]),
    }
