"""Web mail's door: the sign-in page, its cookies, what a script hears, where a sign-in may lead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import argon2
import pytest
from attrs import evolve

from casd.model import Password
from tests.casd.estate import ALICE, BOB, MBX1, Answer, Asked, Estate, basic_auth, get

FORM = {"username": "alice@example.org", "password": "secret", "destination": "/owa/", "flags": "0"}
BROWSER = b"Sec-Fetch-Mode: navigate\r\n"


class Browser:
    """A browser: it keeps cookies, and opens a connection for each request."""

    def __init__(self, estate: Estate, host: str = "mail.example.org") -> None:
        self.estate = estate
        self.host = host
        self.cookies: dict[str, str] = {}

    def send(self, target: str, *lines: bytes, method: str = "GET", body: bytes = b"") -> Any:
        """Send a request; return its connection."""
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        kept = f"Cookie: {jar}\r\n".encode() if jar else b""
        length = b"Content-Length: %d\r\n" % len(body) if body else b""
        client = self.estate.client()
        client.send(get(target, kept, length, *lines, method=method, host=self.host) + body)
        return client

    def open(self, target: str, *lines: bytes, **more: Any) -> Answer:
        """Send a request that the front end answers itself."""
        (answer,) = self.send(target, *lines, **more).read()
        self.keep(answer)
        return answer

    def keep(self, answer: Answer) -> None:
        for cookie in answer.all("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
            if not value:
                del self.cookies[name]

    def sign_in(self, *lines: bytes, **instead: str) -> Answer:
        form = urlencode({**FORM, **instead}).encode()
        kind = b"Content-Type: application/x-www-form-urlencoded\r\n"
        return self.open("/owa/auth.owa", kind, *lines, method="POST", body=form)

    def relayed(self, target: str = "/owa/", *lines: bytes) -> Asked | None:
        """Ask for a page; return the request as the server sees it, if one does."""
        before = len(self.estate.servers.requests())
        client = self.send(target, *lines)
        requests = self.estate.servers.requests()
        if len(requests) == before:
            return None
        requests[-1].answer(b"page")
        self.keep(client.read()[0])
        return requests[-1]


@pytest.fixture
def browser(estate: Estate) -> Browser:
    return Browser(estate)


def location(answer: Answer) -> tuple[str, dict[str, list[str]]]:
    """Return where an answer sends a browser: path and query."""
    assert answer.status == 302
    url = urlsplit(answer.fields["location"])
    return url.path, parse_qs(url.query)


# The page


def test_a_browser_without_a_session_is_sent_to_the_page(browser: Browser) -> None:
    answer = browser.open("/owa/?path=/inbox", BROWSER)
    wanted = "https%3a%2f%2fmail.example.org%2fowa%2f%3fpath%3d%2finbox"
    assert answer.fields["location"] == f"/owa/auth/logon.aspx?url={wanted}&reason=0"
    assert answer.status == 302


def test_the_page_is_a_form_that_leads_back(browser: Browser) -> None:
    answer = browser.open("/owa/auth/logon.aspx?url=https%3a%2f%2fmail.example.org%2fowa%2f&reason=0")
    assert answer.status == 200
    for piece in (
        b'name="logonForm"', b'action="/owa/auth.owa"', b'value="https://mail.example.org/owa/"', b'name="username"',
        b'name="password"', b'name="flags"', b'name="trusted"', b'name="destination"',
    ):  # fmt: skip
        assert piece in answer.body
    assert "default-src 'none'" in answer.fields["content-security-policy"]
    assert answer.fields["cache-control"] == "no-store"


@pytest.mark.parametrize(("reason", "said"), [("1", b"signed out"), ("2", b"not right"), ("3", b"ended"), ("9", b"")])
def test_the_page_says_why_it_is_there(browser: Browser, reason: str, said: bytes) -> None:
    assert said in browser.open(f"/owa/auth/logon.aspx?reason={reason}").body


@pytest.mark.negative
@pytest.mark.parametrize("name", ["url", "reason"])
def test_nothing_of_a_query_becomes_markup(browser: Browser, name: str) -> None:
    query = urlencode({name: '"><script>alert(1)</script>'})
    assert b"<script>alert" not in browser.open(f"/owa/auth/logon.aspx?{query}").body


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (b"de-CH,de;q=0.9,en;q=0.8", b'<html lang="de">'),
        (b"ja, fr-FR;q=0.5", b'<html lang="fr">'),
        (b"ja", b'<html lang="en">'),
        (b"", b'<html lang="en">'),
        (b"../../x, de-xx", b'<html lang="de">'),
    ],
)
def test_the_page_speaks_the_browsers_language(browser: Browser, asked: bytes, said: bytes) -> None:
    answer = browser.open("/owa/auth/logon.aspx?reason=2", b"Accept-Language: %b\r\n" % asked)
    assert said in answer.body
    assert b"$" not in answer.body


def test_every_language_of_the_page_has_the_same_words() -> None:
    pages = Path(__file__).parents[3] / "casd/vdirs/pages"
    words = [list(json.loads(file.read_text())) for file in sorted(pages.glob("logon.*.json"))]
    assert words == [words[0]] * 3


def test_the_pages_files_are_served_and_nothing_else(browser: Browser) -> None:
    css = browser.open("/owa/auth/logon.css")
    assert (css.status, css.fields["content-type"], css.fields["cache-control"]) == (200, "text/css", "max-age=3600")
    for name in ("none.css", "", "logon.css/x", "__init__.py", "a b"):
        assert browser.open(f"/owa/auth/{quote(name)}").status == 404


# Signing in


def test_a_right_password_opens_web_mail(browser: Browser) -> None:
    answer = browser.sign_in()
    assert location(answer) == ("/owa/", {})
    assert set(browser.cookies) == {"cadata", "cadataTTL", "cadataKey", "cadataIV", "cadataSig"}
    assert all("Secure; HttpOnly; SameSite=Lax" in cookie for cookie in answer.all("set-cookie"))
    asked = browser.relayed()
    assert asked is not None
    assert (asked.assertion.user, asked.assertion.mechanism) == ("alice@example.org", "forms")
    assert "cookie" not in asked.fields


@pytest.mark.parametrize("login", ["office@example.org", "EXAMPLE\\alice@example.org", " alice@example.org "])
def test_a_login_name_has_several_forms(browser: Browser, login: str) -> None:
    browser.sign_in(username=login)
    asked = browser.relayed()
    assert asked is not None
    assert asked.assertion.user == "alice@example.org"


def test_an_older_forms_address_works_too(browser: Browser) -> None:
    body = urlencode(FORM).encode()
    assert browser.open("/owa/auth/owaauth.dll", method="POST", body=body).all("set-cookie")


@pytest.mark.negative
@pytest.mark.parametrize(
    "instead",
    [{"password": "wrong"}, {"username": "nobody@example.org"}, {"username": ""}, {"password": ""}, {"username": "\0"}],
)
def test_any_failure_leads_back_to_the_page_in_the_same_words(browser: Browser, instead: dict[str, str]) -> None:
    answer = browser.sign_in(**instead)
    assert answer.fields["location"] == "/owa/auth/logon.aspx?replaceCurrent=1&reason=2&url=%2fowa%2f"
    assert answer.all("set-cookie") == []
    assert browser.relayed() is None


def test_a_form_is_posted(browser: Browser) -> None:
    assert location(browser.open("/owa/auth.owa"))[0] == "/owa/auth/logon.aspx"


@pytest.mark.negative
def test_a_form_that_is_too_large_is_refused(browser: Browser) -> None:
    assert browser.open("/owa/auth.owa", method="POST", body=b"a" * 20_000).status == 413


@pytest.mark.negative
def test_without_the_directory_nobody_signs_in_and_nobody_is_told_that_a_password_is_wrong(browser: Browser) -> None:
    browser.estate.source.down = True
    assert browser.sign_in().status == 503


def test_without_forms_there_is_no_way_in(browser: Browser) -> None:
    browser.sign_in()
    browser.estate.access.sessions = None
    assert browser.sign_in().all("set-cookie") == []
    assert browser.relayed() is None


@pytest.mark.negative
def test_basic_does_not_open_web_mail(browser: Browser) -> None:
    assert browser.relayed("/owa/", basic_auth()) is None


# Where a sign-in leads


@pytest.mark.parametrize(
    "destination",
    ["/owa/", "/owa/?a=b#c", "https://mail.example.org/owa/x", "HTTPS://Mail.Example.Org/owa/", "/ecp/"],
)
def test_a_sign_in_leads_where_it_was_asked_for(browser: Browser, destination: str) -> None:
    assert browser.sign_in(destination=destination).fields["location"] == destination


@pytest.mark.negative
@pytest.mark.parametrize(
    "destination",
    [
        "https://evil.example.org/",
        "http://mail.example.org/owa/",
        "https://mail.example.org:4443/owa/",
        "https://mail.example.org.evil.org/",
        "https://mail.example.org@evil.org/",
        "https://evil.org@mail.example.org/",
        "//evil.org/",
        "///evil.org/",
        "/\\evil.org/",
        "\\\\evil.org/",
        "https:evil.org",
        "https:///evil.org",
        "javascript:alert(1)",
        "https://[",
        "evil",
        "",
        "/owa/\r\nSet-Cookie: x=y",
        "/\t/evil.org",
        "/owa/é",
    ],
)
def test_a_sign_in_never_leads_to_another_origin(browser: Browser, destination: str) -> None:
    assert browser.sign_in(destination=destination).fields["location"] == "/owa/"
    failed = location(browser.sign_in(destination=destination, password="wrong"))
    assert failed[1]["url"] == ["/owa/"]


@pytest.mark.negative
@pytest.mark.parametrize(
    "line",
    [
        b"Origin: https://evil.example.org\r\n",
        b"Origin: http://mail.example.org\r\n",
        b"Origin: null\r\n",
        b"Origin: http://[\r\n",
        b"Sec-Fetch-Site: cross-site\r\n",
        b"Sec-Fetch-Site: same-site\r\n",
    ],
)
def test_a_page_elsewhere_cannot_sign_a_browser_in(browser: Browser, line: bytes) -> None:
    answer = browser.sign_in(line)
    assert location(answer)[0] == "/owa/auth/logon.aspx"
    assert answer.all("set-cookie") == []


@pytest.mark.parametrize(
    "line", [b"Origin: https://mail.example.org\r\n", b"Sec-Fetch-Site: same-origin\r\n", b"Sec-Fetch-Site: none\r\n"]
)
def test_our_own_page_can(browser: Browser, line: bytes) -> None:
    assert browser.sign_in(line).all("set-cookie")


def test_the_origin_has_the_port_that_the_browser_came_to(estate: Estate) -> None:
    browser = Browser(estate, "localhost:8443")
    assert (
        browser.sign_in(b"Origin: https://localhost:8443\r\n", destination="https://localhost:8443/owa/").fields[
            "location"
        ]
        == "https://localhost:8443/owa/"
    )
    assert browser.sign_in(b"Origin: https://localhost\r\n").all("set-cookie") == []


# Sessions


@pytest.mark.negative
@pytest.mark.parametrize(
    "lines",
    [(b"X-Requested-With: XMLHttpRequest\r\n",), (b"Sec-Fetch-Mode: cors\r\n",), (b"Sec-Fetch-Mode: no-cors\r\n",)],
)
def test_a_script_without_a_session_hears_440_and_gets_no_page(browser: Browser, lines: tuple[bytes, ...]) -> None:
    assert browser.open("/owa/service.svc", *lines).status == 440


@pytest.mark.negative
@pytest.mark.parametrize("method", ["POST", "HEAD"])
def test_any_other_verb_without_a_session_hears_440(browser: Browser, method: str) -> None:
    answer = browser.send("/owa/service.svc", method=method).read(method.encode())[0]
    assert (answer.status, answer.head.reason) == (440, b"Login Timeout")


@pytest.mark.negative
def test_a_tampered_cookie_is_no_session(browser: Browser) -> None:
    browser.sign_in()
    token = browser.cookies["cadata"]
    browser.cookies["cadata"] = token[:-8] + ("A" if token[-8] != "A" else "B") + token[-7:]
    assert browser.relayed() is None
    browser.cookies["cadata"] = token
    assert browser.relayed() is not None


def test_another_front_end_with_the_same_secret_opens_the_session(browser: Browser, tmp_path: Path) -> None:
    browser.sign_in()
    folder = tmp_path / "other"
    folder.mkdir()
    browser.estate = Estate(folder)
    asked = browser.relayed()
    assert asked is not None
    assert asked.assertion.user == "alice@example.org"
    assert browser.estate.hashed == 0


@pytest.mark.negative
@pytest.mark.parametrize(("trusted", "idle"), [("", 15 * 60), ("4", 8 * 3600)])
def test_a_session_ends_when_it_is_idle(browser: Browser, trusted: str, idle: int) -> None:
    browser.sign_in(trusted=trusted)
    browser.estate.clock.advance(idle - 2)
    kept = dict(browser.cookies)
    assert browser.relayed() is not None
    browser.cookies = kept
    browser.estate.clock.advance(2)
    assert browser.relayed() is None


@pytest.mark.parametrize(
    ("flags", "private"), [("0", False), ("4", True), ("5", True), ("1", False), ("x", False), ("9" * 50, False)]
)
def test_the_flags_of_a_form_say_whose_computer_it_is(browser: Browser, flags: str, private: bool) -> None:
    browser.sign_in(flags=flags)
    assert browser.estate.sessions.open(browser.cookies["cadata"]).private is private


def test_activity_prolongs_a_session(browser: Browser) -> None:
    browser.sign_in()
    for _ in range(20):
        browser.estate.clock.advance(10 * 60)
        assert browser.relayed() is not None


@pytest.mark.negative
def test_a_script_that_polls_by_itself_does_not(browser: Browser) -> None:
    browser.sign_in()
    browser.estate.clock.advance(10 * 60)
    asked = browser.relayed("/owa/x", b"X-CASD-Background: 1\r\n")
    assert asked is not None
    assert "x-casd-background" not in asked.fields
    browser.estate.clock.advance(6 * 60)
    assert browser.relayed() is None


@pytest.mark.negative
def test_no_session_outlives_a_day(browser: Browser) -> None:
    browser.sign_in(trusted="4")
    for _ in range(5):
        browser.estate.clock.advance(4.5 * 3600)
        assert browser.relayed() is not None
    browser.estate.clock.advance(2 * 3600)
    assert browser.relayed() is None


@pytest.mark.negative
def test_a_changed_password_ends_every_session(browser: Browser) -> None:
    browser.sign_in()
    browser.estate.source.passwords[ALICE.guid] = Password(argon2.PasswordHasher(1, 8, 1).hash("other"))
    browser.estate.source.change()
    browser.estate.clock.advance(1)
    assert browser.relayed() is None


@pytest.mark.negative
def test_a_session_of_a_user_who_is_gone_opens_nothing(browser: Browser) -> None:
    browser.sign_in()
    browser.estate.source.mailboxes.remove(ALICE)
    browser.estate.source.change()
    browser.estate.clock.advance(1)
    assert browser.relayed() is None


@pytest.mark.parametrize("path", ["/owa/logoff.owa", "/owa/auth/logoff.aspx", "/OWA/Logoff.owa"])
def test_signing_out_empties_the_cookies(browser: Browser, path: str) -> None:
    browser.sign_in()
    path_, query = location(browser.open(path))
    assert (path_, query["reason"]) == ("/owa/auth/logon.aspx", ["1"])
    assert browser.cookies == {}


def test_a_picture_in_a_mail_does_not_sign_its_reader_out(browser: Browser) -> None:
    browser.sign_in()
    assert browser.relayed("/owa/logoff.owa", b"Sec-Fetch-Dest: image\r\n") is not None
    assert browser.cookies != {}


# Where


def test_an_explicit_logon_is_the_second_segment_of_the_path(browser: Browser) -> None:
    browser.sign_in()
    asked = browser.relayed("/owa/Carol@Example.org/inbox")
    assert asked is not None
    assert (asked.connection.server, asked.assertion.address) == ("mbx2", "carol@example.org")


@pytest.mark.negative
def test_an_address_anywhere_else_is_no_explicit_logon(browser: Browser) -> None:
    browser.sign_in()
    asked = browser.relayed("/owa/x/carol@example.org?a=carol@example.org&Email=carol@example.org")
    assert asked is not None
    assert asked.assertion.address == "alice@example.org"


@pytest.mark.negative
def test_an_explicit_logon_that_names_nobody_is_refused(browser: Browser) -> None:
    browser.sign_in()
    assert browser.open("/owa/nobody@example.org/").fields["x-caserrorcode"] == "UserNotFound"


def test_web_mail_of_another_version_is_elsewhere(browser: Browser) -> None:
    browser.sign_in()
    browser.estate.source.change(servers={"mbx1": evolve(MBX1, version=(16, 0))})
    browser.estate.clock.advance(1)
    assert browser.open("/owa/?a=b").fields["location"] == "https://mail.example.org/owa/?a=b"


def test_the_control_panel_stands_behind_the_same_sign_in(browser: Browser) -> None:
    assert location(browser.open("/ecp/", BROWSER))[0] == "/owa/auth/logon.aspx"
    browser.sign_in(username=BOB.address)
    asked = browser.relayed("/ecp/")
    assert asked is not None
    assert asked.line == "GET /ecp/"
