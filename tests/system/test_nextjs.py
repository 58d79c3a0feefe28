"""Next.js apps of every package manager: copied, built, migrated, asked, stopped, as a deploy does it.

Nothing of what the template renders is edited. See tests/support/nextjs.py for what the apps are.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.nextjs.recipes import RECIPES
from tests.support import docker, nextjs, postgres
from tests.support import template as template_support
from tests.support.net import free_port
from tests.support.postgres import Database
from tests.support.quickest import quickest

pytestmark = pytest.mark.system

ALL = list(RECIPES)
OWN = re.compile(r"COPY .*(/out/\w|/migrate|/health)")
"""A layer of the app's, in the history of its image."""
REVISION = "5e1f0000000000000000000000000000000000ab"
SCHEMA_ENGINE = Path(__file__).parents[1] / "nextjs" / "schema_engine.mjs"


@dataclass(frozen=True)
class Deployment:
    """An app with the template's files in it, and its image."""

    name: str
    project: Path
    image: docker.Image

    @property
    def app(self) -> Path:
        return self.project / RECIPES[self.name].folder

    @property
    def base(self) -> str:
        """The basePath of its next.config."""
        return "/shop" if self.name == "workspace" else ""


@pytest.fixture(scope="session")
def copied(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make an app and copy the template into it, with every answer at its default but the name on Fly."""

    def make(name: str, **answers: Any) -> Path:
        project = nextjs.make(RECIPES[name], tmp_path_factory.mktemp(name) / "project")
        return template_support.render(template, project, {"fly_app": f"test-{name}", **answers})

    return make


def build(project: Path, tag: str, revision: str = REVISION, **options: Any) -> docker.Image:
    nextjs.ensure_images()
    return docker.build(project, f"copier-fly-test/{tag}", build_args={"REVISION": revision}, **options)


@pytest.fixture(scope="session")
def deployed(copied: Callable[..., Path]) -> Callable[[str], Deployment]:
    """Build an app's image, once a run."""
    done: dict[str, Deployment] = {}

    def get(name: str) -> Deployment:
        if name not in done:
            project = copied(name)
            done[name] = Deployment(name, project, build(project, f"nextjs-{name}"))
        return done[name]

    return get


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass(frozen=True)
class Server:
    """A container of an app, ready to be asked."""

    container: docker.Container
    port: int

    def ask(self, path: str, host: str = "127.0.0.1", **request: Any) -> Answer:
        opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
        query = urllib.request.Request(f"http://{host}:{self.port}{path}", **request)
        try:
            response = opener.open(query, timeout=20)
        except urllib.error.HTTPError as refused:
            response = refused
        with response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, headers, response.read().decode(errors="replace"))


@contextmanager
def serve(deployment: Deployment, env: dict[str, str] | None = None, **options: Any) -> Iterator[Server]:
    port = free_port()
    with docker.run(deployment.image.tag, env={"PORT": str(port), **(env or {})}, **options) as container:
        server = Server(container, port)

        def alive() -> bool:
            try:
                return server.ask("/livez").status == 200
            except OSError:
                return False

        container.wait_for(alive, what="an answer of /livez")
        yield server


def migrate(
    deployment: Deployment, database: Database, *options: str, migrations: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    """What Fly's release machine runs, on the image's own migrations or on a folder that takes their place."""
    command = re.search(r'^release_command = "(.*)"', (deployment.project / "fly.toml").read_text(), re.M)
    assert command
    volumes = {migrations: "/migrate/migrations:ro"} if migrations else {}
    env = {"DATABASE_URL": database.url, **env}
    return docker.once(
        deployment.image.tag, *command[1].split(), *options, env=env, volumes=volumes, hosts=database.hosts
    )


# --- The image -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_app_serves_its_pages_and_its_browser_code(name: str, deployed: Callable[[str], Deployment]) -> None:
    app = deployed(name)
    path = {"workspace": "/shop/greeting/", "javascript": "/slow"}.get(name, "/")
    with serve(app, {"FLY_MACHINE_ID": "m1", "FLY_IMAGE_REF": "registry/app:git-5e1f"}) as server:
        alive = server.ask("/livez")
        assert alive.json == {
            "status": "ok",
            "version": "0.1.0",
            "revision": REVISION,
            "image": "registry/app:git-5e1f",
            "machine": "m1",
        }
        assert alive.headers["cache-control"] == "no-store"
        page = server.ask(path)
        assert page.status == 200
        assert server.ask("/livez", host="[::1]").status == 200
        if name == "workspace":
            assert "hello from a package of the workspace" in page.text
        for file in re.findall(r'"((?:/shop)?/_next/static/[^"]+\.(?:js|css)[^"]*)"', page.text):
            assert server.ask(file).status == 200, file
            assert f"dpl={REVISION[:12]}" in file
        public = sorted((app.app / "public").glob("*")) if (app.app / "public").exists() else []
        for file in public:
            assert server.ask(f"{app.base}/{file.name}").status == 200, file


def test_checks_are_answered_whatever_the_app_does_with_a_request(deployed: Callable[[str], Deployment]) -> None:
    stranger = {"headers": {"user-agent": "Consul Health Check"}}
    for name, path, status, database in (("javascript", "/", 200, "none"), ("workspace", "/", 503, "unavailable")):
        with serve(deployed(name)) as server:
            assert server.ask(path, **stranger).status in {307, 308, 404}
            assert server.ask("/livez", **stranger).status == 200
            assert server.ask("/livez", method="HEAD", **stranger).text == ""
            assert server.ask("/livez", method="POST", **stranger).status == 405
            ready = server.ask("/readyz", **stranger)
            assert (ready.status, ready.json["checks"]["database"]["status"]) == (status, database)


@pytest.mark.parametrize("name", ALL)
def test_app_may_write_nothing_but_its_cache(name: str, deployed: Callable[[str], Deployment]) -> None:
    script = """
      const { accessSync, constants, readdirSync } = require("node:fs");
      const may = (path) => { try { accessSync(path, constants.W_OK); return true } catch { return false } };
      const list = (path) => {
        try { return readdirSync(path, { recursive: true, withFileTypes: true }) } catch { return [] }
      };
      console.log(process.getuid());
      for (const top of readdirSync("/").filter((name) => !["proc", "sys", "dev"].includes(name))) {
        for (const entry of list(`/${top}`)) {
          const path = `${entry.parentPath}/${entry.name}`;
          if (!entry.isSymbolicLink() && may(path)) console.log(path);
        }
      }
    """
    user, *writable = docker.once(deployed(name).image.tag, "node", "-e", script).stdout.split()
    folder = f"/app/{RECIPES[name].folder}/.next".replace("/./", "/")
    kept = ("/tmp", "/var/tmp", "/var/lock", "/run/lock", "/home/nonroot", folder)
    assert user == "65532"
    assert [path for path in writable if not path.startswith(kept)] == []


# In MiB: 41 for an app's own layers, 46 with Prisma, 56 when webpack builds it (Next.js 15); and 2 on top.
LIMITS = {"prisma": 48, "workspace": 48, "fifteen": 58}


@pytest.mark.parametrize(("name", "limit"), [(name, LIMITS.get(name, 43)) for name in ALL])
def test_app_layers_are_small(name: str, limit: int, deployed: Callable[[str], Deployment]) -> None:
    history = docker.docker(
        "history", "--no-trunc", "--human=false", "--format", "{{.Size}}\t{{.CreatedBy}}", deployed(name).image.tag
    )
    sizes = [int(line.split("\t")[0]) for line in history.splitlines() if OWN.search(line)]
    assert len(sizes) >= 2
    assert sum(sizes) < limit * 1_048_576


def test_system_is_small(deployed: Callable[[str], Deployment]) -> None:
    # Node.js is 127 MB of it, Distroless 27. The base image of the build, which has npm, headers and Perl too, is 250.
    image = deployed("drizzle").image
    own = docker.docker("history", "--human=false", "--format", "{{.Size}}\t{{.CreatedBy}}", image.tag)
    app = sum(int(line.split("\t")[0]) for line in own.splitlines() if OWN.search(line))
    assert image.size - app < 160e6


def test_changed_line_ships_the_apps_own_layers_alone(copied: Callable[..., Path]) -> None:
    project = copied("javascript")
    layers = build(project, "nextjs-layers").layers
    page = project / "src/app/page.js"
    page.write_text(page.read_text().replace("<main>", "<main>One line more"))
    after = build(project, "nextjs-layers", "b" * 40)
    assert "One line more" in page.read_text()
    changed = [number for number, layer in enumerate(after.layers) if layer not in layers]
    # server.js, which has the revision in its settings, and .next
    assert changed == [len(layers) - 2, len(layers) - 1]


@pytest.mark.parametrize("name", ALL)
def test_every_program_finds_its_libraries(name: str, deployed: Callable[[str], Deployment]) -> None:
    # What the dynamic linker would load, of the system's programs and of the app's native packages.
    script = """
      cd /usr/local/bin && find . -type f >/tmp/files
      cd /app && find . \\( -name '*.node' -o -name '*.so' -o -name '*.so.*' \\) -type f ! -path '*musl*' >>/tmp/files
      for folder in /usr/local/bin /app; do
        cd "$folder"
        while read -r file; do
          [ -e "$file" ] || continue
          LD_TRACE_LOADED_OBJECTS=1 /lib64/ld-linux-*.so.2 "$file" 2>&1 | grep 'not found' || true
        done </tmp/files
      done
      wc -l </tmp/files
    """
    *missing, count = docker.once(deployed(name).image.tag, "sh", "-c", script).stdout.splitlines()
    assert missing == []
    assert int(count) > 2


def test_native_package_runs(deployed: Callable[[str], Deployment]) -> None:
    shown = docker.once(
        deployed("drizzle").image.tag,
        "node",
        "-e",
        "require('sharp')({ create: { width: 8, height: 8, channels: 3, background: 'red' } }).webp().toBuffer()"
        ".then((picture) => console.log('webp', picture.length > 20))",
    )
    assert shown.stdout.strip() == "webp true"


def test_one_can_look_around_in_a_machine(deployed: Callable[[str], Deployment]) -> None:
    with serve(deployed("drizzle"), {"SPOKEN": "word"}) as server:
        assert server.container.exec("printenv", "SPOKEN") == "word\n"
        assert "server.js" in server.container.exec("sh", "-lc", "ls /app | grep server | sort | head -n 5")
        assert server.container.exec("whoami") == "nonroot\n"
        # Whoever logs in gets a shell, root too.
        assert "nologin" not in server.container.exec("cat", "/etc/passwd")
        # For scanners: which packages, in which version, the files are from.
        assert "Version: " in server.container.exec("cat", "/var/lib/dpkg/status.d/libc6")


def test_nothing_of_env_files_is_in_the_image(copied: Callable[..., Path]) -> None:
    project = copied("fifteen")
    for name in (".env", ".env.production", ".env.local"):
        (project / name).write_text("CANARY=sings\n")
    image = build(project, "nextjs-env")
    found = docker.once(image.tag, "sh", "-c", "grep -rl CANARY /app /migrate; find /app -name '.env*'")
    assert found.stdout.replace("grep: /migrate: No such file or directory\n", "") == ""


# --- Migrations and readiness ----------------------------------------------------------------------------


def test_prisma_agrees_with_what_the_runner_did(
    deployed: Callable[[str], Deployment], plain_postgres: Database
) -> None:
    app = deployed("prisma")
    before = migrate(app, plain_postgres, "--status")
    assert before.returncode == 0
    assert before.stdout.count("pending") == 2
    first = migrate(app, plain_postgres)
    assert (first.returncode, "2 applied, 0 were there" in first.stdout) == (0, True), first.stdout
    again = migrate(app, plain_postgres)
    assert (again.returncode, "0 applied, 2 were there" in again.stdout) == (0, True), again.stdout
    assert plain_postgres.psql('select title from "Task"') == "first; and only"

    builder = build(app.project, "nextjs-prisma-builder", target="build")
    verdict = docker.once(
        builder.tag,
        "node",
        "/app/schema_engine.mjs",
        "/app/prisma/migrations",
        env={"DATABASE_URL": plain_postgres.url},
        volumes={SCHEMA_ENGINE: "/app/schema_engine.mjs:ro"},
    )
    found = json.loads(verdict.stdout.strip().splitlines()[-1])
    assert found["history"] is None
    assert found["hasMigrationsTable"]
    assert (found["failedMigrationNames"], found["editedMigrationNames"], found["appliedByPrisma"]) == ([], [], [])

    with serve(app, {"DATABASE_URL": plain_postgres.url}) as server:
        assert server.ask("/tasks").json == [{"id": 1, "title": "first; and only"}]


def test_schema_in_a_package_of_the_workspace_is_served(
    deployed: Callable[[str], Deployment], plain_postgres: Database
) -> None:
    app = deployed("workspace")
    done = migrate(app, plain_postgres)
    assert (done.returncode, "1 applied, 0 were there" in done.stdout) == (0, True), done.stdout
    assert "name: SHOP_DATABASE_URL" in (app.project / ".copier-answers.yml").read_text()
    with serve(app, {"DATABASE_URL": plain_postgres.url, "SHOP_DATABASE_URL": plain_postgres.url}) as server:
        assert server.ask("/shop/api/items/").json == [{"id": 1, "name": "of a package"}]
        assert server.ask("/readyz").status == 200


def test_drizzle_agrees_with_what_the_runner_did(
    deployed: Callable[[str], Deployment], plain_postgres: Database
) -> None:
    app = deployed("drizzle")
    assert migrate(app, plain_postgres).returncode == 0
    builder = build(app.project, "nextjs-drizzle-builder", target="build")
    kit = docker.once(builder.tag, "node_modules/.bin/drizzle-kit", "migrate", env={"DATABASE_URL": plain_postgres.url})
    assert kit.returncode == 0, kit.stdout
    assert plain_postgres.psql("select count(*) from drizzle.__drizzle_migrations") == "1"
    with serve(app, {"DATABASE_URL": plain_postgres.url}) as server:
        assert server.ask("/tasks").json == [{"id": 1, "title": "first"}]


def test_drizzles_own_command_runs_where_it_is_wanted(copied: Callable[..., Path], plain_postgres: Database) -> None:
    project = copied("drizzle", migration_runner="cli")
    app = Deployment("drizzle", project, build(project, "nextjs-cli"))
    done = migrate(app, plain_postgres)
    assert done.returncode == 0, done.stdout
    assert plain_postgres.psql("select title from tasks") == "first"
    with serve(app, {"DATABASE_URL": plain_postgres.url}) as server:
        assert server.ask("/readyz").status == 200


def test_another_command_migrates_where_it_is_answered(copied: Callable[..., Path], plain_postgres: Database) -> None:
    """In an image with all packages and the code; drizzle-kit needs a package with a program, and reads TypeScript."""
    project = copied("drizzle", migration_command="drizzle-kit migrate && node -e 'console.log(process.env.POSTGRES)'")
    app = Deployment("drizzle", project, build(project, "nextjs-own-command"))
    done = migrate(app, plain_postgres, POSTGRES=plain_postgres.url)
    assert (done.returncode, plain_postgres.url in done.stdout) == (0, True), done.stdout
    assert plain_postgres.psql("select title from tasks") == "first"
    failed = migrate(app, plain_postgres, DATABASE_URL="postgres://nobody@127.0.0.1:1/none")
    assert (failed.returncode, "migrate: FAILED: it ended with 1" in failed.stdout) == (1, True), failed.stdout


def test_failed_file_leaves_nothing_and_its_mended_text_goes_through(
    deployed: Callable[[str], Deployment], plain_postgres: Database, tmp_path: Path
) -> None:
    app = deployed("prisma")
    folder = tmp_path / "migrations"
    (folder / "20260103000000_more").mkdir(parents=True)
    file = folder / "20260103000000_more" / "migration.sql"
    file.write_text("create table half (id int);\n\nalter table nowhere add column x int;\n")
    failed = migrate(app, plain_postgres, migrations=folder)
    assert failed.returncode == 1
    assert 'relation "nowhere" does not exist' in failed.stdout
    assert "20260103000000_more" in failed.stdout
    assert plain_postgres.psql("select to_regclass('half')") == ""
    file.write_text("create table half (id int);\n")
    mended = migrate(app, plain_postgres, migrations=folder)
    assert (mended.returncode, "1 applied" in mended.stdout) == (0, True), mended.stdout


def test_three_deploys_at_once_apply_each_file_once(
    deployed: Callable[[str], Deployment], plain_postgres: Database
) -> None:
    app = deployed("prisma")
    runs: list[subprocess.CompletedProcess[str]] = []
    threads = [threading.Thread(target=lambda: runs.append(migrate(app, plain_postgres))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [run.returncode for run in runs] == [0, 0, 0]
    applied = sorted(re.findall(r"(\d) applied", run.stdout)[-1] for run in runs)
    assert applied == ["0", "0", "2"]
    assert plain_postgres.psql("select count(*) from _prisma_migrations") == "2"


def test_readiness_follows_the_database(deployed: Callable[[str], Deployment]) -> None:
    app = deployed("prisma")
    with postgres.server() as database, serve(app, {"DATABASE_URL": database.url}) as server:
        ready = server.ask("/readyz")
        assert ready.status == 200
        assert (ready.json["status"], ready.json["checks"]["database"]["status"]) == ("ok", "ok")
        assert ready.headers["cache-control"] == "no-store"
        database.stop()
        lost, seconds = quickest(lambda: server.ask("/readyz"))
        assert seconds < 1.5
        assert (lost.status, lost.json["status"]) == (503, "unavailable")
        assert server.ask("/livez").status == 200
        database.start()
        assert server.ask("/readyz").status == 200


def test_silent_database_is_given_up_after_a_second(deployed: Callable[[str], Deployment]) -> None:
    app = deployed("prisma")
    # A listener that never says a word: the connection stands, the answer does not come.
    with socket_without_answers() as port, serve(app, {"DATABASE_URL": f"postgres://a:b@127.0.0.1:{port}/c"}) as server:
        answer, seconds = quickest(lambda: server.ask("/readyz"))
        assert answer.status == 503
        assert 0.9 < seconds < 1.5


@contextmanager
def socket_without_answers() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield listener.getsockname()[1]


# --- Running ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["prisma", "fifteen"])
@pytest.mark.parametrize("signal", ["SIGTERM", "SIGINT"])
def test_machine_finishes_its_requests_before_it_stops(
    name: str, signal: str, deployed: Callable[[str], Deployment]
) -> None:
    with serve(deployed(name), {"DATABASE_URL": "postgres://a:b@127.0.0.1:1/c"}) as server:
        answers: list[Answer] = []
        asking = threading.Thread(target=lambda: answers.append(server.ask("/slow")))
        asking.start()
        time.sleep(0.7)  # the request takes two seconds
        code = server.container.stop(signal)
        # Next.js 15 says 0.
        assert code == ({"SIGTERM": 143, "SIGINT": 130}[signal] if name == "prisma" else 0)
        asking.join()
        assert [(answer.status, answer.text) for answer in answers] == [(200, "slow but whole")]
        assert "after() ran to its end" in server.container.logs()


@pytest.mark.parametrize("name", ["prisma", "workspace"])
def test_root_file_system_may_be_read_only(name: str, deployed: Callable[[str], Deployment]) -> None:
    app = deployed(name)
    folder = f"/app/{RECIPES[name].folder}/.next/cache".replace("/./", "/")
    with serve(app, extra=["--read-only", "--tmpfs", f"{folder}:uid=65532"]) as server:
        assert server.ask(f"{app.base}/{'greeting/' if app.base else ''}").status == 200
        assert server.ask(f"{app.base}/favicon.ico").status == 200
        assert "EACCES" not in server.container.logs()


def test_action_of_an_old_page_is_done_by_a_new_build(copied: Callable[..., Path], tmp_path: Path) -> None:
    project = copied("prisma")
    key = tmp_path / "key"
    key.write_text("8Jm0sZ1yq3C0lS5dQe9XJb4v6m2q0cPzqk1H4k2nJxM=")
    secrets = {"NEXT_SERVER_ACTIONS_ENCRYPTION_KEY": key}
    old = Deployment("prisma", project, build(project, "nextjs-action-1", "a" * 40, secrets=secrets))
    with serve(old) as server:
        page = server.ask("/action").text
    source = project / "app/action/page.tsx"
    source.write_text(source.read_text().replace("build one", "build two"))
    new = Deployment("prisma", project, build(project, "nextjs-action-2", "b" * 40, secrets=secrets))
    fields = dict(re.findall(r'<input type="hidden" name="([^"]*)"(?: value="([^"]*)")?', page))
    assert fields
    body = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {**fields, "name": "Ada"}.items()
    )
    with serve(new) as server:
        assert "build two" in server.ask("/action").text
        done = server.ask(
            "/action",
            data=f"{body}--x--\r\n".encode(),
            headers={"content-type": "multipart/form-data; boundary=x"},
        )
    assert (done.status, done.headers["location"]) == (303, "/?greeted=Ada")


# --- Bad input -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "old", "new", "sentence"),
    [
        ("package.json", '"next":', '"nuxt":', r"package\.json does not name next among its dependencies"),
        (
            "next.config.ts",
            "NextConfig = {",
            "NextConfig = {\n  output: 'export',",
            r"next\.config\.ts sets output: 'export'",
        ),
    ],
    ids=["before the install", "before the build"],
)
def test_build_that_cannot_end_well_says_why(
    path: str, old: str, new: str, sentence: str, copied: Callable[..., Path]
) -> None:
    """What else it stops at, and in which words: tests/nextjs."""
    project = copied("fifteen")
    text = (project / path).read_text()
    assert old in text
    (project / path).write_text(text.replace(old, new))
    with pytest.raises(docker.DockerError) as failure:
        build(project, "nextjs-refused")
    output = [line for line in str(failure.value).splitlines() if re.search(r"^#\d+ [\d.]+ ", line)]
    assert any(re.search(sentence, line) for line in output), "\n".join(output[-30:])


def test_secrets_of_the_build_reach_the_install_and_no_layer(copied: Callable[..., Path], tmp_path: Path) -> None:
    project = copied("javascript", build_secrets=["NPM_TOKEN"])
    package = json.loads((project / "package.json").read_text())
    # A word that no other run has: or a layer of that one would answer.
    package["scripts"]["postinstall"] = f'test "$NPM_TOKEN" = sesame && echo the door is open {uuid.uuid4()}'
    (project / "package.json").write_text(json.dumps(package, indent=2))
    (tmp_path / "token").write_text("sesame")
    image = build(project, "nextjs-secret", secrets={"NPM_TOKEN": tmp_path / "token"})
    assert "the door is open" in image.log
    assert "sesame" not in image.log.replace("= sesame &&", "")
    found = docker.once(image.tag, "sh", "-c", "grep -rl sesame /app/.next /app/server.js /etc; env | grep sesame")
    assert found.stdout == ""
    assert "sesame" not in docker.docker("history", "--no-trunc", image.tag)
