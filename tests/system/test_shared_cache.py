"""The page on Redis: with its two files, two machines of one build agree after a tag was revalidated on one of them."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.nextjs.recipes import NEXT_16
from tests.support import docker, needs, nextjs
from tests.support import template as template_support
from tests.support.net import free_port
from tests.support.nextjs import Recipe

pytestmark = [pytest.mark.system, pytest.mark.needs("redis-server")]

APP = Recipe(
    NEXT_16,
    "--yes --no-linter --no-tailwind --app --no-src-dir --use-npm",
    "npm",
    files={
        "app/stamp/page.tsx": """import { unstable_cache } from "next/cache";

const stamp = unstable_cache(async () => crypto.randomUUID(), ["stamp"], { tags: ["stamp"] });

export default async function Page() {
  return <p>stamp {await stamp()}</p>;
}
""",
        "app/renew/route.ts": """import { revalidateTag } from "next/cache";

export async function POST() {
  revalidateTag("stamp", { expire: 0 });
  return new Response("renewed");
}
""",
    },
    dependencies={"@fortedigital/nextjs-cache-handler": "3.3.0", "redis": "5.12.1"},
)


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    """The URL of a server on loopback that keeps nothing on disk."""
    port = free_port()
    command = [needs.require("redis-server"), "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly"]
    running = subprocess.Popen([*command, "no"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    yield f"redis://127.0.0.1:{port}"
    running.terminate()
    running.wait(10)


@pytest.fixture(scope="module")
def image(template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An app with what the page says to add."""
    folder = nextjs.make(APP, tmp_path_factory.mktemp("cache") / "project")
    template_support.render(template, folder, {"fly_app": "web", "redis": "url", "redis_env": ["REDIS_URL"]})
    page = (folder / "docs/fly/redis.md").read_text()
    handler, settings = re.findall(r"```js\n(.*?)```", page, re.DOTALL)
    (folder / "cache-handler.mjs").write_text(handler)
    (folder / "next.config.ts").unlink()
    lines = ['import { fileURLToPath } from "node:url";', "export default {", settings, "};"]
    (folder / "next.config.mjs").write_text("\n".join(lines) + "\n")
    nextjs.ensure_images()
    built = docker.build(folder, "copier-fly-test/nextjs-cache").tag
    shutil.rmtree(folder)
    return built


def stamp(port: int) -> str:
    """What the page of a machine shows; waits for a machine that is not there yet."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/stamp", timeout=20) as answer:
                found = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", answer.read().decode())
                assert found
                return found[0]
        except OSError:
            assert time.monotonic() < deadline, "the app does not answer"
            time.sleep(0.2)


def soon(true: Callable[[], bool]) -> bool:
    """Whether something becomes true within some seconds: a page that is old is shown once more while it is made."""
    deadline = time.monotonic() + 15
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def test_two_machines_agree_after_a_tag_was_revalidated_on_one(image: str, redis: str) -> None:
    here, there = free_port(), free_port()
    with (
        docker.run(image, env={"PORT": str(here), "REDIS_URL": redis}),
        docker.run(image, env={"PORT": str(there), "REDIS_URL": redis}),
    ):
        old = stamp(here)
        assert soon(lambda: stamp(there) == stamp(here))

        renew = urllib.request.Request(f"http://127.0.0.1:{here}/renew", method="POST")
        assert urllib.request.urlopen(renew, timeout=20).read() == b"renewed"

        assert soon(lambda: stamp(here) != old), "the page is not made again"
        new = stamp(here)
        assert soon(lambda: stamp(there) == new), "the other machine shows an old page"
        assert stamp(here) == new
