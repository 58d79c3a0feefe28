"""Runs the programs of `fly/` with the Node.js of this machine, on folders that a test makes."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.template import REPO

PROGRAMS = REPO / "template" / "{{ fly(layers.nextjs) }}"
"""They are static: what is in the template is what people get."""

SETTINGS = {
    "appDir": ".",
    "packageManager": {
        "name": "npm",
        "package": "npm",
        "locks": ["package-lock.json"],
        "run": "npm run",
        "version": None,
    },
    "compiled": ["better-sqlite3", "bcrypt"],
    "database": False,
    "orm": "none",
    "migrations": None,
    "cli": False,
    "buildCommand": "",
    "buildEnv": {},
    "publicEnv": [],
}


def manager(name: str, lock: str, version: Any = None, package: str | None = None) -> dict[str, Any]:
    """The settings of a package manager other than npm."""
    run = f"{name} run"
    return {
        "packageManager": {"name": name, "package": package or name, "locks": [lock], "run": run, "version": version}
    }


def project(folder: Path, files: Mapping[str, Any], **settings: Any) -> Path:
    """Write an app with the programs: what is no text becomes JSON."""
    content: dict[str, Any] = {"fly/settings.json": {**SETTINGS, **settings}, **files}
    for path, value in content.items():
        if value is not None:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(value if isinstance(value, str) else json.dumps(value, indent=2))
    for program in PROGRAMS.glob("*.[cm]js"):
        shutil.copy(program, folder / "fly")
    return folder


def node(*words: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run Node.js; both streams are in `stdout`."""
    return subprocess.run(
        ["node", *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
        **options,
    )
