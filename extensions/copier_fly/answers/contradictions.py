"""Answers that contradict what the project says: told once all are given and before anything is written, never refused.

A rule yields a warning for an answer that the files speak against; its text is in `detect/warnings.yml`. The defaults
follow the files, so it is about an answer of the user's own, or about a stored one that the project outgrew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from jinja2 import pass_context
from jinja2.runtime import Context

from ..detect import files
from ..detect.files import Target
from ..detect.project import NEON_DRIVERS, Client, Project, ProjectWarning
from ..detect.warnings import warning
from ..stacks import STACKS
from . import defaults

Place = tuple[str, int | None]
Rule = Callable[[Context, Target, Project], Iterator[ProjectWarning]]

_KINDS = {"postgres": "PostgreSQL", "mysql": "MySQL", "sqlite": "SQLite", "mongodb": "MongoDB", "mssql": "SQL Server"}
_ECTO_DRIVERS = {"postgres": ":postgrex", "sqlite": ":ecto_sqlite3", "mysql": ":myxql", "mssql": ":tds"}
_ORMS = {"prisma": ("Prisma", "prisma"), "drizzle": ("Drizzle", "drizzle-orm"), "sql": ("SQL files", "")}
"""An answer to `orm` → what it is called, and the package that it is of."""


def _mix_files(project: Project) -> list[str]:
    """The mix.exs of the app and those of an umbrella's apps, relative to the target."""
    folders = [".", *(app.dir for app in project.elixir.umbrella_apps)]
    return [files.join(project.app_dir or ".", folder, "mix.exs") for folder in folders]


def _package_files(project: Project) -> list[str]:
    folders = {project.app_dir or ".": None, project.nextjs.database_package or ".": None}
    return [files.join(folder, "package.json") for folder in folders]


def _advised(project: Project, answer: str) -> bool:
    """Whether a warning on the project names this answer as the one for it."""
    return any(answer in one.action for one in project.warnings)


def _engine(choice: str, engine: str) -> str:
    """What kind of database an answer stands for."""
    return engine if choice == "external" else choice if choice in ("none", "sqlite") else "postgres"


def _ecto_driver(target: Target, project: Project) -> tuple[str, Place, str]:
    adapter = project.elixir.db_adapter or "postgres"
    driver = _ECTO_DRIVERS.get(adapter, ":ecto")
    return driver, target.where(_mix_files(project), driver), _KINDS.get(adapter, adapter)


def _node_driver(target: Target, project: Project) -> tuple[str, Place, str]:
    app = project.nextjs
    driver = app.db_driver or _ORMS.get(app.orm or "", ("", ""))[1] or "payload"
    return (
        driver,
        target.where(_package_files(project), f'"{driver}"'),
        _KINDS.get(app.kind or "postgres", app.kind or ""),
    )


_DRIVERS: dict[str, Callable[[Target, Project], tuple[str, Place, str]]] = {
    "elixir": _ecto_driver,
    "nextjs": _node_driver,
}
"""Framework → the package that reaches the database, the place that names it, and what the database is called."""


def database(context: Context, target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The answer `database` is none, or of another kind than what the code uses."""
    app = getattr(project, context["framework"])
    choice, answer = app.database_choice, context["database"]
    engine = context["database_engine"] if answer == "external" else ""
    uses = _engine(choice, app.database_engine)
    if uses == "none" or _advised(project, f"database={answer}"):
        return
    driver, place, found = _DRIVERS[context["framework"]](target, project)
    if answer == "none":
        yield warning("answer-no-database", place, found=found, choice=choice)
    elif _engine(answer, engine) != uses:
        given = f"database={answer}" + (f", database_engine={engine}" if engine else "")
        yield warning("answer-other-database", place, found=found, choice=choice, given=given)
    elif answer in ("fly_managed", "fly_postgres") and project.nextjs.db_driver in NEON_DRIVERS:
        yield warning("answer-not-neon", place, driver=driver, given=answer)


def assets(context: Context, target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The answer `assets` is none, another package manager, or builds what no alias does."""
    found, answer = project.elixir.assets, context["assets"]
    if context["framework"] != "elixir" or found == answer:
        return
    place = target.where(_mix_files(project), "assets.deploy")
    alias = place[1] is not None
    if answer == "none":
        if alias and found != "none":
            yield warning("answer-no-assets", place, found=found)
    elif not alias:
        yield warning("answer-assets", place, given=answer)
    elif found != "none":
        yield warning("answer-asset-packages", place, given=answer, found=found)


def asset_apps(context: Context, target: Target, project: Project) -> Iterator[ProjectWarning]:
    """An app of the umbrella has assets that the answer `asset_apps` leaves out."""
    if context["stack"] != "umbrella" or context["assets"] == "none" or not context["asset_apps"]:
        return
    for name in defaults.apps_with_assets(context):
        if name not in context["asset_apps"]:
            folder = next(app.dir for app in project.elixir.umbrella_apps if app.name == name)
            place = target.where([files.join(project.app_dir or ".", folder, "mix.exs")], "assets.deploy")
            yield warning("answer-asset-apps", place, name=name, apps=", ".join([*context["asset_apps"], name]))


def orm(context: Context, target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The answer `orm` is none, or one that the app does not have."""
    found, answer = project.nextjs.orm or "none", context["orm"]
    if context["framework"] != "nextjs" or found in ("none", answer) or context["migration_command"]:
        return
    if _advised(project, f"orm={answer}"):
        return
    there = _ORMS.get(answer, ("", ""))[1]
    if context["database"] != "none" and not (there and target.where(_package_files(project), f'"{there}"')[1]):
        name, package = _ORMS[found]
        place = target.where(_package_files(project), f'"{package}"')
        yield warning("answer-orm", place, found=name, given=answer, choice=found)


def clients(context: Context, _: Target, project: Project) -> Iterator[ProjectWarning]:
    """The code has a client of Redis or of a bucket, and the answer `redis` or `bucket` is none."""
    asked: dict[str, tuple[Client, str]] = {
        "redis": (project.redis, project.redis.choice),
        "bucket": (project.bucket, defaults.bucket_default(context)),
    }
    for question, (client, choice) in asked.items():
        if choice != "none" and context[question] == "none":
            names = ", ".join(client.variables) or "its address and keys"
            place = client.file, client.line
            yield warning(
                "answer-no-client", place, package=client.package, question=question, names=names, choice=choice
            )


def workers(context: Context, _: Target, project: Project) -> Iterator[ProjectWarning]:
    """Something runs beside the web app or by the clock, and the answer `workers` or `schedules` is []."""
    for worker in project.workers if defaults.own_workers(context) and not context["workers"] else ():
        if worker.served:
            yield warning("answer-no-workers", (worker.file, worker.line), command=worker.command, name=worker.name)
    for one in project.schedules if defaults.own_schedules(context) and not context["schedules"] else ():
        yield warning("answer-no-schedules", (one.file, one.line), command=one.command, name=one.name, cron=one.cron)


RULES: tuple[Rule, ...] = (database, assets, asset_apps, orm, clients, workers)


@pass_context
def contradictions(context: Context) -> list[ProjectWarning]:
    """Return a warning for each answer that the project's files speak against."""
    project = defaults.detected(context)
    if project.stack is None or STACKS[project.stack].framework != context["framework"]:
        return []
    target = Target(str(Path(str(context["_copier_conf"]["dst_path"])).resolve()))
    return [one for rule in RULES for one in rule(context, target, project)]
