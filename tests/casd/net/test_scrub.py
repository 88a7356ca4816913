"""What passes a front door, and what only a front door may say."""

from __future__ import annotations

import pytest

from casd.net.scrub import request_lines, response_lines, trailers
from protocols.http1 import Field, RequestHead, ResponseHead, parse_target


def fields(*pairs: tuple[str, str]) -> list[Field]:
    return [(name.lower().encode(), name.encode(), value.encode()) for name, value in pairs]


def passed(*pairs: tuple[str, str]) -> str:
    """Return what a backend sees of a client's fields."""
    head = RequestHead(b"GET", parse_target(b"/"), 1, fields(*pairs), 0, True)
    return request_lines(head).decode()


def returned(*pairs: tuple[str, str]) -> str:
    """Return what a client sees of a backend's fields."""
    return response_lines(ResponseHead(200, b"OK", 1, fields(*pairs), 0, False, True)).decode()


OWNED = [
    "X-CommonAccessToken",
    "X-IsFromCafe",
    "X-SourceCafeServer",
    "msExchProxyUri",
    "msExchLogonMailbox",
    "X-MSExchangeActivityCtx",
    "return-client-request-id",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Proto",
    "Forwarded",
    "X-Real-IP",
    "X-FE-ClientIP",
    "X-Backend-Diag-Anything",
    "X-BackEndOverrideCookie",
    "X-BEResource",
    "X-AnonResource",
    "X-AnonResource-Backend",
    "X-CASD-Identity",
    "X-CASD-Background",
    "Authorization",
    "Proxy-Authorization",
    "Host",
    "request-id",
    "Expect",
    "Content-Length",
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
]


@pytest.mark.negative
@pytest.mark.parametrize("name", OWNED)
@pytest.mark.parametrize("spell", [str, str.lower, str.upper, lambda name: name.replace("-", "_")])
def test_a_client_cannot_say_what_only_the_front_end_may_say(name: str, spell: object) -> None:
    spelled = spell(name)  # type: ignore[operator]
    assert passed((spelled, "chunked"), ("X-Other", "kept"), (spelled, "keep-alive")) == "X-Other: kept\r\n"


@pytest.mark.parametrize(
    "name",
    ["User-Agent", "Accept", "SOAPAction", "X-AnchorMailbox", "X-RequestId", "X-ClientInfo", "MS-ASProtocolVersion",
     "Range", "If-None-Match", "client-request-id", "Content-Type", "Content-Encoding", "X-PreferServerAffinity"],
)  # fmt: skip
def test_what_is_the_clients_own_passes_as_it_came(name: str) -> None:
    assert passed((name, "a  b")) == f"{name}: a  b\r\n"


COOKIES = [
    "cadata", "cadataTTL", "cadataKey", "cadataIV", "cadataSig", "X-BackEndCookie", "X-BackEndOverrideCookie",
    "X-BEResource", "X-AnonResource-Backend", "X-AnonResource", "SecurityToken",
]  # fmt: skip


@pytest.mark.negative
@pytest.mark.parametrize("name", COOKIES)
@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
def test_a_cookie_of_the_front_end_never_reaches_a_backend(name: str, spell: object) -> None:
    spelled = spell(name)  # type: ignore[operator]
    assert passed(("Cookie", f"a=1; {spelled}=x;b=2;{spelled} = y")) == "Cookie: a=1; b=2\r\n"
    assert passed(("cookie", f"{spelled}=mbx9~1")) == ""


def test_cookies_of_the_backend_pass_untouched() -> None:
    value = "MapiContext=a==; MapiSequence=1-x; exchangecookie=3; ClientId=4"
    assert passed(("Cookie", value)) == f"Cookie: {value}\r\n"


@pytest.mark.negative
def test_fields_that_connection_names_end_here_in_both_directions() -> None:
    named = ("Connection", "close, X-Once"), ("Connection", "X-Twice")
    assert passed(("X-Once", "1"), ("X-Twice", "1"), *named, ("X-Other", "2")) == "X-Other: 2\r\n"
    assert returned(("Connection", "x-once"), ("X-Once", "1"), ("X-Other", "2")) == "X-Other: 2\r\n"


@pytest.mark.negative
@pytest.mark.parametrize(
    "name",
    ["X-CASD-Served", "x-casd-active-server", "X-FEServer", "X-CalculatedBETarget", "X-BackEndHttpStatus", "request-id",
     "Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Upgrade", "Trailer"],
)  # fmt: skip
def test_a_backend_cannot_say_what_only_the_front_end_may_say(name: str) -> None:
    assert returned((name, "5"), ("X-BEServer", "mbx1"), (name.upper(), "6")) == "X-BEServer: mbx1\r\n"


def test_what_is_the_backends_own_passes_as_it_came() -> None:
    pairs = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-DiagInfo", "mbx1"), ("WWW-Authenticate", "Basic")]
    assert returned(*pairs) == "".join(f"{name}: {value}\r\n" for name, value in pairs)


@pytest.mark.negative
@pytest.mark.parametrize("name", [*OWNED, "Cookie", "Set-Cookie"])
def test_trailers_that_frame_route_or_authenticate_are_dropped(name: str) -> None:
    assert trailers(fields((name, "x"), ("X-Sum", "7"))) == fields(("X-Sum", "7"))
