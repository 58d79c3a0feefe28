"""A Next.js image of ours beside those of `@flydotio/dockerfile` and of Next.js' own example `with-docker`.

All of them build the same app on the same base image, whichever tag their Dockerfile names. Each gets what its own
instructions ask of the app, and no more: `with-docker` wants `output: "standalone"` in next.config.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shutil
import statistics
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks import building, running
from benchmarks.building import Edit, Variant
from benchmarks.measuring import Figure, Result, Target
from tests.support import docker, images, nextjs, template
from tests.support.net import free_port
from tests.support.nextjs import Recipe

OURS, PEERS = "ours", ("with-docker", "dockerfile-node")
BARE = "ours without checks"
TARGETS = [
    Target(OURS, "dockerfile lines", 60),
    Target(OURS, "image unpacked", 0.7, PEERS),
    Target(OURS, "image compressed", 0.8, PEERS),
    Target(OURS, "cold cpu", 1.0, PEERS),
    Target(OURS, "line cpu", 0.5, PEERS),
    Target(OURS, "line shipped", 0.2, PEERS),
    Target(OURS, "dependency cpu", 0.65, PEERS),
    Target(OURS, "boot", 1.0, PEERS),
    Target(OURS, "memory after requests", 1.0, PEERS),
    Target(OURS, "request", 1.05, (BARE,)),
]
GENERATOR = "@flydotio/dockerfile@0.7.10"
EXAMPLE = "https://raw.githubusercontent.com/vercel/next.js/canary/examples/with-docker/Dockerfile"
PATHS = ["/", "/about", "/hello", "/rows", "/next.svg"]

_FILES = {
    "app/about/page.tsx": """const edition = "first";

export default function About() {
  return <p>The {edition} edition</p>;
}
""",
    "app/hello/route.ts": """import { headers } from "next/headers";

export async function GET() {
  return Response.json({ hello: (await headers()).get("user-agent") });
}
""",
    "app/rows/page.tsx": """import { Suspense } from "react";
import { connection } from "next/server";

async function Rows() {
  await connection();
  return Array.from({ length: 100 }, (_, row) => <li key={row}>{row} at {Date.now()}</li>);
}

export default function Page() {
  return (
    <ul>
      <Suspense>
        <Rows />
      </Suspense>
    </ul>
  );
}
""",
}
_APP = Recipe("16.4.3", "--yes --no-linter --use-npm", "npm", files=_FILES)
_MORE = Recipe("16.4.3", "--yes --no-linter --use-npm", "npm", files=_FILES, dependencies={"clsx": "2.1.1"})


def options(parser: argparse.ArgumentParser) -> None:
    """Add what may be said about it."""
    parser.add_argument(
        "--with-docker", type=Path, metavar="FILE", help="the Dockerfile of Next.js' example; fetched without it"
    )


def measure(scratch: Path, rounds: int, options: argparse.Namespace) -> Iterator[Result]:
    """Build and run all of them, a result after each round.

    What cannot be had or does not start is left out, and a note says so.
    """
    notes = []
    nextjs.ensure_images()
    base = images.ensure(nextjs.NODE_IMAGE)
    if stand_in := images.stand_in(nextjs.NODE_IMAGE):
        notes.append(f"{nextjs.NODE_IMAGE} could not be pulled; {stand_in} stands in for it, on all sides.")
    app = nextjs.make(_APP, scratch / "app")
    more = nextjs.make(_MORE, scratch / "more")

    ours = shutil.copytree(app, scratch / "sources" / OURS, symlinks=True)
    template.render(template.export(scratch / "template"), ours, {"fly_app": "benchmark"})
    variants = [Variant("nextjs", OURS, ours)]
    if example := _example(options.with_docker, notes):
        folder = shutil.copytree(app, scratch / "sources" / "with-docker", symlinks=True)
        (folder / "Dockerfile").write_text(example)
        (folder / ".dockerignore").write_text("node_modules\n.next\n.git\nDockerfile\n.dockerignore\n")
        config = folder / "next.config.ts"
        config.write_text(config.read_text().replace("= {\n", '= {\n  output: "standalone",\n', 1))
        variants.append(Variant("nextjs", "with-docker", folder, arguments=_bases(example, base)))
    folder = shutil.copytree(app, scratch / "sources" / "dockerfile-node", symlinks=True)
    _in_node(folder, f"npx --yes {GENERATOR} --force")
    # The engine's own frontend reads all of the Dockerfiles, as no other one can be had everywhere.
    dockerfile = folder / "Dockerfile"
    dockerfile.write_text(re.sub(r"^# *syntax *=.*\n", "", dockerfile.read_text()))
    variants.append(
        Variant("nextjs", "dockerfile-node", folder, arguments=_bases((folder / "Dockerfile").read_text(), base))
    )

    figures = {variant.name: Figure(variant.name) for variant in variants}
    figures[BARE] = Figure(BARE)
    for variant in variants:
        text = (variant.source / "Dockerfile").read_text()
        figures[variant.name].add("dockerfile lines", building.dockerfile_lines(text))
    for number in range(rounds):
        building.one_round(number, variants, _edits(more), scratch / "builds", figures)
        if number == 0:
            for variant in variants:
                running.sizes(figures[variant.name], variant.tag)
        machines = {variant.name: running.Machine(variant.tag, PATHS, memory=options.memory) for variant in variants}
        dead = running.one_round(number, machines, figures)
        if number == 0:
            notes += [f"{name} does not answer in {options.memory}: {_reason(error)}" for name, error in dead.items()]
        _requests(figures, variants[0].tag)
        yield Result(figures, TARGETS, notes)


def _requests(figures: dict[str, Figure], image: str) -> None:
    """Add what a request takes, in ms, by the image as it is and by the same server without our checks before it."""
    taken: dict[str, list[float]] = {OURS: [], BARE: []}
    ports = {name: free_port() for name in taken}
    with (
        docker.run(image, env={"PORT": str(ports[OURS])}),
        docker.run(image, "node", "server.js", env={"PORT": str(ports[BARE])}),
    ):
        for _ in range(8):  # the first warms up
            for name, port in ports.items():
                taken[name].append(_block(port))
    for name, blocks in taken.items():
        figures[name].add("request", statistics.median(blocks[1:]))


def _block(port: int) -> float:
    """The median of 400 requests over one connection, in ms; waits for a server that is not there yet."""
    deadline = time.monotonic() + 60
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    seconds = []
    while len(seconds) < 400:
        begun = time.perf_counter()
        try:
            connection.request("GET", "/hello")
            connection.getresponse().read()
        except OSError:
            if time.monotonic() > deadline:
                raise
            connection.close()
            time.sleep(0.1)
            continue
        seconds.append(time.perf_counter() - begun)
    connection.close()
    return statistics.median(seconds) * 1000


def _example(file: Path | None, notes: list[str]) -> str | None:
    if file:
        return file.read_text()
    try:
        with urllib.request.urlopen(EXAMPLE, timeout=20) as answer:
            return answer.read().decode()
    except OSError as error:
        notes.append(f"with-docker is missing: {EXAMPLE} does not answer ({error}); give its text by --with-docker.")
        return None


def _bases(dockerfile: str, base: str) -> list[str]:
    """Options that put one image in the place of every image of Node.js that a Dockerfile names."""
    values = dict(re.findall(r"^ARG (\w+)=(\S+)", dockerfile, re.M))
    named = {
        re.sub(r"\$\{?(\w+)\}?", lambda found: values.get(found[1], ""), image).removeprefix("docker.io/")
        for image in re.findall(r"^FROM (?:--\S+ )*(\S*node:\S+)", dockerfile, re.M)
    }
    return [word for image in sorted(named) for word in ("--build-context", f"{image}=docker-image://{base}")]


def _in_node(folder: Path, command: str) -> None:
    done = docker.once(
        images.ensure(nextjs.NODE_IMAGE),
        "sh",
        "-euc",
        command,
        volumes={folder: "/work"},
        workdir="/work",
        env={"HOME": "/tmp", "CI": "1"},
        user=f"{os.getuid()}:{os.getgid()}",
        timeout=300,
    )
    if done.returncode != 0:
        raise docker.DockerError(f"{command}\n{done.stdout[-2000:]}")


def _edits(more: Path) -> dict[str, Edit]:
    def line(folder: Path, word: str) -> None:
        page = folder / "app/about/page.tsx"
        page.write_text(re.sub(r'edition = ".*"', f'edition = "{word}"', page.read_text()))

    def asset(folder: Path, word: str) -> None:
        styles = folder / "app/globals.css"
        styles.write_text(f"{styles.read_text()}\n.n{word} {{\n  color: red;\n}}\n")

    def setting(folder: Path, word: str) -> None:
        config = folder / "next.config.ts"
        config.write_text(config.read_text().replace("= {\n", f'= {{\n  env: {{ EDITION: "{word}" }},\n', 1))

    def dependency(folder: Path, word: str) -> None:
        package = json.loads((folder / "package.json").read_text())
        package["dependencies"] |= json.loads((more / "package.json").read_text())["dependencies"]
        package["description"] = word
        (folder / "package.json").write_text(json.dumps(package, indent=2))
        # What the generator adds for itself has to be in the lock file, so the entry is all that is taken over.
        lock, other = (json.loads((one / "package-lock.json").read_text()) for one in (folder, more))
        added = other["packages"].keys() - lock["packages"].keys()
        lock["packages"] |= {name: other["packages"][name] for name in added}
        lock["packages"][""]["dependencies"] |= other["packages"][""]["dependencies"]
        (folder / "package-lock.json").write_text(json.dumps(lock, indent=2))

    return {"line": line, "asset": asset, "setting": setting, "dependency": dependency}


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[-2:])[:200]
