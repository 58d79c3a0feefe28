"""ops/review: a review app comes once and goes for good, with the real flyctl."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.flyplatform.faults import Fault
from tests.flyplatform.world import Behaviour
from tests.platform.account import Account

pytestmark = pytest.mark.needs("curl", "docker", "flyctl", "jq", "openssl")


@pytest.fixture
def review(make_account: Callable[..., Account]) -> Account:
    """A project with review apps that needs both addresses."""
    service = {"name": "auth", "port": 6600}
    return make_account(database="none", github=True, review_apps=True, tcp_services=[service])


def test_it_goes_although_the_list_of_apps_lacks_it(review: Account) -> None:
    review.platform.world.add_app("shop-pr-7", "personal")
    review.platform.faults.append(Fault(r"^graphql .*\bapps\b", odd=True, body={"data": None}))

    ran = review.run("review", "down", "--number=7")

    assert (ran.code, list(review.platform.world.apps)) == (0, []), ran.text
    again = review.run("review", "down", "--number=7")
    assert (again.code, again.out) == (0, "There is no shop-pr-7.\n"), again.text


def test_a_run_that_ended_between_the_addresses_is_completed(review: Account) -> None:
    fault = Fault(r"^graphql allocateIpAddress", times=1, after=1)
    review.platform.faults.append(fault)
    failed = review.run("review", "up", "--number=7")
    assert (failed.code, fault.hits) == (1, 1), failed.text
    assert "got no IPv6 address. Run again: ops/review up --number=7" in failed.verdict

    ran = review.run("review", "up", "--number=7")

    assert ran.code == 0, ran.text
    assert [address.kind for address in review.platform.world.apps["shop-pr-7"].addresses] == ["shared_v4", "v6"]


def test_an_app_that_never_answers_is_not_called_deployed(review: Account) -> None:
    review.platform.world.behaviours[""] = Behaviour(check="critical", serves=False)

    ran = review.run("review", "up", "--number=7")

    assert ran.code == 1, ran.text
    assert "the review app could not be deployed" in ran.verdict
    assert "https://shop-pr-7.fly.dev\n" not in ran.out


PEM = "-----BEGIN KEY-----\nabc/+=\n# no comment\n-----END KEY-----"
VALUES = {
    "HASH": "pa#ss",
    "QUOTED": 'a"b" #c',
    "MIXED": "it's 1\"#2",
    "JSON": '{"a": "b#c"}',
    "KEY": PEM,
    "TWO": '""ab',
    "TWO_HASH": '""a#b',
    "THREE": '"""ab',
    "THREE_HASH": '"""a#b',
    "AROUND": '""ab""',
    "ODD_AROUND": '"a"b"',
    "ODD_HASH": '"a"#"b"#"',
    "ONE": '"',
    "ONE_HASH": '"#',
    "SINGLE": "'a\"'",
    "SINGLE_HASH": "'\"#'",
    "SPACE": ' a"b#c ',
    "LINES": '"\n""\n"""b\n"',
    "LINES_HASH": '{"a": 1 # one\n}',
    "LONG": "x" * 60_000,
}


def test_values_that_only_a_person_knows_arrive_as_they_are(make_account: Callable[..., Account]) -> None:
    secrets = [{"name": name, "how": "ask the bank"} for name in VALUES]
    account = make_account(database="fly_managed", github=True, review_apps=True, extra_secrets=secrets)
    url = "postgres://ada:pa#ss@db.example.com/shop"
    given = {f"REVIEW_{name}": value for name, value in VALUES.items()}

    ran = account.run("review", "up", "--number=7", REVIEW_DATABASE_URL=url, **given)

    assert ran.code == 0, ran.text
    stored = account.platform.world.apps["shop-pr-7"].secrets
    assert {name: stored[name].value for name in VALUES} == VALUES
    assert [stored[name].value for name in ("DATABASE_URL", "DIRECT_DATABASE_URL")] == [url, url]


def test_a_value_that_flyctl_would_misread_is_refused(make_account: Callable[..., Account]) -> None:
    misread = ['a"""\nb', '"""\nb', 'a\nb"""\nc', '{"a # b\n}', "x" * 65_000, f"a\n{'x' * 65_000}\nb"]
    values = {f"KEY_{n}": value for n, value in enumerate(misread)}
    secrets = [{"name": name, "how": "ask the bank"} for name in values]
    account = make_account(database="none", github=True, review_apps=True, extra_secrets=secrets)
    given = {f"REVIEW_{name}": value for name, value in values.items()}
    for name, value in values.items():
        refused = account.run("review", "up", "--number=7", **given)
        assert (refused.code, f"this value of {name}." in refused.verdict) == (1, True), refused.text
        (command,) = re.findall("and run: (.*), then: ops/review up --number=7$", refused.verdict)
        (account.folder / "FILE").write_text(value)
        assert account.type(command).code == 0

    ran = account.run("review", "up", "--number=7", **given)

    assert ran.code == 0, ran.text
    stored = account.platform.world.apps["shop-pr-7"].secrets
    assert {name: stored[name].value for name in values} == values


def test_sessions_do_not_end_because_fly_lists_no_secret(review: Account) -> None:
    made = review.run("review", "up", "--number=7")
    assert made.code == 0, made.text
    app = review.platform.world.apps["shop-pr-7"]
    before = app.secrets["SECRET_KEY_BASE"].value
    fault = Fault(r"^GET /v1/apps/shop-pr-7/secrets", odd=True, body={}, times=1)
    review.platform.faults.append(fault)

    refused = review.run("review", "up", "--number=7")

    assert (refused.code, fault.hits) == (1, 1), refused.text
    assert refused.verdict.endswith("If it has none indeed: ops/review down --number=7, then: ops/review up --number=7")
    assert app.secrets["SECRET_KEY_BASE"].value == before
    again = review.run("review", "up", "--number=7")
    assert (again.code, app.secrets["SECRET_KEY_BASE"].value) == (0, before), again.text


def test_the_fly_file_of_an_environment_called_review_stays(make_account: Callable[..., Account]) -> None:
    account = make_account(database="none", github=True, review_apps=True, environments=[{"name": "review"}])
    file = account.folder / "fly.review.toml"
    before = file.read_text()
    for words in (["--dry-run"], []):
        ran = account.run("review", "up", "--number=7", *words)
        assert (ran.code, file.exists() and file.read_text()) == (0, before), ran.text
    assert account.git("status", "--porcelain") == ""
