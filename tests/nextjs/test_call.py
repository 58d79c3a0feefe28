"""What fly/call.mjs asks the app, and when that is a failure."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.nextjs import programs
from tests.support.template import REPO

pytestmark = pytest.mark.needs("node")

PROGRAM = REPO / "template/{{ fly(layers.nextjs_schedules) }}/call.mjs"
# In the place of the network: shows what is asked, and answers.
NETWORK = """
globalThis.fetch = async (address, options) => {
  console.log(JSON.stringify({ address, ...options }));
  if (process.env.ANSWER === "none") throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
  return new Response("x".repeat(600), { status: Number(process.env.ANSWER) });
};
"""


def call(folder: Path, answer: str = "200", **env: str) -> tuple[int, dict[str, object], str]:
    """Its exit code, what it asked, and what it said."""
    (folder / "network.mjs").write_text(NETWORK)
    env |= {"ANSWER": answer, "PATH": os.environ["PATH"]}
    done = programs.node("--import", folder / "network.mjs", PROGRAM, "/api/nightly", env=env)
    asked, _, said = done.stdout.partition("\n")
    return done.returncode, json.loads(asked), said


def test_on_fly_it_comes_through_the_proxy_with_the_secret(tmp_path: Path) -> None:
    code, asked, said = call(tmp_path, FLY_APP_NAME="shop", CRON_SECRET="abc", PORT="3000")
    assert code == 0, said
    assert asked == {
        "address": "https://shop.fly.dev/api/nightly",
        "headers": {"authorization": "Bearer abc"},
        "redirect": "manual",
    }
    assert said == f"https://shop.fly.dev/api/nightly answers 200: {'x' * 500}\n", "not all of a page"


def test_in_compose_it_asks_the_service(tmp_path: Path) -> None:
    _, asked, _ = call(tmp_path, PORT="3000")
    assert (asked["address"], asked["headers"]) == ("http://app:3000/api/nightly", {})


@pytest.mark.parametrize("answer", ["301", "401", "500"])
def test_any_other_answer_is_a_failure(tmp_path: Path, answer: str) -> None:
    code, _, said = call(tmp_path, answer, FLY_APP_NAME="shop")
    assert code == 1
    assert f"answers {answer}" in said


def test_no_answer_is_one_sentence(tmp_path: Path) -> None:
    code, _, said = call(tmp_path, "none", FLY_APP_NAME="shop")
    assert code == 1
    assert said == "https://shop.fly.dev/api/nightly gives no answer: connect ECONNREFUSED\n"
