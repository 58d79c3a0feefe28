"""From an untouched Phoenix app to a container that serves: one copy, one build, no hand edit."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support import docker, phoenix, postgres
from tests.support.docker import Image
from tests.support.postgres import Database
from tests.support.quickest import quickest

pytestmark = pytest.mark.system

SHAPES = {
    "fly_managed through PgBouncer": ("managed_postgres", "fly_managed"),
    "fly_postgres over IPv6 only": ("fly_postgres", "fly_postgres"),
    "neon over verified TLS": ("neon", "neon"),
}


@pytest.fixture(scope="module", params=["debian", "minimal"])
def base(request: pytest.FixtureRequest) -> str:
    """What the image runs on: everything below holds for each. (Alpine has a test in test_phoenix_builds.py.)"""
    return request.param


@pytest.fixture(scope="module")
def project(template: Path, tmp_path_factory: pytest.TempPathFactory, base: str) -> Path:
    app = phoenix.commit(phoenix.new_app(tmp_path_factory.mktemp("apps") / "shop"))
    said = phoenix.copy_template(template, app, runtime_base=base)
    assert "added `releases:" in said
    return app


@pytest.fixture(scope="module")
def image(project: Path, base: str) -> Image:
    return phoenix.build(project, f"copier-fly-test/shop-{base}", build_args={"REVISION": phoenix.REVISION})


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
            status, seconds = quickest(app.ready_status)
            assert status == 503
            assert seconds < 1.5
            assert app.json("/readyz")[1]["checks"]["database"]["status"] == "unavailable"
            assert app.get("/livez")[0] == 200
            own.start()
            app.container.wait_for(lambda: app.ready_status() == 200, what="/readyz to recover")


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


def test_only_who_is_inside_learns_which_machine_answers(
    image: Image, project: Path, tmp_path: Path, plain_postgres: Database
) -> None:
    with phoenix.running(
        image.tag, project, plain_postgres, tmp_path, ECTO_IPV6="false", FLY_MACHINE_ID="9080e6f3a12345"
    ) as app:
        outside = {"Fly-Client-IP": "203.0.113.7"}
        assert '"machine":"9080e6f3a12345"' in app.get("/livez")[1]
        assert "machine" not in app.get("/livez", outside)[1]
        assert "9080e6f3a12345" in app.get("/livez", {**outside, "X-Machine-Id": "9080e6f3a12345"})[1]
        assert app.get("/livez", method="HEAD") == (200, "")
        assert app.get("/livez", method="POST")[0] == 405


HOSTS = "IO.inspect(Map.new(Application.get_env(:shop, ShopWeb.Endpoint)), width: 1_000)"


@pytest.mark.parametrize(
    ("without", "more", "expected"),
    [
        ([], {}, ['url: [host: "shop.fly.dev", port: 443', 'check_origin: ["//shop.fly.dev"]', "port: 8080]"]),
        (["PHX_HOST"], {"FLY_APP_NAME": "shop"}, ['host: "example.com"', 'check_origin: ["//shop.fly.dev"]']),
        (["PHX_HOST", "PORT"], {}, ['host: "example.com"', "port: 4000"]),
    ],
    ids=["as on Fly", "without PHX_HOST", "elsewhere"],
)
def test_it_sets_only_what_the_environment_says(
    image: Image, project: Path, plain_postgres: Database, without: list[str], more: dict[str, str], expected: list[str]
) -> None:
    found = phoenix.environment(project, plain_postgres, ECTO_IPV6="false", **more)
    env = {name: value for name, value in found.items() if name not in without}
    done = docker.once(image.tag, "/app/bin/shop", "eval", HOSTS, env=env)
    assert [part for part in expected if part not in done.stdout] == [], done.stdout
    assert ("check_origin" in done.stdout) == any("check_origin" in part for part in expected)


def test_code_that_asks_for_the_environment_of_mix_learns_that_it_is_production(image: Image) -> None:
    assert docker.once(image.tag, "sh", "-c", "echo $MIX_ENV").stdout == "prod\n"


def test_it_cannot_change_its_own_code(image: Image, base: str) -> None:
    # What find may not read it names on the other stream, and the two come in no sure order.
    writable = "find /app /bin /etc /usr -writable ! -type l 2>/dev/null"
    done = docker.once(image.tag, "sh", "-c", f"id -u; {writable}; ! touch /app/x 2>/dev/null")
    assert (done.returncode, done.stdout.split()) == (0, [{"debian": "65534", "minimal": "65532"}[base]])
    assert docker.once(image.tag, "touch", "/tmp/x").returncode == 0


def test_nothing_is_in_it_that_only_a_compiler_reads(image: Image) -> None:
    for name in ("*.hrl", "*.script", "dialyzer", "erlc"):
        found = docker.once(image.tag, "find", "/app", "-name", name)
        assert (found.returncode, found.stdout) == (0, "")


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


def test_a_remote_shell_opens_in_the_running_app(
    image: Image, project: Path, tmp_path: Path, plain_postgres: Database
) -> None:
    """What ops/console runs, as the user whom `fly ssh console` logs in, on a terminal."""
    with phoenix.running(image.tag, project, plain_postgres, tmp_path, ECTO_IPV6="false") as app:
        ours, theirs = pty.openpty()
        remote = ["docker", "exec", "-it", "--user", "root", "--env", "TERM=xterm", app.container.id]
        shell = subprocess.Popen([*remote, "/app/bin/shop", "remote"], stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        said: list[bytes] = []
        reader = threading.Thread(target=read_all, args=(ours, said), daemon=True)
        reader.start()

        def wait_for(text: str) -> None:
            app.container.wait_for(lambda: text.encode() in b"".join(said), what=text)

        try:
            wait_for("iex(")
            os.write(ours, 'IO.puts("ü" <> inspect(Process.whereis(Shop.Supervisor) != nil))\n'.encode())
            wait_for("ütrue")
        finally:
            shell.terminate()
            shell.wait()
        assert app.get("/livez")[0] == 200


def read_all(terminal: int, said: list[bytes]) -> None:
    """Keep what a terminal shows, until its program ends."""
    with contextlib.suppress(OSError):
        while block := os.read(terminal, 4096):
            said.append(block)


def test_the_vm_has_all_it_asks_for(image: Image, project: Path, tmp_path: Path, plain_postgres: Database) -> None:
    """What an image may lack without a word: authorities, characters, ciphers, names, what is looked for at a start."""
    asked = """IO.inspect(%{
      authorities: length(:public_key.cacerts_get()) > 10,
      names_of_files: :file.native_name_encoding(),
      old_ciphers: :blowfish_cbc in :crypto.supports(:ciphers),
      by_libc: elem(:inet_gethost_native.gethostbyname(~c"db.internal"), 0),
      home: System.user_home() != nil
    }, limit: :infinity, width: 200)"""
    more = phoenix.options(project, plain_postgres, tmp_path, ECTO_IPV6="false")
    more["hosts"] = {"db.internal": "127.0.0.1"}
    done = docker.once(image.tag, "/app/bin/shop", "eval", asked, **more)
    expected = "authorities: true, by_libc: :ok, home: true, names_of_files: :utf8, old_ciphers: true"
    assert all(part in done.stdout for part in expected.split(", ")), done.stdout
    assert "Failed open" not in done.stdout


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
