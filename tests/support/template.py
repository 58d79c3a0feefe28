"""The template as a user gets it, and renders of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from copy import deepcopy
from itertools import combinations, product
from pathlib import Path
from typing import Any

import yaml
from copier import _main, _template, run_copy, run_update

from copier_fly.stacks import FRAMEWORKS

REPO = Path(__file__).resolve().parents[2]
EXAMPLES = {file.parent.name: file for file in sorted((REPO / "examples").glob("*/answers.yml"))}

EXCLUSIVE_LAYERS: list[set[str]] = [
    *(
        {layer, other}
        for one, another in combinations(FRAMEWORKS.values(), 2)
        for layer, other in product(one.layers, another.layers)
    ),
    {"runner", "cli", "nextjs_sqlite"},
    {"nextjs_database", "nextjs_sqlite", "nextjs_external"},
    {"scripts", "no_scripts"},
    {"fly_managed", "fly_postgres", "neon", "sqlite", "external"},
    {"postgres", "sqlite", "external", "no_database"},
]
"""Layers of which at most one is in, whatever the answers are."""


# --- What copies in the tests' own process do without ------------------------------------------------------
#
# It is a third of the time of each, and there are thousands. Tests that start `copier` leave nothing out.

_load_config = _template.load_template_config
_configs: dict[tuple[bytes, ...], Any] = {}


def _load_config_once(conf_path: Path, quiet: bool = False) -> Any:
    """What copier.yml and the questions say, which copier reads again for each copy."""
    included = re.findall(r"^!include (\S+)", conf_path.read_text(), re.MULTILINE)
    sources = [conf_path, *(file for pattern in included for file in sorted(conf_path.parent.glob(pattern)))]
    text = tuple(file.read_bytes() for file in sources)
    if text not in _configs:
        _configs[text] = _load_config(conf_path, quiet)
    return deepcopy(_configs[text])


def _leave_the_index(worker: Any, path: Path, mode: int) -> None:
    """Where git ignores modes, copier writes them into its index. It asks git for each file whether that is so."""


assert hasattr(_main.Worker, "_sync_git_index_executable_bit")
setattr(_template, "load_template_config", _load_config_once)  # noqa: B010
setattr(_main.Worker, "_sync_git_index_executable_bit", _leave_the_index)  # noqa: B010


def example(name: str) -> dict[str, Any]:
    """The answers of `examples/NAME/answers.yml`."""
    return yaml.safe_load(EXAMPLES[name].read_text())


def working_files() -> list[Path]:
    """Every file of the working tree that git tracks or would track, relative to the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(name) for name in listed.stdout.split("\0") if name and (REPO / name).is_file()]


def is_golden(file: Path) -> bool:
    """Whether a file of the repository is part of a golden render, which is not linted or read as ours."""
    return file.parts[0] == "examples" and file.parts[2:3] == ("rendered",)


def export(destination: Path) -> Path:
    """Write the working tree into a plain folder, which copier reads faster than a git repository."""
    for file in working_files():
        if file.parts[0] not in {"tests", "benchmarks"} and not is_golden(file):
            target = destination / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPO / file, target)
    return destination


def render(template: Path, destination: Path, answers: Mapping[str, Any], **options: Any) -> Path:
    """Copy the template with these answers, the defaults for all others, and its tasks."""
    run_copy(
        str(template),
        destination,
        data=dict(answers),
        defaults=True,
        unsafe=True,
        quiet=True,
        overwrite=True,
        **options,
    )
    return destination


def update(project: Path, version: str, answers: Mapping[str, Any] | None = None, **options: Any) -> None:
    """Run `copier update --defaults --skip-answered` to a version, with these answers changed."""
    run_update(
        project,
        data=dict(answers or {}),
        vcs_ref=version,
        defaults=True,
        overwrite=True,
        skip_answered=True,
        unsafe=True,
        quiet=True,
        **options,
    )


def _questions_of(template: Path) -> Path:
    """The template without the files that it renders, beside it."""
    alone = template.with_name(f"{template.name}-questions")
    if not alone.exists():
        shutil.copytree(
            template, alone, ignore=lambda folder, names: names if Path(folder) == template / "template" else ()
        )
    return alone


def pretend(template: Path, target: Path, answers: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Every answer, derived ones too, of a copy that writes nothing."""
    worker = run_copy(
        str(_questions_of(template)),
        target,
        data={**(answers or {}), **more},
        defaults=True,
        unsafe=True,
        quiet=True,
        overwrite=True,
        pretend=True,
        skip_tasks=True,
    )
    return worker.answers.combined


def rendered_files(project: Path) -> dict[str, Path]:
    """Every file of a render by its path in it."""
    return {
        file.relative_to(project).as_posix(): file
        for file in sorted(project.rglob("*"))
        if file.is_file() and ".git" not in file.relative_to(project).parts
    }
