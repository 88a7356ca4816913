"""Messages that are being written."""

from __future__ import annotations

from collections.abc import Sequence
from email import message_from_bytes, policy
from typing import Any

import pytest

from casd.mailbox.call import Receipt
from casd.mailbox.store.values import DeleteMode
from tests.casd.mailbox.owa.conversation import CANARY, Answer, Browser
from tests.casd.mailbox.store.world import World, mail

BOB = {"name": "Bob", "address": "bob@example.org"}
CAROL = {"name": "", "address": "carol@example.org"}


def content(world: World, item: str) -> Any:
    return message_from_bytes(world.run(world.alice.items.content, item), policy=policy.default)


def attach(browser: Browser, item: str, name: str, data: bytes) -> Answer:
    headers = {"X-OWA-Canary": CANARY, "Cookie": f"__Host-X-OWA-Canary={CANARY}", "Content-Type": "text/csv"}
    return browser.ask("POST", f"/owa/service.svc?action=CreateAttachment&item={item}&name={name}", data, headers)


def test_a_draft_is_saved_once_and_then_in_its_place(browser: Browser, world: World) -> None:
    first = browser.act("SaveItem", {"subject": "Half", "html": "<p>a</p>", "to": [BOB], "bcc": [CAROL]}).json
    identifier = content(world, first["id"])["message-id"]
    again = browser.act("SaveItem", {"id": first["id"], "subject": "Whole", "html": "<p>b</p>", "importance": 2}).json
    assert again["id"] == first["id"]
    found = browser.act("FindItem", {"folder": world.folder("drafts")}).json["items"]
    assert [(item["subject"], item["draft"], item["read"], item["importance"]) for item in found] == [
        ("Whole", True, True, 2)
    ]
    assert content(world, first["id"])["message-id"] == identifier


def test_a_draft_names_its_blind_copies(browser: Browser, world: World) -> None:
    saved = browser.act("SaveItem", {"text": "x", "bcc": [CAROL]}).json
    assert browser.act("GetItem", {"id": saved["id"]}).json["bcc"] == [CAROL]


def test_a_draft_in_plain_text_comes_back_as_plain_text(browser: Browser) -> None:
    plain = browser.act("SaveItem", {"html": None, "text": "1 < 2\n"}).json["id"]
    assert browser.act("GetItem", {"id": plain}).json["text"].strip() == "1 < 2"
    browser.act("SaveItem", {"id": plain, "html": "<p>rich</p>"})
    assert "text" not in browser.act("GetItem", {"id": plain}).json


def test_a_draft_that_was_thrown_away_elsewhere_is_saved_anew(browser: Browser) -> None:
    saved = browser.act("SaveItem", {"text": "x"}).json
    browser.act("DiscardItem", {"id": saved["id"]})
    again = browser.act("SaveItem", {"id": saved["id"], "text": "x"}).json
    assert again["id"] != saved["id"]


def test_what_is_no_draft_is_neither_replaced_nor_discarded(browser: Browser, world: World) -> None:
    item = world.run(world.alice.deliver, mail()).id
    for action in ("SaveItem", "DiscardItem"):
        assert browser.act(action, {"id": item}).status == 400
    assert attach(browser, item, "a.csv", b"x").status == 400
    assert world.run(world.alice.items.content, item) == mail()


def test_files_are_added_kept_and_taken_away(browser: Browser, world: World) -> None:
    saved = browser.act("SaveItem", {"html": "<p>x"}).json["id"]
    one = attach(browser, saved, "%C3%BC.csv", b"1;2").json["attachment"]
    two = attach(browser, saved, "b.csv", b"3;4").json["attachment"]
    assert (one["name"], one["type"], one["size"]) == ("ü.csv", "text/csv", 3)
    kept = browser.act("SaveItem", {"id": saved, "html": "<p>y", "attachments": [one["id"], two["id"]]}).json
    assert [file["name"] for file in kept["attachments"]] == ["ü.csv", "b.csv"]
    left = browser.act("SaveItem", {"id": saved, "html": "<p>y", "attachments": [kept["attachments"][1]["id"]]}).json
    assert [file["name"] for file in left["attachments"]] == ["b.csv"]
    (part,) = content(world, saved).iter_attachments()
    assert part.get_content() == "3;4"


def test_a_file_that_makes_the_message_too_large_is_refused(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = browser.act("SaveItem", {"text": "x"}).json["id"]
    monkeypatch.setattr("casd.mailbox.owa.drafts.MAX_MESSAGE", 1000)
    answer = attach(browser, saved, "a.csv", b"x" * 900)
    assert (answer.status, answer.json["error"]) == (400, "ErrorInvalidRequest")


def test_a_message_that_is_too_large_is_refused(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casd.mailbox.owa.drafts.MAX_MESSAGE", 1000)
    answer = browser.act("SaveItem", {"html": "x" * 600})
    assert answer.status == 400
    assert "larger" in answer.json["message"]


def test_a_message_is_sent_without_its_blind_copies_and_kept_with_them(browser: Browser, world: World) -> None:
    answer = browser.act("SendItem", {"to": [BOB], "bcc": [CAROL], "subject": "Hello", "html": "<p>Hi</p>"})
    assert answer.json == {"failed": []}
    ((sender, recipients, mime),) = browser.sent
    assert (sender, recipients) == ("alice@example.org", ("bob@example.org", "carol@example.org"))
    assert b"carol" not in mime
    (kept,) = browser.act("FindItem", {"folder": world.folder("sentitems")}).json["items"]
    assert (kept["draft"], kept["read"]) == (False, True)
    assert content(world, kept["id"])["bcc"] == "carol@example.org"
    assert browser.act("FindItem", {"folder": world.folder("drafts")}).json["total"] == 0


def test_when_nobody_can_be_reached_the_draft_stays(browser: Browser, world: World) -> None:
    browser.unreachable["bob@example.org"] = "no such mailbox"
    answer = browser.act("SendItem", {"to": [BOB], "text": "x"})
    assert (answer.status, answer.json["error"]) == (502, "ErrorInvalidRecipients")
    assert answer.json["message"] == "bob@example.org: no such mailbox"
    assert browser.act("FindItem", {"folder": world.folder("drafts")}).json["total"] == 1


def test_when_somebody_cannot_be_reached_they_are_named(browser: Browser, world: World) -> None:
    browser.unreachable["carol@example.org"] = "mailbox full"
    answer = browser.act("SendItem", {"to": [BOB, CAROL], "text": "x"})
    assert answer.json == {"failed": [{"address": "carol@example.org", "reason": "mailbox full"}]}
    assert browser.act("FindItem", {"folder": world.folder("sentitems")}).json["total"] == 1


def test_a_reply_belongs_to_the_thread_and_marks_what_it_answers(browser: Browser, world: World) -> None:
    source = world.run(world.alice.deliver, mail(Message_ID="<b@x>", References="<a@x>")).id
    draft = browser.act("SaveItem", {"text": "x", "source": source, "verb": "reply"}).json["id"]
    browser.act("SendItem", {"id": draft, "to": [BOB], "text": "y", "source": source, "verb": "reply"})
    sent = message_from_bytes(browser.sent[0][2])
    assert (sent["In-Reply-To"], sent["References"]) == ("<b@x>", "<a@x> <b@x>")
    assert browser.act("GetItem", {"id": source}).json["verb"] == "reply"


def test_a_forward_begins_a_thread_of_its_own(browser: Browser, world: World) -> None:
    source = world.run(world.alice.deliver, mail(Message_ID="<b@x>")).id
    browser.act("SendItem", {"to": [BOB], "text": "x", "source": source, "verb": "forward"})
    assert message_from_bytes(browser.sent[0][2])["In-Reply-To"] is None
    assert browser.act("GetItem", {"id": source}).json["verb"] == "forward"


def test_a_message_that_is_thrown_away_while_it_is_sent_is_sent_all_the_same(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = browser.act("SaveItem", {"text": "x"}).json["id"]

    async def submit(sender: str, recipients: Sequence[str], mime: bytes) -> list[Receipt]:
        await world.database.run(world.alice.items.delete, draft, DeleteMode.HARD)
        return [Receipt(each, delivered=True) for each in recipients]

    monkeypatch.setattr(browser, "_submit", submit)
    assert browser.act("SendItem", {"id": draft, "to": [BOB], "text": "x"}).json == {"failed": []}
    (sent,) = browser.act("FindItem", {"folder": world.folder("sentitems")}).json["items"]
    assert (sent["preview"], sent["read"], sent["draft"]) == ("x", True, False)


def test_a_reply_is_sent_though_its_source_is_gone(browser: Browser) -> None:
    answer = browser.act("SendItem", {"to": [BOB], "text": "x", "source": "gone", "verb": "reply"})
    assert answer.json == {"failed": []}


def test_the_editor_begins_with_what_is_answered(browser: Browser, world: World) -> None:
    source = world.run(world.alice.deliver, mail(body="line <one>\nline two", Cc="Carol <carol@example.org>")).id

    def begun(verb: str) -> str:
        answer = browser.get(f"/owa/editor.htm?verb={verb}&id={source}")
        assert "img-src data:;" in answer.header("content-security-policy")
        return answer.body.decode().partition("<body>")[2]

    assert begun("new") == "<p><br></p></body></html>"
    assert "Bob &lt;bob@example.org&gt; wrote:" in begun("reply")
    assert "line &lt;one&gt;<br>line two" in begun("reply")
    assert "Cc</b>: Carol &lt;carol@example.org&gt;" in begun("forward")
    assert "<blockquote" not in begun("forward")
    assert begun("draft").startswith("<div>line")


def test_the_editor_shows_a_coloured_message_on_white(browser: Browser, world: World) -> None:
    source = world.run(world.alice.deliver, mail(body='<p style="color:#111">x</p>', Content_Type="text/html")).id
    assert b'<html class="editor coloured"' in browser.get(f"/owa/editor.htm?verb=reply&id={source}").body


def test_an_image_in_a_draft_comes_back_into_the_text(browser: Browser, world: World) -> None:
    saved = browser.act("SaveItem", {"html": '<img src="data:image/png;base64,QUJD">'}).json
    assert saved["attachments"] == []
    assert b'src="data:image/png;base64,QUJD"' in browser.get(f"/owa/editor.htm?verb=draft&id={saved['id']}").body


def test_too_many_images_are_left_out(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = browser.act("SaveItem", {"html": '<img src="data:image/png;base64,QUJD">'}).json
    monkeypatch.setattr("casd.mailbox.owa.documents._MAX_INLINE", 2)
    assert b"data:image" not in browser.get(f"/owa/message.htm?id={saved['id']}").body
