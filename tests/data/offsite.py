"""An app that keeps encrypted dumps in a bucket, for the tests about that."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.data.places import Place
from tests.support.s3 import S3


def private(key: Path) -> str:
    """The private half of a pair of age."""
    return key.read_text().splitlines()[-1]


def public(key: Path) -> str:
    """The public half."""
    return key.read_text().split("public key: ")[1].split()[0]


@dataclass
class Offsite:
    """A place, and a bucket with the settings for it."""

    place: Place
    store: S3
    bucket: Path
    keys: list[Path]

    @property
    def folder(self) -> Path:
        """Where the dumps are in the bucket."""
        return self.bucket / "shop/DATABASE_URL"

    @property
    def settings(self) -> dict[str, str]:
        """What the environment has."""
        server = self.place.server
        return {
            "OFFSITE_BUCKET": self.bucket.name,
            "OFFSITE_ENDPOINT": self.store.endpoint,
            "OFFSITE_REGION": "us-east-1",
            "OFFSITE_ACCESS_KEY_ID": self.store.key_id,
            "OFFSITE_SECRET_ACCESS_KEY": self.store.key,
            "OFFSITE_RECIPIENTS": " ".join(map(public, self.keys)),
            "OFFSITE_KEY": private(self.keys[0]),
            "DATABASE_URL": self.place.url,
            "DRILL_DATABASE_URL": server.direct_url.replace(server.host, "127.0.0.1"),
        }

    def run(self, *words: str, shell: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        """Run ops/offsite."""
        return self.place.run("offsite", *words, shell=shell, **self.settings | env)

    def objects(self) -> list[Path]:
        """The dumps in the bucket."""
        return sorted(self.folder.glob("*.tar.age"))

    def put(self, *stamps: str) -> None:
        """Let the bucket have dumps of these times."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for stamp in stamps:
            (self.folder / f"{stamp}.tar.age").write_text("an earlier one")

    def databases(self) -> set[str]:
        """The names of those on the server."""
        return set(self.place.server.psql("select datname from pg_database").splitlines())
