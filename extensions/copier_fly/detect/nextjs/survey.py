"""What a Next.js project has that its image or its scripts do not serve: one rule a function.

A rule gets a `Look` and yields a `ProjectWarning` for each thing it finds; `survey` runs them all. To add one: write
the function, put it into `RULES`, give its warning a text in `warnings.yml`, and give it a project and its opposite in
`tests/detection/test_survey_nextjs.py`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, partial
from typing import Any

from pathspec import GitIgnoreSpec

from ...expressions import expression
from .. import files, look
from ..files import Target
from ..project import NextjsApp, Project, ProjectWarning
from ..warnings import warning
from . import app as nextjs_app
from . import deployed, environment, portable, static_pages

_STATIC = expression(
    r"^export (?:(?:async )?function|const) (generateStaticParams|getStaticProps|getStaticPaths)\b(?:.|\n)*?^\}",
    re.MULTILINE,
)
_ASKS_IN_CONFIG = expression(r"\bawait (?:\w*[dD]b|prisma|sql|pool|kysely)\b")
_FETCHES_IN_CONFIG = expression(r"\b(?:await|return)\s+(?:\w+\.)*(?:fetch|axios(?:\.get)?|got)\(")
_LEFT_OUT = expression(
    r"^(?:\w+=\S+ )*(?:git|lefthook) |\b(?:prisma (?:migrate|db)|drizzle-kit (?:push|migrate)|"
    r"db:(?:push|migrate|seed|deploy)|migrate:deploy)\b"
)
"""What fly/plan.mjs takes out of a hook."""
_RUNNER = expression(r"^(?:npx|pnpm|yarn|bunx)(?: exec)?(?: --yes| -y)? ")
_RUNS_FILE = expression(r"(?:^|&&|;)\s*(?:(?:ba)?sh |node |bun |tsx )?(?:\./)?([\w./-]+\.(?:sh|[cm]?[jt]s))(?![\w.])")
_STOPS = expression(r"^(?:set -\w*e|#!.* -\w*e)", re.MULTILINE)
"""A shell script that stops at the first command that fails."""
_LOOKS_FIRST = expression(r"\bcatch\b|\bexistsSync\(|-[de] \S*\.git\b|\bcommand -v git\b|\|\|")
_USES_GIT = r"git (?:config|submodule|rev-parse|describe|status|log|lfs|fetch|pull|checkout)\b"
_STARTS_NEXT = expression(r"\bnext (?:start|dev)\b|\bnode \S*\.next/standalone/\S*server\.js\b")
_DATABASE_PART = expression(
    r"\bprocess\.env\.((?:DB|DATABASE|POSTGRES|PG|MYSQL)_?(?:HOST|HOSTNAME|USER|USERNAME|PASS|PASSWORD|NAME|PORT|DATABASE))\b"
)
"""Variables that give a database piece by piece."""
_SEEDS = expression(r"(?:^|/)seeds?[./]")
_CODEGEN_FILE = expression(r"(codegen|\.graphqlrc|graphql\.config)(\.\w+)?")
_PROGRAMS = expression(
    r"\b(playwright install|puppeteer browsers install|cypress install|apt-get|apt install|apk add|sudo)\b"
)
_MIGRATES = {
    "knex": "knex migrate:latest",
    "typeorm": "typeorm migration:run -d dist/data-source.js",
    "sequelize": "sequelize db:migrate",
    "node-pg-migrate": "node-pg-migrate up",
    "db-migrate": "db-migrate up",
    "@mikro-orm/core": "mikro-orm migration:up",
    "kysely": "tsx db/migrate.ts",
    "umzug": "node migrate.js up",
    "dbmate": "dbmate up",
}
"""Packages whose migrations the copy does not run by itself → a command that does."""
MAX_FOLDERS = 400
"""How many folders of a repository are looked at for a schema or a project outside of the app."""


class Look(look.Look):
    """A project, and what several rules read of it, each part read once."""

    @property
    def app(self) -> NextjsApp:
        """What was read of the app."""
        return self.project.nextjs

    @cached_property
    def package(self) -> dict[str, Any]:
        """The app's package.json."""
        return nextjs_app.package_json(self.target, self.dir)

    @property
    def database_dir(self) -> str:
        """The folder of the schema and the migrations: the app's, or that of a package of the workspace."""
        return self.app.database_package or self.dir

    @property
    def settings(self) -> list[str]:
        """The files that say which database it is, as seen from the target."""
        return [files.join(self.database_dir, file) for file in self.app.settings_files]

    @cached_property
    def dependencies(self) -> dict[str, str]:
        """Package → range of the app."""
        return nextjs_app.dependencies(self.package)

    def scripts(self) -> Iterator[tuple[str, str, str]]:
        """File, name and command of the scripts of the app and of the workspace it is part of, the app's first."""
        return nextjs_app.scripts(self.target, self.dir)

    def script_place(self, file: str, name: str) -> tuple[str, int | None]:
        """Where a script is defined."""
        return self.target.where([file], f'"{name}":')

    @cached_property
    def ignored(self) -> GitIgnoreSpec:
        """What the .gitignore files at the top and beside the app leave out of git."""
        return files.ignored(self.target, self.dir)

    @cached_property
    def app_sources(self) -> list[str]:
        """The app's own sources, a few hundred at the most."""
        return environment.sources(self.target, self.dir)

    @cached_property
    def sources_beside(self) -> list[str]:
        """The sources of the packages of the workspace that the app is made of."""
        places = nextjs_app.made_of(self.target, self.dir)
        return [file for place in places for file in environment.sources(self.target, place)]

    @property
    def texts(self) -> dict[str, str]:
        """What is in the app's own sources, by path, without comments that fill a line."""
        return environment.texts(self.target, self.dir)

    @cached_property
    def reads(self) -> dict[str, tuple[str, int]]:
        """Every variable that the app's own sources read by its name, with its first place."""
        found: dict[str, tuple[str, int]] = {}
        for file, text in self.texts.items():
            for read in environment.READ.finditer(text) if "process.env" in text else ():
                found.setdefault(read[1] or read[2], (file, files.line_of(text, read.start())))
        return found

    @cached_property
    def folders(self) -> list[str]:
        """The repository's folders, nearest to its top first; none of packages, builds or hidden ones."""
        found, pending = ["."], ["."]
        while pending and len(found) < MAX_FOLDERS:
            current = pending.pop(0)
            for name, is_folder in self.target.names(current).items():
                if is_folder and not name.startswith(".") and name not in ("node_modules", "dist", "build", "public"):
                    found.append(files.join(current, name))
                    pending.append(found[-1])
        return found


# --- Scripts ---------------------------------------------------------------------------------------------


def _migrates_within(command: str, scripts: dict[str, Any]) -> bool:
    return any(nextjs_app.MIGRATES.search(one) for one in nextjs_app.leaves(command, scripts))


def build_needs_database(look: Look) -> Iterator[ProjectWarning]:
    """The build script migrates, pushes or seeds a database, and an image build has none."""
    built, own = look.app.build_command, look.path("package.json")
    scripts = look.package.get("scripts") if built and not look.app.built_first else None
    hooks = [one for one in look.scripts() if one[1] in ("build", "prebuild", "postbuild")]
    found = [one for one in hooks if nextjs_app.MIGRATES.search(one[2])]
    # What the script asks a database by is in a script that it runs, where none of these shows it.
    ran = [one for one in hooks if isinstance(scripts, dict) and one[0] == own and _migrates_within(one[2], scripts)]
    for file, name, command in found or ran:
        named = nextjs_app.MIGRATES.search(command)
        shown, place = named[0] if named else command, look.script_place(file, name)
        if built and file == own:
            yield warning("build-without-database", place, name=name, command=shown, built=built)
        else:
            yield warning("build-needs-database", place, name=name, command=shown)
        return
    for file, name, command in hooks:
        if inside := _in_its_file(look, file, command, nextjs_app.MIGRATES.pattern):
            yield warning("build-needs-database", inside, name=name, command=command)
            return


def _in_its_file(look: Look, file: str, command: str, wanted: str) -> tuple[str, int] | None:
    """Where a file that a script runs has a command without which it fails; not where it looks first whether it can."""
    for run in _RUNS_FILE.finditer(command):
        path = files.join(posixpath.dirname(file), run[1])
        # What is outside of the target is not read.
        text = "" if path.startswith("../") else look.target.peek(path).decode(errors="replace")
        shell = path.endswith(".sh")
        begin = r"^(?!#|echo\b)" if shell else r"\b(?:exec|spawn)\w*\(\s*[\"'`]"
        asks = re.compile(rf"{begin}[^\"'`]*?(?<![\w./-])(?:{wanted})")
        lines = [line.strip() for line in text.splitlines()]
        last = next((number for number in range(len(lines) - 1, -1, -1) if lines[number]), -1)
        for number, line in enumerate(lines):
            stops = not shell or number == last or _STOPS.search(text)
            if stops and asks.search(line) and not _LOOKS_FIRST.search(text):
                return path, number + 1
    return None


def build_asks_service(look: Look) -> Iterator[ProjectWarning]:
    """A command of the build fetches from a service, such as the schema that GraphQL types are made of."""
    found = look.package.get("scripts")
    scripts = found if isinstance(found, dict) else {}
    made_of = "".join(
        look.target.text(look.path(name)) or "" for name in look.target.names(look.dir) if _CODEGEN_FILE.fullmatch(name)
    )
    for name in ("prebuild", "build", "postbuild"):
        for command in nextjs_app.leaves(str(scripts.get(name) or ""), scripts):
            fetches = re.search(r"\b(?:curl|wget|convex deploy)\b|\bhttps?://", command)
            if fetches or ("graphql-codegen" in command and re.search(r"https?://|process\.env", made_of)):
                place = look.script_place(look.path("package.json"), name)
                yield warning("build-asks-service", place, name=name, command=command)
                return


def config_asks_service(look: Look) -> Iterator[ProjectWarning]:
    """next.config fetches from a service, such as redirects that a CMS keeps."""
    for file, text in look.texts.items():
        if "next.config." in file and (asked := _FETCHES_IN_CONFIG.search(text)):
            place = file, files.line_of(text, asked.start())
            yield warning("config-asks-service", place, asked=f"{' '.join(asked[0].split())}…)")
            return


def _made_in_the_build(text: str) -> Iterator[re.Match[str]]:
    """The functions that Next.js calls for a page while it is built; not what it calls for each of no paths."""
    none = re.search(r"\bpaths:\s*\[\s*\]", text)
    yield from (found for found in _STATIC.finditer(text) if not (none and found[1] == "getStaticProps"))


def pages_from_database(look: Look) -> Iterator[ProjectWarning]:
    """Pages, or what handlers and sitemaps answer, are made from the database while the app is built."""
    for file, text in look.texts.items() if look.app.database_choice != "none" else ():
        if "next.config." in file and (asked := _ASKS_IN_CONFIG.search(text)):
            place = file, files.line_of(text, asked.start())
            yield warning("pages-from-database", place, function="next.config", name=look.app.build_address)
            return
        for made in _made_in_the_build(text):
            if asked := static_pages.ASKS.search(made[0]):
                place = file, files.line_of(text, made.start() + asked.start())
                yield warning("pages-from-database", place, function=made[1], name=look.app.build_address)
                return
        if asks := static_pages.asks_at_build(look.target, look.dir, file, look.texts, look.app.next_major):
            function = static_pages.what(files.relative(file, look.dir))
            yield warning("pages-from-database", asks, function=function, name=look.app.build_address)
            return


def pages_from_service(look: Look) -> Iterator[ProjectWarning]:
    """A page is made from what a service says while the app is built, where the build has a stand-in for its key."""
    clients = static_pages.clients(look.texts)
    if not clients:
        return
    asking = re.compile(rf"\bawait ({'|'.join(clients)})\.\w")
    for file in look.texts:
        if asks := static_pages.asks_at_build(look.target, look.dir, file, look.texts, look.app.next_major, asking):
            text = look.texts[asks[0]].splitlines()[asks[1] - 1]
            named = next(name for name in clients if re.search(rf"\b{name}\.", text))
            what = static_pages.what(files.relative(file, look.dir))
            yield warning("pages-from-service", asks, what=what, client=named, name=clients[named])
            return


_HELD = expression(
    r"\b(?:const|let|var)\s+(\w+)\s*(?::\s*string\s*)?=\s*process\.env\.([A-Z]\w*)!?(?:\s+as\s+string)?\s*;?[ \t]*$",
    re.MULTILINE,
)
"""A constant that holds what a variable has, and nothing where that is not set."""


def pages_from_address(look: Look) -> Iterator[ProjectWarning]:
    """A page is made from what an address says while the app is built, where the build has no value of the address."""
    given = environment.given(look.target, look.app.env_files)
    code = {file: text for file, text in look.texts.items() if "process.env" in text}
    held = {word: name for text in code.values() for word, name in _HELD.findall(text)}
    asking = re.compile(
        r"\b(?:fetch|axios(?:\.\w+)?|ky(?:\.\w+)?|got)\(\s*[`\"']?(?:\$\{)?\s*"
        rf"(?:process\.env\.([A-Z]\w*)!?|({'|'.join(held) or '(?!)'})\b)\s*(?![\s?|.(])"
    )
    if not any(asking.search(text) for text in look.texts.values()):
        return
    for file, text in look.texts.items():
        places = [
            (made[1], (file, files.line_of(text, made.start() + asked.start())))
            for made in _made_in_the_build(text)
            if (asked := asking.search(made[0]))
        ]
        if asked_at := static_pages.asks_at_build(look.target, look.dir, file, look.texts, look.app.next_major, asking):
            places.append((static_pages.what(files.relative(file, look.dir)), asked_at))
        for what, place in places:
            lines = look.texts[place[0]].splitlines()[place[1] - 1 : place[1] + 3]
            read = asking.search("\n".join(lines))
            variable = (read[1] or held[read[2]]) if read else ""
            if variable and variable not in given:
                answer = "public_env" if variable.startswith("NEXT_PUBLIC_") else "build_env"
                yield warning("pages-from-address", place, what=what, name=variable, answer=answer)
                return


_CERTIFIES = expression(r"(?<![\w$])cert\(")
_BEGINS = expression(r"^(?![\s})\]])[^\n]*", re.MULTILINE)
_IN_FUNCTION = expression(
    r"^(?:export )?(?:default )?(?:async )?function\b|=>\s*\{?\s*$|\btry\b|\bif\b.*\bprocess\.env\b"
)
_OF_ACCOUNT = expression(
    r"\bprocess\.env\.((?=\w*(?:PROJECT_ID|CLIENT_EMAIL|PRIVATE_KEY(?!_ID)|SERVICE|CREDENTIAL|ACCOUNT|JSON))[A-Z]\w*)"
)


def service_account(look: Look) -> Iterator[ProjectWarning]:
    """firebase-admin takes a service account while a module is loaded, and checks that its key is a true one.

    Its `cert` refuses everything else, from version 10 to 14. Next.js loads the modules of pages in the build too.
    """
    given = environment.given(look.target, look.app.env_files)
    for file, text in look.texts.items() if "firebase-admin" in look.dependencies else ():
        made = _CERTIFIES.search(text) if "firebase-admin" in text else None
        begins = [one[0] for one in _BEGINS.finditer(text, 0, made.start())] if made else []
        names = [name for name in dict.fromkeys(_OF_ACCOUNT.findall(text)) if name not in given]
        if made and names and not (begins and _IN_FUNCTION.search(begins[-1])):
            place = file, files.line_of(text, made.start())
            yield warning("service-account", place, names=", ".join(names), file=file)
            return


def install_hook(look: Look) -> Iterator[ProjectWarning]:
    """A hook of the installation needs git or a database, which an image build does not have."""
    for file, name, command in look.scripts():
        if name not in ("preinstall", "install", "postinstall", "prepare", "preprepare") or "|| " in command:
            continue
        git = re.search(r"(?:^|&&|;)\s*git\s", command)
        if git or nextjs_app.MIGRATES.search(command):
            parts = [] if re.search(r"[\"'`()|;]", command) else command.split("&&")
            left_out = [one.strip() for one in parts if _LEFT_OUT.search(_RUNNER.sub("", one.strip()))]
            told = "install-hook-git" if git else "install-hook-database"
            yield warning(
                "install-hook-left-out" if left_out else told,
                look.script_place(file, name),
                name=name,
                command=" && ".join(left_out) or command,
            )
        elif place := _in_its_file(look, file, command, _USES_GIT):
            yield warning("install-hook-git", place, name=name, command=command)


def no_pages(look: Look) -> Iterator[ProjectWarning]:
    """next is there for a library or an example, and the folder has no page."""
    if not nextjs_app.has_pages(look.target, look.dir, look.package) and not any(
        (*nx_app(look), *next_at_the_root(look))
    ):
        yield warning("no-pages", look.target.where([look.path("package.json")], '"next"'))


_BUILT_IN = expression(r"\bnext build(?: --?\S+)* (?:\./)?([\w@][\w@./-]*)")
_GOES_TO = expression(r"cd ([\w@./-]+)")


def built_elsewhere(look: Look) -> Iterator[ProjectWarning]:
    """The script build runs Next.js in another folder than that of package.json."""
    found = look.package.get("scripts")
    scripts = found if isinstance(found, dict) else {}
    inside = ""
    for command in nextjs_app.leaves(str(scripts.get(look.app.build_script or "") or ""), scripts):
        if moves := _GOES_TO.fullmatch(command):
            inside = posixpath.normpath(posixpath.join(inside, moves[1]))
        elif re.search(r"\bnext build\b", command):
            named = _BUILT_IN.search(command)
            inside = posixpath.normpath(posixpath.join(inside, named[1])) if named else inside
            # A word behind an option need not be a folder.
            if inside not in ("", ".") and look.target.is_dir(look.path(inside)):
                place = look.script_place(look.path("package.json"), look.app.build_script or "")
                yield warning("build-elsewhere", place, name=look.app.build_script, folder=look.path(inside))
            return


def start_dropped(look: Look) -> Iterator[ProjectWarning]:
    """`start` starts something else than Next.js' own server."""
    found = look.package.get("scripts")
    scripts = found if isinstance(found, dict) else {}
    command = scripts.get("start")
    if not isinstance(command, str):
        return
    run = list(nextjs_app.leaves(command, scripts))
    elsewhere = re.search(r"\b(serve|http-server)\b|\bturbo\b|\bnx\b|npm run|pnpm |yarn |bun run", " && ".join(run))
    if not elsewhere and not any(_STARTS_NEXT.search(one) for one in run):
        yield warning("own-server", look.script_place(look.path("package.json"), "start"), command=command)


def programs_at_install(look: Look) -> Iterator[ProjectWarning]:
    """A hook of the installation installs browsers or packages of the system."""
    for file, name, command in look.scripts():
        found = _PROGRAMS.search(command) if name in ("preinstall", "install", "postinstall", "prepare") else None
        if found:
            yield warning("install-hook-program", look.script_place(file, name), name=name, command=command)


def scripts_read_env(look: Look) -> Iterator[ProjectWarning]:
    """A script of the installation or the build copies or loads an .env file that git does not have."""
    for path, file, name in environment.env_files_of(one for one in look.scripts() if "|| " not in one[2]):
        command = next(command for package, named, command in look.scripts() if (package, named) == (file, name))
        if path not in look.app.env_files and not re.search(r"\bdotenv\b", command):
            yield warning("script-reads-env", look.script_place(file, name), name=name, file=path)


# --- The database ----------------------------------------------------------------------------------------


def other_database(look: Look) -> Iterator[ProjectWarning]:
    """The database is a server that is neither PostgreSQL nor made here."""
    app = look.app
    if app.database_choice != "external":
        return
    word = app.database_word if app.database else app.db_driver
    places = [*(look.settings if app.database else ()), look.path("package.json")]
    migrations = ", and no migration is run" if app.orm not in (None, "none") and not app.migrated_by else ""
    place = look.target.where(places, word or "")
    name = app.database_variable
    yield warning("database-elsewhere", place, database=app.kind, driver=word, name=name, migrations=migrations)


def fixed_file(look: Look) -> Iterator[ProjectWarning]:
    """The file of SQLite is named in the code, where a volume cannot be."""
    app = look.app
    if app.database_choice == "sqlite" and app.fixed_file:
        place = app.fixed_file.file, app.fixed_file.line
        yield warning("sqlite-fixed-file", place, named=app.fixed_file.name, name=app.database_variable)


def no_wait(look: Look) -> Iterator[ProjectWarning]:
    """The driver of SQLite waits for no lock, and after a lock loses what it acknowledges."""
    driver = look.app.impatient_driver
    if look.app.database_choice == "sqlite" and driver:
        yield warning("sqlite-no-wait", look.target.where([look.path("package.json")], driver), driver=driver)


def other_variable(look: Look) -> Iterator[ProjectWarning]:
    """The code reads the address of its database from another variable than DATABASE_URL."""
    if look.app.database in (None, "postgres"):
        for variable in look.app.database_variables:
            yield warning("database-variable", (variable.file, variable.line), name=variable.name)


def address_in_parts(look: Look) -> Iterator[ProjectWarning]:
    """The code connects to a host, as a user, with a password, each from a variable, and knows no address."""
    found = {
        name: place
        for name, place in look.reads.items()
        if _DATABASE_PART.fullmatch(f"process.env.{name}") and not _SEEDS.search(place[0])
    }
    settings = {file: look.target.text(file) or "" for file in look.settings if not _SEEDS.search(file)}
    for file, text in settings.items():
        for read in _DATABASE_PART.finditer(text):
            found.setdefault(read[1], (file, files.line_of(text, read.start())))
    known = "DATABASE_URL" in look.reads or any("DATABASE_URL" in text for text in settings.values())
    if len(found) > 1 and not known and not look.app.database_variables:
        yield warning("database-address-parts", next(iter(found.values())), names=", ".join(found))


def no_migrations(look: Look) -> Iterator[ProjectWarning]:
    """The ORM has a schema, and its migrations' folder has none."""
    folder = files.join(look.database_dir, look.app.migrations_dir or "")
    if not look.app.uses_database or look.app.orm not in ("prisma", "drizzle") or "payload" in look.dependencies:
        return
    prisma = look.app.orm == "prisma"
    place = next((file for file in look.settings if ("prisma" if prisma else "drizzle") in file), None)
    tables = "" if place or prisma else _tables_in_code(look)
    place = place or tables
    names = look.target.names(folder)
    if place and not any(
        inner if prisma else name.endswith(".sql") or inner for name, inner in names.items() if name != "meta"
    ):
        command = "npx prisma migrate dev --name init" if prisma else "npx drizzle-kit generate"
        if tables:
            command += f" --dialect=postgresql --schema={posixpath.relpath(tables, look.database_dir)}"
        if look.app.database_package not in ("", "."):
            command = f"cd {look.app.database_package} && {command}"
        yield warning("no-migrations", (place, None), folder=folder, command=command)


def _tables_in_code(look: Look) -> str:
    """The file that defines tables of Drizzle, where nothing says that migrations are kept elsewhere; "" for none."""
    code = environment.texts(look.target, look.database_dir)
    if look.app.migrated_by or any("migrationsFolder" in text for text in code.values()):
        return ""
    return next((file for file, text in code.items() if re.search(r"\bpgTable\(", text)), "")


def own_records_table(look: Look) -> Iterator[ProjectWarning]:
    """Drizzle keeps its records in a table of the app's own choice."""
    for file in look.settings:
        text = look.target.text(file) or ""
        section = re.search(r"\bmigrations\s*:\s*\{([^{}]*)\}", text) if "drizzle" in file else None
        if section and re.search(r"\b(table|schema)\s*:", section[1]):
            yield warning("drizzle-records", (file, files.line_of(text, section.start())))


def payload(look: Look) -> Iterator[ProjectWarning]:
    """Payload keeps migrations of its own, as TypeScript that only its command runs."""
    if "payload" in look.dependencies and not look.app.migrated_by:
        yield warning("payload", look.target.where([look.path("package.json")], '"payload"'))


def schema_by_dependency(look: Look) -> Iterator[ProjectWarning]:
    """The schema is in a package that the app depends on by way of others, and perhaps never asks."""
    place = look.app.database_package
    name = nextjs_app.package_json(look.target, place).get("name") if place not in ("", ".") else None
    if isinstance(name, str) and name not in look.dependencies:
        yield warning("schema-by-dependency", (files.join(place, "package.json"), None), name=name)


def own_migrations(look: Look) -> Iterator[ProjectWarning]:
    """Migrations of a tool that is no known ORM: run by its command, or by none."""
    if look.app.database_choice == "none" or look.app.orm not in ("none", "sql"):
        return
    if found := look.app.migrated_by:
        place = look.target.where([found.file], f'"{found.script}"')
        yield warning("migration-command", place, command=found.command)
        return
    tool = next((name for name in _MIGRATES if name in look.dependencies), None)
    folder = next(
        (one for one in look.folders if one.rpartition("/")[2] == "migrations" and files.within(one, look.dir)), None
    )
    if tool and folder and look.app.orm == "none":
        yield warning("migrations-not-run", (folder, None), tool=tool, example=_MIGRATES[tool])


def schema_elsewhere(look: Look) -> Iterator[ProjectWarning]:
    """The schema and its migrations are in a package of the repository that the app is not made of."""
    configured = any("drizzle.config." in file for file in look.settings)
    if {"prisma": look.app.prisma_schema, "drizzle": configured, "sql": True}.get(look.app.orm or ""):
        return
    for folder in look.folders:
        if files.within(folder, look.dir) and look.dir != ".":
            continue
        names = look.target.names(folder)
        found = next((name for name in names if name == "schema.prisma" or name.startswith("drizzle.config.")), None)
        inside_app = look.dir == "." and folder in (".", "prisma")
        if found and not inside_app:
            tool = "Prisma" if found == "schema.prisma" else "Drizzle"
            package = files.folder_of(folder) if folder.endswith("/prisma") else folder
            place = files.join(folder, found), None
            yield warning("schema-elsewhere", place, tool=tool, orm=tool.lower(), package=package)
            return


# --- Files and folders -----------------------------------------------------------------------------------


def committed_env(look: Look) -> Iterator[ProjectWarning]:
    """A committed .env file, which Next.js reads, goes into the image; one that is not committed does not."""
    for name in environment.READ_BY_NEXT:
        file = look.path(name)
        if file in look.app.env_files:
            yield warning("env-file", (file, None), name=name)
        elif look.target.is_file(file) and not look.ignored.match_file(file):
            yield warning("env-file-untracked", (file, None), name=name)


def hidden_pem(look: Look) -> Iterator[ProjectWarning]:
    """The code of the app, or of a package that it is made of, reads a .pem file, which .dockerignore keeps out."""
    for folder in look.folders:
        for name, is_folder in look.target.names(folder).items():
            file = files.join(folder, name)
            if is_folder or not name.endswith(".pem") or look.ignored.match_file(file):
                continue
            for source in (*look.app_sources, *look.sources_beside):
                text = look.target.peek(source).decode(errors="replace")
                if name in text:
                    yield warning("hidden-file", (source, files.line_of(text, text.index(name))), file=file)
                    break


def nx_app(look: Look) -> Iterator[ProjectWarning]:
    """An Nx workspace has the app in a folder without a package.json."""
    if not look.target.is_file("nx.json"):
        return
    for folder in look.folders:
        names = look.target.names(folder)
        if folder != look.dir and "package.json" not in names:
            config = next((name for name in names if name.startswith("next.config.")), None)
            if config:
                yield warning(
                    "nx-app",
                    (files.join(folder, config), None),
                    folder=folder,
                    built="the root" if look.dir == "." else look.dir,
                )
                return


def next_at_the_root(look: Look) -> Iterator[ProjectWarning]:
    """next is among the packages of the root, and the app is in a folder that does not name it."""
    if look.dir != "." or look.target.is_file("nx.json") or nextjs_app.has_folder_of_pages(look.target, "."):
        return
    for folder in look.folders:
        config = next((name for name in look.target.names(folder) if name.startswith("next.config.")), None)
        if config and folder != ".":
            yield warning("next-at-the-root", (files.join(folder, config), None), folder=folder)
            return


_DIST_DIR = expression(
    r"^(?:(?:module\.exports\s*=|export default|(?:const|let) \w+[^=\n]*=)\s*\{[^{}\n]*?)?[ \t]*"
    r"distDir\s*:\s*([\"'`])([^\"'`$]+)\1",
    re.MULTILINE,
)


def dist_dir(look: Look) -> Iterator[ProjectWarning]:
    """The build goes to another folder than .next."""
    for ending in ("ts", "mts", "mjs", "js", "cjs"):
        file = look.path(f"next.config.{ending}")
        text = look.target.text(file) or ""
        found = _DIST_DIR.search(text)
        if found and found[2].strip("./") != "next":
            yield warning("dist-dir", (file, files.line_of(text, found.start(1))), value=found[2])


_GIVEN_BY_CONFIG = expression(r"^\s*(NEXT_PUBLIC_\w+)\s*:(?!\s*process\.env\b)", re.MULTILINE)


def public_variables(look: Look) -> Iterator[ProjectWarning]:
    """Variables that the code for the browser reads: they are compiled in."""
    required = {variable.name: (variable.file, variable.line) for variable in look.app.public_variables}
    if required:
        first = next(iter(required.values()))
        yield warning("variable-public-required", first, names=", ".join(required))
    # next.config gives values by `env:`, but for those that it only hands on; those of Vercel are Vercel's alone.
    configs = "\n".join(text for file, text in look.texts.items() if "next.config." in file)
    told = {*look.app.env_names, *required, *_GIVEN_BY_CONFIG.findall(configs)}
    names = [name for name in look.reads if re.match(r"NEXT_PUBLIC_(?!VERCEL_)", name) and name not in told]
    if names:
        yield warning("variable-public", look.reads[names[0]], names=", ".join(names))


def public_at_run_time(look: Look) -> Iterator[ProjectWarning]:
    """Variables with NEXT_PUBLIC_ that a function reads by their name, where what was compiled in does not count."""
    read = [one for one in environment.read_by_name(look.texts) if one.name.startswith("NEXT_PUBLIC_")]
    set_there = {*look.app.env_names, *look.project.existing_deployment.fly_toml.env}
    if found := {one.name: one for one in reversed(read) if one.name not in set_there}:
        first, *_ = ones = list(found.values())[::-1]
        place = first.file, files.line_of(look.texts[first.file], first.start)
        names = ", ".join(one.name for one in ones)
        yield warning("variable-public-at-run-time", place, names=names, call=first.call)


_OTHER_HOST = expression(
    r"^[ \t]*assetPrefix\s*:(?![^\n]*\benv\.(?!NODE_ENV))[^\n]*[\"'`](https?://[^\"'`\s$]+)[\"'`]", re.MULTILINE
)


def assets_of_another_host(look: Look) -> Iterator[ProjectWarning]:
    """next.config has the browser ask another host for scripts and styles, which a deploy does not fill."""
    for file, text in look.texts.items():
        if "next.config." in file and (found := _OTHER_HOST.search(text)):
            yield warning("assets-of-another-host", (file, files.line_of(text, found.start(1))), host=found[1])
            return


def build_removes_cache(look: Look) -> Iterator[ProjectWarning]:
    """A script of the build removes .next, where the image build has its cache mounted."""
    found = look.package.get("scripts")
    scripts = found if isinstance(found, dict) else {}
    for name in ("prebuild", "build"):
        for command in nextjs_app.leaves(str(scripts.get(name) or ""), scripts):
            if nextjs_app.REMOVES_NEXT.fullmatch(command) and not look.app.build_command:
                place = look.script_place(look.path("package.json"), name)
                yield warning("build-removes-next", place, name=name, command=command)
                return


def variables(look: Look) -> Iterator[ProjectWarning]:
    """A registry's token, which `build_secrets` has by default, and what a schema or a module does not load without."""
    for code, found in (("private-registry", look.app.registry_tokens), ("variable-in-schema", look.app.variables)):
        if found:
            yield warning(code, (found[0].file, found[0].line), names=", ".join(variable.name for variable in found))


RULES: tuple[Callable[[Look], Iterable[ProjectWarning]], ...] = (
    build_needs_database,
    build_asks_service,
    pages_from_database,
    pages_from_service,
    pages_from_address,
    service_account,
    install_hook,
    no_pages,
    built_elsewhere,
    programs_at_install,
    scripts_read_env,
    start_dropped,
    other_database,
    fixed_file,
    no_wait,
    other_variable,
    address_in_parts,
    no_migrations,
    own_records_table,
    payload,
    schema_by_dependency,
    own_migrations,
    schema_elsewhere,
    committed_env,
    hidden_pem,
    nx_app,
    next_at_the_root,
    dist_dir,
    variables,
    public_variables,
    public_at_run_time,
    assets_of_another_host,
    build_removes_cache,
    config_asks_service,
    deployed.own_start,
    deployed.release_command,
    deployed.own_image_env,
    deployed.own_image_files,
    deployed.install_flags,
    deployed.routes_of_vercel,
    deployed.routes_of_netlify,
    deployed.build_of_another_host,
    deployed.outside_of_install,
    deployed.built_first,
    deployed.program_at_build,
    deployed.frozen_config,
    deployed.rewrite_to_itself,
    deployed.programs_beside,
    deployed.programs_at_run_time,
    deployed.needs_bun,
    deployed.loggers_by_name,
    deployed.writes_beside_code,
    deployed.logs_to_file,
    deployed.aws_by_role,
    deployed.unknown_file,
    deployed.unknown_database,
    portable.address_of_request,
    portable.set_by_vercel,
    portable.case_of_imports,
    portable.ignored_imports,
    portable.addresses_of_this_machine,
    portable.address_at_another_host,
    portable.lock_of_another_system,
    portable.lock_behind,
    portable.package_of_old_node,
    portable.prisma_of_old_openssl,
    portable.yarn_of_old_node,
    portable.pictures_not_resized,
    portable.secrets_by_program,
    portable.start_does_more,
)


def rules(target: Target, project: Project) -> list[partial[Iterable[ProjectWarning]]]:
    """Every rule for a Next.js app, ready to be called; none where there is none."""
    if not (project.stack == "nextjs" and project.app_dir is not None):
        return []
    look = Look(target, project)
    return [partial(rule, look) for rule in RULES]
