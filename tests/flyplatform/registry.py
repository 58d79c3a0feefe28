"""An image registry that Docker pushes to and pulls from, and the names under which the platform shows its images."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.flyplatform.world import HOST, Refusal, World

DOCKER_HUB = "registry-1.docker.io"
POSTGRES = "flyio/postgres-flex"
POSTGRES_LABELS = {"fly.version": "v0.1.0", "fly.pg-version": "17.2", "fly.pg-manager": "repmgr"}
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class Registry:
    """Blobs in a folder, names in the world."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.address = ""
        folder.mkdir(parents=True, exist_ok=True)

    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        name = "/v2/{name:.+}"
        return [
            web.get("/v2/", self.version),
            web.post(f"{name}/blobs/uploads/", self.begin),
            web.patch(f"{name}/blobs/uploads/{{upload}}", self.append),
            web.put(f"{name}/blobs/uploads/{{upload}}", self.finish),
            web.get(f"{name}/blobs/{{digest}}", self.blob),
            web.get(f"{name}/manifests/{{reference}}", self.manifest),
            web.put(f"{name}/manifests/{{reference}}", self.put_manifest),
            web.get(f"{name}/tags/list", self.tags),
        ]

    # --- names

    def own_name(self, image: str) -> str:
        """An image's full name; what is in this registry has Fly's host."""
        host, slash, rest = image.partition("/")
        if not slash or not re.search(r"[.:]", host):
            return f"{DOCKER_HUB}/{image}"
        return f"{HOST}/{rest}" if host == self.address else image

    def place(self, image: str) -> str:
        """Where Docker pulls it from."""
        return self.own_name(image).replace(HOST, self.address, 1)

    def digest(self, image: str) -> str | None:
        """The digest of an image; None where it is not there."""
        name = self.own_name(image).removeprefix(f"{HOST}/")
        _, at, digest = name.partition("@")
        if at:
            return digest if self.path(digest).exists() else None
        return self.world.images.get(name if ":" in name else f"{name}:latest")

    def labels(self, image: str) -> dict[str, str]:
        """The labels of an image that is there."""
        manifest = self.read(self.digest(image))
        if "manifests" in manifest:
            manifest = self.read(manifest["manifests"][0]["digest"])
        config = self.read(manifest.get("config", {}).get("digest"))
        return config.get("config", {}).get("Labels") or {}

    def reference(self, image: str) -> dict[str, Any]:
        """An image as a machine shows it."""
        host, _, rest = image.partition("/")
        name, _, digest = rest.partition("@")
        repository, _, tag = name.partition(":")
        labels = POSTGRES_LABELS if repository == POSTGRES else self.labels(image)
        found = digest or self.digest(image) or f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"
        return {"registry": host, "repository": repository, "tag": tag, "digest": found, "labels": labels}

    def add(self, name: str, **labels: str) -> str:
        """Put an image without layers there, such as shop:git-0123; the reference that flyctl takes."""
        config = self.store(json.dumps({"config": {"Labels": labels}}).encode())
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"digest": config, "size": 1, "mediaType": "application/vnd.docker.container.image.v1+json"},
            "layers": [],
        }
        self.world.images[name] = self.store(json.dumps(manifest).encode())
        return f"{HOST}/{name}"

    # --- blobs

    def path(self, digest: str) -> Path:
        """The file of a blob."""
        return self.folder / re.sub(r"[^0-9a-f]", "", digest.removeprefix("sha256:"))

    def store(self, data: bytes) -> str:
        """Keep a blob; its digest."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.path(digest).write_bytes(data)
        return digest

    def read(self, digest: str | None) -> dict[str, Any]:
        """The JSON in a blob; nothing where there is none."""
        return json.loads(self.path(digest).read_bytes()) if digest and self.path(digest).exists() else {}

    # --- protocol

    async def version(self, request: web.Request) -> web.Response:
        """Say that this is a registry."""
        del request
        return web.json_response({}, headers={"Docker-Distribution-Api-Version": "registry/2.0"})

    async def begin(self, request: web.Request) -> web.Response:
        """Begin an upload, or take over a blob that another repository has."""
        name = request.match_info["name"]
        mount = request.query.get("mount")
        if mount and self.path(mount).exists():
            place = f"/v2/{name}/blobs/{mount}"
            return web.Response(status=201, headers={"Location": place, "Docker-Content-Digest": mount})
        return self.continued(request, f"upload-{secrets.token_hex(8)}")

    def continued(self, request: web.Request, upload: str) -> web.Response:
        """Where an upload goes on."""
        path = self.folder / upload
        size = path.stat().st_size if path.exists() else 0
        place = f"/v2/{request.match_info['name']}/blobs/uploads/{upload}"
        return web.Response(status=202, headers={"Location": place, "Range": f"0-{max(size - 1, 0)}"})

    async def append(self, request: web.Request) -> web.Response:
        """Take a part of a blob."""
        upload = request.match_info["upload"]
        with (self.folder / upload).open("ab") as file:
            async for chunk in request.content.iter_chunked(1 << 20):
                file.write(chunk)
        return self.continued(request, upload)

    async def finish(self, request: web.Request) -> web.Response:
        """Take the last part and the blob's name."""
        await self.append(request)
        part, digest = self.folder / request.match_info["upload"], request.query["digest"]
        with part.open("rb") as file:
            found = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        if found != digest:
            raise Refusal(400, "DIGEST_INVALID")
        part.rename(self.path(digest))
        place = f"/v2/{request.match_info['name']}/blobs/{digest}"
        return web.Response(status=201, headers={"Location": place, "Docker-Content-Digest": digest})

    async def blob(self, request: web.Request) -> web.StreamResponse:
        """A blob, or for HEAD whether it is there."""
        digest = request.match_info["digest"]
        if not self.path(digest).exists():
            raise web.HTTPNotFound
        return web.FileResponse(self.path(digest), headers={"Docker-Content-Digest": digest})

    async def manifest(self, request: web.Request) -> web.Response:
        """A manifest by its tag or digest."""
        name, reference = request.match_info["name"], request.match_info["reference"]
        digest = reference if reference.startswith("sha256:") else self.world.images.get(f"{name}:{reference}")
        if not digest or not self.path(digest).exists():
            raise web.HTTPNotFound
        data = self.path(digest).read_bytes()
        kind = json.loads(data).get("mediaType", MANIFEST)
        return web.Response(body=data, headers={"Content-Type": kind, "Docker-Content-Digest": digest})

    async def put_manifest(self, request: web.Request) -> web.Response:
        """Take a manifest."""
        name, reference = request.match_info["name"], request.match_info["reference"]
        digest = self.store(await request.read())
        if not reference.startswith("sha256:"):
            self.world.images[f"{name}:{reference}"] = digest
        place = f"/v2/{name}/manifests/{digest}"
        return web.Response(status=201, headers={"Location": place, "Docker-Content-Digest": digest})

    async def tags(self, request: web.Request) -> web.Response:
        """The tags of a repository."""
        name = request.match_info["name"]
        tags = [image.partition(":")[2] for image in self.world.images if image.startswith(f"{name}:")]
        return web.json_response({"name": name, "tags": tags})
