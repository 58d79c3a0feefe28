"""What the Fly.io platform offers: regions, machine sizes, plans, images and what they cost.

The facts are in `catalog/*.yml`, each with its source and date; this file only looks things up in them.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from .. import yaml_text
from .memory import megabytes

CATALOG = Path(__file__).with_name("catalog")


@cache
def catalog(name: str) -> Any:
    """Return the facts of `catalog/NAME.yml`. Raises `FileNotFoundError` for a catalog that is not there."""
    return yaml_text.load((CATALOG / f"{name}.yml").read_bytes())


def nearest_elixir(elixir: str | None, otp: str | None) -> str:
    """Name the image whose Elixir and OTP come nearest to these versions, the default where both are unknown.

    Of two as near the one that every base can have is taken.
    """
    table = catalog("elixir")
    default = str(table["default"])
    if not (elixir or otp):
        return default

    def distance(key: str) -> tuple[int, int, bool, bool]:
        image = table["images"][key]
        minors = abs(_minor(elixir) - _minor(image["elixir"])) if elixir else 0
        majors = abs(int(otp.split(".")[0]) - int(image["otp"].split(".")[0])) if otp else 0
        return minors, majors, key != default, "alpine" not in image["builder"]

    return min((str(key) for key, image in table["images"].items() if not image.get("retired")), key=distance)


def _minor(version: str) -> int:
    digits = re.findall(r"\d+", version)
    return int(digits[0]) * 1000 + int(digits[1]) if len(digits) > 1 else 0


def sizes_for(megabyte: int) -> list[str]:
    """Name the machine sizes that can have so much memory (MB), the cheapest first."""
    sizes = catalog("machines")["sizes"]
    return [name for name, size in sizes.items() if _fits(size, megabyte)]


def _fits(size: dict[str, Any], megabyte: int) -> bool:
    return bool(size["min_mb"] <= megabyte <= size["max_mb"] and megabyte % size["step_mb"] == 0)


def region_successor(code: str) -> str:
    """Name the nearest region that is left of a removed one: `sea` is `sjc or lax`."""
    return " or ".join(catalog("regions")[code]["successor"])


def is_region(code: str) -> bool:
    """Tell whether apps can be placed in this region today."""
    return code in catalog("regions") and not catalog("regions")[code].get("retired")


def known_region(code: str | None) -> str:
    """Return a region found in a project's own fly.toml, the nearest that is left of a removed one, else empty."""
    found = catalog("regions").get(code or "")
    return str(found["successor"][0] if found.get("retired") else code) if found else ""


def managed_postgres_region(code: str) -> str:
    """Return the region nearest to `code` that has Managed Postgres, `code` itself when it has."""
    region = catalog("regions")[code]
    return code if region["mpg"] else region["nearest_mpg"]


def known_memory(size: str | None) -> str:
    """Return the memory size that is offered as an answer and equals the one of a project's fly.toml, else empty."""
    return next((name for name in memory_choices() if size and megabytes(name) == megabytes(size)), "")


def region_choices() -> dict[str, str]:
    """Offer every region that is open, by city."""
    regions = catalog("regions")
    return {f"{code} {regions[code]['city']}": code for code in sorted(regions) if is_region(code)}


def memory_choices() -> list[str]:
    """Offer the memory sizes in the order of their size."""
    return list(catalog("machines")["memory"])


def elixir_choices() -> dict[str, str]:
    """Offer the Elixir and OTP pairs for which images are known to exist."""
    images = catalog("elixir")["images"]
    return {
        f"Elixir {image['elixir']} on OTP {image['otp']}": key
        for key, image in images.items()
        if not image.get("retired")
    }


def node_choices() -> list[str]:
    """Offer the Node.js lines that still get fixes."""
    return [key for key, line in catalog("node")["images"].items() if not line.get("retired")]


def nearest_node(wanted: str | None) -> str:
    """Give the line on offer that is nearest to a wanted version; the default line where none is wanted."""
    numbers = re.findall(r"\d+", wanted or "")
    if not numbers:
        return str(catalog("node")["default"])
    return min(node_choices(), key=lambda line: abs(int(line) - int(numbers[0])))


def check_grace(duration: str) -> str:
    """Give the grace period of a service's check: the platform lowers everything above a minute to one.

    Source: flyctl's internal/appconfig/validation.go, which warns of it. A deploy waits longer than that all the
    same, for `wait_timeout`.
    """
    return "60s" if seconds(duration) > 60 else duration


def seconds(duration: str) -> float:
    """Turn a duration answer into seconds: `500ms` is 0.5, `2m` is 120. Raises `ValueError` for anything else."""
    found = re.fullmatch(r"(\d+)(ms|s|m)", duration)
    if not found:
        raise ValueError(duration)
    return int(found[1]) * {"ms": 0.001, "s": 1, "m": 60}[found[2]]


def deploy_wait(grace_periods: list[str]) -> str:
    """Give the `wait_timeout` of a deploy whose machines boot slowly, nothing where Fly's five minutes will do."""
    longest = max(seconds(period) for period in grace_periods)
    return f"{round(longest) + 300}s" if longest > 60 else ""


def machine_price(size: str, megabyte: int) -> float | None:
    """Give the price of a running machine in USD for 30 days, None where no price is known.

    Memory between two listed steps is priced by the gigabyte, as the platform does.
    """
    prices = catalog("prices")
    listed = {megabytes(memory): price for memory, price in prices["machines"].get(size, {}).items()}
    below = [step for step in listed if step <= megabyte]
    if not below:
        return None
    step = max(below)
    return float(round(listed[step] + (megabyte - step) / 1024 * prices["extra_memory_gb"], 2))
