"""What the copy says of the project is kept for ops/doctor, and each update finds it again."""

from __future__ import annotations

from pathlib import Path

import pytest
from copier import run_update

from tests.detection import projects
from tests.detection.test_survey_elixir import ENDPOINT, config
from tests.update.conftest import Project
from tests.update.history import NEWEST

SSL = f"{ENDPOINT}force_ssl: [hsts: true]"
ASKED = 'config :shop, key: System.fetch_env!("IT_IS_KEY")'


@pytest.fixture
def app(releases: Path, tmp_path: Path) -> Project:
    """An app of which one thing is told."""
    return Project(projects.write(tmp_path / "shop", config(SSL)), releases, {"stack": "phoenix"}, NEWEST)


def settings(app: Project) -> str:
    return (app.folder / "ops/settings.sh").read_text()


def test_an_update_says_what_is_true_now(app: Project) -> None:
    [line] = app.answers["survey"]
    assert line.startswith("config/prod.exs: force_ssl is set without rewrite_on.")
    quoted = line.replace("'", "'\\''")
    assert f"survey='\n{quoted}'\n" in settings(app)
    projects.write(app.folder, config(ASKED))
    app.commit("Do without force_ssl")
    app.update()
    [other] = app.answers["survey"]
    assert "IT_IS_KEY" in other
    assert (quoted in settings(app), other in settings(app), app.in_conflict) == (False, True, set())
    projects.write(app.folder, config("config :shop, key: 1"))
    app.commit("Do without the key")
    app.update()
    assert app.answers["survey"] == []
    assert "survey" not in settings(app)


def test_a_line_that_its_owner_took_out_stays_out(app: Project) -> None:
    lines = [line for line in settings(app).splitlines(keepends=True) if "force_ssl" not in line]
    (app.folder / "ops/settings.sh").write_text("".join(lines).replace("survey='\n", "survey=\n"))
    app.commit("We know")
    app.update(vm_memory="1gb")
    assert ("force_ssl" in settings(app), app.in_conflict) == (False, set())
    assert app.answers["survey"] != []


def test_an_answer_that_the_project_outgrew_is_told(
    releases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {**projects.umbrella(), "apps/shop_web/assets/js/app.js": ""}
    answers = {"stack": "umbrella", "assets": "none"}
    app = Project(projects.write(tmp_path / "shop", files), releases, answers, NEWEST)
    [line] = [line for line in app.answers["survey"] if "assets" in line]
    assert line.startswith(
        "apps/shop_web/mix.exs: The alias assets.deploy builds the assets, and the answer is assets="
    )
    run_update(app.folder, vcs_ref=NEWEST, defaults=True, overwrite=True, skip_answered=True, unsafe=True)
    said = capsys.readouterr().err
    assert said.count("Warning: apps/shop_web/mix.exs:") == 1
    app.commit("The same version")
    app.update(assets="mix", asset_apps=["shop_web"])
    assert [line for line in app.answers["survey"] if "assets" in line] == []
