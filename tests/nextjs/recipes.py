"""The apps that the system tests deploy: one for each package manager, and every other choice at least once."""

from __future__ import annotations

from pathlib import Path

from tests.support.nextjs import Recipe

NEXT_16 = "16.4.3"
NEXT_15 = "15.5.28"
_OVERLAYS = Path(__file__).parent / "apps"


def _files(*overlays: str) -> dict[str, str]:
    return {
        path.relative_to(_OVERLAYS / overlay).as_posix(): path.read_text()
        for overlay in overlays
        for path in sorted((_OVERLAYS / overlay).rglob("*"))
        if path.is_file()
    }


RECIPES = {
    # As it comes: App Router, TypeScript, Tailwind, cacheComponents, Turbopack; and a tsconfig that checks JavaScript.
    "prisma": Recipe(
        NEXT_16,
        "--yes --no-linter --use-npm",
        "npm",
        files=_files("common", "prisma"),
        dependencies={
            "@prisma/adapter-pg": "7.9.1",
            "@prisma/client": "7.9.1",
            "prisma": "7.9.1",
            # For schema_engine.mjs: the engine of that version, as WebAssembly.
            "@prisma/driver-adapter-utils": "7.9.1",
            "@prisma/schema-engine-wasm": "7.9.0-1.e922089b7d7502aff4249d5da3420f6fa55fc6ad",
        },
    ),
    "drizzle": Recipe(
        NEXT_16,
        "--yes --no-linter --use-npm",
        "yarn",
        files=_files("drizzle"),
        dependencies={
            "@types/pg": "8.15.6",
            "drizzle-kit": "0.31.11",
            "drizzle-orm": "0.45.4",
            "pg": "8.23.1",
            # Of the worker alone.
            "ms": "2.1.3",
        },
        scripts={"worker": "node worker/jobs.mjs"},
    ),
    "workspace": Recipe(
        NEXT_16,
        "--yes --no-linter --no-app --use-npm",
        "pnpm",
        folder="apps/web",
        files=_files("workspace"),
        dependencies={"database": "workspace:*", "greeting": "workspace:*"},
    ),
    "javascript": Recipe(
        NEXT_16,
        "--js --src-dir --app --no-linter --no-tailwind --empty --yes --use-npm",
        "bun",
        files=_files("javascript"),
    ),
    # Next.js 15, built by webpack.
    "fifteen": Recipe(
        NEXT_15,
        "--ts --app --no-src-dir --no-eslint --no-tailwind --no-turbopack --import-alias @/* --use-npm",
        "yarn_berry",
        files=_files("common"),
    ),
}

SQLITE = Recipe(
    NEXT_16,
    "--yes --no-linter --no-tailwind --app --no-src-dir --use-npm",
    "npm",
    files=_files("sqlite"),
    dependencies={"@libsql/client": "0.18.0", "drizzle-kit": "0.31.11", "drizzle-orm": "0.45.4"},
)
"""Drizzle on SQLite, with the driver whose native part is an npm package."""
