"""The app for machines without Hex: each variant is one that `mix` has nothing to say about."""

from pathlib import Path

import pytest

from tests.support import elixir, hex

pytestmark = pytest.mark.system

VARIANTS = {
    "whole": {},
    "without-ecto": {"ecto": False},
    "without-assets": {"assets": False},
    "smallest-and-one-package-more": {"ecto": False, "assets": False, "extra_dep": True},
}
CHECKS = [
    "mix deps.get --check-locked",
    "mix compile --warnings-as-errors",
    "mix format --check-formatted",
    "mix test",
    "mix deps.unlock --check-unused",
]


UMBRELLAS = {
    "whole": {},
    "without-tcp": {"tcp": False},
    "without-audit": {"audit": False},
    "smallest": {"tcp": False, "audit": False},
}


def in_shell(app: Path, *commands: str) -> str:
    done = elixir.run(["sh", "-ec", "\n".join(commands)], app, env=hex.registry())
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_a_variant_is_locked_formatted_and_without_warnings(variant: dict[str, bool], tmp_path: Path) -> None:
    output = in_shell(hex.make_app(tmp_path / "shop", **variant), *CHECKS)
    # Mix counts those of the packages as no failure.
    assert "warning:" not in output


@pytest.mark.parametrize("variant", UMBRELLAS.values(), ids=UMBRELLAS)
def test_an_umbrella_is_locked_formatted_and_without_warnings(variant: dict[str, bool], tmp_path: Path) -> None:
    checks = [check for check in CHECKS if check != "mix test"]
    output = in_shell(hex.make_umbrella(tmp_path / "arena", **variant), *checks)
    assert "warning:" not in output


def test_a_new_dependency_compiles_only_itself(tmp_path: Path) -> None:
    app = hex.make_app(tmp_path / "shop")
    in_shell(app, "mix deps.get", "mix deps.compile")
    hex.add_dep(app)
    output = in_shell(app, "mix deps.get --check-locked", "mix deps.compile")
    assert [line for line in output.splitlines() if line.startswith("==> ")] == ["==> tiny_dep"]


def test_the_packages_are_formatted(tmp_path: Path) -> None:
    for package in (hex.STANDIN / "packages").iterdir():
        done = elixir.mix(["format", "--check-formatted"], package)
        assert done.returncode == 0, done.stdout


def test_a_variant_whose_lines_are_gone_from_the_app_is_an_error(tmp_path: Path) -> None:
    app = hex.make_app(tmp_path / "shop", locked=False)
    (app / "mix.exs").write_text("")
    with pytest.raises(ValueError, match=r"mix\.exs has 0 times"):
        hex.add_dep(app, locked=False)
