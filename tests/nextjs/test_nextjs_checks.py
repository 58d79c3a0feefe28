"""What is said at the prompt about a Next.js app that no deployment could run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from copier.errors import UserMessageError

PACKAGE = {"name": "web", "dependencies": {"next": "16.4.3", "react": "19.3.0"}, "scripts": {"build": "next build"}}


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """The few files that make a folder a Next.js app."""
    folder = tmp_path / "web"
    (folder / "app").mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps(PACKAGE))
    (folder / "package-lock.json").write_text("{}")
    return folder


def _package(app: Path, **dependencies: str) -> None:
    package = {**PACKAGE, "dependencies": {**PACKAGE["dependencies"], **dependencies}}
    (app / "package.json").write_text(json.dumps(package))


def _files(**files: str) -> Callable[[Path], None]:
    def write(app: Path) -> None:
        for name, text in files.items():
            (app / name.replace("__", ".")).write_text(text)

    return write


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(
            _files(next__config__ts="export default { output: 'export' }"),
            ["next.config", "output: 'export'", "static files"],
            id="static export",
        ),
        pytest.param(
            _files(yarn__lock=""), ["package-lock.json and yarn.lock", "-d package_manager="], id="two lock files"
        ),
        pytest.param(
            lambda app: _package(app, **{"prisma": "8.0.0", "@prisma/client": "8.0.0"}),
            ["Prisma 8.0.0", "stay on Prisma 7"],
            id="Prisma 8",
        ),
        pytest.param(
            lambda app: _package(app, next="11.1.4"), ["Next.js 11.1.4", "Next.js 12 and newer"], id="Next.js 11"
        ),
    ],
)
def test_what_cannot_run_is_refused_and_nothing_written(
    change: Callable[[Path], None], words: list[str], app: Path, render: Callable[..., Path]
) -> None:
    change(app)
    before = sorted(app.rglob("*"))
    with pytest.raises(UserMessageError) as refusal:
        render({}, into=app)
    for word in words:
        assert word in str(refusal.value)
    assert sorted(app.rglob("*")) == before


@pytest.mark.parametrize(
    ("change", "answers"),
    [
        pytest.param(_files(yarn__lock=""), {"package_manager": "npm"}, id="two lock files, one chosen"),
        pytest.param(_files(__nvmrc="v16.18.0\n"), {}, id="a Node.js that is too old for Next.js"),
        pytest.param(_files(__nvmrc="lts/*\n"), {}, id="a Node.js by another name"),
        pytest.param(
            _files(next__config__ts="// output: 'export' would be too little\nexport default {}"), {}, id="a comment"
        ),
        pytest.param(lambda app: _package(app, prisma="7.9.1"), {}, id="Prisma 7"),
    ],
)
def test_what_can_run_is_rendered(
    change: Callable[[Path], None], answers: dict[str, str], app: Path, render: Callable[..., Path]
) -> None:
    change(app)
    assert (render(answers, into=app) / "Dockerfile").is_file()


@pytest.mark.parametrize(
    ("dependencies", "database"),
    [
        ({}, "none"),
        ({"pg": "8.23.1"}, "fly_managed"),
        ({"prisma": "7.9.1", "@prisma/client": "7.9.1"}, "fly_managed"),
        ({"drizzle-orm": "0.45.4", "better-sqlite3": "12.0.0"}, "sqlite"),
        ({"drizzle-orm": "0.45.4", "@neondatabase/serverless": "1.2.0", "pg": "8.23.1"}, "neon"),
        ({"prisma": "7.9.1", "@prisma/client": "7.9.1", "@prisma/adapter-neon": "7.9.1"}, "neon"),
    ],
    ids=["nothing", "pg", "Prisma", "Drizzle on SQLite", "Neon's driver", "Prisma's adapter for Neon"],
)
def test_the_database_that_an_app_wants_is_suggested(
    dependencies: dict[str, str], database: str, app: Path, render: Callable[..., Path]
) -> None:
    _package(app, **dependencies)
    (app / "lib").mkdir()
    (app / "lib/data.ts").write_text("".join(f'import "{name}";\n' for name in dependencies))
    stored = (render({}, into=app) / ".copier-answers.yml").read_text()
    assert f"\ndatabase: {database}\n" in stored
