from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import docker, images


@pytest.mark.parametrize("tag", sorted(images.in_catalog()))
def test_every_image_of_the_catalog_can_be_stood_in_for_except_alpine(tag: str) -> None:
    assert (images.recipe(tag) is None) == ("alpine" in tag)


def test_the_catalog_names_images_of_every_family() -> None:
    repositories = {tag.partition(":")[0] for tag in images.in_catalog()}
    assert {"hexpm/elixir", "debian", "node", "alpine"} <= repositories


@pytest.mark.system
def test_the_frontend_of_a_syntax_line_knows_what_the_engine_does_not(tmp_path: Path) -> None:
    """COPY --exclude, on whichever machine: an engine's own frontend refuses it."""
    base = images.ensure("debian:trixie-20260918-slim")
    (tmp_path / "kept").write_text("x")
    (tmp_path / "left").write_text("x")
    lines = [f"# syntax={images.ensure(images.FRONTEND)}", f"FROM {base}", "COPY --exclude=left . /x/"]
    (tmp_path / "Dockerfile").write_text("\n".join(lines))
    docker.build(tmp_path, "copier-fly-test/frontend")
    assert docker.once("copier-fly-test/frontend", "ls", "/x").stdout.split() == ["Dockerfile", "kept"]
