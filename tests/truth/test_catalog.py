"""The facts in the catalog have the shape that questions and templates count on, and do not contradict."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import questions
from tests.support.fly_toml import megabytes
from tests.truth.record import VERSION

CATALOG = Path(__file__).resolve().parents[2] / "extensions" / "copier_fly" / "fly" / "catalog"
FILES = ["actions", "databases", "elixir", "log_shippers", "machines", "node", "prices", "regions", "services"]
# The 17 that Fly.io closed in October 2025.
REMOVED = set("atl bog bos den eze gdl gig hkg mad mia otp phx qro scl sea waw yul".split())  # noqa: SIM905
NEON = {"us-east-1", "us-east-2", "us-west-2", "eu-central-1", "eu-west-2", "ap-southeast-1", "ap-southeast-2"}

Facts = dict[str, Any]


def facts(name: str) -> Facts:
    return yaml.safe_load((CATALOG / f"{name}.yml").read_text())


@pytest.mark.parametrize("name", FILES)
def test_each_file_says_where_its_facts_are_from_and_when_they_were_read(name: str) -> None:
    text = (CATALOG / f"{name}.yml").read_text()
    comment = re.match(r"(#.*\n)+", text)
    assert comment
    assert "Source: " in comment[0]
    read = re.search(r"[Rr]ead (\d{4}-\d\d-\d\d)|looked up (\d{4}-\d\d-\d\d)", comment[0])
    assert read and date.fromisoformat(read[1] or read[2])


def test_there_is_no_file_without_a_test() -> None:
    assert sorted(file.stem for file in CATALOG.glob("*.yml")) == FILES


# --- Regions


def test_open_regions_are_complete() -> None:
    regions = facts("regions")
    still_open = {code: region for code, region in regions.items() if "retired" not in region}
    assert len(still_open) == 18
    assert sum(region["mpg"] for region in still_open.values()) == 12
    for code, region in still_open.items():
        assert re.fullmatch("[a-z]{3}", code)
        assert region["city"]
        assert isinstance(region["gateway"], bool)
        assert region["near_neon"] in {None, region["nearest_neon"]}, code
        assert region["nearest_neon"] in NEON | {"sa-east-1"}, code
        if region["mpg"]:
            assert "nearest_mpg" not in region, code
        else:
            assert still_open[region["nearest_mpg"]]["mpg"], code


def test_every_removed_region_has_successors_that_are_open() -> None:
    regions = facts("regions")
    removed = {code: region for code, region in regions.items() if "retired" in region}
    assert removed.keys() == REMOVED
    for code, region in removed.items():
        assert re.fullmatch(r"\d{4}-\d\d", region["retired"])
        assert region["city"]
        assert region["mpg"] is False
        assert region["successor"], code
        assert not [new for new in region["successor"] if "retired" in regions[new]], code
    assert removed["sea"]["successor"] == ["sjc", "lax"]


# --- Machines and prices


def test_machine_sizes_follow_the_rule_of_their_kind() -> None:
    per_cpu = {"shared": (256, 2048, 256), "performance": (2048, 8192, 2048)}
    for name, size in facts("machines")["sizes"].items():
        least, most, step = per_cpu[size["cpu_kind"]]
        assert (size["min_mb"], size["max_mb"]) == (least * size["cpus"], most * size["cpus"]), name
        assert size["step_mb"] == step, name
        prefix = "shared-cpu" if size["cpu_kind"] == "shared" else "performance"
        assert name == f"{prefix}-{size['cpus']}x"


def test_documented_sizes_come_first() -> None:
    documented = [size["documented"] for size in facts("machines")["sizes"].values()]
    assert documented == sorted(documented, reverse=True)


def test_every_memory_answer_is_its_number_of_megabytes_in_order_and_possible() -> None:
    memory = facts("machines")["memory"]
    assert list(memory.values()) == sorted(memory.values())
    for name, megabyte in memory.items():
        assert megabytes(name) == megabyte
        assert [s for s in facts("machines")["sizes"].values() if possible(s, megabyte)], name


def possible(size: Facts, megabyte: int) -> bool:
    return megabyte in range(size["min_mb"], size["max_mb"] + 1, size["step_mb"])


def test_every_machine_price_is_for_memory_that_its_size_can_have() -> None:
    sizes = facts("machines")["sizes"]
    machines = facts("prices")["machines"]
    assert machines.keys() == sizes.keys()
    for name, prices in machines.items():
        listed = [megabytes(memory) for memory in prices]
        assert listed[0] == sizes[name]["min_mb"], f"{name}: the price of its least memory is missing"
        for memory in listed:
            assert memory and possible(sizes[name], memory), f"{name}: {memory}"
        assert list(prices.values()) == sorted(prices.values()), name


def test_prices_are_dated_and_positive() -> None:
    prices = facts("prices")
    assert re.fullmatch(r"\d{4}-\d\d", prices["as_of"])
    assert prices["source"] and "about" in prices["note"]
    amounts = [prices[key] for key in ("extra_memory_gb", "volume_gb", "dedicated_ipv4", "fly_managed_storage_gb")]
    amounts += [prices["fly_postgres_smallest"], *prices["fly_managed"].values(), *prices["egress_gb"].values()]
    amounts += [amount for plan in prices["neon"].values() for amount in plan.values()]
    assert all(amount > 0 for amount in amounts)


def test_the_smallest_unmanaged_postgres_is_a_machine_and_a_volume() -> None:
    prices = facts("prices")
    machine = prices["machines"]["shared-cpu-1x"]["256mb"]
    assert prices["fly_postgres_smallest"] == pytest.approx(machine + prices["volume_gb"])


# --- Images


@pytest.mark.parametrize("name", ["elixir", "node"])
def test_the_default_image_is_there_and_not_retired(name: str) -> None:
    catalog = facts(name)
    assert "retired" not in catalog["images"][catalog["default"]]
    for key, image in catalog["images"].items():
        if "retired" in image:
            assert "retired" not in catalog["images"][image["successor"]], key


def test_builder_and_runner_are_the_same_distribution() -> None:
    builder = re.compile(
        r"hexpm/elixir:(?P<elixir>\d+\.\d+\.\d+)-erlang-(?P<otp>\d+(\.\d+)+)-"
        r"((?P<debian>debian-(trixie|bookworm)-\d{8}-slim)|(?P<alpine>alpine-3\.\d+\.\d+))"
    )
    for key, image in facts("elixir")["images"].items():
        assert "debian" in image["builder"] and image["builder"].keys() == image["runner"].keys(), key
        for base in image["builder"]:
            tag = builder.fullmatch(image["builder"][base])
            assert tag, image["builder"][base]
            assert tag[base], f"{key}: the {base} builder is another distribution"
            assert image["runner"][base] == tag[base].replace(f"{base}-", f"{base}:", 1), key
            assert key == f"{minor(tag['elixir'])}-otp{tag['otp'].split('.')[0]}"
        named = builder.fullmatch(image["builder"]["debian"])
        assert named and (named["elixir"], named["otp"]) == (image["elixir"], image["otp"]), key


def minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def test_node_images_are_full_tags_of_the_line_they_stand_for() -> None:
    for key, line in facts("node")["images"].items():
        assert line["version"].split(".")[0] == key
        assert line["debian"] == f"node:{line['version']}-trixie-slim"
        assert re.fullmatch(rf"node:{re.escape(line['version'])}-alpine3\.\d+", line["alpine"])
        # Distroless has no dated tags; its Debian must be the one that the files are built on.
        assert line["minimal"] == f"gcr.io/distroless/nodejs{key}-debian13:nonroot"
        assert date.fromisoformat(line["eol"])


def test_every_package_manager_has_a_version_and_a_package() -> None:
    node = facts("node")
    assert node["package_managers"].keys() == node["package_names"].keys()
    assert set(node["package_managers"]) == {"npm", "pnpm", "yarn", "yarn_berry", "bun"}
    for name, version in node["package_managers"].items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
    assert node["package_managers"]["yarn"].startswith("1.")


# --- Databases and actions


def test_each_choice_of_database_is_described() -> None:
    databases = facts("databases")
    assert list(databases) == ["fly_managed", "fly_postgres", "neon", "sqlite", "external", "none"]
    keys = {"pooled", "direct", "ipv6", "tls", "pooler", "migrate_on", "backups", "restores_into", "outlives_app"}
    for name in ("fly_managed", "fly_postgres", "neon"):
        assert keys <= databases[name].keys(), name
        assert databases[name]["tls"] in {"required", "builtin", "off"}
        assert databases[name]["pooler"] in {"session", "transaction", "none"}
        assert databases[name]["migrate_on"] in {"pooled", "direct"}
        assert databases[name]["docs"].startswith("https://")


def test_every_plan_has_a_price_and_performance_has_no_name_on_the_command_line() -> None:
    plans = facts("databases")["fly_managed"]["plans"]
    assert list(plans) == list(facts("prices")["fly_managed"])
    assert {name: plan["cli"] for name, plan in plans.items()} == {
        "Basic": "basic",
        "Starter": "starter",
        "Launch": "launch",
        "Scale": "scale",
        "Performance": None,
    }
    for name, plan in plans.items():
        assert plan["client_connections"] > plan["server_connections"] > plan["reserve"], name


def test_actions_are_pinned_by_a_full_commit() -> None:
    for name, action in facts("actions").items():
        assert re.fullmatch(r"[\w-]+/[\w-]+(/[\w-]+)*", name)
        assert re.fullmatch(r"[0-9a-f]{40}", action["sha"]), name
        assert re.fullmatch(r"v?\d+(\.\d+){1,2}", action["tag"]), name
        assert date.fromisoformat(action["date"])


def test_each_service_that_the_question_offers_for_logs_has_its_secrets() -> None:
    services = facts("log_shippers")["services"]
    assert set(services) == set(questions.choices("log_shipper")) - {"none"}
    assert all(re.fullmatch(r"[A-Z][A-Z_]+", name) for service in services.values() for name in service["secrets"])


def test_services_are_official_images_by_major_version() -> None:
    offered = facts("databases")["fly_managed"]["postgres_versions"]
    services = facts("services")
    supercronic = services.pop("supercronic")
    assert re.fullmatch(r"v\d+\.\d+\.\d+", supercronic["version"])
    assert all(re.fullmatch(r"[0-9a-f]{64}", sum) for sum in supercronic["sha256"].values())
    assert services == {"postgres": f"postgres:{max(offered)}", "caddy": services["caddy"]}
    assert re.fullmatch(r"caddy:\d+", services["caddy"])


def test_the_flyctl_that_was_recorded_is_a_release() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
