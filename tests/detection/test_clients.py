"""Which services beside the database an app is seen to use, and by which variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from copier_fly.detect.clients import UPSTASH_REST
from copier_fly.detect.examine import examine
from tests.detection.projects import below, nextjs, phoenix, umbrella, write

S3 = {"dependencies": {"@aws-sdk/client-s3": "^3.700.0"}}
EX_AWS = {
    name: text.replace("{:postgrex,", '{:ex_aws_s3, "~> 2.5"},\n      {:postgrex,') for name, text in phoenix().items()
}
TIGRIS_HOST = """import Config
config :ex_aws, :s3, host: URI.parse(System.fetch_env!("AWS_ENDPOINT_URL_S3")).host
config :shop, bucket: System.fetch_env!("BUCKET_NAME")
"""
FILES = "lib/files.ts"
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")

CASES = {
    "the-names-of-fly": (
        {
            **nextjs(**S3),
            FILES: "new S3Client({ region: process.env.AWS_REGION });\nconst bucket = process.env.BUCKET_NAME!;\n",
        },
        ("tigris", ("AWS_REGION", "BUCKET_NAME")),
    ),
    "other-names": (
        {
            **nextjs(**S3),
            FILES: "const id = process.env.S3_KEY_ID!, region = process.env.S3_REGION ?? 'eu';\n"
            "const at = process.env['R2_BUCKET'];\n",
        },
        ("s3", ("S3_KEY_ID", "R2_BUCKET")),
    ),
    "a-fixed-bucket": (
        {**nextjs(**S3), FILES: "new S3Client({ region: process.env.AWS_REGION }); // Bucket: 'shop'\n"},
        ("s3", ("AWS_REGION", *KEYS)),
    ),
    "keys-of-another-name": (
        {
            **nextjs(**S3),
            FILES: "new S3Client({ credentials: { accessKeyId: env.CDN_ID, secretAccessKey: env.CDN_SECRET } });\n"
            "const at = process.env.CDN_BUCKET;\n",
        },
        ("s3", ("CDN_BUCKET", "CDN_ID", "CDN_SECRET")),
    ),
    "keys-from-elsewhere": (
        {**nextjs(**S3), FILES: "new S3Client({ credentials: { accessKeyId: k.id } });\nprocess.env.CDN_BUCKET;\n"},
        ("s3", ("CDN_BUCKET",)),
    ),
    "a-package-that-the-app-loads": (
        {
            "package.json": '{"workspaces": ["apps/*", "packages/*"]}',
            "turbo.json": "{}",
            "packages/store/package.json": '{"name": "store", "main": "index.ts"}',
            "packages/store/index.ts": "new S3Client({ endpoint: process.env.S3_ENDPOINT ?? '' });\n"
            "const id = process.env.S3_KEY_ID, region = process.env.S3_REGION ?? 'eu';\n",
            **below("apps/web", nextjs(dependencies={"@aws-sdk/client-s3": "^3.700.0", "store": "*"})),
            "apps/web/lib/store.ts": 'export { keep } from "store";\n',
        },
        ("s3", ("S3_ENDPOINT", "S3_KEY_ID")),
    ),
    "a-schema": (
        {
            **nextjs(**S3),
            "env.ts": "createEnv({\n  server: {\n    S3_KEY: z.string(),\n    MAIL: z.url(),\n  },\n});\n",
        },
        ("s3", ("S3_KEY",)),
    ),
    "read-by-a-function": (
        {
            **nextjs(**S3),
            FILES: 'import { S3Client } from "@aws-sdk/client-s3";\nrequireEnv("R2_BUCKET", "MAIL_URL");\n',
        },
        ("s3", ("R2_BUCKET", *KEYS)),
    ),
    "no-name": (
        {**nextjs(**S3), FILES: "new S3Client({});\n// process.env.S3_BUCKET\nprocess.env.NEXT_PUBLIC_S3_URL;\n"},
        ("none", ()),
    ),
    "ex-aws-at-fly": (
        {**EX_AWS, "config/runtime.exs": TIGRIS_HOST},
        ("tigris", ("AWS_ENDPOINT_URL_S3", "BUCKET_NAME")),
    ),
    "ex-aws-at-amazon": (
        {
            **EX_AWS,
            "config/runtime.exs": "import Config\n"
            '# System.get_env("S3_OLD")\n'
            'config :ex_aws, region: System.get_env("AWS_REGION", "eu-west-1")\n'
            'config :ex_aws, access_key_id: [{:system, "AWS_ACCESS_KEY_ID"}, :instance_role]\n'
            'config :shop, bucket: System.fetch_env!("BUCKET_NAME")\n',
        },
        ("s3", ("AWS_ACCESS_KEY_ID", "BUCKET_NAME")),
    ),
    "keys-of-a-name-without-s3": (
        {
            **EX_AWS,
            "config/runtime.exs": "import Config\nconfig :ex_aws,\n"
            '  # access_key_id: Env.get!("OLD_KEY"),\n'
            '  access_key_id: Env.get!("BLAZE_KEY_ID"),\n  secret_access_key: System.get_env("BLAZE_APP_KEY"),\n'
            '  s3: [scheme: "https://", host: "s3.example.com"]\n\nconfig :shop, name: Env.get!("NAME")\n',
        },
        ("s3", ("BLAZE_KEY_ID", "BLAZE_APP_KEY")),
    ),
    "a-host-and-no-key": (
        {**EX_AWS, "config/runtime.exs": 'import Config\nconfig :ex_aws, s3: [host: "s3.example.com"]\n'},
        ("s3", KEYS),
    ),
    "written-keys": (
        {
            **EX_AWS,
            "config/runtime.exs": 'import Config\nconfig :ex_aws, region: "a", secret_access_key: "b"\n',
        },
        ("none", ()),
    ),
    "options-alone": (
        {**EX_AWS, "config/runtime.exs": 'import Config\nconfig :ex_aws, :hackney_opts, region: "a"\n'},
        ("none", ()),
    ),
    "called-by-a-package": (
        {**EX_AWS, "mix.lock": '  "waffle": {:hex, :waffle, "1.1.9", [{:ex_aws_s3, "~> 2.1", [optional: true]}]},\n'},
        ("none", ()),
    ),
    "read-by-a-module": (
        {
            **EX_AWS,
            "lib/shop/files.ex": 'defmodule Shop.Files do\n  def at, do: System.fetch_env!("UPLOADS_BUCKET")\nend\n',
        },
        ("s3", ("UPLOADS_BUCKET", *KEYS)),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_bucket_that_the_code_reads(case: str, tmp_path: Path) -> None:
    files, expected = CASES[case]
    found = examine(write(tmp_path, files)).bucket
    assert (found.choice, found.variables) == expected
    assert found.package in ("@aws-sdk/client-s3", "ex_aws_s3")


@pytest.mark.parametrize(
    "files",
    [
        phoenix(),
        umbrella(),
        {},
        {**nextjs(devDependencies={"@aws-sdk/client-s3": "^3"}), FILES: "process.env.BUCKET_NAME;\n"},
        {**nextjs(), FILES: "process.env.BUCKET_NAME;\n"},
        {"package.json": '{"dependencies": ["next", {}]}'},
        EX_AWS,
        {**nextjs(**S3), FILES: '// import { S3Client } from "@aws-sdk/client-s3";\n'},
    ],
    ids=["phoenix", "umbrella", "empty", "for-development", "no-client", "broken", "not-called", "comments"],
)
def test_no_bucket_is_seen_where_no_client_is(files: dict[str, str], tmp_path: Path) -> None:
    found = examine(write(tmp_path, files)).bucket
    assert (found.package, found.choice) == (None, "none")


REDIX = {
    name: text.replace("{:postgrex,", '{:redix, "~> 1.5"},\n      {:postgrex,') for name, text in phoenix().items()
}
GET_REDIS = 'import Config\nconfig :shop, redis: System.get_env("REDIS_URL"'


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {**nextjs(dependencies={"bullmq": "^5", "ioredis": "^5"}), FILES: "new Redis(process.env.REDIS_URL!);\n"},
            ("bullmq", "upstash", ("REDIS_URL",)),
        ),
        (
            {**nextjs(dependencies={"redis": "^5"}), FILES: "process.env.CACHE_REDIS_URI!;\n"},
            ("redis", "upstash", ("CACHE_REDIS_URI",)),
        ),
        ({**nextjs(dependencies={"ioredis": "^5"}), FILES: "process.env.REDIS_HOST!;\n"}, ("ioredis", "none", ())),
        ({**nextjs(dependencies={"redis": "^5"}), FILES: "process.env.REDIS_URL ?? '';\n"}, ("redis", "none", ())),
        (nextjs(dependencies={"@upstash/redis": "^1"}), ("@upstash/redis", "url", UPSTASH_REST)),
        (
            {**REDIX, "config/runtime.exs": 'import Config\nconfig :shop, redis: System.fetch_env!("REDIS_URL")\n'},
            ("redix", "upstash", ("REDIS_URL",)),
        ),
        (REDIX, ("redix", "none", ())),
        # The name of a host, whatever the variable is called.
        (
            {**nextjs(dependencies={"ioredis": "^5"}), FILES: "new Redis({ port, host: process.env.REDIS_URL });\n"},
            ("ioredis", "none", ()),
        ),
        (
            {
                **nextjs(dependencies={"redis": "^5"}),
                FILES: "createClient({ url: `redis://:${process.env.REDIS_PASS}@${process.env.REDIS_URL}:6379` });\n",
            },
            ("redis", "none", ()),
        ),
        (
            {**nextjs(dependencies={"bullmq": "^5"}), FILES: 'connection: { host: process.env["QUEUE_REDIS_URL"]! }\n'},
            ("bullmq", "none", ()),
        ),
        (
            {**nextjs(dependencies={"bullmq": "^5"}), FILES: 'import { env } from "./env";\nhost: env.REDIS_URL,\n'},
            ("bullmq", "none", ()),
        ),
        (
            {**REDIX, "config/runtime.exs": 'import Config\nconfig :shop, host: System.fetch_env!("REDIS_URL")\n'},
            ("redix", "none", ()),
        ),
        (
            {
                **REDIX,
                "config/runtime.exs": 'import Config\nconfig :a, u: "redis://#{System.fetch_env!("REDIS_URL")}:6379"\n',
            },
            ("redix", "none", ()),
        ),
        (
            {
                **nextjs(dependencies={"ioredis": "^5"}),
                FILES: "const { hostname } = new URL(process.env.REDIS_URL!);\n({ host: process.env.REDIS_HOST });\n",
            },
            ("ioredis", "upstash", ("REDIS_URL",)),
        ),
        (
            {
                **nextjs(dependencies={"ioredis": "^5"}),
                FILES: "({ host: new URL(process.env.REDIS_URL!).hostname });\n",
            },
            ("ioredis", "upstash", ("REDIS_URL",)),
        ),
        # localhost, where it is not set, is the developer's.
        (
            {
                **nextjs(dependencies={"ioredis": "^5"}),
                FILES: "new Redis(process.env.REDIS_URL || 'redis://localhost:6379');\n",
            },
            ("ioredis", "upstash", ("REDIS_URL",)),
        ),
        (
            {**REDIX, "config/runtime.exs": f'{GET_REDIS}, "redis://127.0.0.1:6379/0")\n'},
            ("redix", "upstash", ("REDIS_URL",)),
        ),
        (
            {**REDIX, "config/runtime.exs": f'{GET_REDIS}) || "redis://localhost"\n'},
            ("redix", "upstash", ("REDIS_URL",)),
        ),
        ({**REDIX, "config/runtime.exs": f'{GET_REDIS}) || "redis://cache.internal"\n'}, ("redix", "none", ())),
        ({**REDIX, "config/runtime.exs": f"{GET_REDIS}, nil)\n"}, ("redix", "none", ())),
        (
            {
                **nextjs(dependencies={"ioredis": "^5"}),
                FILES: "new Redis(process.env.LOCAL_REDIS_URL ?? 'redis://localhost:6379');\n",
            },
            ("ioredis", "none", ()),
        ),
        (phoenix(), (None, "none", ())),
    ],
)
def test_the_redis_that_the_code_reads(
    files: dict[str, str], expected: tuple[str | None, str, tuple[str, ...]], tmp_path: Path
) -> None:
    found = examine(write(tmp_path, files)).redis
    assert (found.package, found.choice, found.variables) == expected
