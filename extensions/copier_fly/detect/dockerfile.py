"""What a Dockerfile of the project's own runs and installs, beside what every image of its kind does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..expressions import expression
from . import files
from .files import Target

_RUNS_SOMETHING = expression(
    r"(mix|elixir|escript|node|npm|npx|yarn|pnpm|pnpx|bun|bunx|turbo|make|cargo|go|curl|wget|pip3?|gem|bundle|bash|sh|python3?"
    r"|\./\S+) "
)
_USUAL = expression(
    r"mix (do )?(local\.|hex\.info|deps\.|archive\.install|compile\b|format\b|assets\.|phx\.digest|release\b|phx\.gen"
    r"|(esbuild|tailwind|sass|bun)\.install)"
    r"|(npm|pnpm|yarn|bun|npx)( -\S+| \S*assets)*"
    r" (ci|i|init|install|add|global add|fetch|set|config|pkg|prune|cache|run( -\S+)* build|build|next build"
    r"|workspaces (focus|foreach .*\bbuild|run build))\b(?!:)"
    r"|yarn( -\S+)*$"
    r"|(npx |npm exec |pnpm (exec |dlx )?|pnpx |yarn (run |dlx )?|bunx )?(-\S+ )*"
    r"(prisma generate|next build|turbo (prune|(?!(.* )?--(filter|scope)\b)(.* )?build\b(?!:)))"
    r"|(curl|wget) .*(nodesource|yarnpkg|bun\.sh|rustup|hex\.pm|rebar)"
    r"|make$|sh -c|bash -c"
)
"""Commands that the template's Dockerfile has too, in its own way, or that no app needs."""
_BUILDS = expression(r"(npm|pnpm|yarn|bun)\b.* (run )?build")
_PACKAGES = expression(r"(apt-get|apt|apk)(?: -\S+)* (?:install|add)\b(.*)")
_KNOWN = expression(
    r"[-.].*|.*[=$&|<>(){}].*|build-essential|build-base|git|git-core|apt-utils|libtool|openssh.*|curl|wget|ca-certificates|openssl.*|libssl.*|libstdc\+\+6?|lib(n)?curses.*"
    r"|ncurses.*|locales|nodejs.*|npm|yarn|python3?|make|gcc|g\+\+|gnupg2?|inotify-tools|libc6?-?(compat|dev)?|musl.*|bash|tini|dumb-init"
    r"|erlang.*|elixir|apt-transport-https|lsb-release|unzip|xz-utils|zlib.*|libgcc.*|rustc?|cargo|cmake|alpine-sdk|tzdata|autoconf|automake|pkg-config|software-.*"
    r"|pnpm|bun|corepack|su-exec|gosu|shadow|libsctp1|procps|tar|gzip|sudo|vim|nano|less|htop|iputils.*|dnsutils|net-tools"
)
"""Packages that a build needs, that the runtime image has, or that help at a shell."""
_PIP = expression(r"py3-pip|python3-(?:pip|venv|virtualenv)|pipx")


_OTHER_NAMES = ("Dockerfile.prod", "Dockerfile.production", "docker/Dockerfile.prod", "docker/Dockerfile.production")
_OTHER_FOLDERS = (
    *("docker/Dockerfile", "docker/prod/Dockerfile", "docker/production/Dockerfile", "deploy/Dockerfile"),
    *("docker/production/app/Dockerfile", "dockerfile"),
)
_OF_AN_APP = ("Dockerfile.{}", "{}.Dockerfile", "docker/{}/Dockerfile", "docker/Dockerfile.{}", "docker/{}.Dockerfile")
"""Names with that of the app's folder in them, or of all folders that it is in, with dots; or web, or app."""
_FOR_PRODUCTION = expression(
    r"\bmix (?:do .*)?release\b|\bMIX_ENV[= ]\W?prod\b|\bNODE_ENV[= ]\W?production\b|\bnext build\b"
)


def own(target: Target, folder: str) -> str:
    """The Dockerfile that makes the app's image for production, "" where there is none.

    The nearest Dockerfile, unless one beside it says by its name that it is the one for production; one in a folder of
    its own where there is no other. Those of another name count where what they do is for production.
    """
    apps = [] if folder == "." else [folder.rpartition("/")[2], folder.replace("/", ".")]
    of_apps = [name.format(app) for app in dict.fromkeys((*apps, "web", "app")) for name in _OF_AN_APP]
    for names, must_say in ((_OTHER_NAMES, True), (("Dockerfile",), False), ((*_OTHER_FOLDERS, *of_apps), True)):
        for above in files.ancestors(folder):
            for file in (files.join(above, name) for name in names):
                if target.is_file(file) and (not must_say or _FOR_PRODUCTION.search(target.text(file) or "")):
                    return file
    return ""


class Instruction(NamedTuple):
    """One instruction: the line that it begins in, its name in capitals, and its words on one line."""

    line: int
    name: str
    words: str


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions of a Dockerfile, in order."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        start, whole = at, lines[at]
        while whole.rstrip().endswith("\\") and at + 1 < len(lines):
            at += 1
            # A comment between two lines of an instruction is none of its lines.
            following = "\\" if lines[at].lstrip().startswith("#") else lines[at]
            whole = f"{whole.rstrip()[:-1]} {following}"
        at += 1
        if found := re.match(r"\s*([A-Za-z]+)\s+(.*)", whole):
            yield Instruction(start + 1, found[1].upper(), found[2].strip())


class Copy(NamedTuple):
    """One COPY instruction: its line, the stage or image that it copies from, if any, what, and to where."""

    line: int
    origin: str
    sources: list[str]
    to: str


def copies(image: Iterable[Instruction]) -> Iterator[Copy]:
    """What the instructions copy, in order."""
    for one in image:
        if one.name == "COPY":
            origin = re.search(r"--from=(\S+)", one.words)
            *sources, to = words(re.sub(r"--\S+\s+", "", one.words)) or [""]
            yield Copy(one.line, origin[1] if origin else "", sources, to)


def copies_of_other_images(text: str) -> list[Copy]:
    """What the image that runs takes out of images that the file does not build, without those of a runtime."""
    stages = {name.lower() for name in re.findall(r"(?im)^\s*FROM\s.*\sAS\s+(\S+)", text)}
    return [
        one
        for one in copies(last_image(text))
        if one.origin.lower() not in {"", *stages} and not re.search(r"^\d+$|\$", one.origin)
        if not _OF_A_RUNTIME.match(one.origin)
    ]


_OF_A_RUNTIME = expression(
    r"(?:docker\.io/)?(?:library/)?(?:node|elixir|erlang|debian|alpine|hexpm/\S+|oven/bun|litestream/litestream)(?:[:@]|$)"
    r"|.*(?:aws-lambda-adapter|lambda-adapter)"
)
"""Images whose programs the template's image has, or has by an answer, and one that only Lambda calls."""


def commands(text: str) -> Iterator[tuple[int, str]]:
    """Each command of its RUN instructions, without options of RUN, with the line that the instruction begins in."""
    for one in instructions(text):
        run = re.match(r"((?:--\S+\s+)*)(.*)", one.words) if one.name == "RUN" else None
        for command in re.split(r"&&|\|\||;| & ", run[2]) if run else ():
            words = " ".join(command.replace("\\", " ").split())
            if words:
                yield one.line, words


def bases(text: str) -> Iterator[tuple[int, str]]:
    """The images that its stages are built on, with the line; a stage of its own is none. ARGs are filled in."""
    given = dict(re.findall(r"^[ \t]*ARG[ \t]+(\w+)=[\"']?([^\s\"']+)", text, re.MULTILINE))
    stages = {"scratch"}
    for one in instructions(text):
        if one.name == "FROM":
            image, _, name = re.sub(r"^(?:--\S+\s+)*", "", one.words).partition(" ")
            for _ in range(3):  # an ARG may name others
                image = re.sub(r"\$\{?(\w+)\}?", lambda use: given.get(use[1], use[0]), image)
            if image.lower() not in stages:
                yield one.line, image
            stages.add(re.sub(r"(?i)^as\s+", "", name.strip()).lower())


def _images(text: str) -> list[list[Instruction]]:
    """The instructions that make each stage, with those of the stages that it is built on."""
    stages: dict[str, list[Instruction]] = {}
    found: list[list[Instruction]] = [[]]
    for one in instructions(text):
        if one.name == "FROM":
            image, _, name = re.sub(r"^(?:--\S+\s+)*", "", one.words).partition(" ")
            name = re.sub(r"(?i)^as\s+", "", name.strip())
            found.append(list(stages.get(image.lower(), [])))
            stages[name.lower()] = found[-1]
        else:
            found[-1].append(one)
    return found


def last_image(text: str) -> list[Instruction]:
    """The instructions that make the image that runs: those of the last stage and of the stages that it is built on."""
    return _images(text)[-1]


_BUILDS_NEXTJS = expression(r"\b(?:next build|turbo\b[^&|;]*\bbuild|(?:npm|pnpm|yarn|bun)\b[^&|;]*\bbuild)\b")


def settings_of_build(text: str) -> dict[str, str]:
    """The variables that have a value in the Dockerfile, by ENV or ARG, where a command builds Next.js."""
    for image in _images(text):
        at = next((at for at, one in enumerate(image) if one.name == "RUN" and _BUILDS_NEXTJS.search(one.words)), 0)
        given = [settings(one) for one in image[:at] if one.name in ("ENV", "ARG")]
        if at:
            return {name: value for pairs in given for name, value in pairs.items() if value and "$" not in value}
    return {}


def words(argument: str) -> list[str]:
    """The words of a command, in JSON or as the shell has it; of `sh -c LINE` those of the line."""
    try:
        found = json.loads(argument)
    except ValueError:
        found = argument.split()
    parts = [str(one).strip("\"'") for one in (found if isinstance(found, list) else argument.split())]
    shell = re.fullmatch(r"(?:/bin/)?(?:ba|a)?sh", parts[0]) if parts else None
    return " ".join(parts[2:]).split() if shell and len(parts) > 2 and parts[1].startswith("-") else parts


def settings(one: Instruction) -> dict[str, str]:
    """The variables that an ENV instruction sets."""
    if re.match(r"[\w.-]+=", one.words):
        pairs = re.findall(r"([\w.-]+)=(\"(?:\\.|[^\"])*\"|'[^']*'|\S*)", one.words)
        return {name: value.strip("\"'") for name, value in pairs}
    name, _, value = one.words.partition(" ")
    return {name: value.strip().strip("\"'")}


def is_a_step(command: str, assets: bool = True) -> bool:
    """Whether a command makes something that the template's Dockerfile does not make, which may build no `assets`."""
    usual = _USUAL.match(command) and (assets or not _BUILDS.match(command))
    return bool(_RUNS_SOMETHING.match(f"{command} ") and not usual)


def runs_script(command: str) -> str | None:
    """The script of a package.json that a command runs, if any; a package manager runs it, and nothing else."""
    options = r"(?: -\S+(?: \.?/?assets/?)?)*"
    found = re.fullmatch(rf"(?:npm{options} run|(?:pnpm|yarn|bun){options}(?: run)?){options} ([\w:.-]+)", command)
    return found[1] if found else None


def packages(command: str) -> list[str]:
    """The packages of the system that a command installs, without those that are there or that a build alone needs."""
    found = _PACKAGES.match(command)
    names = found[2].split() if found else []
    # Beside its package manager Python is there to be run, and not for native packages alone.
    runs_python = any(_PIP.fullmatch(name) for name in names)
    return [name for name in names if not _KNOWN.fullmatch(name) or (runs_python and name == "python3")]


def is_of_alpine(command: str) -> bool:
    """Whether a command installs packages of Alpine, many of which Debian has by another name or not at all."""
    found = _PACKAGES.match(command)
    return bool(found and found[1] == "apk")
