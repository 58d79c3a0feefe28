"""What another platform runs before each release: Heroku, Dokku and Render by their files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from .. import yaml_text
from . import files
from .files import Target


def find(target: Target, app_dir: str) -> tuple[str, int | None, str] | None:
    """The file, its line, and the command; None where no file names one.

    A Procfile's line `release:`, the same in heroku.yml, and `predeploy` of Dokku's app.json; beside the app, else at
    the top. `postdeploy` of an app.json runs once, after a new app's first deploy, and is none.
    """
    return next(_commands(target, app_dir), None)


def _commands(target: Target, app_dir: str) -> Iterator[tuple[str, int | None, str]]:
    folders = dict.fromkeys((app_dir, "."))
    for file in (files.join(folder, "Procfile") for folder in folders):
        for number, line in enumerate((target.text(file) or "").splitlines(), 1):
            if found := re.fullmatch(r"release:\s*(\S.*?)\s*", line):
                yield file, number, found[1]
    for folder in folders:
        # Not a reason to stop a copy where one of them is broken.
        with suppress(Exception):
            file = files.join(folder, "heroku.yml")
            for command in _lines(yaml_text.load(target.text(file) or "{}")["release"]["command"]):
                yield file, target.where([file], "release:")[1], command
        with suppress(Exception):
            file = files.join(folder, "app.json")
            for command in _lines(json.loads(target.text(file) or "{}")["scripts"]["dokku"]["predeploy"]):
                yield file, target.where([file], '"predeploy"')[1], command


def _lines(command: Any) -> list[str]:
    lines = [line.strip() for line in (command if isinstance(command, list) else [command])]
    return [" && ".join(filter(None, lines))] if any(lines) else []
