"""Names that follow from other names: Fly apps, OTP apps, Elixir modules."""

from __future__ import annotations

import re
import unicodedata

FLY_NAME_MAX = 63
"""Longest app name: it is one label of `NAME.fly.dev`, and a DNS label has 63 octets (RFC 1035)."""


def _ascii(text: str) -> str:
    """Return `text` without accents and without what ASCII cannot say: `Café 例` is `Cafe `."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def fly_name(text: str) -> str:
    """Turn any text into a possible Fly app name, `my-app` when nothing is left of it."""
    name = re.sub(r"[^a-z0-9]+", "-", _ascii(text).lower())[:FLY_NAME_MAX].strip("-")
    return name or "my-app"


def otp_name(text: str) -> str:
    """Turn any text into an OTP app name (an atom such as `my_app`), `my_app` when nothing is left."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", _ascii(text))
    name = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
    name = re.sub(r"^[0-9_]+", "", name)[:200]
    return name or "my_app"


def module_name(otp: str) -> str:
    """Camelise an OTP app name the way `mix new` does: `net_auto` is `NetAuto`."""
    return "".join(part[:1].upper() + part[1:] for part in otp.split("_")) or "MyApp"


def underscore(module: str) -> str:
    """Give the file path of a module, as `Macro.underscore/1` does: `NetAutoWeb` is `net_auto_web`."""
    path = module.replace(".", "/")
    path = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", path)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", path).lower()


def environment_app(app: str, environment: str) -> str:
    """Name an environment's Fly app where no name was given: `shop` and `staging` make `shop-staging`."""
    return f"{app[: FLY_NAME_MAX - len(environment) - 1]}-{environment}"
