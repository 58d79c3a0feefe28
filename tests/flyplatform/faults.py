"""What goes wrong: a fault answers the calls that it matches with something else, or with nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Call:
    """One request: `name` is METHOD and path, for GraphQL `graphql` and the fields that were asked for."""

    name: str
    body: Any = None
    status: int = 0
    injected: bool = False


@dataclass
class Fault:
    """For calls whose name has the pattern in it.

    `status` and `body` are the answer; a word as body becomes the error's text. `drop` ends the connection without an
    answer. `done` lets the platform do what was asked first, so that only the answer is lost. `odd` replaces a good
    answer's JSON. `action` is run first, such as a signal to whoever asks. `when` chooses among the calls that match.
    `after` calls pass unharmed, then `times` are hit (None: all that come).
    """

    pattern: str
    status: int = 500
    body: Any = "internal server error"
    drop: bool = False
    done: bool = False
    odd: bool = False
    delay: float = 0
    action: Callable[[], object] | None = None
    when: Callable[[Call], bool] | None = None
    after: int = 0
    times: int | None = None
    hits: int = field(default=0, init=False)

    def strikes(self, call: Call) -> bool:
        """Whether this call is hit; counts it."""
        if not re.search(self.pattern, call.name) or (self.when and not self.when(call)):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        self.hits += 1
        return True

    @property
    def harmless(self) -> bool:
        """Whether the answer itself is a good one, only late or with an action before it."""
        return bool(self.delay or self.action) and not self.odd

    def answer(self, call: Call) -> tuple[int, Any]:
        """Status and JSON of the answer."""
        if not isinstance(self.body, str):
            return self.status, self.body
        if call.name.startswith("graphql") and self.status == 200:
            return 200, {"errors": [{"message": self.body}], "data": None}
        return self.status, {"error": self.body}


def no_capacity(region: str = "") -> Fault:
    """No room for a machine; the words are those that users report."""
    return Fault(
        r"^POST /v1/apps/[^/]+/machines$", 412, f"insufficient resources available to fulfill request {region}"
    )


def over_quota() -> Fault:
    """The organization has all the machines that it may have."""
    return Fault(r"^POST /v1/apps/[^/]+/machines$", 422, "organization is over the allowed quota of memory")


def unauthorized() -> Fault:
    """The token is worth nothing."""
    return Fault(
        r"", 401, {"error": "unauthorized", "errors": [{"message": "You must be authenticated to view this."}]}
    )


def graphql(field_name: str, message: str, times: int | None = None) -> Fault:
    """An error of GraphQL, which comes with status 200."""
    return Fault(rf"^graphql .*\b{field_name}\b", 200, message, times=times)
