"""The apps that the pictures are of, and the template as somebody else gets it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from tests.support import hex, template

_NEXTJS = {
    "package.json": json.dumps(
        {
            "name": "notes",
            "scripts": {"build": "next build"},
            "dependencies": {"next": "16.4.3", "@prisma/client": "7.9.1"},
        },
        indent=2,
    ),
    "package-lock.json": json.dumps({"lockfileVersion": 3}),
    "tsconfig.json": "{}",
    "app/page.tsx": "export default () => null\n",
}


def url() -> str:
    """The address of the template as README gives it."""
    found = re.search(r"https://\S+/copier-fly\.git", (template.REPO / "README.md").read_text())
    assert found, "README.md names no https address that ends in /copier-fly.git"
    return found[0]


def environment(home: Path, source: Path) -> dict[str, str]:
    """The environment of a machine whose owner has set nothing, where git finds the repository `source` at `url()`."""
    home.mkdir(exist_ok=True)
    settings = {f"url.{source.as_uri()}.insteadOf": url(), "init.defaultBranch": "main"}
    settings |= {"user.name": "you", "user.email": "you@example.com", "commit.gpgSign": "false"}
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(home),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "PYTHONUTF8": "1",
        "COPIER_SETTINGS_PATH": str(template.REPO / "tests/support/copier-settings.yml"),
        "COPIER_CACHE_DIR": str(home / "cache"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_COUNT": str(len(settings)),
        **{f"GIT_CONFIG_KEY_{number}": name for number, name in enumerate(settings)},
        **{f"GIT_CONFIG_VALUE_{number}": value for number, value in enumerate(settings.values())},
    }


def repository(folder: Path, env: Mapping[str, str]) -> Path:
    """Make a git repository of a folder, all of it committed."""
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "As it is"]):
        subprocess.run(["git", *command], cwd=folder, env=env, check=True)
    return folder


def released(folder: Path, env: Mapping[str, str]) -> Path:
    """The working tree as a repository with a release, in the new folder `folder`."""
    repository(template.export(folder), env)
    subprocess.run(["git", "tag", "v1.0.0"], cwd=folder, env=env, check=True)
    return folder


def _elixir(generate: Callable[..., Path], folder: Path, **variant: bool) -> Path:
    app = generate(folder, locked=False, **variant)
    (app / "mix.lock").write_text("%{\n}\n")
    return app


def _nextjs(folder: Path) -> Path:
    for path, text in _NEXTJS.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    shutil.copytree(template.REPO / "tests/nextjs/apps/prisma/prisma", folder / "prisma")
    return folder


MAKERS: dict[str, Callable[[Path], Path]] = {
    "shop": partial(_elixir, hex.make_app),
    "arena": partial(_elixir, hex.make_umbrella, audit=False),
    "notes": _nextjs,
}
"""What writes each app into a new folder: Phoenix, an umbrella with two TCP servers, Next.js with Prisma."""


def make(name: str, parent: Path, env: Mapping[str, str]) -> Path:
    """An app as its owner has it before the copy: on GitHub, all of it committed."""
    folder = repository(MAKERS[name](parent / name), env)
    subprocess.run(
        ["git", "remote", "add", "origin", f"git@github.com:you/{name}.git"], cwd=folder, env=env, check=True
    )
    return folder
