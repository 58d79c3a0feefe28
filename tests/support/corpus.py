"""The renders that tests read: every example, and answers to the questions of each stack, combined pair by pair."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from covertable.main import Controller

from copier_fly.answers.checks import CHECKS
from tests.support import images, questions
from tests.support import template as template_support
from tests.support.needs import cache_folder
from tests.support.template import EXAMPLES, REPO

# --- Answers ----------------------------------------------------------------------------------------------

_APPS = ["arena", "arena_audit", "arena_auth", "arena_web"]
_SERVICES = [
    {"name": "auth", "port": 6600, "grace_period": "90s", "proxy_proto": True},
    {"name": "world", "port": 24000},
]
_NODE = yaml.safe_load((images.CATALOG / "node.yml").read_text())["images"]

SAMPLES: dict[str, list[Any]] = {
    "app_dir": [".", "web"],
    "database_package": ["", "packages/db"],
    "release_apps": [_APPS, ["arena", "arena_web"]],
    "repo_apps": [["arena"], [], ["arena", "arena_audit"]],
    "asset_apps": [["arena_web"], [], ["arena_web", "arena"]],
    "tcp_services": [[], _SERVICES[:1], _SERVICES],
    "elixir_image": ["1.20-otp29", "1.19-otp28", "1.18-otp27"],
    "node_version": [line for line, image in _NODE.items() if "retired" not in image],
    "public_env": [[], ["NEXT_PUBLIC_SITE_URL"]],
    "apt_packages": [[], ["imagemagick", "ffmpeg"]],
    "migration_command": ["", """tsx db/migrate.ts "a b" && echo 'c' <d"""],
    "build_command": ["", "npm run site:build"],
    "build_env": [{}, {"STRIPE_KEY": "sk_test_stand_in", "LIMIT": 5}],
    "build_secrets": [[], ["SENTRY_AUTH_TOKEN"], ["HEX_ORGANIZATION_KEY", "OBAN_LICENSE_KEY", "GITHUB_TOKEN"]],
    "env_files": [[], [".env.production", "web/.env"]],
    "vm_memory": ["1gb", "256mb", "8gb"],
    "vm_size": ["auto", "performance-1x"],
    "grace_period": ["30s", "120s"],
    "metrics_port": [0, 9568],
    "log_shipper": ["none", "better_stack"],  # the others differ in names alone
    "survey": [[], ['mix.exs: It isn\'t "served". $HOME `stays` \\n.', "config/prod.exs: Another one."]],
    "extra_env": [{}, {"LOG_LEVEL": "info", "QUOTED": 'a "b" \\c', "ON": True}],
    "extra_secrets": [[], [{"name": "CLOAK_KEY", "how": 'openssl rand -base64 32 # """ #{x} \'y\' \\n'}]],
    "workers": [
        [],
        [
            {"name": "worker", "command": "node dist/worker.js", "vm_memory": "8gb", "count": 2},
            {"name": "mailer", "command": "node --enable-source-maps worker/mailer.mjs 'a \"b\" c'"},
        ],
    ],
    "schedules": [
        [],
        [
            {"name": "nightly", "cron": "0 3 * * *", "command": "node --enable-source-maps dist/nightly.js 'a \"b\"'"},
            {
                "name": "digest",
                "cron": "*/5 8-18 1,15 jan-mar mon-fri",
                "command": "node /call.mjs '/api/digest?a=1&b=2'",
            },
        ],
    ],
    "environments": [
        [],
        [{"name": "staging", "org": "other", "region": "fra", "vm_memory": "8gb", "min_machines": 0}, {"name": "qa"}],
    ],
}
"""Answers to the questions that offer no choices, or too many; what the others offer is read from `questions/`.

The first is the one that a question has when it is not asked.
"""

ONE_ANSWER = {
    *("customise", "stack", "app_name", "app_module", "web_module", "web_app", "release_name", "migrations_dir"),
    *("fly_app", "fly_org", "primary_region", "hostname", "http_port", "min_machines", "swap_mb", "deploy_branch"),
    *("database_env", "database_file", "volume", "bucket_env", "redis_env", "review_org"),
    *("app_lib", "web_lib", "database_name", "db_plan", "db_region", "pool_size", "github", "scaffolded_on"),
}
"""The questions that are answered in one way: another name, number or place makes no other file.

Without GitHub there is less to read; the examples have that.
"""

_SHARED: dict[str, dict[str, Any]] = {
    "phoenix": {"app_name": "shop", "github": True},
    "umbrella": {"app_name": "arena", "web_app": "arena_web", "github": True},
    "nextjs": {"app_name": "notes", "github": True},
}


def answers() -> dict[str, dict[str, Any]]:
    """All answers that are rendered, by a name that says which they are."""
    found = {name: template_support.example(name) for name in EXAMPLES}
    for stack, shared in _SHARED.items():
        for number, row in enumerate(_kept_rows({"stack": stack, **shared})):
            given = {"stack": stack, **shared, **row}
            found[f"{stack}-{number}"] = {name: given[name] for name in given if questions.is_for(name, given)}
    return found


def _kept_rows(shared: dict[str, Any]) -> list[dict[str, Any]]:
    """`_rows` of a stack, which take half a minute to find: kept between runs, until what they follow from changes."""
    package = REPO / "extensions" / "copier_fly"
    sources = [
        *(REPO / "copier.yml", *questions.FILES, *(package / "answers").rglob("*.py"), *package.glob("*.py")),
        *(Path(__file__), Path(questions.__file__), *(package / "fly").rglob("*.py"), *images.CATALOG.iterdir()),
    ]
    text = b"".join(file.read_bytes() for file in sorted(sources)) + version("covertable").encode()
    kept = cache_folder() / "corpus" / f"{shared['stack']}-{hashlib.sha256(text).hexdigest()[:16]}.json"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        for older in kept.parent.glob(f"{shared['stack']}-*.json"):
            older.unlink(missing_ok=True)
        new = kept.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps(_rows(shared)))
        new.rename(kept)
    return json.loads(kept.read_text())


def _rows(shared: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows in which each answer to a question stands with each to another, save those that exclude each other."""
    axes = {
        name: SAMPLES.get(name) or questions.choices(name)
        for name in questions.ASKED
        if name not in ONE_ANSWER and questions.is_for(name, shared)
    }
    controller = Controller(axes, constraints=[*_only_what_is_asked(axes, shared), *_only_what_fits(axes, shared)])
    rows = controller.make()
    assert not controller.stats["uncovered_pairs"], controller.stats["uncovered_pairs"]
    return rows


def _only_what_is_asked(axes: dict[str, list[Any]], shared: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, values in axes.items():
        if needs := questions.asked_by(name) & axes.keys():
            yield {
                "operator": "fn",
                "requires": [name, *sorted(needs)],
                "evaluate": lambda row, name=name, first=values[0]: (
                    row[name] == first or questions.is_for(name, {**shared, **row})
                ),
            }


def _only_what_fits(axes: dict[str, list[Any]], shared: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The template's own checks, each with the other answers that it looks at."""
    first = {name: values[0] for name, values in axes.items()}
    for name in axes.keys() & CHECKS.keys():
        seen: set[str] = set()
        for value in axes[name]:
            for other, values in axes.items():
                for one in values:
                    CHECKS[name](value, _Watched({**shared, **first, other: one, name: value}, seen))
        if needs := (seen & axes.keys()) - {name}:
            yield {
                "operator": "fn",
                "requires": [name, *sorted(needs)],
                "evaluate": lambda row, name=name: not CHECKS[name](row[name], {**shared, **row}),
            }


class _Watched(dict[str, Any]):
    """Answers that write down which of them are looked at."""

    def __init__(self, answers: Mapping[str, Any], seen: set[str]) -> None:
        super().__init__(answers)
        self.seen = seen

    def __getitem__(self, name: str) -> Any:
        self.seen.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.seen.add(name)
        return super().get(name, default)


# --- Renders ----------------------------------------------------------------------------------------------


def renders(template: Path, factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Render them all, by their names. The processes of one run share the work, each beginning elsewhere."""
    run = factory.getbasetemp()
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    root = (run.parent if worker else run) / "corpus"
    root.mkdir(exist_ok=True)
    drawn = root / "answers.json"
    with _locked(root / "lock"):
        if not drawn.exists():
            drawn.write_text(json.dumps(answers()))
    given = json.loads(drawn.read_text())
    names = list(given)
    begin = len(names) * int(worker.removeprefix("gw") or 0) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    for name in names[begin:] + names[:begin]:
        with _locked(root / f"{name}.lock"):
            if not (root / f"{name}.done").exists():
                template_support.render(template, root / name, given[name], skip_tasks=True)
                (root / f"{name}.done").touch()
    return {name: root / name for name in names}


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def given(project: Path) -> dict[str, Any]:
    """The answers that a project was rendered from, with the defaults of those that were not given."""
    return yaml.safe_load((project / ".copier-answers.yml").read_text())


# --- Files ------------------------------------------------------------------------------------------------


def yaml_documents(text: str) -> list[Any]:
    """Every document of a YAML text. Raises yaml.YAMLError when it is none."""
    return list(yaml.load_all(text, Loader=yaml.SafeLoader))


class Rendered(NamedTuple):
    """One rendered file: the render it is from, where that is, and its path there."""

    render: str
    project: Path
    path: str

    @property
    def file(self) -> Path:
        """The file itself."""
        return self.project / self.path

    def __str__(self) -> str:
        """Name it for a message."""
        return f"{self.path} of {self.render}"


def distinct(projects: Mapping[str, Path], *patterns: str) -> list[Rendered]:
    """The files whose path matches one of the glob patterns, each content at a path once."""
    found: dict[tuple[str, bytes], Rendered] = {}
    for render, project in projects.items():
        for path, file in template_support.rendered_files(project).items():
            if any(Path(path).match(pattern) for pattern in patterns):
                found.setdefault((path, file.read_bytes()), Rendered(render, project, path))
    return list(found.values())


def by_project(files: Iterable[Rendered]) -> dict[Path, list[str]]:
    """The paths of the files by the project they are in: tools that follow references run there."""
    sorted_out: dict[Path, list[str]] = {}
    for file in files:
        sorted_out.setdefault(file.project, []).append(file.path)
    return sorted_out
