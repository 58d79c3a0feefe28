"""What the user must know of a project before anything is written: the one list of rules.

A rule is a function that gets the `Target` (to read files) and the `Project` (what was found) and yields a warning for
each thing that is not served, or that changes. To add one: write the function, put it into `RULES`, give its warning a
text in `warnings.yml`, and give it a project in `tests/detection/test_survey.py`. A rule never raises and reads a file
only through the target.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from .. import naming, wiring, yaml_text
from ..expressions import expression
from ..fly import cron, platform, toml
from . import clients, dockerfile, files, kubernetes, localhost, migrated, postgres, unset, volumes
from .elixir import app as elixir_app
from .elixir import config as elixir_config
from .elixir import mixfile
from .elixir import survey as elixir_survey
from .elixir.app import MIX_NOT_UNDERSTOOD
from .files import Target
from .nextjs import app as nextjs_app
from .nextjs import environment as nextjs_environment
from .nextjs import survey as nextjs_survey
from .nextjs.app import package_json
from .project import TIGRIS, Project, ProjectWarning
from .warnings import warning

Rule = Callable[[Target, Project], Iterable[ProjectWarning]]

_IMAGE_MAKERS = {
    "mix phx.gen.release": "Find eligible builder and runner images on Docker Hub",
    "fly launch": "LABEL fly_launch_runtime=",
}
_ECTO_ADAPTERS = {"mysql": ("MySQL", "myxql"), "mssql": ("SQL Server", "tds")}
_ENV_EXAMPLE = expression(
    r"\.?env(?:rc)?(?:[.-][\w-]+)*[._-](?:example|sample|template|dist)(?:\.\w+)*|\.?(?:example|sample)\.env(?:\.\w+)*"
)
_SET_ON_FLY = {
    *("DATABASE_URL", "DIRECT_DATABASE_URL", "PORT", "HOSTNAME", "HOST", "PHX_HOST", "PHX_SERVER", "POOL_SIZE"),
    *("SECRET_KEY_BASE", "ECTO_IPV6", "NODE_ENV", "MIX_ENV", "NEXT_TELEMETRY_DISABLED", "SKIP_ENV_VALIDATION"),
}
"""Variables that the template sets, or that mean another thing on a developer's machine."""
_OF_HEROKU = expression(r"(HEROKU|NPM|YARN|PNPM|NODE|USE|HEX|BUILDPACK)_\w+")
"""Variables in an app.json that Heroku's buildpacks read, not the app."""
_SERVICES = {
    **dict.fromkeys(("redix", "phoenix_pubsub_redis", "exq", "verk", "ioredis", "redis", "bullmq", "bull"), "Redis"),
    **dict.fromkeys(("mongodb_driver",), "MongoDB"),
    **dict.fromkeys(("elasticsearch", "elastix", "snap", "@elastic/elasticsearch"), "Elasticsearch"),
    **dict.fromkeys(("@opensearch-project/opensearch",), "OpenSearch"),
    **dict.fromkeys(("amqp", "gen_rmq", "broadway_rabbitmq", "amqplib", "amqp-connection-manager"), "RabbitMQ"),
    **dict.fromkeys(("brod", "kaffe", "broadway_kafka", "kafkajs"), "Kafka"),
    **dict.fromkeys(("ch", "ecto_ch", "@clickhouse/client"), "ClickHouse"),
    **dict.fromkeys(("tortoise", "tortoise311", "emqtt", "mqtt"), "an MQTT broker"),
    **dict.fromkeys(("memcachex", "memcachir", "memjs"), "Memcached"),
    **dict.fromkeys(("cassandra-driver", "xandra"), "Cassandra"),
    **dict.fromkeys(("gnat", "nats", "@nats-io/transport-node"), "NATS"),
    **dict.fromkeys(("meilisearch", "meilisearch_ex"), "Meilisearch"),
    **dict.fromkeys(("typesense", "ex_typesense"), "Typesense"),
    **dict.fromkeys(("instream", "@influxdata/influxdb-client"), "InfluxDB"),
    **dict.fromkeys(("bolt_sips", "boltx", "neo4j-driver"), "Neo4j"),
    **dict.fromkeys(("arangox", "arangojs"), "ArangoDB"),
}
"""Package → what it talks to, of packages that are of no use without it."""


def survey(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """Every warning on a project, those on files that cannot be read first.

    A rule that fails, on a project that its author did not think of, is a warning itself and stops no other.
    """
    # Without an app the others would tell what is to be done in files that no one has.
    of_all = RULES if project.app_dir is not None else (unreadable_files, another_kind)
    rules = [partial(rule, target, project) for rule in of_all]
    for rule in [*rules, *elixir_survey.rules(target, project), *nextjs_survey.rules(target, project)]:
        try:
            yield from rule()
        except Exception as error:  # whatever it is: the copy goes on
            problem = f"{type(error).__name__} in {rule.func.__name__}"
            yield warning("rule-failed", (project.app_dir or ".", None), problem=problem)


def _in_app(project: Project, *parts: str) -> str:
    return files.join(project.app_dir or ".", *parts)


def _nearest(project: Project, names: Iterable[str]) -> list[str]:
    """These files, in the folder of the app first, then in those above it."""
    return [files.join(folder, name) for folder in files.ancestors(project.app_dir or ".") for name in names]


# --- What cannot be read, or not be deployed ------------------------------------------------------------


def unreadable_files(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """Files that the reading of the project stumbled over; one in a corner that is not the app's does not matter."""
    for found in list(target.warnings):
        folder = files.folder_of(found.file)
        of_the_app = project.app_dir is None or folder == "." or files.within(folder, project.app_dir)
        # A mix.exs further down is that of a child of the umbrella, or of a package that nothing may use.
        beside = found.code == MIX_NOT_UNDERSTOOD and folder not in (".", project.app_dir)
        if of_the_app and not (beside and project.stack in ("phoenix", "nextjs")):
            yield found


_MANIFESTS = (
    *("mix.exs", "package.json", "Gemfile", "pyproject.toml", "requirements.txt", "go.mod", "Cargo.toml"),
    *("composer.json", "deno.json", "build.gradle", "build.gradle.kts", "pom.xml", "Package.swift", "CMakeLists.txt"),
    *("setup.py", "pubspec.yaml", "gleam.toml", "rebar.config"),
)


def another_kind(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """A project is there, and no app that the template serves. (Without a project it is for one yet to be made.)"""
    below = (name for name, is_folder in target.names(".").items() if is_folder and name[0] != ".")
    folders = [".", *sorted(name for name in below if name not in files.NO_APPS)]
    manifests = (files.join(folder, name) for folder in folders for name in _MANIFESTS)
    there = next((file for file in manifests if target.is_file(file)), None)
    if there and project.app_dir is None and not any(found.stops for found in target.warnings):
        yield warning("another-kind", (there, None))


def inside_umbrella(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The target is one app of an umbrella, whose lock file and configuration are above it."""
    if project.elixir.in_umbrella:
        yield warning("inside-umbrella", target.where([_in_app(project, "mix.exs")], "lockfile:"))


def umbrella_folder(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The umbrella keeps its apps in another folder than apps/, which is all that can be deployed."""
    elsewhere = [app.dir for app in project.elixir.umbrella_apps if not app.dir.startswith("apps/")]
    if elsewhere:
        place = target.where([_in_app(project, "mix.exs")], "apps_path:")
        yield warning("umbrella-folder", place, folder=files.folder_of(elsewhere[0]))


# --- Elixir ---------------------------------------------------------------------------------------------


def several_endpoints(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """More than one endpoint; one of them gets the health plug and serves HTTP."""
    endpoints, chosen = project.elixir.endpoints, project.elixir.web_module
    if len(endpoints) > 1:
        other = next((one for one in endpoints if one.module != f"{chosen}.Endpoint"), endpoints[0])
        code = "several-endpoints" if chosen else "no-known-endpoint"
        names = ", ".join(one.module for one in endpoints)
        place = _in_app(project, other.file), other.line
        yield warning(code, place, count=len(endpoints), names=names, chosen=chosen)


def further_repos(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """A repository beside the first, whose address is not that of the first."""
    main = project.elixir.db_adapter or "postgres"
    first = project.elixir.database_variable
    settings = elixir_config.read(target, project.app_dir or ".", elixir_config.AT_RUN_TIME)
    shared = {one.module for one in settings if first in one.reads.get("url", ())}
    for repo in project.elixir.repos[1:]:
        if elixir_app.KINDS.get(repo.adapter or "", main) != main:
            continue  # another rule tells of it
        # As rel/overlays/fly.exs names its variables: Shop.AuditRepo reads SHOP_AUDIT_DATABASE_URL.
        words = naming.underscore(repo.module).replace("/", "_")
        place = target.where([_in_app(project, "config", "config.exs")], repo.module)
        kind = "PATH" if project.elixir.database_choice == "sqlite" else "URL"
        name = f"{re.sub(r'_?repo$', '', words).upper()}_DATABASE_{kind}"
        answer = "extra_env" if kind == "PATH" else "extra_secrets"
        if kind == "PATH" or repo.module not in shared:
            yield warning("further-repo", place, repo=repo.module, name=name, answer=answer)


def ecto_adapter(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The app keeps its data on a server that is neither PostgreSQL nor made here."""
    if known := _ECTO_ADAPTERS.get(project.elixir.db_adapter or ""):
        database, driver = known
        mixes = elixir_survey.Look(target, project).mixes
        place = target.where([_in_app(project, "mix.exs"), *mixes], f":{driver}")
        name = project.elixir.database_variable
        yield warning("database-elsewhere", place, database=database, driver=driver, name=name, migrations="")


def elixir_version(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The project names a version of Elixir or OTP for which no image is known."""
    elixir = project.elixir
    images = [image for image in platform.catalog("elixir")["images"].values() if not image.get("retired")]
    for tool, wanted, length in (("elixir", elixir.elixir_version, 2), ("otp", elixir.otp_version, 1)):
        asked = _numbers(wanted or "")[:length]
        if wanted and asked not in [_numbers(image[tool])[: len(asked)] for image in images]:
            place = target.where(_nearest(project, (*files.TOOL_FILES, *elixir_app.VERSION_FILES)), wanted)
            name = {"elixir": "Elixir", "otp": "OTP"}[tool]
            yield warning("version-not-served", place, tool=name, wanted=wanted, question="elixir_image")
    requirement = elixir.elixir_requirement or ""
    least = re.fullmatch(r"\s*(?:~>|>=)\s*(\d+(?:\.\d+)+)\s*", requirement)
    if least and _numbers(least[1]) > max(_numbers(image["elixir"]) for image in images):
        yield warning("elixir-too-old", target.where([_in_app(project, "mix.exs")], requirement), wanted=requirement)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", str(version).partition("-")[0]))


def own_releases(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """mix.exs has releases of its own, and no single one whose options are written out, to which ours can be added."""
    file = _in_app(project, "mix.exs")
    if project.elixir.has_releases:
        mix = mixfile.MixProject(target.text(file) or "")
        release = mix.own_release()
        ours = mix.has_string("rel/releases.exs") or mix.has_string("/fly.exs")
        if not ours and not (release and wiring.takes_provider(release.options)):
            yield warning("own-releases", target.where([file], "releases:"))


def several_releases(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """mix.exs has more than one release, and the image is made of one."""
    file = _in_app(project, "mix.exs")
    names = list(mixfile.MixProject(target.text(file) or "").releases()) if project.elixir.has_releases else []
    if len(names) > 1:
        chosen = project.elixir.release_name
        yield warning("several-releases", target.where([file], "releases:"), names=", ".join(names), chosen=chosen)


def own_health_route(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The router of a Phoenix app has an address that the health plug answers first."""
    for endpoint in project.elixir.endpoints:
        router = _in_app(project, files.folder_of(endpoint.file), "router.ex")
        if endpoint.web_module == project.elixir.web_module:
            for path in re.findall(r'"(/(?:livez|readyz))"', target.text(router) or ""):
                yield warning("own-health-route", target.where([router], f'"{path}"'), path=path)


# --- Next.js --------------------------------------------------------------------------------------------


def two_orms(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """Prisma and Drizzle are both there, and which one has the migrations only the user knows."""
    if project.stack == "nextjs" and project.nextjs.orm is None:
        yield warning("two-orms", target.where([_in_app(project, "package.json")], '"drizzle-orm"'))


def prisma_schema(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """Prisma is installed, and its schema is not in the app."""
    nextjs = project.nextjs
    if nextjs.orm == "prisma" and nextjs.prisma_schema is None:
        place = target.where([_in_app(project, "package.json")], "prisma")
        yield warning("prisma-schema", place, folder=nextjs.migrations_dir)


def package_manager(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """`packageManager` names another package manager than the one that wrote the lock file."""
    nextjs = project.nextjs
    if nextjs.package_manager_pin and nextjs.package_manager is None:
        place = target.where(_nearest(project, ["package.json"]), nextjs.package_manager_pin)
        yield warning("package-manager", place, pin=nextjs.package_manager_pin, locks=" and ".join(nextjs.lockfiles))


def lock_files(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """There are lock files of two package managers, and the project says which one it installs with."""
    nextjs = project.nextjs
    if place := nextjs.manager_chosen_by:
        name = (nextjs.package_manager or "").replace("_berry", "")
        yield warning("lock-files", (place, None), locks=" and ".join(nextjs.lockfiles), name=name)


def node_version(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The project names a line of Node.js that is not offered, or by a word that is no version here."""
    wanted, file = project.nextjs.node_version, project.nextjs.node_version_file
    word = project.nextjs.node_version_word
    if file and wanted is None:
        default = platform.catalog("node")["default"]
        yield warning("node-unknown", target.where([file], word), word=word, default=default)
    elif wanted and wanted.partition(".")[0] not in platform.node_choices():
        place = target.where([file or ""], word)
        yield warning("version-not-served", place, tool="Node.js", wanted=wanted, question="node_version")


def own_health_page(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The app has a page or route at an address of the health checks, which the image answers before the app."""
    for routes in ("app", "pages", "src/app", "src/pages"):
        for name in ("livez", "readyz"):
            folder = _in_app(project, routes, name)
            for file in target.names(folder):
                if re.fullmatch(r"(route|page|index)\.\w+", file):
                    yield warning("own-health-page", (f"{folder}/{file}", None), path=f"/{name}")


# --- The environment -------------------------------------------------------------------------------------


def example_of_env(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """An example of the environment (.env.example), or the app.json of Heroku, names variables that no answer has."""
    known = _known_variables(project)
    folder = project.app_dir or "."
    examples = [
        (file, [name for name in _without_parts(wanted, project) if not _of_tools_alone(name, target, project)])
        for file, wanted in _examples(target, folder)
    ]
    example = next(((file, wanted) for file, wanted in examples if set(wanted) - known), None)
    for file, wanted in filter(None, (example, _of_app_json(target, folder))):
        names = [name for name in wanted if name not in known]
        known |= set(names)
        if names:
            first = ", ".join(names[:6])
            more = f" and {len(names) - 6} more" if len(names) > 6 else ""
            public = ", public_env" if any(name.startswith("NEXT_PUBLIC_") for name in names) else ""
            yield warning("example-of-env", target.where([file], names[0]), names=first + more, public=public)


_OF_TOOLS = expression(r"KAMAL_\w+|COMPOSE_\w+|TEST_\w+|\w+_CONTAINER_NAME")
_OF_A_SERVER = expression(
    r"(?:POSTGRES|PG|DB|DATABASE|MYSQL|MARIADB|MONGO)_(?:\w+_)?(?:USER|USERNAME|PASS|PASSWORD|DB|NAME|PORT|DATABASE)"
)


def _of_tools_alone(name: str, target: Target, project: Project) -> bool:
    """Whether a variable is one of Docker Compose, Kamal or tests: a part of the database's address too, where no
    code of a Next.js app has its name."""
    if _OF_TOOLS.fullmatch(name):
        return True
    if project.stack != "nextjs" or not _OF_A_SERVER.fullmatch(name):
        return False
    folders = (project.app_dir or ".", *nextjs_app.made_of(target, project.app_dir or "."))
    return not any(name in text for folder in folders for text in nextjs_environment.texts(target, folder).values())


def variables_unset(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """Variables that the code reads where it runs, that nothing sets, and that have no other value."""
    yield from _of_variables("variable-unset", unset.found(target, project), target, project)


def variables_of_localhost(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """Variables that stand for an address on the developer's own machine where they are not set."""
    yield from _of_variables("variable-of-localhost", localhost.by_default(target, project), target, project)


def _of_variables(code: str, found: unset.Places, target: Target, project: Project) -> Iterator[ProjectWarning]:
    """A warning on these variables but for those that another rule tells or something sets."""
    folder = project.app_dir or "."
    in_examples = {name for _, wanted in _examples(target, folder) for name in wanted}
    known = _known_variables(project) | in_examples | {*(_of_app_json(target, folder) or ("", []))[1]}
    read = {name: found[name] for name in _without_parts(found, project) if name not in known}
    if read:
        names = ", ".join(list(read)[:20]) + (f" and {len(read) - 20} more" if len(read) > 20 else "")
        yield warning(code, next(iter(read.values())), names=names)


def asks_localhost(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The code asks an address on the developer's own machine, wherever it runs."""
    if found := localhost.found(target, project):
        address, file, line = found
        public = " or, for a NEXT_PUBLIC_ name, public_env" if project.stack == "nextjs" else ""
        yield warning("localhost-in-code", (file, line), address=address, public=public)


def _known_variables(project: Project) -> set[str]:
    """The variables that something sets on Fly, or that an answer or another rule has."""
    elixir, nextjs = project.elixir, project.nextjs
    of_elixir = (*elixir.variables_at_run_time, *elixir.variables_at_build, *elixir.variables_on_condition)
    found = (*of_elixir, *nextjs.variables, *nextjs.database_variables, *nextjs.public_variables)
    return {
        *_SET_ON_FLY,
        nextjs.database_variable if project.stack == "nextjs" else elixir.database_variable,
        *nextjs.env_names,
        *project.variables_of_services,
        *project.existing_deployment.fly_toml.env,
        *(("CRON_SECRET",) if project.schedules else ()),
        *(variable.name for variable in (*found, *nextjs.registry_tokens)),
    }


def _without_parts(names: Iterable[str], project: Project) -> list[str]:
    """These variables but for the parts of the database's address, where DATABASE_URL goes before them."""
    covered = project.stack in ("phoenix", "umbrella") and project.elixir.uses_database
    return [name for name in names if not (covered and elixir_survey.DATABASE_PART.fullmatch(name))]


def _examples(target: Target, folder: str) -> Iterator[tuple[str, list[str]]]:
    """The examples of the environment beside the app, the one with the shortest name first, and what each names."""
    names = [name for name, inner in target.names(folder).items() if not inner and _ENV_EXAMPLE.fullmatch(name)]
    for file in sorted((files.join(folder, name) for name in names), key=len):
        yield file, _named_in(target.text(file) or "")


def _named_in(example: str) -> list[str]:
    names = re.findall(r"^[ \t]*(?:export[ \t]+)?([A-Z][A-Z0-9_]+)[ \t]*=", example, re.MULTILINE)
    return list(dict.fromkeys(names))


def _of_app_json(target: Target, folder: str) -> tuple[str, list[str]] | None:
    """The app.json of Heroku beside the app, else at the top, and the variables that it asks for. Those that it says
    are not required, and those of Heroku itself, are not among them."""
    for file in dict.fromkeys((files.join(folder, "app.json"), "app.json")):
        try:
            env = json.loads(target.text(file) or "{}")["env"]
        except (ValueError, KeyError, TypeError):  # Expo has a file of that name too
            continue
        if isinstance(env, dict):
            optional = [
                name for name, entry in env.items() if isinstance(entry, dict) and entry.get("required") is False
            ]
            return file, [name for name in env if name not in optional and not _OF_HEROKU.fullmatch(name)]
    return None


# --- What the app needs besides -------------------------------------------------------------------------


def lock_file(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """No lock file says which versions the image gets."""
    elixir = project.stack in ("phoenix", "umbrella") and not project.elixir.in_umbrella
    if elixir and not target.is_file(_in_app(project, "mix.lock")):
        file = _in_app(project, "mix.exs")
        yield warning("no-lock-file", (file, None), file="mix.lock", command="mix deps.get")
    if project.stack == "nextjs" and not project.nextjs.lockfiles:
        file = _in_app(project, "package.json")
        yield warning("no-lock-file", (file, None), file="lock file", command="install the packages once")


def services(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The app keeps data, or passes messages, in something that is not made here."""
    package = package_json(target, project.app_dir or ".") if project.stack == "nextjs" else {}
    deps = elixir_survey.Look(target, project).deps if project.stack in ("phoenix", "umbrella") else []
    of_deps = {dep.name: file for file, dep in deps}
    used = {*of_deps, *(package.get("dependencies") or ())}
    found: dict[str, str] = {}
    for name in sorted(used & _SERVICES.keys()):
        found.setdefault(_SERVICES[name], name)
    found.pop(project.nextjs.kind or "", None)  # the app's own database, which another rule names
    if project.redis.choice != "none":
        found.pop("Redis", None)
    for service, name in found.items():
        place = (_in_app(project, "package.json"), f'"{name}"') if package else (of_deps[name], f":{name}")
        yield warning("service-not-made", target.where([place[0]], place[1]), service=service, package=name)


def redis(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The app reaches a Redis that is made or asked for here."""
    found = project.redis
    if found.choice != "none":
        code = {"upstash": "redis-made", "url": "redis-at-upstash"}[found.choice]
        names = " and ".join(found.variables)
        yield warning(code, (found.file, found.line), package=found.package, names=names)


def redis_ipv6(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """An Elixir app reaches the Redis that is made for it over IPv4, where it is not."""
    found = project.redis
    if found.choice == "upstash" and project.stack != "nextjs" and not clients.has_socket_opts(target, project):
        yield warning("redis-address-family", (found.file, found.line), package=found.package)


def bucket(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The app keeps files in an S3 bucket, which is made, asked for, or unknown."""
    found = project.bucket
    if found.package:
        code = {"tigris": "bucket-made", "s3": "bucket-there", "none": "bucket-unknown"}[found.choice]
        names, fly = ", ".join(found.variables), ", ".join(TIGRIS)
        yield warning(code, (found.file, found.line), package=found.package, names=names, fly=fly)


def own_workers(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """A process beside the web app that the image cannot start as it is."""
    for worker in project.workers if not project.existing_deployment.fly_toml.workers else ():
        if not worker.served:
            code = "worker-of-node" if project.stack == "nextjs" else "worker-of-release"
            release = project.elixir.release_name or project.elixir.name or "NAME"
            yield warning(code, (worker.file, worker.line), name=worker.name, command=worker.command, release=release)


def crons_of_vercel(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """Jobs that Vercel starts by the clock."""
    if not project.schedules:
        return
    first = project.schedules[0]
    odd = [(one, problem) for one in project.schedules if (problem := cron.problem(one.cron))]
    if project.nextjs.database_choice == "sqlite":
        yield warning("crons-and-sqlite", (first.file, first.line))
    elif not odd:
        names = ", ".join(one.name for one in project.schedules)
        yield warning("crons-of-vercel", (first.file, first.line), names=names)
    for one, problem in odd[:1]:
        yield warning("cron-not-understood", (one.file, one.line), name=one.name, problem=problem)


def own_crontab(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """A process group that runs a crontab; that of the template runs its own."""
    deployment = project.existing_deployment
    for key, commands in deployment.fly_toml_keys.items():
        command = commands[0] if key.startswith("processes.") else ""
        if toml.runs_supercronic(command) and not command.endswith(" /etc/crontab"):
            place = target.where([deployment.fly_toml_file or ""], command)
            yield warning("own-crontab", place, group=key.removeprefix("processes."), command=command)


# --- A deployment that is there already -----------------------------------------------------------------


def own_image(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """A Dockerfile that a generator wrote; one that the user wrote is named among the files that are overwritten."""
    for maker, mark in _IMAGE_MAKERS.items():
        if mark in (target.text("Dockerfile") or ""):
            yield warning("own-image", target.where(["Dockerfile"], mark), maker=maker)


def own_build_steps(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The project's own Dockerfile runs commands, and installs packages, that the template's does not."""
    if project.existing_deployment.template_version:
        return
    file = dockerfile.own(target, project.app_dir or ".")
    commands = list(dockerfile.commands(target.text(file) or "")) if file else []
    bare = project.stack != "nextjs" and project.elixir.assets == "none"
    below = project.app_dir not in (None, ".")
    named = (
        {project.app_dir or "", str(package_json(target, project.app_dir or ".").get("name") or "")} if below else ()
    )
    ends = "|".join(re.escape(name.rpartition("/")[2]) for name in named if name) or "(?!)"
    own = rf"(?<![\w-])(?:{ends})(?![\w-])"
    in_app = re.compile(
        rf" (?:(?:--filter|--scope|-F|--dir|-C|--prefix|--cwd|-w|--workspace)[ =]|workspace )\S*{own}\S*"
    )
    steps = [
        (line, command)
        for line, command in commands
        if dockerfile.is_a_step(in_app.sub("", command), assets=not bare)
        and not _is_of_the_build(in_app.sub("", command), target, project)
    ]
    if steps:
        place = (
            "the alias assets.deploy in mix.exs" if project.stack != "nextjs" else "the script build in package.json"
        )
        shown = ", ".join(f"`{command}`" for _, command in steps[:4]) + (" and more" if len(steps) > 4 else "")
        yield warning("own-build-steps", (file, steps[0][0]), commands=shown, where=place)
    packages = [(line, name, command) for line, command in commands for name in dockerfile.packages(command)]
    if not packages:
        file, packages = _packages_elsewhere(target, project)
    if packages:
        names = ", ".join(dict.fromkeys(name for _, name, _ in packages))
        of_alpine = any(dockerfile.is_of_alpine(command) for _, _, command in packages)
        names, what = (
            (f"{names} (names of Alpine)", "the packages of Debian that have them") if of_alpine else (names, "them")
        )
        how = (
            f"add {what} to the answer apt_packages"
            if project.stack != "nextjs"
            else f"install {what} in the last stage of the new Dockerfile (docs/fly/nextjs.md says how); "
            "if its build alone calls them, in the stage node"
        )
        yield warning("own-image-packages", (file, packages[0][0]), packages=names, how=how)


_BUILDS_ALONE = expression(
    r"(?:cross-env )?(?:[A-Z]\w*=\S* )*(?:(?:npx|pnpm|yarn|bunx) (?:exec )?)?"
    r"(?:next build|prisma generate|turbo (?:run )?(?:-\S+ )*build)\b.*"
)
"""Commands in a script that every build here does too."""


def _is_of_the_build(command: str, target: Target, project: Project) -> bool:
    """Whether a command runs a script that does no more than the build here: it is in the alias assets.deploy, or all
    that it runs is Next.js' own build or in the script build of the app."""
    name = dockerfile.runs_script(command)
    if name is None or project.app_dir is None:
        return False
    if project.stack != "nextjs":
        mixes = elixir_survey.Look(target, project).mixes.values()
        of_alias = (token for mix in mixes for token in mixfile.flat(mix.aliases().get("assets.deploy", [])))
        strings = [str(token.value) for token in of_alias if token.kind == "string"]
        return any(dockerfile.runs_script(re.sub(r"^cmd( --cd \S+)? ", "", one)) == name for one in strings)
    own = nextjs_app.scripts_of(target, project.app_dir)
    built = set(nextjs_app.leaves(own.get("build", ""), own))
    root = nextjs_app.workspace(target, project.app_dir)
    for scripts in (own, nextjs_app.scripts_of(target, root) if root is not None else {}):
        if name in scripts:
            return all(
                one in built or _BUILDS_ALONE.fullmatch(one) for one in nextjs_app.leaves(scripts[name], scripts)
            )
    return False


def programs_of_other_images(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """The project's own Dockerfile takes programs out of an image of somebody else."""
    file = dockerfile.own(target, project.app_dir or ".")
    if file and not project.existing_deployment.template_version:
        found = dockerfile.copies_of_other_images(target.text(file) or "")
        if found:
            names = ", ".join(f"{' and '.join(one.sources)} of {one.origin}" for one in found)
            yield warning("own-image-programs", (file, found[0].line), names=names)


def _packages_elsewhere(target: Target, project: Project) -> tuple[str, list[tuple[int, str, str]]]:
    """What other platforms install for the app: an Aptfile of Heroku, apt-packages of Dokku, nixpacks.toml of Railway.

    The file, and each package with its line and nothing of a command.
    """
    for file in _nearest(project, ("Aptfile", "apt-packages", "nixpacks.toml")):
        found = []
        for number, line in enumerate((target.text(file) or "").splitlines(), 1):
            listed = re.match(r"\s*aptPkgs\s*=\s*\[(.*)\]", line) if file.endswith(".toml") else None
            words = re.findall(r"\"([^\"]*)\"", listed[1]) if listed else line.partition("#")[0].split()
            if listed or not (file.endswith(".toml") or line.startswith((":", "http"))):
                found += [(number, name, "") for name in dockerfile.packages(f"apt-get install {' '.join(words)}")]
        if found := [one for one in found if re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", one[1])]:
            return file, found
    return "", []


def own_workflows(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """A workflow that deploys to Fly.io too."""
    for name in project.workflows:
        file = f".github/workflows/{name}"
        text = target.text(file) or ""
        found = re.search(r"\b(flyctl|fly) deploy\b", text)
        folders = _deployed_folders(text) if found else []
        beside = [one for one in folders if not files.within(project.app_dir or ".", one)]
        if found and (not folders or len(beside) < len(folders)):
            yield warning("own-workflow", target.where([file], found[0]))


def _deployed_folders(workflow: str) -> list[str]:
    """The folder of each step of a workflow that deploys to Fly: where it runs, or that of its --config."""
    try:
        loaded = yaml_text.load(workflow)
        jobs = [job for job in loaded["jobs"].values() if isinstance(job.get("steps"), list)]
    except Exception:  # PyYAML raises half a dozen kinds of error, and the shape may be any
        return []
    found = []
    for job in jobs:
        for step in (step for step in job["steps"] if isinstance(step, dict)):
            command = str(step.get("run", ""))
            if not re.search(r"\b(?:flyctl|fly) deploy\b", command):
                continue
            above = [one.get("defaults") for one in (job, loaded)]
            defaults = [one["run"] for one in above if isinstance(one, dict) and isinstance(one.get("run"), dict)]
            place = next((one["working-directory"] for one in (step, *defaults) if "working-directory" in one), ".")
            config = re.search(r"(?:--config|-c)[ =](\S+/)\S+\.toml", command)
            found.append(files.resolved(str(place), config[1] if config else ".") or ".")
    return found


def fly_toml_below(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """A fly.toml in the folder of the app, or a fly.yaml or fly.json, while the new fly.toml is at the top."""
    file = project.existing_deployment.fly_toml_file
    if file and file != "fly.toml":
        yield warning("fly-toml-below", (file, None))


def region_gone(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """fly.toml is in a region that Fly removed, or that is not known here."""
    code = project.existing_deployment.fly_toml.primary_region
    if code and not platform.is_region(code):
        place = target.where([project.existing_deployment.fly_toml_file or ""], "primary_region")
        default = platform.known_region(code) or "iad"
        yield warning(
            "region-gone" if platform.known_region(code) else "region-unknown", place, region=code, default=default
        )


def file_on_a_volume(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """An app on SQLite has a volume already, and its fly.toml does not say which file there is the database."""
    app = project.nextjs if project.stack == "nextjs" else project.elixir
    before = project.existing_deployment
    mounted_at, name = before.fly_toml.mounted_at, app.database_variable
    if app.database_choice == "sqlite" and mounted_at and name not in before.fly_toml.env:
        place = target.where([before.fly_toml_file or ""], mounted_at)
        yield warning("file-on-volume", place, folder=mounted_at, name=name)


def not_in_a_clone(target: Target, _: Project) -> Iterator[ProjectWarning]:
    """Parts of the repository that git fetches only when it is told to: submodules, and large files by LFS."""
    if "[submodule" in (target.text(".gitmodules") or ""):
        command = "git submodule update --init --recursive"
        yield warning(
            "not-in-a-clone",
            (".gitmodules", 1),
            what="git submodules",
            command=command,
            option="submodules: recursive",
        )
    if re.search(r"^[^#\n]*\bfilter=lfs\b", target.text(".gitattributes") or "", re.MULTILINE):
        place = target.where([".gitattributes"], "filter=lfs")
        yield warning("not-in-a-clone", place, what="files in Git LFS", command="git lfs pull", option="lfs: true")


RULES: tuple[Rule, ...] = (
    unreadable_files,
    another_kind,
    inside_umbrella,
    umbrella_folder,
    several_endpoints,
    further_repos,
    ecto_adapter,
    elixir_version,
    own_releases,
    several_releases,
    own_health_route,
    two_orms,
    prisma_schema,
    package_manager,
    lock_files,
    node_version,
    own_health_page,
    example_of_env,
    variables_unset,
    variables_of_localhost,
    asks_localhost,
    lock_file,
    services,
    postgres.extensions,
    migrated.not_made,
    redis,
    redis_ipv6,
    bucket,
    own_workers,
    volumes.kept_on_volumes,
    not_in_a_clone,
    crons_of_vercel,
    own_crontab,
    kubernetes.cron_jobs,
    own_image,
    own_build_steps,
    programs_of_other_images,
    own_workflows,
    fly_toml_below,
    region_gone,
    file_on_a_volume,
)
