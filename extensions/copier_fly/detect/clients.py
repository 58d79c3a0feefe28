"""The services beside the database that an app's code plainly reaches, and by which variables.

A service that is only likely stays "not known": a package in a folder of its own, a client whose address is fixed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..expressions import expression
from . import files
from .elixir import config
from .elixir import survey as elixir_survey
from .files import Target
from .limits import LOCK_LIMIT
from .nextjs import app as nextjs_app
from .nextjs import environment
from .nextjs.app import package_json
from .project import TIGRIS, Client, Project

_S3_CLIENTS = ("ex_aws_s3", "@aws-sdk/client-s3", "@payloadcms/storage-s3")
_S3_NAME = expression(
    r"(?!NEXT_PUBLIC_)(?:\w+_)?(?:S3|R2|TIGRIS|MINIO|BUCKET)(?:_\w+)?"
    r"|AWS_(?:ACCESS_KEY(?:_ID)?|SECRET_(?:ACCESS_)?KEY|(?:DEFAULT_)?REGION|ENDPOINT_URL)"
)
_OF_EX_AWS = expression(
    r"^[ \t]*config :ex_aws,\s*(?::s3,\s*)?((?![:\s])[^\n]*\n(?:(?!\s*(?:config|end)\b)[^\n]+\n)*)", re.MULTILINE
)
"""What the configuration gives ex_aws."""
_BY_FUNCTION = expression(r"\b\w*[eE]nv\w*\(\s*[\"']([A-Z]\w*)[\"']")
"""A function of the app's own that reads a variable, such as `requireEnv("S3_BUCKET")`."""

UPSTASH_REST = ("UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN")
"""What `@upstash/redis` reaches a database at Upstash by: over HTTPS, which one that Fly makes is not reached by."""

_UPSTASH_OPTION = expression(r"\b(url|token)\s*:\s*(?:process\.)?env(?:\.|\[[\"'])([A-Z]\w*)")
"""What code hands a client of Upstash."""

_KEYS = expression(r"\b(?:accessKeyId|secretAccessKey)\s*:\s*(?:process\.)?env(?:\.|\[[\"'])([A-Z]\w*)")
"""The keys that code hands a client of S3."""

_REDIS_CLIENTS = ("bullmq", "bull", "ioredis", "redis", "exq", "verk", "phoenix_pubsub_redis", "redix")
_REDIS_NAME = expression(
    r"(?!NEXT_PUBLIC_|UPSTASH_|LOCAL_|DEV_|TEST_)(?:\w+_)?REDIS(?:_\w+)?_(?:URL|URI)|REDIS_(?:URL|URI)"
)
_A_HOST = expression(
    r"(?:\bhost(?:name)?:|://(?:[^@\s]*@)?[$#]\{)\s*(?:(?:process\.)?env(?:\.|\[[\"'])"
    r"|System\.(?:get_env|fetch_env!)\(\"|\{:system,\s*\")([A-Z]\w*)"
)
"""A variable that holds the name of a host, whatever it is called: no address of a Redis."""
_ELSE = r"(?!\s*(?:\?\?|\|\|)(?!\s*[\"'`]\w+://(?:localhost|127\.0\.0\.1)\b))"
"""No other value follows, or one at localhost, which is none on Fly."""
_READ_BY_JS = expression(rf"\bprocess\.env(?:\.|\[[\"'])([A-Z]\w*)(?:[\"']\])?!?(?!\w){_ELSE}")
_OR_EMPTY = expression(r"(?<=[\w\]!])\s*(?:\?\?|\|\|)\s*(?:\"\"|''|``)")
"""An empty text, which is no value of what a bucket needs."""
_READ_BY_SCHEMA = expression(rf"(?<![\w.])env\.([A-Z]\w*)\b{_ELSE}")
"""A variable that is read through a schema of the environment, which may let it be missing."""
_READ_BY_ELIXIR = expression(
    r"\b(?:get_env|fetch_env!?)\(?\s*\"([A-Z]\w*)\""
    r"(?!\s*(?:,|\)\s*\|\|)(?!\s*(?:raise\b|\"\w+://(?:localhost|127\.0\.0\.1)\b)))|\{:system,\s*\"([A-Z]\w*)\"\}"
)
"""A variable that is read; one that may be missing, as there is another value for it, does not count."""


def bucket(target: Target, project: Project) -> Client:
    """The bucket for files: made by Fly where the code reads the names that Fly sets, else one that is there."""
    found = _package(target, project, _S3_CLIENTS)
    if not found:
        return Client()
    package, file, line = found
    texts = [_OR_EMPTY.sub("", text) for text in _texts(target, project)]
    names = _named(texts, project, _S3_NAME) or _handed(target, project, package)
    if not names and not _is_called(target, project, package):
        return Client()
    fits = "BUCKET_NAME" in names and set(names) <= set(TIGRIS)
    if package == "ex_aws_s3":
        # It asks Amazon unless the configuration names another host.
        fits = fits and any("AWS_ENDPOINT_URL_S3" in text or "tigris" in text for text in texts)
    if names and not fits and not any("KEY" in name for name in names):
        # Both libraries take the keys from there where the code hands them none.
        handed = any("accessKeyId" in text for text in texts)
        names += tuple(dict.fromkeys(_KEYS.findall("\n".join(texts)))) if handed else TIGRIS[:2]
    return Client(package, file, line, names, "tigris" if fits else "s3" if names else "none")


def _is_called(target: Target, project: Project, package: str) -> bool:
    """Whether code, configuration or, by mix.lock, another package has the client. In Next.js not where all that has it
    are comments; where nothing has it, the code may be in a folder that is not read."""
    folder = project.app_dir or "."
    if project.stack != "nextjs":
        configs = (target.text(file) or "" for file, _ in config.production_files(target, folder))
        code = (*elixir_survey.Look(target, project).sources.values(), *configs)
        by_others = f"{{:{package}," in (target.text(files.join(folder, "mix.lock"), LOCK_LIMIT) or "")
        return by_others or any("ExAws" in text or ":ex_aws" in text for text in code)
    called = any(package in text for text in environment.texts(target, folder).values())
    return called or not any(package in target.source(file) for file in environment.sources(target, folder))


def _handed(target: Target, project: Project, package: str) -> tuple[str, ...]:
    """The variables that a client of S3 is given by another name, or by a function of the app's own that reads them.

    Those of Amazon, which ex_aws reads itself, where its configuration names no key.
    """
    if project.stack == "nextjs":
        code = (text for text in environment.texts(target, project.app_dir or ".").values() if package in text)
        return tuple(
            dict.fromkeys(name for text in code for name in _BY_FUNCTION.findall(text) if _S3_NAME.fullmatch(name))
        )
    configs = (target.text(file) or "" for file, _ in config.production_files(target, project.app_dir or "."))
    given = "\n".join(block for text in configs for block in _OF_EX_AWS.findall(text))
    names = re.findall(r"\(\s*\"([A-Z][A-Z0-9_]+)\"", re.sub(r"^[ \t]*#.*$", "", given, flags=re.MULTILINE))
    has_no_key = re.search(r"\b(?:s3|host|region):", given) and "secret_access_key:" not in given
    return tuple(dict.fromkeys(names)) or (TIGRIS[:2] if has_no_key else ())


def redis(target: Target, project: Project) -> Client:
    """The Redis that the code reaches by an address: made by Fly, or one at Upstash that is there."""
    if found := _package(target, project, _REDIS_CLIENTS):
        texts = list(_texts(target, project))
        hosts = {name for text in texts if "env" in text or "{:system" in text for name in _A_HOST.findall(text)}
        names = tuple(name for name in _named(texts, project, _REDIS_NAME) if name not in hosts)
        return Client(*found, names, "upstash" if names else "none")
    if found := _package(target, project, ("@upstash/redis",)):
        return Client(*found, _upstash(list(_texts(target, project))), "url")
    return Client()


def _upstash(texts: list[str]) -> tuple[str, ...]:
    """The variables that code hands the client of Upstash, those that it reads itself where there are none."""
    for text in texts:
        handed = dict(_UPSTASH_OPTION.findall(text)) if "@upstash/redis" in text else {}
        if handed.keys() == {"url", "token"}:
            return handed["url"], handed["token"]
    return UPSTASH_REST


def has_socket_opts(target: Target, project: Project) -> bool:
    """Whether a file that is about Redis gives the connection options of the socket, as IPv6 needs them in Elixir."""
    return any("socket_opts" in text and re.search("redi[sx]", text, re.IGNORECASE) for text in _texts(target, project))


def _package(target: Target, project: Project, known: tuple[str, ...]) -> tuple[str, str, int | None] | None:
    """The first of these packages that the app has in production, and the place that names it."""
    folder = project.app_dir or "."
    if project.stack == "nextjs":
        section = package_json(target, folder).get("dependencies")
        used = {name: files.join(folder, "package.json") for name in section} if isinstance(section, dict) else {}
    elif set(known) & set(project.elixir.deps):
        used = {dep.name: file for file, dep in elixir_survey.Look(target, project).deps}
    else:
        return None
    name = next((name for name in known if name in used), None)
    if name is None:
        return None
    return (name, *target.where([used[name]], f'"{name}"' if project.stack == "nextjs" else f":{name}"))


def _texts(target: Target, project: Project) -> Iterator[str]:
    """What may read a variable: the sources of a Next.js app and of packages that it loads, the configuration and the
    sources of an Elixir one."""
    folder = project.app_dir or "."
    if project.stack == "nextjs":
        for place in (folder, *nextjs_app.loaded(target, folder)):
            yield from environment.texts(target, place).values()
        return
    code = [target.text(file) or "" for file, _ in config.production_files(target, folder)]
    for text in (*code, *elixir_survey.Look(target, project).sources.values()):
        if "_env" not in text and "{:system" not in text:
            continue
        yield re.sub(r"^[ \t]*#.*$", "", text, flags=re.MULTILINE)


def _named(texts: list[str], project: Project, wanted: re.Pattern[str]) -> tuple[str, ...]:
    """The variables of such a name that are read, in a Next.js app through a schema where none is read by itself."""
    names = [name for name in _names(texts, project) if wanted.fullmatch(name)]
    if not names and project.stack == "nextjs":
        read = (name for text in texts if "env." in text for name in _READ_BY_SCHEMA.findall(text))
        names = list(dict.fromkeys(name for name in read if wanted.fullmatch(name)))
    return tuple(names)


def _names(texts: list[str], project: Project) -> list[str]:
    """The variables that are read, each once, in order."""
    pattern, word = (_READ_BY_JS, "process.env") if project.stack == "nextjs" else (_READ_BY_ELIXIR, "")
    about_it = (text for text in texts if word in text)
    read = [name for text in about_it for found in pattern.finditer(text) for name in found.groups() if name]
    if project.stack == "nextjs":
        code = {str(number): text for number, text in enumerate(texts)}
        read += [one.name for one in environment.read_by_name(code) if one.stops]
    required = [variable.name for variable in project.nextjs.variables]  # a schema has the names without process.env
    return list(dict.fromkeys((*read, *required)))
