"""What the user must know of a project before anything is written: the one list of rules.

A rule is a function that gets the `Target` (to read files) and the `Project` (what was found) and yields a
`ProjectWarning` for each thing that is not served, or that changes. To add one: write the function, put it into
`RULES`, and give it a project in `tests/detection/test_survey.py`. A rule never raises and reads a file only through
the target.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from .. import naming
from ..fly import platform
from . import files
from .elixir import survey as elixir_survey
from .files import Target
from .project import Project, ProjectWarning

Rule = Callable[[Target, Project], Iterable[ProjectWarning]]

_IMAGE_MAKERS = {
    "mix phx.gen.release": "Find eligible builder and runner images on Docker Hub",
    "fly launch": "LABEL fly_launch_runtime=",
}
_DATABASES = {"sqlite": "SQLite", "mysql": "MySQL", "mssql": "SQL Server"}
_ECTO_DRIVERS = {"sqlite": "ecto_sqlite3", "mysql": "myxql", "mssql": "tds"}
_NEXTJS_DRIVERS = {"mysql2": "MySQL", "better-sqlite3": "SQLite", "@libsql/client": "SQLite"}


def survey(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """Every warning on a project, those on files that cannot be read first."""
    for rule in RULES:
        yield from rule(target, project)
    yield from elixir_survey.survey(target, project)


def _in_app(project: Project, *parts: str) -> str:
    return files.join(project.app_dir or ".", *parts)


# --- What cannot be read, or not be deployed ------------------------------------------------------------


def unreadable_files(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """Files that the reading of the project stumbled over; one in a corner that is not the app's does not matter."""
    for warning in list(target.warnings):
        folder = files.folder_of(warning.file)
        if project.app_dir is None or folder == "." or files.within(folder, project.app_dir):
            yield warning


def inside_umbrella(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The target is one app of an umbrella, whose lock file and configuration are above it."""
    if project.elixir.in_umbrella:
        file, line = target.where([_in_app(project, "mix.exs")], "lockfile:")
        yield ProjectWarning(
            "inside-umbrella",
            file,
            line,
            "This app is part of an umbrella.",
            "Its lock file, its configuration and the apps beside it are outside of this folder, so no image can be "
            "built here.",
            "Copy into the root of the umbrella.",
            stops=True,
        )


def umbrella_folder(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The umbrella keeps its apps in another folder than apps/, which is all that can be deployed."""
    elsewhere = [app.dir for app in project.elixir.umbrella_apps if not app.dir.startswith("apps/")]
    if elsewhere:
        file, line = target.where([_in_app(project, "mix.exs")], "apps_path:")
        yield ProjectWarning(
            "umbrella-folder",
            file,
            line,
            f"The umbrella keeps its children in {files.folder_of(elsewhere[0])}/.",
            "Only apps/ can be deployed.",
            'Move them with git mv and set apps_path: "apps".',
            stops=True,
        )


# --- Elixir ---------------------------------------------------------------------------------------------


def several_endpoints(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """More than one endpoint; one of them gets the health plug and serves HTTP."""
    endpoints = project.elixir.endpoints
    if len(endpoints) > 1:
        chosen = project.elixir.web_module
        others = [one for one in endpoints if one.web_module != chosen]
        yield ProjectWarning(
            "several-endpoints",
            _in_app(project, others[0].file),
            others[0].line,
            f"{len(endpoints)} modules use Phoenix.Endpoint: {', '.join(one.module for one in endpoints)}.",
            f"{chosen}.Endpoint gets the health plug and the port; the others get no configuration from here."
            if chosen
            else "Which of them serves HTTP is not known here.",
            "If it is another one: -d web_module=MODULE." if chosen else "Say which one: -d web_module=MODULE.",
        )


def further_repos(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """A single app with several repositories; an umbrella asks about its own and gets a page of documentation."""
    for repo in project.elixir.repos[1:] if project.stack == "phoenix" else ():
        # As rel/overlays/fly.exs names its variables: Shop.AuditRepo reads SHOP_AUDIT_DATABASE_URL.
        words = naming.underscore(repo.module).replace("/", "_")
        name = re.sub(r"_?repo$", "", words).upper()
        yield ProjectWarning(
            "further-repo",
            *target.where([_in_app(project, "config", "config.exs")], repo.module),
            f"{repo.module} is a further repository.",
            f"It is migrated too, and reads {name}_DATABASE_URL; without that it keeps the configuration of the app.",
            f"Set {name}_DATABASE_URL before the first deploy: add it to extra_secrets.",
        )


def ecto_adapter(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The app keeps its data in something else than PostgreSQL."""
    kind = project.elixir.db_adapter
    if kind in _DATABASES:
        yield ProjectWarning(
            "database-not-served",
            *target.where([_in_app(project, "mix.exs")], _ECTO_DRIVERS[kind]),
            f"The app uses {_DATABASES[kind]} ({_ECTO_DRIVERS[kind]}).",
            "Every database that can be chosen here is PostgreSQL, so none is set up and no migration is run.",
            "Set the app's own database up by hand"
            + (", with a volume for its file: without one every deploy deletes the data." if kind == "sqlite" else "."),
        )


def elixir_version(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The project names a version of Elixir or OTP for which no image is known."""
    elixir = project.elixir
    images = [image for image in platform.catalog("elixir")["images"].values() if not image.get("retired")]
    for tool, wanted, length in (("elixir", elixir.elixir_version, 2), ("otp", elixir.otp_version, 1)):
        asked = _numbers(wanted or "")[:length]
        if wanted and asked not in [_numbers(str(image[tool]))[: len(asked)] for image in images]:
            name = "Elixir" if tool == "elixir" else "OTP"
            names = [_in_app(project, name) for name in (".tool-versions", "mise.toml", ".mise.toml")]
            yield ProjectWarning(
                "elixir-version",
                *target.where([*names, ".tool-versions", "mise.toml", ".mise.toml"], wanted),
                f"The project asks for {name} {wanted}, and no image of it is known.",
                "The image comes nearest to it that is known.",
                "Try the app with that version first; -d elixir_image=NAME takes another one.",
            )
    required = re.fullmatch(r"\s*(?:~>|>=)\s*(\d+(?:\.\d+)+)\s*", elixir.elixir_requirement or "")
    newest = max((_numbers(str(image["elixir"])) for image in images), default=())
    if required and _numbers(required[1]) > newest:
        yield ProjectWarning(
            "elixir-version",
            *target.where([_in_app(project, "mix.exs")], elixir.elixir_requirement or ""),
            f"The project requires Elixir {elixir.elixir_requirement}.",
            "No image is known that is new enough, so the build would stop.",
            "Lower the requirement, or wait for a newer version of this template.",
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("-")[0]))


def own_releases(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """mix.exs has a `releases:` that is not the template's line."""
    file = _in_app(project, "mix.exs")
    if project.elixir.has_releases and "rel/releases.exs" not in (target.text(file) or ""):
        yield ProjectWarning(
            "own-releases",
            *target.where([file], "releases:"),
            "The project has a `releases:` of its own, which stays.",
            "Without the template's line the release does not read its production configuration.",
            "The line for its place is printed after the copy.",
        )


def own_health_route(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The router of a Phoenix app has an address that the health plug answers first."""
    web = [one for one in project.elixir.endpoints if one.web_module == project.elixir.web_module]
    router = _in_app(project, files.folder_of(web[0].file), "router.ex") if web else ""
    for path in re.findall(r'"(/(?:livez|readyz))"', target.text(router) or "") if web else ():
        yield ProjectWarning(
            "own-health-route",
            *target.where([router], f'"{path}"'),
            f"The router has {path}.",
            "The health plug answers it before the router is asked.",
            "Remove the route.",
        )


# --- Next.js --------------------------------------------------------------------------------------------


def nextjs_driver(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The app's database driver is not for PostgreSQL."""
    driver = project.nextjs.db_driver
    if driver in _NEXTJS_DRIVERS:
        yield ProjectWarning(
            "database-not-served",
            *target.where([_in_app(project, "package.json")], f'"{driver}"'),
            f"The app uses {_NEXTJS_DRIVERS[driver]} ({driver}).",
            "Every database that can be chosen here is PostgreSQL, so none is set up.",
            "Set the app's own database up by hand, and name its variables in extra_secrets.",
        )


def two_orms(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """Prisma and Drizzle are both there, and which one has the migrations only the user knows."""
    if project.stack == "nextjs" and project.nextjs.orm is None:
        yield ProjectWarning(
            "two-orms",
            *target.where([_in_app(project, "package.json")], '"drizzle-orm"'),
            "Prisma and Drizzle are both installed, and it is not plain which one is in use.",
            "Without an answer no migrations are run.",
            "Say which one has them: -d orm=prisma, or -d orm=drizzle.",
        )


def prisma_schema(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """Prisma is installed, and its schema is not in the app."""
    if project.nextjs.orm == "prisma" and project.nextjs.prisma_schema is None:
        yield ProjectWarning(
            "prisma-schema",
            *target.where([_in_app(project, "package.json")], "prisma"),
            "Prisma is installed, and no schema was found in the app.",
            f"The migrations are taken to be in {project.nextjs.migrations_dir}.",
            "If they are elsewhere: -d migrations_dir=FOLDER, seen from the app.",
        )


def package_manager(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """`packageManager` names another package manager than the one that wrote the lock file."""
    nextjs = project.nextjs
    if nextjs.package_manager_pin and nextjs.package_manager is None:
        places = [files.join(above, "package.json") for above in files.ancestors(project.app_dir or ".")]
        yield ProjectWarning(
            "package-manager",
            *target.where(places, nextjs.package_manager_pin),
            f"packageManager is {nextjs.package_manager_pin}, and the lock file is {' and '.join(nextjs.lockfiles)}.",
            "Which of the two is meant is not known, so npm is the default.",
            "Delete the one that is not used, or say it: -d package_manager=NAME.",
        )


def node_version(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The project names a line of Node.js that is not offered."""
    wanted = project.nextjs.node_version
    lines = platform.node_choices()
    if wanted and wanted.partition(".")[0] not in lines:
        above = files.ancestors(project.app_dir or ".")
        names = (".nvmrc", ".node-version", ".tool-versions", "mise.toml", ".mise.toml", "package.json")
        yield ProjectWarning(
            "node-version",
            *target.where([files.join(folder, name) for folder in above for name in names], wanted),
            f"The project asks for Node.js {wanted}, which is not offered.",
            f"It runs on Node.js {platform.catalog('node')['default']}.",
            f"Try the app with it first; -d node_version=LINE takes another one of {' '.join(lines)}.",
        )


def own_health_page(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The App Router has a page or route at an address of the health checks."""
    nextjs = project.nextjs
    ours = f"route.{'ts' if nextjs.typescript else 'js'}"
    for name in ("livez", "readyz") if nextjs.router == "app" else ():
        folder = _in_app(project, "src" if nextjs.src_dir else ".", "app", name)
        for file in target.names(folder):
            if re.fullmatch(r"(route|page)\.\w+", file) and file != ours:
                yield ProjectWarning(
                    "own-health-route",
                    f"{folder}/{file}",
                    None,
                    f"It answers the same address as {folder}/{ours}.",
                    "Only one of the two can answer.",
                    "Remove one of them.",
                )


# --- A deployment that is there already -----------------------------------------------------------------


def own_image(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """A Dockerfile that a generator wrote; one that the user wrote is named among the files that are overwritten."""
    text = target.text("Dockerfile") or ""
    for maker, mark in _IMAGE_MAKERS.items():
        if mark in text:
            yield ProjectWarning(
                "own-image",
                *target.where(["Dockerfile"], mark),
                f"The file was written by {maker}.",
                "The one of this template takes its place.",
                "What you changed in it goes into the new one by hand: git show HEAD:./Dockerfile.",
            )


def own_workflows(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """A workflow that deploys to Fly.io too."""
    for name in project.workflows:
        file = f".github/workflows/{name}"
        found = re.search(r"\b(flyctl|fly) deploy\b", target.text(file) or "")
        if found:
            yield ProjectWarning(
                "own-workflow",
                *target.where([file], found[0]),
                "It deploys to Fly.io too.",
                "It stays, beside the workflows of this template.",
                "Remove one of the two.",
            )


def fly_toml_below(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """A fly.toml in the folder of the app, while the new one is at the top."""
    file = project.existing_deployment.fly_toml_file
    if file not in (None, "fly.toml"):
        yield ProjectWarning(
            "fly-toml-below",
            file or "",
            None,
            "It is read for defaults and stays.",
            "From now on fly.toml at the top is in use.",
            "Delete the old one after the copy.",
        )


RULES: tuple[Rule, ...] = (
    unreadable_files,
    inside_umbrella,
    umbrella_folder,
    several_endpoints,
    further_repos,
    ecto_adapter,
    elixir_version,
    own_releases,
    own_health_route,
    nextjs_driver,
    two_orms,
    prisma_schema,
    package_manager,
    node_version,
    own_health_page,
    own_image,
    own_workflows,
    fly_toml_below,
)
