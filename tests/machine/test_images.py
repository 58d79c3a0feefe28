from __future__ import annotations

import pytest

from tests.support import images


@pytest.mark.parametrize("tag", sorted(images.in_catalog()))
def test_every_image_of_the_catalog_can_be_stood_in_for_except_alpine(tag: str) -> None:
    assert (images.recipe(tag) is None) == ("alpine" in tag)


def test_the_catalog_names_images_of_every_family() -> None:
    repositories = {tag.partition(":")[0] for tag in images.in_catalog()}
    assert {"hexpm/elixir", "debian", "node", "alpine"} <= repositories
