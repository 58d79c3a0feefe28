"""Kinds of Next.js projects that lean on a developer's machine or on Vercel, for kinds.py."""

from __future__ import annotations

import json
from typing import Any

from tests.detection.projects import Files, below, nextjs


def handler(body: str, file: str = "app/api/out/route.ts") -> Files:
    """A project with a route handler."""
    return {**nextjs(), file: f"export async function GET(request: Request) {{\n  {body}\n}}\n"}


def importing(name: str, *there: str, file: str = "app/shop/page.tsx") -> Files:
    """A project with a page that imports a file, and with these files."""
    page = f'import one from "{name}";\nexport default () => one;\n'
    return {**nextjs(), file: page, **dict.fromkeys(there, "export default 1;\n")}


def generated(name: str, ignored: str, *there: str, **package: Any) -> Files:
    """A project with a page that imports a file, a .gitignore, and with these files."""
    return {**importing(name, *there), **nextjs(**package), ".gitignore": ignored}


def module(text: str) -> Files:
    """A project with a module that says where the app is."""
    return {**nextjs(), "lib/url.ts": text}


def env(text: str, file: str = ".env.production") -> Files:
    """A project with a committed .env file."""
    return {**nextjs(), file: text}


def locked(packages: dict[str, dict[str, Any]], **root: Any) -> Files:
    """A project whose package-lock.json has these packages."""
    lock = {"lockfileVersion": 3, "packages": {"": {"name": "x", **root}, **packages}}
    return {**nextjs(), "package-lock.json": json.dumps(lock)}


def by_prisma(version: str, **files: str) -> Files:
    """A project with a version of Prisma."""
    schema = 'datasource db {\n  provider = "postgresql"\n  url      = env("DATABASE_URL")\n}\n'
    packages = {"dependencies": {"@prisma/client": version}, "devDependencies": {"prisma": version}}
    return {**nextjs(**packages), "prisma/schema.prisma": schema, **files}


def built_for(*systems: str, package: str = "lightningcss") -> Files:
    """A project with a package of which the lock file has the programs for these systems."""
    wanted = {f"{package}-{system}": "1.30.0" for system in ("darwin-arm64", "linux-x64-gnu", "linux-x64-musl")}
    there = {f"node_modules/{package}-{system}": {"version": "1.30.0", "optional": True} for system in systems}
    return locked({f"node_modules/{package}": {"version": "1.30.0", "optionalDependencies": wanted}, **there})


def on_22(project: Files) -> Files:
    """The project on Node.js 22."""
    return {**project, ".nvmrc": "22\n"}


def picture(tag: str, next_version: str = "14.2.35", *, lock: str = "", **more: str) -> Files:
    """A project whose page has a picture, with a lock file of Yarn."""
    page = f"import Image from 'next/image';\n\nexport default function Page() {{\n  return {tag};\n}}\n"
    yarn = f'# yarn lockfile v1\n\n\nnext@{next_version}:\n  version "{next_version}"\n{lock}'
    return {**nextjs(major="14", dependencies={"next": next_version}), "app/page.tsx": page, "yarn.lock": yarn, **more}


def start(command: str, **scripts: str) -> Files:
    """A project that starts so."""
    return nextjs(scripts={"build": "next build", "start": command, **scripts})


def logger(made: str, file: str = "lib/log.ts", by: str = "pino") -> Files:
    """A project with what a package, by default a logger, makes."""
    return {**nextjs(), file: f'import pino from "{by}";\n\nexport const log = {made};\n'}


def in_conflict(wanted: str, **files: str) -> Files:
    """A project of React 19 with a package that wants another one."""
    ui = {"version": "1.0.0", "peerDependencies": {"react": wanted}}
    there = {"node_modules/react": {"version": "19.3.1"}, "node_modules/ui": ui}
    return {**locked(there, dependencies={**PACKAGES, "ui": "1.0.0"}), **files}


PACKAGES = {"next": "16.4.6", "react": "19.3.1", "react-dom": "19.3.1"}
DARWIN = {"node_modules/@next/swc-darwin-arm64": {"version": "16.2.3", "os": ["darwin"], "cpu": ["arm64"]}}
OPTIONAL = {path: {**package, "optional": True} for path, package in DARWIN.items()}
PAY = "return pay({ success_url: `${request.nextUrl.origin}/done` });"

TOLD: dict[str, tuple[set[str], list[Files], list[Files]]] = {
    "an address of the developer's machine in the code of Next.js": (
        {"localhost-in-code"},
        [
            handler('return fetch("http://localhost:5000/items");'),
            module("export const api = axios.create({ baseURL: 'http://localhost:8000/api' });\n"),
            module('const API_URL = "http://127.0.0.1:8000";\nexport const all = () => fetch(`${API_URL}/all`);\n'),
            module('export const socket = io("http://localhost:3001");\n'),
            below("apps/web", module("new HttpLink({ credentials: true, uri: `http://localhost:4000/graphql` });\n")),
            module('"use client";\nexport const load = () => fetch("http://localhost:3000/api/items");\n'),
        ],
        [
            module('export const load = () => fetch(process.env.API ?? "http://localhost:5000");\n'),
            module('export const load = () => fetch("http://localhost:3000/api/items");\n'),
            module('const DEV_URL = "http://localhost:8000";\n'),
            module(
                'const API_URL = "http://localhost:8000";\nconst url = process.env.NODE_ENV === "test" ? API_URL : a;\n'
            ),
            module('const url = isDev && axios.get("http://localhost:8000");\n'),
            module('export const hint = { placeholder: "http://localhost:11434" };\n'),
            module('cors(["http://localhost:5173", "https://a.example.com"]);\n'),
            {**nextjs(), "lib/__mocks__/a.ts": 'fetch("http://localhost:5000");\n'},
            {**nextjs(), "playwright.config.ts": 'export default { use: { baseURL: "http://localhost:5000" } };\n'},
        ],
    ),
    "variables of the code of Next.js that nothing sets": (
        {"variable-unset"},
        [
            handler("return fetch(url, { headers: { Authorization: `Bearer ${process.env.STRIPE_SECRET_KEY}` } });"),
            module("export const {\n  PROJECT_ID,\n  NEXT_PUBLIC_ENDPOINT: ENDPOINT,\n} = process.env;\n"),
            module("export const { NEXT_PUBLIC_ENDPOINT: ENDPOINT } = process.env;\n"),
            module('export const mail = () => new Resend(process.env["MAIL_KEY"] as string);\n'),
            module('export const key = () => process.env.API_KEY || "";\n'),
            handler("if (!process.env.HOOK_SECRET) throw new Error('no secret');"),
            below("apps/web", module("export const to = () => send(process.env.MAIL_TO!);\n")),
        ],
        [
            module('export const key = process.env.API_KEY ?? "none";\n'),
            module("export const a = () => f(process.env.A_KEY);\nexport const b = process.env.A_KEY ? 1 : 2;\n"),
            handler("if (process.env.HOOK_SECRET) return check(process.env.HOOK_SECRET);"),
            handler("return fast && process.env.MAIL_KEY === 'x';"),
            module("process.env.MAIL_KEY = 'x';\n"),
            module("export const on = !!process.env.BETA;\nexport const prod = process.env.VERCEL_ENV;\n"),
            module("export const url = () => process.env.NEXT_PUBLIC_SITE;\n"),
            module("export const here = () => process.env.FLY_REGION;\n"),
            module("export const at = process.env.DEPLOY_PRIME_URL;\n"),
            {
                **nextjs(scripts={"prebuild": "node lib/make-env.js", "build": "next build"}),
                "lib/make-env.js": "write(process.env.URL);\n",
            },
            {**module("export const key = () => process.env.MAIL_KEY;\n"), ".env.example": "MAIL_KEY=\n"},
            {**module("export const key = () => process.env.MAIL_KEY;\n"), ".env.production": "MAIL_KEY=abc\n"},
            {**nextjs(), "scripts/seed.ts": "run(process.env.SEED_KEY);\n", "a.config.ts": "run(process.env.A_KEY);\n"},
            module(
                "export const env = createEnv({ server: { A_KEY: z.string().optional() },\n"
                "  runtimeEnv: { A_KEY: process.env.A_KEY } });\n"
            ),
        ],
    ),
    "variables of Next.js that stand for localhost": (
        {"variable-of-localhost"},
        [
            module('export const load = () => fetch(process.env.API_URL ?? "http://localhost:5000");\n'),
            module("export const base = (process.env.API_URL as string) || `http://127.0.0.1:5000`;\n"),
            module("const at = process.env['QUEUE_URL'] || 'amqp://a:b@localhost';\n"),
            below("apps/web", module('export const host = process.env.SMTP_HOST || "localhost";\n')),
        ],
        [
            module('export const load = () => fetch(process.env.API_URL ?? "https://api.example.com");\n'),
            module('export const load = () => fetch(process.env.NEXT_PUBLIC_API ?? "http://localhost:5000");\n'),
            module('const db = process.env.DATABASE_URL || "postgres://localhost/shop";\n'),
            module("const at = process.env.VERCEL_URL ?? `localhost:3000`;\n"),
            {**nextjs(), "next.config.ts": 'const to = process.env.API_URL ?? "https://localhost:5000";\n'},
            {**module('const a = process.env.API_URL ?? "http://localhost:1";\n'), ".env.example": "API_URL=\n"},
        ],
    ),
    "an address out of the request": (
        {"address-of-request"},
        [
            handler(PAY),
            handler("const { origin } = new URL(request.url);\n  await mail(`${origin}/confirm`);"),
            handler("return Response.json({ host: new URL(request.url).host });", "src/app/api/out/route.ts"),
            below("web", handler(PAY)),
            handler('return fetch(new URL("/api/session", request.url));'),
            handler("const host = request.nextUrl.hostname;\n  return byTenant(host);", "middleware.ts"),
            handler('const user = await fetch(new URL("/api/me", request.url), { headers });', "src/proxy.ts"),
            handler("const user = await fetch(`${request.nextUrl.origin}/api/me`);", "middleware.ts"),
        ],
        [
            handler('return NextResponse.redirect(new URL("/login", request.url));'),
            handler("const { origin } = new URL(request.url);\n  return NextResponse.redirect(`${origin}/a`);"),
            handler("const { searchParams } = new URL(request.url);"),
            handler("const base = process.env.APP_URL ?? request.nextUrl.origin;"),
            handler(f'const host = request.headers.get("x-forwarded-host");\n  {PAY}'),
            handler(PAY, "middleware.ts"),
            handler('const host = request.headers.get("host");', "middleware.ts"),
            handler("return fetch(`${process.env.API_URL}${request.nextUrl.pathname}`);", "middleware.ts"),
            handler("return fetch(new URL(request.nextUrl.pathname, process.env.API_URL));"),
        ],
    ),
    "where a visitor is": (
        {"visitor-by-vercel"},
        [
            handler('return Response.json({ country: request.headers.get("x-vercel-ip-country") });'),
            handler("return Response.json(request.geo);", "middleware.ts"),
            {**nextjs(), "lib/geo.ts": 'export { geolocation } from "@vercel/functions";\n'},
        ],
        [
            handler('return Response.json({ ip: request.headers.get("fly-client-ip") });'),
            {**nextjs(), "lib/later.ts": 'export { waitUntil } from "@vercel/functions";\n'},
        ],
    ),
    "an address that Vercel sets": (
        {"address-by-vercel"},
        [
            {**nextjs(), "lib/url.ts": "export const url = `https://${process.env.VERCEL_URL}`;\n"},
            {
                **nextjs(),
                "lib/url.ts": 'export default process.env.NEXT_PUBLIC_VERCEL_URL ?? "http://localhost:3000";\n',
            },
            below("web", {**nextjs(), "app/a.ts": "export const a = process.env.VERCEL_PROJECT_PRODUCTION_URL;\n"}),
        ],
        [
            {**nextjs(), "lib/url.ts": "export const url = process.env.APP_URL ?? process.env.VERCEL_URL;\n"},
            {**nextjs(), "lib/trpc.ts": "export const url = process.env.VERCEL_URL;\n"},
            {**nextjs(), "lib/env.ts": "export const preview = process.env.VERCEL_ENV;\n"},
        ],
    ),
    "a logger that is loaded by its name": (
        {"logger-by-name"},
        [
            logger('pino({ transport: { target: "@logtail/pino", options: {} } })'),
            logger('pino(pino.transport({ targets: [{ target: "pino/file" }, { target: "pino-loki" }] }))'),
            logger('pino({ transport: { target: "pino-pretty" } })', "src/lib/log.ts"),
            below("web", logger("pino({\n  transport: {\n    target: 'pino-sentry-transport',\n  },\n})")),
        ],
        [
            logger("pino()"),
            logger('pino(process.env.NODE_ENV === "production" ? {} : { transport: { target: "pino-pretty" } })'),
            logger('pino({ transport: { target: "pino/file", options: { destination: 1 } } })'),
            logger('pino({ transport: { target: "pino-loki" } })', "scripts/import.ts"),
        ],
    ),
    "a log of Node.js in a file": (
        {"log-in-file"},
        [
            logger('make({ transports: [new winston.transports.File({ filename: "logs/error.log" })] })', by="winston"),
            logger('make({ transport: { target: "pino/file", options: { destination: "./logs/app.log" } } })'),
            logger('new Rotate({ dirname: "logs", filename: "%DATE%.log" })', by="winston-daily-rotate-file"),
        ],
        [
            logger("make({ transports: [new winston.transports.Console()] })", by="winston"),
            logger('make({ transports: [new winston.transports.File({ filename: "/tmp/a.log" })] })', by="winston"),
            logger('process.env.NODE_ENV === "production" ? null : make({ filename: "a.log" })', by="winston"),
            logger('make({ filename: "logs/import.log" })', "scripts/import.ts", by="winston"),
        ],
    ),
    "a database in a folder of its own": (
        {"writes-beside-code"},
        [
            logger('new duckdb.Database("data.duckdb")', by="duckdb"),
            logger('await DuckDBInstance.create("./data/a.db")', by="@duckdb/node-api"),
            logger('new PGlite("./pgdata")', by="@electric-sql/pglite"),
            logger("new Level('db', { valueEncoding: 'json' })", by="level"),
        ],
        [
            logger('new duckdb.Database(":memory:")', by="duckdb"),
            logger('new PGlite("memory://")', by="@electric-sql/pglite"),
            logger("new Level(process.env.LEVEL_PATH)", by="level"),
            logger('new duckdb.Database("data.duckdb")', "scripts/load.ts", by="duckdb"),
        ],
    ),
    "capital letters in an import": (
        {"case-of-import"},
        [
            importing("../../components/header", "components/Header.tsx"),
            importing("@/components/Header", "components/header.tsx"),
            importing("@/lib/Api/client", "src/lib/api/client.ts", file="src/app/page.tsx"),
            below("web", importing("./Logo.json", "app/shop/logo.json")),
        ],
        [
            importing("../../components/Header", "components/Header.tsx"),
            importing("@/components/button", "components/Button/x.ts", "components/button.tsx"),
            importing("@/components/menu", "components/menu/index.ts"),
            importing("../none"),
        ],
    ),
    "an import that git ignores": (
        {"ignored-import"},
        [
            generated("@/generated/graphql", "generated\n"),
            generated("../../src/i18n/i18n-react", "src/i18n/\n", scripts={"build": "tsc --noEmit && next build"}),
            generated("./output.css", "/app/shop/output.css\n", scripts={"prepare": "husky", "build": "next build"}),
            generated("../../settings.local.json", "*.local.json\n"),
            below("web", generated("@/paraglide/messages", "/src/paraglide\n")),
        ],
        [
            importing("./.next/types/routes.d.ts", file="next-env.d.ts") | {".gitignore": ".next\n"},
            generated("@/generated/graphql", "generated\n", scripts={"build": "graphql-codegen && next build"}),
            generated("@/generated/graphql", "generated\n", scripts={"build": "npm run gen && next build", "gen": "a"}),
            generated("@/generated/graphql", "generated\n", scripts={"postinstall": "panda codegen"}),
            generated("@/generated/graphql", "generated\n", "generated/graphql.ts"),
            generated("@/lib/utils", "lib/\n", "src/lib/utils.ts"),
            generated("@/generated/prisma/client", "generated\n", **{"dependencies": {"@prisma/client": "6.0.0"}})
            | {"prisma/schema.prisma": 'datasource db {\n  provider = "postgresql"\n}\n'},
            generated("@/paraglide/messages", "/src/paraglide\n")
            | {"next.config.ts": 'import { paraglide } from "@inlang/paraglide-next";\nexport default paraglide();\n'},
            generated("@/lib/none", "*.d.ts\n*.js\n"),
        ],
    ),
    "an address at another host in code": (
        {"address-at-another-host"},
        [
            module(
                "const dev = process.env.NODE_ENV !== 'production'\n\n"
                "export const url = dev\n  ? 'http://localhost:3000'\n  : 'https://shop.vercel.app'\n"
            ),
            module(
                'const url = process.env.NODE_ENV === "production" ? "https://shop.netlify.app/api" : "http://localhost:3000/api";\n'
            ),
            below(
                "web",
                module("const to = `${isDev ? 'http://localhost:3001' : 'https://till-2.up.railway.app'}/auth`;\n"),
            ),
        ],
        [
            module(
                'const url =\n  process.env.APP_URL ??\n  (prod ? "https://shop.vercel.app" : "http://localhost:3000");\n'
            ),
            module("const url = dev ? 'http://localhost:3000' : 'https://shop.example.com'\n"),
            module("const api = dev ? 'http://localhost:5000' : 'https://api.onrender.com'\n"),
            module('const flags = "https://flag.vercel.app/m/US.svg";\n'),
            {**nextjs(), "lib/url.test.ts": "const url = dev ? 'http://localhost:3000' : 'https://shop.vercel.app'\n"},
        ],
    ),
    "what vercel.json routes": (
        {"routes-of-vercel"},
        [
            {**nextjs(), "vercel.json": '{"redirects": [{"source": "/a", "destination": "/b"}]}'},
            {**nextjs(), "vercel.json": '{"headers": [{"source": "/(.*)", "headers": []}], "rewrites": [{}]}'},
            below("web", {**nextjs(), "vercel.json": '{"rewrites": [{"source": "/api", "destination": "/b"}]}'}),
        ],
        [
            {**nextjs(), "vercel.json": '{"framework": "nextjs", "rewrites": []}'},
            {**nextjs(), "vercel.json": '{"functions": {"app/a.ts": {"maxDuration": 60}}}'},
        ],
    ),
    "a build for another host": (
        {"build-of-another-host"},
        [
            {**nextjs(), "vercel.json": '{"buildCommand": "node scripts/feed.mjs && next build"}'},
            {
                **nextjs(),
                "render.yaml": "services:\n  - buildCommand: npm ci; npm run cms:types && npm run build\n",
            }
            | {
                "package.json": nextjs(scripts={"build": "next build", "cms:types": "sanity typegen generate"})[
                    "package.json"
                ]
            },
            nextjs(scripts={"build": "next build", "vercel-build": "graphql-codegen && npm run build"}),
            nextjs(scripts={"build": "next build", "heroku-postbuild": "npm run build && next-sitemap"}),
            nextjs(scripts={"build": "next build", "scalingo-postbuild": "npm run build && next-sitemap"}),
            below("web", {**nextjs(), "netlify.toml": '[build]\n  command = "bash get-content.sh && npm run build"\n'}),
            {**nextjs(), "railway.json": '{"build": {"buildCommand": "npm run build && node index-search.js"}}'},
        ],
        [
            {**nextjs(), "vercel.json": '{"buildCommand": "prisma generate && prisma migrate deploy && next build"}'},
            {**nextjs(), "vercel.json": '{"buildCommand": "cd ../.. && npx turbo run build --filter=web"}'},
            {**nextjs(), "netlify.toml": '[build]\n  command = "npm run build"\n\n[dev]\n  command = "npm run dev"\n'},
            {**nextjs(), "render.yaml": "services:\n  - buildCommand: yarn --frozen-lockfile install; yarn build\n"},
            nextjs(scripts={"build": "velite && next build", "vercel-build": "velite && next build"}),
            nextjs(scripts={"build": "next build", "vercel-build": "npm run db:migrate && npm run build"}),
            nextjs(
                scripts={"build": "next build", "heroku-postbuild": "./migrate.sh && npm run build", "gcp-build": ""}
            ),
        ],
    ),
    "a package of an old Node.js": (
        {"package-of-old-node"},
        [
            nextjs(dependencies={"canvas": "^2.11.2"}),
            nextjs(dependencies={"node-sass": "9.0.0"}),
            nextjs(dependencies={"esm": "^3.2.25"}),
            below("web", nextjs(dependencies={"fibers": "~5.0.2"})),
            nextjs(dependencies={"better-sqlite3": "^9.6.0"}),
        ],
        [
            nextjs(dependencies={"canvas": "^3.1.0", "sass": "^1.80.0", "@grpc/grpc-js": "1.12.0"}),
            nextjs(dependencies={"better-sqlite3": "^11.3.0"}),
            {**nextjs(dependencies={"better-sqlite3": "^9.6.0"}), ".nvmrc": "22\n"},
        ],
    ),
    "pictures that the standalone server does not resize": (
        {"pictures-not-resized"},
        [
            picture('<Image src="/a.png" alt="" width={9} height={9} />'),
            picture("<Image\n    onLoad={() => seen()}\n    src={user.picture}\n    alt=''\n  />", "13.5.6"),
            below("apps/web", picture("<Image src={photo} fill />", "12.3.4")),
            picture(
                "<Picture {...props} />",
                **{"app/page.tsx": "import Picture, { type A } from 'next/legacy/image';\n<Picture {...a} />\n"},
            ),
        ],
        [
            picture('<Image src="/a.png" />', lock='\nsharp@^0.33.0:\n  version "0.33.5"\n'),
            picture('<Image src="/a.png" />', "15.5.29"),
            picture('<Image src="/a.svg" />'),
            picture('<Image src="/a.png" unoptimized />'),
            picture('<Image loader={ours} src="/a.png" />'),
            picture('{/* <Image src="/a.png" /> */}'),
            picture("null"),
            picture(
                '<Image src="/a.png" />', **{"next.config.mjs": "export default { images: { unoptimized: true } };\n"}
            ),
            picture(
                '<Image src="/a.png" />', **{"next.config.mjs": "export default { images: { loader: 'imgix' } };\n"}
            ),
            picture('<Image src="/a.png" />', **{"next.config.mjs": 'export default {\n  output: "export",\n};\n'}),
            picture(
                "", **{"app/page.tsx": "import Image from 'next/image';\nimport a from './a.svg';\n<Image src={a} />\n"}
            ),
            picture("", **{"app/page.tsx": "import type { ImageProps } from 'next/image';\n<Image src={a} />\n"}),
        ],
    ),
    "addresses on this machine in a committed file": (
        {"env-file-localhost"},
        [
            env("NEXT_PUBLIC_API_URL=http://localhost:4000\n"),
            env('NEXTAUTH_URL="http://127.0.0.1:3000"\n', ".env"),
            below("web", env("API=redis://user@localhost:6379\n")),
        ],
        [
            env("NEXT_PUBLIC_API_URL=https://api.example.com\n"),
            env("NEXT_PUBLIC_API_URL=http://localhost:4000\n", ".env.development"),
            env("DATABASE_URL=postgres://a:b@localhost/shop\n", ".env"),
        ],
    ),
    "a yarn of an old Node.js": (
        {"yarn-of-old-node"},
        [
            nextjs(packageManager="yarn@3.1.1"),
            {**nextjs(), ".yarnrc.yml": "nodeLinker: node-modules\n\nyarnPath: .yarn/releases/yarn-3.0.2.cjs\n"},
            {
                **below("apps/web", nextjs()),
                "package.json": '{"workspaces": ["apps/*"], "packageManager": "yarn@3.1.0"}',
            },
        ],
        [
            nextjs(packageManager="yarn@3.2.0"),
            nextjs(packageManager="yarn@4.18.1"),
            nextjs(packageManager="yarn@1.22.22"),
            {**nextjs(packageManager="yarn@3.1.1"), ".nvmrc": "22\n"},
            {**nextjs(), ".yarnrc.yml": "yarnPath: .yarn/releases/yarn-3.8.7.cjs\n"},
        ],
    ),
    "a package of another system": (
        {"package-of-another-system"},
        [
            locked(DARWIN),
            locked({"node_modules/@rollup/rollup-win32-x64-msvc": {"version": "4.0.0", "os": ["win32"]}}),
            below("web", locked(DARWIN)),
        ],
        [
            locked(OPTIONAL),
            locked({"node_modules/a": {"version": "1.0.0", "os": ["linux", "darwin"]}}),
            locked({"node_modules/a": {"version": "1.0.0", "os": ["!win32"]}}),
        ],
    ),
    "a lock file without Linux": (
        {"lock-lacks-linux"},
        [
            on_22(built_for("darwin-arm64")),
            below("web", on_22(built_for("darwin-arm64"))),
            on_22(built_for("darwin-arm64", package="a")),
        ],
        [
            on_22(built_for("darwin-arm64", "linux-x64-gnu")),
            on_22(built_for()),
            on_22(built_for("darwin-arm64", package="@next/swc")),
            built_for("darwin-arm64", "linux-x64-gnu", "linux-x64-musl"),
        ],
    ),
    "a lock file that lacks optional packages": (
        {"lock-incomplete"},
        [built_for("darwin-arm64"), below("web", built_for()), locked({}, optionalDependencies={"fsevents": "^2"})],
        [
            built_for("darwin-arm64", "linux-x64-gnu", "linux-x64-musl"),
            on_22(built_for()),
            locked({"apps/a": {"optionalDependencies": {"b": "1"}}, "apps/a/node_modules/b": {"version": "1.0.0"}}),
        ],
    ),
    "a Prisma that does not know OpenSSL 3.5": (
        {"prisma-too-old"},
        [
            by_prisma("4.7.1"),
            by_prisma("^3.9.1", **{"yarn.lock": '"@prisma/client@^3.9.1", prisma@^3.9.1:\n  version "3.15.2"\n'}),
            below("web", by_prisma("2.30.3")),
        ],
        [
            by_prisma("4.8.0"),
            by_prisma("^4.0.0"),
            by_prisma("^4.0.0", **{"yarn.lock": '"@prisma/client@^4.0.0", prisma@^4.0.0:\n  version "4.16.2"\n'}),
            by_prisma("10.1.0"),
        ],
    ),
    "a lock file that is behind": (
        {"lock-behind"},
        [
            locked({}, dependencies={"next": "16.2.3"}),
            below("web", locked({}, dependencies={"react": "19.2.0"})),
            locked({}, devDependencies={"typescript": "5.0.0"}),
            {**nextjs(), "pnpm-lock.yaml": "dependencies:\n  next:\n    specifier: 15.0.0\n"},
            {**nextjs(), "yarn.lock": '# yarn lockfile v1\n\n\nnext@15.0.0:\n  version "15.0.0"\n'},
        ],
        [
            locked({}),
            locked({"node_modules/typescript": {"version": "5.9.3"}}, dependencies=PACKAGES),
        ],
    ),
    "packages that do not fit together": (
        {"peers-in-conflict"},
        [
            in_conflict("^18.0.0"),
            below("web", in_conflict("^17 || ^18")),
            in_conflict("^18.0.0", **{".npmrc": "save-exact=true\n"}),
        ],
        [in_conflict("^18 || ^19"), in_conflict("^18.0.0", **{".npmrc": "legacy-peer-deps=true\n"})],
    ),
    "secrets by a program": (
        {"secrets-by-program"},
        [
            nextjs(scripts={"build": "doppler run -- next build"}),
            nextjs(scripts={"build": "prisma generate && infisical run --env=prod -- next build"}),
            below("web", nextjs(scripts={"build": "op run --env-file=.env.op -- next build"})),
        ],
        [nextjs(scripts={"dev": "doppler run -- next dev", "build": "next build"})],
    ),
    "what is loaded before Next.js": (
        {"start-loads"},
        [
            start("node --require ./tracing.js node_modules/.bin/next start"),
            start("NODE_OPTIONS='--import ./otel.mjs' next start"),
            below("web", start("node -r dd-trace/init node_modules/.bin/next start")),
        ],
        [start("next start"), start("NODE_OPTIONS=--max-old-space-size=512 next start")],
    ),
    "what start runs besides": (
        {"start-runs-more"},
        [
            start("next start & node server.js"),
            start('concurrently "next start" "node worker.js"'),
            start("node scripts/seed-cache.js && next start"),
            start("next start", prestart="node scripts/download.js"),
        ],
        [
            start("prisma migrate deploy && next start -p 3001"),
            start("cross-env NODE_ENV=production next start"),
            start("next start", prestart="npx @acme/check-engines"),
        ],
    ),
    "what a clone lacks": (
        {"not-in-a-clone"},
        [
            {**nextjs(), ".gitmodules": '[submodule "a"]\n\tpath = a\n\turl = https://example.com/a\n'},
            {**nextjs(), ".gitattributes": "public/*.mp4 filter=lfs diff=lfs merge=lfs -text\n"},
            {**below("web", nextjs()), ".gitattributes": "*.onnx filter=lfs\n"},
        ],
        [{**nextjs(), ".gitattributes": "*.sh text eol=lf\n# *.mp4 filter=lfs\n"}],
    ),
}
