"""`copier copy` and `copier update`, against a template with as many files and neither questions nor extensions."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measuring import Result, Run, Target, interleaved
from tests.support import hex, template

TARGETS = [
    Target("copy", "wall", 1.5),
    Target("copy", "wall", 1.7, ("copy, plain",)),
    Target("update", "wall", 3.0),
    Target("update", "wall", 1.8, ("update, plain",)),
]
# Everything there is for a Phoenix app.
ANSWERS: dict[str, Any] = {
    "github": True,
    "ci": True,
    "deploy_on": "push",
    "review_apps": True,
    "template_updates": True,
    "compose": True,
    "tcp_services": [{"name": "game", "port": 6600}],
    "environments": [{"name": "staging", "vm_memory": "256mb"}],
}
_COPIER = [sys.executable, "-m", "copier"]
_IDENTITY = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@example.com"]


def options(parser: argparse.ArgumentParser) -> None:
    """Nothing has to be said about it."""


def measure(scratch: Path, rounds: int, options: argparse.Namespace) -> Iterator[Result]:
    """Measure in an empty folder; wall and CPU seconds by the names that TARGETS use."""
    # Users' shells let Python keep what it compiled.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    app = hex.make_app(scratch / "app", locked=False)
    ours = _repository(template.export(scratch / "ours"), "v1.0.0")
    answers = scratch / "answers.json"
    answers.write_text(json.dumps(ANSWERS))
    sample = template.render(ours, _app(app, scratch / "sample"), ANSWERS)
    new = template.rendered_files(sample).keys() - template.rendered_files(app).keys()
    plain = _repository(_plain(sample, new, scratch / "plain"), "v1.0.0")
    notes = [f"{len(new)} files into an app of {len(template.rendered_files(app))}."]

    runs = {}
    for name, source, words in (
        ("copy", ours, ["--trust", "--data-file", str(answers)]),
        ("copy, plain", plain, []),
    ):
        target = scratch / name.replace(", ", "-")
        command = [*_COPIER, "copy", "--defaults", *words, str(source), str(target)]
        runs[name] = Run(command, scratch, partial(_app, app, target))
    for name, source, words in (("update", ours, ["--trust"]), ("update, plain", plain, [])):
        project = _app(app, scratch / name.replace(", ", "-"))
        copied = ["--data-file", str(answers)] if source == ours else []
        command = [*_COPIER, "copy", "--defaults", *words, *copied, str(source), str(project)]
        subprocess.run(command, capture_output=True, check=True)
        _repository(project, "before")
        runs[name] = Run([*_COPIER, "update", "--defaults", "--skip-answered", *words], project)
    yield Result(interleaved(runs, rounds), TARGETS, notes)


def _app(app: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return shutil.copytree(app, folder)


def _repository(folder: Path, tag: str) -> Path:
    # Packed, as a repository is that comes from a server.
    words = ("init -q -b main", "add --all", f"commit -qm {tag}", f"tag {tag}", "gc -q")
    for command in words:
        subprocess.run(["git", *_IDENTITY, *command.split()], cwd=folder, check=True)
    return folder


def _plain(sample: Path, files: set[str], folder: Path) -> Path:
    """A template whose files are what the other one renders: as many, of the same size, with nothing to fill in."""
    for path in files - {".copier-answers.yml"}:
        target = folder / "template" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(sample / path, target)
    (folder / "copier.yml").write_text("_subdirectory: template\n")
    answers = folder / "template" / "{{ _copier_conf.answers_file }}.jinja"
    answers.write_text("{{ _copier_answers | to_nice_yaml }}")
    return folder
