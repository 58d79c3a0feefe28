"""What a Next.js project takes from a developer's machine or from Vercel, and Fly does not have: rules of the survey.

They are part of `RULES` in survey.py, which tells how a rule is made.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ...expressions import expression
from ...fly import platform
from .. import files, lockfiles, npm
from ..limits import LOCK_LIMIT
from ..project import ProjectWarning
from ..warnings import warning
from . import app as nextjs_app
from . import environment

if TYPE_CHECKING:
    from .survey import Look

# --- Where a request came to -----------------------------------------------------------------------------

_ORIGIN = expression(
    r"\b(?:req|request)\.nextUrl\.(?:origin|host|hostname)\b"
    r"|\bnew URL\(\s*(?:req|request)\.url\s*\)\.(?:origin|host|hostname)\b"
    r"|\{[^{}\n]*\borigin\b[^{}\n]*\}\s*=\s*new URL\(\s*(?:req|request)\.url\b"
)
_ITSELF = expression(
    r"\bfetch\(\s*(?:new URL\([^()]*,\s*(?:req|request)\.(?:url|nextUrl(?:\.origin)?)\s*\)"
    r"|`?(?:\$\{)?(?:req|request)\.nextUrl\.origin\b)"
)
"""A request of the app to itself."""
_HOST = expression(r"\b(?:req|request)\.nextUrl\.host(?:name)?\b")
_HAS_ANOTHER = expression(r"(?:\?\?|\|\||\?[^?:\n]*:)\s*$")
_TAKES_ADDRESS = (
    (expression(r"(?:^|/)route\.[jt]sx?$"), (_ORIGIN, _ITSELF)),
    (expression(r"(?:^|/)(?:middleware|proxy)\.[jt]sx?$"), (_HOST, _ITSELF)),
)
"""Files that get requests → how they take the app's address out of one. A middleware makes redirects of the rest."""


def address_of_request(look: Look) -> Iterator[ProjectWarning]:
    """Code takes the app's address from the request, for more than a redirect, which works."""
    for file, text in look.texts.items():
        patterns = next((asked for where, asked in _TAKES_ADDRESS if where.search(file)), ())
        if "x-forwarded-host" in text:
            continue
        for found in (found for pattern in patterns for found in pattern.finditer(text)):
            before, after = text[: found.start()], text[found.end() :]
            served = "redirect(" in before[-160:] + after[:80]
            if found[0][0] == "{":
                served = all("redirect(" in line for line in after.splitlines() if re.search(r"\borigin\b", line))
            if not (served and found.re is not _ITSELF) and not _HAS_ANOTHER.search(before):
                yield warning("address-of-request", (file, files.line_of(text, found.start())))
                return


_VISITOR = expression(
    r"[\"'](x-vercel-ip-[\w-]+)[\"']|\b(?:req|request)\.(geo)\b(?!\w)"
    r"|\b(?:geolocation|ipAddress)\b[^{};]*\}\s*from [\"'](@vercel/(?:functions|edge))[\"']"
)
_APP = expression(r"\bprocess\.env\.((?:NEXT_PUBLIC_)?VERCEL_(?:URL|BRANCH_URL|PROJECT_PRODUCTION_URL))\b")
_ANOTHER_NAME = expression(r"process\.env\.(?!(?:NEXT_PUBLIC_)?VERCEL_)\w*(?:URL|URI|ORIGIN|HOST|DOMAIN|PORT)\b")


def set_by_vercel(look: Look) -> Iterator[ProjectWarning]:
    """The code asks for the address of the app, or for the place of a visitor, in a way that only Vercel answers."""
    found: dict[str, dict[str, tuple[str, int]]] = {"visitor-by-vercel": {}, "address-by-vercel": {}}
    for file, text in look.texts.items():
        for read in _VISITOR.finditer(text) if "ercel" in text or ".geo" in text else ():
            name = next(filter(None, read.groups()))
            found["visitor-by-vercel"].setdefault(name, (file, files.line_of(text, read.start())))
        # A client of tRPC asks its own server, which does answer at localhost.
        other = "trpc" in file.lower() or _ANOTHER_NAME.search(text)
        for read in _APP.finditer(text) if "VERCEL_" in text and not other else ():
            found["address-by-vercel"].setdefault(read[1], (file, files.line_of(text, read.start())))
    for code, names in found.items():
        if names:
            yield warning(code, next(iter(names.values())), names=", ".join(names))


# --- What differs on another machine ---------------------------------------------------------------------

_IMPORTS = expression(r"(?:from|import|require\(|import\()\s*[\"'](\.{1,2}/[^\"'\n]+|@/[^\"'\n]+)[\"']")
_ENDINGS = ("", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".mts", ".cjs", ".json", ".d.ts")


@lru_cache(maxsize=1)
def _imports(look: Look) -> list[tuple[str, str, re.Match[str]]]:
    """Every import of a file of the app: the file, its text, and where it is there."""
    return [(file, text, found) for file, text in look.texts.items() for found in _IMPORTS.finditer(text)]


class _Spelling:
    """How the files of a project are spelt, each folder and what each import finds read once."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.folders: dict[str, dict[str, bool]] = {}
        self.found: dict[str, tuple[str, bool] | None] = {}

    def find(self, path: str) -> tuple[str, bool] | None:
        """What an import finds where capital and small letters are the same, and whether it spells it so."""
        if path not in self.found:
            self.found[path] = self._find(path)
        return self.found[path]

    def _find(self, path: str) -> tuple[str, bool] | None:
        folder, exact = ".", True
        *above, last = posixpath.normpath(path).split("/")
        for part, endings in (*((one, ("",)) for one in above), (last, _ENDINGS)):
            names = self.folders.setdefault(folder, {}) or self.look.target.names(folder)
            self.folders[folder] = names
            wanted = [part + ending for ending in endings]
            name = next((one for one in wanted if one in names), None)
            if name is None:
                small = {one.lower() for one in wanted}
                name = next((one for one in names if one.lower() in small), None)
                exact = False
            if name is None:
                return None
            folder = files.join(folder, name)
        return folder, exact


def case_of_imports(look: Look) -> Iterator[ProjectWarning]:
    """An import spells a file with other capital letters than it has, which macOS and Windows do not mind."""
    spelling = _Spelling(look)
    for file, text, found in _imports(look):
        bases = [posixpath.dirname(file)] if found[1][0] == "." else [look.dir, look.path("src")]
        there = [spelling.find(posixpath.join(base, found[1].removeprefix("@/"))) for base in bases]
        fits = [one for one in there if one]
        if fits and not any(exact for _, exact in fits):
            place = file, files.line_of(text, found.start(1))
            yield warning("case-of-import", place, name=found[1], other=fits[0][0])
            return


_MADE_BY_CONFIG = expression(
    r"contentlayer|velite|paraglide|fumadocs|content-collections|next-video|intlayer|codegen|generat|exec|spawn"
)
_MAKES_NOTHING = expression(
    r"(?:cross-env )?(?:\w+=\S+ )*(?:npx |pnpm (?:exec )?|yarn |bunx )?(?:next (?:build|lint|telemetry)|husky|lefthook"
    r"|simple-git-hooks|patch-package|only-allow|prisma (?:generate|migrate|db)|drizzle-kit|tsc --noEmit|eslint"
    r"|prettier|biome|is-ci|rimraf|rm|next-sitemap|playwright|true|exit)\b"
)
_BEFORE_BUILD = ("preinstall", "install", "postinstall", "prepare", "prebuild", "build")


def _makes_files(look: Look) -> bool:
    """Whether something that runs before or in the build may make files of the source."""
    by_file: dict[str, dict[str, str]] = {}
    for file, name, command in look.scripts():
        by_file.setdefault(file, {})[name] = command
    steps = (
        leaf
        for scripts in by_file.values()
        for name in _BEFORE_BUILD
        for leaf in nextjs_app.leaves(scripts.get(name, ""), scripts)
    )
    configs = [look.target.text(look.path(f"next.config.{ending}")) or "" for ending in ("ts", "mjs", "js")]
    return any(not _MAKES_NOTHING.match(step) for step in steps) or bool(_MADE_BY_CONFIG.search("".join(configs)))


def _left_out(look: Look, spelling: _Spelling, path: str) -> bool | None:
    """Whether git leaves out what an import finds; None where it finds nothing and git would take it."""
    found = spelling.find(path)
    if found is None:
        return any(map(look.ignored.match_file, (path, f"{path}.ts", f"{path}/index.ts"))) or None
    inside = [files.join(found[0], name) for name in look.target.names(found[0])] or [found[0]]
    return all(look.ignored.match_file(one) and look.target.tracked(one) is False for one in inside)


def ignored_imports(look: Look) -> Iterator[ProjectWarning]:
    """The code imports a file that git ignores, such as a generated client, and no step of the build makes it."""
    if _makes_files(look):
        return
    spelling = _Spelling(look)
    known: dict[str, bool | None] = {}
    for file, text, found in _imports(look):
        of_prisma = look.app.orm == "prisma" and re.search(r"prisma|generated", found[1])
        if of_prisma or re.search(r"\btry\b", text[max(0, found.start() - 80) : found.start()]):
            continue
        bases = [posixpath.dirname(file)] if found[1][0] == "." else [look.dir, look.path("src")]
        paths = [posixpath.normpath(posixpath.join(base, found[1].removeprefix("@/"))) for base in bases]
        paths = [path for path in paths if not path.startswith("..")]
        known |= {path: _left_out(look, spelling, path) for path in paths if path not in known}
        left_out = [known[path] for path in paths]
        if True in left_out and False not in left_out and not look.ignored.match_file(file):
            yield warning("ignored-import", (file, files.line_of(text, found.start(1))), name=found[1])
            return


_ADDRESS_HERE = expression(
    r"^[ \t]*(?:export[ \t]+)?([A-Z]\w*)[ \t]*=[ \t]*[\"']?\w+://(?:[^@/\s]*@)?(?:localhost|127\.0\.0\.1)\b",
    re.MULTILINE,
)


def addresses_of_this_machine(look: Look) -> Iterator[ProjectWarning]:
    """A committed .env file that goes into the image has addresses on the developer's own machine."""
    for name in reversed(environment.READ_BY_NEXT):
        file = look.path(name)
        text = (look.target.text(file) or "") if file in look.app.env_files else ""
        names = [name for name in dict.fromkeys(_ADDRESS_HERE.findall(text)) if name != look.app.database_variable]
        if names:
            yield warning("env-file-localhost", look.target.where([file], names[0]), name=name, names=", ".join(names))
            return


_ELSEWHERE = r"[\"'`](https://[\w-]+\.(?:vercel\.app|netlify\.app|herokuapp\.com|onrender\.com|up\.railway\.app))\b[^\"'`\n]*[\"'`]"
_HERE = r"[\"'`]http://localhost:3\d{3}\b[^\"'`\n]*[\"'`]"
_HERE_OR_ELSEWHERE = expression(rf"{_HERE}\s*:\s*{_ELSEWHERE}|{_ELSEWHERE}\s*:\s*{_HERE}")


def address_at_another_host(look: Look) -> Iterator[ProjectWarning]:
    """The code has the app's own address at another host for production, and localhost for development."""
    for file, text in look.texts.items():
        for found in _HERE_OR_ELSEWHERE.finditer(text) if "localhost:3" in text else ():
            statement = re.split(r";|\n[ \t]*\n", text[: found.start()])[-1]
            if not _ANOTHER_NAME.search(statement):
                place = (file, files.line_of(text, found.start()))
                yield warning("address-at-another-host", place, address=found[1] or found[2])
                return


# --- Lock files ------------------------------------------------------------------------------------------


def _lock(look: Look) -> str | None:
    """The lock file that installs the app."""
    manager = (look.app.package_manager or "").removesuffix("_berry")
    locks = [
        file
        for folder in files.ancestors(look.dir)
        for name in look.app.lockfiles
        if files.LOCKFILES[name] == manager and look.target.is_file(file := files.join(folder, name))
    ]
    return lockfiles.in_use(look.target, locks, look.dir)


def _npm_lock(look: Look) -> tuple[str, dict[str, dict[str, Any]]]:
    """The package-lock.json that installs the app, and the packages in it by their path; none where there is none."""
    file = _lock(look) if look.app.lockfiles == ("package-lock.json",) else None
    try:
        packages = json.loads(look.target.text(file, LOCK_LIMIT) or "").get("packages") if file else None
    except (ValueError, AttributeError):
        packages = None
    found = packages if isinstance(packages, dict) else {}
    return file or "", {path: one for path, one in found.items() if isinstance(one, dict)}


_LINUX = expression(r"^(?!@next/swc-)(?!.*musl)(?:.*linux.*x64|.*x64.*linux)")
"""Packages with a program for Linux. Next.js fetches its own compiler where the lock file lacks it."""


def _by_old_npm(look: Look) -> bool:
    """Whether the npm of the image installs by a lock file that lacks optional packages: that of Node.js 22 does."""
    return platform.nearest_node(look.app.node_version) == "22"


def lock_of_another_system(look: Look) -> Iterator[ProjectWarning]:
    """package-lock.json has a package's programs for the developer's system alone, or demands one of another system."""
    file, packages = _npm_lock(look)
    lacking: list[str] = []
    for path, package in packages.items():
        systems = package.get("os") or []
        if not package.get("optional") and systems and not any(one == "linux" or one[0] == "!" for one in systems):
            name = path.rpartition("node_modules/")[2]
            yield warning("package-of-another-system", look.target.where([file], f'"{path}"'), name=name)
            return
        names = list(package.get("optionalDependencies") or ()) if path else []
        ours = [name for name in names if _LINUX.search(name)]
        there = [name for name in names if {f"node_modules/{name}", f"{path}/node_modules/{name}"} & packages.keys()]
        if ours and there and not {*ours} & {*there}:
            lacking.append(ours[0])
    if lacking and _by_old_npm(look):
        yield warning("lock-lacks-linux", (file, None), names=", ".join(lacking))


def lock_behind(look: Look) -> Iterator[ProjectWarning]:
    """The lock file of the workspace, or of the app, is behind."""
    if lock := _lock(look):
        yield from lockfiles.problems(look.target, lock)
        if not _by_old_npm(look):
            by_install = "the workflow that tests stops; the image build takes npm install, which adds them"
            yield from lockfiles.incomplete(look.target, lock, by_install)


def package_of_old_node(look: Look) -> Iterator[ProjectWarning]:
    """A package that works on no Node.js that is offered."""
    optional = look.package.get("optionalDependencies") or {}
    line = platform.nearest_node(look.app.node_version)
    for name, major, instead in npm.without_node(look.dependencies, line):
        if name not in optional:
            place = look.target.where([look.path("package.json")], f'"{name}"')
            yield warning("package-of-old-node", place, name=f"{name} {major}", line=line, instead=instead)


def prisma_of_old_openssl(look: Look) -> Iterator[ProjectWarning]:
    """Prisma does not know the OpenSSL of the image: of 3.x, before 4.8, it knows 3.0 alone. Tried with 2.30 to 5.0."""
    found = re.match(r"(\d+)\.(\d+)", look.app.orm_version or "") if look.app.orm == "prisma" else None
    if found and (int(found[1]), int(found[2])) < (4, 8):
        place = look.target.where([look.path("package.json")], '"prisma"')
        yield warning("prisma-too-old", place, version=found[0])


_OLD_YARN = expression(r"\byarn[@-](3\.[01]\.\d+)\b")


def yarn_of_old_node(look: Look) -> Iterator[ProjectWarning]:
    """The Yarn of the project, 3.0 or 3.1, does not install with the Node.js of the image. Tried with Node.js 24."""
    line = platform.nearest_node(look.app.node_version)
    for folder in files.ancestors(look.dir) if int(line) >= 24 else ():
        for file in (files.join(folder, ".yarnrc.yml"), files.join(folder, "package.json")):
            text = look.target.text(file) or ""
            if found := _OLD_YARN.search(text):
                yield warning(
                    "yarn-of-old-node", (file, files.line_of(text, found.start())), version=found[1], line=line
                )
                return


# --- Pictures --------------------------------------------------------------------------------------------

_PICTURE = expression(r"\bimport\s+(\w+)[^;\"']*\bfrom\s+[\"']next/(?:legacy/|future/)?image[\"']")
_BESIDE_CODE = expression(r"/\*.*?\*/", re.DOTALL)
_SENT_AS_IT_IS = expression(r"\bunoptimized\b|\bloader=|\.svg\b|\.gif\b|\bdata:|createObjectURL")
"""What a picture says that Next.js does not resize."""
_NOT_BY_NEXT = expression(
    r"\bunoptimized\s*:|\bloaderFile\s*:|\bloader\s*:\s*[\"'](?:custom|imgix|cloudinary|akamai)[\"']"
)
"""What next.config says where Next.js does not resize any."""
_SHARP_LOCKED = expression(
    r"node_modules/sharp\": \{|^\s+\"sharp\": (?:\{|\[\"sharp@)|^\s+'?/?sharp[@/]|^\"?sharp@", re.MULTILINE
)


def _picture(text: str) -> int | None:
    """Where a file has a picture that Next.js resizes."""
    name = found[1] if "next/" in text and (found := _PICTURE.search(text)) else None
    if not name:
        return None
    blank = _BESIDE_CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    for tag in re.finditer(rf"<{name}\s((?:[^<>]|=>)*)", blank):
        word = re.search(r"\bsrc=\{(\w+)\}", tag[1])
        drawn = word and re.search(rf"\bimport\s+{word[1]}\s+from\s+[\"'][^\"'\n]+\.(?:svg|gif)[\"']", text)
        if not drawn and not _SENT_AS_IT_IS.search(tag[1]):
            return tag.start()
    return None


def pictures_not_resized(look: Look) -> Iterator[ProjectWarning]:
    """Next.js 12 to 14 resizes no picture in the standalone server, which the image has, where sharp is not installed.

    Source: server/image-optimizer.js of 12.0 to 14.2; `next start` takes another library there. Versions before 14.1
    have a tracer that leaves out parts of sharp from 0.33 on (@vercel/nft before 0.26.1). Next.js 15 brings sharp.
    """
    found = re.match(r"\D*(1[2-4])(?:\.(\d+))?", look.app.next_version or "")
    lock = _lock(look)
    if not found or look.app.output == "export" or not lock or lock.endswith("bun.lockb"):
        return
    if _SHARP_LOCKED.search(look.target.text(lock, LOCK_LIMIT) or "sharp@"):
        return
    if any("next.config." in file and _NOT_BY_NEXT.search(text) for file, text in look.texts.items()):
        return
    old = (int(found[1]), int(found[2] or 99)) < (14, 1)
    for file, text in look.texts.items():
        if (place := _picture(text)) is not None:
            package = "sharp@0.32" if old else "sharp"
            yield warning("pictures-not-resized", (file, files.line_of(text, place)), line=found[1], package=package)
            return


# --- What a script calls ------------------------------------------------------------------

_BY_PROGRAM = expression(r"(?:^|&& *|; *)(doppler|infisical|op|vault|chamber|teller|sops) (?:run|exec|exec-env)\b")


def secrets_by_program(look: Look) -> Iterator[ProjectWarning]:
    """The script build gets its variables from a program that keeps secrets."""
    for file, name, command in look.scripts():
        if name in ("prebuild", "build", "postbuild") and (found := _BY_PROGRAM.search(command)):
            yield warning("secrets-by-program", look.script_place(file, name), program=found[1], command=command)
            return


_PRELOADS = expression(r"(?:--require|--import|--loader|--experimental-loader|(?<=\s)-r)[= ]([^\s'\"]+)")
_STARTS_NEXT = expression(r"\bnext start\b")
_IN_PARALLEL = expression(r"(?<!&)&(?!&)|\b(?:concurrently|run-p|npm-run-all (?:-p|--parallel))\b")
_NO_STEP = expression(
    r"^(?:cd |echo |export |sleep |cross-env|\w+=|rm |mkdir |cp )"
    r"|\b(?:next|prisma|drizzle-kit|dotenv|env-cmd|check-engines|check-node-version|check-dependencies)\b|migrat|db:(?:push|deploy)|\b(?:build|install)\b"
)


def start_does_more(look: Look) -> Iterator[ProjectWarning]:
    """`start` starts Next.js' own server, and loads or runs something else with it."""
    scripts = look.package.get("scripts")
    start = scripts.get("start") if isinstance(scripts, dict) else None
    if not isinstance(start, str) or not _STARTS_NEXT.search(start):
        return
    place = look.script_place(look.path("package.json"), "start")
    if preloads := _PRELOADS.search(start):
        yield warning("start-loads", place, name=preloads[1])
    if _IN_PARALLEL.search(start):
        yield warning("start-runs-more", place, command=start)
        return
    before = start[: _STARTS_NEXT.search(start).start()].split("&&")[:-1]  # type: ignore[union-attr]
    hook = scripts.get("prestart") if isinstance(scripts, dict) else None
    steps = [*([hook] if isinstance(hook, str) else []), *(one.strip() for one in before)]
    if more := [one for one in steps if not _NO_STEP.search(one)]:
        yield warning("start-runs-more", place, command=" && ".join(more))
