"""What a Next.js project has on its way to a machine, or on it, that the image here does not have: rules of the survey.

They are part of `RULES` in survey.py, which tells how a rule is made.
"""

from __future__ import annotations

import json
import posixpath
import re
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ...expressions import expression
from .. import dockerfile, files, lockfiles, release_phase
from ..project import DATABASE_NAME, NextjsApp, ProjectWarning
from ..warnings import warning
from . import app as nextjs_app
from . import environment

if TYPE_CHECKING:
    from .survey import Look

# --- The project's own Dockerfile ------------------------------------------------------------------------

_WRAPPED = expression(
    r"^(?:(?:\S*/)?(?:tini|dumb-init|docker-entrypoint\.sh|exec|cross-env|env)(?: -\S+)* |\w+=(?:'[^']*'|\S*) "
    r"|(?:npm|pnpm|yarn|bun)(?: run)? build && )+"
)
_USUAL_START = expression(
    r"(?:\S*/)?(?:node|bun)(?: -\S+(?:=\S+)?)* (?!\S*\b(?:dist|build|lib|out)/)\S*server\.js|(?:\S*/)?server\.js"
    r"|(?:npx |bunx |node )?(?:\S*/)?next start.*"
    r"|(?:npm|pnpm|yarn|bun)(?: (?:--filter|-F|-C|--dir|--prefix|--cwd|-w|(?:--)?workspace)[ =]\S+)*(?: run)? start|"
)
_RUNS_SCRIPT = expression(r"(?:npm|pnpm|yarn|bun)(?: run)? ([\w:.-]+)")
_OF_THE_IMAGE = expression(
    r"NODE_ENV|PORT|HOST(?:NAME)?|NEXT_\w+|PATH|LANG(?:UAGE)?|LC_\w+|CI|\w+_HOME|\w+_VERSION|DO_NOT_TRACK|KEEP_ALIVE_TIMEOUT"
    r"|(?:YARN|PNPM|NPM|npm|BUN|COREPACK|SKIP|PYTHON|DEBIAN|TURBO|PUPPETEER|PLAYWRIGHT|CYPRESS|PRISMA|SENTRY|NEXT|BUILD|GIT|DOCKER|STANDALONE)_?\w+"
    r"|AUTH_TRUST_HOST|DATABASE_URL|HUSKY"
)
"""Variables that the template's image has too, that a build reads, or that other files answer for."""
_TRACED = expression(
    r"\.?/?|.*\.next(?:/.*)?|(?:.*/)?(?:public|out)/?|(?:.*/)?package[\w*-]*\.json\*?|(?:.*/)?(?:yarn\.lock|[\w-]*lock[\w.*-]*)"
    r"|(?:.*/)?(?:next|prisma)\.config\.\w+|(?:.*/)?instrumentation[\w.-]*\.[jt]s|.*node_modules.*|(?:.*/)?\.env[\w.-]*|(?:.*/)?tsconfig[\w.]*\.json|.*[$].*"
    r"|(?:.*/)?\.(?:npmrc|yarnrc\.yml|yarn)|(?:.*/)?prisma(?:/.*)?|(?:.*/)?[\w.-]*(?:entrypoint|start|run)[\w.-]*\.sh"
)
"""What is in the template's image in its own way, or is of no use there."""


def _own_dockerfile(look: Look) -> tuple[str, list[dockerfile.Instruction]]:
    """The project's own Dockerfile and what makes the image in it that runs; nothing where it is the template's."""
    file, text = look.own_dockerfile
    return file, dockerfile.last_image(text)


_OF_DEVELOPMENT = expression(r"(?:^|[\s:])dev(?:$|[\s:])")


def own_start(look: Look) -> Iterator[ProjectWarning]:
    """The project's own Dockerfile starts a program of its own, which does more than start Next.js."""
    file, image = _own_dockerfile(look)
    last = {one.name: one for one in image if one.name in ("ENTRYPOINT", "CMD")}
    said = " ".join(
        word for name in ("ENTRYPOINT", "CMD") if name in last for word in dockerfile.words(last[name].words)
    )
    entrypoint = "docker-entrypoint.sh"  # the one of the image of Node.js, unless the project brings one of that name
    own = any(one.name in ("COPY", "ADD") and entrypoint in one.words for one in image)
    command = said if own and entrypoint in said else _WRAPPED.sub("", said)
    script = _RUNS_SCRIPT.fullmatch(command)
    scripts = {name: one for _, name, one in reversed(list(look.scripts()))}
    command = _WRAPPED.sub("", scripts.get(script[1], command)) if script and script[1] != "start" else command
    if last and not (_USUAL_START.fullmatch(command) or _OF_DEVELOPMENT.search(said)):
        shown = said if len(said) < 80 else f"{said[:80].rsplit(' ', 1)[0]} …"
        first = next(last[name] for name in ("ENTRYPOINT", "CMD") if name in last)
        yield warning("own-start", (file, first.line), command=shown, migrations=_migrations(look.app, command))


def _migrations(app: NextjsApp, command: str) -> str:
    """What applies the migrations here, in place of a command that starts the app; "" where nothing does."""
    of_another_kind = app.database_choice == "external" and app.database_engine != "postgres"
    by_orm = app.orm not in (None, "none") and not of_another_kind
    if app.database_choice == "none" or not (app.migration_command or by_orm):
        return "No deploy runs migrations (answer migration_command). " if "migrat" in command else ""
    if app.database_choice == "sqlite":
        return "Migrations run where the app runs, before it starts. "
    return "A migration runs before each deploy instead (release_command in fly.toml). "


_APPLIES = expression(r"\b(?:prisma migrate deploy|drizzle-kit migrate)\b")


def release_command(look: Look) -> Iterator[ProjectWarning]:
    """Another platform runs a command before each release, which is not what the release command here runs."""
    if phase := release_phase.find(look.target, look.dir):
        file, line, said = phase
        script = _RUNS_SCRIPT.fullmatch(said)
        scripts = {name: one for _, name, one in reversed(list(look.scripts()))}
        command = scripts.get(script[1], said) if script else said
        if found := look.app.migration_command:
            same = nextjs_app.unwrapped(command) == found
        else:
            same = look.app.orm in ("prisma", "drizzle") and bool(_APPLIES.search(command))
        if not same:
            yield warning("release-phase", (file, line), command=command)


def own_image_env(look: Look) -> Iterator[ProjectWarning]:
    """The project's own Dockerfile sets variables for the app."""
    file, image = _own_dockerfile(look)
    answered = {*look.app.env_names, look.app.database_variable, *(one.name for one in look.app.variables)}
    found = {
        name: one.line
        for one in image
        if one.name == "ENV"
        for name, value in dockerfile.settings(one).items()
        if value and "$" not in value and not _OF_THE_IMAGE.fullmatch(name) and name not in answered
    }
    if found:
        yield warning("own-image-env", (file, next(iter(found.values()))), names=", ".join(found))


_BUILDS = expression(r"\b(?:next build|(?:npm|pnpm|yarn|bun)(?: run)? build)\b")


def own_image_files(look: Look) -> Iterator[ProjectWarning]:
    """The project's own Dockerfile copies files into the image beside Next.js' standalone output."""
    file, image = _own_dockerfile(look)
    # Where the image is that of the build, what came before it was built is what it is built of.
    built = max((at for at, one in enumerate(image) if one.name == "RUN" and _BUILDS.search(one.words)), default=-1)
    copies = list(dockerfile.copies(image[built + 1 :]))
    if not any(".next/standalone" in source for one in copies for source in one.sources):
        return
    started = " ".join(one.words for one in image if one.name in ("ENTRYPOINT", "CMD"))
    found: dict[str, int] = {}
    for one in copies:
        if re.search(r"[:/]", one.origin) or re.match(r"/(?:usr|bin|etc|lib|opt|var|root)\b", one.to):
            continue
        for source in one.sources:
            if not _TRACED.fullmatch(source) and posixpath.basename(source.rstrip("/")) not in started:
                name = _in_repository(look, source)
                if not files.within(name, look.path(look.app.migrations_dir or "migrations")):
                    found.setdefault(name, one.line)
    if found:
        yield warning("own-image-files", (file, next(iter(found.values()))), names=", ".join(found))


def _in_repository(look: Look, source: str) -> str:
    """A path of a COPY instruction as seen from the target, where it is there without some of its first folders."""
    parts = [part for part in source.split("/") if part not in ("", ".")]
    for folder in dict.fromkeys((look.dir, ".")):
        for start in range(len(parts)):
            path = files.join(folder, *parts[start:])
            if look.target.exists(path):
                return path
    return "/".join(parts)


# --- Installing and building -----------------------------------------------------------------------------

_PEERS = expression(
    r"\bnpm (?:ci|install|i)\b(?! +(?:-g\b|--global\b))[^\n&|;`\"']*--(legacy-peer-deps|force)\b"
    r"|\bNPM_FLAGS\s*=\s*[\"'][^\"'\n]*--(legacy-peer-deps|force)\b"
)
_INSTALLS = expression(r"\bnpm (?:ci|install|i)\b(?! +(?:-g\b|--global\b))")


def install_flags(look: Look) -> Iterator[ProjectWarning]:
    """The project installs its packages with a flag without which npm refuses them."""
    if look.app.package_manager != "npm":
        return
    above = files.ancestors(look.dir)
    for folder in above:
        if lockfiles.LENIENT.search(look.target.text(files.join(folder, ".npmrc")) or ""):
            return
    own = "" if look.project.existing_deployment.template_version else "Dockerfile"
    beside = [name for name in (own, "vercel.json", "netlify.toml", "README.md") if name]
    places = [files.join(folder, name) for folder in above for name in beside]
    for place in (*places, *(f".github/workflows/{name}" for name in look.project.workflows)):
        text = look.target.text(place) or ""
        found = _PEERS.search(text)
        # A workflow that installs without it too may need it in another folder alone.
        if found and not (place.startswith(".github/") and len(_PEERS.findall(text)) < len(_INSTALLS.findall(text))):
            flag = found[1] or found[2]
            yield warning("install-flags", (place, files.line_of(text, found.start())), flag=flag)
            return


_ROUTES = ("rewrites", "redirects", "headers", "routes")


def _of_vercel(look: Look) -> Iterator[tuple[str, dict[str, Any]]]:
    """The vercel.json beside the app and at the top, and what is in it."""
    for file in dict.fromkeys((look.path("vercel.json"), "vercel.json")):
        with suppress(ValueError, RecursionError):
            said = json.loads(look.target.text(file) or "{}")
            if isinstance(said, dict):
                yield file, said


def routes_of_vercel(look: Look) -> Iterator[ProjectWarning]:
    """Redirects, rewrites and headers of vercel.json, which Vercel alone applies."""
    for file, said in _of_vercel(look):
        if names := [name for name in _ROUTES if said.get(name)]:
            yield warning("routes-of-vercel", look.target.where([file], f'"{names[0]}"'), names=", ".join(names))
            return


_FUNCTIONS = ("netlify/edge-functions", "netlify/functions")
_OF_ALL_PAGES = expression(r"/index\.html|/\.netlify/(?:builders|functions)/(?:next|_ipx|___netlify).*")
"""Where Netlify sends what an app of one page, or an older plugin for Next.js, answers."""


def routes_of_netlify(look: Look) -> Iterator[ProjectWarning]:
    """Redirects, headers and functions that Netlify alone applies."""
    found: dict[str, str] = {}
    for folder in dict.fromkeys((look.dir, ".")):
        file = files.join(folder, "netlify.toml")
        said: dict[str, Any] = {}
        with suppress(ValueError):
            said = tomllib.loads(look.target.text(file) or "")
        redirects, headers = (
            [one for one in said.get(name) or () if isinstance(one, dict)] for name in ("redirects", "headers")
        )
        if any(not _OF_ALL_PAGES.fullmatch(str(one.get("to"))) for one in redirects):
            found.setdefault("redirects", file)
        if any(set(one.get("values") or ()) - {"Cache-Control", "cache-control"} for one in headers):
            found.setdefault("headers", file)
        for name in _FUNCTIONS:
            place = files.join(folder, name)
            code = (one for one in look.target.sources(place, (".ts", ".tsx", ".js", ".mjs")) if ".test." not in one)
            if file_of_it := next(code, None):
                found.setdefault(f"functions in {place}", file_of_it)
    file = look.path("public/_redirects")
    lines = [line.split() for line in (look.target.text(file) or "").splitlines() if not line.lstrip().startswith("#")]
    if any(len(words) > 1 and not _OF_ALL_PAGES.fullmatch(words[1]) for words in lines):
        found.setdefault("redirects", file)
    if found:
        first, file = next(iter(found.items()))
        yield warning("routes-of-netlify", look.target.where([file], f"[[{first}]]"), names=", ".join(found))


_BUILD_FILES = {
    "netlify.toml": r"^\s*command\s*=\s*[\"']([^\n]+)[\"']\s*$",
    "render.yaml": r"^\s*(?:- )?buildCommand:\s*[\"']?([^\n\"'|>]+)",
    "railway.json": r"\"buildCommand\"\s*:\s*\"([^\"\n]+)\"",
    "railway.toml": r"^\s*buildCommand\s*=\s*[\"']([^\n]+)[\"']\s*$",
}
"""Files of other hosts → the command in them that builds."""
_BUILD_SCRIPTS = ("vercel-build", "heroku-postbuild", "scalingo-postbuild", "gcp-build")
"""Scripts that other hosts build by, instead of the script build."""
_NO_STEP = expression(
    r"\S*migrat\w*\.sh$|(?:cross-env )?(?:\w+=\S+ )*(?:(?:npx|bunx|pnpm exec|pnpm dlx|yarn|pnpm)(?: --?\S+)* )?"
    r"(?:next build|prisma (?:generate|migrate|db)|drizzle-kit|turbo|nx|cd |corepack|rm |echo |export |set "
    r"|(?:npm|pnpm|yarn|bun)(?: (?:ci|i|install|add)\b|$| -)|npm (?:run )?build)"
)


def build_of_another_host(look: Look) -> Iterator[ProjectWarning]:
    """Another host builds the app by a command of its own, which does more than the script build."""
    scripts = {name: line for _, name, line in reversed(list(look.scripts()))}
    own = {
        leaf
        for name in ("prebuild", "build", "postbuild")
        for leaf in nextjs_app.leaves(scripts.get(name, ""), scripts)
    }
    places = [
        (file, said["buildCommand"]) for file, said in _of_vercel(look) if isinstance(said.get("buildCommand"), str)
    ]
    named = [name for name in _BUILD_SCRIPTS if name in scripts and not (places and name == "vercel-build")]
    places += [(look.path("package.json"), scripts[name]) for name in named]
    for name, pattern in _BUILD_FILES.items():
        for file in dict.fromkeys((look.path(name), name)):
            places += [(file, found) for found in re.findall(pattern, look.target.text(file) or "", re.MULTILINE)]
    for file, command in places:
        if not re.search(r"\bbuild\b", command):
            continue
        more = [one for one in nextjs_app.leaves(command, scripts) if one not in own and not _NO_STEP.match(one)]
        if more := [one for one in more if not nextjs_app.MIGRATES.search(one) and not _RUNS_SCRIPT.fullmatch(one)]:
            place = look.target.where([file], command[:40])
            yield warning("build-of-another-host", place, command=" && ".join(more))
            return


def outside_of_install(look: Look) -> Iterator[ProjectWarning]:
    """A package of the app is a folder outside of the repository."""
    file = look.path("package.json")
    for name, wanted in look.dependencies.items():
        if found := re.match(r"(?:file|link|portal):(.+)", wanted):
            path = posixpath.normpath(posixpath.join(look.dir, found[1]))
            if path.startswith(("..", "/")):
                yield warning("package-outside", look.target.where([file], f'"{name}"'), name=name, path=path)


def built_first(look: Look) -> Iterator[ProjectWarning]:
    """A package beside the app is used as its script build makes it, and nothing in the build of the app makes it."""
    for one in look.app.built_first:
        place = look.target.where([look.path("package.json")], f'"{one.name}"')
        yield warning("package-built-first", place, name=one.name, path=one.folder, entry=one.entry)


_TRIES = expression(r"\bcatch\b")
_PROGRAM = expression(
    r"\b(?:exec|execSync|execAsync|execa|execaCommand|spawn|spawnSync|execFile|execFileSync)\w*\(\s*[\"'`](git|curl|wget|python3?|jq|unzip|zip)\b"
    r"|=\s*[\"'`](git|curl|wget|python3?|jq|unzip|zip) [^\n]*[\"'`]"
)
"""Programs that code runs and that the image of Node.js lacks."""
_RUNS_FILE = expression(r"(?:node|tsx|ts-node|bun|jiti|esno|vite-node)\b(?: -\S+)*(?: run)? (\S+)")


def program_at_build(look: Look) -> Iterator[ProjectWarning]:
    """next.config, or a file that the script build runs, calls a program that the image of the build does not have."""
    found = look.package.get("scripts")
    scripts = found if isinstance(found, dict) else {}
    code = {file: text for file, text in look.texts.items() if re.search(r"(^|/)next\.config\.", file)}
    for name in ("prebuild", "build", "postbuild"):
        for command in nextjs_app.leaves(str(scripts.get(name) or ""), scripts):
            if re.match(r"git\s", command):
                yield warning("program-at-build", look.script_place(look.path("package.json"), name), program="git")
                return
            if run := _RUNS_FILE.search(command):
                path = posixpath.normpath(posixpath.join(look.dir, run[1]))
                for file in (path, *(f"{path}.{end}" for end in ("ts", "js", "mjs"))):
                    if look.target.is_file(file):
                        code[file] = look.target.text(file) or ""
    for file, text in code.items():
        if (called := _PROGRAM.search(text)) and "child_process" in text + "execa" and not _TRIES.search(text):
            place = file, files.line_of(text, called.start())
            yield warning("program-at-build", place, program=called[1] or called[2])
            return


# --- What next.config keeps of the build ----------------------------------------------------------------

_CONFIG_READS = expression(r"\bprocess\.env\.([A-Z]\w*)\b")
_OF_THE_BUILD = expression(
    r"NODE_ENV|CI|PORT|HOST(?:NAME)?|npm_\w+|DEBUG\w*|(?:\w+_)?DEV(?:_\w+)?|EXPORT|OUTPUT\w*|STANDALONE|DOCKER\w*|ANALY[SZ]E\w*|\w*_(?:SHA|REF)|\w*COMMIT\w*"
    r"|(?:NEXT|VERCEL|NETLIFY|CF|GITHUB|CI|TURBO|SENTRY|BUNDLE|BUILD|SKIP|GIT|TAURI|JEST|STORYBOOK|E2E|TEST|USE|ENABLE|DISABLE|IS)_\w+|\w*ANALY[SZ]E\w*"
)
"""Variables that a build alone reads, and switches of it."""


def frozen_config(look: Look) -> Iterator[ProjectWarning]:
    """next.config takes values from variables, and Next.js keeps them as they are in the build."""
    found: dict[str, tuple[str, int]] = {}
    for file, text in look.texts.items():
        if posixpath.dirname(file) not in (look.dir, "" if look.dir == "." else look.dir) or "next.config." not in file:
            continue
        for read in _CONFIG_READS.finditer(text):
            before, after = text[: read.start()].rstrip(), text[read.end() : read.end() + 60].lstrip()
            tested = re.match(r"(?:[!=]==?|\?(?![?.])|&&|\))", after) or re.search(r"(?:!|[!=]==?|\bif\s*\()$", before)
            other = re.match(r"(?:\?\?|\|\|)\s*(?![^\n]*localhost)", after)
            known = _OF_THE_BUILD.fullmatch(read[1]) or _ADDRESS.fullmatch(read[1]) or read[1] in look.app.env_names
            if not (tested or other or known):
                found.setdefault(read[1], (file, files.line_of(text, read.start())))
        for taken in environment.TAKEN_OUT.finditer(text):
            for name in re.findall(r"(?:^|,)\s*([A-Z]\w*)\s*(?=,|$)", taken[1]):
                known = _OF_THE_BUILD.fullmatch(name) or _ADDRESS.fullmatch(name) or name in look.app.env_names
                if not known and re.search(rf":\s*{name}\s*[,}}\n]|\$\{{{name}\}}", text):
                    found.setdefault(name, (file, files.line_of(text, taken.start())))
    if found:
        yield warning("variable-in-config", next(iter(found.values())), names=", ".join(found))


_TO_ITSELF = expression(
    r"\bdestination\s*:\s*(?:`\$\{\s*(?!process\.env\b)[\w?.]+\s*(?:\?\?|\|\|)\s*)?"
    r"[\"'`](https?://(?:localhost|127\.0\.0\.1)(?::\d+)?)"
)
"""An address, or one that stands for a setting; what stands for a variable is told of the variable."""


def rewrite_to_itself(look: Look) -> Iterator[ProjectWarning]:
    """next.config sends requests on to a program on the same machine, in production too."""
    for file, text in look.texts.items():
        found = _TO_ITSELF.search(text) if "next.config." in file and "NODE_ENV" not in text else None
        if found:
            yield warning("rewrite-to-localhost", (file, files.line_of(text, found.start())), address=found[1])
            return


# --- What the app does when it runs ----------------------------------------------------------------------

_WRITES = expression(r"\b(?:writeFile|appendFile|createWriteStream|mkdir|copyFile|rename)(?:Sync)?\(")
_BESIDE = expression(
    r"\bprocess\.cwd\(\)|\b__dirname\b|\b(?:join|resolve)\(\s*[\"'`](?:\./)?[\w-]+/[\w./-]*[\"'`]"
    r"|\b(?:writeFile|appendFile|mkdir)(?:Sync)?\(\s*[\"'`](?:\./)?[\w-]+/"
)
_FILE_MODULE = expression(r"[\"'](?:node:)?fs(?:/promises)?[\"']|[\"']fs-extra[\"']")
_OF_NO_REQUEST = expression(
    r"(^|/)(?:scripts?|seeds?|migrations?|mocks?|tools?|bin|cli|build|plugins?|trigger)/"
    r"|(^|/)[\w.-]*(?:\.config|seed|migrat|generate|swagger|openapi|sitemap|rss|feed|mock|build|setup|script|publish)[\w.-]*\.\w+$",
    re.IGNORECASE,
)
_AT_BUILD = expression(
    r"rss|sitemap|\bfeed\b|tmpdir\(|[\"'`]/tmp\b|getStaticProps|NODE_ENV\s*[!=]==?\s*[\"']development", re.IGNORECASE
)


_STORED = expression(
    r"\b(?:uploadDir|dest|destination|filename)\s*:\s*[\"'`](?:\./)?(?!/|\.\.|https?:)[\w-]+[/.][^\"'`\n]*[\"'`]|"
    r"\b(?:uploadDir|dest)\s*:\s*[\"'`](?:\./)?(?!/|\.\.)[\w-]+[\"'`]|\bJSONFile\w*\(\s*[\"'`](?!/)[^\"'`\n]+[\"'`]"
)
_DATABASES_IN_FILES = ("duckdb", "DuckDB", "PGlite", "Level(")
_OPENED = expression(
    r"\b(?:new\s+(?:duckdb\.Database|PGlite|Level|ClassicLevel)|DuckDBInstance\.create)\(\s*[\"'`](?!/|:memory:|\w+://)[^\"'`\n]+[\"'`]"
)
"""A database that lives in a file or folder of its own."""
_LOGGED = expression(r"\b(?:filename|dirname|destination|dest)\s*:\s*[\"'`]((?!/tmp\b|\.\.)[\w./%-]+)[\"'`]")
_LOGGERS = expression(r"[\"'](?:winston(?:-daily-rotate-file)?|pino|log4js|bunyan)[\"']")
_STORES_FILES = expression(r"[\"'](?:lowdb(?:/node)?|formidable|multer|nedb|@seald-io/nedb)[\"']")
"""Packages that write the files which they are told by a path."""

_UPLOADS = expression(r"^[ \t]*upload\s*:\s*(?:true\b|\{(?![^{}]*\bdisableLocalStorage\s*:\s*true))", re.MULTILINE)
_STORES = expression(r"@payloadcms/(?:storage-|plugin-cloud-storage)|.*(?:cloudinary|uploadthing|-s3\b|storage|bunny)")


def writes_beside_code(look: Look) -> Iterator[ProjectWarning]:
    """The code writes files into the folder of the app, which is read-only in the image and new with every deploy."""
    # Payload writes what is uploaded into a folder beside its configuration, unless another package keeps it.
    if look.app.payload and not any(_STORES.match(name) for name in look.dependencies):
        for file, text in look.texts.items():
            if "slug" in text and (takes := _UPLOADS.search(text)):
                yield warning("writes-beside-code", (file, files.line_of(text, takes.start())))
                return
    for file, text in look.texts.items():
        opened = _OPENED.search(text) if any(word in text for word in _DATABASES_IN_FILES) else None
        kept = opened or (_STORES_FILES.search(text) and _STORED.search(text))
        if kept and not _OF_NO_REQUEST.search(files.relative(file, look.dir)):
            yield warning("writes-beside-code", (file, files.line_of(text, kept.start())))
            return
    made_of = nextjs_app.loaded(look.target, look.dir)
    run_alone = _run_alone(look)
    beside = {file: text for place in made_of for file, text in environment.texts(look.target, place).items()}
    for file, text in {**look.texts, **beside}.items():
        inside = files.relative(file, look.dir if file in look.texts else ".")
        if "/" not in inside or _OF_NO_REQUEST.search(inside) or not _FILE_MODULE.search(text):
            continue
        if any(files.within(file, folder) for folder in run_alone):
            continue
        wrote = _WRITES.search(text)
        if wrote and _BESIDE.search(text) and not _AT_BUILD.search(text):
            yield warning("writes-beside-code", (file, files.line_of(text, wrote.start())))
            return


_STARTS_FILE = expression(r"\b(?:node|tsx|ts-node|bun)(?: -\S+)* (?:\./)?((?:[\w-]+/)+)[\w.-]+\.[cm]?[jt]sx?\b")


def _run_alone(look: Look) -> set[str]:
    """The folders of files that a script starts by itself, such as `node tools/fonts/index.js`, but for the server."""
    scripts = nextjs_app.scripts_of(look.target, look.dir)
    started = {
        found[1].strip("/")
        for name, command in scripts.items()
        if not re.match(r"(?:start|dev|serve|prod)\b", name)
        for found in _STARTS_FILE.finditer(command)
    }
    return {
        look.path(folder) for folder in started if not re.fullmatch(r"(?:src/)?(?:app|pages|lib|server)|src", folder)
    }


def logs_to_file(look: Look) -> Iterator[ProjectWarning]:
    """The logger writes to a file of the app's own folder."""
    for file, text in look.texts.items():
        found = _LOGGED.search(text) if _LOGGERS.search(text) and not _OF_DEVELOPMENT.search(text) else None
        if found and not _OF_NO_REQUEST.search(files.relative(file, look.dir)):
            yield warning("log-in-file", (file, files.line_of(text, found.start())), name=found[1])
            return


_AWS = "@aws-sdk/client-"
_OF_AWS = expression(r"\bnew (\w+Client)\(\s*(?:\{([^{}]*)\}\s*)?\)")
"""A client of AWS with options that are written out there, or with none."""
_KEYS_OF_AWS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def aws_by_role(look: Look) -> Iterator[ProjectWarning]:
    """A client of AWS is made without keys: it takes those of the role that a machine at AWS has."""
    if not any(name.startswith(_AWS) and name != f"{_AWS}s3" for name in look.dependencies):
        return
    known = {*look.reads, *look.project.bucket.variables, *look.app.env_names}
    examples = (look.target.text(file) or "" for file in (look.path(".env.example"), ".env.example"))
    if _KEYS_OF_AWS[0] in known or any(_KEYS_OF_AWS[0] in text for text in (*look.texts.values(), *examples)):
        return
    for file, text in look.texts.items():
        if _AWS not in text or _OF_NO_REQUEST.search(files.relative(file, look.dir)):
            continue
        for made in _OF_AWS.finditer(text):
            options = made[2] or ""
            # What is spread into the options may have keys, unless it is written in the same file.
            spread = re.findall(r"\.\.\.(\w*)", options)
            written = [re.search(rf"\bconst {one}\b[^=\n]*=\s*\{{([^{{}}]*)\}}", text) for one in spread]
            all_options = " ".join((options, *(one[1] for one in written if one)))
            if made[1] == "S3Client" or "credentials" in all_options or not all(written):
                continue
            names = (*_KEYS_OF_AWS, *(("AWS_REGION",) if "region" not in all_options else ()))
            place = file, files.line_of(text, made.start())
            yield warning("aws-by-role", place, client=made[1], names=", ".join(names))
            return


# --- What runs beside it, and what it runs ---------------------------------------------------------------

_BESIDE_THE_APP = expression(
    r"(?:[\w-]+[-_])?(?:workers?|jobs?|queues?|cron|scheduler|api|server|backend|bot|realtime|websockets?|ws)"
)
"""Names of folders that hold a program."""
_STARTS = expression(r"(?:\S+ )*?(?:node|tsx|ts-node|bun|nest|pm2|nodemon)\b")
_PLACES = (".", "apps", "packages", "services", "servers")


def programs_beside(look: Look) -> Iterator[ProjectWarning]:
    """A folder beside the app has a program with a start script, which is no part of the app."""
    made_of = {look.dir, *nextjs_app.made_of(look.target, look.dir)}
    found: dict[str, str] = {}
    named = (files.join(above, name) for above in _PLACES for name, inner in look.target.names(above).items() if inner)
    for place in dict.fromkeys((*named, *nextjs_app.beside(look.target, look.dir))):
        if not _BESIDE_THE_APP.fullmatch(posixpath.basename(place)) or any(files.within(one, place) for one in made_of):
            continue
        package = nextjs_app.package_json(look.target, place)
        scripts = package.get("scripts")
        commands = [scripts.get(one) for one in ("start", "start:prod", "dev")] if isinstance(scripts, dict) else []
        command = next((one for one in commands if isinstance(one, str)), "")
        deps = nextjs_app.dependencies(package)
        # One with pages is an app of its own, and one without may be the server that starts this app.
        is_app = "next" in deps and nextjs_app.has_pages(look.target, place, package)
        # A package with programs of its own is one for the command line.
        if "bin" not in package and _STARTS.match(command) and not is_app:
            found[place] = command
    if found:
        names = ", ".join(f"{place} (`{command}`)" for place, command in found.items())
        place = files.join(next(iter(found)), "package.json")
        yield warning("program-beside", (place, None), names=names)


_OF_BUN = expression(r"(?:\bfrom\s+|\bimport\(\s*|\brequire\(\s*)[\"'](bun(?::(?!test\b)\w+)?)[\"']")


def needs_bun(look: Look) -> Iterator[ProjectWarning]:
    """The code uses a module of Bun, and the image runs Next.js by Node.js, whatever installed the packages."""
    for file, text in look.texts.items():
        inside = files.relative(file, look.dir)
        if "bun" in text and (used := _OF_BUN.search(text)) and not _OF_NO_REQUEST.search(inside):
            yield warning("bun-at-run-time", (file, files.line_of(text, used.start())), module=used[1])
            return


_BROWSERS = ("puppeteer", "puppeteer-core", "playwright", "playwright-core", "chrome-aws-lambda", "@sparticuz/chromium")
_LAUNCHES = expression(r"\.launch(?:PersistentContext)?\(")
_RUN_BY_PACKAGES = {"fluent-ffmpeg": "ffmpeg", "simple-git": "git", "gm": "ImageMagick", "pdf2pic": "GraphicsMagick"}
"""Packages that run a program of the system, and do not bring it."""
_BROUGHT_BY = expression(r"ffmpeg-static|@ffmpeg-installer/|ffprobe-static|@ffprobe-installer/")
_CALLED = expression(
    r"\b(?:exec|execSync|execAsync|execPromise|execa|execaCommand|spawn|spawnSync|execFile|execFileSync|execFileAsync)\(\s*[\"'`]"
    r"(git|curl|jq|python3?|ffmpeg|ffprobe|convert|magick|identify|pandoc|pdftotext|pdftoppm|gs|libreoffice|soffice|yt-dlp|pg_dump"
    r"|psql|mysqldump|chromium|google-chrome|docker|kubectl|openssl|exiftool|tesseract|wkhtmltopdf|typst|bash)\b"
)
"""Programs that code runs and the image lacks."""


def programs_at_run_time(look: Look) -> Iterator[ProjectWarning]:
    """The code runs a program of the system, or starts a browser, which the image does not have."""
    section = look.package.get("dependencies")
    installed = section.keys() if isinstance(section, dict) else ()
    code = {
        file: text
        for file, text in look.texts.items()
        if "/" in files.relative(file, look.dir) and not _OF_NO_REQUEST.search(files.relative(file, look.dir))
    }
    for file, text in code.items():
        package = next(
            (name for name in _BROWSERS if name in installed and re.search(rf"[\"']{name}[\"']", text)), None
        )
        if package and (launched := _LAUNCHES.search(text)):
            yield warning("browser-not-there", (file, files.line_of(text, launched.start())), package=package)
            break
    brought = any(_BROUGHT_BY.match(name) for name in installed)
    found: dict[str, tuple[str, int]] = {}
    for file, text in code.items():
        for name, program in _RUN_BY_PACKAGES.items():
            imported = re.search(rf"[\"']{name}[\"']", text) if name in installed else None
            if imported and not (program == "ffmpeg" and brought):
                found.setdefault(f"{program} ({name})", (file, files.line_of(text, imported.start())))
        for called in _CALLED.finditer(text) if "child_process" in text or "execa" in text else ():
            # Many ask git for a version, and do without.
            does_without = called[1] == "git" and _TRIES.search(text)
            if not does_without and not (called[1].startswith("ff") and brought):
                found.setdefault(called[1], (file, files.line_of(text, called.start())))
    if found:
        yield warning("program-not-there", next(iter(found.values())), names=", ".join(found))


_TARGET = expression(r"\btarget:\s*[\"'`](?!pino/file)(@?[\w.-]+(?:/[\w.-]+)*)[\"'`]")
_OF_DEVELOPMENT = expression(r"\bNODE_ENV\b|\b(?:is_?)?(?:dev|prod)|\.isTTY\b", re.IGNORECASE)


def loggers_by_name(look: Look) -> Iterator[ProjectWarning]:
    """pino loads a transport by its name, so Next.js does not put that package into the image."""
    for file, text in look.texts.items():
        imported = re.search(r"[\"']pino[\"']", text)
        if imported and not _OF_NO_REQUEST.search(files.relative(file, look.dir)):
            named = [found for found in _TARGET.finditer(text) if found[1].split("/")[0] != "."]
            # Colours for a developer's terminal; what goes elsewhere is for production.
            if found := next(
                (one for one in named if one[1] != "pino-pretty" or not _OF_DEVELOPMENT.search(text)), None
            ):
                yield warning("logger-by-name", (file, files.line_of(text, found.start())), name=found[1])
                return


# --- Databases that are used in a way that is not known --------------------------------------------------

_ADDRESS = expression(
    r"(?!NEXT_PUBLIC_|\w*(?:TEST|SHADOW|VECTOR|PROXY)_)(?:(?:\w+_)?(?:POSTGRES|POSTGRESQL|PG)(?:_\w+)?_(?:URL|URI|DSN)|"
    + DATABASE_NAME.pattern
    + ")"
)


def unknown_file(look: Look) -> Iterator[ProjectWarning]:
    """The app keeps data in SQLite, and no code was found that takes its file from a variable."""
    app = look.app
    if app.database_choice == "sqlite" and not app.address and not app.fixed_file and not app.payload:
        place = look.target.where([look.path("package.json")], f'"{app.db_driver or app.orm}"')
        if app.database_variable not in look.reads:
            yield warning("sqlite-unknown-file", place, name=app.database_variable)


def unknown_database(look: Look) -> Iterator[ProjectWarning]:
    """The code reads the address of a database, and no package is one's driver that is known here."""
    if look.app.database_choice == "none":
        name = next((name for name in look.reads if _ADDRESS.fullmatch(name)), None)
        # A word for where it is missing, such as "not configured", is no address.
        text = look.texts[look.reads[name][0]] if name else ""
        if name and not re.search(rf"\b{name}\s*(?:\?\?|\|\|)\s*[\"'`](?![\"'`]|\w+://)", text):
            yield warning("database-unknown", look.reads[name], name=name)
