"""Two front ends of an array: neither knows a client better than the other, and neither is missed."""

from __future__ import annotations

import pytest
import requests

from tests.integration import soap
from tests.integration.estate import EstateTestCase, FrontEnd
from tests.integration.process import PATIENCE

ROUNDS = 50


class Array(EstateTestCase):
    """Two front ends with one array secret before both mailbox servers."""

    def setUp(self) -> None:
        super().setUp()
        self.estate.mailbox_servers()
        self.fronts = [self.estate.front("fe1"), self.estate.front("fe2")]
        self.session = self.estate.session()
        self.addCleanup(self.session.close)

    def test_a_client_that_alternates_never_signs_in_twice(self) -> None:
        self._sign_in(self.fronts[0], "carol")
        asked = [ask(front, "carol") for _ in range(ROUNDS) for ask in (self._web, self._ews) for front in self.fronts]
        assert asked == ["fe1", "fe2"] * 2 * ROUNDS
        self.report(f"signed in once at fe1; {len(asked)} requests to fe1 and fe2 in turn, OWA and EWS: all served")

    def test_a_killed_front_end_takes_no_session_with_it(self) -> None:
        users = ["alice", "bob", "carol", "dave"]
        cookies = {user: self._sign_in(self.fronts[0], user) for user in users}
        self.fronts[0].process.kill()
        with pytest.raises(requests.ConnectionError):
            self._web(self.fronts[0], "dave")
        for user in users:
            self.session.cookies = cookies[user]
            assert self._web(self.fronts[1], user) == self._ews(self.fronts[1], user) == "fe2"
        again = self.estate.front("fe1")
        for user in users:
            self.session.cookies = cookies[user]
            assert self._web(again, user) == "fe1"
        self.report(f"{len(users)} sessions of fe1, killed with SIGKILL, went on at fe2, and at fe1 started again")

    def _sign_in(self, front: FrontEnd, user: str) -> requests.cookies.RequestsCookieJar:
        self.session.cookies = requests.cookies.RequestsCookieJar()
        form = {"destination": f"{front.url}/owa/", "username": f"{user}@example.org", "flags": "4"}
        form["password"] = self.estate.password
        answer = self.session.post(f"{front.url}/owa/auth.owa", form, allow_redirects=False, timeout=PATIENCE)
        assert answer.status_code == 302
        assert answer.headers["Location"] == f"{front.url}/owa/"
        return self.session.cookies

    def _web(self, front: FrontEnd, _user: str) -> str:
        """Use web mail by the session's cookie; return which front end answered."""
        answer = self.session.get(f"{front.url}/owa/", allow_redirects=False, timeout=PATIENCE)
        assert answer.status_code == 200, (answer.status_code, answer.headers)
        assert "cadata" not in answer.headers.get("Set-Cookie", "")
        return answer.headers["X-FEServer"]

    def _ews(self, front: FrontEnd, user: str) -> str:
        """Use EWS by a password; return which front end answered."""
        headers = soap.HEADERS | {"Authorization": self.estate.basic(user)}
        url = f"{front.url}/ews/exchange.asmx"
        answer = self.session.post(url, soap.get_inbox(), headers=headers, timeout=PATIENCE)
        assert answer.status_code == 200, (answer.status_code, answer.headers)
        assert soap.succeeded(answer.content), answer.text
        return answer.headers["X-FEServer"]


class ArrayOfWorkers(Array):
    """The same with two workers in each of them."""

    workers = 2
