"""The organisation that a test gets: really there, changed at will, broken at will, gone afterwards."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from click import ClickException

from casd.testing.faults import Fault
from casd.testing.organisation import Organisation, running

GET_INBOX = """\
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"
  xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"
  xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Body>
  <m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>
  <m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>
</s:Body></s:Envelope>"""


@pytest.fixture(scope="module")
def organisation() -> Iterator[Organisation]:
    with running() as casd:
        yield casd


@pytest.fixture
def well(organisation: Organisation) -> Iterator[Organisation]:
    yield organisation
    for server in ("mbx1", "mbx2"):
        organisation.heal(server)


def ask(casd: Organisation, user: str = "alice@example.org", timeout: float = 60) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(casd.ca)
        session.auth = (user, casd.password)
        return session.post(casd.ews, GET_INBOX, headers={"Content-Type": "text/xml"}, timeout=timeout)


def test_the_fixture_is_an_organisation_that_answers(casd: Organisation) -> None:
    answer = ask(casd)
    assert answer.status_code == 200
    assert re.search("<(t:)?DisplayName>Inbox<", answer.text)
    assert answer.headers["X-BEServer"] == "mbx1"


def test_users_are_on_both_servers(organisation: Organisation) -> None:
    served = {user: ask(organisation, user).headers["X-BEServer"] for user in organisation.users[:4]}
    assert list(served.values()) == ["mbx1", "mbx1", "mbx2", "mbx2"]


def test_a_new_user_can_sign_in_at_once(organisation: Organisation) -> None:
    assert ask(organisation, "erin@example.org").status_code == 401
    organisation.add_user("erin@example.org", "DB02")
    answer = ask(organisation, "erin@example.org")
    assert (answer.status_code, answer.headers["X-BEServer"]) == (200, "mbx2")


def test_a_moved_database_is_served_by_the_other_server(organisation: Organisation) -> None:
    organisation.move("DB01", "mbx2")
    assert ask(organisation).headers["X-BEServer"] == "mbx2"
    organisation.move("DB01", "mbx1")
    assert ask(organisation).headers["X-BEServer"] == "mbx1"


def test_a_stopped_server_makes_its_users_wait_and_no_others(organisation: Organisation) -> None:
    organisation.stop("mbx1")
    assert ask(organisation).status_code == 503
    assert ask(organisation, "carol@example.org").status_code == 200
    organisation.start("mbx1")
    assert ask(organisation).status_code == 200


def test_the_log_tells_who_was_served_by_whom(organisation: Organisation) -> None:
    ask(organisation, "dave@example.org")
    last = organisation.log[-1]
    assert (last["user"], last["server"], last["status"]) == ("dave@example.org", "mbx2", 200)


def test_what_casctl_refuses_is_raised(organisation: Organisation) -> None:
    with pytest.raises(ClickException, match="there is no server mbx9"):
        organisation.move("DB01", "mbx9")


@pytest.mark.parametrize(
    ("fault", "status", "word"),
    [
        (Fault.REFUSE, 503, "Unreachable"),
        (Fault.RESET, 502, "BackendFailed"),
        (Fault.WRONG_SERVER, 503, "DatabaseMoving"),
        (Fault.WRONG_SEAL, 502, "IdentityMismatch"),
    ],
)
def test_a_client_sees_a_fault_until_it_is_healed(well: Organisation, fault: Fault, status: int, word: str) -> None:
    well.fail("mbx1", fault)
    answer = ask(well)
    assert (answer.status_code, answer.headers["X-CasErrorCode"]) == (status, word)
    well.heal("mbx1")
    assert ask(well).status_code == 200


def test_a_hanging_server_answers_nothing(well: Organisation) -> None:
    well.fail("mbx1", "hang")
    with pytest.raises(requests.ReadTimeout):
        ask(well, timeout=0.2)


def test_a_slow_server_answers_after_a_second(well: Organisation) -> None:
    well.fail("mbx1", "slow")
    answer = ask(well)
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() >= 1


def test_a_fault_may_befall_one_request_only(well: Organisation) -> None:
    well.fail("mbx1", "reset", times=1)
    assert [ask(well).status_code, ask(well).status_code] == [502, 200]


def test_nothing_listens_afterwards() -> None:
    with running() as casd:
        port = urlsplit(casd.url).port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port or 0))


def test_an_operation_answers_late_and_by_a_status(well: Organisation) -> None:
    rule = well.script("GetFolder", delay=0.2, times=1)
    assert ask(well).elapsed.total_seconds() >= 0.2
    well.script("*", status=507, user="alice", nth=2)
    assert [ask(well).status_code for _ in range(3)] == [200, 507, 200]
    assert (rule.seen, rule.met) == (4, 1)
    well.unscript()


def test_a_dropped_connection_is_noticed_by_the_client(well: Organisation) -> None:
    well.script("GetFolder", drop=True, times=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask(well)
    assert ask(well).status_code == 200
    well.unscript()


def test_an_error_is_a_fault_with_the_documented_back_off(well: Organisation) -> None:
    well.script("GetFolder", back_off=1.5)
    answer = ask(well)
    assert answer.status_code == 500
    assert "ResponseCode" in answer.text
    assert '<t:Value Name="BackOffMilliseconds">1500</t:Value>' in answer.text
    well.unscript()


def test_nobody_looks_into_a_mailbox_that_is_not_there(organisation: Organisation) -> None:
    with pytest.raises(LookupError, match="add_user makes one"):
        organisation.mail("nobody")
    organisation.stop("mbx2")
    with pytest.raises(LookupError, match="start its server first"):
        organisation.mail("dave")
    organisation.start("mbx2")
