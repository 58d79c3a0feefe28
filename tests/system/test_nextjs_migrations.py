"""The migration runner against a real PostgreSQL: every layout it reads, every complaint it makes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import docker, images, nextjs
from tests.support import template as template_support
from tests.support.postgres import Database

pytestmark = pytest.mark.system


@pytest.fixture(scope="session")
def runner(template: Path, tmp_path_factory: pytest.TempPathFactory) -> docker.Image:
    """The part of the image that migrates, alone: the rendered runner beside `pg`, on the real base."""
    answers = {"stack": "nextjs", "fly_app": "shop", "orm": "sql", "database": "neon"}
    project = template_support.render(template, tmp_path_factory.mktemp("runner"), answers)
    images.ensure(nextjs.NODE_IMAGE)
    lines = [
        f"FROM {nextjs.NODE_IMAGE}",
        "WORKDIR /migrate",
        "COPY fly/packages.json package.json",
        "COPY fly/packages-lock.json package-lock.json",
        "RUN npm ci --omit=optional --ignore-scripts",
        "COPY fly/*.mjs ./",
        "USER node",
    ]
    (project / "runner.Dockerfile").write_text("\n".join(lines))
    (project / ".dockerignore").unlink()
    return docker.build(project, "copier-fly-test/nextjs-runner", dockerfile="runner.Dockerfile")


@pytest.fixture
def run(runner: docker.Image, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the runner on `files`, which map paths in the folder of migrations to their text."""
    count = 0

    def call(
        kind: str, files: dict[str, str], database: Database, *options: str, **env: str
    ) -> subprocess.CompletedProcess[str]:
        nonlocal count
        count += 1
        folder = tmp_path / str(count)
        folder.mkdir()
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        settings = {"MIGRATIONS_KIND": kind, "MIGRATIONS_DIR": "/sql", "DATABASE_URL": database.url, **env}
        settings = {name: value for name, value in settings.items() if value}
        return docker.once(
            runner.tag,
            "node",
            "/migrate/migrate.mjs",
            *options,
            env=settings,
            volumes={folder: "/sql:ro"},
            hosts=database.hosts,
        )

    return call


def journal(*entries: tuple[str, int]) -> str:
    return json.dumps({"entries": [{"idx": i, "when": when, "tag": tag} for i, (tag, when) in enumerate(entries)]})


LAYOUTS = {
    "sql": {"001_a.sql": "create table a ();", "002_b.sql": "create table b ();", "notes.txt": "not SQL"},
    "prisma": {
        "20260101000000_a/migration.sql": "create table a ();",
        "20260102000000_b/migration.sql": "create table b ();",
        "migration_lock.toml": 'provider = "postgresql"',
    },
    "drizzle": {
        "0000_a.sql": "create table a ();\n--> statement-breakpoint\ncreate table more ();",
        "0001_b.sql": "create table b ();",
        "meta/_journal.json": journal(("0000_a", 1767225600000), ("0001_b", 1767312000000)),
    },
    "drizzle 1": {
        "20260101000000_a/migration.sql": "create table a ();",
        "20260102000000_b/migration.sql": "create table b ();",
    },
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_applied_once(layout: str, run: Callable, plain_postgres: Database) -> None:
    kind, files = layout.split(maxsplit=1)[0], LAYOUTS[layout]
    status = run(kind, files, plain_postgres, "--status")
    assert (status.returncode, status.stdout.count("pending")) == (0, 2), status.stdout
    first = run(kind, files, plain_postgres)
    assert (first.returncode, "2 applied, 0 were there" in first.stdout) == (0, True), first.stdout
    assert plain_postgres.psql("select to_regclass('a'), to_regclass('b')") == "a|b"
    second = run(kind, files, plain_postgres)
    assert (second.returncode, "0 applied, 2 were there" in second.stdout) == (0, True), second.stdout
    assert "WARNING" not in second.stdout
    assert run(kind, files, plain_postgres, "--status").stdout.count("applied") == 2


def test_drizzle_1_adds_the_name_where_its_table_has_one(run: Callable, plain_postgres: Database) -> None:
    plain_postgres.psql(
        f'create schema drizzle authorization "{plain_postgres.user}"; create table drizzle.__drizzle_migrations '
        "(id serial primary key, hash text not null, created_at bigint, name text, applied_at timestamptz);"
        f'alter table drizzle.__drizzle_migrations owner to "{plain_postgres.user}"'
    )
    assert run("drizzle", LAYOUTS["drizzle 1"], plain_postgres).returncode == 0
    rows = plain_postgres.psql("select created_at, name from drizzle.__drizzle_migrations order by 1")
    assert rows == "1767225600000|20260101000000_a\n1767312000000|20260102000000_b"


def test_edited_file_and_late_file_are_said(run: Callable, plain_postgres: Database) -> None:
    run("sql", {"001_a.sql": "create table a ();", "003_c.sql": "create table c ();"}, plain_postgres)
    files = {
        "001_a.sql": "create table a (id int);",
        "002_b.sql": "create table b ();",
        "003_c.sql": "create table c ();",
    }
    done = run("sql", files, plain_postgres)
    assert done.returncode == 0
    assert "WARNING: 001_a.sql was edited after it was applied" in done.stdout
    assert "WARNING: 002_b.sql comes before others that are applied" in done.stdout
    assert "WARNING: 003_c.sql" not in done.stdout
    assert plain_postgres.psql("select to_regclass('b')") == "b"


def test_failure_names_file_and_line_and_rolls_back(run: Callable, plain_postgres: Database) -> None:
    files = {
        "0000_a.sql": "create table a ();\n--> statement-breakpoint\ncreate table half ();\nalter table no add x int;",
        "meta/_journal.json": journal(("0000_a", 1)),
    }
    failed = run("drizzle", files, plain_postgres)
    assert failed.returncode == 1
    assert 'FAILED: 0000_a: relation "no" does not exist' in failed.stdout
    files["0000_a.sql"] = "create table a ();\n--> statement-breakpoint\ncreate table b ();\nselct 1;"
    failed = run("drizzle", files, plain_postgres)
    assert 'FAILED: 0000_a, line 4: syntax error at or near "selct"' in failed.stdout
    assert plain_postgres.psql("select to_regclass('a'), to_regclass('half')") == "|"


@pytest.mark.parametrize(
    "sql",
    ["create index concurrently i on t (id);", "-- no-transaction\nvacuum t;"],
    ids=["concurrently", "no-transaction"],
)
def test_what_no_transaction_can_hold_is_run_without(sql: str, run: Callable, plain_postgres: Database) -> None:
    files = {"001.sql": "create table t (id int); -- not CONCURRENTLY, only said so", "002.sql": sql}
    done = run("sql", files, plain_postgres)
    assert done.returncode == 0, done.stdout


def test_prismas_own_failed_migration_stops_it(run: Callable, plain_postgres: Database) -> None:
    files = LAYOUTS["prisma"]
    assert run("prisma", files, plain_postgres).returncode == 0
    plain_postgres.psql("update _prisma_migrations set finished_at = null where migration_name like '%_b'")
    stopped = run("prisma", files, plain_postgres)
    assert stopped.returncode == 1
    assert "prisma migrate resolve --rolled-back 20260102000000_b" in stopped.stdout
    plain_postgres.psql("drop table b; update _prisma_migrations set rolled_back_at = now() where finished_at is null")
    assert "1 applied, 1 were there" in run("prisma", files, plain_postgres).stdout


def test_prismas_schema_parameter_is_where_it_works(run: Callable, plain_postgres: Database) -> None:
    url = f"{plain_postgres.url}?schema=tenant"
    assert run("prisma", LAYOUTS["prisma"], plain_postgres, DATABASE_URL=url).returncode == 0
    there = plain_postgres.psql("select to_regclass('tenant.a'), to_regclass('tenant._prisma_migrations')")
    assert there == "tenant.a|tenant._prisma_migrations"


def test_lock_is_given_back_through_a_pooler(run: Callable, managed_postgres: Database) -> None:
    # The pooler's host does not tell the direct one here, so the migration goes through it.
    assert run("sql", LAYOUTS["sql"], managed_postgres).returncode == 0
    assert managed_postgres.psql("select count(*) from pg_locks where locktype = 'advisory'") == "0"


def test_way_past_the_pooler_is_taken(run: Callable, managed_postgres: Database) -> None:
    done = run(
        "sql",
        LAYOUTS["sql"],
        managed_postgres,
        DATABASE_URL="postgresql://nobody:x@127.0.0.1:1/nothing",
        DIRECT_DATABASE_URL=managed_postgres.direct_url,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("pooled", "direct"),
    [
        ("pgbouncer.x1y2.flympg.net", "direct.x1y2.flympg.net"),
        ("ep-dry-sun-123-pooler.eu-central-1.aws.neon.tech", "ep-dry-sun-123.eu-central-1.aws.neon.tech"),
        ("my-db.flycast", "my-db.flycast"),
    ],
)
def test_direct_host_is_derived(pooled: str, direct: str, runner: docker.Image) -> None:
    code = """
        import("/migrate/database.mjs").then(({ databaseUrl }) => {
          console.log(databaseUrl({ past: true }), databaseUrl());
        })
    """
    url = f"postgresql://fly-user:p%40ss@{pooled}:5432/fly-db?sslmode=require"
    shown = docker.once(runner.tag, "node", "-e", code, env={"DATABASE_URL": url}).stdout.strip()
    verified = url.replace("sslmode=require", "sslmode=verify-full")
    assert shown == f"{verified.replace(pooled, direct)} {verified}"


def test_neons_certificate_is_verified(run: Callable, neon: Database, tmp_path: Path) -> None:
    url = f"{neon.url}?sslmode=require&channel_binding=require"
    refused = run("sql", LAYOUTS["sql"], neon, DATABASE_URL=url)
    assert refused.returncode == 1
    assert "certificate" in refused.stdout
    assert "SECURITY WARNING" not in refused.stdout
    # A folder of migrations is as good a place as any to hand the authority in.
    files = {**LAYOUTS["sql"], "ca.pem": neon.bundle(tmp_path).read_text()}
    done = run("sql", files, neon, DATABASE_URL=url, NODE_EXTRA_CA_CERTS="/sql/ca.pem")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"DATABASE_URL": ""}, "DATABASE_URL is not set"),
        ({"DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c"}, "ECONNREFUSED"),
        ({"MIGRATIONS_KIND": "rails"}, "MIGRATIONS_KIND"),
    ],
    ids=["no URL", "nobody there", "unknown kind"],
)
def test_what_cannot_work_is_said(env: dict[str, str], sentence: str, run: Callable, plain_postgres: Database) -> None:
    failed = run("sql", {"001.sql": "select 1"}, plain_postgres, **env)
    assert failed.returncode in {1, 2}
    assert sentence in failed.stdout
