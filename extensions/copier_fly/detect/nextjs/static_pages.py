"""Which pages and handlers of the App Router run while the app is built, and whether one asks the database then."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from ...expressions import expression
from .. import files
from ..files import Target
from ..project import DATABASE_NAME

ASKS = expression(
    r"\b(?:\w*[dD]b|prisma|sql|pool|kysely|payload)\s*(?:\.\w|`|\()|\bgetPayload\("
    r"|\bawait (?:connect\w*(?:DB|Db|Database|Mongo\w*)|dbConnect)\("
)
"""Code that asks a database."""
_MADE = expression(r"(?:src/)?app/(?:.*/)?(page|route|sitemap|robots|manifest)\.[jt]sx?")
_ON_REQUEST = expression(
    r"\b(?:cookies|headers|draftMode|connection|noStore|unstable_noStore|auth|currentUser|getServerSession|getSession"
    r"|getCurrentUser|validateRequest|createServerComponentClient|createServerClient|getTranslations|getLocale)\(|\bsearchParams\b"
    r"|\bdynamic\s*=\s*[\"']force-dynamic|\brevalidate\s*=\s*0\b|[\"']no-store[\"']|\bgetUser\w*\(|[\"']use cache"
)
"""Code that makes Next.js render a page when it is asked for, or that may."""
_IMPORTS = expression(r"^import\s+(?:type\s+)?[^;\"']*?\bfrom\s+[\"']([@~.][^\"']*)[\"']", re.MULTILINE)
_NAMED = expression(r"^import\s+\{([^}]*)\}\s+from\s+[\"']([@~.][^\"']*)[\"']", re.MULTILINE)
_COMPONENT = expression(
    r"^export default async function|^(?:export )?const [A-Z]\w* = async \(|^(?:export )?async function [A-Z]\w*\(",
    re.MULTILINE,
)
"""Where a component that waits for data begins."""
_GET = expression(
    r"^export (?:async function GET|const GET = async )\s*\((?:\s*(\w+)[^()]*)?\)(?P<body>(?:.|\n)*?^\})", re.MULTILINE
)
"""A handler, the name of its request, and what follows."""
_OTHER_METHODS = expression(r"^export (?:(?:async )?function|const) (?:POST|PUT|PATCH|DELETE|OPTIONS)\b", re.MULTILINE)
_ASKED_TO_BE_STATIC = expression(r"\bdynamic\s*=\s*[\"'](?:force-static|error)|\brevalidate\s*=\s*(?:[1-9]|false)")
_HANDLERS_WAIT = 15
"""The first version of Next.js that calls a handler on request alone, where the handler does not ask to be static."""
_CATCHES = expression(r"\bcatch\b")
_CACHED_PARTS = expression(r"\b(?:cacheComponents|dynamicIO)\s*:\s*true\b")
"""A setting by which handlers and files such as sitemap.ts may wait for a request, too."""
_IN_PARTS = expression(r"\bppr\s*:\s*true\b")
_DEPTH = 3
"""How many imports lie between a page and code that asks the database, at the most."""


def _imported(target: Target, folder: str, file: str, text: str, known: Mapping[str, str]) -> Iterator[str]:
    """The app's own files that a file imports."""
    for path in _IMPORTS.findall(text):
        if path.startswith("."):
            places = [posixpath.normpath(posixpath.join(posixpath.dirname(file), path))]
        else:
            inside = re.sub(r"^[@~]/?", "", path)
            places = [files.join(folder, inside), files.join(folder, "src", inside)]
        for place in places:
            for end in ("", ".tsx", ".ts", ".jsx", ".js", "/index.tsx", "/index.ts", "/index.js", "/index.jsx"):
                if place + end in known:
                    yield place + end


def _behind(target: Target, folder: str, page: str, known: Mapping[str, str]) -> list[str]:
    """A page and the files behind it, the nearest first; what runs in the browser is not behind it."""
    found, pending = [page], [(page, 0)]
    while pending:
        file, depth = pending.pop(0)
        for one in _imported(target, folder, file, known[file], known) if depth < _DEPTH else ():
            if one not in found and not re.match(r"\s*[\"']use client", known[one]):
                found.append(one)
                pending.append((one, depth + 1))
    return found


def _layouts(page: str, known: Mapping[str, str]) -> Iterator[str]:
    """The layouts around a page."""
    for above in files.ancestors(files.folder_of(page)):
        yield from (file for end in ("tsx", "jsx", "js", "ts") if (file := files.join(above, f"layout.{end}")) in known)


_CLIENT = expression(
    r"^export const (\w+)[^=\n]*=\s*(?:\w+\s*(?:\?\?|\|\|)\s*)?(?:new \w+|create\w*Client)"
    r"\(\s*(?:\{[^{}]*?)?\b(?:process\.)?env\.(?!NEXT_PUBLIC_)([A-Z]\w*)",
    re.MULTILINE,
)
"""A client of a service that a module makes of a variable."""


def clients(known: Mapping[str, str]) -> dict[str, str]:
    """Name in the code → variable, of the clients of services that modules make and others import."""
    # Those of Upstash ask with `no-store`, which makes Next.js render the page on request.
    texts = (text for text in known.values() if "env." in text and "@upstash/" not in text)
    made = (found for text in texts for found in _CLIENT.finditer(text))
    return {one[1]: one[2] for one in made if not ASKS.search(f"{one[1]}.x") and not DATABASE_NAME.fullmatch(one[2])}


def what(page: str) -> str:
    """What a file of the App Router is called in a warning."""
    word = posixpath.basename(page).partition(".")[0]
    return f"The {({'page': 'page', 'route': 'handler'}).get(word, 'file')} {page}"


def _run_by_the_build(text: str, name: str, major: int | None) -> tuple[int, int] | None:
    """Where that begins and ends which the build runs of a handler, or of sitemap.ts and the like; None for nothing.

    Source: Next.js 13.2 to 15, app-route/module.ts and export/routes/app-route.ts. An answer with the status 500 makes
    the handler wait for a request, so code that catches what fails does not count.
    """
    if name == "route":
        found = _GET.search(text)
        by_default = (major or _HANDLERS_WAIT) < _HANDLERS_WAIT
        if not found or _OTHER_METHODS.search(text) or not (by_default or _ASKED_TO_BE_STATIC.search(text)):
            return None
        if found[1] and re.search(rf"\b{found[1]}\b", found["body"]):
            return None
        begin, end = found.span("body")
    else:
        component = _COMPONENT.search(text)
        if not component:
            return None
        begin, end = component.start(), len(text)
    return None if _CATCHES.search(text, begin, end) else (begin, end)


def asks_at_build(
    target: Target, folder: str, page: str, known: Mapping[str, str], major: int | None, asks: re.Pattern[str] = ASKS
) -> tuple[str, int] | None:
    """Where the code of a page without parameters asks the database while Next.js makes that page in the build.

    The same of a handler that Next.js, of this major version, calls in the build, and of sitemap.ts and the like.
    `known` has the app's sources. None for every other file, and where something may make it wait for a request. With
    another `asks` it is about a service, and of modules only the functions count that the page calls.
    """
    inside = files.relative(page, folder)
    made = _MADE.fullmatch(inside)
    if not made or "[" in inside or re.match(r"\s*[\"']use client", known[page]):
        return None
    configs = [text for name, text in known.items() if "next.config." in name]
    is_page = made[1] == "page"
    run = None if is_page else _run_by_the_build(known[page], made[1], major)
    if not is_page and (run is None or any(_CACHED_PARTS.search(text) for text in configs)):
        return None
    behind = _behind(target, folder, page, known)
    # Where pages are made in parts, what a layout waits for is left out of the part that the build makes.
    in_parts = any(_IN_PARTS.search(text) for text in configs)
    layouts = [] if in_parts or not is_page else _layouts(page, known)
    around = [one for layout in layouts for one in _behind(target, folder, layout, known)]
    counted = behind if asks is ASKS else [one for one in behind if one == page or not one.endswith(".ts")]
    if any(_on_request(known[one]) for one in (*counted, *around)):
        return None
    for file in behind if is_page else [page]:
        text = known[file]
        component = _COMPONENT.search(text) if is_page else None
        begin, end = (component.start(), len(text)) if component else run or (0, 0)
        if asked := asks.search(text, begin, end):
            return file, files.line_of(text, asked.start())
        for names, path in _NAMED.findall(text) if end else ():
            for one in _imported(target, folder, file, f'import x from "{path}"', known):
                for name in re.findall(r"\w+", names):
                    called = re.compile(rf"\b{name}\(")
                    if called.search(text, 0 if is_page else begin, end) and (
                        line := _function_asks(known[one], name, asks, caught=is_page)
                    ):
                        return one, line
    return None


@lru_cache(maxsize=4096)  # most components are behind many pages
def _on_request(text: str) -> bool:
    return bool(_ON_REQUEST.search(text))


def _function_asks(text: str, name: str, asks: re.Pattern[str], *, caught: bool) -> int | None:
    """The line in which a function of a module asks; with `caught` also where it catches what fails."""
    made = re.search(rf"^export (?:async function|const) {name}\b(?:.|\n)*?^\}}", text, re.MULTILINE)
    waits = made and asks is not ASKS and _ON_REQUEST.search(made[0])
    goes_on = made and not caught and _CATCHES.search(made[0])
    asked = asks.search(made[0]) if made and not (waits or goes_on) else None
    return files.line_of(text, made.start() + asked.start()) if made and asked else None
