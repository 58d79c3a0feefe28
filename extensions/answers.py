"""Where answers come from, who judges them, and what follows from them.

Three places call the checks of `checks.py`: a question's own validator while somebody is typing, `preflight`
before the first question for what came from the command line or an answers file (copier would show a
traceback for those), and `settled` after the last one for answers that only clash with each other.
"""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from copier.errors import UserMessageError
from jinja2 import Environment, pass_context
from jinja2.ext import Extension
from jinja2.runtime import Context


def _sibling(name: str) -> ModuleType:
    # An import by name would hand the old template version's module to the new one during an update.
    spec = spec_from_file_location(f"{__name__}.{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec and spec.loader
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


checks = _sibling("checks")
detection = _sibling("detection")
fly = _sibling("fly_platform")
moving = _sibling("moving")
naming = _sibling("naming")
nextjs_checks = _sibling("nextjs_checks")

QUESTIONS = Path(__file__).parents[1] / "questions"

# --- Defaults -------------------------------------------------------------------------------------------


@pass_context
def found(context: Context, path: str, default: Any = None) -> Any:
    """Return what detection says under a dotted path (`elixir.app_name`), `default` where it is silent."""
    value: Any = detection.detect(str(context["_copier_conf"]["dst_path"]), context.get("app_dir"))
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return default if value in (None, "") else value


@pass_context
def uses_database(context: Context) -> bool:
    """Tell whether the app has a database library; an app that is not there yet is given one."""
    if context["stack"] == "nextjs":
        return bool(nextjs_checks.uses_postgres(found(context, "nextjs", {})))
    return bool(found(context, "elixir.ecto", True))


@pass_context
def children(context: Context, key: str = "name") -> list[str]:
    """List the umbrella's child apps by name, or those for which `key` holds; none that only development needs."""
    apps = found(context, "elixir.children", [])
    chosen = [app["name"] for app in apps if app[key] and not app["dev_only"]]
    if key == "repos":
        # The first one's repo gets DATABASE_URL: that of the umbrella's own name, else what most others build on.
        used = [name for app in apps for name in app["deps"]]
        chosen.sort(key=lambda name: (name != context["app_name"], -used.count(name)))
    return chosen


@pass_context
def child_module(context: Context, name: str, key: str = "module") -> str:
    """Name a child app's main module, or with `endpoint` the one its endpoint belongs to, as its code spells it."""
    for app in found(context, "elixir.children", []):
        if app["name"] == name and app[key]:
            return str(app[key])
    return str(naming.module_name(str(name)))


@pass_context
def tcp_ports(context: Context, http_port: int) -> list[dict[str, Any]]:
    """Suggest the ports that an umbrella's children set for themselves as raw TCP services."""
    return [service for service in found(context, "elixir.tcp_ports", []) if service["port"] != http_port]


@pass_context
def nearest_elixir(context: Context) -> str:
    """Pick the image whose Elixir and OTP come nearest to the versions that the project names."""
    table = fly.catalog("elixir")
    wanted = found(context, "elixir.elixir_version", ""), found(context, "elixir.otp_version", "")
    if not any(wanted):
        return table["default"]

    def distance(key: str) -> tuple[int, int, bool]:
        image = table["images"][key]
        elixir = _minor_distance(wanted[0], image["elixir"]) if wanted[0] else 0
        otp = abs(int(wanted[1].split(".")[0]) - int(image["otp"].split(".")[0])) if wanted[1] else 0
        return elixir, otp, key != table["default"]

    return min((key for key, image in table["images"].items() if not image.get("retired")), key=distance)


def _minor_distance(one: str, other: str) -> int:
    def minor(version: str) -> int:
        digits = re.findall(r"\d+", version)
        return int(digits[0]) * 1000 + int(digits[1]) if len(digits) > 1 else 0

    return abs(minor(one) - minor(other))


@pass_context
def nearest_node(context: Context) -> str:
    """Pick the Node.js line that the project names, the default line where it names none that is left."""
    table = fly.catalog("node")
    wanted = re.findall(r"\d+", str(found(context, "nextjs.node_version", "")))
    key = wanted[0] if wanted else ""
    return key if key in fly.node_choices() else table["default"]


@pass_context
def adopted(context: Context, name: str, default: Any) -> Any:
    """Return what the project's own fly.toml sets for a question, `default` where that is nothing, or impossible."""
    env = found(context, "fly.env", {})
    value = {
        "fly_app": found(context, "fly.app"),
        "http_port": found(context, "fly.internal_port"),
        "hostname": env.get("PHX_HOST"),
        "pool_size": env.get("POOL_SIZE"),
        "swap_mb": _text(found(context, "fly.swap_mb")),
    }.get(name, found(context, f"fly.{name}"))
    choices = _questions()[name].get("choices")
    if value is None or (isinstance(choices, dict) and value not in choices.values()):
        return default
    if name in checks.CHECKS and checks.CHECKS[name](value, context.get_all()):
        return default
    # What `auto` stands for stays `auto`.
    same = {
        "hostname": lambda: str(value).endswith(".fly.dev"),
        "pool_size": lambda: int(value) == default_pool(context["database"]),
        "swap_mb": lambda: context["auto_stop"] == "suspend" or value == "512",
        "vm_size": lambda: value == fly.sizes_for(fly.megabytes(context["vm_memory"]))[0],
    }.get(name)
    return default if same and same() else value


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


@pass_context
def adopted_env(context: Context) -> dict[str, str]:
    """Return the variables that the project's own fly.toml sets, without those that other answers set."""
    env = found(context, "fly.env", {})
    return {name: value for name, value in env.items() if not checks.CHECKS["extra_env"]({name: value}, {})}


@pass_context
def left_behind(context: Context) -> dict[str, Any]:
    """List what the project's earlier fly.toml (`file`) said and the one that is there now does not (`lines`)."""
    target = str(context["_copier_conf"]["dst_path"])
    before = detection.detect(target, context["app_dir"])["fly_toml"]
    now = detection.fly_keys(target) if before["file"] else {}
    return {"file": before["file"], "lines": detection.adoption.left_behind(before["keys"], now)}


@pass_context
def release_default(context: Context) -> str:
    """Name the release as mix.exs does, else as the app; a name that no release may have is brought into shape."""
    name = str(found(context, "elixir.release_name", context["app_name"]))
    return name if not checks.CHECKS["release_name"](name, {}) else str(naming.otp_name(name))


def default_pool(database: str) -> int:
    """Give the connections one machine may hold: Ecto's own ten, five where a small Neon compute serves."""
    return 5 if database == "neon" else 10


# --- Judging all answers --------------------------------------------------------------------------------


@pass_context
def check(context: Context, name: str) -> str:
    """Validate a question while it is asked; answers from elsewhere are judged by `preflight` and `settled`."""
    if name in context["_copier_conf"]["data"] or not _is_asked(name, context):
        return ""
    return checks.CHECKS[name](context[name], _with_children(context))


def _is_asked(name: str, context: Context) -> bool:
    # A default that its own validator refuses is a traceback where nobody is there to be asked again.
    if context["_copier_conf"]["defaults"]:
        return False
    ask = str(_questions()[name].get("ask", True))
    return bool(yaml.safe_load(context.environment.from_string(ask).render(dict(context))))


@pass_context
def preflight(context: Context) -> str:
    """Stop with one sentence before the first question when the run cannot end well.

    Looks at every answer that is known already (`-d`, `--data-file`, the answers file of an earlier run) and at
    the target. Returns nothing. Raises `UserMessageError`, which copier prints as one line, exit code 1.
    """
    conf = context["_copier_conf"]
    target = Path(str(conf["dst_path"]))
    questions = _questions()
    # What update renders for comparison is none of the user's doing; a part of a repository is below it.
    if not any(part.startswith("copier._main.") for part in target.parts):
        _judge_target(target, str(conf["answers_file"]))
        _judge_names(conf["data"], questions)
    for name, question in questions.items():
        if name in context and question.get("when") is not False:
            _judge_alone(name, context[name], question, context)
    return ""


def _judge_target(target: Path, answers_file: str) -> None:
    if target.exists() and not target.is_dir():
        raise UserMessageError(f"{target} is a file; name the folder of the app.")
    existing = next(folder for folder in (target.absolute(), *target.absolute().parents) if folder.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        raise UserMessageError(f"{existing} cannot be written to; nothing was changed.")
    seen = detection.detect(str(target))
    if problems := seen["problems"]:
        raise UserMessageError(f"{problems[0]} Nothing was changed.")
    elsewhere = [app["dir"] for app in (seen["elixir"] or {}).get("children", []) if not app["dir"].startswith("apps/")]
    if elsewhere:
        raise UserMessageError(
            f"The umbrella keeps its children in {elsewhere[0].rpartition('/')[0]}/, and only apps/ can be deployed; "
            'move them with git mv and set apps_path: "apps". Nothing was changed.'
        )
    previous = target / answers_file
    if previous.is_file():
        try:
            stored = yaml.safe_load(previous.read_text("utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError, OSError):
            raise UserMessageError(f"{answers_file} cannot be read as YAML; mend it first.") from None
        if not isinstance(stored, dict) or "fly_app" not in stored:
            raise UserMessageError(
                f"{answers_file} belongs to another template; add -a .copier-answers.fly.yml to keep both."
            )


def _judge_names(data: Mapping[str, Any], questions: Mapping[str, Any]) -> None:
    for name in data:
        if name not in questions:
            near = difflib.get_close_matches(name, questions, 1)
            hint = f"did you mean {near[0]}?" if near else "the README lists them all."
            raise UserMessageError(f"{name}: there is no such question; {hint}")


def _judge_alone(name: str, raw: Any, question: Mapping[str, Any], context: Context) -> None:
    try:
        value = _parse(raw, question.get("type", "str"))
    except ValueError as error:
        raise UserMessageError(_refusal(name, raw, str(error))) from None
    if choices := question.get("choices"):
        if isinstance(choices, str):
            choices = yaml.safe_load(context.environment.from_string(choices).render(dict(context)))
        allowed = list(choices.values()) if isinstance(choices, dict) else list(choices)
        if value not in allowed:
            problem = checks.CHECKS[name](value, {}) if name in checks.CHECKS else ""
            raise UserMessageError(_refusal(name, raw, problem or f"use one of {' '.join(map(str, allowed))}"))
    if name in checks.CHECKS and (problem := checks.CHECKS[name](value, _alone(context))):
        raise UserMessageError(_refusal(name, raw, problem))


def _alone(context: Context) -> dict[str, Any]:
    # The stack decides what a name may look like, so it goes along even where an answer is judged alone.
    return {"stack": context["stack"]} if "stack" in context else {}


@pass_context
def settled(context: Context) -> str:
    """Stop with one sentence when answers that are fine by themselves clash with each other.

    Returns nothing. Raises `UserMessageError`.
    """
    _judge_move(context)
    answers = _with_children(context)
    if context["stack"] == "nextjs":
        _judge_nextjs(context)
    asked = context["_copier_answers"]  # without the questions that this stack does not have
    for name, judge in checks.CHECKS.items():
        if name in asked and (problem := judge(context[name], answers)):
            raise UserMessageError(_refusal(name, context[name], problem))
    return ""


def _judge_move(context: Context) -> None:
    """Refuse another folder for the app while the app is in the old one; a first copy has none yet."""
    conf = context["_copier_conf"]
    target = Path(str(conf["dst_path"]))
    previous = target / str(conf["answers_file"])
    old = yaml.safe_load(previous.read_text("utf-8")).get("app_dir") if previous.is_file() else None
    new = context["app_dir"]
    if old not in (None, new) and new not in [app["dir"] for app in detection.detect(str(target))["apps"]]:
        raise UserMessageError(moving.refusal(target, str(old), new, str(conf["answers_file"])))


def _judge_nextjs(context: Context) -> None:
    conf = context["_copier_conf"]
    stored = Path(str(conf["dst_path"]), str(conf["answers_file"])).is_file()
    chosen = stored or context["customise"] or "package_manager" in conf["data"]
    app = found(context, "nextjs", {})
    if problem := nextjs_checks.problem(str(conf["dst_path"]), app, context.get_all(), chosen):
        raise UserMessageError(f"{problem} Nothing was changed.")


def _with_children(context: Context) -> dict[str, Any]:
    return {**context.get_all(), "_children": [app["name"] for app in found(context, "elixir.children", [])]}


def _refusal(name: str, value: Any, allowed: str) -> str:
    return f"{name}: {value!r} is not possible: {allowed}."


def _parse(raw: Any, kind: str) -> Any:
    """Read an answer as its question's type, raising `ValueError` with what is allowed."""
    text = str(raw)
    if kind == "int":
        if isinstance(raw, bool) or not re.fullmatch(r"[+-]?\d+", text):
            raise ValueError("use a whole number")
        return int(text)
    if kind == "bool":
        value = {"true": True, "yes": True, "y": True, "false": False, "no": False, "n": False}.get(text.lower())
        if value is None:
            raise ValueError("use true or false")
        return value
    if kind == "yaml":
        try:
            return yaml.safe_load(raw) if isinstance(raw, str) else raw
        except yaml.YAMLError:
            raise ValueError("it cannot be read as YAML") from None
    if isinstance(raw, dict | list) or raw is None:
        raise ValueError("use plain text")
    return text


@cache
def _questions() -> dict[str, dict[str, Any]]:
    """Read the questions and their kinds from the files copier reads them from."""
    questions: dict[str, dict[str, Any]] = {}
    for file in sorted(QUESTIONS.glob("*.yml")):
        questions |= yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return questions


# --- What follows from the answers ----------------------------------------------------------------------


@pass_context
def all_environments(context: Context) -> list[dict[str, Any]]:
    """List production and every further environment with all their settings.

    Each has `name`, `app`, `file` (its fly file), `region`, `vm_memory`, `vm_size`, `min_machines`, `hostname`.
    """
    production = {
        "name": "production",
        "app": context["fly_app"],
        "file": "fly.toml",
        "region": context["primary_region"],
        "vm_memory": context["vm_memory"],
        "vm_size": context["effective_vm_size"],
        "min_machines": context["min_machines"],
        "hostname": context["effective_hostname"],
    }
    return [
        production,
        *(_environment(production, env, context["vm_size"]) for env in context["environments"]),
    ]


def _environment(production: Mapping[str, Any], env: Mapping[str, Any], vm_size: str) -> dict[str, Any]:
    name = str(env["name"])
    app = str(env.get("app") or naming.environment_app(production["app"], name))
    memory = str(env.get("vm_memory") or production["vm_memory"])
    return {
        "name": name,
        "app": app,
        "file": f"fly.{name}.toml",
        "region": str(env.get("region") or production["region"]),
        "vm_memory": memory,
        "vm_size": fly.sizes_for(fly.megabytes(memory))[0] if vm_size == "auto" else vm_size,
        "min_machines": env.get("min_machines", production["min_machines"]),
        "hostname": f"{app}.fly.dev",
    }


@pass_context
def monthly_cost(context: Context, environment: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Estimate what an environment, production where none is given, costs in USD for 30 days.

    Returns `total`, `parts` (a text for each item) and `as_of`, the date of the prices.
    """
    prices = fly.catalog("prices")
    env = environment or all_environments(context)[0]
    machines = max(2 if context["ha"] else 1, env["min_machines"])
    each = fly.machine_price(env["vm_size"], fly.megabytes(env["vm_memory"]))
    items = [(f"{machines} x {env['vm_size']} with {env['vm_memory']}", machines * (each or 0))]
    match context["database"]:
        case "fly_managed":
            plan = context["effective_db_plan"]
            items.append((f"Managed Postgres {plan}", prices["fly_managed"][plan]))
        case "fly_postgres":
            items.append(("one small Postgres machine with 1 GB", prices["fly_postgres_smallest"]))
        case "neon":
            items.append(("Neon by use", 0))
    if context["tcp_services"]:
        items.append(("a dedicated IPv4 address", prices["dedicated_ipv4"]))
    return {
        "total": f"{sum(price for _, price in items):.2f}",
        "parts": [f"{what} ${price:.2f}" if price else what for what, price in items],
        "as_of": str(prices["as_of"]),
    }


_LAYER = re.compile(r"\{\{ if_(\w+) \}\}/")


def existing_files(target: str) -> list[str]:
    """List the files of the template that the target has already, as far as they are known before the answers."""
    return sorted(path for path in _possible_files(target) if Path(target, path).is_file())


_OF_NEXTJS = frozenset({"nextjs", "app_router", "pages_router", "runner", "cli", "nextjs_database"})
_OF_ELIXIR = frozenset({"elixir", "ecto", "tcp", "repos"})


def new_files(target: str) -> list[str]:
    """Sum up what the target does not have yet: a file by its path, several in one folder by their number."""
    seen = detection.detect(target)
    others = {"nextjs": _OF_ELIXIR, None: frozenset()}.get(seen["stack"], _OF_NEXTJS)
    by_folder: dict[str, list[str]] = {}
    for path, sources in _possible_files(target).items():
        at_github = path.startswith(".github/") and not seen["github"]
        if not (at_github or all(layers & others for layers in sources) or Path(target, path).exists()):
            folder = "/".join(path.split("/")[:-1][:2])
            by_folder.setdefault(f"{folder}/" if folder else path, []).append(path)
    return [f"{name} ({len(paths)} files)" if len(paths) > 1 else paths[0] for name, paths in sorted(by_folder.items())]


@cache
def _possible_files(target: str) -> dict[str, list[set[str]]]:
    """Every path that some answers would render into the target → the layers of each source it may come from."""
    app = detection.detect(target)
    elixir, nextjs = app["elixir"] or {}, app["nextjs"] or {}
    root = app["app_dir"] or "."
    routes = f"{'src/' if nextjs.get('src_dir') else ''}{nextjs.get('router') or 'app'}"
    folders = {
        "{{ app_dir }}": root,
        "{{ routes_dir }}": f"{root}/{routes}",
        "{{ js }}": "ts" if nextjs.get("typescript") else "js",
        "{{ web_lib }}": f"{root}/{elixir['web_lib']}" if elixir.get("web_lib") else "",
        "{{ core_lib }}": f"{root}/{elixir['repo_lib']}" if elixir.get("repo_lib") else "",
        "{{ _copier_conf.answers_file }}": "",
    }
    found: dict[str, list[set[str]]] = {}
    for source in sorted((QUESTIONS.parent / "template").rglob("*")):
        path = source.relative_to(QUESTIONS.parent / "template").as_posix().removesuffix(".jinja")
        layers = set(_LAYER.findall(path))
        path = _LAYER.sub("", path)
        for name, folder in folders.items():
            path = path.replace(name, folder)
        path = os.path.normpath(path)
        if source.is_file() and "{" not in path and not path.startswith("/") and path != ".":
            found.setdefault(path, []).append(layers)
    return found


class Answering(Extension):
    """Adds the defaults, checks and what follows from the answers to every template.

    With them come the extensions of the files that this one loads: listed in copier.yml each would be loaded again,
    with all that it loads, three times in an update.
    """

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        for extension in (detection.Detection, fly.FlyPlatform, naming.Naming):
            extension(environment)
        environment.globals.update(
            adopted=adopted,
            adopted_env=adopted_env,
            all_environments=all_environments,
            check=check,
            child_module=child_module,
            children=children,
            default_pool=default_pool,
            existing_files=existing_files,
            found=found,
            left_behind=left_behind,
            monthly_cost=monthly_cost,
            nearest_elixir=nearest_elixir,
            nearest_node=nearest_node,
            new_files=new_files,
            preflight=preflight,
            release_default=release_default,
            settled=settled,
            tcp_ports=tcp_ports,
            unknown_keys=detection.adoption.unknown,
            uses_database=uses_database,
        )
