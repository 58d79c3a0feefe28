"""Which answers are possible.

A check takes one answer and the answers it must agree with (none when it is judged by itself), and returns
what is allowed, as the end of a sentence, or nothing when the answer is fine.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from .. import naming
from ..detect.clients import UPSTASH_REST
from ..detect.project import TIGRIS
from ..detect.schedules import CALL
from ..detect.workers import NODE_COMMAND
from ..expressions import expression
from ..fly import cron, memory, platform
from ..stacks import ATOM, FRAMEWORKS, STACKS

AUTO = "auto"

Answers = Mapping[str, Any]
Check = Callable[[Any, Answers], str]

_DURATION = expression(r"\d+(ms|s|m)")
_ENV_NAME = expression(r"[A-Z_][A-Z0-9_]*")
_MODULE = expression(r"[A-Z][A-Za-z0-9_]*(\.[A-Z][A-Za-z0-9_]*)*")
_HOST = expression(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
_PORTS = "use a port from 1024 to 65535 (the app does not run as root)"
_PROXY_PORTS = {80, 443}


def _name(value: Any, _: Answers) -> str:
    if re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", str(value)) and len(value) <= naming.FLY_NAME_MAX:
        return ""
    return f"use 1 to {naming.FLY_NAME_MAX} lowercase letters, digits and inner dashes, such as my-shop"


def _module(value: Any, _: Answers) -> str:
    return "" if _MODULE.fullmatch(str(value)) else "use the name of an Elixir module, such as MyShopWeb"


def _web_module(value: Any, answers: Answers) -> str:
    if str(value).endswith(".Endpoint"):
        return f"use the module that the endpoint belongs to, {str(value).removesuffix('.Endpoint')}"
    return _module(value, answers)


def _atom(value: Any, _: Answers) -> str:
    return "" if re.fullmatch(ATOM, str(value)) else FRAMEWORKS["elixir"].name_allowed


def _release_name(value: Any, _: Answers) -> str:
    allowed = "lowercase letters, digits and _, such as my_shop"
    return "" if re.fullmatch(r"[a-z][a-z0-9_]*", str(value)) else f"a release is named by an atom: use {allowed}"


def _app_name(value: Any, answers: Answers) -> str:
    stack = STACKS.get(str(answers.get("stack")), STACKS["phoenix"])
    framework = FRAMEWORKS[stack.framework]
    return "" if re.fullmatch(framework.name, str(value)) else framework.name_allowed


def _folder(value: Any, _: Answers) -> str:
    path = PurePosixPath(str(value))
    if not str(value) or path.is_absolute() or ".." in path.parts or "\\" in str(value):
        return 'use a folder below the root of the repository, such as apps/web, or "." for the root itself'
    if not re.fullmatch(r"[\w./ @+-]+", str(value)):
        return "use a folder whose name has letters, digits, spaces and . _ - @ + only"
    if str(path) != str(value):
        return f"write it as {path}"
    return ""


def _app_dir(value: Any, answers: Answers) -> str:
    if problem := _folder(value, answers):
        return problem
    return "use a folder without spaces: Dockerfiles and shells split at them" if " " in str(value) else ""


def _database_package(value: Any, answers: Answers) -> str:
    return _app_dir(value, answers) if value != "" else ""


def _port(value: Any, answers: Answers) -> str:
    if isinstance(value, bool) or not isinstance(value, int) or not 1024 <= value <= 65535:
        return _PORTS
    return ""


def _metrics_port(value: Any, answers: Answers) -> str:
    if value == 0:
        return ""
    if problem := _port(value, answers):
        return f"{problem}, or 0 for none"
    return ""


def _grace_period(value: Any, _: Answers) -> str:
    if _DURATION.fullmatch(str(value)) and 1 <= platform.seconds(value) <= 900:
        return ""
    return "use a duration from 1s to 15m, such as 30s"


def _maps(value: Any, what: str, needed: set[str], optional: set[str], example: str) -> str:
    """Check the keys of a list of maps; `what` is one of them, such as "a service"."""
    if not isinstance(value, list):
        return example
    for one in value:
        if not isinstance(one, dict) or not needed <= one.keys():
            return f"each {what.split()[1]} needs {' and '.join(f'a {key}' for key in sorted(needed))}; {example}"
        if odd := sorted(one.keys() - needed - optional):
            return f"{odd[0]} is no setting of {what}; {example}"
    return ""


def _tcp_services(value: Any, answers: Answers) -> str:
    example = "use a list such as [{name: auth, port: 6600, grace_period: 30s, proxy_proto: false}], or []"
    if problem := _maps(value, "a service", {"name", "port"}, {"grace_period", "proxy_proto"}, example):
        return problem
    names: set[str] = set()
    ports: dict[int, str] = {}
    for service in value:
        name, port = service["name"], service["port"]
        if not re.fullmatch(r"[a-z][a-z0-9_]*", str(name)):
            return f"the service name {name} must be lowercase letters, digits and _"
        if name in names:
            return f"two services are called {name}"
        if port in _PROXY_PORTS:
            return f"{name} wants port {port}, which Fly's proxy keeps for HTTP; {_PORTS}"
        if _port(port, answers):
            return f"{name} wants port {port}; {_PORTS}"
        if port in ports:
            return f"{ports[port]} and {name} both want port {port}"
        if port in (answers.get("http_port"), answers.get("metrics_port")):
            return f"{name} wants port {port}, which the app already serves HTTP or metrics on"
        if "grace_period" in service and (problem := _grace_period(service["grace_period"], answers)):
            return f"grace_period of {name}: {problem}"
        if not isinstance(service.get("proxy_proto", False), bool):
            return f"proxy_proto of {name} is true or false"
        names.add(name)
        ports[port] = name
    return ""


def _region(value: Any, _: Answers) -> str:
    code = str(value)
    if platform.is_region(code):
        return ""
    if code in platform.catalog("regions"):
        return f"Fly removed that region; use {platform.region_successor(code)}"
    return f"use one of {' '.join(platform.region_choices().values())}"


def _memory(value: Any, answers: Answers) -> str:
    offered = platform.memory_choices()
    if value not in offered:
        able = _sizes_for(value)
        more = ""
        if able and (words := memory.words(memory.megabytes(value))) in offered:
            more = f" ({value} is written {words})"
        elif able:
            more = f" ({value} is not offered; of the sizes only {' '.join(able)} could have it)"
        return f"use one of {' '.join(offered)}{more}"
    if answers.get("vm_size", AUTO) == AUTO:
        return ""
    return _size(answers["vm_size"], {**answers, "vm_memory": value})


def _sizes_for(value: Any) -> list[str]:
    try:
        return platform.sizes_for(memory.megabytes(value))
    except ValueError:
        return []


def _size(value: Any, answers: Answers) -> str:
    sizes = platform.catalog("machines")["sizes"]
    if value == AUTO:
        return ""
    if value not in sizes:
        return f"use auto or one of {' '.join(sizes)}"
    wanted = answers.get("vm_memory")
    if wanted in platform.catalog("machines")["memory"]:
        possible = _sizes_for(wanted)
        if value not in possible:
            return f"{value} cannot have {wanted} of memory; these can: {' '.join(possible)}"
    return ""


def _swap(value: Any, answers: Answers) -> str:
    if value == AUTO:
        return ""
    if not str(value).isdigit() or int(value) > 65536:
        return "use auto or a number of MB from 0 to 65536"
    if int(value) and answers.get("auto_stop") == "suspend":
        return "a machine with swap cannot be suspended; use 0 or auto"
    return ""


def _auto_stop(value: Any, answers: Answers) -> str:
    if value == "suspend" and memory.megabytes(answers.get("vm_memory", "256mb")) > 2048:
        return "machines with more than 2gb of memory cannot be suspended; use stop or off"
    if value != "off" and answers.get("tcp_services"):
        return "a raw TCP service is only reached while its machine runs; use off"
    return ""


def _count(value: Any, _: Answers) -> str:
    return "" if isinstance(value, int) and 0 <= value <= 100 else "use a number from 0 to 100"


def _hostname(value: Any, _: Answers) -> str:
    if value == AUTO or _HOST.fullmatch(str(value)):
        return ""
    return "use auto or a bare host name, such as shop.example.com"


def _env(value: Any, answers: Answers) -> str:
    if not isinstance(value, dict):
        return "use a map such as {LOG_LEVEL: info}, or {}"
    for name, setting in value.items():
        if not _ENV_NAME.fullmatch(str(name)):
            return f"{name} is no name for an environment variable; use capitals, digits and _"
        if name.startswith("FLY_"):
            return f"{name} begins with FLY_, which Fly keeps for itself"
        if _SECRET.search(name):
            return f"{name} looks like a secret, and fly.toml is in git; name it in extra_secrets"
        if name in _OURS or (answers.get("database") == "sqlite" and name == answers.get("database_env")):
            return f"{name} is set by another answer"
        if isinstance(setting, dict | list) or setting is None:
            return f"{name} must be a text, a number or true/false"
    return ""


_SECRET = expression(r"KEY|PRIVATE|SECRET|PASSWORD|DATABASE_URL")
"""Names that flyctl itself warns of on every deploy (its internal/command/deploy)."""

_OURS = {
    "PHX_HOST",
    "PORT",
    "HOSTNAME",
    "ECTO_IPV6",
    "DATABASE_SSL",
    "POOL_SIZE",
    "READY_TCP",
    "RELEASE_MODE",
}


def _is_nextjs(answers: Answers) -> bool:
    stack = STACKS.get(str(answers.get("stack")))
    return stack is not None and stack.framework == "nextjs"


def _workers(value: Any, answers: Answers) -> str:
    nextjs = _is_nextjs(answers)
    command = "node dist/worker.js" if nextjs else "/app/bin/my_shop start"
    example = f"use a list such as [{{name: worker, command: {command}, vm_memory: 512mb, count: 1}}], or []"
    if problem := _maps(value, "a worker", {"name", "command"}, {"vm_memory", "count"}, example):
        return problem
    names = {"app"}
    for worker in value:
        name = str(worker["name"])
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,29}", name):
            return f"{name} must be lowercase letters, digits, _ and -, at most 30"
        if name in names:
            return (
                "app is the web app itself; give the worker another name" if name == "app" else f"{name} is there twice"
            )
        if answers.get("compose") is True and name in _COMPOSE:
            return f"{name} is a service of compose.production.yaml already; give the worker another name"
        if problem := _command(worker["command"], nextjs):
            return f"command of {name}: {problem}"
        memory_of = worker.get("vm_memory")
        if memory_of is not None and (problem := _memory(memory_of, {"vm_size": answers.get("vm_size", AUTO)})):
            return f"vm_memory of {name}: {problem}"
        count = worker.get("count", 1)
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 100:
            return f"count of {name}: use a number from 1 to 100"
        names.add(name)
    if value and answers.get("database") == "sqlite":
        return (
            "the file of SQLite is on the volume of one machine, and a worker's machine has none of it; "
            "use [], or a database that machines share"
        )
    return ""


_COMPOSE = {"caddy", "migrate", "postgres"}


def _command(value: Any, nextjs: bool) -> str:
    try:
        words = shlex.split(value) if isinstance(value, str) and "\n" not in value else []
    except ValueError:
        return "a quote in it is not closed"
    if not words:
        return "use a command of one line"
    if {"&&", "||", "|", ";", "&"} & set(words) or re.match(r"\w+=", words[0]):
        return "use one program with its arguments, without a shell"
    if nextjs and not NODE_COMMAND.fullmatch(value):
        return (
            "the image has Node.js alone, neither npm nor tsx; use node with a JavaScript file, as node dist/worker.js"
        )
    if not nextjs and words[0] in ("mix", "iex", "elixir"):
        return f"the image has a release and no {words[0]}; use /app/bin/NAME start or /app/bin/NAME eval"
    return ""


def _schedules(value: Any, answers: Answers) -> str:
    nextjs = _is_nextjs(answers)
    command = "node dist/nightly.js" if nextjs else "/app/bin/my_shop eval MyShop.Release.nightly"
    example = f'use a list such as [{{name: nightly, cron: "0 3 * * *", command: {command}}}], or []'
    if problem := _maps(value, "a schedule", {"name", "cron", "command"}, set(), example):
        return problem
    names: set[str] = set()
    for schedule in value:
        name = str(schedule["name"])
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,29}", name):
            return f"{name} must be lowercase letters, digits, _ and -, at most 30"
        if name in names:
            return f"{name} is there twice"
        if problem := cron.problem(schedule["cron"]):
            return f"cron of {name}: {problem}"
        if problem := _job(schedule["command"], nextjs):
            return f"command of {name}: {problem}"
        names.add(name)
    return _no_room_for_cron(answers) if value else ""


def _job(value: Any, nextjs: bool) -> str:
    if nextjs and isinstance(value, str) and CALL.fullmatch(value):
        return ""
    if problem := _command(value, nextjs):
        return f"{problem}; node /call.mjs /api/PATH calls that path of the app" if nextjs else problem
    # It is started by a shell, and what means something to one would do more than is written here.
    words = shlex.shlex(value, posix=True, punctuation_chars=True)
    words.commenters = ""
    if any(set(word) <= set("();<>|&") for word in words if word):
        return "put what has ( ) ; < > | or & in it into quotes"
    if shlex.split(value)[1:2] in (["rpc"], ["remote"]):
        return "no app runs on the machine of the schedules, so there is none to reach; use eval"
    return ""


def _no_room_for_cron(answers: Answers) -> str:
    """Why there can be no machine for the schedules beside these answers."""
    workers = answers.get("workers")
    if isinstance(workers, list) and any(isinstance(one, dict) and one.get("name") == "cron" for one in workers):
        return "cron is the process group that runs them; give the worker of that name another one"
    if answers.get("database") == "sqlite":
        return (
            "the file of SQLite is on the volume of one machine, and the machine of the schedules has none of it; "
            "use [], and let the app itself keep the time"
        )
    if (strategy := answers.get("strategy")) in ("bluegreen", "canary"):
        return f"{strategy} starts a second machine beside theirs, and both would run what is due; use strategy=rolling"
    return ""


def _secrets(value: Any, answers: Answers) -> str:
    example = "use a list such as [{name: CLOAK_KEY, how: openssl rand -base64 32}], or []"
    if not isinstance(value, list):
        return example
    seen: set[str] = set()
    for secret in value:
        if not isinstance(secret, dict) or set(secret) != {"name", "how"} or not str(secret["how"]).strip():
            return f"each secret needs a name and how to make it; {example}"
        if "\n" in str(secret["how"]):
            return f"how to make {secret['name']} must fit on one line"
        name = str(secret["name"])
        if not _ENV_NAME.fullmatch(name) or name.startswith("FLY_"):
            return f"{name} is no name for a secret; use capitals, digits and _, not beginning with FLY_"
        if name in seen:
            return f"{name} is there twice"
        if answers.get("database") in ("sqlite", "external") and name == answers.get("database_env"):
            return f"{name} is there already, by the answer database_env; leave it out"
        seen.add(name)
    return ""


def _database(value: Any, answers: Answers) -> str:
    if value != "sqlite":
        return ""
    if answers.get("ha") is True or answers.get("min_machines", 1) > 1:
        return (
            "its file is on the volume of one machine, and a second machine would have data of its own; "
            "use ha=false and min_machines=1, or a database that machines share"
        )
    if (strategy := answers.get("strategy")) in ("bluegreen", "canary"):
        return f"its volume belongs to one machine, and {strategy} starts another beside it; use strategy=rolling"
    return ""


def _database_env(value: Any, _: Answers) -> str:
    if not _ENV_NAME.fullmatch(str(value)) or value.startswith("FLY_"):
        return "use the name of the variable that the app reads, such as DATABASE_URL"
    return f"{value} is set by another answer" if value in _OURS else ""


def _database_file(value: Any, _: Answers) -> str:
    found = re.fullmatch(r"(?:file:)?/([\w-]+)(?:/[\w-]+)*/[\w-]+(?:\.[\w-]+)*", str(value))
    if not found:
        return "use an absolute path, with or without file: before it, such as /data/shop.db"
    if found[1] in _SYSTEM:
        return f"/{found[1]} is the image's own; use a folder for the volume alone, such as /data/shop.db"
    return ""


_SYSTEM = set("app bin boot busybox dev etc lib lib64 migrate proc root run sbin sys tmp usr".split())  # noqa: SIM905


def _volume(value: Any, _: Answers) -> str:
    return "" if re.fullmatch(r"[a-z][a-z0-9_]{0,29}", str(value)) else "use 1 to 30 lowercase letters, digits and _"


def _bucket(value: Any, answers: Answers) -> str:
    env = answers.get("extra_env")
    clash = [name for name in TIGRIS if value == "tigris" and isinstance(env, dict) and name in env]
    return f"the bucket sets {clash[0]} as a secret; leave {clash[0]} out of extra_env, or use s3" if clash else ""


def _bucket_env(value: Any, answers: Answers) -> str:
    if not _are_names(value):
        return "use a list of the variables that the app reads, such as [S3_BUCKET, AWS_ACCESS_KEY_ID]"
    if name := _set_elsewhere(value, answers):
        return f"{name} is set by another answer"
    return _twice(value)


def _redis_env(value: Any, answers: Answers) -> str:
    if not _are_names(value):
        return "use a list of the variables that the app reads, such as [REDIS_URL]"
    bucket = {"tigris": TIGRIS, "s3": answers.get("bucket_env")}.get(str(answers.get("bucket"))) or ()
    if name := _set_elsewhere(value, answers, bucket):
        return f"{name} is set by another answer"
    if rest := [name for name in value if name in UPSTASH_REST and answers.get("redis") == "upstash"]:
        return f"{rest[0]} is for a database at Upstash itself; use redis=url"
    return _twice(value)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_ENV_NAME.fullmatch(str(name)) for name in value)


def _set_elsewhere(names: list[Any], answers: Answers, more: Iterable[str] = ()) -> str:
    """Return the first of these variables that another answer sets, or that Fly keeps for itself."""
    database = answers.get("database_env") if answers.get("database") in ("sqlite", "external") else None
    env = answers.get("extra_env")
    taken = {*_OURS, *more, database, *(env if isinstance(env, dict) else ())}
    return next((str(name) for name in names if name in taken or str(name).startswith("FLY_")), "")


def _env_names(value: Any, _: Answers) -> str:
    if isinstance(value, list) and all(_ENV_NAME.fullmatch(str(name)) for name in value):
        return ""
    return "use a list of variable names in capitals, such as [SENTRY_AUTH_TOKEN], or []"


def _runtime_base(value: Any, answers: Answers) -> str:
    image = platform.catalog("elixir")["images"].get(answers.get("elixir_image"), {})
    base = platform.catalog("elixir")["bases"].get(value, {})
    if image and any(name not in image[role] for role, name in base.items()):
        return f"no image with Elixir {image['elixir']} and OTP {image['otp']} is known for it; use debian or minimal"
    return ""


def _apt_packages(value: Any, _: Answers) -> str:
    if isinstance(value, list) and all(re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", str(name)) for name in value):
        return ""
    return "use a list of names of Debian packages, such as [imagemagick, ffmpeg], or []"


_MANAGER = expression(r"(?:^|[;&|(]\s*)(?:\w+=\S* )*(npm|npx|pnpm|pnpx|yarn|bun|bunx|deno)(?= )")


def _migration_command(value: Any, _: Answers) -> str:
    if found := _MANAGER.search(str(value)):
        return f"the image has no {found[1]}; write the command that it runs, such as knex migrate:latest"
    return _build_command(value, _)


def _build_command(value: Any, _: Answers) -> str:
    return "use a command of one line, or leave it empty" if "\n" in str(value) else ""


def _build_env(value: Any, _: Answers) -> str:
    if not isinstance(value, dict):
        return "use a map such as {STRIPE_KEY: sk_test_stand_in}, or {}"
    for name, setting in value.items():
        if not _ENV_NAME.fullmatch(str(name)):
            return f"{name} is no name for an environment variable; use capitals, digits and _"
        if name.startswith("NEXT_PUBLIC_"):
            return f"{name} goes into the browser code with its true value; name it in public_env"
        if not isinstance(setting, str | int | float) or not str(setting) or "\n" in str(setting):
            return f"{name} must be a text of one line, a number or true/false"
    return ""


def _lines(value: Any, _: Answers) -> str:
    fine = isinstance(value, list) and all(isinstance(line, str) and line.isprintable() for line in value)
    return "" if fine else "use a list of lines, or []"


def _public_env(value: Any, answers: Answers) -> str:
    if problem := _env_names(value, answers):
        return problem
    odd = [name for name in value if not name.startswith("NEXT_PUBLIC_")]
    return f"{odd[0]} does not begin with NEXT_PUBLIC_, so Next.js leaves it out" if odd else ""


def _env_files(value: Any, _: Answers) -> str:
    if isinstance(value, list) and all(re.fullmatch(r"(?:[\w.-]+/)*\.env[\w.-]*", str(path)) for path in value):
        odd = [path for path in value if ".." in path.split("/") or path.endswith(".local")]
        return f"{odd[0]} is for one machine alone; name files that git has" if odd else ""
    return "use a list of .env files, such as [.env.production], or []"


def _name_or_auto(value: Any, answers: Answers) -> str:
    return "" if value == AUTO or not _name(value, answers) else f"use auto, or {_name(value, answers)[4:]}"


def _plan(value: Any, _: Answers) -> str:
    plans = platform.catalog("databases")["fly_managed"]["plans"]
    return "" if value in (AUTO, *plans) else f"use auto or one of {' '.join(plans)}, written like that"


def _db_region(value: Any, answers: Answers) -> str:
    if value == AUTO:
        return ""
    if problem := _region(value, answers):
        return problem
    if answers.get("database") == "fly_managed" and not platform.catalog("regions")[value]["mpg"]:
        return f"Managed Postgres is not offered there; the nearest is {platform.managed_postgres_region(value)}"
    return ""


def _pool(value: Any, _: Answers) -> str:
    if value == AUTO or (str(value).isdigit() and 2 <= int(value) <= 500):
        return ""
    return "use auto or a number from 2 to 500"


def _deploy_on(value: Any, answers: Answers) -> str:
    if value == "push" and answers.get("github") is False:
        return "only a project on GitHub is deployed by a push; use manual"
    return ""


def _alerts(value: Any, answers: Answers) -> str:
    if value != "none" and answers.get("github") is False:
        return "a workflow on GitHub does the watching; use none, and let a service of your own ask /readyz"
    if value != "none" and answers.get("scripts") == "none":
        return "ops/watch does the watching, and scripts is none; use none"
    return ""


def _branch(value: Any, _: Answers) -> str:
    if value == AUTO or re.fullmatch(r"(?!.*(\.\.|//|\.lock$))[A-Za-z0-9_][A-Za-z0-9._/-]*[A-Za-z0-9_]|\w", str(value)):
        return ""
    return "use auto or the name of a git branch"


def _environments(value: Any, answers: Answers) -> str:
    example = "use a list such as [{name: staging, region: iad}], or []"
    settings = {"app", "org", "region", "vm_memory", "min_machines"}
    if problem := _maps(value, "an environment", {"name"}, settings, example):
        return problem
    names, apps = {"production"}, {answers.get("fly_app")}
    if answers.get("log_shipper", "none") != "none":
        apps.add(naming.environment_app(answers.get("fly_app", "app"), "logs"))
    for env in value:
        name = str(env["name"])
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,29}", name):
            return f"{name} must be lowercase letters, digits and dashes, at most 30"
        if name in names:
            return f"{name} is there already (production always is)"
        app = env.get("app") or naming.environment_app(answers.get("fly_app", "app"), name)
        for key, check, setting in (
            ("app", _name, app),
            ("org", _name, env.get("org")),
            ("region", _region, env.get("region")),
            ("vm_memory", _memory, env.get("vm_memory")),
            ("min_machines", _count, env.get("min_machines")),
        ):
            if setting is not None and (problem := check(setting, {"vm_size": answers.get("vm_size", AUTO)})):
                return f"{key} of {name}: {problem}"
        if answers.get("auto_stop") == "suspend" and memory.megabytes(env.get("vm_memory", "256mb")) > 2048:
            return f"vm_memory of {name}: machines with more than 2gb of memory cannot be suspended; use 2gb or less"
        if answers.get("database") == "sqlite" and env.get("min_machines", 1) > 1:
            return f"min_machines of {name}: the file of SQLite is on the volume of one machine; use 1 or 0"
        if app in apps:
            return f"{name} needs an app of its own, {app} is taken by another environment"
        names.add(name)
        apps.add(app)
    return ""


def _release_apps(value: Any, answers: Answers) -> str:
    if not isinstance(value, list) or not value:
        return "name at least one child app, such as [shop, shop_web]"
    for name in value:
        if problem := _atom(name, answers):
            return f"{name}: {problem}"
    return _twice(value) or _unknown_child(value, answers)


def _child(value: Any, answers: Answers) -> str:
    return _atom(value, answers) or _unknown_child([value], answers) or _not_released([value], answers)


def _child_apps(value: Any, answers: Answers) -> str:
    if not isinstance(value, list):
        return "use a list of child apps, such as [shop], or []"
    return _twice(value) or _unknown_child(value, answers) or _not_released(value, answers)


def _twice(names: list[Any]) -> str:
    double = next((name for place, name in enumerate(names) if name in names[:place]), None)
    return f"{double} is there twice" if double is not None else ""


def _unknown_child(names: list[Any], answers: Answers) -> str:
    known = answers.get("_umbrella_apps")
    odd = [name for name in names if known and name not in known]
    return f"there is no child app {odd[0]}; there are {' '.join(known)}" if odd and known else ""


def _not_released(names: list[Any], answers: Answers) -> str:
    released = answers.get("release_apps")
    if not isinstance(released, list) or not released:
        return ""
    odd = [name for name in names if name not in released]
    return f"{odd[0]} is not among the apps of the release: {' '.join(map(str, released))}" if odd else ""


CHECKS: dict[str, Check] = {
    "bucket": _bucket,
    "bucket_env": _bucket_env,
    "redis_env": _redis_env,
    "app_dir": _app_dir,
    "app_name": _app_name,
    "app_lib": _folder,
    "app_module": _module,
    "web_lib": _folder,
    "web_module": _web_module,
    "release_name": _release_name,
    "release_apps": _release_apps,
    "web_app": _child,
    "repo_apps": _child_apps,
    "asset_apps": _child_apps,
    "http_port": _port,
    "tcp_services": _tcp_services,
    "migrations_dir": _folder,
    "migration_command": _migration_command,
    "database_package": _database_package,
    "runtime_base": _runtime_base,
    "apt_packages": _apt_packages,
    "build_command": _build_command,
    "build_env": _build_env,
    "public_env": _public_env,
    "build_secrets": _env_names,
    "env_files": _env_files,
    "fly_app": _name,
    "fly_org": _name,
    "primary_region": _region,
    "vm_memory": _memory,
    "vm_size": _size,
    "auto_stop": _auto_stop,
    "min_machines": _count,
    "swap_mb": _swap,
    "hostname": _hostname,
    "grace_period": _grace_period,
    "metrics_port": _metrics_port,
    "extra_env": _env,
    "extra_secrets": _secrets,
    "database": _database,
    "database_env": _database_env,
    "database_file": _database_file,
    "volume": _volume,
    "workers": _workers,
    "schedules": _schedules,
    "database_name": _name_or_auto,
    "db_plan": _plan,
    "db_region": _db_region,
    "pool_size": _pool,
    "survey": _lines,
    "deploy_on": _deploy_on,
    "deploy_branch": _branch,
    "review_org": _name_or_auto,
    "alerts": _alerts,
    "environments": _environments,
}
