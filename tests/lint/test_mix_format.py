"""Elixir people get formatted Elixir: files that are rendered, and their own files once they are wired."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support import corpus, elixir, hex
from tests.support import template as template_support

pytestmark = pytest.mark.system

# What the apps' own .formatter.exs gets from import_deps: those packages would have to be fetched.
FORMATTER = """\
[
  locals_without_parens: [plug: 1, plug: 2, socket: 2, socket: 3],
  inputs: ["**/*.{ex,exs}"]
]
"""


def test_rendered_and_wired_files(renders: dict[str, Path], template: Path, tmp_path: Path) -> None:
    """All in one run: a start of Mix costs more than the formatting."""
    batch = tmp_path / "batch"
    found = corpus.distinct(renders, "*.ex", "*.exs")
    assert {rendered.file.name for rendered in found} >= {"health_plug.ex", "release.ex", "fly.exs", "releases.exs"}
    files = {f"{number}-{rendered.render}/{rendered.path}": rendered.file for number, rendered in enumerate(found)}
    for app in (hex.make_app(tmp_path / "shop", locked=False), hex.make_umbrella(tmp_path / "arena", locked=False)):
        template_support.render(template, app, {})
        [endpoint] = app.rglob("endpoint.ex")
        assert "rel/releases.exs" in (app / "mix.exs").read_text()
        assert "HealthPlug" in endpoint.read_text()
        files |= {f"{app.name}/{file.relative_to(app)}": file for file in (app / "mix.exs", endpoint)}
    for name, file in files.items():
        (batch / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, batch / name)
    (batch / ".formatter.exs").write_text(FORMATTER)
    done = elixir.mix(["format", "--check-formatted"], batch)
    if done.returncode != 0:
        pytest.fail(done.stdout, pytrace=False)
