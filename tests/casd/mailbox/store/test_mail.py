from __future__ import annotations

from datetime import UTC, datetime

import pytest

from casd.mailbox.store import mail, mime
from casd.mailbox.store.extract import PREVIEW, SEARCHED, plain
from tests.casd.mailbox.store.world import mail as made

MIXED = b"""From: a@x\r
Subject: Files\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=o\r
\r
--o\r
Content-Type: multipart/related; boundary=r\r
\r
--r\r
Content-Type: multipart/alternative; boundary=i\r
\r
--i\r
Content-Type: text/plain; charset=iso-8859-1\r
Content-Transfer-Encoding: quoted-printable\r
\r
Gr=FC=DFe\r
--i\r
Content-Type: text/html\r
\r
<p>never seen</p>\r
--i--\r
--r\r
Content-Type: image/png\r
Content-ID: <pic@x>\r
Content-Transfer-Encoding: base64\r
\r
AAEC\r
--r--\r
--o\r
Content-Type: application/pdf\r
Content-Disposition: attachment; filename*=utf-8''%C3%84.pdf\r
Content-Transfer-Encoding: base64\r
\r
AAECAw==\r
--o\r
Content-Type: text/plain; name="=?utf-8?q?=C3=96=2Etxt?="\r
\r
a file\r
--o--\r
"""


def test_parts_are_told_apart() -> None:
    extract = mail.read(MIXED)
    assert extract.body.strip() == "Grüße"
    assert [(part.name, part.content_type, part.size, part.inline) for part in extract.parts] == [
        ("", "image/png", 3, True),
        ("Ä.pdf", "application/pdf", 4, False),
        ("Ö.txt", "text/plain", 6, False),
    ]
    assert extract.columns["has_attachments"] is True
    assert mime.part_content(MIXED, extract.parts[1].index) == b"\0\1\2\3"


def test_html_is_read_where_there_is_no_text() -> None:
    html = "<html><head><style>p {}</style></head><p>One</p><p>two <b>three</b></p><script>x()</script></html>"
    extract = mail.read(made(body=html, Content_Type="text/html; charset=utf-8"))
    assert extract.body.split() == ["One", "two", "three"]
    assert extract.columns["preview"] == "One two three"


@pytest.mark.parametrize("markup", ["", "<", "<!-- -->", "<?xml version='1.0' encoding='x'?><p>text", "\0", "&#xD800;"])
def test_no_html_is_an_error(markup: str) -> None:
    assert plain(markup) in {"", "<", "text", "\0"} or isinstance(plain(markup), str)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?b?R3LDvMOfZQ==?= and\r\n more", "Grüße and more"),
        ("Grüße raw", "Grüße raw"),
        ("=?nonsense?q?abc?=", "=?nonsense?q?abc?="),
        ("=?utf-8?b?!!!?=", "=?utf-8?b?!!!?="),
    ],
)
def test_a_subject_is_decoded(header: str, expected: str) -> None:
    assert mail.read(made(header)).columns["subject"] == expected


def test_bytes_of_no_charset_are_replaced() -> None:
    assert mail.read(b"Subject: \xff\xfe\r\n\r\n").columns["subject"] == "\N{REPLACEMENT CHARACTER}" * 2


def test_people_are_listed() -> None:
    columns = mail.read(
        b'From: "Doe, Jane" <jane@x>\r\nTo: =?utf-8?q?Andr=C3=A9=2C_Jr?= <a@x>, b@x\r\n'
        b"To: c@x\r\nCc: team: d@x;\r\n\r\n"
    ).columns
    assert columns["sender"] == "Doe, Jane <jane@x>"
    assert columns["to"] == "André, Jr <a@x>; b@x; c@x"
    assert columns["cc"] == "d@x"


def test_a_thread_has_one_conversation() -> None:
    conversation = lambda **headers: mail.read(made(**headers)).columns["conversation"]  # noqa: E731
    assert conversation(Message_ID="<1@x>") == "1@x"
    assert conversation(Message_ID="<2@x>", In_Reply_To="<1@x>") == "1@x"
    assert conversation(Message_ID="<3@x>", In_Reply_To="<2@x>", References="<1@x>\r\n <2@x>") == "1@x"
    assert conversation() == ""


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Mon, 01 Jan 2024 10:00:00 +0100", datetime(2024, 1, 1, 9, tzinfo=UTC)),
        ("Mon, 01 Jan 2024 10:00:00 -0000", datetime(2024, 1, 1, 10, tzinfo=UTC)),
        ("yesterday", None),
        ("Mon, 01 Jan 99999 10:00:00 +0100", None),
        ("", None),
    ],
)
def test_a_date_is_read_or_absent(date: str, expected: datetime | None) -> None:
    assert mail.read(made(Date=date)).columns["sent"] == expected


@pytest.mark.parametrize(
    ("headers", "importance"),
    [
        ({}, 1),
        ({"Importance": "High"}, 2),
        ({"Importance": "low"}, 0),
        ({"X-Priority": "1 (Highest)"}, 2),
        ({"X-Priority": "5"}, 0),
    ],
)
def test_importance_has_several_headers(headers: dict[str, str], importance: int) -> None:
    assert mail.read(made(**headers)).defaults["importance"] == importance


def test_sensitivity_is_read() -> None:
    assert mail.read(made(Sensitivity="Company-Confidential")).defaults["sensitivity"] == 3


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"no header at all",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
        b"Content-Type: text/plain; charset=nonsense\r\n\r\n\xfftext",
        b"Content-Type: message/rfc822\r\n\r\n",
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
        b"From: <<<>>>\r\nTo: ,,,;;;\r\nDate: \xff\r\nMessage-ID: none\r\n\r\n",
    ],
)
def test_anything_is_a_mail_and_can_get_an_attachment(content: bytes) -> None:
    mail.read(content)
    part = mail.read(MIXED).parts[1]
    longer = mime.with_part(content, part, b"\0\1\2\3")
    assert mime.part_content(longer, mail.read(longer).parts[-1].index) == b"\0\1\2\3"


def test_headers_survive_an_attachment_as_they_came() -> None:
    headers = b"X-Odd: two  spaces\r\nX-Long: " + b"word " * 50 + b"\r\nX-Raw: \xc3\xa4\xff\r\nFrom: a@x"
    odd = headers + b"\r\n\r\nbody\r\nFrom here\r\n"
    longer = mime.with_part(odd, mail.read(MIXED).parts[1], b"1")
    for line in headers.split(b"\r\n"):
        assert line in longer
    assert b"\r\nFrom here" in longer
    assert b"\n" not in longer.replace(b"\r\n", b"")


def test_what_is_indexed_and_shown_has_a_bound() -> None:
    extract = mail.read(made(body="word " * (SEARCHED // 4)))
    assert len(extract.body) == SEARCHED
    assert len(extract.columns["preview"]) == PREVIEW


def test_text_is_found_under_more_elements_than_a_tree_may_hold() -> None:
    assert plain("<div>" * 5000 + "deep") == "deep"


def test_text_of_blocks_stands_in_lines_and_scripts_are_no_text() -> None:
    assert (
        plain("<head><title>t</title></head><p>one</p><script>x()</script><div>two<br>three</div>") == "one\ntwo\nthree"
    )
