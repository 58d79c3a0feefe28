"""From an untouched Phoenix app to a container that serves: one copy, one build, no hand edit."""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support import docker, hex, phoenix, postgres
from tests.support.docker import DockerError, Image
from tests.support.postgres import Database

pytestmark = pytest.mark.system

SHAPES = {
    "fly_managed through PgBouncer": ("managed_postgres", "fly_managed"),
    "fly_postgres over IPv6 only": ("fly_postgres", "fly_postgres"),
    "neon over verified TLS": ("neon", "neon"),
}


@pytest.fixture(scope="module")
def project(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    app = phoenix.commit(phoenix.new_app(tmp_path_factory.mktemp("apps") / "shop"))
    said = phoenix.copy_template(template, app)
    assert "added `releases:" in said
    return app


@pytest.fixture(scope="module")
def image(project: Path) -> Image:
    return phoenix.build(project, "copier-fly-test/shop", build_args={"REVISION": phoenix.REVISION})


def variant(project: Path, template: Path, tmp_path: Path, database: str) -> Path:
    """The fly.toml of another database answer: the image is the same for all of them."""
    phoenix.copy_template(template, tmp_path / "other", app_name="shop", database=database)
    return tmp_path / "other"


@pytest.mark.parametrize(("server", "answer"), SHAPES.values(), ids=SHAPES)
def test_migrates_boots_and_reads_its_database(
    image: Image,
    project: Path,
    template: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    server: str,
    answer: str,
) -> None:
    database: Database = request.getfixturevalue(server)
    settings = variant(project, template, tmp_path, answer)
    # The tests' PgBouncer and its server are IPv4; what is IPv6 only is the second shape's.
    more = {"ECTO_IPV6": "false", "DATABASE_POOLER": "transaction"} if answer == "fly_managed" else {}
    for _ in range(2):
        done = phoenix.once(image.tag, settings, database, tmp_path, "/app/bin/migrate", **more)
        assert done.returncode == 0, done.stdout
    with phoenix.running(image.tag, settings, database, tmp_path, **more) as app:
        status, live = app.json("/livez")
        assert (status, live["status"], live["revision"]) == (200, "ok", phoenix.REVISION)
        assert live.keys() == {"status", "version", "revision", "image", "machine"}
        status, ready = app.json("/readyz")
        assert (status, ready["status"], ready["checks"]["database"]["status"]) == (200, "ok", "ok")
        with ThreadPoolExecutor(10) as side_by_side:
            answers = list(side_by_side.map(lambda _: app.get("/products")[0], range(100)))
        assert set(answers) == {200}


def test_a_pooler_that_is_not_named_breaks_prepared_statements(
    image: Image, project: Path, tmp_path: Path, managed_postgres: Database
) -> None:
    """Without `prepare: :unnamed` this pooler fails: so the green test above tests something."""
    more = {"ECTO_IPV6": "false", "DATABASE_POOLER": "none"}
    phoenix.once(image.tag, project, managed_postgres, tmp_path, "/app/bin/migrate", **more)
    with (
        phoenix.running(image.tag, project, managed_postgres, tmp_path, **more) as app,
        ThreadPoolExecutor(10) as side_by_side,
    ):
        answers = side_by_side.map(lambda _: app.get("/products")[0], range(3000))
        assert any(status == 500 for status in answers)


def test_a_pasted_neon_url_works_as_pasted(
    image: Image, project: Path, template: Path, tmp_path: Path, neon: Any
) -> None:
    settings = variant(project, template, tmp_path, "neon")
    pasted = f"{neon.url}?sslmode=require&channel_binding=require"
    done = phoenix.once(image.tag, settings, neon, tmp_path, "/app/bin/migrate", DATABASE_URL=pasted)
    assert done.returncode == 0, done.stdout


def test_a_certificate_of_somebody_else_is_refused(
    image: Image, project: Path, template: Path, tmp_path: Path, neon: Database
) -> None:
    settings = variant(project, template, tmp_path, "neon")
    found = phoenix.options(settings, neon, tmp_path)
    del found["volumes"]  # the bundle that knows the authority
    done = docker.once(image.tag, "/app/bin/migrate", **found)
    assert done.returncode != 0
    assert "unknown_ca" in done.stdout.replace(" ", "_").lower()


def test_a_failing_migration_fails_the_release_command(image: Image, project: Path, tmp_path: Path) -> None:
    done = phoenix.once(
        image.tag,
        project,
        None,
        tmp_path,
        "/app/bin/migrate",
        DATABASE_URL="ecto://a:b@127.0.0.1:1/x",
        ECTO_IPV6="false",
    )
    assert done.returncode == 1


def test_rollback_takes_back_one_version_and_never_all_by_accident(
    image: Image, project: Path, tmp_path: Path, plain_postgres: Database
) -> None:
    def run(*command: str) -> Any:
        return phoenix.once(image.tag, project, plain_postgres, tmp_path, *command, ECTO_IPV6="false")

    assert run("/app/bin/migrate").returncode == 0
    versions = plain_postgres.psql("select version from schema_migrations order by 1").split()
    assert len(versions) >= 2
    for wrong in ([], ["20000101000000"], ["all"]):
        done = run("/app/bin/rollback", *wrong)
        assert done.returncode == 1
        assert all(version in done.stdout for version in versions), done.stdout
    assert plain_postgres.psql("select version from schema_migrations order by 1").split() == versions
    assert run("/app/bin/rollback", versions[-1]).returncode == 0
    assert plain_postgres.psql("select version from schema_migrations order by 1").split() == versions[:-1]
    status = run("/app/bin/status")
    assert status.returncode == 3
    lines = [line for line in status.stdout.splitlines() if line.startswith("Shop.Repo ")]
    assert [line.split()[1:3] for line in lines] == [["up", version] for version in versions[:-1]] + [
        ["down", versions[-1]]
    ]
    assert run("/app/bin/migrate").returncode == 0
    assert run("/app/bin/status").returncode == 0


def test_the_database_being_down_empties_no_load_balancer(image: Image, project: Path, tmp_path: Path) -> None:
    with postgres.server() as own:
        own.stop()
        with phoenix.running(image.tag, project, own, tmp_path, ECTO_IPV6="false") as app:
            status, seconds = app.ready_status()
            assert status == 503
            assert seconds < 1.5
            assert app.json("/readyz")[1]["checks"]["database"]["status"] == "unavailable"
            assert app.get("/livez")[0] == 200
            own.start()
            app.container.wait_for(lambda: app.ready_status()[0] == 200, what="/readyz to recover")


def test_every_service_it_offers_is_part_of_readiness(
    image: Image, project: Path, tmp_path: Path, plain_postgres: Database
) -> None:
    more = {"ECTO_IPV6": "false", "READY_TCP": f"db:{plain_postgres.port},closed:1"}
    with phoenix.running(image.tag, project, plain_postgres, tmp_path, **more) as app:
        status, body = app.json("/readyz")
        assert status == 503
        assert {name: check["status"] for name, check in body["checks"].items()} == {
            "database": "ok",
            "tcp:db": "ok",
            "tcp:closed": "unavailable",
        }


def test_sigterm_lets_requests_finish(image: Image, project: Path, tmp_path: Path, plain_postgres: Database) -> None:
    with phoenix.running(image.tag, project, plain_postgres, tmp_path, ECTO_IPV6="false") as app:
        answers: list[tuple[int, str]] = []
        request = threading.Thread(target=lambda: answers.append(app.get("/slow?ms=2000")))
        request.start()
        time.sleep(0.7)
        assert app.container.stop("SIGTERM", timeout=60) == 0
        request.join()
        assert [status for status, _ in answers] == [200]


def test_checks_reach_it_although_it_forces_https(
    image: Image, project: Path, tmp_path: Path, plain_postgres: Database
) -> None:
    with phoenix.running(image.tag, project, plain_postgres, tmp_path, ECTO_IPV6="false") as app:
        plain = {"Host": "10.0.0.5", "X-Forwarded-Proto": "http"}
        assert app.get("/livez", plain)[0] == 301
        assert app.get("/livez", {"Host": "10.0.0.5"})[0] == 200


def test_it_cannot_change_its_own_code(image: Image) -> None:
    done = docker.once(image.tag, "sh", "-c", "id -u; find /app -writable; touch /app/x")
    assert done.stdout.split()[0] == "65534"
    assert done.returncode != 0
    assert [line for line in done.stdout.splitlines() if line.startswith("/app")] == []


def test_no_secret_is_in_the_image(image: Image) -> None:
    assert phoenix.SECRET not in docker.docker("history", "--no-trunc", image.tag)
    done = docker.once(image.tag, "sh", "-c", "find / -xdev -name '.env*' -not -path '/proc/*' 2>/dev/null")
    assert done.stdout == ""


NODE = "IO.puts(node())"
REFERENCES = [
    "registry.fly.io/shop:deployment-01JABCDEF",
    "registry.fly.io/shop:v1.2.3",
    "registry.fly.io/shop@sha256:037687742ae12c329b59a681a230d62ef3ddd555c0275e577ce41c61539e5248",
    "",
]


@pytest.mark.parametrize("reference", REFERENCES)
def test_the_node_is_named_after_its_image(
    image: Image, project: Path, tmp_path: Path, plain_postgres: Database, reference: str
) -> None:
    more = {"FLY_APP_NAME": "shop", "FLY_IMAGE_REF": reference, "FLY_PRIVATE_IP": "::1", "ECTO_IPV6": "false"}
    with phoenix.running(image.tag, project, plain_postgres, tmp_path, **more) as app:
        assert re.search(r"^shop-[0-9a-f]{10}@::1$", app.container.exec("/app/bin/shop", "rpc", NODE), re.MULTILINE)


def test_what_is_set_already_stays(image: Image, project: Path, tmp_path: Path, plain_postgres: Database) -> None:
    more = {
        "FLY_APP_NAME": "shop",
        "FLY_PRIVATE_IP": "::1",
        "RELEASE_NODE": "mine@127.0.0.1",
        "ERL_AFLAGS": "-proto_dist inet_tcp",
        "ECTO_IPV6": "false",
    }
    with phoenix.running(image.tag, project, plain_postgres, tmp_path, **more) as app:
        assert "mine@127.0.0.1" in app.container.exec("/app/bin/shop", "rpc", NODE)


def test_a_missing_secret_is_named(image: Image, project: Path, tmp_path: Path) -> None:
    done = docker.once(image.tag, "/app/bin/server", env=phoenix.fly_env(project))
    assert done.returncode != 0
    assert "DATABASE_URL" in done.stdout


# --- Builds ---------------------------------------------------------------------------------------------

STEP = re.compile(r"^#(\d+) \[(?P<stage>\S+) +\d+/\d+\] (?P<what>.*)$", re.MULTILINE)


def cached(log: str) -> dict[str, bool]:
    """Each step of a build by `stage: what it does`, and whether its layer was there already."""
    return {
        f"{step['stage']}: {step['what']}": bool(re.search(rf"^#{step[1]} CACHED$", log, re.MULTILINE))
        for step in STEP.finditer(log)
    }


def ran(log: str) -> list[str]:
    """The commands of the build that ran again. Sorting the source and the last check come with every change."""
    always = ("source:", "runner:")
    return [
        step
        for step, was_there in cached(log).items()
        if ": RUN" in step and not was_there and not step.startswith(always)
    ]


def test_an_edit_rebuilds_only_what_depends_on_it(image: Image, project: Path) -> None:
    def again(file: str) -> list[str]:
        new = uuid.uuid4()  # or a layer of an earlier run would answer
        with (project / file).open("a") as text:
            text.write(f"\n/* {new} */\n" if file.endswith("css") else f"\n# {new}\n")
        return ran(phoenix.build(project, "copier-fly-test/edited").log)

    assert again("test/test_helper.exs") == []
    pack = again("config/runtime.exs")
    assert [step.split("RUN")[0] for step in pack] == ["build: "], "only packs the release again"
    style = again("assets/css/app.css")
    assert [("assets.deploy" in step) for step in style] == [True, False], "compiles no Elixir"
    code = again("lib/shop.ex")
    assert [step.split("mix-all ")[1] for step in code if "mix-all" in step] == ["compile", "assets.deploy"]
    assert not [step for step in code if not step.startswith("build: ")], "leaves the dependency layers alone"


@pytest.mark.skipif(hex.reachable(), reason="adds a package to the lock that only the stand-in registry has")
def test_a_new_dependency_compiles_only_itself(image: Image, project: Path) -> None:
    # Something new, so that no layer of an earlier run answers for this one.
    with (project / "mix.exs").open("a") as text:
        text.write(f"# {uuid.uuid4()}\n")
    before = phoenix.build(project, "copier-fly-test/dependency", target="deps").log
    assert any("deps.compile" in step for step in ran(before))
    hex.add_dep(project)
    log = phoenix.build(project, "copier-fly-test/dependency", target="deps").log
    assert re.findall(r"==> (\w+)\n#\d+ [\d.]+ Compiling", log) == ["tiny_dep"]


def test_a_step_that_is_stopped_is_no_good_layer(project: Path) -> None:
    """mix exits with 0 when a signal stops it."""
    builder = phoenix.build(project, "copier-fly-test/builder", target="compiler")
    stop = 'System.cmd("kill", ["-TERM", System.pid()]); Process.sleep(:infinity)'
    with_mix = docker.once(builder.tag, "sh", "-c", f"cd /tmp && mix run --no-mix-exs -e '{stop}'")
    assert with_mix.returncode == 0, with_mix.stdout
    new = "cd /tmp && mix new x >/dev/null && cd x && MIX_ENV=dev"
    stopped = docker.once(builder.tag, "sh", "-c", f"{new} mix-all run -e '{stop}'")
    assert stopped.returncode == 1
    assert "was stopped before its end" in stopped.stdout
    assert docker.once(builder.tag, "sh", "-c", f"{new} mix-all compile").returncode == 0


@pytest.mark.parametrize(
    ("file", "line", "says"),
    [
        ("mix.exs", r"\n *releases: elem.*", "The release does not read rel/overlays/fly.exs"),
        ("lib/shop_web/endpoint.ex", r"\n *plug ShopWeb.HealthPlug\n", "The endpoint does not answer health checks"),
    ],
    ids=["releases", "health plug"],
)
def test_an_unwired_app_does_not_become_an_image(
    image: Image, project: Path, tmp_path: Path, file: str, line: str, says: str
) -> None:
    text = (project / file).read_text()
    unwired = re.sub(line, "", text)
    assert unwired != text
    (project / file).write_text(unwired)
    try:
        with pytest.raises(DockerError, match=re.escape(says)):
            phoenix.build(project, "copier-fly-test/unwired")
    finally:
        (project / file).write_text(text)


def test_a_library_that_the_image_lacks_stops_the_build(image: Image, project: Path) -> None:
    """What Erlang's crypto or a dependency's NIF wants would otherwise only show when it is called."""
    check = re.search(r"^RUN (! find .*)$", (project / "Dockerfile").read_text(), re.MULTILINE)
    assert check
    assert docker.once(image.tag, "sh", "-c", check[1]).returncode == 0
    without = f"find / -xdev -name 'libcrypto.so.*' -delete; {check[1]}"
    done = docker.once(image.tag, "sh", "-c", without, user="root")
    assert done.returncode == 1
    assert re.search(r"libcrypto\S+ => not found", done.stdout)


# --- Variants -------------------------------------------------------------------------------------------


def test_without_ecto_and_without_assets_on_an_older_elixir(template: Path, tmp_path: Path) -> None:
    app = phoenix.commit(phoenix.new_app(tmp_path / "shop", ecto=False, assets=False))
    phoenix.copy_template(template, app, elixir_image="1.18-otp27")
    assert not (app / "lib/shop/release.ex").exists()
    image = phoenix.build(app, "copier-fly-test/small", build_args={"REVISION": phoenix.REVISION})
    with phoenix.running(image.tag, app, None, tmp_path) as running:
        assert running.json("/readyz") == (200, {"status": "ok", "checks": {}})
        assert running.container.stop() == 0


def test_on_alpine(template: Path, tmp_path: Path, plain_postgres: Database) -> None:
    """The shape of examples/greening_bot.yml. Skips where the images cannot be pulled: Alpine has no stand-in."""
    app = phoenix.commit(phoenix.new_app(tmp_path / "shop"))
    phoenix.copy_template(template, app, runtime_base="alpine")
    image = phoenix.build(app, "copier-fly-test/alpine")
    assert phoenix.once(image.tag, app, plain_postgres, tmp_path, "/app/bin/migrate", ECTO_IPV6="false").returncode == 0
    with phoenix.running(image.tag, app, plain_postgres, tmp_path, ECTO_IPV6="false") as running:
        assert running.get("/readyz")[0] == 200
        assert running.container.stop() == 0


def test_an_app_in_a_folder_with_packages_from_npm(template: Path, tmp_path: Path) -> None:
    """The shape of examples/net_auto.yml."""
    repository = tmp_path / "repository"
    app = phoenix.new_app(repository / "net_auto", ecto=False)
    (app / "assets" / "package.json").write_text(
        json.dumps({"name": "assets", "private": True, "dependencies": {"is-number": "7.0.0"}})
    )
    phoenix.copy_template(template, phoenix.commit(repository))
    assert (repository / "Dockerfile").is_file()
    assert (repository / "net_auto" / "rel" / "releases.exs").is_file()
    image = phoenix.build(repository, "copier-fly-test/net-auto")
    stage = phoenix.build(repository, "copier-fly-test/net-auto-build", target="build")
    assert docker.once(stage.tag, "ls", "assets/node_modules/is-number").returncode == 0
    with phoenix.running(image.tag, repository, None, tmp_path) as running:
        assert running.get("/readyz")[0] == 200
