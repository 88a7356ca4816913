"""Which part of a message is shown, and how."""

from __future__ import annotations

from email.message import EmailMessage

from casd.mailbox.owa.bodies import body, linked


def made(text: str = "plain text", html: str = "") -> EmailMessage:
    message = EmailMessage()
    message.set_content(text)
    if html:
        message.add_alternative(html, "html")
    return message


def test_of_alternatives_the_richest_is_shown() -> None:
    shown = body(made(html="<p>rich <b>text</b></p>").as_bytes())
    assert shown.html.strip() == "<p>rich <b>text</b></p>"
    assert shown.style == "plain"


def test_an_alternative_that_nobody_can_show_loses_against_text() -> None:
    message = made()
    message.add_alternative(b"BEGIN:VCALENDAR", "text", "calendar")
    assert "plain text" in body(message.as_bytes()).html


def test_an_alternative_with_images_is_richer_than_text() -> None:
    message = made(html='<img src="cid:a">')
    message.get_payload()[1].add_related(b"x", "image", "png", cid="<a>")
    shown = body(message.as_bytes(), {"a": "data:image/png;base64,eA=="}.get)
    assert shown.html.strip() == '<img src="data:image/png;base64,eA==">'


def test_all_texts_of_a_mixture_are_shown_and_no_attachment() -> None:
    message = made(html="<p>letter</p>")
    message.make_mixed()
    message.attach(made("footer of the list"))
    message.add_attachment("secret", filename="notes.txt")
    shown = body(message.as_bytes())
    assert "<p>letter</p>" in shown.html
    assert "footer of the list" in shown.html
    assert "secret" not in shown.html


def test_an_attached_message_is_not_shown_as_the_body() -> None:
    message = made("outer")
    message.add_attachment(made("inner"))
    assert "inner" not in body(message.as_bytes()).html


def test_text_keeps_its_lines_and_links_its_addresses() -> None:
    shown = body(made("See https://a.example/x?a=1&b=2.\nOr ask bob@example.org <b>").as_bytes())
    assert shown.style == "text"
    assert '<a href="https://a.example/x?a=1&amp;b=2" target="_blank"' in shown.html
    assert 'href="mailto:bob@example.org"' in shown.html
    assert ".\nOr ask" in shown.html
    assert "&lt;b&gt;" in shown.html


def test_what_text_quotes_is_a_quotation() -> None:
    assert linked("a\n> b\n>c\nd") == "a\n<blockquote>b\nc\n</blockquote>d"


def test_an_empty_message_has_an_empty_body() -> None:
    assert body(b"Subject: x\r\n\r\n").html == '<div class="text"></div>'
    assert body(b"Content-Type: application/pdf\r\n\r\nx").html == ""


def test_an_unknown_or_wrong_character_set_is_read_as_well_as_it_can_be() -> None:
    assert "gr\xfc" in body(b"Content-Type: text/plain; charset=no-such\r\n\r\ngr\xfc").html
    assert "gr\ufffd" in body(b"Content-Type: text/plain; charset=utf-8\r\n\r\ngr\xfc").html


def test_a_multipart_without_parts_does_no_harm() -> None:
    assert body(b"Content-Type: multipart/alternative; boundary=x\r\n\r\nnothing").html == ""


def test_html_with_colours_says_so() -> None:
    assert body(made(html='<p style="color:#123">x</p>').as_bytes()).style == "coloured"
