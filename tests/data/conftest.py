"""Servers and projects that the tests about data share."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.data import places
from tests.data.offsite import Offsite
from tests.data.places import ANSWERS, NEON_HOST, PROVIDERS, Place
from tests.support import postgres, s3
from tests.support.postgres import Database
from tests.support.s3 import S3
from tests.support.template import render


@pytest.fixture(scope="session")
def projects(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give an app rendered for a provider; each is rendered once."""
    made: dict[str, Path] = {}

    def project(provider: str) -> Path:
        if provider not in made:
            folder = tmp_path_factory.mktemp(provider) / "shop"
            made[provider] = render(template, folder, {**ANSWERS, "database": provider})
        return made[provider]

    return project


@pytest.fixture(scope="session")
def plain_server() -> Iterator[Database]:
    """A server without TLS, behind Fly's proxies."""
    with postgres.server() as found:
        yield found


@pytest.fixture(scope="session")
def neon_server() -> Iterator[Database]:
    """A server that asks for TLS, with a certificate for the name of a Neon compute."""
    with postgres.server(tls=True, name=NEON_HOST) as found:
        yield found


@pytest.fixture
def own_database() -> bool:
    """Whether each place has a database of its own; a module whose tests only look says no."""
    return True


@pytest.fixture
def at(
    projects: Callable[[str], Path], tmp_path: Path, own_database: bool, request: pytest.FixtureRequest
) -> Callable[[str], Place]:
    """Give a place at a provider, with an empty database."""

    def make(provider: str) -> Place:
        server = request.getfixturevalue("neon_server" if provider == "neon" else "plain_server")
        return places.place(provider, projects(provider), server.fresh() if own_database else server, tmp_path)

    return make


@pytest.fixture
def managed(at: Callable[[str], Place]) -> Place:
    """At Fly Managed Postgres."""
    return at("fly_managed")


@pytest.fixture(params=PROVIDERS)
def anywhere(at: Callable[[str], Place], request: pytest.FixtureRequest) -> Place:
    """At each provider in turn."""
    return at(request.param)


@pytest.fixture(scope="module")
def store() -> Iterator[S3]:
    """A server that speaks S3."""
    with s3.server() as found:
        yield found


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two private keys of age, each in a file."""
    folder = tmp_path_factory.mktemp("keys")
    files = [folder / "one.key", folder / "two.key"]
    for file in files:
        subprocess.run(["age-keygen", "-o", file], capture_output=True, check=True)
    return files


@pytest.fixture(scope="module")
def project(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app with offsite backups."""
    answers = {**ANSWERS, "database": "fly_managed", "github": True, "offsite_backups": True}
    return render(template, tmp_path_factory.mktemp("offsite") / "shop", answers)


@pytest.fixture
def real(at: Callable[[str], Place], project: Path, store: S3, keys: list[Path]) -> Offsite:
    """With the AWS CLI itself, and a server that speaks S3."""
    return Offsite(replace(at("fly_managed"), project=project), store, store.bucket(), keys)
