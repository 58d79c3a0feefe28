"""Next.js apps as `create-next-app` makes them, with lock files of every package manager.

They come from the npm registry, are made in the Node.js image that the template builds with, and are kept in the
cache by the content of their recipe. Two things are changed in every app: the Google fonts are taken out of the
layout, because the build downloads them and not every machine may; and no ESLint is installed, because not every
mirror has the native packages of its resolver for every platform, without which `npm ci` refuses a lock file.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.support import docker, images

ROOT = Path(__file__).resolve().parents[2]
_NODE = yaml.safe_load((ROOT / "extensions" / "copier_fly" / "fly" / "catalog" / "node.yml").read_text())
NODE_IMAGE = _NODE["images"][_NODE["default"]]["debian"]
BASE_IMAGE = _NODE["base"]
_VERSIONS = _NODE["package_managers"]

_LOCK = {
    "npm": "npm install --package-lock-only --ignore-scripts --no-audit --no-fund",
    "pnpm": f"npx --yes pnpm@{_VERSIONS['pnpm']} install --lockfile-only",
    # The classic one cannot make a lock file without installing.
    "yarn": f"npx --yes yarn@{_VERSIONS['yarn']} install --ignore-scripts --non-interactive && rm -rf node_modules",
    "yarn_berry": "touch yarn.lock && npx --yes"
    f" @yarnpkg/cli-dist@{_VERSIONS['yarn_berry']} install --mode=update-lockfile",
    "bun": f"npx --yes bun@{_VERSIONS['bun']} install --lockfile-only",
}


@dataclass(frozen=True)
class Recipe:
    """How an app is made."""

    version: str
    """Of create-next-app, which decides that of Next.js."""
    flags: str
    """Options of create-next-app."""
    manager: str
    folder: str = "."
    """Where the app is in its repository; anything but "." makes the repository a workspace."""
    files: Mapping[str, str] = field(default_factory=dict)
    """More files, relative to the repository; they are there before the lock file is made."""
    dependencies: Mapping[str, str] = field(default_factory=dict)
    scripts: Mapping[str, str] = field(default_factory=dict)


def ensure_images() -> None:
    """See to it that what an image is built on and runs on is there."""
    images.ensure(NODE_IMAGE)
    images.ensure(BASE_IMAGE)


def make(recipe: Recipe, destination: Path) -> Path:
    """Copy the app of a recipe to `destination`, a folder that is not there yet. Makes it when the cache has none."""
    digest = hashlib.sha256(repr((recipe, _LOCK[recipe.manager], NODE_IMAGE)).encode()).hexdigest()[:12]
    kept = images.cache_folder() / "nextjs" / digest
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            made = Path(folder, "repository")
            _create(recipe, made)
            if not kept.exists():
                made.rename(kept)
    shutil.copytree(kept, destination, symlinks=True)
    return destination


def _create(recipe: Recipe, repository: Path) -> None:
    app = repository / recipe.folder
    app.parent.mkdir(parents=True, exist_ok=True)
    _in_node(
        app.parent,
        f"npx --yes create-next-app@{recipe.version} {app.name} --skip-install --disable-git {recipe.flags}",
    )
    _without_google_fonts(app)
    for path, text in recipe.files.items():
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        (repository / path).write_text(text)
    package = json.loads((app / "package.json").read_text())
    package["name"] = "web"
    package["dependencies"] |= recipe.dependencies
    package["scripts"] |= recipe.scripts
    (app / "package.json").write_text(json.dumps(package, indent=2) + "\n")
    _in_node(repository, _LOCK[recipe.manager])


def _without_google_fonts(app: Path) -> None:
    for layout in [*app.rglob("layout.[jt]s*"), *app.glob("**/pages/index.[jt]s*")]:
        text = layout.read_text()
        if "next/font/google" in text:
            text = re.sub(r'^import .* from "next/font/google";\n', "", text, flags=re.MULTILINE)
            text = re.sub(r"^const geist\w+ = Geist\w*\(\{.*?^\}\);\n", "", text, flags=re.MULTILINE | re.DOTALL)
            text = re.sub(r"\$\{geist\w+\.\w+\} ?", "", text)
            layout.write_text(text)


def _in_node(folder: Path, command: str) -> None:
    done = docker.once(
        images.ensure(NODE_IMAGE),
        "sh",
        "-euc",
        command,
        volumes={folder: "/work"},
        workdir="/work",
        env={"HOME": "/tmp", "CI": "1", "NEXT_TELEMETRY_DISABLED": "1"},
        user=f"{os.getuid()}:{os.getgid()}",
        timeout=600,
    )
    if done.returncode != 0:
        raise docker.DockerError(f"{command}\nexit {done.returncode}:\n{done.stdout[-4000:]}")
