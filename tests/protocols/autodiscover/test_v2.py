"""JSON (reference: 5.5, as Exchange and gromox are seen to answer)."""

from __future__ import annotations

import json

import pytest

from protocols.autodiscover import v2
from protocols.autodiscover.v2 import MISSING_PARAMETER, MISSING_PROTOCOL, NOT_FOUND, NOT_SUPPORTED, Question, Refusal

PATH = "/autodiscover/autodiscover.json"


@pytest.mark.parametrize(
    ("path", "query", "asked"),
    [
        (PATH, "Email=alice@example.org&Protocol=Ews", Question("alice@example.org", "Ews")),
        (PATH, "email=alice%40example.org&protocol=EWS", Question("alice@example.org", "Ews")),
        (f"{PATH}/v1.0/alice@example.org", "Protocol=activesync", Question("alice@example.org", "ActiveSync")),
        (
            "/Autodiscover/Autodiscover.json/V1.0/alice@example.org",
            "Protocol=AutodiscoverV1&RedirectCount=3",
            Question("alice@example.org", "AutodiscoverV1", 3),
        ),
        (PATH, "Email=alice+x@example.org&Protocol=Rest", Question("alice+x@example.org", "Rest")),
        (PATH, "Email=a@b&Protocol=Ews&RedirectCount=-1", Question("a@b", "Ews", 10)),
        (PATH, "", MISSING_PARAMETER),
        (PATH, "Protocol=Ews", MISSING_PARAMETER),
        (PATH, "Email=alice&Protocol=Ews", MISSING_PARAMETER),
        (PATH, "Email=@example.org&Protocol=Ews", MISSING_PARAMETER),
        (PATH, f"Email={'a' * 320}@example.org&Protocol=Ews", MISSING_PARAMETER),
        (PATH, "Email=a%0Ab@example.org&Protocol=Ews", MISSING_PARAMETER),
        (PATH, "&".join(f"x{n}=1" for n in range(99)) + "&Email=a@b&Protocol=Ews", MISSING_PARAMETER),
        (f"{PATH}/v9.0/a@b", "Protocol=Ews", MISSING_PARAMETER),
        (PATH, "Email=a@b", MISSING_PROTOCOL),
        (PATH, "Email=a@b&Protocol=", MISSING_PROTOCOL),
        (PATH, "Email=a@b&Protocol=Gopher", NOT_SUPPORTED),
    ],
)
def test_5_5_a_question(path: str, query: str, asked: Question | Refusal) -> None:
    assert v2.parse(path, query) == asked


def test_5_5_an_answer_has_protocol_and_url() -> None:
    assert json.loads(v2.answer("Ews", "https://x/")) == {"Protocol": "Ews", "Url": "https://x/"}


@pytest.mark.parametrize(
    ("refused", "status"), [(MISSING_PARAMETER, 400), (MISSING_PROTOCOL, 400), (NOT_SUPPORTED, 400), (NOT_FOUND, 404)]
)
def test_5_5_an_error_has_code_message_and_status(refused: Refusal, status: int) -> None:
    assert json.loads(v2.refusal(refused)) == {"ErrorCode": refused.code, "ErrorMessage": refused.words}
    assert refused.status == status


def test_5_5_another_organisation_is_asked_the_same_and_told_how_often() -> None:
    asked = Question("alice+x@example.org", "Ews", 9)
    url = v2.question("https://there.example", asked)
    path, _, query = url.removeprefix("https://there.example").partition("?")
    assert v2.parse(path, query) == Question("alice+x@example.org", "Ews", 10)
    assert v2.may_go_on(asked)
    assert not v2.may_go_on(Question("a@b", "Ews", 10))
