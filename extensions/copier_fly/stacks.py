"""The stacks that can be deployed, a row each, and the frameworks that they are of.

What differs by stack and is a plain value is here. What differs in the files is a layer (`answers/layers.py`), and
which layers an app of another framework never has stands here too.
"""

from __future__ import annotations

from typing import NamedTuple

ATOM = r"([a-z]|_+[A-Za-z])[A-Za-z0-9_]*"
"""An OTP app's name that a module can be named after."""


class Framework(NamedTuple):
    """What all stacks of a framework share.

    `layers` are those that only its apps have, by their name in `layers.NAME`. `port` and `grace_period` are
    defaults of the questions `http_port` and `grace_period`. `name_of` says where the app's name is written, `name` is
    the regular expression that it must match, and `name_allowed` says so to a person.
    """

    layers: frozenset[str]
    port: int
    grace_period: str
    name_of: str
    name: str
    name_allowed: str


class Stack(NamedTuple):
    """A kind of app: its framework, what it is called in a list of choices and in a sentence, its default memory."""

    framework: str
    title: str
    label: str
    memory: str = "512mb"


FRAMEWORKS = {
    "elixir": Framework(
        layers=frozenset({"elixir", "env_sh", "fly_sh", "ecto", "ecto_sqlite", "tcp", "repos"}),
        port=8080,
        grace_period="30s",
        name_of="app: in mix.exs",
        name=ATOM,
        name_allowed="use the name of an OTP app, such as my_shop",
    ),
    "nextjs": Framework(
        layers=frozenset(
            {
                *("nextjs", "runner", "cli", "own_command", "nextjs_database", "nextjs_sqlite", "nextjs_external"),
                *("nextjs_workers", "nextjs_schedules"),
            }
        ),
        port=3000,
        grace_period="10s",
        name_of="package.json",
        name=r"(@[a-z0-9-~][a-z0-9-._~]*/)?[a-z0-9-~][a-z0-9-._~]*",
        name_allowed="use the name in package.json, such as my-shop or @acme/shop",
    ),
}
STACKS = {
    "phoenix": Stack("elixir", "Phoenix app", "a Phoenix app"),
    "umbrella": Stack("elixir", "Phoenix umbrella (apps/…)", "a Phoenix umbrella", memory="1gb"),
    "nextjs": Stack("nextjs", "Next.js app", "a Next.js app"),
}


def stack_choices() -> dict[str, str]:
    """Offer every stack by its title."""
    return {stack.title: name for name, stack in STACKS.items()}


def foreign_layers(stack: str | None) -> frozenset[str]:
    """Name the layers that an app of this stack never has; none while the stack is not known."""
    if stack is None:
        return frozenset()
    own = STACKS[stack].framework
    return frozenset().union(*(one.layers for name, one in FRAMEWORKS.items() if name != own))
