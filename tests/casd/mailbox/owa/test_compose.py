"""A message on its way out."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

from attrs import evolve

from casd.mailbox.owa.compose import Draft, File, mime
from casd.mailbox.owa.people import Person

ALICE = Person("Alice Exämple, Jr.", "alice@example.org")
BOB = Person("", "bob@example.org")
CAROL = Person("Carol", "carol@example.org")
DRAFT = Draft(ALICE, datetime(2024, 3, 9, 12, tzinfo=UTC), "id@example.org", to=(BOB,), bcc=(CAROL,), subject="Grüße")


def written(draft: Draft, *, bcc: bool = False) -> EmailMessage:
    return cast("EmailMessage", message_from_bytes(mime(draft, bcc=bcc), policy=policy.default))


def test_the_header_says_who_when_and_what() -> None:
    message = written(DRAFT)
    assert message["from"] == '"Alice Exämple, Jr." <alice@example.org>'
    assert message["to"] == "bob@example.org"
    assert message["subject"] == "Grüße"
    assert message["date"].datetime == DRAFT.date
    assert message["message-id"] == "<id@example.org>"
    assert "importance" not in message


def test_blind_copies_are_named_in_the_draft_and_nowhere_else() -> None:
    assert written(DRAFT, bcc=True)["bcc"] == "Carol <carol@example.org>"
    assert b"carol" not in mime(DRAFT, bcc=False).lower()
    assert DRAFT.recipients == ("bob@example.org", "carol@example.org")


def test_everyone_gets_one_copy() -> None:
    assert evolve(DRAFT, cc=(BOB, CAROL)).recipients == ("bob@example.org", "carol@example.org")


def test_a_subject_cannot_begin_another_header() -> None:
    message = written(evolve(DRAFT, subject="one\r\nBcc: evil@example.org"))
    assert message["subject"] == "one Bcc: evil@example.org"
    assert message["bcc"] is None


def test_a_reply_names_what_it_answers() -> None:
    message = written(evolve(DRAFT, in_reply_to="b@x", references="a@x b@x"))
    assert (message["in-reply-to"], message["references"]) == ("<b@x>", "<a@x> <b@x>")


def test_importance_is_told_when_it_is_unusual() -> None:
    assert written(evolve(DRAFT, importance=2))["importance"] == "high"
    assert written(evolve(DRAFT, importance=0))["importance"] == "low"


def test_plain_text_goes_as_it_is() -> None:
    message = written(evolve(DRAFT, text="1 < 2\nüber"))
    assert message.get_content_type() == "text/plain"
    assert message.get_content().splitlines() == ["1 < 2", "über"]


def test_html_goes_clean_and_with_its_text() -> None:
    message = written(evolve(DRAFT, html="<p onclick=x>Hello <b>you</b></p><script>alert(1)</script>"))
    assert message.get_content_type() == "multipart/alternative"
    assert message.get_body(("plain",)).get_content().strip() == "Hello you"
    assert "<p>Hello <b>you</b></p>" in message.get_body(("html",)).get_content()
    assert b"alert" not in message.as_bytes()


def test_images_in_the_text_become_parts() -> None:
    html = '<img src="data:image/png;base64,QUJD"><img src="data:image/gif;base64,A"><img src="https://a.example/i">'
    message = written(evolve(DRAFT, html=html))
    shown = message.get_body(("html",)).get_content()
    (image,) = (part for part in message.walk() if part.get_content_type() == "image/png")
    assert image.get_content() == b"ABC"
    assert f'src="cid:{image["content-id"].strip("<>")}"' in shown
    assert "data:" not in shown
    assert "https://a.example/i" in shown


def test_files_keep_their_names_types_and_bytes() -> None:
    files = (
        File("ä b.pdf", "application/pdf", b"%PDF\0\r\n"),
        File("letter.eml", "message/rfc822", b"Subject: inner\r\n\r\nText\r\n"),
        File("", "nonsense", b"x"),
        File("part", "multipart/mixed", b"y"),
    )
    first, letter, unnamed, part = written(evolve(DRAFT, text="x", files=files)).iter_attachments()
    assert (first.get_filename(), first.get_content_type(), first.get_content()) == (
        "ä b.pdf",
        "application/pdf",
        b"%PDF\0\r\n",
    )
    assert letter.get_content()["subject"] == "inner"
    assert (unnamed.get_filename(), unnamed.get_content_type()) == ("attachment", "application/octet-stream")
    assert part.get_content_type() == "application/octet-stream"
