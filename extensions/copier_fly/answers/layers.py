"""When each layer of `template/` is rendered: all the conditions, in one table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from ..stacks import foreign_layers
from .derived import node_commands


def wanted(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Tell for each layer whether these answers ask for it; a layer of another framework is not yet left out."""
    elixir, database = answer["framework"] == "elixir", answer["database"]
    scripts, github = answer["scripts"] == "all", answer["github"]
    # A Postgres that the scripts make, copy and restore.
    postgres = database in {"fly_managed", "fly_postgres", "neon"}
    sqlite, external = database == "sqlite", database == "external"
    other_server = external and not answer["speaks_postgres"]
    # Migrations that a tool of the app's own applies, to any database.
    own_command = not elixir and database != "none" and bool(answer["migration_command"])
    by_orm = not elixir and answer["orm"] != "none" and not other_server
    migrations = database != "none" and (elixir or own_command or by_orm)
    # A release machine has no volume: migrations of SQLite run where the app runs, before it starts.
    release_command = migrations and not sqlite
    # Plain SQL files have no tool but the runner.
    by_us = release_command and not own_command
    cli = by_us and answer["migration_runner"] == "cli" and answer["orm"] in {"prisma", "drizzle"}
    litestream = sqlite and answer["sqlite_replica"] == "litestream"
    push = github and answer["deploy_on"] == "push"
    return {
        "elixir": True,
        # Ours is rel/env.sh.eex itself, or beside the app's own.
        "env_sh": elixir and not answer["own_env_sh"],
        "fly_sh": elixir and answer["own_env_sh"],
        "nextjs": True,
        "scripts": scripts,
        "no_scripts": not scripts,
        # --- The database
        "no_database": database == "none",
        "fly_managed": database == "fly_managed",
        "fly_postgres": database == "fly_postgres",
        "neon": database == "neon",
        "postgres": postgres,
        "sqlite": sqlite,
        "external": external,
        "ecto": database != "none",
        "ecto_sqlite": sqlite,
        "litestream": litestream,
        "repos": database != "none" and not sqlite and len(answer["repo_otp_apps"]) > 1,
        "nextjs_database": answer["speaks_postgres"],
        "nextjs_sqlite": sqlite,
        "nextjs_external": other_server,
        # --- Services beside it
        "bucket": answer["bucket"] != "none",
        "tigris": answer["bucket"] == "tigris" or (litestream and answer["bucket"] == "none"),
        "redis": answer["redis"] != "none",
        "upstash": answer["redis"] == "upstash",
        # --- Its migrations
        "migrations": migrations,
        "release_command": release_command,
        "cli": cli,
        "runner": by_us and not cli,
        "own_command": own_command,
        # --- Delivery
        "github": github,
        "push": push,
        # A push is deployed after its tests, so it brings them along even where another workflow runs them too.
        "ci": github and (answer["ci"] or push),
        "review": github and scripts and answer["review_apps"],
        "logs": answer["log_shipper"] != "none",
        "watch": github and scripts and answer["alerts"] != "none",
        "offsite_backups": github and scripts and postgres and answer["offsite_backups"],
        "template_updates": github and answer["template_updates"],
        # --- Beside
        "workers": answer["workers"],
        "nextjs_workers": node_commands(answer),
        "schedules": answer["schedules"],
        "nextjs_schedules": answer["schedules"],
        "tcp": answer["tcp_services"],
        "compose": answer["compose"],
    }


@pass_context
def layers(context: Context) -> str:
    """Return the layers as JSON, each "." (in) or "" (out): the first part of a path in `template/`."""
    foreign = foreign_layers(context["stack"])
    return json.dumps(
        {name: "." if put and name not in foreign else "" for name, put in wanted(context.get_all()).items()}
    )
