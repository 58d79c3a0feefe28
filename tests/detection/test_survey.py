"""Each rule of the survey, on a project that it is for: code, place and words, and that the copy prints them first."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from copier_fly.detect import survey
from copier_fly.detect.examine import examine
from copier_fly.detect.files import Target
from copier_fly.detect.project import Project, ProjectWarning
from copier_fly.detect.warnings import texts
from docs import survey as page_of_warnings
from tests.detection import test_deployed_nextjs, test_survey_elixir, test_survey_nextjs
from tests.detection.projects import (
    Files,
    below,
    endpoint_ex,
    mix_exs,
    nextjs,
    package_json,
    phoenix,
    repo_ex,
    told,
    umbrella,
    write,
)
from tests.projects.kinds import TOLD
from tests.questions import test_contradictions

ROUTER = 'defmodule ShopWeb.Router do\n  use ShopWeb, :router\n  get "/livez", ShopWeb.UpController, :up\nend\n'


def mix(old: str, new: str, files: dict[str, str] | None = None) -> dict[str, str]:
    files = files or phoenix()
    assert old in files["mix.exs"]
    return {**files, "mix.exs": files["mix.exs"].replace(old, new)}


MOVED = {name.replace("apps/", "services/"): text for name, text in umbrella().items()}
PRISMA = {"prisma": "^7.10.1", "@prisma/client": "^7.10.0", "pg": "^8"}
VOLUME = 'app = "x"\n[[mounts]]\nsource = "shop_data"\ndestination = "/mnt/shop"\n'
VERCEL = """{
  "crons": [
    { "path": "/api/cron/digest", "schedule": "0 3 * * *" },
    { "path": "/api/cron/weekly/Digest?all=1&to=b", "schedule": "0 5 * * 1" }
  ]
}
"""
SQLITE = 'import Database from "better-sqlite3";\nexport const db = new Database(process.env.DATABASE_PATH!);\n'
WORKS_IN = "FROM node:24\nARG PLACE=/srv\nWORKDIR $PLACE\nWORKDIR shop\nCMD node server.js\n"
COMPOSE = "services:\n  shop:\n    {}\n    restart: always\n    volumes:\n      {}\n"
SELF_HOSTED = {
    "Dockerfile": WORKS_IN,
    "docker-compose.yml": COMPOSE.format(
        "build: .",
        "- ${FILES:-./uploads}:/srv/shop/uploads\n      - {type: volume, source: files, target: /data}\n"
        "      - ./public:/srv/shop/public\n      - ./terms:/srv/shop/terms\n      - keys:/srv/shop/keys:ro\n"
        "      - /srv/shop/more\n      - /var/run/docker.sock:/var/run/docker.sock",
    ),
    "lib/files.ts": 'export { readFile } from "node:fs/promises";\n',
    "terms/a.md": "a\n",
    "uploads/.gitkeep": "",
}
CRON_JOB = (
    "# nightly\napiVersion: batch/v1\nkind: CronJob\nmetadata:\n  labels: {{}}\n  name: {0}\nspec:\n"
    '  schedule: "0 3 * * *" # at night\n  jobTemplate:\n    command:\n{1}\n'
)
CALLS = '      - |\n        curl -X POST \\\n          "http://app:3000/api/night?year=${YEAR}" --fail'
# What the project has, the place (file and line) and code of its warning, and words of it.
APP_JSON = """{
  "name": "shop",
  "env": {
    "MAIL_KEY": {"description": "from the provider"},
    "SESSION_KEY": {"generator": "secret"},
    "CHAT_URL": {"required": false},
    "YARN_PRODUCTION": "false",
    "DATABASE_URL": {"required": true}
  }
}
"""
BROKEN = "defmodule Admin.MixProject do\n  use Mix.Project\n  def project, do: [app: :admin,\n  end\nend\n"

CASES: dict[str, tuple[dict[str, str], str, list[str]]] = {
    "another-kind": (
        {"package.json": '{"dependencies": {"astro": "^5"}}'},
        "package.json another-kind",
        ["no Phoenix or Next.js app", "-d stack=phoenix (or umbrella, nextjs)"],
    ),
    "another-kind-below": (
        {"README.md": "x\n", "server/go.mod": "module a\n", "web/package.json": '{"dependencies": {"vue": "^3"}}'},
        "server/go.mod another-kind",
        ["no Phoenix or Next.js app"],
    ),
    "redis-made": (
        {**nextjs(dependencies={"ioredis": "^5"}), "lib/redis.ts": "new Redis(process.env.REDIS_URL!);\n"},
        "package.json:14 redis-made",
        ["Redis (ioredis) by REDIS_URL", "ops/setup makes one at Upstash", "-d redis=url"],
    ),
    "redis-at-upstash": (
        nextjs(dependencies={"@upstash/redis": "^1"}),
        "package.json:14 redis-at-upstash",
        ["over HTTPS (@upstash/redis)", "UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN"],
    ),
    "bucket-made": (
        {**nextjs(dependencies={"@aws-sdk/client-s3": "^3"}), "lib/files.ts": "const at = process.env.BUCKET_NAME!;\n"},
        "package.json:14 bucket-made",
        ["S3 bucket (@aws-sdk/client-s3)", "ops/setup makes one at Tigris", "-d bucket=s3", "-d bucket=none"],
    ),
    "bucket-there": (
        {**nextjs(dependencies={"@aws-sdk/client-s3": "^3"}), "lib/files.ts": "const at = process.env.S3_BUCKET!;\n"},
        "package.json:14 bucket-there",
        ["by S3_BUCKET", "ops/setup asks for each", "AWS_ACCESS_KEY_ID"],
    ),
    "bucket-unknown": (
        nextjs(dependencies={"@aws-sdk/client-s3": "^3"}),
        "package.json:14 bucket-unknown",
        ["no variable was found", "-d bucket=tigris", "bucket_env=[NAME"],
    ),
    "broken-mix": (
        mix("app: :shop,", "app: :shop, ["),
        "mix.exs:15 mix-not-understood",
        ["end closes nothing", "-d stack=phoenix"],
    ),
    "volume": (
        {**mix("{:postgrex,", "{:ecto_sqlite3,"), "fly.toml": VOLUME},
        "fly.toml:4 file-on-volume",
        ["mounted at /mnt/shop", "no DATABASE_PATH", "-d database_file=PATH"],
    ),
    "worker-of-node": (
        {**nextjs(scripts={"build": "next build", "worker": "tsx src/worker.ts"})},
        "package.json:7 worker-of-node",
        [
            "worker runs `tsx src/worker.ts`",
            "nothing starts it",
            "-d 'workers=[{name: worker, command: node dist/worker.js}]'",
        ],
    ),
    "clock-of-procfile": (
        {**phoenix(), "Procfile": "web: mix phx.server\nclock: mix clock\n"},
        "Procfile:2 worker-of-release",
        ["clock runs `mix clock`"],
    ),
    "worker-of-compose": (
        {
            **nextjs(),
            "compose.yml": "services:\n  web:\n    build: .\n  mail-worker:\n    build:\n      context: mail\n\n"
            "    command: node index.js\n",
        },
        "compose.yml:4 worker-of-node",
        ["mail-worker runs `node index.js`"],
    ),
    "worker-of-procfile": (
        {**phoenix(), "Procfile": "web: mix phx.server\nworker: mix run --no-halt\n"},
        "Procfile:2 worker-of-release",
        ["worker runs `mix run --no-halt`", "command: /app/bin/shop start}]'", "such as Oban's, need none"],
    ),
    "crons-of-kubernetes": (
        {
            **nextjs(),
            "app/api/night/route.ts": "export const POST = () => new Response();\n",
            "jobs/clean.mjs": "",
            "k8s/templates/a.yaml": "kind: Service\n---\n" + CRON_JOB.format("call-it", CALLS),
            "k8s/templates/b.yaml": CRON_JOB.format("{{ .Name }}-clean", "      - node\n      - jobs/clean.mjs"),
        },
        "k8s/templates/a.yaml:10 crons-of-kubernetes",
        ["call-it, {{ .Name }}-clean.", 'cron: "0 3 * * *"'],
    ),
    "crons-of-kubernetes-on-phoenix": (
        {**phoenix(), "deploy/a.yml": CRON_JOB.format("clean", '      ["bin/shop", "eval", "Shop.Jobs.clean()"]')},
        "deploy/a.yml:8 crons-of-kubernetes",
        ["clean."],
    ),
    "volume-of-compose": (
        {**nextjs(), **SELF_HOSTED},
        "docker-compose.yml:6 volume-of-compose",
        ["puts /srv/shop/uploads, /data on a volume", "answer bucket", "[mounts] in fly.toml"],
    ),
    "volume-of-compose-on-phoenix": (
        {
            **phoenix(),
            "compose.yaml": COMPOSE.format("image: ghcr.io/x/shop:1", "- files:/app/uploads"),
            "lib/shop/files.ex": "defmodule Shop.Files do\n  def get(path), do: File.read(path)\nend\n",
        },
        "compose.yaml:6 volume-of-compose",
        ["/app/uploads on a volume"],
    ),
    "volume-of-image": (
        {
            **nextjs(),
            "Dockerfile": WORKS_IN.replace("CMD", 'VOLUME ["/srv/shop/uploads"]\nCMD'),
            "lib/files.ts": SELF_HOSTED["lib/files.ts"],
        },
        "Dockerfile:5 volume-of-compose",
        ["/srv/shop/uploads on a volume"],
    ),
    "crons-of-vercel": (
        {**nextjs(), "vercel.json": VERCEL},
        "vercel.json:3 crons-of-vercel",
        ["by the clock: digest, digest-2", "answer schedules", "-d schedules=[]"],
    ),
    "cron-not-understood": (
        {**nextjs(), "vercel.json": VERCEL.replace("0 5 * * 1", "0 5 * * 9")},
        "vercel.json:4 cron-not-understood",
        ["The schedule of digest-2", "9 is no day of the week", "-d 'schedules=[{name: digest-2"],
    ),
    "crons-and-sqlite": (
        {**nextjs(dependencies={"better-sqlite3": "^12"}), "lib/db.ts": SQLITE, "vercel.json": VERCEL},
        "vercel.json:3 crons-and-sqlite",
        ["the answer schedules is refused", "croner in instrumentation.ts"],
    ),
    "packages-of-debian": (
        {**phoenix(), "Dockerfile": "FROM debian\nRUN apt-get install -y poppler-utils && echo 1\n"},
        "Dockerfile:2 own-image-packages",
        ["also installs poppler-utils.", "add them to the answer apt_packages"],
    ),
    "packages-of-alpine": (
        {**phoenix(), "Dockerfile": "FROM alpine\nRUN apk add --no-cache font-noto chromium\n"},
        "Dockerfile:2 own-image-packages",
        [
            "font-noto, chromium (names of Alpine).",
            "add the packages of Debian that have them to the answer apt_packages",
        ],
    ),
    "packages-of-alpine-for-next": (
        {**nextjs(), "Dockerfile": "FROM node:24-alpine\nRUN apk add --no-cache vips-heif\n"},
        "Dockerfile:2 own-image-packages",
        ["vips-heif (names of Alpine).", "install the packages of Debian that have them", "docs/fly/nextjs.md"],
    ),
    "own-crontab": (
        {**phoenix(), "fly.toml": 'app = "x"\n[processes]\napp = ""\ncron = "supercronic /app/crontab"\n'},
        "fly.toml:4 own-crontab",
        ["The group cron runs `supercronic /app/crontab`", "-d 'schedules=[{name: nightly"],
    ),
    "broken-package": (
        {**nextjs(), "package.json": '{\n  "name": "shop",,\n}\n'},
        "package.json:2 unreadable-file",
        ["not valid JSON", "Fix it."],
    ),
    "broken-config": (
        {**phoenix(), "config/prod.exs": "import Config\n\nconfig :shop, [\n"},
        "config/prod.exs:3 config-not-understood",
        ["[ is never closed", "tcp_services"],
    ),
    "broken-umbrella-app": (
        {**umbrella(), "apps/shop/mix.exs": "defmodule Shop.MixProject do\n  [\nend\n"},
        "apps/shop/mix.exs:3 mix-not-understood",
        ["end closes nothing"],
    ),
    "app-of-an-umbrella": (
        {**phoenix(), "mix.exs": mix_exs("shop", deps=('{:phoenix, "1.8.1"}',), child=True)},
        "mix.exs:11 inside-umbrella",
        ["part of an umbrella", "Copy into the root of the umbrella."],
    ),
    "umbrella-in-another-folder": (
        mix('apps_path: "apps"', 'apps_path: "services"', MOVED),
        "mix.exs:6 umbrella-folder",
        ["keeps its children in services/", "git mv"],
    ),
    "two-endpoints": (
        {**phoenix(), "lib/admin/endpoint.ex": endpoint_ex("AdminWeb", "shop")},
        "lib/admin/endpoint.ex:2 several-endpoints",
        ["2 modules use Phoenix.Endpoint: AdminWeb.Endpoint, ShopWeb.Endpoint.", "-d web_module="],
    ),
    "two-endpoints-of-one-app": (
        {**phoenix(), "lib/shop_web/device.ex": endpoint_ex("ShopWeb", "shop").replace(".Endpoint do", ".Device do")},
        "lib/shop_web/device.ex:2 several-endpoints",
        ["2 modules use Phoenix.Endpoint: ShopWeb.Device, ShopWeb.Endpoint.", "ShopWeb.Endpoint gets the health plug"],
    ),
    "two-endpoints-none-usual": (
        {
            **{name: text for name, text in phoenix().items() if not name.endswith("endpoint.ex")},
            "lib/a/endpoint.ex": endpoint_ex("AWeb", "shop"),
            "lib/b/endpoint.ex": endpoint_ex("BWeb", "shop"),
        },
        "lib/a/endpoint.ex:2 no-known-endpoint",
        ["AWeb.Endpoint, BWeb.Endpoint", "is not known here", "-d web_module="],
    ),
    "two-repos": (
        {
            **phoenix(),
            "config/config.exs": "import Config\n\nconfig :shop, ecto_repos: [Shop.Repo, Shop.AuditRepo]\n",
            "lib/shop/audit_repo.ex": repo_ex("Shop.AuditRepo", "shop"),
        },
        "config/config.exs:3 further-repo",
        ["reads SHOP_AUDIT_DATABASE_URL", "extra_secrets"],
    ),
    "two-repos-the-main-one-last": (
        {
            **phoenix(),
            "config/config.exs": "import Config\n\nconfig :shop, ecto_repos: [Shop.AuditRepo, Shop.Repo]\n",
            "lib/shop/audit_repo.ex": repo_ex("Shop.AuditRepo", "shop"),
        },
        "config/config.exs:3 further-repo",
        ["Shop.AuditRepo is a further repository.", "reads SHOP_AUDIT_DATABASE_URL"],
    ),
    "mysql": (
        mix("{:postgrex, ", "{:myxql, "),
        "mix.exs:32 database-elsewhere",
        ["uses MySQL (myxql)", "no server is made", "its address in DATABASE_URL"],
    ),
    "old-elixir": (
        {**phoenix(), ".tool-versions": "erlang 27.3.4\nelixir 1.11.4-otp-27\n"},
        ".tool-versions:2 version-not-served",
        ["asks for Elixir 1.11.4", "-d elixir_image="],
    ),
    "new-elixir": (
        mix('elixir: "~> 1.15"', 'elixir: "~> 1.99"'),
        "mix.exs:8 elixir-too-old",
        ["requires Elixir ~> 1.99", "the build would stop"],
    ),
    "own-releases": (
        mix("app: :shop,", 'app: :shop,\n      releases: [shop: [rel_templates_path: "deploy"]],'),
        "mix.exs:7 own-releases",
        ["has a `releases:` of its own, which stays", "printed after the copy"],
    ),
    "own-health-route": (
        {**below("back", phoenix()), "back/lib/shop_web/router.ex": ROUTER},
        "back/lib/shop_web/router.ex:3 own-health-route",
        ["The router has /livez.", "before the router is asked"],
    ),
    "two-orms": (
        nextjs(dependencies={**PRISMA, "drizzle-orm": "1"}),
        "package.json:17 two-orms",
        ["Prisma and Drizzle are both installed", "-d orm=prisma"],
    ),
    "prisma-without-a-schema": (
        nextjs(dependencies=PRISMA),
        "package.json:14 prisma-schema",
        ["no schema was found", "prisma/migrations", "-d migrations_dir="],
    ),
    "pin-against-lock": (
        {**nextjs(packageManager="pnpm@10.34.0"), "package-lock.json": "{}"},
        "package.json:18 package-manager",
        ["packageManager is pnpm@10.34.0, and the lock file is package-lock.json"],
    ),
    "old-node": (
        {**nextjs(), ".nvmrc": "v16.20.2\n"},
        ".nvmrc:1 version-not-served",
        ["Node.js 16.20.2, which is not offered"],
    ),
    "node-by-a-word": (
        {**nextjs(), ".nvmrc": "# ours\nmy-shop\n"},
        ".nvmrc:2 node-unknown",
        ["by the word my-shop", "image gets Node.js 24", "-d node_version="],
    ),
    "own-health-page": (
        {**below("apps/web", nextjs()), "apps/web/app/readyz/page.tsx": "export default () => null\n"},
        "apps/web/app/readyz/page.tsx own-health-page",
        ["image answers /readyz before the app does", "Remove it"],
    ),
    "image-by-phx.gen.release": (
        {**phoenix(), "Dockerfile": "# Find eligible builder and runner images on Docker Hub. We use\nFROM x\n"},
        "Dockerfile:1 own-image",
        ["written by mix phx.gen.release", "takes its place"],
    ),
    "image-by-fly-launch": (
        {**nextjs(), "Dockerfile": 'FROM node AS base\n\nLABEL fly_launch_runtime="Next.js"\n'},
        "Dockerfile:3 own-image",
        ["written by fly launch"],
    ),
    "example-of-env": (
        {**phoenix(), ".env.sample": "# for work\nexport PORT=4000\nexport MAIL_HOST=localhost\n#OLD=1\nS3_BUCKET=\n"},
        ".env.sample:3 example-of-env",
        ["MAIL_HOST, S3_BUCKET.", "extra_secrets, extra_env."],
    ),
    "example-of-env-with-much": (
        {
            **below("apps/web", nextjs()),
            "apps/web/.env.example": "".join(f"NAME_{number}=\n" for number in range(8)) + "NEXT_PUBLIC_SITE=\n",
        },
        "apps/web/.env.example:1 example-of-env",
        ["NAME_5 and 3 more", "extra_env, public_env."],
    ),
    "example-of-env-as-text": (
        {**phoenix(), "env.example.txt": "MAIL_HOST=localhost\n", ".envrc": "A=1\n"},
        "env.example.txt:1 example-of-env",
        ["MAIL_HOST."],
    ),
    "app.json-of-heroku": (
        {**nextjs(), "app.json": APP_JSON},
        "app.json:4 example-of-env",
        ["MAIL_KEY, SESSION_KEY.", "extra_secrets, extra_env."],
    ),
    "own-workflow": (
        {**phoenix(), ".github/workflows/up.yml": "on: push\nrun: flyctl deploy --remote-only\n"},
        ".github/workflows/up.yml:2 own-workflow",
        ["deploys to Fly.io too"],
    ),
    "fly-toml-below": (
        {**below("apps/web", nextjs()), "apps/web/fly.toml": "app = 'x'\n"},
        "apps/web/fly.toml fly-toml-below",
        ["is read for defaults and stays", "fly.toml at the top is in use"],
    ),
    "fly.yaml": (
        {**phoenix(), "fly.yaml": "app: shop\nprimary_region: ord\n"},
        "fly.yaml fly-toml-below",
        ["is read for defaults and stays", "fly.toml at the top is in use"],
    ),
}
REDIX = {
    **mix("{:postgrex,", '{:redix, "~> 1.5"},\n      {:postgrex,'),
    "lib/shop/redis.ex": 'Redix.start_link(System.fetch_env!("REDIS_URL"))\n',
}
SILENT = {
    "services-of-compose": {
        **nextjs(),
        "docker-compose.yml": "services:\n  scheduler:\n    image: ofelia\n    command: daemon\n"
        "  worker:\n    build: .\n  db:\n    build: db\n    command: postgres\n",
    },
    "crons-of-kubernetes-for-others": {
        **nextjs(),
        "jobs/clean.mjs": "",
        "k8s/a.yaml": CRON_JOB.format("copy", "      - pg_dump && node jobs/clean.mjs"),
        "k8s/b.yaml": CRON_JOB.format("call-it", CALLS),
        "k8s/c.yaml": CRON_JOB.format("another", "      - node\n      - worker/clean.mjs"),
        "k8s/d.yaml": CRON_JOB.format("web", "      - node jobs/clean.mjs").replace("CronJob", "Deployment # CronJob"),
    },
    "a-volume-of-what-is-no-file": {**nextjs(), **SELF_HOSTED, "lib/files.ts": ""},
    "a-volume-of-another-service": {
        **nextjs(),
        **SELF_HOSTED,
        "docker-compose.yml": COMPOSE.format("image: minio", "- files:/data").replace("shop:", "minio:"),
    },
    "a-volume-of-development": {
        **nextjs(),
        **SELF_HOSTED,
        "docker-compose.yml": COMPOSE.format("build: .", "- .:/srv/shop\n      - ./uploads:/srv/shop/uploads"),
    },
    "a-volume-of-sqlite": {
        **nextjs(dependencies={"better-sqlite3": "^12"}),
        **SELF_HOSTED,
        "lib/db.ts": SQLITE.replace("import", 'import "fs";\nimport', 1),
        "docker-compose.yml": COMPOSE.format("build: .", "- ./data:/srv/shop/data"),
    },
    "a-volume-on-fly": {**nextjs(), **SELF_HOSTED, "fly.toml": VOLUME.replace("/mnt/shop", "/app/uploads")},
    "app.json-of-expo": {**nextjs(), "app.json": '{"expo": {"name": "shop"}}'},
    "app.json-of-what-is-set": {**phoenix(), "app.json": '{"env": {"SECRET_KEY_BASE": {"generator": "secret"}}}'},
    "phoenix": phoenix(),
    "umbrella": umbrella(),
    "nextjs": nextjs(),
    "an-example-of-what-is-set": {**phoenix(), ".env.example": "DATABASE_URL=ecto://x\nPORT=4000\n# MAIL_HOST=x\n"},
    "a-release-of-its-own": mix("app: :shop,", 'app: :shop,\n      releases: [shop: [cookie: "x"]],'),
    "image-of-ones-own": {**phoenix(), "Dockerfile": "FROM x\n"},
    "workflow-of-another-kind": {**phoenix(), ".github/workflows/ci.yml": "run: mix test\n"},
    "versions-that-are-served": {**phoenix(), ".tool-versions": "elixir 1.18.3-otp-27\nerlang 27.3.4\n"},
    "broken-file-elsewhere": {**below("backend", phoenix()), "tools/package.json": "{"},
}


def test_of_another_kind_of_project_nothing_else_is_told(tmp_path: Path) -> None:
    files = {"build.gradle.kts": "", "Dockerfile": "FROM a\nRUN ./gradlew bootJar\n", ".env.example": "JDBC_URL=\n"}
    assert [one.code for one in examine(write(tmp_path, files)).warnings] == ["another-kind"]


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_served_is_named_with_its_place(case: str, tmp_path: Path) -> None:
    files, place, words = CASES[case]
    [warning] = told(write(tmp_path, files))
    assert f"{warning.place} {warning.code}" == place
    assert all(word in str(warning) for word in words), str(warning)
    assert str(warning).startswith(f"{warning.place}: ")
    assert all(part.endswith(".") for part in (warning.sentence, warning.action))


@pytest.mark.parametrize("case", SILENT)
def test_a_project_that_is_served_hears_nothing(case: str, tmp_path: Path) -> None:
    assert told(write(tmp_path, SILENT[case])) == ()


def test_every_warning_has_a_case() -> None:
    cases = CASES | test_survey_elixir.CASES | test_survey_nextjs.CASES | test_deployed_nextjs.CASES
    codes = {place.rpartition(" ")[2] for _, _, place, _ in test_contradictions.CASES.values()}.union(
        *(kind.codes for kind in TOLD.values()), {"rule-failed", "redis-address-family"}, {"embeds-untracked"}
    )  # below and in test_untracked.py
    assert texts().keys() == codes | {place.rpartition(" ")[2] for _, place, _ in cases.values()}


def test_the_page_has_every_warning() -> None:
    """After a change: uv run python -m docs.survey."""
    assert {code for code, _, looks_at in page_of_warnings.rules() if looks_at} == texts().keys()
    assert page_of_warnings.PAGE.read_text() == page_of_warnings.page()


def copy(template: Path, app: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "copier", "copy", "--trust", "--defaults", *options, str(template), str(app)]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


@pytest.mark.parametrize("case", ["broken-mix", "broken-package", "broken-umbrella-app", "app-of-an-umbrella"])
def test_nothing_is_written_where_it_cannot_end_well(case: str, template: Path, tmp_path: Path) -> None:
    files, place, words = CASES[case]
    app = write(tmp_path / "shop", files)
    before = sorted(app.rglob("*"))
    done = copy(template, app)
    assert done.returncode == 1
    assert "was found there" not in done.stderr, "the app is there, its file is broken"
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert place.rpartition(" ")[0] in last
    assert all(word in last for word in words)
    assert sorted(app.rglob("*")) == before


def test_an_answer_for_the_stack_goes_before_what_is_not_understood(template: Path, tmp_path: Path) -> None:
    app = write(tmp_path / "shop", CASES["broken-mix"][0])
    done = copy(template, app, "-d", "stack=phoenix", "--pretend")
    assert done.returncode == 0, done.stderr
    assert "\nWarning: mix.exs:15: The file could not be understood" in done.stderr


def test_every_warning_is_printed_before_anything_is_written(template: Path, tmp_path: Path) -> None:
    files = CASES["two-endpoints"][0] | CASES["own-workflow"][0] | {"lib/shop_web/router.ex": ROUTER}
    app = write(tmp_path / "shop", files | {"lib/admin/endpoint.ex": endpoint_ex("AdminWeb", "shop")})
    before = copy(template, app, "-n").stderr.partition("Copying from template")[0]
    warnings = examine(app).warnings
    assert len(warnings) == 3
    assert all(f"\nWarning: {warning}\n" in before for warning in warnings), before


def test_new_and_existing_files_are_told_apart(template: Path, tmp_path: Path) -> None:
    files = {**below("apps/web", nextjs()), "fly.toml": "app = 'x'\n", "package.json": json.dumps({"name": "x"})}
    said = copy(template, write(tmp_path / "shop", files), "-n", "--overwrite").stderr
    before = said.partition("Copying from template")[0]
    assert "These files are there already, and will be overwritten" in before
    assert "\n  fly.toml\n" in before
    new = next(line for line in before.splitlines() if line.startswith("New files"))
    assert "Dockerfile" in new
    assert "rel/" not in new
    assert "fly.toml" not in new.replace("compose.production.yaml", "")


def test_a_misspelt_field_fails(tmp_path: Path) -> None:
    with pytest.raises(AttributeError, match="app_nmae"):
        _ = examine(tmp_path).elixir.app_nmae  # type: ignore[attr-defined]


def test_package_json_is_no_app_by_itself(tmp_path: Path) -> None:
    assert examine(write(tmp_path, {"package.json": package_json().replace('"next"', '"nextra"')})).apps == ()


def test_a_rule_that_fails_is_told_and_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def odd_rule(_: Target, project: Project) -> Iterator[ProjectWarning]:
        raise KeyError(project.folder)

    project = write(tmp_path, CASES["volume"][0])
    before = [one.code for one in examine(project).warnings]
    monkeypatch.setattr(survey, "RULES", (odd_rule, *survey.RULES))
    after = examine(project).warnings
    assert before
    assert [one.code for one in after] == ["rule-failed", *before]
    assert "KeyError in odd_rule" in str(after[0])


@pytest.mark.parametrize(
    ("module", "codes"),
    [
        (REDIX["lib/shop/redis.ex"], ["redis-made", "redis-address-family"]),
        (REDIX["lib/shop/redis.ex"].replace(")\n", ", socket_opts: [:inet6])\n"), ["redis-made"]),
    ],
    ids=["told", "done"],
)
def test_redis_on_ipv6_is_told_to_an_elixir_app_that_does_not_ask_for_it(
    module: str, codes: list[str], tmp_path: Path
) -> None:
    found = told(write(tmp_path, {**REDIX, "lib/shop/redis.ex": module}))
    assert [f"{warning.place} {warning.code}" for warning in found] == [f"mix.exs:32 {code}" for code in codes]
    assert all("socket_opts: [:inet6]" in str(warning) for warning in found[1:])


@pytest.mark.parametrize(
    ("files", "stops"),
    [
        ({**phoenix(), "plugins/admin/mix.exs": BROKEN}, False),
        ({**nextjs(), "lib/engine/mix.exs": BROKEN}, False),
        ({**umbrella(), "apps/admin/mix.exs": BROKEN}, True),
        ({**below("back", phoenix()), "mix.exs": BROKEN}, True),
    ],
    ids=["a package beside", "beside Next.js", "a child of the umbrella", "above the app"],
)
def test_a_mix_file_that_is_not_understood_stops_where_it_is_the_apps(
    files: Files, stops: bool, tmp_path: Path
) -> None:
    assert any(one.code == "mix-not-understood" for one in told(write(tmp_path, files))) == stops


@pytest.mark.parametrize(
    ("app", "files", "driver", "code"),
    [
        ("shop_web", test_survey_elixir.dep('{:redix, "~> 1.5"}', umbrella()), "redix", "service-not-made"),
        (
            "shop",
            {name: text.replace("{:postgrex", "{:myxql") for name, text in umbrella().items()},
            "myxql",
            "database-elsewhere",
        ),
    ],
    ids=["service", "database"],
)
def test_a_dependency_of_an_app_of_the_umbrella_has_its_line(
    app: str, files: dict[str, str], driver: str, code: str, tmp_path: Path
) -> None:
    [place] = [warning.place for warning in told(write(tmp_path, files)) if warning.code == code]
    text = files[f"apps/{app}/mix.exs"]
    assert place == f"apps/{app}/mix.exs:{text[: text.index(driver)].count(chr(10)) + 1}"
