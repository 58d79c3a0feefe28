"""Folders in which the app keeps files: Docker Compose, or its own Dockerfile, puts them on a volume."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from .. import yaml_text
from ..expressions import expression
from . import dockerfile, files, workers
from .elixir import survey as elixir_survey
from .files import Target
from .look import Look
from .nextjs import app as nextjs_app
from .nextjs import environment
from .project import Project, ProjectWarning
from .warnings import warning

_MADE = expression(
    r"(?:.*/)?(?:node_modules|deps|_build|dist|build|out|releases?|src|lib|apps?|pages|components|config/\w+|priv|static"
    r"|public|assets|rel|prisma|scripts?|test|tmp|cache|logs?|[^/]*\.[^/]*)|.*/(?:node_modules|\.\w+)/.*"
)
"""Folders and files that the build makes or git has, and those that may be lost."""
_OF_A_DATABASE = expression(r"(?:.*/)?(?:db|data|database|sqlite3?)(?:/.*)?")
_PLAIN = expression(r"/(?:data|storage|uploads?|files|media)(?:/.*)?")
"""Folders outside of the app's that hold its files."""
_DEVELOPS = expression(r"\b(?:next|vite|turbo) dev\b|\bphx\.server\b|\brun dev\b|\b(?:yarn|pnpm|bun) dev\b|\biex\b")
_KEEPS_FILES = expression(
    r"[\"'](?:node:)?fs(?:/promises)?[\"']|[\"'](?:fs-extra|multer|formidable|lowdb(?:/node)?)[\"']|\bBun\.(?:write|file)\b"
)


class _Mount(NamedTuple):
    """What a service mounts, "" for what has no name, and where."""

    source: str
    target: str
    read_only: bool


def kept_on_volumes(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """Docker Compose, or the project's own Dockerfile, has a volume for a folder of the app."""
    if project.existing_deployment.fly_toml.mounted_at or project.existing_deployment.template_version:
        return
    image, text = Look(target, project).own_dockerfile
    last = dockerfile.last_image(text)
    home = _home(last) if image else "/app"
    on_sqlite = "sqlite" in (project.nextjs.database_choice, project.elixir.database_choice)

    def keeps(path: str) -> bool:
        inside = path.startswith(home + "/")
        name = path[len(home) + 1 :] if inside else path
        of_template = on_sqlite and _OF_A_DATABASE.fullmatch(name)
        return bool(inside or _PLAIN.fullmatch(path)) and not (_MADE.fullmatch(name) or of_template)

    found = None
    for file, mounts in _of_compose(target, project, image):
        if any(one.target in (home, "/app") for one in mounts):
            return  # the source is mounted, so it is for development
        kept = [one for one in mounts if one.source and not one.read_only and keeps(one.target)]
        names = [one.target for one in kept if not _in_git(target, file, one.source)]
        found = found or (names and (target.where([file], names[0]), names))
    for one in last if not found else ():
        names = [path for path in dockerfile.words(one.words) if one.name == "VOLUME" and keeps(path.rstrip("/"))]
        found = found or (names and ((image, one.line), names))
    if found and _has_files(target, project):
        yield warning("volume-of-compose", found[0], names=", ".join(dict.fromkeys(found[1])))


def _has_files(target: Target, project: Project) -> bool:
    """Whether any code of the app reads or writes files: a volume may be older than the code."""
    folder = project.app_dir or "."
    if project.stack != "nextjs":
        return any("File." in text for text in elixir_survey.Look(target, project).sources.values())
    places = (folder, *nextjs_app.loaded(target, folder))
    return any(_KEEPS_FILES.search(text) for place in places for text in environment.texts(target, place).values())


def _home(image: list[dockerfile.Instruction]) -> str:
    """The folder that an image is in when it starts."""
    home, known = "/", {}
    for one in image:
        if one.name in ("ENV", "ARG"):
            known.update(dockerfile.settings(one))
        elif one.name == "WORKDIR":
            folder = re.sub(r"\$\{?(\w+)\}?", lambda use: known.get(use[1], use[0]), one.words.strip("\"'"))
            home = posixpath.normpath(posixpath.join(home, folder))
    return home


def _of_compose(target: Target, project: Project, image: str) -> Iterator[tuple[str, list[_Mount]]]:
    """What the service of the app mounts, in each Compose file for production that has volumes."""
    folders = dict.fromkeys((project.app_dir or ".", ".", files.folder_of(image) if image else "."))
    own = project.elixir.name or nextjs_app.package_json(target, project.app_dir or ".").get("name") or "app"
    name = re.sub(r"[^a-z0-9]", "", str(own).lower().rpartition("/")[2])
    for file in (files.join(folder, one) for folder in folders for one in workers.COMPOSE):
        text = target.source(file) if target.is_file(file) else ""
        try:
            services = yaml_text.load(text)["services"].items() if "volumes:" in text else ()
        except Exception:  # PyYAML raises half a dozen kinds of error, and the shape may be any
            continue
        for service, said in services:
            listed = said.get("volumes") if isinstance(said, dict) else None
            if not isinstance(listed, list) or _DEVELOPS.search(str(said.get("command"))):
                continue
            made = str(said.get("image") or "")
            base = made.rpartition("/")[2].partition(":")[0]
            same = {re.sub(r"[^a-z0-9]", "", one.lower()) for one in (str(service), base)}
            by_name = name in same or (service in ("app", "web") and made.startswith("$"))
            if _builds(said, file, image) if said.get("build") else by_name:
                yield file, [mount for one in listed if (mount := _mount(one))]


def _builds(service: dict[str, Any], file: str, image: str) -> bool:
    """Whether a service is built by the project's own Dockerfile."""
    build = service["build"]
    said = build if isinstance(build, dict) else {"context": build}
    context = files.resolved(files.folder_of(file), str(said.get("context", ".")))
    return bool(image and context and image == files.resolved(context, str(said.get("dockerfile", "Dockerfile"))))


def _mount(said: object) -> _Mount | None:
    """One entry of `volumes:`, in its short or its long form."""
    if isinstance(said, dict):
        path, source = str(said.get("target", "")), str(said.get("source", ""))
        return _Mount(source, path.rstrip("/"), bool(said.get("read_only"))) if path else None
    # A variable may have a colon before its default: ${FOLDER:-./data}
    parts = re.sub(r"\$\{\w+:?[-?]?([^}]*)\}", r"\1", str(said)).split(":")
    source, path, *options = parts if len(parts) > 1 else ("", *parts)
    return _Mount(source, path.rstrip("/"), "ro" in ",".join(options).split(","))


def _in_git(target: Target, file: str, source: str) -> bool:
    """Whether what is mounted is a file of the repository, or a folder that has some."""
    path = files.resolved(files.folder_of(file), source) if source.startswith(".") else None
    if path is None or files.ignored(target, ".").match_file(f"{path}/x"):
        return False
    return target.is_file(path) or any(name not in (".gitkeep", ".gitignore", ".keep") for name in target.names(path))
