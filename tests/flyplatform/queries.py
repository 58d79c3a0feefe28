"""What is answered over GraphQL: dicts and functions over the world, held against fly-go's schema by graphql-core."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from graphql import GraphQLError, graphql

from tests.flyplatform.apps import allocate, change_secrets, region
from tests.flyplatform.registry import POSTGRES, Registry
from tests.flyplatform.schema import schema
from tests.flyplatform.ssh import sign
from tests.flyplatform.world import REGIONS, Address, App, Machine, Organization, Release, World, now

View = dict[str, Any]
REDIS = "upstash_redis"
PAY_AS_YOU_GO = {"id": "ekQ85Yjkw155ohQ5ALYq0M", "name": "payg", "displayName": "Pay-as-you-go", "description": ""}
PAY_AS_YOU_GO |= {"maxDataSize": "", "pricePerMonth": 0}


class Queries:
    """The path /graphql."""

    def __init__(self, world: World, registry: Registry) -> None:
        self.world = world
        self.registry = registry
        self.invalid: list[str] = []
        """Questions and answers that the schema does not allow."""

    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [web.post("/graphql", self.answer)]

    async def answer(self, request: web.Request) -> web.Response:
        """Run a query; errors come with status 200, as Fly's do."""
        asked = await request.json()
        done = await graphql(schema(), asked["query"], self, variable_values=asked.get("variables") or {})
        answer: View = {"data": done.data}
        if done.errors:
            answer["errors"] = [{"message": error.message, "path": error.path} for error in done.errors]
            self.invalid += [
                error.message for error in done.errors if not isinstance(error.original_error, GraphQLError)
            ]
        return web.json_response(answer)

    # --- queries

    def viewer(self, _info: Any) -> View:
        """Who is logged in."""
        return self.user() | {"__typename": "User", "agreedToProviderTos": True}

    def organizations(self, _info: Any, **_args: Any) -> View:
        """All organizations."""
        return {"nodes": [self.show_organization(each) for each in self.world.organizations.values()]}

    def organization(self, _info: Any, slug: str | None = None, **args: Any) -> View:
        """One organization."""
        found = self.world.organization(slug or args.get("id") or "")
        if found is None:
            raise GraphQLError("Could not find Organization")
        return self.show_organization(found)

    def app(self, _info: Any, name: str | None = None, **_args: Any) -> View:
        """One app."""
        return self.show_app(self.find(name or ""))

    def apps(self, _info: Any, role: str | None = None, **args: Any) -> View:
        """All apps, or those of an organization or role."""
        organization = self.world.organization(args.get("organizationId") or "")
        found = [
            self.show_app(app)
            for app in self.world.apps.values()
            if (organization is None or app.organization == organization.slug) and (not role or app.role == role)
        ]
        return {"nodes": found, "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "endCursor": ""}}

    def platform(self, _info: Any) -> View:
        """The regions."""
        return {"regions": [region(code) for code in REGIONS], "requestRegion": "fra"}

    def nearestRegion(self, _info: Any, **_args: Any) -> View:  # noqa: N802
        """The region next to whoever asks."""
        return region("fra")

    def latestImageDetails(self, _info: Any, **_args: Any) -> View:  # noqa: N802
        """Newer versions of Fly's own images; of others the platform knows nothing."""
        raise GraphQLError("Unknown repository")

    def latestImageTag(self, _info: Any, repository: str, **_args: Any) -> str:  # noqa: N802
        """Fly's image for a Postgres server."""
        del repository
        return f"{POSTGRES}:17.2"

    def addOnProvider(self, _info: Any, name: str) -> View:  # noqa: N802
        """What an extension asks before it is made; Redis asks for the regions alone."""
        switches = ("asyncProvisioning", "autoProvision", "beta", "detectPlatform", "internal")
        view = {"id": name, "name": name, "displayName": "Tigris", "resourceName": "bucket", "excludedRegions": []}
        view |= {"selectName": True, "selectRegion": False, "selectReplicaRegions": False, "tosUrl": ""}
        return view | dict.fromkeys(switches, False)

    def canPerformBluegreenDeployment(self, _info: Any, **_args: Any) -> bool:  # noqa: N802
        """Nothing stands against it."""
        return True

    def addOn(self, _info: Any, name: str | None = None, provider: str | None = None, **_args: Any) -> View:  # noqa: N802
        """One bucket, or one Redis database."""
        if provider == REDIS and name in self.world.redis:
            return self.show_redis(name or "")
        if provider == REDIS or name not in self.world.buckets:
            raise GraphQLError(f'Could not find Add On "{name}"')
        return self.show_bucket(name or "")

    def addOns(self, _info: Any, type: str | None = None, **_args: Any) -> View:  # noqa: N802
        """All buckets, or all Redis databases."""
        return {"nodes": self.show_all(type)}

    def addOnPlans(self, _info: Any, **_args: Any) -> View:  # noqa: N802
        """The plan of Redis that flyctl takes where none is named; it knows its id."""
        return {"nodes": [PAY_AS_YOU_GO]}

    # --- mutations

    def allocateIpAddress(self, _info: Any, input: View) -> View:  # noqa: N802
        """A new address."""
        app = self.find(input["appId"])
        address = allocate(self.world, app, input["type"])
        shown = None if address.kind == "shared_v4" else show_address(address)
        return {"app": self.show_app(app), "ipAddress": shown}

    def releaseIpAddress(self, _info: Any, input: View) -> View:  # noqa: N802
        """Give an address back."""
        app = self.find(input["appId"])
        app.addresses = [address for address in app.addresses if address.address != input["ip"]]
        return {}

    def setSecrets(self, _info: Any, input: View) -> View:  # noqa: N802
        """Set secrets, as an extension does after it was made; the name of a bucket and its region may be seen."""
        app = self.find(input["appId"])
        before = set(self.world.given_out)
        change_secrets(self.world, app, {secret["key"]: secret["value"] for secret in input["secrets"]})
        self.world.given_out = before
        return {"app": self.show_app(app), "release": None}

    def createAddOn(self, _info: Any, input: View) -> View:  # noqa: N802
        """A new bucket, with its keys, or a new Redis database, with its password."""
        name = input["name"]
        if input["type"] == REDIS:
            return {"addOn": self.new_redis(name, input)}
        if name in self.world.buckets:
            raise GraphQLError("Name has already been taken")
        organization = self.world.organization(input["organizationId"])
        assert organization is not None
        environment = {
            "AWS_ACCESS_KEY_ID": self.world.secret(),
            "AWS_SECRET_ACCESS_KEY": self.world.secret(),
            "AWS_ENDPOINT_URL_S3": "https://fly.storage.tigris.dev",
            "AWS_REGION": "auto",
            "BUCKET_NAME": name,
        }
        app = self.find(input["appId"]).name if input.get("appId") else None
        self.world.buckets[name] = {"organization": organization.slug, "environment": environment, "app": app}
        return {"addOn": self.show_bucket(name)}

    def new_redis(self, name: str, input: View) -> View:
        """A new Redis database."""
        if name in self.world.redis:
            raise GraphQLError("Name has already been taken")
        organization = self.world.organization(input["organizationId"])
        assert organization is not None
        self.world.redis[name] = {
            "organization": organization.slug,
            "region": input["primaryRegion"],
            "plan": input["planId"],
            "options": input["options"],
            "url": f"redis://default:{self.world.secret()}@fly-{name}.upstash.io:6379",
        }
        return self.show_redis(name)

    def deleteAddOn(self, _info: Any, input: View) -> View:  # noqa: N802
        """Destroy a bucket."""
        name = input.get("name")
        if name not in self.world.buckets:
            raise GraphQLError(f'Could not find Add On "{name}"')
        del self.world.buckets[name]
        return {"deletedAddOnName": name}

    def createExtensionTosAgreement(self, _info: Any, **_args: Any) -> View:  # noqa: N802
        """Agree to an extension's terms."""
        return {}

    def createLimitedAccessToken(self, _info: Any, input: View) -> View:  # noqa: N802
        """A new token, of an app or of an organization."""
        organization = self.world.organization(input["organizationId"])
        assert organization is not None
        ends = datetime.now(UTC) + timedelta(hours=int(input.get("expiry", "1h").partition("h")[0]))
        secret = f"FlyV1 fm2_{self.world.secret()}"
        token = {
            "id": f"token-{self.world.id()}",
            "name": input["name"],
            "token": secret,
            "tokenHeader": secret,
            "profile": input["profile"],
            "createdAt": now(),
            "expiresAt": ends.isoformat().replace("+00:00", "Z"),
            "revokedAt": None,
            "user": self.user(),
        }
        app = next(
            (a for a in self.world.apps.values() if a.id == (input.get("profileParams") or {}).get("app_id")), None
        )
        (app.tokens if app else self.world.org_tokens.setdefault(organization.slug, [])).append(token)
        return {"limitedAccessToken": token}

    def validateWireGuardPeers(self, _info: Any, input: View) -> View:  # noqa: N802
        """No peer has gone."""
        return {"invalidPeerIps": [], "validPeerIps": input["peerIps"]}

    def issueCertificate(self, _info: Any, input: View) -> View:  # noqa: N802
        """An SSH certificate."""
        return {"certificate": sign(input["publicKey"])}

    def enablePostgresConsul(self, _info: Any, **_args: Any) -> View:  # noqa: N802
        """What the servers of a cluster find each other by."""
        return {"consulUrl": f"https://:{self.world.secret()}@consul.fly-shared.net/"}

    def attachPostgresCluster(self, _info: Any, input: View) -> View:  # noqa: N802
        """Note that an app uses a server; flyctl made the user and the secret itself."""
        app = self.find(input["appId"])
        server = self.find(input["postgresClusterAppId"])
        variable = input.get("variableName") or "DATABASE_URL"
        view = {"app": self.show_app(app), "postgresClusterApp": self.show_app(server)}
        return view | {"connectionString": "", "environmentVariableName": variable}

    # --- views

    def find(self, name: str) -> App:
        """An app by its name or id; the words are those of GraphQL."""
        app = self.world.apps.get(name) or next((a for a in self.world.apps.values() if a.id == name), None)
        if app is None:
            raise GraphQLError(f'Could not find App "{name}"')
        return app

    def user(self) -> View:
        """The person behind the login."""
        view = {"id": "user-1", "email": self.world.email, "name": "Dev", "createdAt": now(), "avatarUrl": ""}
        return view | {"trust": "UNRESTRICTED", "enablePaidHobby": False}

    def show_organization(self, organization: Organization) -> View:
        """An organization."""

        def add_ons(_info: Any, type: str | None = None, **_args: Any) -> View:
            return {"nodes": self.show_all(type, organization)}

        return {
            "id": organization.id,
            "slug": organization.slug,
            "rawSlug": organization.raw_slug,
            "name": organization.raw_slug,
            "type": organization.type,
            "paidPlan": True,
            "billable": True,
            "billingStatus": "CURRENT",
            "viewerRole": "admin",
            "internalNumericId": str(organization.number),
            "provisionsBetaExtensions": False,
            "remoteBuilderImage": "",
            "addOns": add_ons,
            "limitedAccessTokens": {"nodes": self.world.org_tokens.get(organization.slug, [])},
            "members": {"edges": []},
        }

    def show_app(self, app: App) -> View:
        """An app."""
        buckets = [name for name, bucket in self.world.buckets.items() if bucket["app"] == app.name]
        shared = next((address.address for address in app.addresses if address.kind == "shared_v4"), None)
        newest = self.show_release(app.releases[-1]) if app.releases else None
        releases = [self.show_release(release) for release in reversed(app.releases)]
        return {
            "id": app.id,
            "internalNumericId": app.number,
            "name": app.name,
            "hostname": f"{app.name}.fly.dev",
            "appUrl": f"https://{app.name}.fly.dev",
            "cnameTarget": f"{app.name}.fly.dev",
            "deployed": bool(app.releases or app.fleet),
            "status": "deployed" if app.releases or app.fleet else "pending",
            "version": len(app.releases),
            "platformVersion": "machines",
            "network": app.network,
            "organization": self.show_organization(self.world.organizations[app.organization]),
            "role": {"__typename": "PostgresClusterAppRole", "name": app.role} if app.role else None,
            "config": {"definition": app.releases[-1].definition if app.releases else {}},
            "services": [],
            "secrets": [{"name": name} for name in app.secrets],
            "ipAddresses": {"nodes": [show_address(a) for a in app.addresses if a.kind != "shared_v4"]},
            "sharedIpAddress": shared,
            "currentRelease": newest,
            "currentReleaseUnprocessed": newest,
            "releases": {"nodes": releases},
            "releasesUnprocessed": {"nodes": releases},
            "machines": {"nodes": [show_machine(app, machine) for machine in app.machines.values() if machine.alive]},
            "limitedAccessTokens": {"nodes": app.tokens},
            "image": self.show_image,
            "addOns": {"nodes": [self.show_bucket(name) for name in buckets]},
            "egressIpAddresses": {"nodes": []},
        }

    def show_release(self, release: Release) -> View:
        """A release."""
        return {
            "id": release.id,
            "version": release.version,
            "description": "Release",
            "reason": "deploy",
            "status": release.status,
            "imageRef": release.image,
            "stable": release.status == "complete",
            "inProgress": release.status == "running",
            "user": self.user(),
            "createdAt": release.created_at,
            "updatedAt": release.created_at,
            "evaluationId": release.id,
            "deploymentStrategy": release.strategy,
            "configDefinition": release.definition,
        }

    def show_image(self, _info: Any, ref: str) -> View:
        """An image of the registry, or one of Fly's own."""
        name = self.registry.own_name(ref)
        found = self.registry.reference(name)
        if self.registry.digest(name) is None and found["repository"] != POSTGRES:
            raise GraphQLError(f'Could not find image "{ref}"')
        view = {
            "id": found["digest"],
            "digest": found["digest"],
            "ref": name,
            "absoluteRef": name,
            "label": found["tag"],
        }
        return view | {"compressedSize": 1, "compressedSizeFull": "1", "manifest": {}, "config": {}, "createdAt": now()}

    def show_all(self, kind: str | None, organization: Organization | None = None) -> list[View]:
        """The buckets or Redis databases, of an organization or of all."""
        there, show = (self.world.redis, self.show_redis) if kind == REDIS else (self.world.buckets, self.show_bucket)
        mine = [name for name, one in there.items() if organization is None or one["organization"] == organization.slug]
        return [show(name) for name in mine]

    def show_redis(self, name: str) -> View:
        """A Redis database; what flyctl calls its private address is the field publicUrl."""
        found = self.world.redis[name]
        view = {"id": name, "name": name, "status": "ready", "primaryRegion": found["region"], "readRegions": []}
        view |= {"publicUrl": found["url"], "privateIp": "fdaa:0:1::3", "password": "", "ssoLink": "", "metadata": {}}
        view |= {"options": found["options"], "addOnPlan": PAY_AS_YOU_GO, "createdAt": now(), "updatedAt": now()}
        return view | {"addOnProvider": self.addOnProvider(None, REDIS), "organization": self.owner(found)}

    def owner(self, add_on: View) -> View:
        """The organization of a bucket or a Redis database."""
        owner = self.world.organizations[add_on["organization"]]
        view = {"id": owner.id, "slug": owner.slug, "rawSlug": owner.raw_slug, "name": owner.raw_slug}
        return view | {"paidPlan": True, "provisionsBetaExtensions": False}

    def show_bucket(self, name: str) -> View:
        """A bucket."""
        bucket = self.world.buckets[name]
        view = {"id": name, "name": name, "status": "ready", "primaryRegion": "fra", "publicUrl": "", "ssoLink": ""}
        view |= {"addOnProvider": self.addOnProvider(None, "tigris"), "organization": self.owner(bucket)}
        return view | {"environment": bucket["environment"], "createdAt": now(), "updatedAt": now(), "options": {}}


def show_address(address: Address) -> View:
    """An address."""
    view = {"id": address.address, "address": address.address, "type": address.kind}
    return view | {"region": "global", "createdAt": address.created_at}


def show_machine(app: App, machine: Machine) -> View:
    """A machine, as GraphQL lists it before an app is destroyed."""
    return {
        "id": machine.id,
        "name": machine.name,
        "config": machine.config,
        "state": machine.state,
        "region": machine.region,
        "createdAt": machine.created_at,
        "app": {"name": app.name},
        "host": {"id": "host-1"},
        "ips": {"nodes": []},
    }
