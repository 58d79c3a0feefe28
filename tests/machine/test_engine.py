from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import docker, elixir, images

pytestmark = pytest.mark.system


def test_mix_runs_in_a_folder_of_this_machine(tmp_path: Path) -> None:
    source = tmp_path / "a.ex"
    source.write_text("defmodule  A do\nend\n")
    refused = elixir.mix(["format", "--check-formatted", "a.ex"], tmp_path)
    assert refused.returncode == 1
    assert str(source) in refused.stdout
    assert elixir.mix(["format", "a.ex"], tmp_path).returncode == 0
    assert source.read_text() == "defmodule A do\nend\n"
    assert source.stat().st_uid == tmp_path.stat().st_uid


def test_an_image_with_variables_takes_the_place_of_the_one_a_dockerfile_names(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f'FROM {elixir.IMAGE}\nRUN echo "<$HEX_MIRROR>" >/mirror\n')
    mirror = 'http://127.0.0.1:4001/$x"y'

    def seen_by_build(reference: str) -> str:
        built = docker.build(tmp_path, "copier-fly/test:mirror", images={elixir.IMAGE: reference})
        return docker.once(built.tag, "cat", "/mirror").stdout.strip()

    assert seen_by_build(images.ensure(elixir.IMAGE)) == "<>"
    assert seen_by_build(images.ensure(elixir.IMAGE, env={"HEX_MIRROR": mirror})) == f"<{mirror}>"
    assert seen_by_build(images.ensure(elixir.IMAGE)) == "<>"


def test_hex_and_rebar_of_a_stand_in_need_no_network() -> None:
    image = images.ensure(elixir.IMAGE)
    if images.stand_in(elixir.IMAGE) is None:
        pytest.skip("the real image: it has no Hex, and downloads it")
    script = "mix local.hex --force --if-missing && mix local.rebar --force --if-missing && mix hex.info"
    done = docker.once(image, "sh", "-c", f"{script} | grep Hex:", network="none")
    assert done.returncode == 0, done.stdout


def test_a_container_is_stopped_with_the_signal_it_asks_for() -> None:
    image = images.ensure(elixir.IMAGE)
    trap = 'trap "exit 42" INT; echo ready; while :; do sleep 0.1; done'
    with docker.run(image, "sh", "-c", trap) as container:
        container.wait_for(lambda: "ready" in container.logs())
        assert container.stop("SIGINT") == 42


def test_waiting_for_a_container_that_has_ended_shows_its_last_words() -> None:
    image = images.ensure(elixir.IMAGE)
    with (
        docker.run(image, "sh", "-c", "echo gone; exit 3") as container,
        pytest.raises(docker.DockerError, match="gone"),
    ):
        container.wait_for(lambda: False)
