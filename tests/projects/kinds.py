"""What real projects have that no generator writes, by kind: each as it was met, and siblings that say it otherwise.

`TOLD` are the kinds that a warning names. What is served is proven in test_kinds.py.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from tests.detection import test_survey_elixir as elixir
from tests.detection import test_survey_nextjs as on_next
from tests.detection.projects import Files, below, endpoint_ex, mix_exs, nextjs, phoenix, umbrella
from tests.detection.test_survey_elixir import code, config, dep
from tests.detection.test_survey_nextjs import drizzle, prisma


class Told(NamedTuple):
    """The codes of which each input has one, the inputs, and projects that do the same thing right."""

    codes: set[str]
    inputs: list[Files]
    silent: list[Files]


def cases(*names: str) -> list[Files]:
    """Inputs of the rules' own tests, by their names."""
    return [(elixir.CASES | on_next.CASES)[name][0] for name in names]


def controls(*names: str) -> list[Files]:
    """Projects of the rules' own tests that are right, by their names."""
    return [(elixir.SILENT | on_next.SILENT)[name] for name in names]


def on(driver: str, app: str = "shop") -> Files:
    """A project with another database driver."""
    files = phoenix(app)
    return {**files, "mix.exs": files["mix.exs"].replace("{:postgrex, ", f"{{:{driver}, ")}


LIBCLUSTER = dep('{:libcluster, "~> 3.5"}')
ENV_SH = "#!/bin/sh\nexport RELEASE_DISTRIBUTION=name\nexport RELEASE_NODE={}\n"
RELEASE = "defmodule A.Release do\n  def migrate, do: :ok\n  def rollback(_, _), do: :ok\n{}end\n"
ASH_REPO = "defmodule Shop.Repo do\n  use AshPostgres.Repo, otp_app: :shop\nend\n"
TENANTS = "tenant_migrations/20260301000000_add_bills.exs"
VUE = code("defmodule A do\n  def a, do: {NodeJS.Supervisor, []}\nend\n")
BRUNCH = json.dumps({"scripts": {"deploy": "brunch build --production"}})
VITE = json.dumps({"scripts": {"build": "vite build --outDir ../priv/static"}})
NO_ENDPOINT = {name: text for name, text in phoenix().items() if not name.endswith("endpoint.ex")}
YARN = {"package.json": json.dumps({"name": "acme", "private": True, "workspaces": ["web", "libs/*"]})}
DRIZZLE_WEB = {**YARN, **below("web", nextjs(dependencies={"drizzle-orm": "^0.45.0"}))}
HOOKS = nextjs(scripts={"prepare": "git config --local core.hooksPath tools/hooks", "build": "next build"})
CHILD = mix_exs("till", "1.7", deps=('{:phoenix, "~> 1.7"}',), child=True)

TOLD: dict[str, Told] = {
    "data in SQLite, by Ecto": Told(
        {"database-not-served"}, [on("ecto_sqlite3"), on("ecto_sqlite3", "till"), below("api", on("ecto_sqlite3"))], []
    ),
    "data in MySQL": Told(
        {"database-not-served"},
        [on("myxql"), on("myxql", "till"), nextjs(dependencies={"mysql2": "^3.9"})],
        [phoenix(ecto=False)],
    ),
    "data in SQLite, by Prisma or Drizzle": Told(
        {"database-of-the-orm"},
        [prisma("sqlite"), drizzle('dialect: "turso",'), below("web", prisma("sqlite", "FILE"))],
        [prisma("postgresql")],
    ),
    "machines that find each other by name": Told(
        {"node-names"},
        [
            {**LIBCLUSTER, "rel/env.sh.eex": ENV_SH.format('"${FLY_APP_NAME}@${FLY_PRIVATE_IP}"')},
            {**LIBCLUSTER, "rel/env.sh.eex": ENV_SH.format("till@$(hostname -i)")},
            below("back", {**LIBCLUSTER, "rel/env.sh.eex": ENV_SH.format("a@$POD_IP")}),
        ],
        [LIBCLUSTER],
    ),
    "migrations of tenants": Told(
        {"tenant-migrations"},
        [
            {**phoenix(), f"priv/repo/{TENANTS}": "x\n", "lib/shop/repo.ex": ASH_REPO},
            {**phoenix("till"), f"priv/repo/{TENANTS}": "x\n"},
            {**umbrella(), f"apps/shop/priv/write_repo/{TENANTS}": "x\n"},
        ],
        [{**phoenix(), "priv/repo/migrations/20260301000000_add_bills.exs": "x\n"}],
    ),
    "functions in the release module": Told(
        {"release-functions"},
        [
            {**phoenix(), "lib/shop/release.ex": RELEASE.format("  def seed, do: :ok\n")},
            {**phoenix("till"), "lib/till/release.ex": RELEASE.format("  def migrate_data(opts \\\\ []), do: opts\n")},
            {**umbrella(), "apps/shop/lib/shop/release.ex": RELEASE.format("  def make_admin!(id), do: id\n")},
        ],
        [{**phoenix(), "lib/shop/release.ex": RELEASE.format("  defp load, do: :ok\n")}],
    ),
    "Node.js at run time": Told(
        {"node-at-run-time"},
        [{**dep('{:live_vue, "~> 0.5"}'), **VUE}, *cases("inertia on the server", "svelte on the server")],
        controls("inertia in the browser alone"),
    ),
    "packages behind a login": Told(
        {"private-package"},
        cases("hex organization", "hex repository", "git over ssh", "ssh in an umbrella"),
        controls("public packages"),
    ),
    "code beside the app": Told(
        {"path-outside", "path-outside-repository"},
        [
            below("services/web", dep('{:kit, path: "../../libs/kit"}')),
            *cases("a sibling of the app", "an absolute path"),
        ],
        controls("a path inside the app"),
    ),
    "force_ssl behind a proxy": Told(
        {"force-ssl"},
        cases("force_ssl without rewrite_on", "force_ssl over several lines", "Plug.SSL in the endpoint"),
        controls("force_ssl behind a proxy", "force_ssl off"),
    ),
    "assets from before the alias": Told(
        {"assets-by-script", "assets-not-built"},
        [
            {**elixir.NO_ALIAS, "assets/package.json": BRUNCH},
            {**elixir.NO_ALIAS, "assets/package.json": VITE},
            *cases("package.json beside mix.exs", "esbuild without an alias"),
        ],
        [phoenix()],
    ),
    "variables when it is compiled": Told(
        {"variable-at-build"},
        [
            config('key = System.get_env("MAPS_KEY") || raise "MAPS_KEY"\nconfig :shop, key: key', "config"),
            *cases("fetch_env at compile time", "raise in a nested file"),
        ],
        controls("only in development"),
    ),
    "two endpoints": Told(
        {"several-endpoints", "no-known-endpoint"},
        [
            {
                **NO_ENDPOINT,
                "lib/shop_api/endpoint.ex": endpoint_ex("ShopApi", "shop"),
                "lib/shop_admin/endpoint.ex": endpoint_ex("ShopAdmin", "shop"),
            },
            {**phoenix(), "lib/metrics/endpoint.ex": endpoint_ex("MetricsWeb", "shop")},
            {**umbrella(), "apps/shop/lib/shop/hooks.ex": endpoint_ex("Shop.Hooks.Endpoint", "shop")},
        ],
        [umbrella()],
    ),
    "one app of an umbrella": Told(
        {"inside-umbrella"},
        [
            {**phoenix(), "mix.exs": mix_exs("shop", deps=('{:phoenix, "~> 1.8"}',), child=True)},
            {**phoenix("till"), "mix.exs": CHILD},
            below("web", {**phoenix("till"), "mix.exs": CHILD}),
        ],
        [umbrella()],
    ),
    "the schema in another package": Told(
        {"schema-elsewhere"},
        [
            {**DRIZZLE_WEB, "libs/data/drizzle.config.ts": 'export default { dialect: "postgresql" }\n'},
            *cases("a schema in another package", "drizzle in another package"),
        ],
        [prisma("postgresql")],
    ),
    "a build that migrates": Told(
        {"build-needs-database"},
        cases("build migrates", "build pushes", "prebuild seeds"),
        controls("a build that generates"),
    ),
    "Payload": Told(
        {"payload"},
        [
            nextjs(dependencies={"payload": "^3.64.0", "@payloadcms/db-postgres": "^3.64.0"}),
            nextjs(dependencies={"payload": "3.0.0", "@payloadcms/db-vercel-postgres": "3.0.0"}),
            below("cms", nextjs(dependencies={"payload": "^3.1.0", "@payloadcms/db-postgres": "^3.1.0"})),
        ],
        [nextjs()],
    ),
    "a Node.js that is not offered": Told(
        {"version-not-served"},
        [
            nextjs(engines={"node": "20.x"}),
            {**nextjs(), ".nvmrc": "18\n"},
            {**nextjs(), ".tool-versions": "nodejs 21.7.3\n"},
        ],
        [nextjs(engines={"node": ">=22"})],
    ),
    "a hook that needs git": Told(
        {"install-hook-git"},
        [{**YARN, **below("web", HOOKS)}, *cases("prepare needs git", "postinstall needs git")],
        controls("a hook that may fail", "husky"),
    ),
    "a table of Drizzle's own": Told(
        {"drizzle-records"},
        [
            drizzle("dialect: 'postgresql',\n  migrations: { schema: 'app', table: 'done' },"),
            *cases("drizzle's own table", "drizzle's own schema"),
        ],
        controls("drizzle on postgres"),
    ),
    "an app without a package.json": Told(
        {"nx-app"},
        [
            {**on_next.NX_ROOT, "apps/a/project.json": "{}", "apps/a/next.config.mjs": "export default {}\n"},
            {**on_next.NX_ROOT, "packages/a/web/project.json": "{}", "packages/a/web/next.config.ts": "x\n"},
            *cases("an integrated Nx workspace"),
        ],
        controls("Nx with a package of its own"),
    ),
    "an authority that stays out of the image": Told(
        {"hidden-file"},
        [
            {**nextjs(), "config/rds.pem": "x\n", "src/db/index.ts": 'readFileSync("./config/rds.pem")\n'},
            below("site", {**nextjs(), "ca.pem": "x\n", "server/pg.js": "fs.readFileSync('ca.pem')\n"}),
            *cases("a certificate that code reads"),
        ],
        controls("a certificate that no code names"),
    ),
}
