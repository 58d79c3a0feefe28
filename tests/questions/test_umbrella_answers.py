"""What an umbrella's own files propose as answers, and what cannot be answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from copier import run_copy
from copier.errors import UserMessageError

from tests.detection.projects import below, camel, endpoint_ex, mix_exs, repo_ex, umbrella, write
from tests.support import template as template_support
from tests.support.template import pretend

TCP = {"auth": 6600, "realm": 23115, "world": 24000}
LIBRARIES = {"core": ("protocol", "crypto"), "data": (), "protocol": (), "crypto": ()}


def game() -> dict[str, str]:
    """The umbrella of examples/bezgelor/answers.yml: ten children and one for development."""

    def child(name: str, *needs: str, callback: str | None = "", deps: tuple[str, ...] = ()) -> dict[str, str]:
        app = f"bezgelor_{name}"
        every = (*(f"{{:bezgelor_{need}, in_umbrella: true}}" for need in needs), *deps)
        files = {f"lib/{app}.ex": f"defmodule {camel(app)} do\nend\n"}
        if callback is not None:
            files[f"lib/{app}/application.ex"] = f"defmodule {camel(app)}.Application do\n  use Application\nend\n"
        return below(f"apps/{app}", {"mix.exs": mix_exs(app, deps=every, child=True, callback=callback), **files})

    portal = "apps/bezgelor_portal/lib/bezgelor_portal_web/endpoint.ex"
    files = {"mix.exs": umbrella("bezgelor")["mix.exs"]}
    for name, needs in LIBRARIES.items():
        files |= child(name, *needs, callback=None)
    files |= child("db", deps=('{:ecto_sql, "~> 3.10"}', '{:postgrex, ">= 0.0.0"}'))
    files |= child("api", "db", "core")
    files |= child("portal", "api", "db", deps=('{:phoenix, "~> 1.8.1"}',))
    files |= child("dev", "core", callback=None)
    files["apps/bezgelor_db/lib/bezgelor_db/repo.ex"] = repo_ex("BezgelorDb.Repo", "bezgelor_db")
    files[portal] = endpoint_ex("BezgelorPortalWeb", "bezgelor_portal")
    lines = ["import Config", "config :bezgelor_db, ecto_repos: [BezgelorDb.Repo]"]
    for name, port in TCP.items():
        files |= child(name, "core", "data", "db")
        module = camel(f"bezgelor_{name}")
        listener = f"defmodule {module}.Listener do\n  def go(port), do: :gen_tcp.listen(port, [])\nend\n"
        files[f"apps/bezgelor_{name}/lib/bezgelor_{name}/listener.ex"] = listener
        lines.append(f"config :bezgelor_{name}, port: {port}")
    files["config/config.exs"] = "\n".join([*lines, ""])
    return files


def test_the_example_is_what_its_umbrella_proposes(template: Path, tmp_path: Path) -> None:
    example = template_support.example("bezgelor")
    answers = pretend(template, write(tmp_path / "game", game()))
    names = (
        "stack",
        "app_name",
        "release_name",
        "release_apps",
        "web_app",
        "repo_apps",
        "app_module",
        "web_module",
        "tcp_services",
    )
    assert {name: answers[name] for name in names} == {name: example[name] for name in names}


def test_a_fresh_umbrella_is_understood(template: Path, tmp_path: Path) -> None:
    answers = pretend(template, write(tmp_path / "shop_umbrella", umbrella()))
    expected = {
        "fly_app": "shop",
        "release_apps": ["shop", "shop_web"],
        "app_module": "Shop",
        "web_module": "ShopWeb",
        "vm_memory": "1gb",
        "http_port": 8080,
    }
    assert {name: answers[name] for name in expected} == expected


def test_an_umbrella_that_is_still_to_come_gets_the_generators_names(template: Path, tmp_path: Path) -> None:
    answers = pretend(template, tmp_path / "shop", stack="umbrella")
    assert answers["release_apps"] == ["shop", "shop_web"]
    assert (answers["repo_apps"], answers["web_app"]) == (["shop"], "shop_web")
    assert (answers["app_module"], answers["web_module"]) == ("Shop", "ShopWeb")
    assert (answers["app_lib"], answers["web_lib"]) == ("apps/shop/lib/shop", "apps/shop_web/lib/shop_web")
    assert answers["asset_apps"] == ["shop_web"]


def test_the_answer_for_the_endpoint_says_which_app_serves(template: Path, tmp_path: Path) -> None:
    admin = {
        "mix.exs": mix_exs("admin_web", assets=True, child=True),
        "lib/admin_web/endpoint.ex": endpoint_ex("AdminWeb", "admin_web"),
        "assets/app.js": "",
    }
    files = write(tmp_path / "shop", umbrella() | below("apps/admin_web", admin))
    answers = pretend(template, files)
    assert (answers["web_app"], answers["web_module"]) == ("shop_web", "ShopWeb")
    assert answers["asset_apps"] == ["admin_web", "shop_web"]
    answers = pretend(template, files, web_module="AdminWeb")
    assert (answers["web_app"], answers["web_lib"]) == ("admin_web", "apps/admin_web/lib/admin_web")
    assert pretend(template, files, release_apps=["shop", "shop_web"])["asset_apps"] == ["shop_web"]


def test_the_repo_of_the_umbrellas_own_name_comes_first(template: Path, tmp_path: Path) -> None:
    audit = {"mix.exs": mix_exs("audit", child=True), "lib/audit/repo.ex": repo_ex("Audit.Repo", "audit")}
    files = umbrella() | below("apps/audit", audit)
    files["config/config.exs"] += "config :audit, ecto_repos: [Audit.Repo]\n"
    answers = pretend(template, write(tmp_path / "shop", files))
    assert answers["repo_apps"] == ["shop", "audit"]
    assert answers["app_module"] == "Shop"


def test_a_module_is_spelt_as_the_code_spells_it(template: Path, tmp_path: Path) -> None:
    files = {name: text.replace("ShopWeb", "SHOPWeb") for name, text in umbrella().items()}
    answers = pretend(template, write(tmp_path / "shop", files))
    assert answers["web_module"] == "SHOPWeb"


def test_a_port_of_the_http_server_is_no_raw_service(template: Path, tmp_path: Path) -> None:
    answers = pretend(template, write(tmp_path / "game", game()), http_port=6600)
    assert [service["name"] for service in answers["tcp_services"]] == ["realm", "world"]


@pytest.mark.parametrize(
    ("memory", "size"),
    [
        ("1gb", "shared-cpu-1x"),
        ("2gb", "shared-cpu-1x"),
        ("4gb", "shared-cpu-2x"),
        ("8gb", "shared-cpu-4x"),
    ],
)
def test_memory_has_a_size_that_can_have_it(template: Path, tmp_path: Path, memory: str, size: str) -> None:
    answers = pretend(template, tmp_path / "shop", stack="umbrella", vm_memory=memory)
    assert answers["effective"]["vm_size"] == size


BAD: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no child chosen": ({"release_apps": []}, ["release_apps", "name at least one child app"]),
    "child that does not exist": (
        {"release_apps": ["shop", "shop_wbe"]},
        ["release_apps", "there is no child app shop_wbe; there are shop shop_web"],
    ),
    "child twice": ({"release_apps": ["shop", "shop_web", "shop"]}, ["release_apps", "shop is there twice"]),
    "web app that is not released": (
        {"release_apps": ["shop"]},
        ["web_app", "shop_web is not among the apps of the release: shop"],
    ),
    "the endpoint in place of its module": (
        {"web_module": "ShopWeb.Endpoint"},
        ["web_module", "use the module that the endpoint belongs to, ShopWeb"],
    ),
    "assets of a child that does not exist": ({"asset_apps": ["shop_db"]}, ["asset_apps", "no child app shop_db"]),
    "repo of a child that does not exist": ({"repo_apps": ["shop_db"]}, ["repo_apps", "no child app shop_db"]),
    "two services on one port": (
        {"tcp_services": [{"name": "a", "port": 6600}, {"name": "b", "port": 6600}]},
        ["tcp_services", "a and b both want port 6600"],
    ),
    "service on the HTTP port": (
        {"http_port": 4000, "tcp_services": [{"name": "a", "port": 4000}]},
        ["tcp_services", "a wants port 4000, which the app already serves HTTP or metrics on"],
    ),
    "raw TCP on 80": ({"tcp_services": [{"name": "a", "port": 80}]}, ["port 80", "Fly's proxy keeps for HTTP"]),
    "raw TCP on 443": ({"tcp_services": [{"name": "a", "port": 443}]}, ["port 443", "Fly's proxy keeps for HTTP"]),
    "machines that stop under a raw service": (
        {"auto_stop": "stop", "tcp_services": [{"name": "a", "port": 6600}]},
        ["auto_stop", "a raw TCP service is only reached while its machine runs"],
    ),
    "release name that is no atom": ({"release_name": "My-Release"}, ["release_name", "named by an atom"]),
    "6 GB on two shared CPUs": (
        {"vm_memory": "6gb", "vm_size": "shared-cpu-2x"},
        ["vm_memory", "6gb is not offered; of the sizes only shared-cpu-4x shared-cpu-8x"],
    ),
    "8 GB on two shared CPUs": (
        {"vm_memory": "8gb", "vm_size": "shared-cpu-2x"},
        ["shared-cpu-2x cannot have 8gb of memory; these can: shared-cpu-4x shared-cpu-8x"],
    ),
}


def refusal(template: Path, target: Path, answers: dict[str, Any]) -> str:
    before = sorted(target.rglob("*"))
    with pytest.raises(UserMessageError) as caught:
        run_copy(str(template), target, data=answers, defaults=True, unsafe=True, quiet=True, overwrite=True)
    assert sorted(target.rglob("*")) == before, "something was written"
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("answers", "says"), BAD.values(), ids=BAD)
def test_an_answer_that_cannot_be(template: Path, tmp_path: Path, answers: dict[str, Any], says: list[str]) -> None:
    message = refusal(template, write(tmp_path / "shop", umbrella()), answers)
    assert all(part in message for part in says), message


def test_children_in_another_folder_are_refused(template: Path, tmp_path: Path) -> None:
    files = {name.replace("apps/", "services/"): text for name, text in umbrella().items()}
    files["mix.exs"] = files["mix.exs"].replace('apps_path: "apps"', 'apps_path: "services"')
    message = refusal(template, write(tmp_path / "shop", files), {})
    assert "keeps its children in services/" in message


def test_a_child_for_development_may_be_chosen(template: Path, tmp_path: Path) -> None:
    answers = pretend(
        template,
        write(tmp_path / "game", game()),
        release_apps=[*template_support.example("bezgelor")["release_apps"], "bezgelor_dev"],
    )
    assert "bezgelor_dev" in answers["release_apps"]
