"""The renders that linters and checkers of truth read: every example, and pairwise answers for every stack."""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from allpairspy import AllPairs

from tests.support import template as template_support
from tests.support.template import EXAMPLES

_ENVIRONMENTS = [[], [{"name": "staging", "region": "fra", "vm_memory": "2gb", "min_machines": 0}, {"name": "qa"}]]
_SECRETS = [[], [{"name": "CLOAK_KEY", "how": "openssl rand -base64 32"}]]
_DATABASES = ["fly_managed", "fly_postgres", "neon", "none"]
_YES_OR_NO = [False, True]

# Answers that change which files there are, or more than a number in one.
_ALWAYS: dict[str, list[Any]] = {
    "app_dir": [".", "web"],
    "database": _DATABASES,
    "environments": _ENVIRONMENTS,
    "extra_secrets": _SECRETS,
    "routing_check": ["livez", "readyz"],
    "deploy_on": ["push", "manual"],
    "ci": _YES_OR_NO,
    "ci_lint": _YES_OR_NO,
    "scripts": ["all", "none"],
    "review_apps": _YES_OR_NO,
    "template_updates": _YES_OR_NO,
    "offsite_backups": _YES_OR_NO,
    "compose": _YES_OR_NO,
    "ha": _YES_OR_NO,
}
_STACKS: dict[str, tuple[dict[str, Any], dict[str, list[Any]], dict[str, list[Any]]]] = {
    "elixir": (
        {"app_name": "shop", "app_module": "Shop", "web_module": "ShopWeb", "fly_app": "shop", "github": True},
        {
            **_ALWAYS,
            "stack": ["phoenix", "umbrella"],
            "runtime_base": ["debian", "alpine", "minimal"],
            "memory_mode": ["embedded", "interactive"],
            "tcp_services": [[], [{"name": "game", "port": 6600, "proxy_proto": True}]],
            "metrics_port": [0, 9568],
        },
        {"assets": ["none", "mix", "npm", "pnpm", "yarn"], "elixir_image": ["1.20-otp29", "1.19-otp28", "1.18-otp27"]},
    ),
    "nextjs": (
        {"stack": "nextjs", "app_name": "notes", "fly_app": "notes", "github": True},
        {
            **_ALWAYS,
            "orm": ["prisma", "drizzle", "sql", "none"],
            "migration_runner": ["runner", "cli"],
            "router": ["app", "pages"],
            "src_dir": _YES_OR_NO,
            "typescript": _YES_OR_NO,
            "auto_stop": ["off", "suspend"],
            "public_env": [[], ["NEXT_PUBLIC_SITE_URL"]],
            "build_secrets": [[], ["SENTRY_AUTH_TOKEN"]],
        },
        {"package_manager": ["npm", "pnpm", "yarn", "yarn_berry", "bun"]},
    ),
}
"""By stack: answers that all rows share, axes that are combined pair by pair, axes that rows only take in turn."""


def _possible(axes: list[str], row: list[Any]) -> bool:
    """Whether a row, perhaps not yet complete, answers nothing that is not asked."""
    given = dict(zip(axes, row, strict=False))
    return not (given.get("migration_runner") == "cli" and given.get("orm") in {"sql", "none"})


def answers() -> dict[str, dict[str, Any]]:
    """All answers that are rendered, by a name that says which they are."""
    found = {name: template_support.example(name) for name in EXAMPLES}
    for stack, (shared, axes, turns) in _STACKS.items():
        rows = AllPairs(list(axes.values()), filter_func=partial(_possible, list(axes)))
        for number, row in enumerate(rows):
            in_turn = {name: values[number % len(values)] for name, values in turns.items()}
            found[f"{stack}-{number}"] = {**shared, **in_turn, **dict(zip(axes, row, strict=True))}
    return found


def renders(template: Path, factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Render them all, by their names. The processes of one run share what the first of them made."""
    run = factory.getbasetemp()
    root = (run.parent if run.name.startswith("popen-gw") else run) / "corpus"
    root.mkdir(exist_ok=True)
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name, data in answers().items():
            if not (root / f"{name}.done").exists():
                template_support.render(template, root / name, data, skip_tasks=True)
                (root / f"{name}.done").touch()
    return {name: root / name for name in answers()}


class _Yaml(yaml.SafeLoader):
    """YAML with the two tags of Docker Compose: what they stand at takes the place of what another file says."""


for _tag in ("!reset", "!override"):
    _Yaml.add_constructor(_tag, lambda loader, node: loader.construct_yaml_seq(node))


def yaml_documents(text: str) -> list[Any]:
    """Every document of a YAML text. Raises yaml.YAMLError when it is none."""
    return list(yaml.load_all(text, Loader=_Yaml))


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
