"""A Phoenix image of ours, in each of its forms, beside that of `mix phx.gen.release --docker`.

The generator asks the network which base image there is, and a build asks Hex. Where one of the two does not answer,
the app, the same app as the generator left it, and a command that builds are given from outside; without them the
figures of the last time stand, marked as what they are.
"""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks import building, running
from benchmarks.building import Edit, Variant
from benchmarks.measuring import Figure, Result, Target
from tests.support import docker, images, phoenix, postgres, template

OFFICIAL = "phx.gen.release"
DEFAULT, MINIMAL, INTERACTIVE = "ours", "ours, minimal", "ours, interactive"
FORMS: dict[str, dict[str, str]] = {
    DEFAULT: {},
    MINIMAL: {"runtime_base": "minimal"},
    INTERACTIVE: {"memory_mode": "interactive"},
}
"""Answers beside the defaults."""
TARGETS = [
    Target(DEFAULT, "dockerfile lines", 45),
    Target(MINIMAL, "dockerfile lines", 45),
    Target(DEFAULT, "image unpacked", 0.82, (OFFICIAL,)),
    Target(DEFAULT, "image compressed", 0.86, (OFFICIAL,)),
    Target(MINIMAL, "image unpacked", 0.39, (OFFICIAL,)),
    Target(MINIMAL, "image compressed", 0.4, (OFFICIAL,)),
    Target(DEFAULT, "cold cpu", 0.88, (OFFICIAL,)),
    Target(DEFAULT, "line cpu", 0.6, (OFFICIAL,)),
    Target(DEFAULT, "line shipped", 0.04, (OFFICIAL,)),
    Target(DEFAULT, "dependency cpu", 0.15, (OFFICIAL,)),
    Target(DEFAULT, "dependency shipped", 0.35, (OFFICIAL,)),
    Target(DEFAULT, "boot", 1.05, (OFFICIAL,)),
    Target(INTERACTIVE, "boot", 0.52, (OFFICIAL,)),
    Target(DEFAULT, "memory after requests", 1.02, (OFFICIAL,)),
    Target(INTERACTIVE, "memory after requests", 0.5, (OFFICIAL,)),
]


class NotHereError(Exception):
    """This machine cannot measure it; the message says what is missing."""


def options(parser: argparse.ArgumentParser) -> None:
    """Add what may be said about it."""
    parser.add_argument("--phoenix-app", type=Path, metavar="DIR", help="`mix phx.new` with all defaults")
    parser.add_argument("--phoenix-official", type=Path, metavar="DIR", help="the same after phx.gen.release --docker")
    parser.add_argument("--phoenix-more", type=Path, metavar="DIR", help="the same with one more dependency, locked")
    parser.add_argument(
        "--docker-build",
        metavar="COMMAND",
        help="builds these: gets folder, Dockerfile, tag and options of docker build",
    )
    parser.add_argument(
        "--phoenix-paths", nargs="+", default=["/"], metavar="PATH", help="the app's routes that answer 200 (/)"
    )


def measure(scratch: Path, rounds: int, options: argparse.Namespace) -> Iterator[Result]:
    """Build and run all forms and the generator's, a result after each round.

    Raises NotHereError when there is nothing to do it with.
    """
    wanted = (options.phoenix_app, options.phoenix_official, options.phoenix_more, options.docker_build)
    if not all(wanted):
        raise NotHereError("it takes --phoenix-app, --phoenix-official, --phoenix-more and --docker-build")
    build = {"command": shlex.split(options.docker_build), "positional": True}
    sources = template.export(scratch / "template")
    forms = _known(FORMS)
    variants = [Variant("phoenix", OFFICIAL, options.phoenix_official, **build)]
    env: dict[str, Mapping[str, str]] = {OFFICIAL: {"PHX_SERVER": "true"}}
    for name, answers in forms.items():
        folder = _copy(options.phoenix_app, scratch / "sources" / re.sub(r"\W+", "-", name))
        phoenix.copy_template(sources, folder, stack="phoenix", fly_app="benchmark", database="fly_managed", **answers)
        # Another way to load code is a setting of the running machine: the same image.
        variants.append(Variant("phoenix", name, folder, measured="memory_mode" not in answers, **build))
        env[name] = phoenix.fly_env(folder)

    notes = [f"{len(options.phoenix_paths)} routes; 512 MB; PostgreSQL on loopback."]
    notes += [f"{name}: not among the answers here." for name in FORMS if name not in forms]
    notes += [f"{tag}: {what} stands in for it, on both sides." for tag, what in _stand_ins(variants).items()]
    figures = {variant.name: Figure(variant.name) for variant in variants}
    for variant in variants:
        text = (variant.source / "Dockerfile").read_text()
        figures[variant.name].add("dockerfile lines", building.dockerfile_lines(text))
    with postgres.server() as server:
        for number in range(rounds):
            building.one_round(number, variants, _edits(options.phoenix_more), scratch / "builds", figures)
            machines = {}
            for variant in variants:
                secrets = {"DATABASE_URL": server.url, "SECRET_KEY_BASE": phoenix.SECRET, "PHX_HOST": "localhost"}
                here = {"DATABASE_SSL": "false", "ECTO_IPV6": "false", "RELEASE_NODE": "benchmark"}
                settings = {**env[variant.name], **secrets, **here}
                if number == 0:
                    running.sizes(figures[variant.name], variant.tag)
                    done = docker.once(variant.tag, "/app/bin/migrate", env=settings)
                    if done.returncode != 0:
                        raise running.StartError(f"{variant.name} does not migrate:\n{done.stdout[-1500:]}")
                machines[variant.name] = running.Machine(variant.tag, options.phoenix_paths, settings, options.memory)
            for error in running.one_round(number, machines, figures).values():
                raise error
            yield Result(figures, [target for target in TARGETS if target.figure in figures], notes)


def _known(forms: Mapping[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Those whose answers the questions have."""
    asked = (template.REPO / "questions/runtime.yml").read_text()
    return {
        name: answers
        for name, answers in forms.items()
        if all(re.search(rf"\b{word}\b", asked) for word in answers.values())
    }


def _copy(app: Path, folder: Path) -> Path:
    return shutil.copytree(app, folder, symlinks=True, ignore=shutil.ignore_patterns(".git", "_build", "deps"))


def _stand_ins(variants: list[Variant]) -> dict[str, str]:
    text = "\n".join((variant.source / "Dockerfile").read_text() for variant in variants)
    tags = re.findall(r"(?:hexpm/elixir|debian):[\w.-]*\d[\w.-]*", text)
    return {tag: what for tag in dict.fromkeys(tags) if (what := images.stand_in(tag))}


def _edits(more: Path) -> dict[str, Edit]:
    def line(folder: Path, word: str) -> None:
        (context,) = (path for path in (folder / "lib").glob("*/*.ex") if "import Ecto.Query" in path.read_text())
        text = re.sub(r'\n  def edition, do: ".*"\n', "", context.read_text()).rstrip().removesuffix("end")
        context.write_text(f'{text}\n  def edition, do: "{word}"\nend\n')

    def asset(folder: Path, word: str) -> None:
        styles = folder / "assets/css/app.css"
        styles.write_text(f"{styles.read_text()}\n.n{word} {{\n  color: red;\n}}\n")

    def setting(folder: Path, word: str) -> None:
        config = folder / "config/runtime.exs"
        config.write_text(f'{config.read_text()}\nconfig :logger, :edition, "{word}"\n')

    def dependency(folder: Path, word: str) -> None:
        mine, other = (_dependencies((one / "mix.exs").read_text()) for one in (folder, more))
        text = (folder / "mix.exs").read_text()
        (folder / "mix.exs").write_text(f"{text.replace(mine, other)}\n# {word}\n")
        shutil.copy(more / "mix.lock", folder / "mix.lock")

    return {"line": line, "asset": asset, "setting": setting, "dependency": dependency}


def _dependencies(mixfile: str) -> str:
    found = re.search(r"defp deps do.*?\n  end\n", mixfile, re.S)
    assert found
    return found[0]
