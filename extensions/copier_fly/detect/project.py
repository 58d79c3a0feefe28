"""What a project says about itself, as data.

Every field has a value that stands for "the files do not say so": None, an empty tuple, or what the framework's
generator writes. `ElixirApp()` and `NextjsApp()` stand for an app that is still to come, so a question can read
`detected().elixir.assets` without asking first whether there is an Elixir app. A misspelt field fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..expressions import expression

NEON_DRIVERS = frozenset({"@neondatabase/serverless", "@prisma/adapter-neon", "@vercel/postgres"})
"""Drivers that talk to Neon alone, by WebSocket or HTTPS: the first, and what is made of it."""
POSTGRES_DRIVERS = frozenset({"pg", "postgres"}) | NEON_DRIVERS
"""Packages through which a Next.js app reaches PostgreSQL."""

OTHER_DRIVERS = {
    "sqlite3": "SQLite",
    "mysql2": "MySQL",
    "better-sqlite3": "SQLite",
    "@libsql/client": "SQLite",
    "mongodb": "MongoDB",
    "mongoose": "MongoDB",
    "node:sqlite": "SQLite",
}
"""Packages, and a module of Node.js, through which a Next.js app reaches another database → that database."""

DATABASE_NAME = expression(
    r"(?:\w+_)?(?:DATABASE|DB|SQLITE|MYSQL|MONGO|MONGODB|TURSO|LIBSQL)(?:_\w+)?_"
    r"(?:URL|URI|DSN|PATH|FILE|FILENAME|FILE_NAME|CONNECTION_STRING)"
)
"""Names of variables that hold the address of a database, or the path of its file."""


@dataclass(frozen=True)
class ProjectWarning:
    """Something in the project that the user must know before anything is written.

    `code` names the rule, `file` and `line` the place it comes from (`line` counts from 1, None for the whole file).
    `sentence` says what is there, `consequence` what follows from it, `action` what to do; each is a whole sentence.
    With `stops` the copy ends there, before the first question; with `once` it is about what the copy replaces.
    """

    code: str
    file: str
    line: int | None
    sentence: str
    consequence: str
    action: str
    stops: bool = False
    once: bool = False

    @property
    def without_line(self) -> str:
        """All of it on one line, but for the place's line, which moves with every edit."""
        return " ".join(f"{self.file}: {self.sentence} {self.consequence} {self.action}".split())

    @property
    def place(self) -> str:
        """The file and the line, as compilers write them: `mix.exs:12`."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        return " ".join(part for part in (f"{self.place}: {self.sentence}", self.consequence, self.action) if part)


@dataclass(frozen=True)
class App:
    """A deployable app: its folder, its stack, its name as the app itself gives it."""

    dir: str
    stack: str
    name: str | None


@dataclass(frozen=True)
class Endpoint:
    """A Phoenix endpoint: its module and the place of that module's `use Phoenix.Endpoint`, relative to the app."""

    module: str
    file: str
    line: int

    @property
    def web_module(self) -> str:
        """The module it belongs to: `ShopWeb` for `ShopWeb.Endpoint`."""
        return self.module.rpartition(".")[0]


@dataclass(frozen=True)
class Repo:
    """An Ecto repository: its OTP app and its module, which tell two apart, and the last word of its adapter's."""

    app: str
    module: str
    adapter: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class TcpPort:
    """A port on which the app listens beside HTTP."""

    name: str
    port: int


@dataclass(frozen=True)
class Variable:
    """An environment variable without which the code stops, and the place that reads it.

    `stand_in` is a value that the check of it lets pass, "" where there is no check. `switches` are the variables that
    decide whether it is read at all, none where it is in any case.
    """

    name: str
    file: str
    line: int
    stand_in: str = ""
    switches: tuple[str, ...] = ()


TIGRIS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "BUCKET_NAME")
"""The secrets that `fly storage create` sets on the app."""


@dataclass(frozen=True)
class Client:
    """What an app reaches a service with that is made beside it: the package, and the variables that its code reads.

    `choice` is the answer to the question of that service which serves it. `file` is where the package is named.
    """

    package: str | None = None
    file: str = ""
    line: int | None = None
    variables: tuple[str, ...] = ()
    choice: str = "none"


@dataclass(frozen=True)
class Worker:
    """A process beside the web app: its command, and the place that has it; `vm_memory` in the words of the question.

    `served` is set where the image can start the command as it is.
    """

    name: str
    command: str
    file: str = ""
    line: int | None = None
    vm_memory: str | None = None
    served: bool = True


@dataclass(frozen=True)
class Command:
    """What a script of a package.json runs: the command as the image can run it, the script's name, and the file."""

    command: str
    script: str
    file: str


@dataclass(frozen=True)
class UmbrellaApp:
    """An app of an umbrella; `dir` and `lib` (the folder of its main module's files) are relative to the umbrella.

    `module` is its main module, `web_module` the one that its endpoint belongs to, both as the code spells them.
    `needs` are the umbrella's other apps among its dependencies. `dev_only` apps are in no release. `has_assets` is set
    where its mix.exs has an alias assets.deploy, and something to build by it.
    """

    name: str
    dir: str
    module: str | None = None
    lib: str | None = None
    has_endpoint: bool = False
    web_module: str | None = None
    repos: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    dev_only: bool = False
    has_assets: bool = False


@dataclass(frozen=True)
class ElixirApp:
    """A Phoenix app or an umbrella; paths are relative to it.

    `name` is the OTP app's name, `app_lib` the folder of the main module's files, `db_adapter` one of postgres, sqlite,
    mysql and mssql, `assets` a choice of the question. `umbrella_apps` is empty for a single app, `in_umbrella` set for
    an app of an umbrella outside the target, `has_releases` where mix.exs has a `releases:` of its own.
    `own_env_sh` is set where rel/env.sh.eex or rel/vm.args.eex is the app's own. `has_tests` is set where the app with
    the endpoint has a test/test_helper.exs. `registry_tokens` are the build secrets that fetching its dependencies
    needs. `repos` are those that are migrated, `further_repos` the others; `first_address` are the variables that
    the configuration reads the address of the first one from. `own_releases` are modules of its own →
    their file that a release module of the template might meet. `variables_on_condition` are needed where others are
    set.
    """

    name: str | None = None
    app_module: str | None = None
    app_lib: str | None = None
    web_module: str | None = None
    web_app: str | None = None
    endpoints: tuple[Endpoint, ...] = ()
    elixir_version: str | None = None
    otp_version: str | None = None
    elixir_requirement: str | None = None
    ecto: bool = True
    db_adapter: str | None = None
    repos: tuple[Repo, ...] = ()
    further_repos: tuple[Repo, ...] = ()
    first_address: tuple[str, ...] = ()
    assets: str = "mix"
    http_port: int | None = None
    tcp_ports: tuple[TcpPort, ...] = ()
    release_name: str | None = None
    has_releases: bool = False
    in_umbrella: bool = False
    own_env_sh: bool = False
    has_tests: bool = True
    variables_at_build: tuple[Variable, ...] = ()
    variables_at_run_time: tuple[Variable, ...] = ()
    variables_on_condition: tuple[Variable, ...] = ()
    registry_tokens: tuple[Variable, ...] = ()
    own_releases: Mapping[str, str] = field(default_factory=dict)
    deps: tuple[str, ...] = ()
    umbrella_apps: tuple[UmbrellaApp, ...] = ()

    def has_release(self, app_module: str | None, web_module: str | None, app_lib: str | None) -> bool:
        """Whether the app has a module Release of its own beside one of these, or a file where ours would be."""
        modules = {f"{app_module}.Release", f"{web_module}.Release"}
        return bool(modules & self.own_releases.keys()) or f"{app_lib}/release.ex" in self.own_releases.values()

    @property
    def uses_database(self) -> bool:
        """Whether it keeps data in PostgreSQL; an app that is still to come is given it by the generator."""
        return self.ecto and self.db_adapter in (None, "postgres")

    @property
    def sentry(self) -> bool:
        """Whether it reports errors to Sentry."""
        return "sentry" in self.deps

    @property
    def database_choice(self) -> str:
        """The answer to `database` that serves it."""
        if not self.ecto:
            return "none"
        return {"sqlite": "sqlite", "mysql": "external", "mssql": "external"}.get(self.db_adapter or "", "fly_managed")

    @property
    def database_engine(self) -> str:
        """The answer to `database_engine`."""
        return {None: "postgres", "postgres": "postgres", "mysql": "mysql"}.get(self.db_adapter, "other")

    @property
    def database_variable(self) -> str:
        """The variable that the configuration reads the database's address from, that of the generator by default."""
        names = [variable.name for variable in self.variables_at_run_time]
        usual = "DATABASE_PATH" if self.db_adapter == "sqlite" else "DATABASE_URL"
        return next((name for name in names if DATABASE_NAME.fullmatch(name)), usual)

    @property
    def own_database_variable(self) -> str | None:
        """The variable, other than DATABASE_URL, that the configuration reads the first repository's address from."""
        named = self.first_address if len(self.first_address) == 1 and self.database_choice == "fly_managed" else ()
        return next((one.name for one in self.variables_at_run_time if one.name in named), None)

    @property
    def file_is_url(self) -> bool:
        """Whether the file of SQLite is named as `file:/…`."""
        return False


@dataclass(frozen=True)
class Linked:
    """A package beside a Next.js app that its own script `build` makes; `entry` is the file it is loaded by."""

    name: str
    folder: str
    entry: str


@dataclass(frozen=True)
class NextjsApp:
    """A Next.js app; paths are relative to it.

    `database_package` is the package of its workspace that has the ORM's schema and migrations, as seen from the
    target, "" where the app has them. `migrations_dir`, `prisma_schema` and `settings_files` are relative to that one.
    `migrated_by` is the script that applies migrations which no known ORM has.

    `next_version` and `orm_version` are the locked version, else the range in package.json. `package_manager` and `orm`
    are choices of their questions; `package_manager_pin` is `packageManager` of package.json, `manager_chosen_by` the
    file that says which of several lock files is in use, `node_version_file` the one that names the version of Node.js
    and `node_version_word` how (`lts/jod`); where that is no version, `node_version` is None. `build_script` is the
    script
    `build`, else the one that runs `next build`. `build_command` is what it runs but for commands that ask a database,
    where it has such; it builds the packages in `built_first` before the app. `output` is export, standalone or None.
    `database` is the kind that
    the ORM or Payload is set to (postgres, SQLite, MySQL, …), `database_word` the word in its settings that says so.
    `database_variables` are other names than DATABASE_URL for its address, `address` the variable that has the address
    of a database other than PostgreSQL, `address_is_url` is set where the code wants the file of SQLite as `file:/…`
    there, `fixed_file` the place that has the file of SQLite by its name instead.
    `impatient_driver` is a package for SQLite that waits for no lock and is given no timeout.
    `variables` are those that a schema of the environment or a module requires, `public_variables` those among them
    that are compiled into the pages, `build_values` what its own Dockerfile sets for the build, `registry_tokens` what
    an installation of packages needs. `env_files` are the committed .env files that the build reads, as seen from
    the target, and `env_names` the variables to which they give a value. `auth_js` is whether it, or a package that
    it is made of, has Auth.js (next-auth).
    """

    name: str | None = None
    next_version: str | None = None
    next_major: int | None = None
    package_manager: str | None = None
    package_manager_pin: str | None = None
    lockfiles: tuple[str, ...] = ()
    manager_chosen_by: str | None = None
    node_version: str | None = None
    node_version_file: str | None = None
    node_version_word: str = ""
    build_script: str | None = None
    build_command: str | None = None
    built_first: tuple[Linked, ...] = ()
    orm: str | None = None
    orm_version: str | None = None
    database_package: str = ""
    migrated_by: Command | None = None
    migrations_dir: str | None = None
    prisma_schema: str | None = None
    db_driver: str | None = None
    database: str | None = None
    database_word: str | None = None
    settings_files: tuple[str, ...] = ()
    database_variables: tuple[Variable, ...] = ()
    address: Variable | None = None
    address_is_url: bool = False
    fixed_file: Variable | None = None
    impatient_driver: str | None = None
    payload: bool = False
    sentry: bool = False
    variables: tuple[Variable, ...] = ()
    public_variables: tuple[Variable, ...] = ()
    build_values: Mapping[str, str] = field(default_factory=dict)
    registry_tokens: tuple[Variable, ...] = ()
    env_files: tuple[str, ...] = ()
    env_names: tuple[str, ...] = ()
    auth_js: bool = False
    output: str | None = None

    @property
    def uses_database(self) -> bool:
        """Whether it wants a PostgreSQL database: by its settings, else by its driver, else by its ORM."""
        if self.database:
            return self.database == "postgres"
        return self.db_driver in POSTGRES_DRIVERS if self.db_driver else self.orm not in (None, "none")

    @property
    def kind(self) -> str | None:
        """The database it uses: by its settings, else by its driver; None where PostgreSQL is as likely as none."""
        return self.database or OTHER_DRIVERS.get(self.db_driver or "")

    @property
    def database_choice(self) -> str:
        """The answer to `database` that serves it."""
        if self.kind not in (None, "postgres"):
            return "sqlite" if self.kind == "SQLite" else "external"
        if not self.uses_database:
            return "none"
        return "neon" if self.db_driver in NEON_DRIVERS else "fly_managed"

    @property
    def migration_command(self) -> str:
        """The answer to `migration_command`."""
        return self.migrated_by.command if self.migrated_by else ""

    @property
    def database_engine(self) -> str:
        """The answer to `database_engine`."""
        engines = {None: "postgres", "postgres": "postgres", "MySQL": "mysql", "MongoDB": "mongodb"}
        return engines.get(self.kind, "other")

    @property
    def database_variable(self) -> str:
        """The variable that the code reads the database's address from."""
        usual = "DATABASE_PATH" if self.kind == "SQLite" and not self.file_is_url else "DATABASE_URL"
        return self.address.name if self.address else usual

    @property
    def build_address(self) -> str:
        """The variable that the build would read the database's address from."""
        names = [variable.name for variable in self.database_variables]
        return names[0] if names and self.database_choice != "external" else self.database_variable

    @property
    def file_is_url(self) -> bool:
        """Whether the file of SQLite is named as `file:/…`, as Prisma and libSQL want it."""
        return self.address_is_url or self.orm == "prisma" or self.db_driver == "@libsql/client" or self.payload


@dataclass(frozen=True)
class Schedule:
    """A command that runs by the clock: its cron line, and the place that has it."""

    name: str
    cron: str
    command: str
    file: str
    line: int | None


@dataclass(frozen=True)
class FlyToml:
    """What a fly.toml says, under the names of the questions where there is one; `env` as text.

    `workers` are the process groups beside `app`, none where no group has that name.
    """

    app: str | None = None
    primary_region: str | None = None
    internal_port: int | None = None
    vm_size: str | None = None
    vm_memory: str | None = None
    swap_mb: int | None = None
    strategy: str | None = None
    auto_stop: str | None = None
    min_machines: int | None = None
    metrics_port: int | None = None
    volume: str | None = None
    mounted_at: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    workers: tuple[Worker, ...] = ()


@dataclass(frozen=True)
class ExistingDeployment:
    """What the project has of a deployment already.

    `fly_toml_file` is where its fly.toml is, or the fly.json or fly.yaml that flyctl takes for one; `fly_toml_keys` has
    what that says as dotted key → values. `template_version` is the version of this template that an earlier copy was
    made from, `unknown` where the answers do not say.
    """

    fly_toml_file: str | None = None
    fly_toml: FlyToml = field(default_factory=FlyToml)
    fly_toml_keys: Mapping[str, list[str]] = field(default_factory=dict)
    template_version: str | None = None


@dataclass(frozen=True)
class Project:
    """What a folder says about the app in it.

    `app_dir` is the app's folder ("." or a posix path) and `stack` its kind, both None where no app was found; `apps`
    are all deployable ones, the nearest first. `folder` is the target's own name, `workflows` are the workflows on
    GitHub that are not the template's. `workers` are the processes that the app starts beside the web server,
    `schedules` what another platform starts by the clock.
    """

    folder: str
    app_dir: str | None = None
    stack: str | None = None
    apps: tuple[App, ...] = ()
    github: bool = False
    workflows: tuple[str, ...] = ()
    elixir: ElixirApp = field(default_factory=ElixirApp)
    nextjs: NextjsApp = field(default_factory=NextjsApp)
    bucket: Client = field(default_factory=Client)
    redis: Client = field(default_factory=Client)
    existing_deployment: ExistingDeployment = field(default_factory=ExistingDeployment)
    workers: tuple[Worker, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    warnings: tuple[ProjectWarning, ...] = ()

    @property
    def variables_of_services(self) -> frozenset[str]:
        """The variables that the bucket and Redis set when they are made, or that ops/setup asks for."""
        by_fly = TIGRIS if self.bucket.choice == "tigris" else ()
        return frozenset((*by_fly, *self.bucket.variables, *self.redis.variables))
