"""ClientAccess: what it remembers, what ends that, and its section of the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.internet.defer import Deferred

from casd.access import version
from casd.auth.credentials import Denied, LoginPassword
from casd.config import networks
from casd.model import Anchor, Decision, Identity, Kind, Proxy, Refuse, Server, Site, Topology
from casd.net.pool import Unreachable
from tests.casd.estate import ALICE, BOB, MBX1, Estate, basic_auth, outcome_of, result

IDENTITY = Identity(ALICE.address, "basic", ALICE)
SELF = Anchor(Kind.USER, ALICE.address, "the authenticated user")


def locate(estate: Estate, anchor: Anchor = SELF, protocol: str = "ews", client: str = "192.0.2.7") -> Decision:
    return result(estate.access.locate(IDENTITY, anchor, protocol, client))


def test_networks_and_versions_are_read() -> None:
    assert [str(network) for network in networks("10.0.0.0/8, fd00::/8", Path())] == ["10.0.0.0/8", "fd00::/8"]
    assert version("15.2", Path()) == (15, 2)
    for wrong in ("15", "15.x", "x.1", ""):
        with pytest.raises(ValueError, match=r"not a version such as 15\.2"):
            version(wrong, Path())
    with pytest.raises(ValueError, match=r"host bits"):
        networks("10.0.0.1/8", Path())


def test_a_proof_of_a_scheme_that_nobody_reads_proves_nothing(estate: Estate) -> None:
    with pytest.raises(Denied):
        result(estate.access.authenticate(b"Bearer x", "mail.example.org"))


def test_a_sign_in_by_form_is_remembered_too(estate: Estate) -> None:
    offered = LoginPassword("alice@example.org", "secret", "forms", "mail.example.org")
    sessions = [result(estate.access.sign_in(offered, private=False)) for _ in range(2)]
    assert sessions[0].fingerprint == sessions[1].fingerprint
    assert estate.hashed == 1


@pytest.mark.negative
def test_what_basic_has_proved_is_not_proved_for_a_form(estate: Estate) -> None:
    proof = basic_auth().split(b": ")[1].strip()
    result(estate.access.authenticate(proof, "mail.example.org"))
    result(estate.access.authenticate(proof, "localhost"))
    result(estate.access.sign_in(LoginPassword(ALICE.address, "secret", "forms", "mail.example.org"), private=False))
    assert estate.hashed == 3


def test_a_decision_is_made_once_until_the_directory_changes(estate: Estate) -> None:
    first = locate(estate)
    assert locate(estate) is first
    estate.source.move("DB01", "mbx2")
    estate.clock.advance(1)
    decision = locate(estate)
    assert isinstance(decision, Proxy)
    assert decision.server.name == "mbx2"


@pytest.mark.negative
def test_a_decision_from_before_a_change_is_not_remembered_after_it(estate: Estate) -> None:
    answered: Deferred[None] = Deferred()
    anchor = Anchor(Kind.ADDRESS, ALICE.address, "explicit logon")
    result(estate.access.topology())
    estate.source.slow.append(answered)
    told = outcome_of(estate.access.locate(IDENTITY, anchor, "ews", "192.0.2.7"))
    estate.source.move("DB01", "mbx2")
    estate.clock.advance(1)
    locate(estate)
    answered.callback(None)
    for decision, server in ((told[0], "mbx1"), (locate(estate, anchor), "mbx2")):
        assert isinstance(decision, Proxy)
        assert decision.server.name == server


@pytest.mark.negative
def test_a_topology_from_before_a_change_is_not_used_after_it(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    answered: Deferred[None] = Deferred()
    asked = estate.source.topology

    async def slow() -> Topology:
        found = await asked()
        await answered
        return found

    with monkeypatch.context() as waiting:
        waiting.setattr(estate.source, "topology", slow)
        told = outcome_of(estate.access.locate(IDENTITY, SELF, "ews", "192.0.2.7"))
    estate.source.move("DB01", "mbx2")
    estate.clock.advance(1)
    result(estate.access.directory.changed())
    answered.callback(None)
    for decision, server in ((told[0], "mbx1"), (locate(estate), "mbx2")):
        assert isinstance(decision, Proxy)
        assert decision.server.name == server


@pytest.mark.negative
def test_a_decision_holds_for_one_mailbox_anchor_protocol_and_side(estate: Estate) -> None:
    sites = {
        "Main": Site("Main", "", "https://in", "https://out"),
        "Else": Site("Else", "", "https://in", "https://out", True),
    }
    estate.source.change(
        sites=sites, servers={"mbx1": Server("mbx1", "Else", endpoints=MBX1.endpoints)}, switches={"eas": False}
    )
    estate.access.settings = estate.access.settings.__class__(
        "sqlite", ("basic",), "Main", (15, 2), networks("10.0.0.0/8", Path())
    )
    said = [
        locate(estate),
        locate(estate, protocol="eas"),
        locate(estate, protocol="owa"),
        locate(estate, protocol="owa", client="10.1.2.3"),
        locate(estate, Anchor(Kind.ADDRESS, "nobody@example.org", "explicit logon")),
    ]
    assert [type(each).__name__ for each in said] == ["Proxy", "Refuse", "Redirect", "Redirect", "Refuse"]
    assert [getattr(each, "url", "") for each in said[2:4]] == ["https://out", "https://in"]


def test_a_client_with_a_zone_in_its_address_is_placed(estate: Estate) -> None:
    assert isinstance(locate(estate, client="fe80::1%eth0"), Proxy)


def test_a_hint_that_names_nobody_gives_way_to_the_user(estate: Estate) -> None:
    decision = locate(estate, Anchor(Kind.ADDRESS, "nobody@example.org", "X-AnchorMailbox", hint=True))
    assert isinstance(decision, Proxy)
    assert decision.mailbox == ALICE
    assert "X-AnchorMailbox names nobody" in decision.trace[0]


@pytest.mark.negative
def test_any_other_anchor_that_names_nobody_is_refused(estate: Estate) -> None:
    for anchor in (
        Anchor(Kind.GUID, "nonsense@example.org", "MailboxId"),
        Anchor(Kind.ADDRESS, "x" * 9999, "explicit logon"),
    ):
        decision = locate(estate, anchor)
        assert isinstance(decision, Refuse)
        assert len(decision.trace[0]) < 400


def test_mail_is_located_by_its_recipient(estate: Estate) -> None:
    decision = result(estate.access.locate_address("office@example.org", "delivery", "the recipient"))
    assert isinstance(decision, Proxy)
    assert decision.mailbox == ALICE
    assert isinstance(result(estate.access.locate_address("x@example.org", "delivery", "the recipient")), Refuse)


def test_a_server_that_is_kept_out_is_not_connected_unless_it_is_the_last(estate: Estate) -> None:
    estate.pool.lane(MBX1, "ews").breaker.trip()
    with pytest.raises(Unreachable, match=r"kept out for a while"):
        result(estate.access.connect(MBX1, "ews", BOB.address, last=False))
    connection = result(estate.access.connect(MBX1, "ews", BOB.address, last=True))
    connection.lane.release(connection)
    assert result(estate.access.connect(MBX1, "ews", BOB.address, last=True)) is connection


@pytest.mark.negative
def test_many_strangers_do_not_fill_the_memory(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casd.access._DECISIONS", 10)
    for number in range(30):
        locate(estate, Anchor(Kind.ADDRESS, f"nobody{number}@example.org", "x", hint=True), client=f"192.0.2.{number}")
    assert len(estate.access._decisions) <= 10
    assert len(estate.access._inside) <= 10
