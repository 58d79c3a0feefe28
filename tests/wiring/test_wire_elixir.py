"""The lines for mix.exs and the endpoint: in what the generators write, in what people make of it, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copier_fly.detect.elixir import app as elixir
from tasks import wire
from tests.detection import projects
from tests.detection.projects import PHOENIX, endpoint_ex, mix_exs, umbrella

RELEASES = 'releases: elem(Code.eval_file("rel/releases.exs"), 0)'
MIX = "defmodule Shop.MixProject do\n  use Mix.Project\n\n{}\nend\n"
ENDPOINT = "defmodule ShopWeb.Endpoint do\n{}\nend\n"


def crlf(text: str) -> str:
    return text.replace("\n", "\r\n")


def endpoint(text: str) -> str:
    return wire.wire_endpoint(text, "ShopWeb")


@pytest.mark.parametrize("version", PHOENIX)
@pytest.mark.parametrize("ends", [str, crlf], ids=["lf", "crlf"])
def test_generated_mix_exs(version: str, ends: Callable[[str], str]) -> None:
    text = mix_exs("shop", version)
    line = "      app: :shop,\n"
    assert wire.wire_mix(ends(text)) == ends(text.replace(line, f"{line}      {RELEASES},\n"))


@pytest.mark.parametrize("ends", [str, crlf], ids=["lf", "crlf"])
def test_generated_umbrella(ends: Callable[[str], str]) -> None:
    text = umbrella()["mix.exs"]
    line = '      apps_path: "apps",\n'
    assert wire.wire_mix(ends(text)) == ends(text.replace(line, f"{line}      {RELEASES},\n"))


@pytest.mark.parametrize("version", PHOENIX)
@pytest.mark.parametrize("ends", [str, crlf], ids=["lf", "crlf"])
def test_generated_endpoint(version: str, ends: Callable[[str], str]) -> None:
    text = endpoint_ex("ShopWeb", "shop", version)
    line = "  use Phoenix.Endpoint, otp_app: :shop\n\n"
    assert endpoint(ends(text)) == ends(text.replace(line, f"{line}  plug ShopWeb.HealthPlug\n\n"))


REFORMATTED = {
    "comment-behind-the-anchor": (
        "  def project do\n    [\n      app: :shop, # the app\n      version: @version\n    ]\n  end",
        "  def project do\n    [\n      app: :shop, # the app\n"
        f"      {RELEASES},\n      version: @version\n    ]\n  end",
    ),
    "anchor-last": (
        '  def project do\n    [\n      version: "1",\n      app: :shop\n    ]\n  end',
        f'  def project do\n    [\n      version: "1",\n      app: :shop,\n      {RELEASES}\n    ]\n  end',
    ),
    "anchor-last-with-comment": (
        '  def project do\n    [\n      version: "1",\n      app: :shop # the app\n    ]\n  end',
        f'  def project do\n    [\n      version: "1",\n      app: :shop, # the app\n      {RELEASES}\n    ]\n  end',
    ),
    "tabs": (
        "\tdef project do\n\t\t[\n\t\t\tapp: @app,\n\t\t\tversion: @version\n\t\t]\n\tend",
        f"\tdef project do\n\t\t[\n\t\t\tapp: @app,\n\t\t\t{RELEASES},\n\t\t\tversion: @version\n\t\t]\n\tend",
    ),
    "brackets-beside-the-elements": (
        "  def project do\n    [app: :shop,\n     version: @version]\n  end",
        f"  def project do\n    [app: :shop, {RELEASES},\n     version: @version]\n  end",
    ),
    "one-short-line": (
        "  def project, do: [app: :a]",
        f"  def project, do: [app: :a, {RELEASES}]",
    ),
    "one-line-that-gets-too-long": (
        '  def project do\n    [app: :shop, version: "0.1.0", deps: deps()]\n  end',
        f'  def project do\n    [\n      app: :shop,\n      {RELEASES},\n      version: "0.1.0",\n'
        "      deps: deps()\n    ]\n  end",
    ),
    "do-line-that-gets-too-long": (
        '  def project, do: [app: :shop, version: "0.1.0", deps: deps()]',
        f'  def project,\n    do: [\n      app: :shop,\n      {RELEASES},\n      version: "0.1.0",\n'
        "      deps: deps()\n    ]",
    ),
    "words-that-mislead": (
        "  # def project do [app: :no, releases: []]\n"
        '  @doc """\n  def project do\n    [app: :no, releases: []]\n  end\n  """\n'
        '  def project() do\n    [\n      description: "app: :no, releases: [",\n      app: :shop,\n'
        "      version: @version\n    ]\n  end",
        "  # def project do [app: :no, releases: []]\n"
        '  @doc """\n  def project do\n    [app: :no, releases: []]\n  end\n  """\n'
        '  def project() do\n    [\n      description: "app: :no, releases: [",\n      app: :shop,\n'
        f"      {RELEASES},\n      version: @version\n    ]\n  end",
    ),
    "code-before-the-list": (
        "  def project do\n    version = version()\n\n    [\n      app: :shop,\n      version: version\n    ]\n  end",
        f"  def project do\n    version = version()\n\n    [\n      app: :shop,\n      {RELEASES},\n"
        "      version: version\n    ]\n  end",
    ),
}


@pytest.mark.parametrize("case", REFORMATTED)
@pytest.mark.parametrize("ends", [str, crlf], ids=["lf", "crlf"])
def test_reformatted_mix_exs(case: str, ends: Callable[[str], str]) -> None:
    before, after = (ends(MIX.format(text)) for text in REFORMATTED[case])
    assert wire.wire_mix(before) == after
    assert wire.wire_mix(after) == after


def test_a_byte_order_mark_stays() -> None:
    assert wire.wire_mix("\ufeff" + mix_exs("shop")) == "\ufeff" + wire.wire_mix(mix_exs("shop"))


LEFT = {
    "releases-built-elsewhere": (
        "  def project do\n    [app: :shop, releases: releases()]\n  end",
        "`releases:` in line 5",
    ),
    "two-releases": (
        "  def project, do: [app: :a, releases: [a: [], b: []]]",
        "`releases:` in line 4 is not one release",
    ),
    "no-release": ("  def project, do: [app: :a, releases: []]", "`releases:` in line 4 is not one release"),
    "options-by-a-function": ("  def project, do: [app: :a, releases: [a: fn -> [] end]]", "options written out"),
    "templates-elsewhere": (
        '  def project, do: [app: :a, releases: [a: [rel_templates_path: "release"]]]',
        "options written out",
    ),
    "providers-by-a-function": (
        "  def project, do: [app: :a, releases: [a: [config_providers: providers()]]]",
        "options written out",
    ),
    "list-built-elsewhere": ("  def project do\n    base() ++ [app: :shop]\n  end", "does not end in a list"),
    "merged-list": ("  def project do\n    Keyword.merge([app: :shop], more())\n  end", "does not end in a list"),
    "two-clauses": ("  def project, do: [app: :a]\n  def project, do: [app: :b]", "does not end in a list"),
    "no-anchor": ('  def project do\n    [version: "1"]\n  end', "neither `app:` nor `apps_path:`"),
    "no-project": ("  def application, do: []", "does not end in a list"),
    "unbalanced": ("  def project do\n    [app: :shop\n  end", "could not be understood (line 6: end closes nothing)"),
    "open-string": ('  def project, do: [app: :shop, x: "]', 'could not be understood (line 4: " is never closed)'),
}


PROVIDER = '{Config.Reader, path: {:system, "RELEASE_ROOT", "/fly.exs"}, env: Mix.env()}'
ALONE = "  def project do\n    [\n      app: :shop,\n      releases: {}\n    ]\n  end"
CALLED = f"{ALONE.format('releases()')}\n\n  defp releases do\n    {{}}\n  end"
ATTRIBUTE = f"  @releases {{}}\n\n{ALONE.format('@releases')}"
OWN_RELEASES = {
    "on-one-line": (
        ALONE.format("[shop: [include_executables_for: [:unix]]]"),
        ALONE.format(
            "[\n        shop: [\n          config_providers: [\n"
            f"            {PROVIDER}\n          ],\n          include_executables_for: [:unix]\n        ]\n      ]"
        ),
    ),
    "without-options": (
        ALONE.format("[\n        shop: []\n      ]"),
        ALONE.format(
            "[\n        shop: [\n          config_providers: [\n"
            f"            {PROVIDER}\n          ]\n        ]\n      ]"
        ),
    ),
    "by-a-function": (
        CALLED.format(
            '[\n      store: [\n        # ours\n        cookie: "x",\n        steps: [:assemble, :tar]\n      ]\n    ]'
        ),
        CALLED.format(
            f"[\n      store: [\n        # ours\n        config_providers: [\n          {PROVIDER}\n        ],\n"
            '        cookie: "x",\n        steps: [:assemble, :tar]\n      ]\n    ]'
        ),
    ),
    "beside-another-provider": (
        ATTRIBUTE.format('[\n    shop: [\n      config_providers: [{Vapor.Provider, "x"}]\n    ]\n  ]'),
        ATTRIBUTE.format(
            "[\n    shop: [\n      config_providers: [\n"
            f'        {{Vapor.Provider, "x"}},\n        {PROVIDER}\n      ]\n    ]\n  ]'
        ),
    ),
    "beside-several": (
        ATTRIBUTE.format(
            "[\n    shop: [\n      config_providers: [\n        {A, 1},\n        {B, 2}, # last\n      ]\n    ]\n  ]"
        ),
        ATTRIBUTE.format(
            "[\n    shop: [\n      config_providers: [\n        {A, 1},\n"
            f"        {{B, 2}},\n        {PROVIDER} # last\n      ]\n    ]\n  ]"
        ),
    ),
}


@pytest.mark.parametrize("case", OWN_RELEASES)
@pytest.mark.parametrize("ends", [str, crlf], ids=["lf", "crlf"])
def test_a_release_of_its_own_keeps_what_it_has(case: str, ends: Callable[[str], str]) -> None:
    before, after = (ends(MIX.format(text)) for text in OWN_RELEASES[case])
    assert wire.wire_mix(before) == after
    assert wire.wire_mix(after) == after


@pytest.mark.parametrize("case", LEFT)
def test_mix_exs_that_is_left_alone(case: str) -> None:
    text, reason = LEFT[case]
    with pytest.raises(wire.NotWiredError) as left:
        wire.wire_mix(MIX.format(text))
    assert reason in str(left.value)


EXTENDED = {
    "options-on-more-lines": (
        '  use Phoenix.Endpoint,\n    otp_app: :shop,\n    max: 1\n\n  plug Plug.Static, at: "/"',
        "  use Phoenix.Endpoint,\n    otp_app: :shop,\n    max: 1\n\n  plug ShopWeb.HealthPlug\n\n"
        '  plug Plug.Static, at: "/"',
    ),
    "in-parentheses": (
        "  use(Phoenix.Endpoint, otp_app: :shop)\n\n  plug A",
        "  use(Phoenix.Endpoint, otp_app: :shop)\n\n  plug ShopWeb.HealthPlug\n\n  plug A",
    ),
    "plugs-in-parentheses": (
        "  use(Phoenix.Endpoint, otp_app: :shop)\n\n  plug(A)\n  plug(B, at: 1)",
        "  use(Phoenix.Endpoint, otp_app: :shop)\n\n  plug(ShopWeb.HealthPlug)\n\n  plug(A)\n  plug(B, at: 1)",
    ),
    "code-right-below": (
        "  use Phoenix.Endpoint, otp_app: :shop\n  use Sentry.PlugCapture\n  plug A",
        "  use Phoenix.Endpoint, otp_app: :shop\n\n  plug ShopWeb.HealthPlug\n\n  use Sentry.PlugCapture\n  plug A",
    ),
    "code-above": (
        "  use Sentry.PlugCapture\n  use Phoenix.Endpoint, otp_app: :shop # last\n\n  plug A",
        "  use Sentry.PlugCapture\n  use Phoenix.Endpoint, otp_app: :shop # last\n\n"
        "  plug ShopWeb.HealthPlug\n\n  plug A",
    ),
    "nothing-below": (
        "  use Phoenix.Endpoint, otp_app: :shop",
        "  use Phoenix.Endpoint, otp_app: :shop\n\n  plug ShopWeb.HealthPlug",
    ),
    "in-a-comment-first": (
        '  @moduledoc "use Phoenix.Endpoint"\n  # use Phoenix.Endpoint, otp_app: :no\n'
        "  # plug ShopWeb.HealthPlug\n  use Phoenix.Endpoint, otp_app: :shop",
        '  @moduledoc "use Phoenix.Endpoint"\n  # use Phoenix.Endpoint, otp_app: :no\n'
        "  # plug ShopWeb.HealthPlug\n  use Phoenix.Endpoint, otp_app: :shop\n\n  plug ShopWeb.HealthPlug",
    ),
}


@pytest.mark.parametrize("case", EXTENDED)
@pytest.mark.parametrize("ends", [str, crlf], ids=["lf", "crlf"])
def test_extended_endpoint(case: str, ends: Callable[[str], str]) -> None:
    before, after = (ends(ENDPOINT.format(text)) for text in EXTENDED[case])
    assert endpoint(before) == after
    assert endpoint(after) == after


@pytest.mark.parametrize(
    "plug",
    ["  plug ShopWeb.HealthPlug", "  plug HealthPlug", "  if true do\n    plug ShopWeb.HealthPlug, []\n  end"],
)
def test_an_endpoint_that_has_the_plug_anywhere_stays(plug: str) -> None:
    text = ENDPOINT.format(f"  use Phoenix.Endpoint, otp_app: :shop\n\n  plug A\n\n{plug}")
    assert endpoint(text) == text


def test_of_two_endpoints_in_a_file_the_named_one() -> None:
    other = "defmodule AdminWeb.Endpoint do\n  use Phoenix.Endpoint, otp_app: :shop\nend\n"
    own = ENDPOINT.format("  use Phoenix.Endpoint, otp_app: :shop")
    assert endpoint(other + own) == other + endpoint(own)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "defmodule ShopWeb.Endpoint do\n  use ShopWeb, :endpoint\nend\n",
        "defmodule ShopWeb.Endpoint do\n  use Phoenix.Endpoint, otp_app: :shop; plug A\nend\n",
        "defmodule ShopWeb.Endpoint do use Phoenix.Endpoint, otp_app: :shop end\n",
        "defmodule ShopWeb.Endpoint do\n  use Phoenix.Endpoint, otp_app: :shop\n",
        "defmodule A do\n  use Phoenix.Endpoint\nend\ndefmodule B do\n  use Phoenix.Endpoint\nend\n",
    ],
    ids=["empty", "macro", "semicolon", "one-line", "open", "two"],
)
def test_endpoint_that_is_left_alone(text: str) -> None:
    with pytest.raises(wire.NotWiredError):
        endpoint(text)


EDITS = st.tuples(st.integers(0, 1200), st.integers(0, 40), st.text(alphabet="\"'[](){}#:,\n doendx", max_size=6))


@settings(max_examples=200, deadline=None)
@given(edit=EDITS, which=st.sampled_from(["mix.exs", "lib/shop_web/endpoint.ex"]))
def test_whatever_a_user_has_made_of_it_only_the_line_is_added(edit: tuple[int, int, str], which: str) -> None:
    start, length, new = edit
    text = projects.phoenix()[which]
    text = text[:start] + new + text[start + length :]
    change, line = (wire.wire_mix, RELEASES) if which == "mix.exs" else (endpoint, "plug ShopWeb.HealthPlug")
    try:
        wired = change(text)
    except wire.NotWiredError:
        return
    assert change(wired) == wired
    # White space and the comma aside, taking the line out again gives the text back.
    line = line if line in wired else "plug(ShopWeb.HealthPlug)"
    bare = "".join(wired.replace(line, "", 1).split()).replace(",", "")
    assert bare == "".join(text.split()).replace(",", "")


def test_finds_the_endpoint_of_an_umbrella_by_its_module(tmp_path: Path) -> None:
    files = umbrella()
    files |= projects.below("apps/admin", {"lib/admin_web/endpoint.ex": endpoint_ex("AdminWeb", "admin")})
    projects.write(tmp_path, files)
    found = elixir.endpoint_file(str(tmp_path), "AdminWeb")
    assert found == "apps/admin/lib/admin_web/endpoint.ex"
    assert elixir.endpoint_file(str(tmp_path), "OtherWeb") == ""
