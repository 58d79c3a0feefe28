"""An answer that the project's files speak against is told with file and line, once, and is never refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from copier import run_copy

from copier_fly.detect.warnings import text
from tests.detection.projects import Files, nextjs, phoenix, umbrella, write

ON_NEON = nextjs(dependencies={"@neondatabase/serverless": "^1.0.0", "drizzle-orm": "^0.44"})
ON_REDIS = {
    **nextjs(dependencies={"ioredis": "^5"}),
    "lib/redis.ts": 'import Redis from "ioredis";\nexport const redis = new Redis(process.env.REDIS_URL!);\n',
}
WITH_WORKER = {
    **nextjs(),
    "Procfile": "web: npm start\nworker: node worker.js\n",
    "worker.js": "setInterval(() => {}, 9);\n",
}
ASSETS = {**phoenix(), "assets/js/app.js": ""}
ON_NPM = {**ASSETS, "assets/package.json": '{"dependencies": {"topbar": "3"}}'}
WITHOUT = {name: text for name, text in phoenix().items() if not name.startswith("assets/")} | {
    "mix.exs": phoenix()["mix.exs"].replace('"assets.deploy"', '"assets.other"')
}
CHILDREN = {**umbrella(), "apps/shop_web/assets/js/app.js": ""}
PRISMA_APP = {
    **nextjs(dependencies={"prisma": "^7.10.1", "@prisma/client": "^7.10.0", "pg": "^8"}),
    "prisma/schema.prisma": 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n',
    "prisma/migrations/1_a/migration.sql": "select 1;\n",
}
BY_THE_CLOCK = {
    **nextjs(),
    "vercel.json": """{
  "crons": [
    { "path": "/api/digest", "schedule": "0 3 * * *" },
    { "path": "/api/weekly", "schedule": "0 5 * * 1" }
  ]
}
""",
}

# The project, the answers, where the warning points and its code, and words of it.
CASES: dict[str, tuple[Files, dict[str, Any], str, list[str]]] = {
    "no database": (
        phoenix(),
        {"database": "none"},
        "mix.exs answer-no-database",
        ["uses PostgreSQL", "answer is database=none", "Answer database=fly_managed"],
    ),
    "no database of prisma": (PRISMA_APP, {"database": "none"}, "package.json answer-no-database", ["uses PostgreSQL"]),
    "another database": (
        phoenix(),
        {"database": "sqlite"},
        "mix.exs answer-other-database",
        ["uses PostgreSQL, and the answer is database=sqlite"],
    ),
    "another engine": (
        umbrella(),
        {"database": "external", "database_engine": "mysql"},
        "apps/shop/mix.exs answer-other-database",
        ["database=external, database_engine=mysql"],
    ),
    "a driver of Neon": (
        ON_NEON,
        {"database": "fly_postgres"},
        "package.json answer-not-neon",
        ["@neondatabase/serverless reaches Neon alone", "database=fly_postgres"],
    ),
    "no assets": (ASSETS, {"assets": "none"}, "mix.exs answer-no-assets", ["Answer assets=mix"]),
    "no assets of an umbrella": (
        CHILDREN,
        {"assets": "none"},
        "apps/shop_web/mix.exs answer-no-assets",
        ["Answer assets=mix"],
    ),
    "assets without an alias": (WITHOUT, {"assets": "mix"}, "mix.exs answer-assets", ["assets=mix", "no alias"]),
    "packages of another kind": (ON_NPM, {"assets": "mix"}, "mix.exs answer-asset-packages", ["Answer assets=npm"]),
    "an app left out": (
        CHILDREN,
        {"asset_apps": ["shop"]},
        "apps/shop_web/mix.exs answer-asset-apps",
        ["assets.deploy of shop_web", "asset_apps=[shop, shop_web]"],
    ),
    "no orm": (PRISMA_APP, {"orm": "none"}, "package.json answer-orm", ["has Prisma", "orm=none", "Answer orm=prisma"]),
    "an orm that is not there": (PRISMA_APP, {"orm": "drizzle"}, "package.json answer-orm", ["orm=drizzle"]),
    "no redis": (
        ON_REDIS,
        {"redis": "none"},
        "package.json answer-no-client",
        ["has ioredis", "redis=none", "No machine gets REDIS_URL", "Answer redis=upstash"],
    ),
    "no worker": (
        WITH_WORKER,
        {"workers": []},
        "Procfile answer-no-workers",
        ["`node worker.js`", "workers=[{name: worker, command: node worker.js}]"],
    ),
    "nothing by the clock": (
        BY_THE_CLOCK,
        {"schedules": []},
        "vercel.json answer-no-schedules",
        ["/api/digest", 'cron: "0 3 * * *"'],
    ),
}


def sentence(code: str) -> str:
    """The sentence of a warning as a regular expression, with anything for what is filled in."""
    return ".+".join(re.escape(part) for part in re.split(r"\{\w+\}", text(code)["sentence"]))


def said(template: Path, project: Path, answers: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What a copy that writes nothing tells of the answers, once the last one is given."""
    run_copy(str(template), project, data=answers, defaults=True, unsafe=True, pretend=True, skip_tasks=True)
    lines = capsys.readouterr().err.partition("Copying from template")[0].splitlines()
    return [
        line for line in lines if (line.startswith("Warning: ") and "and the answer" in line) or "The answer is" in line
    ]


@pytest.mark.parametrize("case", CASES)
def test_is_told_before_anything_is_written(
    case: str, template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files, answers, place, words = CASES[case]
    [line, *more] = said(template, write(tmp_path, files), answers, capsys)
    file, _, code = place.partition(" ")
    number = "" if code == "answer-assets" else r":\d+"  # what is missing has no line
    assert re.match(rf"Warning: {re.escape(file)}{number}: {sentence(code)} ", line), line
    assert all(word in line for word in words), line
    assert len(more) == ("nothing by the clock" in case)


@pytest.mark.parametrize("case", CASES)
def test_the_defaults_contradict_nothing(
    case: str, template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(template, write(tmp_path, CASES[case][0]), {}, capsys) == []
