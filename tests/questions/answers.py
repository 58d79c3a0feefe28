"""Strategies for answers: sets that fit together, and single ones that are wrong, each with what it is told."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import strategies as st

from tests.support.questions import choices
from tests.support.template import REPO


def catalog(name: str) -> Any:
    return yaml.safe_load((REPO / "extensions/copier_fly/fly/catalog" / f"{name}.yml").read_text())


REGIONS = {code: region for code, region in catalog("regions").items() if not region.get("retired")}
REMOVED = [code for code, region in catalog("regions").items() if region.get("retired")]
MACHINES = catalog("machines")
ELIXIR = [key for key, image in catalog("elixir")["images"].items() if not image.get("retired")]
NODE = [key for key, image in catalog("node")["images"].items() if not image.get("retired")]
PLANS = list(catalog("databases")["fly_managed"]["plans"])


def matching(pattern: str) -> st.SearchStrategy[str]:
    return st.from_regex(pattern, fullmatch=True)


FLY_NAME = matching(r"[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?")
ATOM = matching(r"([a-z]|_[A-Za-z])[A-Za-z0-9_]{0,20}")
MODULE = matching(r"[A-Z][A-Za-z0-9_]{0,12}(\.[A-Z][A-Za-z0-9]{0,8}){0,2}")
ENV_NAME = matching(r"X_[A-Z0-9]{1,8}")  # none of the names that have a meaning begins so
PORT = st.integers(1024, 65535)
# Fly allows 900 seconds.
DURATION = (
    st.integers(1, 900).map("{}s".format)
    | st.integers(1, 15).map("{}m".format)
    | st.integers(1000, 9999).map("{}ms".format)
)
FOLDER = matching(r"[a-z0-9_][A-Za-z0-9._@+-]{0,10}(/[a-z0-9_][A-Za-z0-9._-]{0,10}){0,2}")
HOST = matching(r"([a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?\.){1,3}[a-z]{2,6}")
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
ONE_LINE = matching(r"[a-z][a-z0-9 -]{0,20}[a-z]")


def some(strategies: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=strategies)


EVERYWHERE = some(
    {
        "customise": st.booleans(),
        "fly_app": FLY_NAME,
        "fly_org": FLY_NAME,
        "primary_region": st.sampled_from(sorted(REGIONS)),
        "min_machines": st.integers(0, 100),
        "ha": st.booleans(),
        "hostname": st.just("auto") | HOST,
        "strategy": st.sampled_from(choices("strategy")),
        "routing_check": st.sampled_from(choices("routing_check")),
        "grace_period": DURATION,
        "extra_env": st.dictionaries(ENV_NAME, TEXT | st.integers() | st.booleans(), max_size=3),
        "extra_secrets": st.lists(
            st.fixed_dictionaries({"name": ENV_NAME, "how": ONE_LINE}), max_size=2, unique_by=lambda one: one["name"]
        ),
        "bucket": st.sampled_from(choices("bucket")),
        "bucket_env": st.lists(ENV_NAME.map("S3_{}".format), min_size=1, max_size=2, unique=True),
        "redis": st.sampled_from(choices("redis")),
        "redis_env": st.lists(ENV_NAME.map("R_{}".format), min_size=1, max_size=2, unique=True),
        "survey": st.lists(ONE_LINE, max_size=2),
        "database_name": st.just("auto") | FLY_NAME,
        "db_plan": st.sampled_from(["auto", *PLANS]),
        "pool_size": st.just("auto") | st.integers(2, 500).map(str),
        "deploy_branch": st.just("auto") | matching(r"[a-z][a-z0-9]{0,8}(/[a-z0-9-]{1,8}[a-z0-9])?"),
        "ci": st.booleans(),
        "ci_lint": st.booleans(),
        "scripts": st.sampled_from(choices("scripts")),
        "review_apps": st.booleans(),
        "review_org": st.just("auto") | FLY_NAME,
        "template_updates": st.booleans(),
        "compose": st.booleans(),
        "sentry": st.booleans(),
        "log_shipper": st.sampled_from(choices("log_shipper")),
    }
)
ELIXIR_APP = some(
    {
        "health_test": st.booleans(),
        "own_env_sh": st.booleans(),
        "app_dir": st.just(".") | FOLDER,
        "app_module": MODULE,
        "web_module": MODULE,
        "app_lib": FOLDER,
        "web_lib": FOLDER,
        "release_name": matching(r"[a-z][a-z0-9_]{0,20}"),
        "release_module": st.sampled_from(choices("release_module")),
        "elixir_image": st.sampled_from(ELIXIR),
        "runtime_base": st.sampled_from(choices("runtime_base")),
        "apt_packages": st.lists(matching(r"[a-z0-9][a-z0-9+.-]{1,8}"), max_size=2, unique=True),
        "assets": st.sampled_from(choices("assets")),
        "memory_mode": st.sampled_from(choices("memory_mode")),
        "build_secrets": st.lists(ENV_NAME, max_size=2, unique=True),
    }
)
NEXTJS_APP = some(
    {
        "app_dir": st.just(".") | FOLDER,
        "app_name": matching(r"(@[a-z0-9-]{1,8}/)?[a-z0-9-][a-z0-9._-]{0,12}"),
        "node_version": st.sampled_from(NODE),
        "package_manager": st.sampled_from(choices("package_manager")),
        "orm": st.sampled_from(choices("orm")),
        "migration_runner": st.sampled_from(choices("migration_runner")),
        "migrations_dir": FOLDER,
        "migration_command": st.sampled_from(["", "knex migrate:latest", "tsx db/migrate.ts && tsx db/seed.ts"]),
        "database_package": st.sampled_from(["", "."]) | FOLDER,
        "env_files": st.lists(st.sampled_from([".env", ".env.production", "web/.env"]), max_size=2, unique=True),
        "public_env": st.lists(matching(r"NEXT_PUBLIC_[A-Z]{1,8}"), max_size=2, unique=True),
        "build_command": st.sampled_from(["", "npm run site:build", "next build --debug"]),
        "build_env": st.dictionaries(ENV_NAME, ONE_LINE | st.integers() | st.booleans(), max_size=2),
        "build_secrets": st.lists(ENV_NAME, max_size=2, unique=True),
    }
)


@st.composite
def fitting(draw: st.DrawFn) -> dict[str, Any]:
    """Answers that are possible together."""
    stack = draw(st.sampled_from(choices("stack")))
    answers = {"stack": stack, **draw(EVERYWHERE), **draw(NEXTJS_APP if stack == "nextjs" else ELIXIR_APP)}
    if stack == "umbrella":
        children = draw(st.lists(ATOM, min_size=1, max_size=4, unique=True))
        answers |= {
            "app_name": draw(ATOM),
            "release_apps": children,
            "web_app": draw(st.sampled_from(children)),
            "repo_apps": draw(st.lists(st.sampled_from(children), max_size=2, unique=True)),
            "asset_apps": draw(st.lists(st.sampled_from(children), max_size=2, unique=True)),
        }
    elif stack == "phoenix" and draw(st.booleans()):
        answers["app_name"] = draw(ATOM)
    if "alpine" not in catalog("elixir")["images"][answers.get("elixir_image", "1.20-otp29")]["builder"]:
        answers["runtime_base"] = draw(st.sampled_from(["debian", "minimal"]))
    answers |= draw(_machine(tcp=stack != "nextjs"))
    answers |= draw(_database())
    if answers["database"] == "sqlite":
        # The file of SQLite belongs to one machine.
        answers |= {
            "ha": False,
            "min_machines": draw(st.integers(0, 1)),
            "strategy": draw(st.sampled_from(ONE_MACHINE)),
        }
    elif draw(st.booleans()):
        answers["workers"] = draw(_workers(stack, answers.get("vm_size", "auto")))
    if answers["database"] != "sqlite" and answers.get("strategy") not in ("bluegreen", "canary"):
        answers["schedules"] = draw(_schedules(stack))
    answers["github"] = draw(st.booleans())
    watched = answers["github"] and answers.get("scripts") != "none"
    answers["alerts"] = draw(st.sampled_from(choices("alerts") if watched else ["none"]))
    answers["deploy_on"] = draw(st.sampled_from(["manual", "push"] if answers["github"] else ["manual"]))
    most = 1 if answers["database"] == "sqlite" else 100
    answers["environments"] = draw(_environments(answers.get("vm_size", "auto"), answers["auto_stop"], most))
    return answers


def _fits(memory: str) -> list[str]:
    megabytes = MACHINES["memory"][memory]
    return [
        name
        for name, size in MACHINES["sizes"].items()
        if size["min_mb"] <= megabytes <= size["max_mb"] and megabytes % size["step_mb"] == 0
    ]


@st.composite
def _machine(draw: st.DrawFn, tcp: bool) -> dict[str, Any]:
    ports = draw(st.lists(PORT, min_size=4, max_size=4, unique=True))
    memory = draw(st.sampled_from(sorted(MACHINES["memory"])))
    names = draw(st.lists(matching(r"[a-z][a-z0-9_]{0,8}"), max_size=2 if tcp else 0, unique=True))
    services = [
        {"name": name, "port": port, **draw(some({"grace_period": DURATION, "proxy_proto": st.booleans()}))}
        for name, port in zip(names, ports[2:], strict=False)
    ]
    small = MACHINES["memory"][memory] <= 2048
    stops = ["off"] if services else ["off", "stop", "suspend"] if small else ["off", "stop"]
    stop = draw(st.sampled_from(stops))
    return {
        "http_port": ports[0],
        "metrics_port": draw(st.sampled_from([0, ports[1]])),
        "tcp_services": services,
        "vm_memory": memory,
        "vm_size": draw(st.sampled_from(["auto", *_fits(memory)])),
        "auto_stop": stop,
        "swap_mb": draw(
            st.sampled_from(["auto", "0"]) if stop == "suspend" else st.just("auto") | st.integers(0, 65536).map(str)
        ),
    }


@st.composite
def _database(draw: st.DrawFn) -> dict[str, Any]:
    database = draw(st.sampled_from(choices("database")))
    able = [code for code, region in REGIONS.items() if database != "fly_managed" or region["mpg"]]
    return {
        "database": database,
        "db_region": draw(st.sampled_from(["auto", *sorted(able)])),
        **draw(
            some(
                {
                    "database_engine": st.sampled_from(choices("database_engine")),
                    "database_env": ENV_NAME.map("DB_{}".format),
                    "database_file": st.sampled_from(["/data/a.db", "file:/mnt/a/b-c.sqlite3", "/srv/x/y"]),
                    "volume": matching(r"[a-z][a-z0-9_]{0,29}"),
                    "sqlite_replica": st.sampled_from(choices("sqlite_replica")),
                }
            )
        ),
    }


ONE_MACHINE = ["rolling", "immediate"]
"""Ways to deploy that go with a volume."""


@st.composite
def _workers(draw: st.DrawFn, stack: str, vm_size: str) -> list[dict[str, Any]]:
    names = matching(r"[a-z][a-z0-9_-]{0,20}").filter(
        lambda name: name not in ("app", "caddy", "cron", "migrate", "postgres")
    )
    command = (
        r"node (dist/|\./)?[a-z]{1,8}\.(m|c)?js"
        if stack == "nextjs"
        else r"/app/bin/[a-z]{1,8} (start|eval '[A-Za-z.()]{1,12}')"
    )
    memories = [one for one in MACHINES["memory"] if vm_size == "auto" or vm_size in _fits(one)]
    more = some({"vm_memory": st.sampled_from(memories), "count": st.integers(1, 100)})
    return [
        {"name": name, "command": draw(matching(command)), **draw(more)}
        for name in draw(st.lists(names, max_size=2, unique=True))
    ]


@st.composite
def _schedules(draw: st.DrawFn, stack: str) -> list[dict[str, Any]]:
    command = (
        r"node (dist/|\./)?[a-z]{1,8}\.(m|c)?js|node /call\.mjs (/api/[a-z]{1,8}|'/[a-z]{1,4}\?a=1&b=2')"
        if stack == "nextjs"
        else r"/app/bin/[a-z]{1,8} eval ([A-Z][a-z]{1,8}\.[a-z]{1,8}|'[A-Za-z.()]{1,12}')"
    )
    cron = matching(
        r"(\*|\*/[1-9]|[0-9]|[1-5][0-9]|0,30) (\*|0?[0-9]|9-17/2) (\*|1|1,15|28) (\*|1|jan|mar-oct) (\*|0|mon-fri)"
    )
    return [
        {"name": name, "cron": draw(cron), "command": draw(matching(command))}
        for name in draw(st.lists(matching(r"[a-z][a-z0-9_-]{0,20}"), max_size=2, unique=True))
    ]


@st.composite
def _environments(draw: st.DrawFn, vm_size: str, auto_stop: str, most: int) -> list[dict[str, Any]]:
    # With a size that is named, only a memory that it can have; suspended, at most 2 GB.
    memories = [
        one
        for one, megabytes in MACHINES["memory"].items()
        if (vm_size == "auto" or vm_size in _fits(one)) and (auto_stop != "suspend" or megabytes <= 2048)
    ]
    names = draw(
        st.lists(matching(r"[a-z][a-z0-9-]{0,12}").filter(lambda name: name != "production"), max_size=2, unique=True)
    )
    return [
        {
            "name": name,
            # Long names that end alike are cut to the same one.
            "app": f"{draw(matching(r'[a-z][a-z0-9]{0,20}'))}-environment-{number}",
            **draw(
                some(
                    {
                        "org": FLY_NAME,
                        "region": st.sampled_from(sorted(REGIONS)),
                        "vm_memory": st.sampled_from(memories),
                        "min_machines": st.integers(0, most),
                    }
                )
            ),
        }
        for number, name in enumerate(names)
    ]


OUTSIDE = st.sampled_from(["../x", "/x", "a/../../b", "a//b", "./a", "a/", "", "a\\b", "a:b", "a*b", "a\nb"])
NO_NUMBER = st.sampled_from(["", "x", "1.5", "0x10", "1e3", "true"]) | st.floats(0.5, 0.9)
NOT_LISTED = st.sampled_from(["x", "", "None", "Phoenix", "0"])
NO_NAME = matching(r"[A-Z-][a-z]{0,8}|[a-z]{1,8}[-_.]|[a-z]{64,70}|[a-z]{0,4} [a-z]{0,4}") | st.just("")
NO_MODULE = matching(r"[a-z_0-9][A-Za-z0-9]{0,8}|[A-Z][a-z]{0,4}[- /][A-Z]|[A-Z][a-z]{0,4}\.[a-z]{0,4}") | st.just("")
NO_PORT = st.integers(-70000, 1023) | st.integers(65536, 10**9)
SCHEDULE = {"name": "a", "cron": "0 3 * * *", "command": "node a.js"}
WRONG: dict[str, tuple[st.SearchStrategy[Any], str]] = {
    "stack": (NOT_LISTED, "use one of"),
    "release_module": (NOT_LISTED, "use one of"),
    "http_port": (NO_PORT | NO_NUMBER, "use a "),
    "metrics_port": (NO_PORT.filter(bool), "use a port from 1024 to 65535"),
    "min_machines": (st.integers(101, 999) | st.integers(-99, -1) | NO_NUMBER, "use a "),
    "fly_app": (NO_NAME, "use 1 to 63 lowercase letters"),
    "fly_org": (NO_NAME, "use 1 to 63 lowercase letters"),
    **dict.fromkeys(["database_name", "review_org"], (NO_NAME, "use auto, or")),
    "app_dir": (OUTSIDE | st.just("a b"), ""),
    "migrations_dir": (OUTSIDE, ""),
    "migration_command": (st.sampled_from(["npm run migrate", "a\nb", "A=b npx knex up", "true && bun x.ts"]), ""),
    "database_package": (OUTSIDE.filter(bool) | st.just("a b"), ""),
    "app_lib": (OUTSIDE, ""),
    "web_lib": (OUTSIDE, ""),
    "app_module": (NO_MODULE, "use the name of an Elixir module"),
    "web_module": (NO_MODULE, "use the name of an Elixir module"),
    "release_name": (matching(r"[A-Z0-9_][a-z]{0,8}|[a-z]{1,8}[-. ]"), "a release is named by an atom"),
    "primary_region": (st.sampled_from([*REMOVED, "zzz", "", "IAD"]), "use"),
    "db_region": (st.sampled_from([*REMOVED, "zzz", "IAD"]), "use"),
    "vm_memory": (st.sampled_from(["6gb", "1", "1 gb", "1GB", "0mb", ""]), "use one of"),
    "vm_size": (st.sampled_from(["shared", "a100-40gb", "", "shared-cpu-3x"]), "use auto or one of"),
    "swap_mb": (st.sampled_from(["-1", "65537", "x", "1.5", ""]), "use auto or a number of MB"),
    "hostname": (st.sampled_from(["https://a.de", "a.de/", "a", "-a.de", "a..de", "A.de", "a.de:80", ""]), "use auto"),
    "grace_period": (st.sampled_from(["30", "16m", "0s", "1h", "s", "-1s", "500ms", "901s"]), "use a duration"),
    "pool_size": (st.sampled_from(["1", "501", "-2", "x", "2.5", ""]), "use auto or a number from 2 to 500"),
    "db_plan": (st.sampled_from(["basic", "Huge", ""]), "use auto or one of"),
    "bucket_env": (st.sampled_from([[], "x", {}, ["a"], ["A-B"], ["FLY_X"], ["PORT"], ["S3_KEY", "S3_KEY"]]), ""),
    "redis_env": (st.sampled_from([[], "x", ["a"], ["FLY_X"], ["POOL_SIZE"], ["REDIS_URL", "REDIS_URL"]]), ""),
    "database_env": (st.sampled_from(["", "a", "A-B", "1A", "FLY_X", "PORT"]), ""),
    "database_file": (
        st.sampled_from(
            ["", "a.db", "./a.db", "/a.db", "file:a.db", "/data/", "/app/a.db", "file:/etc/x/a.db", "/data/a b"]
        ),
        "",
    ),
    "volume": (st.sampled_from(["", "My", "a-b", "1a", "a" * 31]), "use 1 to 30 lowercase letters"),
    "deploy_branch": (st.sampled_from(["a..b", "/a", "a//b", "a b", "a.lock", "-a", ""]), "name of a git branch"),
    "extra_env": (
        st.sampled_from(
            [[], "x", {"a": 1}, {"FLY_X": 1}, {"SECRET_X": 1}, {"PORT": 1}, {"X": None}, {"X": []}, {"A-B": 1}]
        ),
        "",
    ),
    "extra_secrets": (
        st.sampled_from(
            [
                *({}, "x", [{"name": "A"}], [{"name": "a", "how": "x"}], [{"name": "A", "how": " "}], [1], [None]),
                *([{"name": "A", "how": "x"}, {"name": "A", "how": "y"}], [{"name": "A", "how": "x\ny"}]),
            ]
        ),
        "",
    ),
    "public_env": (st.sampled_from([["SITE_URL"], ["NEXT_PUBLIC_a"], "x", {}, [1]]), ""),
    "apt_packages": (st.sampled_from([["A"], ["a b"], "x", {}, [None], ["$(id)"]]), "use a list of names"),
    "build_command": (st.just("a\nb"), "one line"),
    "build_env": (
        st.sampled_from([[], "x", {"a": 1}, {"NEXT_PUBLIC_A": "x"}, {"A": ""}, {"A": "x\ny"}, {"A": None}, {"A": []}]),
        "",
    ),
    "env_files": (st.sampled_from(["x", {}, [None], ["env"], ["../.env"], ["/.env"], [".env.local"], [".env a"]]), ""),
    "survey": (st.sampled_from(["x", {}, [1], [None], ["two\nlines"]]), "use a list of lines"),
    "build_secrets": (st.sampled_from([["a"], ["A B"], "x", {}, [None]]), "use a list of variable names"),
    "tcp_services": (
        st.sampled_from(
            [
                *({}, "x", [1], [{"name": "a"}], [{"port": 6600}], [{"name": "A", "port": 6600}]),
                *([{"name": "a", "port": port}] for port in (80, 443, 1023, 65536, "6600", True, None)),
                *([{"name": "a", "port": 6600, more: 1}] for more in ("proxy_proto", "host", "grace_period")),
            ]
        ),
        "",
    ),
    "schedules": (
        st.sampled_from(
            [
                *({}, "x", [1], [{"name": "a", "cron": "* * * * *"}], [{"name": "a", "command": "node a.js"}]),
                *([SCHEDULE | {"name": name}] for name in ("A", "", "a b", "a" * 31, None)),
                *(
                    [SCHEDULE | {"cron": bad}]
                    for bad in (
                        "",
                        "x",
                        "* * * *",
                        "* * * * * *",
                        "60 * * * *",
                        "@daily",
                        "0 0 30 2 *",
                        "*/0 * * * *",
                        5,
                        None,
                    )
                ),
                *(
                    [SCHEDULE | {"command": bad}]
                    for bad in ("", " ", "a\nb", "a 'b", "a && b", "a; b", "a (b)", "a >b", "A=1 a", None, 1, ["a"])
                ),
                [SCHEDULE | {"count": 2}],
                [SCHEDULE, SCHEDULE],
            ]
        ),
        "",
    ),
    "workers": (
        st.sampled_from(
            [
                *({}, "x", [1], [{"name": "a"}], [{"command": "node a.js"}]),
                *([{"name": name, "command": "node a.js"}] for name in ("app", "A", "", "a b", "a" * 31, None)),
                *(
                    [{"name": "a", "command": bad}]
                    for bad in ("", " ", "a\nb", "a 'b", "a && b", "A=1 a", None, 1, ["a"])
                ),
                *([{"name": "a", "command": "node a.js", "count": bad}] for bad in (0, 101, "2", True, 1.5)),
                *([{"name": "a", "command": "node a.js", more: "x"}] for more in ("vm_memory", "cpus")),
                [{"name": "a", "command": "node a.js"}, {"name": "a", "command": "node b.js"}],
            ]
        ),
        "",
    ),
    "environments": (
        st.sampled_from(
            [
                *({}, "x", [1], [{}], [{"name": "production"}], [{"name": "Staging"}], [{"name": "a", "size": 1}]),
                *([{"name": "a", "region": "zzz"}], [{"name": "a", "min_machines": -1}], [{"name": "a", "app": "A"}]),
                *([{"name": "a", "org": org}] for org in ("My Org", "", 7.5, [])),
                [{"name": "a"}, {"name": "a", "app": "other"}],
            ]
        ),
        "",
    ),
    **dict.fromkeys(["release_apps"], (st.sampled_from([[], "x", ["A-b"], [1]]), "")),
    **dict.fromkeys(["web_app"], (st.sampled_from(["A-b", "", "1a"]), "use the name of an OTP app")),
    **dict.fromkeys(["repo_apps", "asset_apps"], (st.sampled_from(["x", {}, ["a", "a"]]), "")),
    **dict.fromkeys(
        [
            *(
                "bucket",
                "database",
                "database_engine",
                "redis",
                "sqlite_replica",
                "scripts",
                "strategy",
                "routing_check",
                "deploy_on",
                "alerts",
                "log_shipper",
                "auto_stop",
                "elixir_image",
                "runtime_base",
            ),
            *("assets", "memory_mode", "node_version", "package_manager", "orm", "migration_runner"),
        ],
        (NOT_LISTED, "use one of"),
    ),
    **dict.fromkeys(
        [
            "customise",
            "ha",
            "github",
            "ci",
            "ci_lint",
            "health_test",
            "own_env_sh",
            "review_apps",
            "template_updates",
            "compose",
            "sentry",
        ],
        (st.sampled_from(["x", "2", "", "ja", "[]"]), "use true or false"),
    ),
}
"""A question → answers to it that are impossible, and a piece of what they are told."""
