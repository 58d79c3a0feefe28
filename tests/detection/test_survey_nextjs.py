"""Each rule for Next.js on projects that it is for, on siblings that say it otherwise, and on ones that do it right."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import run_copy
from copier.errors import UserMessageError

from copier_fly.detect.examine import examine
from tests.detection.projects import Files, below, nextjs, phoenix, told, write
from tests.support.template import pretend

ITS_VALUE = "its value for production, from the service that it is for or from where the app runs now"

PRISMA = {"@prisma/client": "^6.19.0", "prisma": "^6.19.0"}
DRIZZLE = {"drizzle-orm": "^0.45.0", "pg": "^8"}
LIBSQL_PACKAGES = {"@libsql/client": "^0.18.0", "drizzle-orm": "^0.45.0"}


LIBSQL = nextjs(dependencies=LIBSQL_PACKAGES)
PATIENT = "export const db = drizzle({ connection: { url: process.env.DB_URL!, timeout: 5000 } });\n"


def scripts(**more: str) -> Files:
    return nextjs(scripts={"dev": "next dev", "build": "next build", "start": "next start", **more})


def schema(provider: str, variable: str = "DATABASE_URL") -> str:
    return f'datasource db {{\n  provider = "{provider}"\n  url      = env("{variable}")\n}}\n'


def prisma(provider: str, variable: str = "DATABASE_URL", file: str = "prisma/schema.prisma") -> Files:
    migration = f"{file.rpartition('/')[0]}/migrations/20260101000000_init/migration.sql"
    return {**nextjs(dependencies=PRISMA), file: schema(provider, variable), migration: "select 1;\n"}


def drizzle(more: str) -> Files:
    config = f'export default defineConfig({{\n  out: "./drizzle",\n  {more}\n}});\n'
    return {**nextjs(dependencies=DRIZZLE), "drizzle.config.ts": config, "drizzle/0000_init.sql": "select 1;\n"}


def payload_in(folder: str, migration: str) -> Files:
    """An app on Payload whose configuration names the folder of its migrations."""
    config = 'import { buildConfig } from "payload";\n\nexport default buildConfig({\n  db: postgresAdapter({\n'
    app = nextjs(dependencies={"payload": "^3.64.0", "@payloadcms/db-postgres": "^3.64.0"})
    return {**app, "src/cms/config.ts": f"{config}    migrationDir: {folder},\n  }}),\n}});\n", migration: "x\n"}


ENV = """import { createEnv } from "@t3-oss/env-nextjs";

export const env = createEnv({
  server: {
    DATABASE_URL: z.string().url(),
    AUTH_SECRET: z.string(),
    MAIL_FROM: z
      .string()
      .email(),
    LOG_LEVEL: z.string().default("info"),
    SENTRY_DSN: z.string().optional(),
    NODE_ENV: z.enum(["development", "production"]),
  },
  client: {
    NEXT_PUBLIC_SITE: z.string().optional(),
  },
});
"""
ENV_OF_PAGES = """export const env = createEnv({
  client: {
    NEXT_PUBLIC_SITE: z.string().url(),
    NEXT_PUBLIC_THEME: z.string().default("light"),
  },
});
"""
ACME_DB = '{"name": "@acme/db", "devDependencies": {"prisma": "^6.19.0"}}'
WORKSPACE = {"pnpm-workspace.yaml": "packages:\n  - apps/*\n  - packages/*\n"}
PEM = 'import { readFileSync } from "node:fs";\nexport const ca = readFileSync("certs/db-ca.pem");\n'
NX_ROOT = {name: text for name, text in nextjs().items() if name == "package.json"} | {"nx.json": "{}"}

PACKAGE = json.loads(nextjs()["package.json"])
RANGES = PACKAGE["dependencies"] | PACKAGE.get("devDependencies", {})
NPM_LOCK = {"package-lock.json": json.dumps({"packages": {"": {"dependencies": RANGES}}}, indent=2)}
BUN_LOCK = {"bun.lock": json.dumps({"workspaces": {"": {"dependencies": RANGES}}}, indent=2)}
TWO_LOCKS = {**nextjs(), **BUN_LOCK, **NPM_LOCK}

CASES: dict[str, tuple[Files, str, list[str]]] = {
    "build migrates": (
        scripts(build="prisma generate && prisma migrate deploy && next build"),
        "package.json build-without-database",
        ["`prisma migrate`", "by `prisma generate && next build` instead"],
    ),
    "build pushes": (
        scripts(build="drizzle-kit push && next build"),
        "package.json build-without-database",
        ["drizzle-kit push", "by `next build` instead"],
    ),
    "prebuild seeds": (
        scripts(prebuild="npm run db:seed"),
        "package.json build-without-database",
        ["prebuild", "by `next build` instead"],
    ),
    "a build that migrates in one command": (
        scripts(build="sh -c 'prisma migrate deploy && next build'"),
        "package.json build-needs-database",
        ["`prisma migrate`", "release_command"],
    ),
    "two lock files and a workflow": (
        {**TWO_LOCKS, ".github/workflows/ci.yml": "jobs:\n  test:\n    steps:\n      - run: bun install\n"},
        ".github/workflows/ci.yml lock-files",
        ["Of bun.lock and package-lock.json", "built with bun"],
    ),
    "two lock files and a page": (
        {**TWO_LOCKS, "README.md": "Clone it, then:\n\n    npm ci\n    npm install -g vercel\n"},
        "README.md lock-files",
        ["built with npm"],
    ),
    "a lock file that was left behind": (
        {**nextjs(), "yarn.lock": "# yarn lockfile v1\n\nnext@12:\n  version 12.0.0\n", **NPM_LOCK},
        "package.json lock-files",
        ["built with npm"],
    ),
    "pages from the database": (
        {
            **drizzle('dialect: "postgresql",'),
            "app/[slug]/page.tsx": "export async function generateStaticParams() {\n  return await db.query.a();\n}\n",
        },
        "app/[slug]/page.tsx pages-from-database",
        ["generateStaticParams asks", "DATABASE_URL to build_secrets"],
    ),
    "paths from the database": (
        {
            **prisma("postgresql"),
            "pages/[id].js": "export const getStaticPaths = async () => {\n  return prisma.a.findMany();\n};\n",
        },
        "pages/[id].js pages-from-database",
        ["getStaticPaths asks"],
    ),
    "prepare needs git": (
        scripts(prepare="git config core.hooksPath .githooks"),
        "package.json install-hook-left-out",
        ["`git config core.hooksPath .githooks`", "without that"],
    ),
    "postinstall needs git": (
        scripts(postinstall="patch-package && git status"),
        "package.json install-hook-left-out",
        ["`git status`"],
    ),
    "postinstall migrates": (
        scripts(postinstall="npx prisma migrate deploy && prisma generate"),
        "package.json install-hook-left-out",
        ["`npx prisma migrate deploy`", "before each deploy"],
    ),
    "a hook with quotes": (
        scripts(prepare="git config core.hooksPath 'my hooks'"),
        "package.json install-hook-git",
        ["|| true"],
    ),
    "a shell script that needs git": (
        {
            **scripts(prepare="bash scripts/setup.sh"),
            "scripts/setup.sh": "#!/bin/bash -e\ngit config a.b c\necho done\n",
        },
        "scripts/setup.sh install-hook-git",
        ["`bash scripts/setup.sh`", "no git"],
    ),
    "a program that needs git": (
        {**scripts(postinstall="node tools/p.mjs"), "tools/p.mjs": "// git log\nexecSync('git describe --tags');\n"},
        "tools/p.mjs install-hook-git",
        ["`node tools/p.mjs`"],
    ),
    "a shell script that migrates and builds": (
        {**scripts(build="./build.sh"), "build.sh": "set -eu\nnpx prisma migrate deploy\nnext build\n"},
        "build.sh build-needs-database",
        ["`./build.sh`"],
    ),
    "a file that a hook migrates by": (
        scripts(postinstall="tsx scripts/migrate.ts"),
        "package.json install-hook-database",
        ["a database"],
    ),
    "a server of its own": (
        scripts(start="NODE_ENV=production node server.js"),
        "package.json own-server",
        ["node server.js"],
    ),
    "a server in TypeScript": (scripts(start="tsx server/index.ts"), "package.json own-server", ["WebSockets"]),
    "prisma on mysql": (
        prisma("mysql"),
        "prisma/schema.prisma database-elsewhere",
        ["uses MySQL (mysql)", "no server is made", "no migration is run"],
    ),
    "the driver of mysql": (
        nextjs(dependencies={"mysql2": "^3"}),
        "package.json database-elsewhere",
        ["uses MySQL (mysql2)", "its address in DATABASE_URL"],
    ),
    "mongoose": (
        {
            **nextjs(dependencies={"mongoose": "^8"}),
            "lib/db.ts": "export const db = mongoose.connect(process.env.MONGODB_URI!);\n",
        },
        "package.json database-elsewhere",
        ["uses MongoDB (mongoose)", "its address in MONGODB_URI"],
    ),
    "drizzle on turso": (drizzle("dialect: 'turso',"), "drizzle.config.ts database-elsewhere", ["Turso"]),
    "a schema that names the file of sqlite": (
        {
            **nextjs(dependencies=PRISMA),
            "prisma/schema.prisma": 'datasource db {\n  provider = "sqlite"\n  url = "file:./dev.db"\n}\n',
        },
        "prisma/schema.prisma sqlite-fixed-file",
        ["file:./dev.db", "process.env.DATABASE_URL"],
    ),
    "code that names the file of sqlite": (
        {
            **nextjs(dependencies={"better-sqlite3": "^12"}),
            "src/lib/db.ts": 'export const db = new Database("shop.db");\n',
        },
        "src/lib/db.ts sqlite-fixed-file",
        ['new Database("shop.db"', "process.env.DATABASE_PATH"],
    ),
    "a driver of sqlite that waits for no lock": (
        {**LIBSQL, "src/db.ts": "export const db = drizzle({ connection: { url: process.env.DB_URL! } });\n"},
        "package.json sqlite-no-wait",
        ["@libsql/client waits for no lock", "timeout: 5000"],
    ),
    "the same below prisma": (
        {**prisma("sqlite"), **nextjs(dependencies={**PRISMA, "@prisma/adapter-libsql": "^7.9.0"})},
        "package.json sqlite-no-wait",
        ["@prisma/adapter-libsql waits for no lock"],
    ),
    "another variable in prisma": (
        prisma("postgresql", "POSTGRES_PRISMA_URL"),
        "prisma/schema.prisma database-variable",
        ["POSTGRES_PRISMA_URL", "extra_secrets"],
    ),
    "another variable in drizzle": (
        drizzle('dialect: "postgresql",\n  dbCredentials: { url: process.env.POSTGRES_URL! },'),
        "drizzle.config.ts database-variable",
        ["POSTGRES_URL"],
    ),
    "another variable in drizzle by a schema": (
        drizzle('dialect: "postgresql",\n  dbCredentials: { url: env.POSTGRES_URL },'),
        "drizzle.config.ts database-variable",
        ["POSTGRES_URL"],
    ),
    "drizzle's own table": (
        drizzle('dialect: "postgresql",\n  migrations: { table: "shop_migrations" },'),
        "drizzle.config.ts drizzle-records",
        ["-d migration_runner=cli"],
    ),
    "drizzle's own schema": (
        drizzle('dialect: "postgresql",\n  migrations: {\n    schema: "public",\n  },'),
        "drizzle.config.ts drizzle-records",
        ["apply every migration again"],
    ),
    "payload": (
        nextjs(dependencies={"payload": "^3.64.0", "@payloadcms/db-postgres": "^3.64.0"}),
        "package.json payload",
        ["prodMigrations"],
    ),
    "payload with migrations": (
        {
            **nextjs(dependencies={"payload": "^3.64.0", "@payloadcms/db-postgres": "^3.64.0"}),
            "src/migrations/index.ts": "export const migrations = [];\n",
        },
        "package.json migration-command",
        ["by `payload migrate`", "all packages"],
    ),
    "payload with migrations beside its configuration": (
        payload_in("path.resolve(dirname, './migrations/postgres')", "src/cms/migrations/postgres/20260101_120000.ts"),
        "package.json migration-command",
        ["by `payload migrate`"],
    ),
    "payload with migrations in a folder of the app": (
        payload_in('"./db/migrations"', "db/migrations/20260101_120000_goods.ts"),
        "package.json migration-command",
        ["by `payload migrate`"],
    ),
    "payload with a folder of migrations that is empty": (
        payload_in("path.resolve(dirname, 'migrations')", "src/migrations/goods.ts"),
        "package.json payload",
        ["prodMigrations"],
    ),
    "a script that migrates by knex": (
        nextjs(dependencies={"knex": "^3", "pg": "^8"}, scripts={"db:migrate": "knex migrate:latest"}),
        "package.json migration-command",
        ["by `knex migrate:latest`", "-d migration_command="],
    ),
    "migrations that no script applies": (
        {
            **nextjs(dependencies={"typeorm": "^0.3", "pg": "^8"}),
            "src/db.ts": 'import pg from "pg";\n',
            "src/migrations/1-users.ts": "export class Users1 {}\n",
        },
        "src/migrations migrations-not-run",
        ["of typeorm", "-d migration_command='typeorm migration:run"],
    ),
    "a build that deploys elsewhere": (
        scripts(build="convex deploy --cmd 'next build'"),
        "package.json build-asks-service",
        ["`convex deploy", "build_secrets"],
    ),
    "types from an API": (
        {
            **scripts(
                prebuild="npm run generate", generate="graphql-codegen --config .graphqlrc.ts", build="next build"
            ),
            ".graphqlrc.ts": "export default { schema: process.env.SHOP_API };\n",
        },
        "package.json build-asks-service",
        ["The script prebuild runs `graphql-codegen --config .graphqlrc.ts`", "build_command"],
    ),
    "a download": (
        scripts(build="curl -fo public/feed.json https://example.com/feed.json && next build"),
        "package.json build-asks-service",
        ["The script build runs `curl"],
    ),
    "a schema in another package": (
        {**below("apps/web", nextjs()), **WORKSPACE, "packages/db/prisma/schema.prisma": schema("postgresql")},
        "packages/db/prisma/schema.prisma schema-elsewhere",
        ["does not depend on", "-d orm=prisma -d database_package=packages/db."],
    ),
    "drizzle in another package": (
        {**below("apps/web", nextjs()), **WORKSPACE, "packages/data/drizzle.config.ts": "export default {}\n"},
        "packages/data/drizzle.config.ts schema-elsewhere",
        ["Drizzle", "-d orm=drizzle -d database_package=packages/data."],
    ),
    "a schema by way of another package": (
        {
            **below("apps/web", nextjs(dependencies={"@acme/api": "workspace:*"})),
            **WORKSPACE,
            "packages/api/package.json": '{"name": "@acme/api", "dependencies": {"@acme/db": "workspace:*"}}',
            "packages/db/package.json": ACME_DB,
            "packages/db/prisma/schema.prisma": schema("postgresql"),
            "packages/db/prisma/migrations/1_init/migration.sql": "select 1;\n",
        },
        "packages/db/package.json schema-by-dependency",
        ["@acme/db by way of other packages", "-d orm=none -d database=none"],
    ),
    "no migration in a package of the workspace": (
        {
            **below("apps/web", nextjs(dependencies={"@acme/db": "workspace:*"})),
            **WORKSPACE,
            "packages/db/package.json": ACME_DB,
            "packages/db/prisma/schema.prisma": schema("postgresql"),
        },
        "packages/db/prisma/schema.prisma no-migrations",
        ["no migration in packages/db/prisma/migrations"],
    ),
    "tables of Drizzle in code alone": (
        {
            **nextjs(dependencies=DRIZZLE),
            "src/db/tables.ts": 'export const goods = pgTable("goods", { id: serial("id").primaryKey() });\n',
        },
        "src/db/tables.ts no-migrations",
        ["no migration in drizzle", "drizzle-kit generate --dialect=postgresql --schema=src/db/tables.ts"],
    ),
    "a committed .env": ({**nextjs(), ".env": "A=1\n"}, ".env env-file", ["goes into the image", "env_files"]),
    "a committed .env.production": (
        {**nextjs(), ".env.production": "A=1\n", ".gitignore": ".env\n.env.local\n"},
        ".env.production env-file",
        ["goes into the image"],
    ),
    "an .env that git neither has nor ignores": (
        {**nextjs(), ".env": "A=1\n", ".git/index": "DIRC\0\0\0\2\0\0\0\0"},
        ".env env-file-untracked",
        ["out of the image", ".gitignore"],
    ),
    "a certificate that code reads": (
        {**nextjs(), "certs/db-ca.pem": "x\n", "lib/db.ts": PEM},
        "lib/db.ts hidden-file",
        ["!certs/db-ca.pem"],
    ),
    "a certificate that a package's build copies": (
        {
            **below("apps/web", nextjs(dependencies={"@acme/db": "workspace:*"})),
            **WORKSPACE,
            "packages/db/package.json": ACME_DB,
            "packages/db/tsdown.config.ts": 'export default defineConfig({ copy: "src/db-ca.pem" });\n',
            "packages/db/src/db-ca.pem": "x\n",
        },
        "packages/db/tsdown.config.ts hidden-file",
        ["!packages/db/src/db-ca.pem"],
    ),
    "a token for packages": (
        {**nextjs(), ".npmrc": "@acme:registry=https://npm.example.com\n//npm.example.com/:_authToken=${NPM_TOKEN}\n"},
        ".npmrc private-registry",
        ["NPM_TOKEN", "build_secrets"],
    ),
    "an integrated Nx workspace": (
        {**NX_ROOT, "apps/web/project.json": "{}", "apps/web/next.config.js": "module.exports = {}\n"},
        "apps/web/next.config.js nx-app",
        ["apps/web a package.json"],
    ),
    "a schema of the environment": (
        {**nextjs(), "src/env.mjs": ENV},
        "src/env.mjs variable-in-schema",
        ["AUTH_SECRET, MAIL_FROM."],
    ),
    "a schema of what is compiled in": (
        {**nextjs(), "src/env.mjs": ENV_OF_PAGES},
        "src/env.mjs variable-public-required",
        ["NEXT_PUBLIC_SITE.", "build gets no stand-in:", "public_env"],
    ),
    "a build in another folder": (
        {**scripts(build="cd web && cross-env NODE_ENV=production next build"), "web/pages/index.js": "x\n"},
        "package.json build-elsewhere",
        ["script build runs Next.js in the folder web.", "a package.json of its own"],
    ),
    "a build that names a folder": (
        {**scripts(build="next build --no-lint ./site"), "site/app/page.tsx": "x\n"},
        "package.json build-elsewhere",
        ["in the folder site."],
    ),
    "a build by a script in another folder": (
        below(
            "shop",
            {
                **scripts(build="npm run make", make="cd client/src && next build && cd ../.."),
                "pages/a.js": "x",
                "client/src/a.js": "x",
            },
        ),
        "shop/package.json build-elsewhere",
        ["in the folder shop/client/src."],
    ),
    "a server by another script": (
        scripts(start="npm run serve", serve="node dist/server.js"),
        "package.json own-server",
        ["runs `npm run serve`"],
    ),
    "another folder for the build on one line": (
        {**nextjs(), "next.config.ts": "export default { reactStrictMode: true, distDir: 'build' };\n"},
        "next.config.ts dist-dir",
        ["sets distDir to build"],
    ),
    "a migration by MikroORM in a hook": (
        scripts(prebuild="mikro-orm migration:up"),
        "package.json build-without-database",
        ["`mikro-orm migration:up`"],
    ),
}
SILENT: dict[str, Files] = {
    "a build that generates": scripts(build="prisma generate && next build", postinstall="prisma generate"),
    "a build that goes into the folder where it is": scripts(build="cd . && next build"),
    "a build that goes elsewhere afterwards": scripts(build="next build && cd scripts && node done.js"),
    "a server that migrates first": scripts(start="prisma migrate deploy && next start"),
    "a server that is built first": scripts(start="npm run build && next start"),
    "a server with a variable": scripts(start="cross-env PORT=3000 next start"),
    "another folder for a variable": {
        **nextjs(),
        "next.config.ts": "export default { ...(process.env.E2E ? { distDir: 'e2e' } : {}) };\n",
    },
    "a build with options alone": scripts(build="next build --turbopack"),
    "a build with an option that has a value": scripts(build="next build --experimental-build-mode compile"),
    "a build that comes back from another folder": {
        **scripts(build="cd studio && npm run make && cd .. && next build"),
        "studio/package.json": "{}",
    },
    "pages from files": {
        **drizzle('dialect: "postgresql",'),
        "app/[slug]/page.tsx": "export function generateStaticParams() {\n  return a();\n}\nconst b = db.b();\n",
    },
    "pages from the database on request": {
        **drizzle('dialect: "postgresql",'),
        "pages/a.js": "export async function getServerSideProps() {\n  return db.query.a();\n}\n",
    },
    "a migration that nobody runs in the build": scripts(**{"db:push": "prisma db push"}),
    "husky": scripts(prepare="husky"),
    "lefthook": scripts(prepare="lefthook install"),
    "a shell script that looks first": {
        **scripts(prepare="sh setup.sh"),
        "setup.sh": "#!/bin/sh -e\nif [ -d .git ]; then\n  git config a.b c\nfi\n",
    },
    "a shell script that goes on": {
        **scripts(prepare="sh setup.sh", build="sh build.sh"),
        "setup.sh": "git config a.b c\necho done\n",
        "build.sh": "set -e\n# prisma migrate deploy runs elsewhere\nnext build\n",
    },
    "a program that catches": {
        **scripts(postinstall="node p.mjs"),
        "p.mjs": "try {\n  execSync('git describe');\n} catch {}\n",
    },
    "a hook that may fail": scripts(prepare="git config core.hooksPath .githooks || true"),
    "a start with a port": scripts(start="next start -p 3001"),
    "a standalone start": scripts(start="node .next/standalone/server.js"),
    "a start that migrates": scripts(start="prisma migrate deploy && next start"),
    "prisma on postgres": prisma("postgresql"),
    "a direct address too": {
        **prisma("postgresql"),
        "prisma/schema.prisma": schema("postgresql").replace("}\n", '  directUrl = env("DIRECT_URL")\n}\n'),
    },
    "drizzle on postgres": drizzle('dialect: "postgresql",\n  dbCredentials: { url: process.env.DATABASE_URL! },'),
    "an ignored .env": {**nextjs(), ".env": "A=1\n", ".gitignore": ".env*\n"},
    "types from a file": {
        **scripts(build="graphql-codegen && next build"),
        "codegen.yml": "schema: schema.graphql\n",
    },
    "an example of an .env": {**nextjs(), ".env.example": "A=1\n"},
    "a driver of sqlite that waits": {**LIBSQL, "src/db.ts": PATIENT},
    "a driver of sqlite that waits by itself": {
        **nextjs(dependencies={**LIBSQL_PACKAGES, "better-sqlite3": "^12"}),
        "src/db.ts": "export const db = drizzle(new Database(process.env.DB_PATH!));\n",
    },
    "a certificate that no code names": {**nextjs(), "certs/db-ca.pem": "x\n"},
    "a public registry": {**nextjs(), ".npmrc": "registry=https://registry.example.com\nsave-exact=true\n"},
    "Nx with a package of its own": {**below("apps/web", nextjs()), "nx.json": "{}", "apps/web/project.json": "{}"},
    "a schema in a package that the app depends on": {
        **below("apps/web", nextjs(dependencies={"@acme/db": "workspace:*"})),
        **WORKSPACE,
        "packages/db/package.json": ACME_DB,
        "packages/db/prisma/schema.prisma": schema("postgresql"),
        "packages/db/prisma/migrations/1_init/migration.sql": "select 1;\n",
    },
    "a schema of the environment with defaults": {
        **nextjs(),
        "src/env.mjs": ENV.replace("    AUTH_SECRET: z.string(),\n", "").replace(".email(),", '.default("x"),'),
    },
    "middleware that redirects everything": {
        **nextjs(),
        "proxy.ts": 'export default () => Response.redirect("/login");\n',
    },
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_served_is_told_with_its_place(case: str, tmp_path: Path) -> None:
    project, place, words = CASES[case]
    [warning] = told(write(tmp_path, project))
    assert f"{warning.file} {warning.code}" == place
    assert [word for word in words if word not in str(warning)] == []
    assert all(part.endswith(".") for part in (warning.sentence, warning.consequence, warning.action[-1:] and "."))


def test_a_variable_of_the_browser_that_is_answered_is_told_no_more(template: Path, tmp_path: Path) -> None:
    files = {**nextjs(), "src/env.mjs": ENV_OF_PAGES, "app/a.tsx": "export const a = process.env.NEXT_PUBLIC_CDN;\n"}
    app = write(tmp_path / "shop", files)
    for named, told_of in (
        ([], ["NEXT_PUBLIC_SITE", "NEXT_PUBLIC_CDN"]),
        (["NEXT_PUBLIC_SITE"], ["NEXT_PUBLIC_CDN"]),
        (["NEXT_PUBLIC_SITE", "NEXT_PUBLIC_CDN"], []),
    ):
        lines = pretend(template, app, public_env=named)["survey"]
        assert [name for line in lines for name in re.findall(r"NEXT_PUBLIC_\w+", line)] == told_of


def test_a_public_variable_of_run_time_is_told_until_it_is_set_there(template: Path, tmp_path: Path) -> None:
    code = "const must = (name: string) => process.env[name];\nexport const at = () => must('NEXT_PUBLIC_FILES');\n"
    app = write(tmp_path / "shop", {**nextjs(), "lib/files.ts": code})
    answers: dict[str, Any] = {"public_env": ["NEXT_PUBLIC_FILES"]}
    assert [line for line in pretend(template, app, **answers)["survey"] if "NEXT_PUBLIC_FILES" in line]
    answers["extra_env"] = {"NEXT_PUBLIC_FILES": "https://a.example"}
    assert [line for line in pretend(template, app, **answers)["survey"] if "NEXT_PUBLIC_FILES" in line] == []


def test_a_variable_that_is_answered_is_told_no_more(template: Path, tmp_path: Path) -> None:
    code = "export const send = () => mail(process.env.MAIL_KEY, process.env.MAIL_HOST);\n"
    app = write(tmp_path / "shop", {**nextjs(), "lib/mail.ts": code, ".env.example": "OTHER=\nMAIL_TO=\n"})
    answers: dict[str, Any] = {"extra_env": {"MAIL_HOST": "a.b"}, "extra_secrets": [{"name": "MAIL_KEY", "how": "x"}]}
    assert [line.split(":")[0] for line in pretend(template, app)["survey"]][:2] == [".env.example", "lib/mail.ts"]
    assert [line.split(":")[0] for line in pretend(template, app, **answers)["survey"]][:1] == [".env.example"]
    answers["extra_env"] |= {"OTHER": "1", "MAIL_TO": "a@b.c"}
    assert [line for line in pretend(template, app, **answers)["survey"] if "MAIL" in line or "OTHER" in line] == []


@pytest.mark.parametrize("case", SILENT)
def test_what_is_right_hears_nothing(case: str, tmp_path: Path) -> None:
    assert [str(warning) for warning in told(write(tmp_path, SILENT[case]))] == []


def test_a_schema_in_a_folder_has_its_migrations_inside(tmp_path: Path) -> None:
    files = prisma("postgresql", file="prisma/schema/schema.prisma")
    files["prisma/schema/migrations/migration_lock.toml"] = 'provider = "postgresql"\n'
    assert examine(write(tmp_path, files)).nextjs.migrations_dir == "prisma/schema/migrations"


def copied(template: Path, app: Path, **answers: Any) -> dict[str, Any]:
    """The answers of a copy that asks nothing."""
    run_copy(str(template), app, data=answers, defaults=True, unsafe=True, quiet=True, skip_tasks=True)
    return yaml.safe_load((app / ".copier-answers.yml").read_text())


def test_sentry_is_told_in_the_build_and_at_run_time_which_commit_is_deployed(template: Path, tmp_path: Path) -> None:
    package = PACKAGE | {"dependencies": PACKAGE["dependencies"] | {"@sentry/nextjs": "^11.0.0"}}
    app = write(tmp_path / "shop", nextjs() | {"package.json": json.dumps(package)})
    assert copied(template, app)["sentry"] is True
    stages = (app / "Dockerfile").read_text().split("\nFROM ")
    [build, runner] = [stage for stage in stages if "SENTRY_RELEASE=${REVISION}" in stage]
    for stage in (build, runner):
        assert stage.index("ARG REVISION") < stage.index("SENTRY_RELEASE")
    assert " AS build" in build and " AS runner" in runner


def test_what_was_found_becomes_the_default_of_an_answer(template: Path, tmp_path: Path) -> None:
    files = {
        **prisma("postgresql", "POSTGRES_URL"),
        "src/env.mjs": ENV,
        ".npmrc": "//npm.example.com/:_authToken=${NPM_TOKEN}\n",
        "docker/Dockerfile": "FROM node:24\nENV SHOP_BUILD=true\nRUN npx next build\n",
        "lib/settings.ts": "export const isBuild = process.env.SHOP_BUILD;\n",
    }
    answers = copied(template, write(tmp_path / "shop", files))
    assert answers["database"] == "fly_managed"
    assert answers["build_secrets"] == ["NPM_TOKEN"]
    assert answers["build_command"] == ""
    assert answers["build_env"].keys() == {"AUTH_SECRET", "MAIL_FROM", "POSTGRES_URL", "SHOP_BUILD"}
    assert answers["build_env"]["SHOP_BUILD"] == "true"
    assert answers["build_env"]["POSTGRES_URL"].startswith("postgresql://")
    assert [(secret["name"], secret["how"]) for secret in answers["extra_secrets"]] == [
        ("AUTH_SECRET", "openssl rand -base64 32"),
        ("MAIL_FROM", f"{ITS_VALUE}; src/env.mjs reads it"),
        ("POSTGRES_URL", "the same value as DATABASE_URL"),
    ]


def test_a_script_of_another_name_builds_by_default(template: Path, tmp_path: Path) -> None:
    named = nextjs(scripts={"dev": "next dev", "next:build": "next build"})
    assert copied(template, write(tmp_path / "named", named))["build_command"] == "npm run next:build"
    spaced = nextjs(scripts={"dev": "next dev", "build it": "next build"})
    assert copied(template, write(tmp_path / "spaced", spaced))["build_command"] == "npm run 'build it'"
    none = nextjs(scripts={"dev": "next dev"})
    assert copied(template, write(tmp_path / "none", none))["build_command"] == "next build"


ENV_FILES: dict[str, tuple[Files, list[str]]] = {
    "both": ({".env": "A=1\n", ".env.production": "B=1\n"}, [".env", ".env.production"]),
    "of other machines": ({".env.local": "A=1\n", ".env.test": "A=1\n", ".env.production.local": "A=1\n"}, []),
    "ignored": (
        {".env": "A=1\n", ".env.production": "B=1\n", ".gitignore": ".env*\n!.env.production\n"},
        [".env.production"],
    ),
    "by a script": (
        {**scripts(postinstall="cp -n ./.env.example .env"), ".env.example": "A=1\n"},
        [".env.example"],
    ),
    "by a command": (
        {**scripts(build="dotenv -e config/.env.shared -- next build"), "config/.env.shared": "A=1\n"},
        ["config/.env.shared"],
    ),
    "by a script in development": ({**scripts(dev="cp .env.example .env && next dev"), ".env.example": "A=1\n"}, []),
}


@pytest.mark.parametrize("case", ENV_FILES)
def test_env_files_that_git_has_reach_the_build(case: str, tmp_path: Path) -> None:
    more, found = ENV_FILES[case]
    assert list(examine(write(tmp_path, {**nextjs(), **more})).nextjs.env_files) == found
    inside = examine(write(tmp_path / "repo", below("web", {**nextjs(), **more}))).nextjs.env_files
    assert list(inside) == [f"web/{name}" for name in found]


def test_what_git_does_not_have_stays_out_though_it_ignores_nothing(tmp_path: Path) -> None:
    write(tmp_path, {**nextjs(), ".env": "A=1\n", ".env.production": "B=1\n", ".gitignore": ".env.production\n"})
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "-f", ".env.production", "package.json"], cwd=tmp_path, check=True)
    project = examine(tmp_path)
    assert project.nextjs.env_files == (".env.production",)
    assert [warning.code for warning in told(tmp_path)] == ["env-file-untracked", "env-file"]


def test_what_a_committed_file_sets_is_asked_of_no_one(tmp_path: Path) -> None:
    files = {
        **nextjs(),
        "app/a.tsx": "export const a = process.env.NEXT_PUBLIC_SITE + process.env.NEXT_PUBLIC_CDN;\n",
        "src/env.mjs": ENV,
        ".env.example": "NEXT_PUBLIC_SITE=\nMAIL_FROM=\nOTHER=\n",
        ".env.production": 'NEXT_PUBLIC_SITE="https://shop.example"\nMAIL_FROM=a@shop.example\nAUTH_SECRET=\n',
    }
    found = {warning.code: str(warning) for warning in told(write(tmp_path, files))}
    assert "AUTH_SECRET." in found["variable-in-schema"]
    assert "NEXT_PUBLIC_CDN." in found["variable-public"]
    assert "no answer has, OTHER." in found["example-of-env"]


MODULES: dict[str, tuple[str, list[str]]] = {
    "a client by its key": (
        "export const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!, {});\n",
        ["STRIPE_SECRET_KEY"],
    ),
    "a key without a mark": ("const resend = new Resend(process.env.RESEND_API_KEY)\n", ["RESEND_API_KEY"]),
    "an object": (
        "export const ai = new OpenAI({\n  apiKey: process.env.OPENAI_API_KEY,\n  organization: get(1),\n});\n",
        ["OPENAI_API_KEY"],
    ),
    "a key in a constant": (
        "const key = process.env.STRIPE_KEY as string;\nexport const stripe = new Stripe(key);\n",
        ["STRIPE_KEY"],
    ),
    "two of one call": (
        "export const supabase = createClient(process.env.SUPABASE_URL!, process.env.SUPABASE_SERVICE_KEY!);\n",
        ["SUPABASE_URL", "SUPABASE_SERVICE_KEY"],
    ),
    "a client that is kept": (
        "export const mail = globalThis.mail ?? new Mailer(process.env.MAIL_KEY as string);\n",
        ["MAIL_KEY"],
    ),
    "a check": ("if (!process.env.SESSION_SECRET) {\n  throw new Error('x');\n}\n", ["SESSION_SECRET"]),
    "a check of a constant": (
        "const secret = process.env.SESSION_SECRET;\nif (secret === undefined) throw new Error('x');\n",
        ["SESSION_SECRET"],
    ),
    "a check of two": (
        "const id = process.env.APP_ID;\nif (!id || !process.env.APP_KEY) {\n  throw new Error('x');\n}\n",
        ["APP_ID", "APP_KEY"],
    ),
    "a function that throws": ("export const id = process.env.APP_ID ?? raise('APP_ID');\n", ["APP_ID"]),
    "a function in place": ("export const id = process.env.APP_ID || (() => { throw new Error(); })();\n", ["APP_ID"]),
    "an invariant": ("invariant(process.env.APP_ID, 'APP_ID is missing');\n", ["APP_ID"]),
    "a name for a function": ('export const id = requireEnv("APP_ID");\n', ["APP_ID"]),
    "valibot": (
        "const Env = v.object({\n  APP_ID: v.string(),\n  LEVEL: v.optional(v.string()),\n});\n"
        "export const env = v.parse(Env, process.env);\n",
        ["APP_ID"],
    ),
    "ArkType": (
        'const Env = type({\n  APP_ID: "string",\n  "LEVEL?": "string",\n});\nEnv.assert(process.env);\n',
        ["APP_ID"],
    ),
    "an assertion of Node.js": ("assert.ok(process.env.APP_ID);\n", ["APP_ID"]),
    "an assertion of a text": ('assert(typeof process.env.APP_ID === "string");\n', ["APP_ID"]),
    "a check of its type": ('if (typeof process.env.APP_ID !== "string") throw new Error("x");\n', ["APP_ID"]),
    "a check of lodash": ("if (_.isEmpty(process.env.APP_ID)) {\n  throw new Error('x');\n}\n", ["APP_ID"]),
    "a check in brackets": ("const id = process.env['APP_ID'];\nif (!id?.length) throw new Error('x');\n", ["APP_ID"]),
    "a check that ends the process": (
        "if (!process.env.APP_ID) {\n  console.error('no id (APP_ID)');\n  process.exit(1);\n}\n",
        ["APP_ID"],
    ),
    "a check that goes on": (
        "if (!process.env.APP_ID) {\n  console.warn('x');\n}\n"
        "if (typeof window === 'undefined') throw new Error('y');\n"
        "if (isEmpty(process.argv)) throw new Error('z');\n",
        [],
    ),
    "Joi": (
        "const schema = Joi.object({\n  APP_ID: Joi.string().required(),\n  LEVEL: Joi.string(),\n});\n"
        "const { error } = schema.validate(process.env);\n",
        ["APP_ID"],
    ),
    "taken out": (
        'const {\n  APP_ID,\n  LEVEL = "info",\n} = process.env;\nif (!APP_ID) throw new Error("APP_ID");\n',
        ["APP_ID"],
    ),
    "envalid": (
        "export const env = cleanEnv(process.env, {\n  APP_ID: str(),\n  A_B: str({ default: '' }),\n});\n",
        ["APP_ID"],
    ),
    "a list of names": (
        "export const check = () => {\n  const names = [\n    'SHOP_DOMAIN',\n    'SHOP_TOKEN'\n  ];\n"
        "  if (names.some((name) => !process.env[name])) throw new Error('x');\n};\n",
        ["SHOP_DOMAIN", "SHOP_TOKEN"],
    ),
    "a list of names whose values are looked at": (
        "const names = ['SHOP_DOMAIN', 'SHOP_TOKEN'];\nfor (const name of names) {\n"
        "  const value = process.env[name];\n  if (!value) throw new Error(name);\n}\n",
        ["SHOP_DOMAIN", "SHOP_TOKEN"],
    ),
    "a list of names that all are to be set": (
        "const names = ['SHOP_DOMAIN', 'SHOP_TOKEN'];\n"
        "if (!names.every((name) => process.env[name])) throw new Error('x');\n",
        ["SHOP_DOMAIN", "SHOP_TOKEN"],
    ),
    "a list of names that are handed on where they are set": (
        "const names = ['SHOP_DOMAIN', 'SHOP_TOKEN'];\nfor (const name of names) {\n"
        "  if (process.env[name] !== undefined) env[name] = process.env[name];\n}\n"
        "if (!started) throw new Error('x');\n",
        [],
    ),
    "a client that reads its key itself": ("export const ai = new OpenAI();\n", ["OPENAI_API_KEY"]),
    "required in production": (
        'export const env = createEnv({\n  server: {\n    APP_ID:\n      process.env.NODE_ENV === "production"\n'
        "        ? z.string()\n        : z.string().optional(),\n    B: z.string().optional(),\n  },\n});\n",
        ["APP_ID"],
    ),
    "one of two": ("export const s = new Stripe(process.env.KEY_LIVE ?? process.env.APP_KEY ?? '');\n", ["APP_KEY"]),
    "a check that has a name": (
        "const maybe = z.string().optional();\nconst must = z.string();\n"
        "export const env = createEnv({\n  server: {\n    A: maybe,\n    B: imported,\n    APP_ID: must,\n  },\n});\n",
        ["APP_ID"],
    ),
    "a list in one text": ('export const origins = process.env.APP_ORIGINS!.split(",");\n', ["APP_ORIGINS"]),
    "a text of a constant in an object": (
        "const id = process.env.APP_ID;\n\nmodule.exports = {\n  key: process.env.APP_KEY || '',\n"
        "  title: `Of ${id\n    .replace('a', '')\n    .trim()}`,\n};\n",
        ["APP_ID"],
    ),
    "a text that may be missing": (
        "const id = process.env.APP_ID ?? '';\nconst key = process.env.APP_KEY;\n"
        "export const a = process.env.A?.split(',');\nexport const b = process.env.B ? process.env.B.trim() : '';\n"
        "export const c = {\n  d: key && key.trim(),\n  e: id.trim(),\n};\n",
        [],
    ),
    "a text in a function": (
        "export const a = () => process.env.A!.split(',');\n"
        "export default {\n  b() {\n    return process.env.B.trim();\n  },\n};\n",
        [],
    ),
    "a list that is not of variables": (
        "const methods = ['GET', 'POST'];\nif (!ok) throw new Error(process.env.A);\n",
        [],
    ),
    "a function that asks for a name": (
        "function must(name: string): string {\n  const value = process.env[name];\n  if (!value) {\n"
        "    throw new Error(`Missing ${name}`);\n  }\n  return value;\n}\n"
        'export const key = must("APP_KEY");\nexport const config = {\n  id: must("APP_ID"),\n};\n',
        ["APP_KEY", "APP_ID"],
    ),
    "an arrow that asks for a name": (
        "const must = (name: string): string => {\n  if (!process.env[name]) throw new Error(name);\n"
        "  return process.env[name]!;\n};\nexport const key = must('APP_KEY');\n",
        ["APP_KEY"],
    ),
    "a function that is called at once": (
        "function getEnv() {\n  const id = process.env.APP_ID;\n  if (!id || !process.env.APP_KEY) {\n"
        "    throw new Error('x');\n  }\n  if (id === 'a') {\n    if (!process.env.B) throw new Error('y');\n  }\n"
        "  return { id };\n}\nexport const env = getEnv();\n",
        ["APP_ID", "APP_KEY"],
    ),
    "a function that throws at its end": (
        "export const baseUrl = () => {\n  const url = process.env.BASE_URL?.trim();\n  if (url) return url;\n"
        '  throw new Error("Missing BASE_URL. Set BASE_URL in PRODUCTION_MODE.");\n};\nexport const url = baseUrl();\n',
        ["BASE_URL"],
    ),
    "a function that throws at its end, and has another value": (
        'export const baseUrl = () => {\n  const url = process.env.BASE_URL ?? "x";\n  if (url) return url;\n'
        '  throw new Error("Missing BASE_URL");\n};\nexport const url = baseUrl();\n',
        [],
    ),
    "a name that is asked for in a function": (
        "const must = (name: string) => {\n  const value = process.env[name];\n  if (!value) throw new Error(name);\n"
        "  return value;\n};\nexport const key = () => must('APP_KEY');\n"
        "export const id = process.env.APP_ID ? must('APP_ID') : null;\n",
        [],
    ),
    "a name that may be missing": (
        "function number(name: string) {\n  const value = process.env[name];\n  if (!value) return undefined;\n"
        "  if (isNaN(Number(value))) throw new Error(name);\n  return Number(value);\n}\n"
        "function other(name: string, must = false) {\n  const value = process.env[name];\n"
        "  if (!value && must) throw new Error(name);\n  return value;\n}\n"
        "export const a = number('APP_KEY');\nexport const b = other('APP_ID');\n",
        [],
    ),
    "in a function": ("export function get() {\n  return new Stripe(process.env.STRIPE_KEY!);\n}\n", []),
    "a check in a function": ("export function get() {\n  if (!process.env.APP_ID) throw new Error('x');\n}\n", []),
    "one that may be missing": ("export const redis = new Client({ url: process.env.APP_URL });\n", []),
    "one with a default": ('const port = process.env.APP_PORT ?? "3";\nif (!process.env.APP_ID) warn();\n', []),
    "one of another host": ("if (!process.env.VERCEL_URL) throw new Error('x');\n", []),
    "one of the browser": ("export const a = createClient(process.env.NEXT_PUBLIC_A!);\n", []),
}


@pytest.mark.parametrize("case", MODULES)
def test_what_a_module_stops_without_is_known(case: str, tmp_path: Path) -> None:
    code, names = MODULES[case]
    found = examine(write(tmp_path, {**nextjs(), "src/lib/clients.ts": code})).nextjs.variables
    assert [variable.name for variable in found] == names
    assert all(variable.file == "src/lib/clients.ts" and variable.stand_in for variable in found)


KEYS = {
    "a key in base64": (
        'const KEY = process.env.APP_KEY;\nif (!KEY) throw new Error("x");\nconst key = Buffer.from(KEY!, "base64");\n'
        'if (key.length !== 32) throw new Error("y");\n',
        "A" * 43 + "=",
    ),
    "a key in hexadecimal": (
        'if (!process.env.APP_KEY) throw new Error("x");\n'
        "const key = Buffer.from(process.env.APP_KEY as string, 'hex');\n",
        "0" * 64,
    ),
    "a key of a length": (
        'const key = process.env.APP_KEY!;\nif (!key || key.length !== 16) throw new Error("x");\n',
        "x" * 16,
    ),
    "a key of no sensible length": (
        'const key = process.env.APP_KEY;\nif (!key || key.length !== 99999999999) throw new Error("x");\n',
        "a-stand-in-for-the-build-of-more-than-32-characters",
    ),
    "a key of any length": (
        'const key = process.env.APP_KEY;\nif (!key) throw new Error("x");\nBuffer.from(other, "hex");\n',
        "a-stand-in-for-the-build-of-more-than-32-characters",
    ),
}


@pytest.mark.parametrize("case", KEYS)
def test_the_build_gets_a_key_that_its_module_takes(case: str, tmp_path: Path) -> None:
    code, value = KEYS[case]
    (found,) = examine(write(tmp_path, {**nextjs(), "src/lib/crypto.ts": code})).nextjs.variables
    assert (found.name, found.stand_in) == ("APP_KEY", value)


LOGINS: dict[str, tuple[dict[str, str], str, list[str]]] = {
    "Auth.js 5": ({"next-auth": "^5.0.0-beta.25"}, 'import NextAuth from "next-auth";\n', ["AUTH_SECRET"]),
    "Auth.js 5 by its tag": ({"next-auth": "beta"}, 'import NextAuth from "next-auth";\n', ["AUTH_SECRET"]),
    "NextAuth 4": ({"next-auth": "^4.24.7"}, 'import NextAuth from "next-auth";\n', ["NEXTAUTH_SECRET"]),
    "a name of its own": (
        {"next-auth": "^4.24.7"},
        'import NextAuth from "next-auth";\nexport default NextAuth({ secret: process.env.JWT_SECRET });\n',
        ["JWT_SECRET"],
    ),
    "a secret of something else": (
        {"better-auth": "1.7.0"},
        "hook({ secret: process.env.HOOK_SECRET });\n",
        ["BETTER_AUTH_SECRET"],
    ),
    "Clerk": ({"@clerk/nextjs": "^6"}, 'import { auth } from "@clerk/nextjs/server";\n', ["CLERK_SECRET_KEY"]),
    "Auth0 3": (
        {"@auth0/nextjs-auth0": "^3.8.0"},
        'import { handleAuth } from "@auth0/nextjs-auth0";\n',
        ["AUTH0_SECRET", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET", "AUTH0_ISSUER_BASE_URL"],
    ),
    "Auth0": (
        {"@auth0/nextjs-auth0": "4.30.0"},
        'import { handleAuth } from "@auth0/nextjs-auth0";\n',
        ["AUTH0_SECRET", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET", "AUTH0_DOMAIN"],
    ),
    "a library that no code imports": ({"@auth0/nextjs-auth0": "^3.5.0", "next-auth": "^4"}, "", []),
    "a library that a package beside may import": (
        {"@auth0/nextjs-auth0": "^4", "@acme/auth": "workspace:*"},
        "",
        ["AUTH0_SECRET", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET", "AUTH0_DOMAIN"],
    ),
    "stores of Vercel": (
        {"@vercel/kv": "3", "@vercel/blob": "2"},
        'import { put } from "@vercel/blob";\nimport { kv } from "@vercel/kv";\n',
        ["BLOB_READ_WRITE_TOKEN", "KV_REST_API_URL", "KV_REST_API_TOKEN"],
    ),
    "a store that may be missing": (
        {"@vercel/edge-config": "1", "@vercel/blob": "2"},
        'import { createClient } from "@vercel/edge-config";\nimport { put } from "@vercel/blob";\n'
        "export const flags = () => process.env.EDGE_CONFIG\n  ? createClient(process.env.EDGE_CONFIG) : {};\n",
        ["BLOB_READ_WRITE_TOKEN"],
    ),
    "a store that no code imports": ({"@vercel/kv": "3"}, 'import { a } from "@vercel/og";\n', []),
    "Redis of Upstash by its own names": (
        {"@upstash/redis": "^1.28.0"},
        'import { Redis } from "@upstash/redis";\nexport const kv = Redis.fromEnv();\n',
        ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"],
    ),
    "Redis of Upstash by other names": (
        {"@upstash/redis": "1.34.0"},
        'import { Redis } from "@upstash/redis";\nexport const kv = new Redis({\n  url: process.env.KV_REST_API_URL!,\n'
        "  token: process.env.KV_REST_API_TOKEN || 'none',\n});\n",
        ["KV_REST_API_URL"],
    ),
    "Redis of Upstash that warns": (
        {"@upstash/redis": "^1.35.0"},
        'import { Redis } from "@upstash/redis";\nexport const kv = Redis.fromEnv();\n',
        [],
    ),
    "Redis elsewhere": (
        {"ioredis": "^5"},
        'import Redis from "ioredis";\nexport const redis = new Redis({ host: process.env.REDIS_HOST });\n',
        [],
    ),
    "vectors of Upstash": (
        {"@upstash/vector": "^1.0.0"},
        'import { Index } from "@upstash/vector";\nconst index = new Index();\n',
        ["UPSTASH_VECTOR_REST_URL", "UPSTASH_VECTOR_REST_TOKEN"],
    ),
    "vectors of Upstash by other names": (
        {"@upstash/vector": "^1.2.0"},
        'import { Index } from "@upstash/vector";\nconst a = new Index({ url: process.env.V_URL, token: "x" });\n',
        ["V_URL"],
    ),
    "Inngest": (
        {"inngest": "^3.23.1"},
        'import { inngest } from "@/inngest";\nimport { serve } from "inngest/next";\n'
        'inngest.send({ name: "a" });\nexport const { GET, POST, PUT } = serve({ client: inngest });\n',
        ["INNGEST_EVENT_KEY", "INNGEST_SIGNING_KEY"],
    ),
    "Inngest by the clock alone": (
        {"inngest": "4.18.1"},
        'import { serve } from "inngest/next";\nexport const { GET, POST, PUT } = serve({ client });\n',
        ["INNGEST_SIGNING_KEY"],
    ),
    "Inngest by other names": (
        {"inngest": "4.18.1"},
        'import { Inngest } from "inngest";\nimport { serve } from "inngest/next";\n'
        "const inngest = new Inngest({ id: 'a', eventKey: key(), signingKey: key() });\ninngest.send({});\n"
        "serve({});\n",
        [],
    ),
    "messages of Upstash": (
        {"@upstash/qstash": "^2.8.3"},
        'import { verifySignatureAppRouter } from "@upstash/qstash/nextjs";\n'
        "export const POST = verifySignatureAppRouter(handler);\n",
        ["QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY"],
    ),
    "UploadThing": (
        {"uploadthing": "^7.7.4"},
        'import { createRouteHandler } from "uploadthing/next";\nexport const { GET } = createRouteHandler({ r });\n',
        ["UPLOADTHING_TOKEN"],
    ),
    "UploadThing of before": (
        {"uploadthing": "^6.13.0"},
        'import { createRouteHandler } from "uploadthing/next";\nexport const { GET } = createRouteHandler({ r });\n',
        [],
    ),
    "none": ({"iron-session": "8"}, "", []),
}


@pytest.mark.parametrize("case", LOGINS)
def test_what_a_library_for_logins_reads_is_known(case: str, tmp_path: Path) -> None:
    packages, code, names = LOGINS[case]
    found = examine(write(tmp_path, {**nextjs(dependencies=packages), "src/auth.ts": code})).nextjs.variables
    assert [variable.name for variable in found] == names


def test_an_app_below_the_packages_of_all_may_import_a_library_for_logins(tmp_path: Path) -> None:
    files = {**nextjs(dependencies={"next-auth": "^4"}), "apps/shop/auth.ts": 'import NextAuth from "next-auth";\n'}
    assert [one.name for one in examine(write(tmp_path, files)).nextjs.variables] == ["NEXTAUTH_SECRET"]


DRIVERS: dict[str, tuple[Files, str]] = {
    "imported": ({"lib/db.ts": 'import { Pool } from "pg";\n'}, "fly_managed"),
    "imported from a folder of its own": ({"backend/db.cjs": "const { Pool } = require('pg');\n"}, "fly_managed"),
    "a left-over": ({"lib/db.ts": "export const db = null;\n"}, "none"),
    "imported by what a copy wrote": ({"fly/database.mjs": 'import pg from "pg";\n'}, "none"),
}


@pytest.mark.parametrize("case", DRIVERS)
def test_a_driver_counts_where_a_file_imports_it(case: str, tmp_path: Path) -> None:
    files, database = DRIVERS[case]
    project = {**nextjs(dependencies={"pg": "^8"}), **files}
    assert examine(write(tmp_path, project)).nextjs.database_choice == database


@pytest.mark.parametrize(
    ("provider", "depends", "database"),
    [
        ("postgresql", True, "fly_managed"),
        ("mysql", True, "external"),
        ("sqlite", True, "sqlite"),
        ("postgresql", False, "none"),
    ],
)
def test_the_database_of_a_package_that_the_app_depends_on(
    provider: str, depends: bool, database: str, tmp_path: Path
) -> None:
    app = nextjs(dependencies={"@acme/db": "workspace:*"} if depends else {})
    files = {**below("apps/web", app), **WORKSPACE, "packages/db/package.json": ACME_DB}
    files["packages/db/prisma/schema.prisma"] = schema(provider)
    assert examine(write(tmp_path, files)).nextjs.database_choice == database


def test_no_script_outside_of_the_target_is_read(tmp_path: Path) -> None:
    (tmp_path / "setup.sh").write_text("git config a.b c\n")
    hooks = {"prepare": "sh ../setup.sh", "build": "next build"}
    assert [one.code for one in told(write(tmp_path / "shop", scripts(**hooks)))] == []
    inside = {**below("apps/web", scripts(prepare="sh ../../setup.sh")), "setup.sh": "git config a.b c\n"}
    assert "install-hook-git" in [one.code for one in told(write(tmp_path / "work", inside))]


def test_next_config_that_asks_the_database_is_told(tmp_path: Path) -> None:
    config = "export const sql = postgres(process.env.POSTGRES_URL!);\nexport default {\n  async redirects() {\n"
    config += "    return await sql`select 1`;\n  },\n};\n"
    found = told(write(tmp_path, {**nextjs(dependencies={"postgres": "^3"}), "next.config.ts": config}))
    assert ("pages-from-database", "next.config.ts", 4) in [(one.code, one.file, one.line) for one in found]


def test_a_random_secret_is_made_and_the_proxy_is_trusted(template: Path, tmp_path: Path) -> None:
    files = {**nextjs(dependencies={"next-auth": "5.0.0-beta.30"}), "auth.ts": 'import NextAuth from "next-auth";\n'}
    app = write(tmp_path / "shop", files)
    answers = copied(template, app)
    assert answers["extra_secrets"] == [{"name": "AUTH_SECRET", "how": "openssl rand -base64 32"}]
    assert answers["extra_env"] == {"AUTH_TRUST_HOST": "true"}
    assert 'AUTH_TRUST_HOST = "true"' in (app / "fly.toml").read_text()


@pytest.mark.parametrize("depends", [True, False])
def test_auth_js_in_a_package_of_the_workspace_is_known(depends: bool, tmp_path: Path) -> None:
    files = {
        "package.json": '{"workspaces": ["apps/*", "packages/*"]}',
        **below("apps/web", nextjs(dependencies={"@acme/auth": "workspace:*"} if depends else {})),
        "packages/auth/package.json": '{"name": "@acme/auth", "dependencies": {"next-auth": "5.0.0-beta.30"}}',
    }
    assert examine(write(tmp_path, files)).nextjs.auth_js == depends


WITH_CLERK = {
    **nextjs(dependencies={"@clerk/nextjs": "^6"}),
    "proxy.ts": 'export { clerkMiddleware as default } from "@clerk/nextjs/server";\n',
}


def test_a_secret_that_only_a_library_reads_says_so(template: Path, tmp_path: Path) -> None:
    [secret] = copied(template, write(tmp_path / "shop", WITH_CLERK))["extra_secrets"]
    assert secret["name"] == "CLERK_SECRET_KEY"
    assert "package.json" not in secret["how"]
    assert secret["how"].endswith("; a library of the app reads it")


def test_the_key_that_clerk_compiles_into_the_pages_is_told(tmp_path: Path) -> None:
    found = {one.code: str(one) for one in told(write(tmp_path, WITH_CLERK))}
    assert "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY" in found["variable-public-required"]


@pytest.mark.parametrize(
    "value", ["your_secret_key", "changeme", "<secret>", "http://localhost:3000", "postgres://a:b@127.0.0.1/x"]
)
def test_a_placeholder_in_a_committed_file_is_no_value(value: str, tmp_path: Path) -> None:
    files = {**nextjs(), "src/env.mjs": ENV, ".env": f"AUTH_SECRET={value}\nMAIL_FROM=a@shop.example\n"}
    assert [one.name for one in examine(write(tmp_path / "a", files)).nextjs.variables] == ["AUTH_SECRET"]
    files[".env.production"] = "AUTH_SECRET=aVeryLongValue\n"
    assert examine(write(tmp_path / "b", files)).nextjs.variables == ()


@pytest.mark.parametrize(
    ("upload", "packages", "is_told"),
    [
        ("upload: true", (), True),
        ("upload: {\n    staticDir: 'media',\n  }", (), True),
        ("upload: { disableLocalStorage: true }", (), False),
        ("upload: true", ("@payloadcms/storage-s3",), False),
        ("fields: [{ type: 'upload', relationTo: 'media' }]", (), False),
    ],
)
def test_uploads_of_payload_are_told(upload: str, packages: tuple[str, ...], is_told: bool, tmp_path: Path) -> None:
    files = nextjs(dependencies={"payload": "3.1.0", **dict.fromkeys(packages, "3.1.0")})
    files["src/collections/Media.ts"] = f"export const Media = {{\n  slug: 'media',\n  {upload},\n}};\n"
    found = [f"{one.file}:{one.line}" for one in told(write(tmp_path, files)) if one.code == "writes-beside-code"]
    assert found == (["src/collections/Media.ts:3"] if is_told else [])


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("export default buildConfig({\n  secret: process.env.PAYLOAD_SECRET || '',\n})", ["PAYLOAD_SECRET"]),
        ("export default buildConfig({ db: a({ url: 'x' }), secret: process.env.CMS_KEY! })", ["CMS_KEY"]),
        ("export default buildConfig({ collections: [] })", []),
    ],
)
def test_the_secret_of_payload_is_known(code: str, names: list[str], tmp_path: Path) -> None:
    files = {**nextjs(dependencies={"payload": "3.1.0"}), "src/payload.config.ts": code}
    assert [one.name for one in examine(write(tmp_path, files)).nextjs.variables] == names


@pytest.mark.parametrize(
    ("name", "app"),
    [("CHANGE_ME_APP", "change-me-app"), ("My Shop", "my-shop"), ("@Acme/Shop", "acme-shop"), ("", "here")],
)
def test_a_name_that_is_not_possible_is_made_possible(name: str, app: str, template: Path, tmp_path: Path) -> None:
    assert copied(template, write(tmp_path / "here", nextjs(name)))["fly_app"] == app


def test_what_next_config_stops_without_is_known(tmp_path: Path) -> None:
    code = "export default () => {\n  if (!process.env.CMS_TOKEN) {\n    throw new Error('x');\n  }\n  return {};\n};\n"
    [found] = examine(write(tmp_path, {**nextjs(), "next.config.mjs": code})).nextjs.variables
    assert (found.name, found.file, found.line) == ("CMS_TOKEN", "next.config.mjs", 2)


ADDRESSES: dict[str, tuple[str, str, list[str]]] = {
    "another name": ("pg", "new Pool({ connectionString: process.env.POSTGRES_URL });\n", ["POSTGRES_URL"]),
    "the same name": ("pg", "new Pool({ connectionString: process.env.DATABASE_URL });\n", []),
    "another name by a schema": ("pg", "new Pool({ connectionString: env.POSTGRES_URL });\n", ["POSTGRES_URL"]),
    "a schema that is called otherwise": (
        "pg",
        "const config = z.object({\n  POSTGRES_URL: z.string(),\n  LOG_URL: z.string(),\n}).parse(process.env);\n"
        "new Pool({ connectionString: config.POSTGRES_URL });\n",
        ["POSTGRES_URL"],
    ),
    "the usual name in a schema": (
        "pg",
        "const config = z.object({\n  DATABASE_URL: z.string(),\n  PG_URL: z.string(),\n}).parse(process.env);\n",
        [],
    ),
    "both": ("postgres", "postgres(process.env.POSTGRES_URL ?? process.env.DATABASE_URL!);\n", []),
    "what a package reads": ("@vercel/postgres", "export const all = () => sql`select 1`;\n", ["POSTGRES_URL"]),
    "that of the tests": ("pg", "new Pool({ connectionString: process.env.TEST_DATABASE_URL });\n", []),
    "another server": ("mysql2", "createPool(process.env.DB_URL!);\n", []),
}


@pytest.mark.parametrize("case", ADDRESSES)
def test_another_name_of_the_databases_address_is_known(case: str, tmp_path: Path) -> None:
    driver, code, names = ADDRESSES[case]
    found = examine(write(tmp_path, {**nextjs(dependencies={driver: "^1"}), "app/lib/data.ts": code})).nextjs
    assert [variable.name for variable in found.database_variables] == names


def test_what_the_schema_names_needs_no_other_name(tmp_path: Path) -> None:
    code = "export const pool = new Pool({ connectionString: process.env.REPORTS_DATABASE_URL });\n"
    found = examine(write(tmp_path, {**prisma("postgresql"), "lib/db.ts": code})).nextjs
    assert found.database_variables == ()


BUILDS: dict[str, tuple[dict[str, str], str]] = {
    "a file that migrates": ({"build": "tsx lib/db/migrate && next build --turbo"}, "next build --turbo"),
    "a file with an ending": ({"build": "node --import=tsx scripts/migrate.mjs; next build"}, "next build"),
    "a script that migrates": (
        {"build": "npm run up && next build", "up": "prisma migrate deploy && prisma db seed"},
        "next build",
    ),
    "a script that builds too": (
        {"build": "pnpm build:all", "build:all": "NODE_ENV=production prisma migrate deploy && next build"},
        "next build",
    ),
    "hooks": (
        {"prebuild": "prisma migrate deploy && prisma generate", "build": "next build", "postbuild": "next-sitemap"},
        "prisma generate && next build && next-sitemap",
    ),
    "a migration that may fail": (
        {"build": "(prisma migrate deploy || true) && prisma generate && next build"},
        "prisma generate && next build",
    ),
    "one after the other": (
        {"build": "run-s db:up build:next", "db:up": "dotenv -- drizzle-kit migrate", "build:next": "next build"},
        "npm run build:next",
    ),
    "a check of the database": (
        {
            "build": "npm-run-all gen check-db build-app",
            "check-db": "node scripts/check-db.js",
            "gen": "prisma generate",
        },
        "npm run gen && npm run build-app",
    ),
    "all at once": ({"build": "run-p db:migrate build:next", "build:next": "next build"}, ""),
    "one after the other with a pattern": ({"build": "run-s db:migrate build:*", "build:next": "next build"}, ""),
    "all in quotes": ({"build": "bash -c 'prisma migrate deploy && next build'"}, ""),
    "an if": ({"build": "if [ $CI ]; then prisma migrate deploy; fi; next build"}, ""),
    "nothing of a database": ({"prebuild": "npm run codegen", "build": "next build", "codegen": "graphql-codegen"}, ""),
    "a file of a like name": ({"build": "node scripts/seed-colours.mjs && next build"}, ""),
    "a build that removes its cache": (
        {"build": "rimraf dist/ && rimraf .next/ && next build"},
        "rimraf dist/ && next build",
    ),
    "a script that removes it": ({"clean": "rm -rf .next out", "build": "npm run clean && next build"}, "next build"),
    "a hook that removes it": ({"prebuild": "rm -fr ./.next/*", "build": "next build"}, "next build"),
    "a file of many words": ({"build": "tsx ./scripts/run-migrations.ts && next build"}, "next build"),
}


@pytest.mark.parametrize("case", BUILDS)
def test_a_build_is_without_what_an_image_build_cannot_do(case: str, tmp_path: Path) -> None:
    lines, command = BUILDS[case]
    assert (examine(write(tmp_path, nextjs(scripts=lines))).nextjs.build_command or "") == command


BETTER = nextjs(dependencies={"better-sqlite3": "^12", "drizzle-orm": "^0.45.0"})
SQLITE: dict[str, tuple[Files, dict[str, str]]] = {
    "prisma": (prisma("sqlite"), {"database_env": "DATABASE_URL", "database_file": "file:/data/web_shop.db"}),
    "drizzle with better-sqlite3": (
        {**BETTER, "src/db/index.ts": "drizzle(new Database(process.env.DB_FILE_NAME!));\n"},
        {"database_env": "DB_FILE_NAME", "database_file": "/data/web_shop.db", "sqlite_replica": "litestream"},
    ),
    "drizzle with libsql": (
        {
            **LIBSQL,
            "drizzle.config.ts": "const url = process.env['SQLITE_URL'];\nexport default { dialect: 'sqlite', url };\n",
        },
        {"database_env": "SQLITE_URL", "database_file": "file:/data/web_shop.db", "sqlite_replica": "none"},
    ),
    "drizzle with libsql that waits for a lock": (
        {**LIBSQL, "src/db.ts": PATIENT},
        {"database_env": "DB_URL", "sqlite_replica": "litestream"},
    ),
    "a volume, and no variable": (
        {**BETTER, "fly.toml": 'app = "x"\n[[mounts]]\nsource = "name"\ndestination = "/mnt/name/"\n'},
        {"database_file": "/mnt/name/web_shop.db", "volume": "name"},
    ),
    "a volume where none can be": (
        {**BETTER, "fly.toml": 'app = "x"\n[mounts]\nsource = "name"\ndestination = "/app/priv"\n'},
        {"database_file": "/data/web_shop.db"},
    ),
    "what fly launch gave it": (
        {
            **BETTER,
            "fly.toml": 'app = "x"\n[env]\nDATABASE_PATH = "/mnt/name/name.db"\n[[mounts]]\nsource = "name"\n'
            'destination = "/mnt/name"\n',
        },
        {"database_env": "DATABASE_PATH", "database_file": "/mnt/name/name.db", "volume": "name"},
    ),
}


@pytest.mark.parametrize("case", SQLITE)
def test_an_app_on_sqlite_is_given_its_volume(case: str, template: Path, tmp_path: Path) -> None:
    files, expected = SQLITE[case]
    folder = write(tmp_path / "shop", files)
    run_copy(str(template), folder, defaults=True, unsafe=True, quiet=True, skip_tasks=True, overwrite=True)
    answers = yaml.safe_load((folder / ".copier-answers.yml").read_text())
    assert answers["database"] == "sqlite"
    assert {name: answers[name] for name in expected} == expected
    assert answers["extra_env"] == {}
    assert answers["extra_secrets"] == []


def test_an_app_on_mysql_is_given_no_postgres(template: Path, tmp_path: Path) -> None:
    answers = copied(template, write(tmp_path / "shop", prisma("mysql", "MYSQL_URL")))
    assert [answers[name] for name in ("database", "database_engine", "database_env")] == [
        "external",
        "mysql",
        "MYSQL_URL",
    ]
    assert answers["extra_secrets"] == []


def test_of_several_apps_none_is_chosen_where_nobody_is_asked(template: Path, tmp_path: Path) -> None:
    app = write(tmp_path / "shop", {**below("backend", phoenix()), **below("frontend", nextjs())})
    before = sorted(app.rglob("*"))
    with pytest.raises(UserMessageError, match=r"backend, frontend\. Say which one: -d app_dir=backend\."):
        copied(template, app)
    assert sorted(app.rglob("*")) == before
    assert copied(template, app, app_dir="frontend")["stack"] == "nextjs"


@pytest.mark.parametrize("folder", ["examples/shop", "a/b/c/d/shop"])
def test_an_app_is_found_in_any_folder_that_the_command_names(folder: str, template: Path, tmp_path: Path) -> None:
    """Also where none is looked for, in a project of another kind."""
    app = write(tmp_path / "app", {**below(folder, nextjs()), "package.json": '{"private": true}\n'})
    with pytest.raises(UserMessageError, match=r"no Phoenix or Next\.js app was found"):
        copied(template, app)
    assert copied(template, app, app_dir=folder)["stack"] == "nextjs"


def test_what_vercel_starts_by_the_clock_is_answered(template: Path, tmp_path: Path) -> None:
    crons = [
        {"path": "/api/cron/digest", "schedule": "0 3 * * *"},
        {"path": "/api/sync?full=1&now=1", "schedule": "*/10 * * * *"},
        {"path": "/", "schedule": "0 0 1 * *"},
        {"schedule": "0 0 1 * *"},
    ]
    app = write(tmp_path / "shop", {**nextjs(), "vercel.json": json.dumps({"crons": crons})})
    assert copied(template, app)["schedules"] == [
        {"name": "digest", "cron": "0 3 * * *", "command": "node /call.mjs /api/cron/digest"},
        {"name": "sync", "cron": "*/10 * * * *", "command": "node /call.mjs '/api/sync?full=1&now=1'"},
        {"name": "call", "cron": "0 0 1 * *", "command": "node /call.mjs /"},
    ]
    assert "\nCRON_SECRET\topenssl rand -hex 32\n" in (app / "ops/settings.sh").read_text()
    assert (app / "fly/crontab").read_text().splitlines()[2:] == [
        "CRON_TZ=UTC",
        "0 3 * * * sh /etc/schedule.sh digest node /call.mjs /api/cron/digest",
        "*/10 * * * * sh /etc/schedule.sh sync node /call.mjs '/api/sync?full=1&now=1'",
        "0 0 1 * * sh /etc/schedule.sh call node /call.mjs /",
    ]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"crons": 5}', '{"crons": [5, {"path": 1, "schedule": "x"}]}'])
def test_a_file_of_vercel_without_any_is_none(text: str, template: Path, tmp_path: Path) -> None:
    app = write(tmp_path / "shop", {**nextjs(), "vercel.json": text})
    assert [warning.code for warning in told(app)] == []
    assert examine(app).schedules == ()
