"""What detection says about Next.js apps: the generator's layouts, package managers, monorepos, ORMs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from copier_fly.detect.examine import examine
from copier_fly.detect.files import Target
from copier_fly.detect.nextjs.app import workspace
from copier_fly.detect.project import NextjsApp
from tests.detection import projects
from tests.detection.projects import below, nextjs, package_json, package_lock, pnpm_lock, write


def details(tmp_path: Path, files: dict[str, str]) -> NextjsApp:
    found = examine(write(tmp_path, files))
    assert found.stack == "nextjs"
    return found.nextjs


CLASSIC = '# yarn lockfile v1\n\n\nnext@^16.1.0, next@16.x:\n  version "16.4.6"\n  resolved "x"\n'
BERRY = (
    '__metadata:\n  version: 10\n\n"next@npm:15.0.0, next@npm:^16.1.0":\n  version: 16.4.6\n'
    '  resolution: "next@npm:16.4.6"\n'
)
BUN = '{\n  "packages": {\n    "next": ["next@16.4.6", "", {}, "sha512-x"],\n  }\n}\n'
NPM = package_lock({"node_modules/next": "16.4.6", "node_modules/x/node_modules/next": "14.0.0"})
PNPM = pnpm_lock({".": {"react": ("^19.0.0", "19.3.1"), "next": ("^16.1.0", "16.4.6")}})

LOCKS = {
    "npm": ({"package-lock.json": NPM}, "npm"),
    "npm-1": (
        {"package-lock.json": '{\n  "dependencies": {\n    "next": {\n      "version": "16.4.6"\n    }\n  }\n}'},
        "npm",
    ),
    "pnpm": ({"pnpm-lock.yaml": PNPM}, "pnpm"),
    "yarn": ({"yarn.lock": CLASSIC}, "yarn"),
    "yarn-berry": ({"yarn.lock": BERRY}, "yarn_berry"),
    "bun": ({"bun.lock": BUN}, "bun"),
}


@pytest.mark.parametrize("major", projects.NEXT)
@pytest.mark.parametrize("router", ["app", "pages", "src/app", "src/pages"])
def test_generated_apps(major: str, router: str, tmp_path: Path) -> None:
    found = details(tmp_path, nextjs(major=major, router=router))
    assert found == NextjsApp(
        name="web-shop",
        next_version=projects.NEXT[major][0],
        next_major=int(major),
        build_script="build",
        orm="none",
    )


SCHEMA = {
    "src/env.ts": """import { createEnv } from "@t3-oss/env-nextjs";

export const env = createEnv({
  server: {
    DATABASE_URL: z.string().url(),
    STRIPE_KEY: z.string().startsWith("sk_"),
    SITE: z.string().url(),
    LIMIT: z.coerce.number(),
    LOG: z.string().optional(),
    SESSION_SECRET: z.string().min(32),
  },
  client: { NEXT_PUBLIC_SITE: z.string() },
});
""",
    "src/lib/env.ts": """import { z } from "zod";

const schema = z
  .object({
    POSTGRES_PRISMA_URL: z.string().url(),
    NEXT_PUBLIC_SITE: z.string(),
    MAIL_FROM: z.string().email(),
    DEBUG: z.boolean(),
  })

export const env = schema.parse(process.env);
""",
}
STAND_INS = {
    "src/env.ts": {
        "STRIPE_KEY": "sk_build-stand-in",
        "SITE": "https://build.example.com",
        "LIMIT": "1",
        "SESSION_SECRET": "a-stand-in-for-the-build-of-more-than-32-characters",
    },
    "src/lib/env.ts": {
        "POSTGRES_PRISMA_URL": "postgresql://build:build@localhost:5432/build",
        "MAIL_FROM": "build@example.com",
        "DEBUG": "false",
    },
}


@pytest.mark.parametrize("file", SCHEMA)
def test_what_a_schema_of_the_environment_lets_pass(file: str, tmp_path: Path) -> None:
    found = details(tmp_path, {**nextjs(), file: SCHEMA[file]})
    assert {variable.name: variable.stand_in for variable in found.variables} == STAND_INS[file]


OWN_IMAGE = """FROM node:24 AS base
ENV SHOP_BUILD=true PORT=3000 UNREAD=1
FROM base AS builder
ARG MAIL_DOMAIN=example.com
ARG COMMIT_SHA
ENV SESSION_SECRET=abc SITE=$SITE SHOP_URL=http://shop.example
RUN npm run build
ENV LATER=1
FROM base
ENV LATER=1
CMD node server.js
"""
READS = "\n".join(
    f"export const {name} = process.env.{name};"
    for name in ("SHOP_BUILD", "PORT", "MAIL_DOMAIN", "COMMIT_SHA", "SESSION_SECRET", "SITE", "SHOP_URL", "LATER")
)


def test_what_the_own_dockerfile_sets_for_the_build(tmp_path: Path) -> None:
    files = {**nextjs(), "Dockerfile": OWN_IMAGE, "lib/settings.ts": READS}
    assert details(tmp_path, files).build_values == {"SHOP_BUILD": "true", "MAIL_DOMAIN": "example.com"}
    files[".copier-answers.yml"] = "_commit: v1\nfly_app: shop\n"
    assert details(tmp_path, files).build_values == {}


def test_a_schema_of_something_else_is_none_of_the_environment(tmp_path: Path) -> None:
    schema = SCHEMA["src/lib/env.ts"].replace("process.env", "request.body")
    assert details(tmp_path, {**nextjs(), "src/lib/env.ts": schema}).variables == ()


@pytest.mark.parametrize(
    ("scripts", "expected"),
    [
        ({"build": "node scripts/build.js", "site": "next build"}, "build"),
        ({"dev": "next dev", "next:build": "pnpm prisma generate && next build"}, "next:build"),
        ({"dev": "next dev", "next:builder": "next-builder"}, None),
        ([], None),
    ],
)
def test_the_script_that_builds(scripts: Any, expected: str | None, tmp_path: Path) -> None:
    package = {"name": "web-shop", "dependencies": {"next": "16.4.6"}, "scripts": scripts}
    assert details(tmp_path, {"package.json": json.dumps(package)}).build_script == expected


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert details(tmp_path, {**nextjs(), "package.json": "\ufeff" + package_json()}).name == "web-shop"


@pytest.mark.parametrize("case", LOCKS)
def test_package_manager_and_locked_version(case: str, tmp_path: Path) -> None:
    locks, manager = LOCKS[case]
    found = details(tmp_path, {**nextjs(dependencies={"next": "^16.1.0"}), **locks})
    assert (found.package_manager, found.next_version, found.next_major) == (manager, "16.4.6", 16)
    assert found.lockfiles == tuple(locks)


@pytest.mark.parametrize(
    ("pin", "locks", "expected"),
    [
        ("pnpm@10.34.0", ("pnpm",), ("pnpm", "pnpm@10.34.0")),
        ("pnpm@10.34.0+sha512.abc", (), ("pnpm", "pnpm@10.34.0")),
        ("yarn@4.18.1", ("yarn-berry",), ("yarn_berry", "yarn@4.18.1")),
        ("yarn@1.22.22", ("yarn",), ("yarn", "yarn@1.22.22")),
        ("pnpm@10.34.0", ("npm", "pnpm"), ("pnpm", "pnpm@10.34.0")),
        ("pnpm@10.34.0", ("npm",), (None, "pnpm@10.34.0")),
        ("yarn@4.18.1", ("yarn",), (None, "yarn@4.18.1")),
        (None, ("npm", "yarn"), (None, None)),
        ("cnpm@1.0.0", ("npm",), ("npm", None)),
    ],
)
def test_pinned_package_manager(
    pin: str | None, locks: tuple[str, ...], expected: tuple[str | None, str | None], tmp_path: Path
) -> None:
    files = nextjs(packageManager=pin) if pin else nextjs()
    for lock in locks:
        files |= LOCKS[lock][0]
    found = details(tmp_path, files)
    assert (found.package_manager, found.package_manager_pin) == expected


@pytest.mark.parametrize(
    ("wanted", "major"),
    [
        ("^15.0.0", 15),
        ("~15.1", 15),
        ("15.x", 15),
        ("16.0.0-canary.3", 16),
        ("latest", None),
        (">=14", None),
        ("14 || 15", None),
    ],
)
def test_major_version_without_a_lock(wanted: str, major: int | None, tmp_path: Path) -> None:
    found = details(tmp_path, nextjs(dependencies={"next": wanted}))
    assert (found.next_version, found.next_major) == (wanted, major)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({".nvmrc": "v24.11.0\n"}, "24.11.0"),
        ({".nvmrc": "22"}, "22"),
        ({".nvmrc": "lts/krypton\n"}, "24"),
        ({".nvmrc": "lts/*\n"}, "24"),
        ({".nvmrc": "lts/-1\n"}, "22"),
        ({".nvmrc": "lts/fermium\n"}, "14"),
        ({".nvmrc": "# the one of CI\n\n  v24.3 # for now\n"}, "24.3"),
        ({".nvmrc": "# nothing yet\n\n"}, None),
        ({".nvmrc": "loglevel=info\n22\n"}, "22"),
        ({".nvmrc": "node\n"}, "26"),
        ({".nvmrc": "system\n"}, None),
        ({".nvmrc": "my-shop\n", "package.json": package_json(engines={"node": "22.x"})}, "22"),
        ({".node-version": "lts-jod\r\n"}, "22"),
        ({".node-version": "22.x\n"}, "22"),
        ({".node-version": "^24.1\n"}, "24"),
        ({".tool-versions": "nodejs lts\n"}, "24"),
        ({"mise.toml": '[tools]\nnode = "latest"\n'}, "26"),
        ({".config/mise/config.toml": '[tools]\nnode = ["22", "24"]\n'}, "22"),
        ({".npmrc": "auto-install-peers=true\nuse-node-version=22.11.0\n"}, "22.11.0"),
        ({"package.json": package_json(devEngines={"runtime": {"name": "node", "version": "^22.18"}})}, "22"),
        ({"package.json": package_json(devEngines={"runtime": {"name": "bun", "version": "1.3"}})}, None),
        ({".node-version": "26.1.0\n"}, "26.1.0"),
        ({".tool-versions": "nodejs 24.2.0\n"}, "24.2.0"),
        ({"package.json": package_json(engines={"node": ">=20.9"})}, "22"),
        ({"package.json": package_json(engines={"node": "22.x"})}, "22"),
        ({"package.json": package_json(engines={"node": "<25"})}, None),
        ({".nvmrc": "24", "package.json": package_json(engines={"node": ">=20.9"})}, "24"),
    ],
)
def test_node_version(files: dict[str, str], expected: str | None, tmp_path: Path) -> None:
    assert details(tmp_path, {**nextjs(), **files}).node_version == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("export default { output: 'export' }", "export"),
        ('const c: NextConfig = {\n  "output": "standalone",\n}', None),
        ('const c: NextConfig = {\n  output: "standalone",\n}', "standalone"),
        ("export default {\n  // output: 'export',\n  url: 'http://x' /* output: 'export' */\n}", None),
        ("export default { output: process.env.X ? 'export' : undefined }", None),
        ("config.output = 'export'", None),
        ("export default { ...(process.env.A === '1' ? { output: 'export' } : {}) }", None),
        ("export default {\n  ...(!process.env.SERVER && {\n    output: 'export',\n  }),\n}", None),
        ("export default { ...(process.env.NODE_ENV === 'production' ? { output: 'export' } : {}) }", "export"),
        ("export default { ...(process.env.A ? { trailingSlash: true } : {}), output: 'export' }", "export"),
        ("export default { my_output: 'export' }", None),
        ("export default { images: {}, outputFileTracing: 'export' }", None),
    ],
)
@pytest.mark.parametrize("name", ["next.config.ts", "next.config.mjs", "next.config.js"])
def test_output(name: str, config: str, expected: str | None, tmp_path: Path) -> None:
    files = {path: text for path, text in nextjs().items() if not path.startswith("next.config")}
    assert details(tmp_path, {**files, name: config}).output == expected


PRISMA = {"prisma": "^7.10.1", "@prisma/client": "^7.10.0", "pg": "^8"}
DRIZZLE = {"drizzle-orm": "^0.45.4", "@neondatabase/serverless": "^1.2.0"}
PRISMA_CONFIG = """import { defineConfig } from 'prisma/config'
// schema: "old/schema.prisma"
export default defineConfig({
  schema: "db/schema.prisma",
  migrations: { path: "db/changes", seed: "tsx seed.ts" },
})
"""
ORMS = {
    "prisma": (
        {"dependencies": PRISMA},
        {"prisma/schema.prisma": ""},
        ("prisma", "^7.10.1", "prisma/migrations", "prisma/schema.prisma", "pg"),
    ),
    "prisma-configured": (
        {"dependencies": PRISMA},
        {"prisma.config.ts": PRISMA_CONFIG},
        ("prisma", "^7.10.1", "db/changes", "db/schema.prisma", "pg"),
    ),
    "prisma-in-package-json": (
        {"dependencies": PRISMA, "prisma": {"schema": "./db/schema.prisma"}},
        {},
        ("prisma", "^7.10.1", "db/migrations", "db/schema.prisma", "pg"),
    ),
    "prisma-schema-folder": (
        {"dependencies": PRISMA},
        {"prisma/schema/user.prisma": ""},
        ("prisma", "^7.10.1", "prisma/migrations", "prisma/schema", "pg"),
    ),
    "prisma-outside-the-app": (
        {"dependencies": PRISMA, "prisma": {"schema": "../../packages/db/schema.prisma"}},
        {},
        ("prisma", "^7.10.1", "prisma/migrations", None, "pg"),
    ),
    "drizzle": (
        {"dependencies": DRIZZLE},
        {"drizzle.config.ts": "export default defineConfig({ out: './db/drizzle', dialect: 'postgresql' })"},
        ("drizzle", "^0.45.4", "db/drizzle", None, "@neondatabase/serverless"),
    ),
    "drizzle-by-default": (
        {"dependencies": DRIZZLE},
        {},
        ("drizzle", "^0.45.4", "drizzle", None, "@neondatabase/serverless"),
    ),
    "both-one-set-up": (
        {"dependencies": PRISMA | DRIZZLE},
        {"drizzle.config.ts": ""},
        (None, None, None, None, "@neondatabase/serverless"),
    ),
    "both-set-up": (
        {"dependencies": PRISMA | DRIZZLE},
        {"drizzle.config.ts": "export default {}", "prisma/schema.prisma": ""},
        (None, None, None, "prisma/schema.prisma", "@neondatabase/serverless"),
    ),
    "plain-sql": (
        {"dependencies": {"pg": "8"}},
        {"migrations/001_a.sql": ""},
        ("sql", None, "migrations", None, "pg"),
    ),
    "none": ({}, {"migrations/notes.md": ""}, ("none", None, None, None, None)),
}


@pytest.mark.parametrize("case", ORMS)
def test_orm(case: str, tmp_path: Path) -> None:
    package, files, expected = ORMS[case]
    found = details(tmp_path, {**nextjs(**package), **files})
    keys = ("orm", "orm_version", "migrations_dir", "prisma_schema", "db_driver")
    assert tuple(getattr(found, key) for key in keys) == expected


NEON = "@neondatabase/serverless"
LEFT_OVER: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "node-postgres": ({NEON: "1", "pg": "8"}, {"src/db.ts": 'import { Pool } from "pg";\n'}, "pg"),
    "postgres.js": ({NEON: "1", "postgres": "3"}, {"db/index.ts": "import postgres from 'postgres';\n"}, "postgres"),
    "by an adapter of Prisma": (
        {"@prisma/adapter-neon": "7", "pg": "8"},
        {"lib/db.ts": 'import { Pool } from "pg";\nimport { PrismaPg } from "@prisma/adapter-pg";\n'},
        "pg",
    ),
    "by another of Drizzle's": (
        {NEON: "1", "postgres": "3"},
        {"src/db.ts": 'import { drizzle } from "drizzle-orm/postgres-js";\n'},
        "postgres",
    ),
    "both at once": (
        {NEON: "1", "pg": "8"},
        {"src/db.ts": f'import {{ Pool }} from "pg";\nimport {{ neon }} from "{NEON}";\n'},
        NEON,
    ),
    "by Drizzle": (
        {NEON: "1", "pg": "8"},
        {"src/db.ts": 'import "drizzle-orm/neon-http";\n', "src/local.ts": 'import "pg";\n'},
        NEON,
    ),
    "neither is named": ({NEON: "1", "pg": "8"}, {"src/db.ts": "export {};\n"}, NEON),
    "no other is there": ({NEON: "1"}, {"src/db.ts": 'import { Pool } from "pg";\n'}, NEON),
}


@pytest.mark.parametrize("case", LEFT_OVER)
def test_a_driver_of_neon_that_no_file_imports_is_a_left_over(case: str, tmp_path: Path) -> None:
    deps, files, driver = LEFT_OVER[case]
    found = details(tmp_path, {**nextjs(dependencies={"drizzle-orm": "^0.45.4", **deps}), **files})
    assert found.db_driver == driver


def test_both_orms_installed_and_one_set_up(tmp_path: Path) -> None:
    files = nextjs(dependencies=PRISMA | DRIZZLE)
    found = details(tmp_path, {**files, "drizzle.config.ts": "export default { out: 'd' }"})
    assert (found.orm, found.migrations_dir) == ("drizzle", "d")


def monorepo(root: dict[str, str]) -> dict[str, str]:
    return {**below("apps/web", nextjs()), **below("apps/docs", {"package.json": '{"name": "docs"}'}), **root}


WORKSPACE = '{"name": "root", "private": true, "packageManager": "pnpm@10.34.0", "workspaces": ["apps/*"]}'
MONOREPOS = {
    "pnpm": {
        "package.json": '{"name": "root", "packageManager": "pnpm@10.34.0"}',
        "pnpm-workspace.yaml": "packages:\n  - 'apps/*'\n",
        "pnpm-lock.yaml": pnpm_lock(
            {"apps/docs": {"next": ("13", "13.0.0")}, "apps/web": {"next": ("16.4.6", "16.4.6")}}
        ),
    },
    "npm": {
        "package.json": '{"workspaces": ["./apps/*/", "!apps/docs"]}',
        "package-lock.json": package_lock({"node_modules/next": "13.0.0", "apps/web/node_modules/next": "16.4.6"}),
    },
    "yarn-with-object": {
        "package.json": '{"workspaces": {"packages": ["apps/**"]}}',
        "yarn.lock": CLASSIC.replace("next@16.x", "next@16.4.6"),
    },
}


@pytest.mark.parametrize("case", MONOREPOS)
def test_monorepo(case: str, tmp_path: Path) -> None:
    found = details(tmp_path, monorepo(MONOREPOS[case]))
    assert found.next_version == "16.4.6"
    assert found.package_manager == case.partition("-")[0]


def package(name: str, *needs: str, **more: str) -> str:
    """A package.json of a workspace: the packages of the workspace that it needs, and others in their versions."""
    versions = {key.replace("_", "-"): value for key, value in more.items()}
    return json.dumps({"name": name, "dependencies": dict.fromkeys(needs, "workspace:*"), "devDependencies": versions})


def beside(*patterns: str, web: dict[str, Any] | None = None, **more: str) -> dict[str, str]:
    """A workspace with an app that depends on @acme/api."""
    app = below("apps/web", nextjs(dependencies={"@acme/api": "workspace:*", **(web or {})}))
    return {**app, "package.json": json.dumps({"name": "root", "workspaces": ["apps/*", *patterns]}), **more}


DATASOURCE = 'datasource db {\n  provider = "postgresql"\n  url = env("SHOP_DATABASE_URL")\n}\n'
KIT = "export default { out: './sql', dialect: 'postgresql', dbCredentials: { url: process.env.POSTGRES_URL! } };\n"
PACKAGES = {
    "prisma": (
        beside("packages/*")
        | {
            "packages/api/package.json": package("@acme/api", prisma="^7.1.0"),
            "packages/api/prisma/schema.prisma": DATASOURCE,
        },
        ("packages/api", "prisma", "^7.1.0", "prisma/migrations", ["SHOP_DATABASE_URL"]),
    ),
    "prisma at the package's top": (
        beside("libs/*", web={"@prisma/client": "^6.1.0"})
        | {"libs/api/package.json": package("@acme/api", prisma="^6.2.0"), "libs/api/schema.prisma": DATASOURCE},
        ("libs/api", "prisma", "^6.2.0", "migrations", ["SHOP_DATABASE_URL"]),
    ),
    "drizzle, by another package": (
        beside("packages/**", "!packages/old/**")
        | {
            "packages/old/api/package.json": package("@acme/api"),
            "packages/api/package.json": package("@acme/api", "@acme/db"),
            "packages/data/db/package.json": package("@acme/db", drizzle_orm="^0.45.0", pg="^8"),
            "packages/data/db/drizzle.config.ts": KIT,
        },
        ("packages/data/db", "drizzle", "^0.45.0", "sql", ["POSTGRES_URL"]),
    ),
    "an ORM that the root installs": (
        beside("packages/*")
        | {
            "package.json": '{"workspaces": ["apps/*", "packages/*"], "devDependencies": {"prisma": "^7.3.0"}}',
            "packages/api/package.json": package("@acme/api"),
            "packages/api/prisma/schema/base.prisma": DATASOURCE,
        },
        ("packages/api", "prisma", None, "prisma/migrations", ["SHOP_DATABASE_URL"]),
    ),
    "the root itself": (
        beside(web={"@prisma/client": "^6.1.0"}) | {"prisma/schema.prisma": DATASOURCE},
        (".", "prisma", "^6.1.0", "prisma/migrations", ["SHOP_DATABASE_URL"]),
    ),
    "the app has a schema itself": (
        beside("packages/*", web={"prisma": "^6.1.0"})
        | {
            "apps/web/prisma/schema.prisma": DATASOURCE.replace("SHOP_", ""),
            "packages/api/package.json": package("@acme/api", prisma="^7.1.0"),
            "packages/api/prisma/schema.prisma": DATASOURCE,
        },
        ("", "prisma", "^6.1.0", "prisma/migrations", []),
    ),
    "a package that the app is not made of": (
        beside("packages/*")
        | {
            "packages/api/package.json": package("@acme/api"),
            "packages/db/package.json": package("@acme/db", prisma="^7.1.0"),
            "packages/db/prisma/schema.prisma": DATASOURCE,
        },
        ("", "none", None, None, []),
    ),
    "packages in a circle": (
        beside("packages/*")
        | {
            "packages/api/package.json": package("@acme/api", "@acme/ui"),
            "packages/ui/package.json": package("@acme/ui", "@acme/api"),
        },
        ("", "none", None, None, []),
    ),
}


@pytest.mark.parametrize("case", PACKAGES)
def test_the_package_with_the_schema_is_found(case: str, tmp_path: Path) -> None:
    files, expected = PACKAGES[case]
    found = details(tmp_path, files)
    variables = [one.name for one in found.database_variables]
    assert (found.database_package, found.orm, found.orm_version, found.migrations_dir, variables) == expected


OWN_FILE = {"db/migrate.ts": 'import { Migrator } from "kysely";\nawait migrator.migrateToLatest();\n'}
COMMANDS: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "knex": ({"migrate": "knex migrate:latest"}, {}, "knex migrate:latest"),
    "knex in TypeScript": (
        {"db:migrate": "tsx node_modules/knex/bin/cli.js --knexfile db/knexfile.ts migrate:latest"},
        {},
        "tsx node_modules/knex/bin/cli.js --knexfile db/knexfile.ts migrate:latest",
    ),
    "TypeORM": (
        {"migration:run": "npx typeorm-ts-node-commonjs migration:run -d src/data-source.ts"},
        {},
        "typeorm-ts-node-commonjs migration:run -d src/data-source.ts",
    ),
    "node-pg-migrate": ({"migrate:up": "dotenv -e .env -- node-pg-migrate up -j ts"}, {}, "node-pg-migrate up -j ts"),
    "Sequelize": ({"db:migrate": "npx --yes sequelize-cli db:migrate"}, {}, "sequelize-cli db:migrate"),
    "MikroORM": ({"migrate": "mikro-orm migration:up"}, {}, "mikro-orm migration:up"),
    "kysely-ctl": ({"db:migrate:latest": "kysely migrate:latest"}, {}, "kysely migrate:latest"),
    "dbmate": ({"migrate": "dbmate --no-dump-schema up"}, {"db/migrations/1_a.sql": ""}, "dbmate --no-dump-schema up"),
    "for production": (
        {"db:migrate": "knex migrate:latest", "migrate:deploy": "knex migrate:latest --env production"},
        {},
        "knex migrate:latest --env production",
    ),
    "a file of its own": ({"db:migrate": "tsx db/migrate.ts"}, OWN_FILE, "tsx db/migrate.ts"),
    "a file that is not there": ({"db:migrate": "tsx db/migrate.ts"}, {}, ""),
    "a file about content": ({"migrate": "node db/migrate.js"}, {"db/migrate.js": 'import "fs";\n'}, ""),
    "down": ({"migrate": "knex migrate:rollback"}, {}, ""),
    "several commands": ({"migrate": "knex migrate:latest && npm run seed"}, {}, ""),
    "several commands, the last of which applies": (
        {"migrate": "knex migrate:rollback && npm run seed && knex migrate:latest"},
        {},
        "",
    ),
    "another script": ({"knex": "knex migrate:latest"}, {}, ""),
    "a test's": ({"test:migrate:ci": "knex migrate:latest"}, {}, ""),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_the_command_that_applies_migrations_is_found(case: str, tmp_path: Path) -> None:
    scripts, files, expected = COMMANDS[case]
    found = details(tmp_path, {**nextjs(dependencies={"pg": "^8"}, scripts=scripts), **files})
    assert (found.migration_command, found.db_driver if expected else "pg") == (expected, "pg")


def test_the_command_may_be_in_a_package_of_the_workspace(tmp_path: Path) -> None:
    needs = {"@acme/db": "workspace:*"}
    db = {"name": "@acme/db", "scripts": {"migrate": "knex migrate:latest"}, "dependencies": {"knex": "3", "pg": "8"}}
    files = beside("packages/*", web=needs) | {"packages/db/package.json": json.dumps(db)}
    found = details(tmp_path, files)
    assert (found.database_package, found.migration_command) == ("packages/db", "knex migrate:latest")
    assert found.database_choice == "fly_managed"


def test_an_orm_that_is_known_has_its_migrations(tmp_path: Path) -> None:
    app = nextjs(dependencies=PRISMA, scripts={"db:migrate": "tsx db/migrate.ts"})
    assert details(tmp_path, {**app, **OWN_FILE, "prisma/schema.prisma": ""}).migration_command == ""


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"package.json": '{"workspaces": ["packages/*"]}'}, None),
        ({"package.json": '{"workspaces": ["apps/*", "!apps/web"]}'}, None),
        ({"apps/web/pnpm-workspace.yaml": "allowBuilds: {sharp: false}\n"}, None),
        ({"package.json": '{"workspaces": "apps/*"}'}, None),
    ],
    ids=["not-in-the-patterns", "excluded-again", "generators-own-file", "no-list"],
)
def test_workspace_root(files: dict[str, str], expected: str | None, tmp_path: Path) -> None:
    write(tmp_path, monorepo(files))
    assert workspace(Target(str(tmp_path)), "apps/web") == expected


def test_workspace_root_at_the_app_itself(tmp_path: Path) -> None:
    write(tmp_path, nextjs(workspaces=["packages/*"]))
    assert workspace(Target(str(tmp_path)), ".") == "."


@pytest.mark.parametrize(
    ("pattern", "inside"),
    [("apps/*", False), ("apps/**", True), ("apps/*/*", True), ("apps/group/*", True), ("./apps/group/web/", True)],
)
def test_a_star_in_a_workspace_stops_at_a_slash(pattern: str, inside: bool, tmp_path: Path) -> None:
    """The lock file at the root is that of the app only where the app is in the workspace."""
    root = {"package.json": json.dumps({"workspaces": [pattern]}), "package-lock.json": NPM}
    found = examine(write(tmp_path, {**below("apps/group/web", nextjs()), **root}))
    assert found.nextjs.package_manager == ("npm" if inside else None)


@pytest.mark.parametrize(
    "package",
    [
        "",
        "[]",
        "null",
        '{"dependencies": []}',
        '{"dependencies": {"next": 3}}',
        '{"peerDependencies": {"next": "16"}}',
    ],
)
def test_a_package_that_is_no_next_app(package: str, tmp_path: Path) -> None:
    found = examine(write(tmp_path, {"package.json": package}))
    assert (found.stack, found.apps, found.nextjs) == (None, (), NextjsApp())
