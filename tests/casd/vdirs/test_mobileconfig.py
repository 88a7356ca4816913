"""/mobileconfig: everybody gets his own profile, signed, and nobody another's."""

from __future__ import annotations

import plistlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates

from casd.casctl.authority import SERVER, Authority
from casd.certificates import Pair, read_certificate
from casd.model import ServerKind
from tests.casd.estate import ALICE, Answer, Estate, basic_auth, get

PATH = "/mobileconfig"


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """Return a front end that shows a certificate for each of two names, before servers of Exchange."""
    estate = Estate(tmp_path)
    (tmp_path / "authority").mkdir()
    authority = Authority(tmp_path / "authority", "Example", datetime.now(UTC))
    for name in "other.example.org", "mail.example.org":
        authority.issue(name, [name], SERVER)
        pair = Pair(tmp_path / "authority" / f"{name}.pem", tmp_path / "authority" / f"{name}.key")
        estate.certificates.append(read_certificate(pair))
    servers = {name: evolve(each, kind=ServerKind.EXCHANGE) for name, each in estate.source.estate.servers.items()}
    estate.source.change(servers=servers)
    return estate


def ask(estate: Estate, *lines: bytes, path: str = PATH) -> Answer:
    return estate.client().ask(get(path, *lines))


def profile(answer: Answer) -> dict[str, Any]:
    """Return the property list within a signed message."""
    assert answer.status == 200, answer.body
    begin, end = answer.body.index(b"<?xml"), answer.body.index(b"</plist>") + 8
    found: dict[str, Any] = plistlib.loads(answer.body[begin:end])
    return found


def test_5_6_a_user_gets_a_profile(estate: Estate) -> None:
    answer = ask(estate, basic_auth())
    assert answer.fields["content-type"] == "application/x-apple-aspen-config"
    assert answer.fields["cache-control"] == "no-store"
    accounts = profile(answer)["PayloadContent"]
    assert [each["PayloadType"] for each in accounts] == ["com.apple.eas.account", "com.apple.ews.account"]
    assert {each["EmailAddress"] for each in accounts} == {"alice@example.org"}
    assert {each["Host"] for each in accounts} == {"mail.example.org"}
    assert estate.servers.connections == []


def test_a_profile_is_signed_as_the_front_door_that_was_asked(estate: Estate) -> None:
    answer = ask(estate, basic_auth())
    assert load_der_pkcs7_certificates(answer.body) == [estate.certificates[1].chain[0]]


def test_the_same_user_gets_the_same_uuids_from_any_front_end(estate: Estate, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Estate(tmp_path / "other")
    other.certificates, other.source = estate.certificates, estate.source
    first, second = profile(ask(estate, basic_auth())), profile(ask(other, basic_auth()))
    assert first["PayloadUUID"] == second["PayloadUUID"]


@pytest.mark.negative
def test_nobody_gets_a_profile_before_he_has_signed_in(estate: Estate) -> None:
    answers = [ask(estate), ask(estate, basic_auth(secret="guess")), ask(estate, basic_auth("nobody@example.org"))]
    assert {answer.status for answer in answers} == {401}
    assert {answer.body for answer in answers} == {b"Sign in first.\n"}


@pytest.mark.negative
def test_nobody_gets_anothers_profile(estate: Estate) -> None:
    lines = (basic_auth(), b"X-AnchorMailbox: bob@example.org\r\n")
    for path in PATH, f"{PATH}/bob@example.org", f"{PATH}?emailaddress=bob@example.org":
        accounts = profile(ask(estate, *lines, path=path))["PayloadContent"]
        assert {each["EmailAddress"] for each in accounts} == {"alice@example.org"}


def test_what_is_switched_off_is_not_in_it(estate: Estate) -> None:
    estate.source.mailboxes[0] = evolve(ALICE, switches={"eas": False})
    accounts = profile(ask(estate, basic_auth()))["PayloadContent"]
    assert [each["PayloadType"] for each in accounts] == ["com.apple.ews.account"]


def test_a_user_without_autodiscover_gets_none(estate: Estate) -> None:
    estate.source.mailboxes[0] = evolve(ALICE, switches={"autodiscover": False})
    answer = ask(estate, basic_auth())
    assert (answer.status, answer.fields["x-caserrorcode"]) == (403, "ProtocolDisabled")


def test_a_user_for_whom_there_is_no_account_is_told_so(estate: Estate) -> None:
    estate.source.change(switches={"eas": False, "ews": False})
    assert ask(estate, basic_auth()).status == 404


def test_the_log_says_why_a_profile_is_as_it_is(estate: Estate) -> None:
    ask(estate, basic_auth())
    assert "user=alice@example.org" in estate.logged()[0]
    assert "offers" in estate.logged()[0]
