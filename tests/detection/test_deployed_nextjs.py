"""What of a Next.js project the image here would lack: on projects that have it, on siblings, on ones that do not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import run_copy

from copier_fly.detect import dockerfile
from copier_fly.detect.examine import examine
from tests.detection.projects import Files, below, nextjs, package_json, told, write
from tests.detection.test_survey_nextjs import prisma

SQLITE = {"better-sqlite3": "^12", "drizzle-orm": "^0.45.0"}
LIBSQL = {"@libsql/client": "^0.18.0", "drizzle-orm": "^0.45.0"}
WRITES = 'import fs from "node:fs";\nexport const keep = (name: string, text: string) => fs.writeFileSync({0}, text);\n'
STANDALONE = (
    "FROM node:24-slim AS build\nRUN npm run build\nFROM node:24-slim\nCOPY --from=build /app/.next/standalone ./\n"
)
ALL = "const a = process.env.DATABASE_URL;\nexport async function getAll() {\n  return await db.query(1);\n}\n"
BY_NAME = (
    "export function must(name: string): string {\n  const value = process.env[name];\n  if (!value) {\n"
    "    throw new Error(name);\n  }\n  return value;\n}\n"
)
OF_A_SCHEMA = (
    "export const env = createEnv({{\n  server: {{\n    API_URL: z\n      .string()\n      .url()\n"
    "      .default('{}'),\n    DEBUG: z.string().optional(),\n  }},\n  experimental__runtimeEnv: process.env,\n}});\n"
)
SITEMAP = "export default async function sitemap() {\n  return await pool.query('x');\n}\n"
HANDLER = "export async function GET() {\n  return Response.json(await db.query(1));\n}\n"
PAGE = "export default async function Page() {\n  const all = await getAll();\n  return <p>{all.length}</p>;\n}\n"


def handler(code: str, version: str = "^14.2.0", file: str = "app/api/all/route.ts") -> Files:
    """An app of this version of Next.js with a database and a handler."""
    db = "export const pool = new Pool({ connectionString: process.env.DATABASE_URL });\n"
    return {**nextjs(dependencies={"next": version, "pg": "^8"}), "lib/db.ts": db, file: code}


def own(lines: str) -> Files:
    return {**nextjs(), "Dockerfile": f"FROM node:24-slim\n{lines}\n"}


def config(text: str, **more: Any) -> Files:
    return {**{name: one for name, one in nextjs(**more).items() if "next.config" not in name}, "next.config.mjs": text}


def linked(main: str = "dist/index.js", **scripts: str) -> Files:
    manifest = {"name": "@acme/shared", "main": main, "scripts": scripts}
    app = below("client", nextjs(dependencies={"@acme/shared": "file:../shared"}))
    return {**app, "client/package-lock.json": "{}", "shared/package.json": json.dumps(manifest)}


IN_PARTS = {
    "package.json": '{"workspaces": ["packages/*", "apps/*"]}',
    "package-lock.json": "{}",
    "packages/core/package.json": json.dumps(
        {
            "name": "core",
            "exports": {
                ".": {"types": "./dist/index.d.ts", "default": "./dist/index.js"},
                **{f"./{part}": {"default": f"./dist/{part}.js"} for part in ("schema", "jobs")},
            },
            "scripts": {"build": "tsc"},
        }
    ),
    "packages/core/dist/index.js": "",
    "packages/core/dist/schema.js": "",
    **below("apps/web", nextjs(dependencies={"core": "*"})),
}
PACKAGE_OF_FILES = {
    "package.json": '{"workspaces": ["apps/*", "packages/*"]}',
    "turbo.json": "{}",
    "packages/store/package.json": '{"name": "store", "main": "index.ts"}',
    **below("apps/web", nextjs(dependencies={"store": "*"})),
    "apps/web/lib/store.ts": 'export { keep } from "store";\n',
}
CMS = 'import Cms from "cms";\nexport const cms = new Cms({ token: process.env.CMS_TOKEN ?? `none` });\n'
PRICES = "export async function getPrices() {\n  const all = await cms.prices.list({});\n  return all.data;\n}\n"
PRICING = (
    "import { getPrices } from '@/lib/cms';\nexport default async function Page() {\n"
    "  const [prices] = await Promise.all([getPrices()]);\n}\n"
)


def beside(place: str, start: str, **more: Any) -> Files:
    """An app, and a program in another folder of its repository."""
    manifest = {"name": "other", "scripts": {"start": start}, **more}
    return {
        "package.json": '{"workspaces": ["apps/*", "packages/*"]}',
        "turbo.json": "{}",
        f"{place}/package.json": json.dumps(manifest),
        **below("apps/web", nextjs()),
    }


CASES: dict[str, tuple[Files, str, list[str]]] = {
    "a rewrite to the machine itself": (
        config(
            "export default { rewrites: () => [{ source: '/api/:p*', destination: 'http://localhost:5003/:p*' }] };\n"
        ),
        "next.config.mjs rewrite-to-localhost",
        ["on to http://localhost:5003.", "app of its own"],
    ),
    "a rewrite to a port of the machine": (
        config("export default { redirects: [{ destination: `http://127.0.0.1:8000/${path}` }] };\n"),
        "next.config.mjs rewrite-to-localhost",
        ["http://127.0.0.1:8000"],
    ),
    "a worker in another package": (
        beside("apps/worker", "node src/index.mjs"),
        "apps/worker/package.json program-beside",
        ["apps/worker (`node src/index.mjs`)", "app of its own", "answer workers"],
    ),
    "an API in another package": (
        beside("packages/shop-api", "NODE_ENV=production tsx src/main.ts"),
        "packages/shop-api/package.json program-beside",
        ["packages/shop-api", "extra_env"],
    ),
    "a server that starts the app": (
        beside("apps/server", "node server.js", dependencies={"next": "16.0.0"}),
        "apps/server/package.json program-beside",
        ["apps/server (`node server.js`)"],
    ),
    "a server beside an app without a workspace": (
        {**below("client", nextjs()), "server/package.json": '{"scripts": {"start:prod": "nest start"}}'},
        "server/package.json program-beside",
        ["server (`nest start`)"],
    ),
    "a browser": (
        {
            **nextjs(dependencies={"puppeteer-core": "^24", "@sparticuz/chromium": "^140"}),
            "app/api/pdf/route.ts": 'import p from "puppeteer-core";\n\nconst browser = await p.launch({});\n',
        },
        "app/api/pdf/route.ts browser-not-there",
        ["(puppeteer-core)", "docs/fly/nextjs.md"],
    ),
    "a browser that is loaded late": (
        {
            **nextjs(dependencies={"playwright": "^1"}),
            "lib/shot.ts": 'const { chromium } = await import("playwright");\n'
            "await chromium.launchPersistentContext(a);\n",
        },
        "lib/shot.ts browser-not-there",
        ["(playwright)"],
    ),
    "a program that a package runs": (
        {**nextjs(dependencies={"fluent-ffmpeg": "^2"}), "lib/video.ts": 'import ffmpeg from "fluent-ffmpeg";\n'},
        "lib/video.ts program-not-there",
        ["runs ffmpeg (fluent-ffmpeg)."],
    ),
    "programs that the code runs": (
        {
            **nextjs(),
            "app/api/backup/route.ts": 'import { execFile } from "node:child_process";\n'
            'execFile("pg_dump", []);\nexecFile("pandoc");\n',
        },
        "app/api/backup/route.ts program-not-there",
        ["runs pg_dump, pandoc."],
    ),
    "files that a package of the workspace writes": (
        {**PACKAGE_OF_FILES, "packages/store/index.ts": WRITES.replace("{0}", "join(process.cwd(), '../../data')")},
        "packages/store/index.ts writes-beside-code",
        ["belongs to root"],
    ),
    "files of a module that is called config": (
        {**nextjs(), "src/utils/config/config.js": WRITES.replace("{0}", "join(process.cwd(), 'config', name)")},
        "src/utils/config/config.js writes-beside-code",
        ["belongs to root"],
    ),
    "an entrypoint of its own with a usual name": (
        own(
            'COPY docker-entrypoint.sh /usr/local/bin/\nENTRYPOINT ["docker-entrypoint.sh"]\nCMD ["node", "server.js"]'
        ),
        "Dockerfile own-start",
        ["`docker-entrypoint.sh node server.js`"],
    ),
    "a server that was compiled": (
        own('CMD ["node", "dist/server.js"]'),
        "Dockerfile own-start",
        ["`node dist/server.js`"],
    ),
    "Python that is run": (
        own("RUN apk add --no-cache python3 make py3-pip"),
        "Dockerfile own-image-packages",
        ["python3, py3-pip (names of Alpine)"],
    ),
    "a page that asks a service": (
        {
            **nextjs(),
            "lib/cms.ts": CMS + PRICES,
            "app/pricing/page.tsx": PRICING,
        },
        "lib/cms.ts pages-from-service",
        ["The page app/pricing/page.tsx asks a service (`cms`)", "CMS_TOKEN to build_secrets"],
    ),
    "a page that asks Upstash, whose client makes it wait": (
        {
            **nextjs(dependencies={"@upstash/redis": "^1"}),
            "lib/cms.ts": 'import "@upstash/redis";\nexport const cms = new Redis({ token: process.env.A || `a` });\n'
            + PRICES,
            "app/page.tsx": PRICING,
        },
        "package.json redis-at-upstash",
        ["UPSTASH_REDIS_REST_URL"],
    ),
    "a page that asks a service by a public key": (
        {
            **nextjs(),
            "lib/cms.ts": CMS.replace("CMS_TOKEN", "NEXT_PUBLIC_CMS_KEY") + PRICES,
            "app/page.tsx": PRICING,
        },
        "lib/cms.ts variable-public",
        ["NEXT_PUBLIC_CMS_KEY"],
    ),
    "a page made in parts that asks a service": (
        {
            **config("export default { experimental: { ppr: true } };\n"),
            "lib/cms.ts": CMS + PRICES,
            "app/layout.tsx": "export default async () => {\n  await headers();\n};\n",
            "app/page.tsx": PRICING,
        },
        "lib/cms.ts pages-from-service",
        ["The page app/page.tsx"],
    ),
    "SQLite of an ORM for several": (
        {
            **nextjs(dependencies={"typeorm": "^0.3", "sqlite3": "^5"}),
            "server/datasource.ts": "new DataSource({\n  type: 'sqlite',\n  database: process.env.DIR\n"
            "    ? `${process.env.DIR}/db.sqlite3`\n    : 'config/db.sqlite3',\n});\n",
        },
        "server/datasource.ts sqlite-fixed-file",
        ["'config/db.sqlite3'", "DATABASE_PATH"],
    ),
    "SQLite of knex": (
        {
            **nextjs(dependencies={"knex": "^3", "sqlite3": "^5"}),
            "lib/db.js": "knex({ client: 'sqlite3', connection: { filename: './shop.sqlite3' } });\n",
        },
        "lib/db.js sqlite-fixed-file",
        ["filename: './shop.sqlite3'"],
    ),
    "SQLite in memory for tests alone": (
        {
            **nextjs(dependencies=SQLITE),
            "lib/db.ts": "export const db = new Database(open());\n"
            "export const forTests = () => new Database(':memory:');\n",
        },
        "package.json sqlite-unknown-file",
        ["no code was found that takes its file from a variable"],
    ),
    "SQLite beside a copy of it": (
        {
            **nextjs(dependencies=SQLITE),
            "lib/backup.ts": "import 'better-sqlite3';\nconst to = path.join(path.dirname(dbPath), 'copy.sqlite');\n",
            "lib/db.spec.ts": "import 'better-sqlite3';\nnew Database(join(folder, 'test.db'));\n",
        },
        "package.json sqlite-unknown-file",
        ["process.env.DATABASE_PATH"],
    ),
    "a package of an Nx workspace that is built first": (
        {
            "package.json": '{"workspaces": ["packages/*"]}',
            "yarn.lock": "",
            "nx.json": "{}",
            "packages/core/package.json": '{"name": "core", "scripts": {"build": "x"}}',
            **below("packages/web", nextjs(dependencies={"core": "*"})),
            "packages/web/lib/a.ts": 'import { a } from "core/dist/a";\n',
        },
        "packages/web/package.json package-built-first",
        ["core in packages/core", "(dist/a)"],
    ),
    "an extension that Managed Postgres lacks": (
        {
            **nextjs(dependencies={"prisma": "^6", "@prisma/client": "^6"}),
            "prisma/schema.prisma": 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n',
            "prisma/migrations/1_jobs/migration.sql": "DO $$ BEGIN\n  CREATE EXTENSION pg_cron;\nEND $$;\n",
        },
        "prisma/migrations/1_jobs/migration.sql extension-missing",
        ["the extension pg_cron", "the release command fails", "-d database=external"],
    ),
    "an extension that is enabled first": (
        {
            **nextjs(dependencies={"drizzle-orm": "^0.45.0", "pg": "^8"}),
            "drizzle.config.ts": "export default { dialect: 'postgresql', url: process.env.DATABASE_URL };\n",
            "drizzle/0000_a.sql": 'create extension if not exists "vector";\n',
            "drizzle/0001_b.sql": "CREATE EXTENSION IF NOT EXISTS vector;\n",
        },
        "drizzle/0000_a.sql extension-enabled-first",
        ["the extension vector", "fly mpg databases extensions enable vector"],
    ),
    "a type of an extension that no migration makes": (
        {
            **nextjs(dependencies={"drizzle-orm": "^0.45.0", "pg": "^8"}),
            "drizzle.config.ts": "export default { dialect: 'postgresql', url: process.env.DATABASE_URL };\n",
            "drizzle/0000_a.sql": "-- CREATE EXTENSION citext;\nCREATE TABLE users (\n  email CITEXT NOT NULL\n);\n",
        },
        "drizzle/0000_a.sql extension-not-made",
        ["uses citext", 'CREATE EXTENSION IF NOT EXISTS "citext"'],
    ),
    "a function that no migration makes": (
        {
            **nextjs(dependencies={"drizzle-orm": "^0.45.0", "@neondatabase/serverless": "^1"}),
            "drizzle.config.ts": "export default { dialect: 'postgresql', url: process.env.DATABASE_URL };\n",
            "drizzle/0000_a.sql": 'CREATE TABLE "club" (\n  "id" text PRIMARY KEY DEFAULT nanoid(20)\n);\n',
        },
        "drizzle/0000_a.sql function-not-made",
        ["nanoid()"],
    ),
    "a function of PostgreSQL 18 in a migration": (
        {
            **nextjs(dependencies={"drizzle-orm": "^0.45.0", "pg": "^8"}),
            "drizzle.config.ts": "export default { dialect: 'postgresql', url: process.env.DATABASE_URL };\n",
            "drizzle/0000_a.sql": 'CREATE TABLE "club" (\n  "id" uuid PRIMARY KEY DEFAULT uuidv7()\n);\n',
        },
        "drizzle/0000_a.sql function-of-newer-postgres",
        ["uuidv7()"],
    ),
    "a script starts it": (
        own('COPY . .\nENTRYPOINT ["/app/docker/boot.sh"]\nCMD ["node", "server.js"]'),
        "Dockerfile own-start",
        ["`/app/docker/boot.sh node server.js`", "nothing else. What else it does goes into the answer workers"],
    ),
    "a script starts it, where a deploy migrates": (
        {**prisma("postgresql"), "Dockerfile": 'FROM node:24-slim\nCMD ["/app/docker/boot.sh"]\n'},
        "Dockerfile own-start",
        ["A migration runs before each deploy instead (release_command in fly.toml). What else"],
    ),
    "a script starts it, where the volume is": (
        {
            **prisma("sqlite"),
            "lib/db.ts": "export const file = process.env.DATABASE_URL;\n",
            "Dockerfile": 'FROM node:24-slim\nCMD ["/app/docker/boot.sh"]\n',
        },
        "Dockerfile own-start",
        ["Migrations run where the app runs, before it starts. What else"],
    ),
    "a migration starts it, which no deploy runs": (
        own("CMD npx payload migrate && node server.js"),
        "Dockerfile own-start",
        ["No deploy runs migrations (answer migration_command). What else"],
    ),
    "two commands start it": (
        own("CMD prisma migrate deploy && node server.js"),
        "Dockerfile own-start",
        ["`prisma migrate deploy && node server.js`"],
    ),
    "a script of package.json starts it": (
        {
            **nextjs(scripts={"build": "next build", "start": "next start", "start:all": "concurrently a b"}),
            "Dockerfile": 'FROM node:24-slim\nCMD ["npm", "run", "start:all"]\n',
        },
        "Dockerfile own-start",
        ["`npm run start:all`"],
    ),
    "a release phase": (
        {**nextjs(scripts={"build": "next build", "up": "knex migrate:latest"}), "Procfile": "release: npm run up\n"},
        "Procfile release-phase",
        ["`knex migrate:latest`", "before each deploy"],
    ),
    "a script start that is a server of its own": (
        {
            **nextjs(scripts={"build": "next build", "start": "node server/index.js"}),
            "Dockerfile": 'FROM node:24-slim\nCMD ["npm", "run", "start"]\n',
        },
        "package.json own-server",
        ["`node server/index.js`"],
    ),
    "a release phase for a schema that is not here": (
        {**nextjs(), "Procfile": "release: npx prisma migrate deploy --schema ../db\n"},
        "Procfile release-phase",
        ["`npx prisma migrate deploy --schema ../db`"],
    ),
    "a variable that is asked for anyway": (
        {**own("ENV CMS_TOKEN=none"), "lib/cms.ts": "export const cms = new Cms(process.env.CMS_TOKEN!);\n"},
        "lib/cms.ts variable-in-schema",
        ["stops without CMS_TOKEN"],
    ),
    "a release phase beside migrations that are run": (
        {
            **nextjs(scripts={"build": "next build", "migrate": "knex migrate:latest"}, dependencies={"knex": "^3"}),
            "heroku.yml": "release:\n  command:\n    - npm run migrate\n    - node seed.js\n",
        },
        "heroku.yml release-phase",
        ["`npm run migrate && node seed.js`"],
    ),
    "a release phase of the app": (
        below("web", {**nextjs(), "Procfile": "web: npm start\nrelease: node tasks/release.js\n"}),
        "web/Procfile release-phase",
        ["`node tasks/release.js`"],
    ),
    "variables of its image": (
        own("ENV NODE_ENV=production PORT=3000\nENV NODE_OPTIONS=--max-http-header-size=65536 SEARCH_URL='http://s:1'"),
        "Dockerfile own-image-env",
        ["NODE_OPTIONS, SEARCH_URL", "extra_env"],
    ),
    "variables of the stage below": (
        {
            **nextjs(),
            "Dockerfile": "FROM node:24-slim AS base\nENV DATA_DIR /data\nFROM base AS run\nCMD node server.js\n",
        },
        "Dockerfile own-image-env",
        ["DATA_DIR"],
    ),
    "files beside the standalone output": (
        {**nextjs(), "Dockerfile": f"{STANDALONE}COPY --from=build /app/emails ./emails\n", "emails/a.txt": "x\n"},
        "Dockerfile own-image-files",
        ["copies emails into", "outputFileTracingIncludes"],
    ),
    "files by a pattern": (
        {**nextjs(), "Dockerfile": f'{STANDALONE}COPY ["schema/*.graphqls", "/app/schema/"]\n'},
        "Dockerfile own-image-files",
        ["schema/*.graphqls"],
    ),
    "peers that do not fit, in a Dockerfile": (
        {**own("COPY . .\nRUN npm ci --legacy-peer-deps"), "package-lock.json": "{}"},
        "Dockerfile install-flags",
        ["--legacy-peer-deps here", "Write legacy-peer-deps=true into .npmrc"],
    ),
    "peers that do not fit, on a host": (
        {**nextjs(), "package-lock.json": "{}", "vercel.json": '{"installCommand": "npm install --force"}\n'},
        "vercel.json install-flags",
        ["force=true"],
    ),
    "peers that do not fit, in a workflow": (
        {
            **nextjs(),
            "package-lock.json": "{}",
            ".github/workflows/ci.yml": "steps:\n  - run: npm i --legacy-peer-deps\n",
        },
        ".github/workflows/ci.yml install-flags",
        ["npm stops"],
    ),
    "a package outside of the repository": (
        nextjs(dependencies={"@acme/ui": "link:../ui"}),
        "package.json package-outside",
        ["@acme/ui is in ../ui,"],
    ),
    "a package that is built first": (
        linked(build="tsc"),
        "client/package.json package-built-first",
        ["@acme/shared in shared", "(dist/index.js)"],
    ),
    "a package of an npm workspace that is built first": (
        {
            "package.json": '{"workspaces": ["packages/*", "apps/*"]}',
            "package-lock.json": "{}",
            "packages/core/package.json": '{"name": "core", "exports": {".": {"import": "./lib/a.mjs"}},'
            '"scripts": {"build": "x"}}',
            **below("apps/web", nextjs(dependencies={"core": "*"})),
        },
        "apps/web/package.json package-built-first",
        ["(./lib/a.mjs)"],
    ),
    "a package of which git has a part": (
        {**IN_PARTS, "apps/web/lib/a.ts": "import { a } from 'core/jobs';\n"},
        "apps/web/package.json package-built-first",
        ["(./dist/jobs.js)"],
    ),
    "git in next.config": (
        config(
            'import { execSync } from "child_process";\nconst sha = execSync("git rev-parse HEAD");\n'
            "export default {};\n"
        ),
        "next.config.mjs program-at-build",
        ["calls git", "has no git"],
    ),
    "curl in a file of the build": (
        {
            **nextjs(scripts={"build": "next build && node ./scripts/fonts.mjs"}),
            "scripts/fonts.mjs": 'import { exec } from "child_process";\nconst c = `curl ${url} -o a`;\nexec(c);\n',
        },
        "scripts/fonts.mjs program-at-build",
        ["calls curl"],
    ),
    "redirects of a CMS": (
        config("export default {\n  async redirects() {\n    return await client.fetch(query);\n  },\n};\n"),
        "next.config.mjs config-asks-service",
        ["`await client.fetch(…)`"],
    ),
    "redirects of an API": (
        config("const found = await fetch(new URL('/r', api));\nexport default { redirects: () => found.json() };\n"),
        "next.config.mjs config-asks-service",
        ["`await fetch(…)`"],
    ),
    "a rewrite to a variable": (
        config(
            "export default { rewrites: () => [{ source: '/api/:p*', destination: `${process.env.API_URL}/:p*` }] };\n"
        ),
        "next.config.mjs variable-in-config",
        ["next.config reads API_URL", "build_env"],
    ),
    "a setting of another time": (
        config("export default {\n  publicRuntimeConfig: { ws: process.env.WS_URL || 'ws://localhost:3001' },\n};\n"),
        "next.config.mjs variable-in-config",
        ["WS_URL"],
    ),
    "files by the folder it runs in": (
        {**nextjs(), "lib/store.ts": WRITES.replace("{0}", "path.join(process.cwd(), 'data', name)")},
        "lib/store.ts writes-beside-code",
        ["belongs to root"],
    ),
    "files of a package for uploads": (
        {**nextjs(), "pages/api/up.ts": "import multer from 'multer';\nconst up = multer({ dest: 'uploads' });\n"},
        "pages/api/up.ts writes-beside-code",
        ["belongs to root"],
    ),
    "files of a package for forms": (
        {**nextjs(), "lib/up.ts": 'import f from "formidable";\nf({ uploadDir: "./public/uploads" });\n'},
        "lib/up.ts writes-beside-code",
        ["bucket"],
    ),
    "a database in a file of JSON": (
        {**nextjs(), "lib/db.ts": "import { JSONFilePreset } from 'lowdb/node';\nJSONFilePreset('db.json', {});\n"},
        "lib/db.ts writes-beside-code",
        ["bucket"],
    ),
    "SQLite of Bun": (
        {**nextjs(), "lib/db.ts": "import { Database } from 'bun:sqlite';\n"},
        "lib/db.ts bun-at-run-time",
        ["imports bun:sqlite", "by Node.js", "node:sqlite"],
    ),
    "files by Bun": (
        {**nextjs(), "app/api/a/route.ts": "\nimport { file } from 'bun';\n"},
        "app/api/a/route.ts bun-at-run-time",
        ["imports bun,"],
    ),
    "the shell of Bun": (
        below("web", {**nextjs(), "src/lib/run.ts": "const { $ } = await import('bun');\n"}),
        "web/src/lib/run.ts bun-at-run-time",
        ["imports bun,"],
    ),
    "variables that next.config takes out": (
        {**nextjs(), "next.config.ts": "const { CDN, CI } = process.env;\nexport default { assetPrefix: CDN };\n"},
        "next.config.ts variable-in-config",
        ["reads CDN."],
    ),
    "SQLite of Node.js": (
        {
            **nextjs(),
            "lib/db.ts": "import { DatabaseSync } from 'node:sqlite';\nnew DatabaseSync('data/shop.db');\n",
        },
        "lib/db.ts sqlite-fixed-file",
        ["new DatabaseSync('data/shop.db'"],
    ),
    "files in a folder by its name": (
        {**nextjs(), "app/api/upload/route.ts": WRITES.replace("{0}", "join('uploads/pictures', name)")},
        "app/api/upload/route.ts writes-beside-code",
        ["bucket"],
    ),
    "SQLite by another file in development": (
        {
            **nextjs(dependencies=SQLITE),
            "lib/backup.ts": 'import Database from "better-sqlite3"\nconst at = resolve(folder, name)\n'
            'export const all = names.filter((one) => one.endsWith(".db"))\n',
            "lib/copy.ts": 'import Database from "better-sqlite3"\nconst at = join(folder(one), "copy.db")\n',
            "prisma/url.ts": 'export const at = isDev ? "file:./dev.db" : "file:./data/live.db"\n',
        },
        "prisma/url.ts sqlite-fixed-file",
        ['itself: "file:./dev.db" : "file:./data/live.db". In'],
    ),
    "SQLite in a path that is put together": (
        {
            **nextjs(dependencies=SQLITE),
            "src/db.ts": "import Database from 'better-sqlite3';\nconst file = path.join(root, 'data', 'shop.db');\n",
        },
        "src/db.ts sqlite-fixed-file",
        ["join(root, 'data', 'shop.db')", "DATABASE_PATH"],
    ),
    "SQLite below a folder from a variable": (
        {
            **nextjs(dependencies=SQLITE),
            "lib/db.ts": "const dir = process.env.DATA_DIR || '/data';\nnew Database(resolve(dir, './db.sqlite'));\n",
        },
        "lib/db.ts sqlite-fixed-file",
        ["resolve(dir, './db.sqlite')"],
    ),
    "SQLite in a place that is not known": (
        {**nextjs(dependencies=SQLITE), "lib/db.ts": "export const db = drizzle(open());\n"},
        "package.json sqlite-unknown-file",
        ["process.env.DATABASE_PATH"],
    ),
    "a database by a driver that is not known": (
        {**nextjs(dependencies={"typeorm": "^0.3"}), "lib/env.ts": "export const url = process.env.DB_URL;\n"},
        "lib/env.ts database-unknown",
        ["-d database=external -d database_env=DB_URL"],
    ),
    "a page that asks the database": (
        {
            **nextjs(dependencies={"mongoose": "^8"}),
            "config/db.js": "export default () => mongoose.connect(process.env.MONGODB_URI);\n",
            "app/page.tsx": "import List from '@/components/List';\nexport default () => <List />;\n",
            "components/List.tsx": "const List = async () => {\n  await connectDB();\n};\nexport default List;\n",
        },
        "components/List.tsx pages-from-database",
        ["The page app/page.tsx asks", "MONGODB_URI to build_secrets"],
    ),
    "a page that calls what asks it": (
        {
            **nextjs(dependencies={"mongodb": "^6"}),
            "app/about/page.tsx": f"import {{ getAll }} from '../../lib/all';\n{PAGE}",
            "lib/all.ts": ALL.replace("DATABASE_URL", "MONGO_URL"),
        },
        "lib/all.ts pages-from-database",
        ["The page app/about/page.tsx asks"],
    ),
    "a public name that a function reads": (
        {
            **nextjs(),
            "lib/env.ts": BY_NAME,
            "lib/files.ts": "import { must } from './env';\nexport const at = () => must('NEXT_PUBLIC_FILES_URL');\n",
        },
        "lib/files.ts variable-public-at-run-time",
        ["NEXT_PUBLIC_FILES_URL where it runs, by a function (`must('NEXT_PUBLIC_FILES_URL')`)", "extra_env"],
    ),
    "a public name that a browser is handed": (
        {
            **nextjs(dependencies={"next-runtime-env": "^3"}),
            "components/Map.tsx": '"use client";\nimport { env } from "next-runtime-env";\n'
            'export const Map = () => <img src={env("NEXT_PUBLIC_MAP_URL")} />;\n',
        },
        "components/Map.tsx variable-public-at-run-time",
        ["NEXT_PUBLIC_MAP_URL"],
    ),
    "a public name that a committed file has": (
        {
            **nextjs(),
            "lib/env.ts": BY_NAME + "export const at = () => must('NEXT_PUBLIC_FILES_URL');\n",
            ".env.production": "NEXT_PUBLIC_FILES_URL=https://files.example\n",
        },
        ".env.production env-file",
        ["git has .env.production"],
    ),
    "a name that a function stops without": (
        {
            **nextjs(),
            "lib/env.ts": BY_NAME + "export const key = () => must('MAIL_KEY');\n",
        },
        "lib/env.ts variable-unset",
        ["The code reads MAIL_KEY"],
    ),
    "a rewrite to this machine by default": (
        config(
            "export default { rewrites: () => [{ destination: `${\n  own?.url ?? 'http://localhost:3001'\n}/a` }] };\n"
        ),
        "next.config.mjs rewrite-to-localhost",
        ["http://localhost:3001."],
    ),
    "a schema with an address of this machine": (
        {**nextjs(), "lib/env.ts": OF_A_SCHEMA.format("http://localhost:4000")},
        "lib/env.ts variable-of-localhost",
        ["The code reads API_URL,"],
    ),
    "a handler that the build of an older Next.js calls": (
        handler("export async function GET(request: Request) {\n  await connectDB();\n}\n"),
        "app/api/all/route.ts pages-from-database",
        ["The handler app/api/all/route.ts asks", "or answer on request"],
    ),
    "a handler that calls what asks the database": (
        {
            **handler("import { getAll } from '@/lib/all';\nexport const GET = async () => {\n  await getAll();\n};\n"),
            "lib/all.ts": ALL,
        },
        "lib/all.ts pages-from-database",
        ["The handler app/api/all/route.ts asks"],
    ),
    "a handler of a newer Next.js that asks to be static": (
        handler("export const revalidate = 60;\n" + HANDLER, "^16"),
        "app/api/all/route.ts pages-from-database",
        ["The handler"],
    ),
    "a sitemap from the database": (
        handler(SITEMAP, "^16", "src/app/sitemap.ts"),
        "src/app/sitemap.ts pages-from-database",
        ["The file src/app/sitemap.ts asks"],
    ),
}

ON_NETLIFY = {"netlify.toml": '[build]\ncommand = "npm run build"\n\n[[plugins]]\npackage = "@netlify/plugin-nextjs"\n'}
QUEUE = {
    **nextjs(dependencies={"@aws-sdk/client-sqs": "^3"}),
    "lib/queue.ts": 'import { SQSClient } from "@aws-sdk/client-sqs";\nconst shared = { region: "eu-west-1" };\n'
    "export const queue = new SQSClient({\n  ...shared,\n  maxAttempts: 5,\n});\n",
}
CASES["a client of AWS by a role"] = (
    QUEUE,
    "lib/queue.ts aws-by-role",
    ["(SQSClient)", "name AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY in extra_secrets"],
)
CASES["a client of AWS without options"] = (
    {**QUEUE, "lib/queue.ts": 'import { SQSClient } from "@aws-sdk/client-sqs";\nnew SQSClient();\n'},
    "lib/queue.ts aws-by-role",
    ["AWS_SECRET_ACCESS_KEY, AWS_REGION in extra_secrets"],
)
CASES["routes of Netlify"] = (
    {
        **nextjs(),
        "netlify.toml": ON_NETLIFY["netlify.toml"] + '[[redirects]]\nfrom = "/old/*"\nto = "/new/:splat"\n'
        '[[headers]]\nfor = "/*"\n[headers.values]\nX-Frame-Options = "DENY"\n',
        "netlify/edge-functions/card.tsx": "export default () => new Response();\n",
    },
    "netlify.toml routes-of-netlify",
    ["redirects, headers, functions in netlify/edge-functions", "to next.config"],
)
CASES["redirects of Netlify"] = (
    {**nextjs(), "public/_redirects": "# moved\n/old /new 301\n"},
    "public/_redirects routes-of-netlify",
    ["has redirects, which Netlify"],
)
SILENT: dict[str, Files] = {
    "a client of AWS with keys": {
        **QUEUE,
        "lib/queue.ts": QUEUE["lib/queue.ts"].replace('"eu-west-1"', '"eu-west-1", credentials: keys'),
    },
    "a client of AWS with options from elsewhere": {
        **QUEUE,
        "lib/queue.ts": QUEUE["lib/queue.ts"].replace("const shared = ", "export const own = "),
    },
    "a client of AWS in a script": {
        **{name: text for name, text in QUEUE.items() if name != "lib/queue.ts"},
        "lib/scripts/queue.ts": QUEUE["lib/queue.ts"],
    },
    "a build on Netlify": {**nextjs(), **ON_NETLIFY, "netlify/functions/deno.json": "{}"},
    "a cache on Netlify": {
        **nextjs(),
        "netlify.toml": ON_NETLIFY["netlify.toml"] + '[[headers]]\nfor = "/_next/static/*"\n[headers.values]\n'
        'Cache-Control = "max-age=1"\n[[redirects]]\nfrom = "/*"\nto = "/index.html"\nstatus = 200\n',
        "public/_redirects": "/* /index.html 200\n",
    },
    "files of a package that no code loads": {
        **PACKAGE_OF_FILES,
        "apps/web/lib/store.ts": "export {};\n",
        "packages/store/index.ts": WRITES.replace("{0}", "join(process.cwd(), '../../data')"),
    },
    "files of a program that a script starts": {
        **nextjs(scripts={"build": "next build", "fonts": "node lib/fonts/index.js"}),
        "lib/fonts/write.js": WRITES.replace("{0}", "join(process.cwd(), 'styles', name)"),
    },
    "a start of the app in a workspace": own("CMD pnpm --filter web start"),
    "a start that builds before": own('CMD ["sh", "-c", "NODE_OPTIONS=\'--a=1 --b=2\' yarn build && yarn start"]'),
    "a variable for tools of git": own("ENV HUSKY=0"),
    "a word where an address is missing": {
        **nextjs(),
        "lib/tools.ts": 'export const shown = { address: process.env.DATABASE_URL ?? "Not configured" };\n',
    },
    "an image with what Next.js has anyway": own(
        f"{STANDALONE}COPY --from=build /app/src/instrumentation.ts ./src/\nCOPY package*.json package-lock.json* ./\n"
    ),
    "a package of which git has what the app imports": {
        **IN_PARTS,
        "apps/web/lib/a.ts": "import { a } from 'core';\nimport { b } from 'core/schema';\n",
    },
    "a rewrite to another host by default": config(
        "export default { rewrites: () => [{ destination: `${own?.url ?? 'https://api.example'}/a` }] };\n"
    ),
    "a schema with an address of another host": {**nextjs(), "lib/env.ts": OF_A_SCHEMA.format("https://api.example")},
    "names for functions that may do without": {
        **nextjs(),
        "lib/env.ts": BY_NAME + "const may = (name: string) => process.env[name] ?? '';\n"
        "export const a = () => may('MAIL_FROM');\nexport const b = () => (must('MAIL_KEY') ? 1 : 2);\n",
        "lib/words.ts": "const must = (word: string) => word;\nexport const c = must('NEXT_PUBLIC_WORD');\n",
    },
    "a handler of a newer Next.js": handler(HANDLER, "^15.0.0"),
    "a handler that another method goes with": handler(HANDLER + "export async function POST() {\n}\n"),
    "a handler that reads the request": handler(
        "export async function GET(req: Request) {\n  await db.query(new URL(req.url).search);\n}\n"
    ),
    "a handler of some path": handler(HANDLER, file="app/api/[id]/route.ts"),
    "a handler that answers without the database": handler(
        "export async function GET() {\n  try {\n    await db.query(1);\n  } catch {\n"
        "    return new Response('', { status: 503 });\n  }\n}\n"
    ),
    "a handler that is to wait": handler('export const dynamic = "force-dynamic";\n' + HANDLER),
    "a sitemap made of parts": {
        **handler(SITEMAP, "^16", "app/sitemap.ts"),
        "next.config.ts": "export default { cacheComponents: true };\n",
    },
    "a rewrite for development alone": config(
        "const dev = process.env.NODE_ENV === 'development';\n"
        "export default { rewrites: () => (dev ? [{ destination: 'http://localhost:5003' }] : []) };\n"
    ),
    "an image on the one of the build": {
        **nextjs(),
        "Dockerfile": "FROM node:24-slim AS build\nCOPY lib ./lib\nRUN npm run build\nFROM build\n"
        "COPY --from=build /app/.next/standalone ./\n",
        "lib/a.txt": "x\n",
    },
    "a library with the name of a worker": beside("packages/worker", "tsc --watch"),
    "a program for the command line": beside("packages/api", "bun run src/main.ts", bin={"shop": "bin/shop.js"}),
    "uploads to a folder for such": {
        **nextjs(),
        "lib/up.ts": 'import multer from "multer";\nmulter({ dest: "/tmp/up", storage });\n',
    },
    "tests by Bun": {**nextjs(), "lib/a.ts": "import { test } from 'bun:test';\n"},
    "a storybook": beside("apps/storybook", "node start.js"),
    "a package that the app is made of": {
        **beside("packages/server", "node a.js", name="@acme/server"),
        "apps/web/package.json": package_json(dependencies={"@acme/server": "workspace:*"}),
    },
    "a browser that is elsewhere": {
        **nextjs(dependencies={"puppeteer-core": "^24"}),
        "lib/pdf.ts": 'import p from "puppeteer-core";\nawait p.connect({ browserWSEndpoint: url });\n',
    },
    "a browser for tests": {
        **nextjs(devDependencies={"playwright": "^1"}),
        "lib/e2e.ts": 'import { chromium } from "playwright";\nawait chromium.launch();\n',
    },
    "a program that a package brings": {
        **nextjs(dependencies={"fluent-ffmpeg": "^2", "ffmpeg-static": "^5"}),
        "lib/video.ts": 'import "fluent-ffmpeg";\nimport { spawn } from "child_process";\nspawn("ffmpeg");\n',
    },
    "a program of a script": {
        **nextjs(),
        "lib/scripts/dump.ts": 'import { execSync } from "child_process";\nexecSync("pg_dump shop");\n',
    },
    "a version from git or none": {
        **nextjs(),
        "app/v/route.ts": 'import { execSync } from "child_process";\ntry {\n  execSync("git log");\n} catch {}\n',
    },
    "a page that asks a service on request": {
        **nextjs(),
        "lib/cms.ts": CMS + PRICES,
        "app/page.tsx": "export const dynamic = 'force-dynamic';\n" + PRICING,
        "app/[id]/page.tsx": PRICING,
    },
    "a page that calls nothing of what asks a service": {
        **nextjs(),
        "lib/cms.ts": CMS + PRICES + "export const cents = (a: number) => a * 100;\n",
        "app/page.tsx": PRICING.replace("getPrices()", "cents()").replace("{ getPrices }", "{ cents }"),
    },
    "a service that says no store": {
        **nextjs(),
        "lib/cms.ts": CMS + PRICES.replace("await", "await headers();\n  await"),
        "app/page.tsx": PRICING,
    },
    "an entrypoint of the image": own('ENTRYPOINT ["docker-entrypoint.sh"]\nCMD ["node", "server.js"]'),
    "tools that an image needs": own("RUN apk add --no-cache pnpm su-exec shadow python3 make g++"),
    "sqlite3 that no code names": nextjs(dependencies={"sqlite3": "^5"}),
    "an extension that migrations may make": {
        **nextjs(dependencies={"prisma": "^6", "@prisma/client": "^6"}),
        "prisma/schema.prisma": 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n',
        "prisma/migrations/1_a/migration.sql": '-- CREATE EXTENSION a;\nCREATE EXTENSION IF NOT EXISTS "uuid-ossp";\n',
        "tests/seed.sql": "CREATE EXTENSION timescaledb;\n",
    },
    "what migrations make before they use it": {
        **nextjs(dependencies={"drizzle-orm": "^0.45.0", "pg": "^8"}),
        "drizzle.config.ts": "export default { dialect: 'postgresql', url: process.env.DATABASE_URL };\n",
        "drizzle/0000_a.sql": 'CREATE EXTENSION IF NOT EXISTS "citext";\ncreate function uuid_generate_v4() ...;\n'
        "CREATE OR REPLACE FUNCTION public.nanoid(a int) ...;\n",
        "drizzle/0001_b.sql": "CREATE TABLE a (a text DEFAULT nanoid(), b citext, c uuid DEFAULT uuid_generate_v4());\n"
        "DROP EXTENSION IF EXISTS hstore;\nselect to_tsvector(1);\n",
    },
    "an extension on Neon": {
        **nextjs(dependencies={"drizzle-orm": "^0.45.0", "@neondatabase/serverless": "^1"}),
        "drizzle.config.ts": "export default { dialect: 'postgresql', url: process.env.DATABASE_URL };\n",
        "drizzle/0000_a.sql": "CREATE EXTENSION vector;\n",
    },
    "an address that DATABASE_URL stands in for": {
        **nextjs(dependencies={"prisma": "^7", "@prisma/client": "^7", "pg": "^8"}),
        "prisma.config.ts": "const url = process.env.PREVIEW_DATABASE_URL ||\n  process.env.DATABASE_URL_UNPOOLED ||\n"
        "  process.env.DATABASE_URL;\n",
        "prisma/schema.prisma": 'datasource db {\n  provider = "postgresql"\n}\n',
        "prisma/migrations/1_a/migration.sql": "select 1;\n",
    },
    "a release phase that migrates as the image does": {
        **nextjs(dependencies={"prisma": "^6", "@prisma/client": "^6"}),
        "prisma/schema.prisma": 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n',
        "prisma/migrations/1_init/migration.sql": "select 1;\n",
        "Procfile": "web: npm start\nrelease: npx prisma migrate deploy\n",
    },
    "a release phase that runs what the answer has": {
        **nextjs(scripts={"build": "next build", "db:migrate": "npx knex migrate:latest"}, dependencies={"knex": "^3"}),
        "Procfile": "release: npm run db:migrate\n",
    },
    "that command itself, for Dokku": {
        **nextjs(scripts={"build": "next build", "db:migrate": "knex migrate:latest"}, dependencies={"knex": "^3"}),
        "app.json": '{"scripts": {"dokku": {"predeploy": "npx knex migrate:latest"}}}',
    },
    "Next.js' own server": own('ENTRYPOINT ["tini", "--"]\nCMD ["node", "server.js"]'),
    "the script start": own("CMD npm run start"),
    "a script that starts Next.js": {
        **nextjs(scripts={"build": "next build", "prod": "NODE_ENV=production next start -p 8080"}),
        "Dockerfile": "FROM node:24-slim\nCMD yarn prod\n",
    },
    "a command of next": own('CMD ["node", "node_modules/next/dist/bin/next", "start", "-p", "8080"]'),
    "in the shell": own('CMD ["sh", "-c", "exec node apps/web/server.js"]'),
    "variables that every image has": own("ENV NODE_ENV production\nENV PORT=3000 HOSTNAME=0.0.0.0 A=$A B="),
    "what a build copies": {
        **nextjs(),
        "Dockerfile": f"{STANDALONE}COPY --from=build /app/public ./public\n"
        "COPY --from=build /app/.next/static ./.next/static\n"
        "COPY --from=build /app/package.json ./\nCOPY --from=node:24 /bin/a /usr/bin/a\n"
        "COPY --from=oven/bun:1 /tools/a ./a\n",
    },
    "a Dockerfile that copies all of it": {**own("COPY emails ./emails"), "emails/a.txt": "x\n"},
    "migrations that the release command has": {
        **nextjs(),
        "Dockerfile": f"{STANDALONE}COPY db/migrations ./db/migrations\n",
        "db/migrations/1_a.sql": "select 1;\n",
    },
    "peers of another folder": {
        **nextjs(),
        "package-lock.json": "{}",
        ".github/workflows/ci.yml": "steps:\n  - run: npm ci\n  - run: cd docs && npm ci --legacy-peer-deps\n",
    },
    "peers that .npmrc lets be": {
        **own("RUN npm ci --legacy-peer-deps"),
        "package-lock.json": "{}",
        ".npmrc": "legacy-peer-deps=true\n",
    },
    "peers of a tool": {**own("RUN npm i -g --force npm"), "package-lock.json": "{}"},
    "migrations of another program": {
        "package.json": '{"workspaces": ["apps/*"]}',
        "turbo.json": "{}",
        **below("apps/web", nextjs(dependencies={"knex": "^3", "pg": "^8"})),
        "apps/web/lib/db.ts": "import pg from 'pg';\nnew pg.Pool({ connectionString: process.env.DATABASE_URL });\n",
        "apps/other/migrations/1_a.js": "exports.up = () => {};\n",
    },
    "a module that fetches": {**nextjs(), "lib/a.ts": "export const a = await fetch(new URL('/a', api));\n"},
    "SQLite that is opened in another folder": {
        **nextjs(dependencies=SQLITE),
        "actions/db.ts": "import Database from 'better-sqlite3';\nopen(process.env.DATABASE_PATH);\n",
    },
    "a package of files": {**nextjs(dependencies={"@acme/ui": "file:ui"}), "ui/package.json": '{"main": "index.js"}'},
    "a package that is built when it is installed": linked(build="tsc", prepare="npm run build"),
    "a package whose build git has": {**linked(build="tsc"), "shared/dist/index.js": "\n"},
    "a package of sources": linked("src/index.ts", build="tsc"),
    "a workspace that turbo builds": {
        "package.json": '{"workspaces": ["packages/*", "apps/*"]}',
        "turbo.json": "{}",
        "packages/core/package.json": '{"name": "core", "main": "lib/a.js", "scripts": {"build": "x"}}',
        **below("apps/web", nextjs(dependencies={"core": "*"})),
    },
    "git that may be missing": config(
        'import { execSync } from "child_process";\n\nlet sha;\n'
        'try {\n  sha = execSync("git rev-parse HEAD");\n} catch {}\n'
        "export default {};\n"
    ),
    "switches of a build": config(
        "export default {\n  a: process.env.ANALYZE, b: process.env.MODE === 'x', c: process.env.CDN ? [] : {},\n"
        "  d: process.env.CDN_HOST ?? 'cdn.shop.example',\n};\n"
    ),
    "files for a moment": {**nextjs(), "lib/a.ts": WRITES.replace("{0}", "path.join(os.tmpdir(), process.cwd())")},
    "files that a build makes": {**nextjs(), "scripts/a.ts": WRITES.replace("{0}", "'public/a.txt'")},
    "a feed": {**nextjs(), "lib/rss.ts": WRITES.replace("{0}", "'public/rss.xml'")},
    "a page that asks on request": {
        **nextjs(dependencies={"pg": "^8"}),
        "lib/all.ts": ALL,
        "app/page.tsx": f"import {{ getAll }} from '@/lib/all';\nexport const dynamic = 'force-dynamic';\n{PAGE}",
        "app/[id]/page.tsx": f"import {{ getAll }} from '@/lib/all';\n{PAGE}",
    },
    "a page below a layout that waits for a request": {
        **nextjs(dependencies={"pg": "^8"}),
        "lib/all.ts": ALL,
        "app/layout.tsx": "export default async () => {\n  await headers();\n};\n",
        "app/page.tsx": f"import {{ getAll }} from '@/lib/all';\n{PAGE}",
    },
    "a form that asks": {
        **nextjs(dependencies={"pg": "^8"}),
        "app/save.ts": '"use server";\nexport async function save() {\n  await db.a(process.env.DATABASE_URL);\n}\n',
        "app/page.tsx": "import { save } from './save';\nexport default async () => <a action={save} />;\n",
    },
}


@pytest.mark.parametrize("case", CASES)
def test_what_the_image_would_lack_is_told_with_its_place(case: str, tmp_path: Path) -> None:
    project, place, words = CASES[case]
    found = [one for one in told(write(tmp_path / "a/b", project)) if one.code != "database-elsewhere"]
    assert [f"{one.file} {one.code}" for one in found] == [place]
    assert [word for word in words if word not in str(found[0])] == []


@pytest.mark.parametrize("case", SILENT)
def test_what_the_image_has_is_not_told(case: str, tmp_path: Path) -> None:
    assert [str(one) for one in told(write(tmp_path, SILENT[case]))] == []


def test_the_own_dockerfile_is_read_before_the_first_copy_alone(tmp_path: Path) -> None:
    files = {**own("ENV DATA_DIR=/data\nCMD ./boot.sh"), ".copier-answers.yml": "_commit: v1\nfly_app: shop\n"}
    assert told(write(tmp_path, files)) == ()


def test_of_two_packages_the_one_that_the_other_needs_is_built_first(tmp_path: Path) -> None:
    core = {"name": "core", "main": "dist/a.js", "scripts": {"build": "x"}}
    files = {
        "package.json": '{"workspaces": ["packages/*"]}',
        "package-lock.json": "{}",
        "packages/api/package.json": json.dumps({**core, "name": "api", "dependencies": {"core": "*"}}),
        "packages/core/package.json": json.dumps(core),
        **below("packages/web", nextjs(dependencies={"api": "*", "core": "*"})),
    }
    assert [one.name for one in examine(write(tmp_path / "a", files)).nextjs.built_first] == ["core", "api"]
    files["packages/core/package.json"] = json.dumps({**core, "dependencies": {"api": "*"}})
    assert [one.name for one in examine(write(tmp_path / "b", files)).nextjs.built_first] == ["api", "core"]


@pytest.mark.parametrize(("lock", "built"), [("yarn.lock", ["core"]), ("package-lock.json", [])])
def test_a_package_that_prepare_makes_is_built_where_yarn_installs(lock: str, built: list[str], tmp_path: Path) -> None:
    core = {"name": "core", "main": "dist/a.js", "scripts": {"build": "x", "prepare": "x"}}
    files = {
        "package.json": '{"workspaces": ["packages/*"]}',
        lock: "{}",
        "packages/core/package.json": json.dumps(core),
        **below("packages/web", nextjs(dependencies={"core": "*"})),
    }
    assert [one.name for one in examine(write(tmp_path, files)).nextjs.built_first] == built


def test_an_address_that_another_one_stands_in_for_is_asked_for(tmp_path: Path) -> None:
    files = {
        **nextjs(dependencies={"drizzle-orm": "^0.45.0", "pg": "^8"}),
        "drizzle.config.ts": "const url = process.env.PREVIEW_DATABASE_URL ?? process.env.SHOP_DATABASE_URL;\n",
    }
    found = examine(write(tmp_path, files)).nextjs.database_variables
    assert [one.name for one in found] == ["PREVIEW_DATABASE_URL", "SHOP_DATABASE_URL"]


UPSTASH = {
    "by its own names": ("Redis.fromEnv();", ("UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN")),
    "by those of another shop": (
        "new Redis({\n  url: process.env.KV_REST_API_URL,\n  token: process.env.KV_REST_API_TOKEN!,\n});",
        ("KV_REST_API_URL", "KV_REST_API_TOKEN"),
    ),
    "through a schema": ("new Redis({ url: env.CACHE_URL, token: env.CACHE_TOKEN });", ("CACHE_URL", "CACHE_TOKEN")),
    "half": ("new Redis({ url: process.env.A_URL, token });", ("UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN")),
}


@pytest.mark.parametrize("case", UPSTASH)
def test_what_a_client_of_upstash_is_handed_is_asked_for(case: str, tmp_path: Path) -> None:
    made, names = UPSTASH[case]
    files = {**nextjs(dependencies={"@upstash/redis": "^1"}), "lib/redis.ts": f'import "@upstash/redis";\n{made}\n'}
    assert examine(write(tmp_path, files)).redis.variables == names


def test_a_package_beside_the_app_is_built_before_it(template: Path, tmp_path: Path) -> None:
    app = write(tmp_path / "shop", linked(build="tsc"))
    run_copy(str(template), app, defaults=True, unsafe=True, quiet=True, skip_tasks=True)
    answers = yaml.safe_load((app / ".copier-answers.yml").read_text())
    assert answers["build_command"] == "npm --prefix ../shared run build && npm run build"


SCHEMAS: dict[str, tuple[str, list[str]]] = {
    "an object of variables": (
        "const server = z.object({\n  API_URL: z.string(),\n  LEVEL: z.string().default('a'),\n});\n"
        "export const get = () => server.parse({ API_URL: process.env.API_URL, LEVEL: process.env.LEVEL });\n",
        ["API_URL"],
    ),
    "the second of two objects": (
        "export const a = z.object({ b: z.string() });\nexport const c = z.object({\n  APP_ID: z.string(),\n});\n"
        "export const d = c.safeParse({ APP_ID: process.env.APP_ID });\n",
        ["APP_ID"],
    ),
    "an object of something else": (
        "export const a = z.object({\n  APP_ID: z.string(),\n});\na.parse(await request.json());\nprocess.env.OTHER;\n",
        [],
    ),
    "a parameter that is the environment by default": (
        "const schema = z.object({\n  APP_ID: z.string(),\n  LEVEL: z.string().optional(),\n});\n"
        "export function check(\n  env: NodeJS.ProcessEnv = process.env,\n) {\n  const found = schema.safeParse(env);\n"
        "  return found.success;\n}\n",
        ["APP_ID"],
    ),
    "a constant that is the environment": (
        "const env = process.env;\nconst schema = z.object({\n  APP_ID: z.string(),\n});\n"
        "export default schema.parse(env);\n",
        ["APP_ID"],
    ),
    "a parameter of another function": (
        "const schema = z.object({\n  APP_ID: z.string(),\n});\nexport const isLive = (env = process.env) => {\n"
        "  return env.LIVE;\n}\nexport const load = (env: Form) => schema.parse(env);\n",
        [],
    ),
    "what is beside the environment": (
        "const schema = z.object({\n  APP_ID: z.string(),\n});\n"
        "export const load = (form, env = process.env) => schema.parse(form);\nconst live = process.env.LIVE;\n",
        [],
    ),
    "names on a condition": (
        "export const env = createEnv({\n  server: {\n    APP_ID: z.string(),\n    ...(kinds\n      ? {\n"
        "          LDAP_URL: z.string().url(),\n        }\n      : {}),\n  },\n});\n",
        ["APP_ID"],
    ),
    "a check by a function": (
        "const flag = () =>\n  z.enum(['a']).default('a');\nexport const env = createEnv({\n  server: {\n"
        "    A: flag(),\n    APP_ID: z.string(),\n  },\n});\n",
        ["APP_ID"],
    ),
    "a check of several lines": (
        "const kind = z\n  .string()\n  .transform((s) => {\n    const v = s.trim();\n    return v;\n  })\n"
        "  .optional();\nexport const env = createEnv({\n  server: {\n"
        "    A: kind,\n    APP_ID: z.string(),\n  },\n});\n",
        ["APP_ID"],
    ),
    "one of several values": (
        "export const env = createEnv({\n  server: {\n    MODE: z.enum(['development', 'production']),\n"
        "    LEVEL: z.enum(['a', 'b']).optional(),\n    KIND: z.enum(['a']).prefault('a'),\n"
        "    APP_ID: z.string(),\n  },\n});\n",
        ["MODE", "APP_ID"],
    ),
    "one of several values, by a name": (
        "const mode = z.enum(['a', 'b']);\nexport const env = createEnv({\n  server: {\n"
        "    MODE: mode,\n    APP_ID: z.string(),\n  },\n});\n",
        ["MODE", "APP_ID"],
    ),
    "tabs": (
        "export const env = createEnv({\n\tserver: {\n\t\tAPP_ID: z.string(),\n\t},\n"
        "\tclient: {\n\t\tB: z.string(),\n\t},\n});\n",
        ["APP_ID"],
    ),
}


@pytest.mark.parametrize("case", SCHEMAS)
def test_what_a_schema_requires_is_known(case: str, tmp_path: Path) -> None:
    code, names = SCHEMAS[case]
    found = examine(write(tmp_path, {**nextjs(), "src/env.ts": code})).nextjs.variables
    assert [variable.name for variable in found] == names


VALUES: dict[str, tuple[str, str]] = {
    "one that is for production": ("z.enum(['development', 'production'])", "production"),
    "the first": ('z\n      .enum(["s3", "local"])', "s3"),
    "of true and false": ("z.enum(['true', 'false']).transform((s) => s === 'true')", "true"),
    "of valibot": ("v.picklist(['smtp', 'resend'])", "smtp"),
    "of envalid": ("str({ choices: ['eu', 'us'] })", "eu"),
    "a number of envalid": ("num()", "1"),
    "a port of envalid": ("port({ devDefault: 3000 })", "1"),
    "JSON of envalid": ("json<{ a: number }>()", "1"),
    "a host of envalid": ("host()", "a-stand-in-for-the-build-of-more-than-32-characters"),
    "of Joi": ("Joi.string().valid('eu', 'us').required()", "eu"),
    "of yup": ("yup.string().oneOf(['eu', 'us']).required()", "eu"),
    "by a name": ("mode", "blue"),
    "an empty one": ("z.enum([''])", "a-stand-in-for-the-build-of-more-than-32-characters"),
    "any": ("z.string()", "a-stand-in-for-the-build-of-more-than-32-characters"),
}


@pytest.mark.parametrize("case", VALUES)
def test_a_stand_in_is_a_value_that_passes(case: str, tmp_path: Path) -> None:
    check, value = VALUES[case]
    env = f"export const env = createEnv({{\n  server: {{\n    MODE: {check},\n  }},\n}});\n"
    code = f"const mode = z.enum(['blue', 'red']);\n{env}"
    (found,) = examine(write(tmp_path, {**nextjs(), "src/env.ts": code})).nextjs.variables
    assert (found.name, found.stand_in) == ("MODE", value)


BETTER_AUTH: dict[str, tuple[str, dict[str, str], list[str]]] = {
    "a client": ('import { createAuthClient } from "better-auth/react";\n', {}, []),
    "a client and a server": (
        'import { x } from "better-auth/client/plugins";\nexport const auth = betterAuth({});\n',
        {},
        ["BETTER_AUTH_SECRET"],
    ),
    "a server beside": (
        'import { createAuthClient } from "better-auth/react";\n',
        {"@acme/auth": "workspace:*"},
        ["BETTER_AUTH_SECRET"],
    ),
}


@pytest.mark.parametrize("case", BETTER_AUTH)
def test_a_client_of_better_auth_needs_no_secret(case: str, tmp_path: Path) -> None:
    code, more, names = BETTER_AUTH[case]
    files = {**nextjs(dependencies={"better-auth": "1.7.0", **more}), "lib/auth.ts": code}
    assert [one.name for one in examine(write(tmp_path, files)).nextjs.variables] == names


def with_package(code: str, app: str = "") -> Files:
    """An app in a workspace, made of one package of two."""
    package = {"name": "@acme/auth", "dependencies": {"better-auth": "1.7.0"}}
    return {
        "pnpm-workspace.yaml": "packages: [apps/*, packages/*]\n",
        **below("apps/web", nextjs(dependencies={"@acme/auth": "workspace:*"})),
        "apps/web/lib/auth.ts": f'import "@acme/auth";\n{app}',
        "packages/auth/package.json": json.dumps(package),
        "packages/auth/src/index.ts": code,
        "packages/bot/package.json": '{"name": "@acme/bot"}',
        "packages/bot/src/index.ts": "new Bot(process.env.BOT_TOKEN!);\nexport const b = new Resend();\n",
    }


def test_what_a_package_of_the_workspace_stops_without_is_asked_for(tmp_path: Path) -> None:
    code = (
        "export const auth = betterAuth({});\nexport const env = createEnv({\n  server: {\n    MAIL_KEY: z.string(),\n"
    )
    found = examine(write(tmp_path, with_package(f"{code}  }},\n}});\n"))).nextjs.variables
    assert [(one.name, one.file) for one in found] == [
        ("MAIL_KEY", "packages/auth/src/index.ts"),
        ("BETTER_AUTH_SECRET", "packages/auth/package.json"),
    ]


def test_what_a_package_reads_that_no_code_loads_is_not_told(tmp_path: Path) -> None:
    files = with_package("export const hook = () => send(process.env.HOOK_KEY);\n")
    files["apps/web/lib/auth.ts"] = 'import model from "@acme/auth/model.json";\n'
    assert not [warning for warning in told(write(tmp_path, files)) if warning.code == "variable-unset"]


@pytest.mark.parametrize(
    ("app", "said"),
    [
        ("", ["The code reads HOOK_KEY, for which nothing else has a value."]),
        ("if (process.env.HOOK_KEY) hook();\n", []),
    ],
    ids=["read alone", "asked for in the app"],
)
def test_what_a_package_of_the_workspace_reads_is_told(app: str, said: list[str], tmp_path: Path) -> None:
    files = with_package("export const hook = () => send(process.env.HOOK_KEY);\n", app)
    assert [warning.sentence for warning in told(write(tmp_path, files)) if warning.code == "variable-unset"] == said


NODE: dict[str, tuple[Files, str | None, bool]] = {
    "above a lower bound": ({"package.json": package_json(engines={"node": ">=16.8.0"})}, "22", False),
    "one of several": ({"package.json": package_json(engines={"node": "18 || 20 || ^22.3"})}, "22", False),
    "one line": ({"package.json": package_json(engines={"node": "20.x"})}, "20", True),
    "between two": ({"package.json": package_json(engines={"node": ">=18 <21"})}, "18", True),
    "by Volta": ({"package.json": package_json(volta={"node": "20.11.1"})}, "20.11.1", True),
    "by a Dockerfile": ({"Dockerfile": "FROM --platform=$A node:20.2.0-slim AS base\n"}, "20.2.0", True),
    "by an argument": ({"Dockerfile": "ARG NODE_VERSION=22.4\nFROM node:${NODE_VERSION}-alpine\n"}, "22.4", False),
    "by an image in an argument": ({"Dockerfile": "ARG IMAGE=node:18-alpine3.20\nFROM $IMAGE\n"}, "18", True),
    "by package.json before a Dockerfile": (
        {"package.json": package_json(engines={"node": "24.x"}), "Dockerfile": "FROM node:18\n"},
        "24",
        False,
    ),
    "by no number": ({"Dockerfile": "FROM node:lts-alpine\n"}, None, False),
    "by this template": ({"Dockerfile": "ARG NODE_IMAGE=node:18-slim\nRUN node /context/fly/plan.mjs\n"}, None, False),
}


@pytest.mark.parametrize("case", NODE)
def test_the_version_of_node_that_a_project_names(case: str, tmp_path: Path) -> None:
    files, version, warned = NODE[case]
    folder = write(tmp_path, {**nextjs(), **files})
    assert examine(folder).nextjs.node_version == version
    found = [one for one in told(folder) if one.code == "version-not-served"]
    assert [one.file for one in found] == ([next(iter(files))] if warned else [])


@pytest.mark.parametrize(("wanted", "line"), [("18", "22"), ("20.2.0", "22"), ("23", "22"), ("25", "24"), ("30", "26")])
def test_the_nearest_line_of_node_takes_the_place_of_one_that_is_not_offered(
    wanted: str, line: str, template: Path, tmp_path: Path
) -> None:
    app = write(tmp_path / "shop", {**nextjs(), ".nvmrc": wanted})
    run_copy(str(template), app, defaults=True, unsafe=True, quiet=True, skip_tasks=True)
    assert yaml.safe_load((app / ".copier-answers.yml").read_text())["node_version"] == line


DATABASES: dict[str, tuple[Files, str, str]] = {
    "Neon by the package of Vercel": (
        {
            **nextjs(dependencies={"@vercel/postgres": "^0.10", "pg": "^8"}),
            "lib/db.ts": "import { sql } from '@vercel/postgres';\nimport { Pool } from 'pg';\n",
        },
        "neon",
        "DATABASE_URL",
    ),
    "Neon by Payload's adapter for Vercel": (
        {
            **nextjs(dependencies={f"@payloadcms/db-{one}": "3.1.0" for one in ("postgres", "vercel-postgres")}),
            "src/payload.config.ts": "import { vercelPostgresAdapter } from '@payloadcms/db-vercel-postgres'\n",
        },
        "neon",
        "DATABASE_URL",
    ),
    "the package of Vercel that no file imports": (
        {
            **nextjs(dependencies={"@vercel/postgres": "^0.10", "postgres": "^3"}),
            "lib/db.ts": "import postgres from 'postgres';\n",
        },
        "fly_managed",
        "DATABASE_URL",
    ),
    "of two adapters of Payload the one that is imported": (
        {
            **nextjs(
                dependencies={"payload": "3.1.0", "@payloadcms/db-postgres": "3.1.0", "@payloadcms/db-sqlite": "3.1.0"}
            ),
            "payload.config.ts": "import { sqliteAdapter } from '@payloadcms/db-sqlite'\nprocess.env.DATABASE_URL\n",
        },
        "sqlite",
        "DATABASE_URL",
    ),
    "Turso by its token": (
        {
            **nextjs(dependencies=LIBSQL),
            "db/index.ts": "createClient({ url: process.env.TURSO_CONNECTION_URL!,"
            " authToken: process.env.TURSO_AUTH_TOKEN! });\n",
        },
        "external",
        "TURSO_CONNECTION_URL",
    ),
    "Turso in Drizzle's settings": (
        {
            **nextjs(dependencies=LIBSQL),
            "drizzle.config.ts": "export default { dialect: 'sqlite', dbCredentials: { url: process.env.DATABASE_URL!,"
            " authToken: process.env.DATABASE_AUTH_TOKEN } };\n",
        },
        "external",
        "DATABASE_URL",
    ),
    "a file by libSQL": (
        {**nextjs(dependencies=LIBSQL), "db/index.ts": "createClient({ url: process.env.DATABASE_URL! });\n"},
        "sqlite",
        "DATABASE_URL",
    ),
    "MongoDB in config/": (
        {
            **nextjs(dependencies={"mongoose": "^8"}),
            "config/database.js": "mongoose.connect(process.env.MONGODB_URI);\n",
        },
        "external",
        "MONGODB_URI",
    ),
    "MongoDB in models/": (
        {**nextjs(dependencies={"mongodb": "^6"}), "models/client.ts": "new MongoClient(process.env.MONGO_URL!);\n"},
        "external",
        "MONGO_URL",
    ),
}


@pytest.mark.parametrize("case", DATABASES)
def test_where_the_address_of_a_database_is_read(case: str, tmp_path: Path) -> None:
    files, choice, name = DATABASES[case]
    found = examine(write(tmp_path, files)).nextjs
    assert (found.database_choice, found.database_variable) == (choice, name)


def test_a_token_of_something_else_makes_no_turso(tmp_path: Path) -> None:
    code = "new Database(process.env.DATABASE_PATH);\nconst token = process.env.DB_ACCESS_TOKEN;\n"
    files = {**nextjs(dependencies=SQLITE), "lib/db.ts": f"import Database from 'better-sqlite3';\n{code}"}
    assert examine(write(tmp_path, files)).nextjs.database_choice == "sqlite"


def test_the_token_of_turso_is_asked_for(tmp_path: Path) -> None:
    found = examine(write(tmp_path, DATABASES["Turso by its token"][0])).nextjs
    assert [one.name for one in found.variables] == ["TURSO_AUTH_TOKEN"]


URLS: dict[str, tuple[str, bool]] = {
    "a check for a URL": ("export const env = createEnv({ server: { DATABASE_URL: z.string().url() } });\n", True),
    "a prefix that is taken off": ("new Database(process.env.DATABASE_URL!.replace('file:', ''));\n", True),
    "a default with the prefix": ("const url = process.env.DATABASE_URL ?? 'file:./dev.db';\n", True),
    "a prefix that is put on": ("const url = `file:${process.env.DATABASE_URL}`;\n", False),
    "a path": ("new Database(process.env.DATABASE_URL!);\n", False),
}


@pytest.mark.parametrize("case", URLS)
def test_whether_the_file_of_sqlite_is_named_as_a_url(case: str, tmp_path: Path) -> None:
    code, is_url = URLS[case]
    more = "export const a = process.env.DATABASE_URL;\n"
    found = examine(write(tmp_path, {**nextjs(dependencies=SQLITE), "lib/db.ts": code, "lib/more.ts": more})).nextjs
    assert found.file_is_url is is_url


@pytest.mark.parametrize(
    "written", ['shadowDatabaseUrl = env("B_DATABASE_URL")', 'shadowDatabaseUrl  =  env("B_DATABASE_URL")']
)
def test_a_shadow_database_is_no_database_of_the_app(written: str, tmp_path: Path) -> None:
    schema = f'datasource db {{\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n  {written}\n}}\n'
    files = {**nextjs(dependencies={"prisma": "^6", "@prisma/client": "^6"}), "prisma/schema.prisma": schema}
    assert examine(write(tmp_path, files)).nextjs.database_variables == ()


def test_a_library_that_lists_next_is_no_app(tmp_path: Path) -> None:
    library = json.dumps({"name": "ui", "devDependencies": {"next": "16.0.0"}})
    files = {"package.json": '{"workspaces": ["apps/*", "packages/*"]}', "packages/ui/package.json": library}
    assert [app.dir for app in examine(write(tmp_path / "a", {**files, **below("apps/web", nextjs())})).apps] == [
        "apps/web"
    ]
    assert [app.dir for app in examine(write(tmp_path / "b", files)).apps] == ["packages/ui"]


def test_a_library_with_a_folder_app_or_settings_of_next_is_no_app(tmp_path: Path) -> None:
    library = json.dumps({"name": "ui", "dependencies": {"next": "16.0.0"}})
    files = {
        "package.json": '{"workspaces": ["apps/*", "packages/*"]}',
        **below("apps/web", nextjs(router="src/app")),
        **below("apps/admin", nextjs(router="pages", scripts={"build": "x"})),
        "packages/widgets/package.json": library,
        "packages/widgets/src/app/component.tsx": "export const App = 1;\n",
        "platforms/edge/package.json": library,
        "platforms/edge/next.config.mjs": "export default {};\n",
    }
    assert [app.dir for app in examine(write(tmp_path, files)).apps] == ["apps/admin", "apps/web"]


def test_a_bucket_that_a_schema_names_is_known(tmp_path: Path) -> None:
    code = "export const client = new S3Client({ endpoint: env.R2_ENDPOINT });\nconst bucket = env.R2_BUCKET_NAME;\n"
    files = {**nextjs(dependencies={"@aws-sdk/client-s3": "^3"}), "lib/r2.ts": code}
    found = examine(write(tmp_path, files)).bucket
    assert (found.choice, found.variables[:2]) == ("s3", ("R2_ENDPOINT", "R2_BUCKET_NAME"))


def test_a_bucket_that_a_function_is_asked_for_is_known(tmp_path: Path) -> None:
    calls = "import { must } from './env';\nexport const at = () => must('R2_BUCKET') + must('R2_KEY_ID');\n"
    files = {**nextjs(dependencies={"@aws-sdk/client-s3": "^3"}), "lib/env.ts": BY_NAME, "lib/r2.ts": calls}
    found = examine(write(tmp_path, files)).bucket
    assert (found.choice, found.variables) == ("s3", ("R2_BUCKET", "R2_KEY_ID"))


def test_redis_that_a_schema_names_is_known(tmp_path: Path) -> None:
    code = "export const connection = new IORedis(env.REDIS_URL, {});\n"
    files = {**nextjs(dependencies={"bullmq": "^5"}), "lib/queue.ts": code}
    redis = examine(write(tmp_path / "a", files)).redis
    assert (redis.variables, redis.choice) == (("REDIS_URL",), "upstash")
    files["lib/queue.ts"] = code.replace("env.REDIS_URL", "env.REDIS_URL ?? 'redis://cache:6379'")
    assert examine(write(tmp_path / "b", files)).redis.choice == "none"


def test_the_words_of_an_instruction() -> None:
    text = "FROM a AS base\nENV A=1 B=\"two words\" \\\n    C='x'\nFROM base\nENV D four five\n"
    text += 'CMD ["sh", "-c", "exec node a.js"]\n'
    image = dockerfile.last_image(text)
    assert [dockerfile.settings(one) for one in image[:2]] == [
        {"A": "1", "B": "two words", "C": "x"},
        {"D": "four five"},
    ]
    assert dockerfile.words(image[2].words) == ["exec", "node", "a.js"]
    assert [one.line for one in image] == [2, 5, 6]
