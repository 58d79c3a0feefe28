"""What fly/workers.mjs adds to an image, and where it stops; tests/system builds an image by the real tracer."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.nextjs import programs
from tests.support.template import REPO

pytestmark = pytest.mark.needs("node")

PROGRAM = REPO / "template/{{ fly(layers.nextjs_workers) }}/workers.mjs"
# The tracer of Next.js, as far as the program looks: what it finds is in a file.
TRACER = """
import { readFileSync } from "node:fs";
export async function nodeFileTrace(files, { base, processCwd }) {
  const found = JSON.parse(readFileSync(`${base}/traced.json`, "utf8"));
  return { fileList: new Set([...files.map((file) => file.slice(base.length + 1)), ...found]), processCwd };
}
"""
APP: dict[str, Any] = {
    "package.json": {},
    "node_modules/next/package.json": {"name": "next", "exports": {"./dist/compiled/@vercel/nft": "./nft.mjs"}},
    "node_modules/next/nft.mjs": TRACER,
    "worker/jobs.mjs": "jobs\n",
    "traced.json": ["node_modules/pg/index.js", "node_modules/shared", "lib/jobs.js", ".next/server/chunk.js"],
    "node_modules/pg/index.js": "pg\n",
    "node_modules/.store/shared/index.js": "shared\n",
    "lib/jobs.js": "lib\n",
    ".next/server/chunk.js": "chunk\n",
}


def run(folder: Path, command: str, app: dict[str, Any] = APP) -> tuple[int, str, Path]:
    """Run it for a worker: the exit code, what it said, and the folder that it wrote to."""
    root, out = programs.project(folder / "root", app, workers=[command]), folder / "out"
    shutil.copy(PROGRAM, root / "fly")
    (root / "node_modules/shared").symlink_to(".store/shared")
    (out / "app/lib").mkdir(parents=True)
    (out / "app/lib/jobs.js").write_text("the app has it\n")
    done = programs.node(root / "fly/workers.mjs", root, out)
    return done.returncode, done.stdout, out / "workers"


@pytest.mark.parametrize("command", ["node worker/jobs.mjs", "node --enable-source-maps worker/jobs.mjs --queue mail"])
def test_the_worker_and_what_it_imports_are_added(tmp_path: Path, command: str) -> None:
    code, said, out = run(tmp_path, command)
    assert code == 0, said
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_symlink() or path.is_file()}
    assert found == {"worker/jobs.mjs", "node_modules/pg/index.js", "node_modules/shared"}
    assert (out / "node_modules/shared").readlink() == Path(".store/shared"), "the link of pnpm stays one"


def test_a_file_that_the_build_did_not_make_stops_it(tmp_path: Path) -> None:
    code, said, out = run(tmp_path, "node dist/worker.js")
    assert code == 1
    assert "The command node dist/worker.js has no file dist/worker.js after the build." in said
    assert "--ask workers" in said
    assert "at " not in [line.strip()[:3] for line in said.splitlines()], "no traceback"
    assert not out.exists()
