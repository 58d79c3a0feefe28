"""The defaults of the questions: what the project says, as far as it says it plainly."""

from __future__ import annotations

import re
import shlex
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from .. import naming
from ..detect import files
from ..detect.elixir.app import PROGRAMS
from ..detect.examine import detect, fly_keys
from ..detect.nextjs.environment import DATABASE_STAND_IN
from ..detect.project import TIGRIS, Project, UmbrellaApp, Variable
from ..fly import memory, platform, toml
from ..stacks import FRAMEWORKS
from . import checks, questions


@pass_context
def detected(context: Context) -> Project:
    """Return what the target says about itself and about the app in `app_dir`, as far as that is answered."""
    run = context["_copier_conf"]
    # Before the first question the answers have nothing of what the command gives (-d).
    return detect(str(run["dst_path"]), context.get("app_dir", run["data"].get("app_dir")))


@pass_context
def endpoint_file(context: Context) -> str:
    """Return the file of the web module's endpoint, or of the only one, relative to the app; else nothing."""
    found = detected(context).elixir.endpoints
    named = [one for one in found if one.module == f"{context['web_module']}.Endpoint"]
    return named[0].file if named else found[0].file if len(found) == 1 else ""


@pass_context
def app_name_default(context: Context, framework: str) -> str:
    """Return the app's name as its project has it, else that of the folder; a possible name made of one that is not."""
    project = detected(context)
    name = getattr(project, framework).name
    possible = name and re.fullmatch(FRAMEWORKS[framework].name, name)
    return name if name and possible else naming.otp_name(name or project.folder)


MADE_BY = dict.fromkeys(
    (
        *("AUTH_SECRET", "NEXTAUTH_SECRET", "BETTER_AUTH_SECRET", "AUTH0_SECRET", "WORKOS_COOKIE_PASSWORD"),
        "PAYLOAD_SECRET",
    ),
    "openssl rand -base64 32",
)
"""Secrets that are random, and the command that their libraries' documentation makes them with."""


def _how_made(variable: Variable) -> str:
    # Where a library reads it, no line of the app names it.
    reads = "a library of the app" if variable.file.endswith("package.json") else variable.file
    return MADE_BY.get(
        variable.name,
        f"its value for production, from the service that it is for or from where the app runs now; {reads} reads it",
    )


@pass_context
def secrets_read_at_run_time(context: Context) -> list[dict[str, str]]:
    """List the variables that the app does not boot without, as an answer for `extra_secrets`."""
    project = detected(context)
    read = project.elixir.variables_at_run_time if project.stack != "nextjs" else project.nextjs.variables
    same = project.nextjs.database_variables if project.nextjs.uses_database else ()
    database = _own_address(project)
    found = {one.name: _how_made(one) for one in read if one.name != database}
    named = [variable.name for variable in same] + [project.elixir.own_database_variable or ""]
    found |= {name: "the same value as DATABASE_URL" for name in named if name}
    return [{"name": name, "how": how} for name, how in found.items()]


@pass_context
def programs_at_run_time(context: Context) -> list[str]:
    """List the Debian packages of the programs that the app's dependencies run, as an answer for `apt_packages`."""
    found = [packages for name, (_, packages) in PROGRAMS.items() if name in detected(context).elixir.deps]
    return sorted({package for packages in found for package in packages})


@pass_context
def stand_ins(context: Context) -> dict[str, str]:
    """Give each variable that the code checks a value that passes, as an answer for `build_env`.

    What the project's own Dockerfile builds the app with comes before.
    """
    nextjs = detected(context).nextjs
    same = nextjs.database_variables if nextjs.uses_database else ()
    found = {variable.name: DATABASE_STAND_IN for variable in same}
    found |= {variable.name: variable.stand_in for variable in nextjs.variables if variable.stand_in}
    return found | dict(nextjs.build_values)


@pass_context
def build_script(context: Context) -> str:
    """Return the command that builds a Next.js app whose script `build` is missing or asks a database, else ""."""
    nextjs = detected(context).nextjs
    if nextjs.build_command:
        return nextjs.build_command
    if nextjs.build_script == "build" or nextjs.next_version is None:
        return ""
    run = platform.catalog("node")["managers"][context["package_manager"]]["run"]
    return f"{run} {shlex.quote(nextjs.build_script)}" if nextjs.build_script else "next build"


def _own_address(project: Project) -> str | None:
    """The variable of a database that is not PostgreSQL, for which the answer `database_env` stands."""
    app = project.nextjs if project.stack == "nextjs" else project.elixir
    return app.database_variable if app.database_choice in ("sqlite", "external") else None


def released_apps(context: Context) -> list[UmbrellaApp]:
    """List the umbrella's apps, without those that only development needs."""
    return [app for app in detected(context).elixir.umbrella_apps if not app.dev_only]


@pass_context
def umbrella_apps(context: Context) -> list[str]:
    """Name the umbrella's apps that a release starts."""
    return [app.name for app in released_apps(context)]


@pass_context
def apps_with_endpoint(context: Context) -> list[str]:
    """Name the umbrella's apps that have an endpoint."""
    return [app.name for app in released_apps(context) if app.has_endpoint]


@pass_context
def web_app_default(context: Context) -> str:
    """Name the umbrella's app that serves HTTP: of an endpoint that is answered already, else the detected one."""
    answered = [
        app.name for app in released_apps(context) if app.web_module and app.web_module == context.get("web_module")
    ]
    known = detected(context).elixir.web_app
    return next(
        iter([*answered, *([known] if known else []), *apps_with_endpoint(context)]), f"{context['app_name']}_web"
    )


@pass_context
def apps_with_assets(context: Context) -> list[str]:
    """Name the umbrella's apps whose own alias assets.deploy builds something; of one that is to come the web app."""
    if not detected(context).elixir.umbrella_apps:
        return [context["web_app"]]
    return [app.name for app in released_apps(context) if app.has_assets and app.name in context["release_apps"]]


@pass_context
def apps_with_repo(context: Context) -> list[str]:
    """Name the umbrella's apps that own a repository.

    The first one's repo gets DATABASE_URL: that of the umbrella's own name, else what most others build on.
    """
    used = [name for app in detected(context).elixir.umbrella_apps for name in app.needs]
    names = [app.name for app in released_apps(context) if app.repos]
    return sorted(names, key=lambda name: (name != context["app_name"], -used.count(name)))


def _umbrella_app(context: Context, name: str) -> UmbrellaApp:
    apps = detected(context).elixir.umbrella_apps
    return next((app for app in apps if app.name == name), UmbrellaApp(name, f"apps/{name}"))


@pass_context
def umbrella_module(context: Context, name: str) -> str:
    """Name the main module of an umbrella's app, as its code spells it."""
    return _umbrella_app(context, name).module or naming.module_name(name)


@pass_context
def umbrella_web_module(context: Context, name: str) -> str:
    """Name the module that the endpoint of an umbrella's app belongs to, as its code spells it."""
    return _umbrella_app(context, name).web_module or naming.module_name(name)


@pass_context
def web_lib_default(context: Context) -> str:
    """Name the folder of the web module's files, relative to the app: that of its endpoint, else the generator's."""
    module = str(context["web_module"])
    for endpoint in detected(context).elixir.endpoints:
        folder = files.folder_of(endpoint.file)
        if endpoint.web_module == module and not f"/{folder}".endswith("/lib"):
            return folder
    return files.join(_app_folder(context, context["web_app"]), "lib", naming.underscore(module))


@pass_context
def app_lib_default(context: Context) -> str:
    """Name the folder of the main module's files, relative to the app: the detected one, else the generator's."""
    module = str(context["app_module"])
    owner = [*(context["repo_apps"] or ()), context["web_app"]][0] if context["stack"] == "umbrella" else None
    app = _umbrella_app(context, owner) if owner else None
    elixir = detected(context).elixir
    known = {app.module: app.lib} if app else {elixir.app_module: elixir.app_lib}
    return known.get(module) or files.join(_app_folder(context, owner), "lib", naming.underscore(module))


@pass_context
def release_module_default(context: Context) -> str:
    """Name the module that gets the migrations: Release, or FlyRelease beside a Release that the app has."""
    has_own = detected(context).elixir.has_release(context["app_module"], context["web_module"], context["app_lib"])
    return "FlyRelease" if has_own else "Release"


def _app_folder(context: Context, umbrella_app: str | None) -> str:
    return f"apps/{umbrella_app}" if context["stack"] == "umbrella" else "."


@pass_context
def tcp_ports(context: Context, http_port: int) -> list[dict[str, Any]]:
    """Suggest the ports that an umbrella's apps set for themselves as raw TCP services."""
    return [
        {"name": service.name, "port": service.port}
        for service in detected(context).elixir.tcp_ports
        if service.port != http_port
    ]


@pass_context
def nearest_elixir(context: Context) -> str:
    """Pick the image whose Elixir and OTP come nearest to the versions that the project names."""
    elixir = detected(context).elixir
    return platform.nearest_elixir(elixir.elixir_version, elixir.otp_version)


@pass_context
def nearest_node(context: Context) -> str:
    """Pick the Node.js line that the project names, or the nearest to it; the default line where it names none."""
    return platform.nearest_node(detected(context).nextjs.node_version)


@pass_context
def from_fly_toml(context: Context, name: str, default: Any) -> Any:
    """Return what the project's own fly.toml sets for a question, `default` where that is nothing, or impossible."""
    said = detected(context).existing_deployment.fly_toml
    value: Any = {
        "fly_app": said.app,
        "http_port": said.internal_port,
        "hostname": said.env.get("PHX_HOST"),
        "pool_size": said.env.get("POOL_SIZE"),
        "swap_mb": None if said.swap_mb is None else str(said.swap_mb),
        "vm_size": said.vm_size,
        "strategy": said.strategy,
        "auto_stop": said.auto_stop,
        "min_machines": said.min_machines,
        "metrics_port": said.metrics_port,
        "volume": said.volume,
        "database_file": said.env.get(str(context.get("database_env"))),
    }[name]
    choices = questions.all_questions()[name].get("choices")
    if value is None or (isinstance(choices, dict) and value not in choices.values()):
        return default
    if name in checks.CHECKS and checks.CHECKS[name](value, context.get_all()):
        return default
    return default if _is_auto(context, name, value) else value


def _is_auto(context: Context, name: str, value: Any) -> bool:
    """Whether a value is what `auto` stands for; then the answer stays `auto`."""
    match name:
        case "hostname":
            return str(value).endswith(".fly.dev")
        case "pool_size":
            return int(value) == default_pool(context["database"])
        case "swap_mb":
            return bool(context["auto_stop"] == "suspend" or value == "512")
        case "vm_size":
            return bool(value == platform.sizes_for(memory.megabytes(context["vm_memory"]))[0])
    return False


@pass_context
def own_workers(context: Context) -> list[dict[str, str]]:
    """Return the process groups of the project's own fly.toml, else the worker that it starts itself, as an answer.

    Nothing where one of them could not run here.
    """
    project = detected(context)
    workers = project.existing_deployment.fly_toml.workers or [one for one in project.workers if one.served]
    found = []
    for worker in workers:
        size = platform.known_memory(worker.vm_memory)
        own = {"vm_memory": size} if size and size != context["vm_memory"] else {}
        found.append({"name": worker.name, "command": worker.command, **own})
    return [] if checks.CHECKS["workers"](found, context.get_all()) else found


@pass_context
def own_schedules(context: Context) -> list[dict[str, str]]:
    """Return what the project has another platform start by the clock, as an answer; nothing where it could not run."""
    found = [{"name": one.name, "cron": one.cron, "command": one.command} for one in detected(context).schedules]
    return [] if checks.CHECKS["schedules"](found, context.get_all()) else found


@pass_context
def settings_found(context: Context) -> dict[str, str]:
    """Return the variables that the project's own fly.toml sets, without those that other answers set.

    What may be a secret by its name stays behind: answers are kept in a file that is committed. Auth.js believes the
    host that Fly's proxy names only where a variable says so; without it every login fails.
    """
    project = detected(context)
    env = project.existing_deployment.fly_toml.env
    database = _own_address(project)
    private = re.compile(r"TOKEN|COOKIE|CREDENTIAL|PASS|AUTH|DSN|SALT")
    known = {"AUTH_TRUST_HOST": "true"} if project.stack == "nextjs" and project.nextjs.auth_js else {}
    return known | {
        name: value
        for name, value in env.items()
        if name != database and not private.search(name) and not checks.CHECKS["extra_env"]({name: value}, {})
    }


@pass_context
def left_behind(context: Context) -> dict[str, Any]:
    """List what the project's earlier fly.toml (`file`) said and the one that is there now does not (`lines`)."""
    before = detected(context).existing_deployment
    now = dict(fly_keys(str(context["_copier_conf"]["dst_path"]))) if before.fly_toml_file else {}
    if context["database"] == "sqlite":
        # It stands in the Dockerfile now.
        now[f"env.{context['database_env']}"] = [context["database_file"]]
    return {"file": before.fly_toml_file, "lines": toml.left_behind(before.fly_toml_keys, now)}


@pass_context
def release_default(context: Context) -> str:
    """Name the release as mix.exs does, else as the app; a name that no release may have is brought into shape."""
    name = detected(context).elixir.release_name or str(context["app_name"])
    return name if not checks.CHECKS["release_name"](name, {}) else str(naming.otp_name(name))


def default_pool(database: str) -> int:
    """Give the connections one machine may hold: Ecto's own ten, five where a small Neon compute serves."""
    return 5 if database == "neon" else 10


@pass_context
def database_env_default(context: Context) -> str:
    """Name the variable that the app reads its database's address from: what was found, else what is usual."""
    app = getattr(detected(context), context["framework"])
    found = str(app.database_variable)
    if context["database"] != "sqlite" or app.database_choice == "sqlite":
        return found
    return "DATABASE_URL" if context["framework"] == "nextjs" and context["orm"] == "prisma" else "DATABASE_PATH"


@pass_context
def database_file_default(context: Context) -> str:
    """Name the file of SQLite on the volume, in the form that the code wants: what fly.toml had, else the app's name.

    That one is where fly.toml mounts a volume, else in /data.
    """
    app = getattr(detected(context), context["framework"])
    prisma = context["framework"] == "nextjs" and context["orm"] == "prisma"
    name = naming.otp_name(str(context["app_name"])) or "app"
    scheme = "file:" if prisma or app.file_is_url else ""
    mounted_at = detected(context).existing_deployment.fly_toml.mounted_at or ""
    usual, mounted = f"{scheme}/data/{name}.db", f"{scheme}{mounted_at.rstrip('/')}/{name}.db"
    fits = mounted_at and not checks.CHECKS["database_file"](mounted, {})
    return str(from_fly_toml(context, "database_file", mounted if fits else usual))


@pass_context
def bucket_default(context: Context) -> str:
    """Return the answer to `bucket` that the code asks for; none where another answer stands against it."""
    choice = detected(context).bucket.choice
    return "none" if checks.CHECKS["bucket"](choice, context.get_all()) else choice


@pass_context
def bucket_env_default(context: Context) -> list[str]:
    """List the variables that the code reads of its bucket, those of every AWS library where it names none."""
    found = detected(context).bucket.variables
    return list(found or (name for name in TIGRIS if name != "AWS_ENDPOINT_URL_S3"))
