"""What the cache of compiled templates leans on in copier and Jinja: a new version of them must not break it unseen."""

from __future__ import annotations

import pytest
from copier._jinja_ext import SandboxedEnvironment, YieldExtension, get_yield_context
from jinja2 import Environment
from jinja2.ext import Extension

from copier_fly import template_cache
from load import Compiled

LOOP = "{% yield env from envs %}fly.{{ env }}.toml{% endyield %}"


@pytest.fixture
def environment() -> Environment:
    made = SandboxedEnvironment(extensions=[YieldExtension])
    template_cache.install(made, Compiled().of)
    return made


@pytest.mark.parametrize("text", ["plain", "{{ 1 }}", LOOP])
def test_a_yield_in_a_path_is_forgotten_by_the_next_template(environment: Environment, text: str) -> None:
    """copier resets it whenever a template is compiled, and asks for it after each render; from the cache too."""
    for _ in range(2):
        environment.from_string(LOOP).render(envs=["staging"])
        context = get_yield_context(environment)
        assert (context.yield_name, context.yield_iterable) == ("env", ["staging"])
        environment.from_string(text)
        assert (context.yield_name, context.yield_iterable) == (None, None)


def test_a_text_is_compiled_once_for_all_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where our extension comes from another load of the package, and so from a module with another name."""
    compiled: list[str] = []
    real = Environment.compile

    def count(self: Environment, source: str, *rest: object) -> object:
        compiled.append(source)
        return real(self, source, *rest)  # type: ignore[call-overload]

    monkeypatch.setattr(Environment, "compile", count)
    text, shared = "{{ a_text_that_no_other_test_has }}", Compiled()
    for load in ("one", "two"):
        extension = type("CopierFly", (Extension,), {"__module__": f"load_{load}"})
        made = SandboxedEnvironment(extensions=[extension])
        template_cache.install(made, shared.of)
        assert made.from_string(text).render(a_text_that_no_other_test_has=load) == load
    assert compiled.count(text) == 1


def test_a_tag_more_is_another_template() -> None:
    class Shout(Extension):
        def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
            return source.upper()

    texts, shared = [], Compiled()
    for extensions in ([], [Shout]):
        made = SandboxedEnvironment(extensions=extensions)
        template_cache.install(made, shared.of)
        texts.append(made.from_string("a {{ '{' }}").render())
    assert texts == ["a {", "A {"]
