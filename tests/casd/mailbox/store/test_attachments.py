from __future__ import annotations

from email import message_from_bytes

import pytest

from casd.mailbox.store.errors import NotFound
from casd.mailbox.store.query import Search
from casd.mailbox.store.values import DeleteMode, EventKind, Item, Kind
from tests.casd.mailbox.store.world import APPOINTMENT, BOB, World, mail

DATA = bytes(range(256)) * 10


def draft(world: World, content: bytes | None = None) -> Item:
    return world.run(world.alice.items.create, world.folder("drafts"), Kind.MAIL, content or mail(), draft=True)


def test_a_mail_gets_its_attachment_into_its_mime(world: World) -> None:
    item = draft(world)
    world.told()
    added = world.run(world.alice.attachments.add, item.id, "Größe.bin", "application/x-test", DATA)
    assert (added.name, added.content_type, added.size) == ("Größe.bin", "application/x-test", 2560)
    assert not added.inline
    assert world.alice.attachments.content(added.id) == DATA
    after = world.alice.items.get(item.id)
    assert after.has_attachments
    assert after.change_key != item.change_key
    assert [event.kind for event in world.told()] == [EventKind.MODIFIED]
    message = message_from_bytes(world.alice.items.content(item.id))
    assert (message["Subject"], message.get_content_type()) == ("Hello", "multipart/mixed")
    assert [part.get_content_type() for part in message.walk()][1:] == ["text/plain", "application/x-test"]
    assert world.alice.items.text(item.id).strip() == "Some text"
    assert world.alice.items.find([world.folder("drafts")], Search("attachment:große")).total == 1


def test_ids_stay_while_others_come_and_go(world: World) -> None:
    item, attachments = draft(world), world.alice.attachments
    first, second, third = (
        world.run(attachments.add, item.id, name, "text/plain", b"the same") for name in ("a", "b", "b")
    )
    world.run(attachments.remove, first.id)
    assert [attachment.id for attachment in attachments.of(item.id)] == [second.id, third.id]
    with pytest.raises(NotFound):
        attachments.get(first.id)
    world.run(attachments.remove, second.id)
    assert [attachment.name for attachment in attachments.of(item.id)] == ["b"]
    assert not world.run(attachments.remove, third.id).has_attachments


def test_an_inline_picture_is_no_paper_clip(world: World) -> None:
    item = draft(world)
    added = world.run(
        world.alice.attachments.add, item.id, "logo.png", "image/png", DATA, content_id="logo@x", inline=True
    )
    assert (added.inline, added.content_id) == (True, "logo@x")
    assert not world.alice.items.get(item.id).has_attachments


def test_an_attached_message_comes_back(world: World) -> None:
    item, inner = draft(world), mail("Inner", "deep")
    added = world.run(world.alice.attachments.add, item.id, "", "message/rfc822", inner)
    assert (added.content_type, added.name) == ("message/rfc822", "Inner")
    assert world.alice.attachments.content(added.id) == inner
    assert world.alice.items.get(item.id).subject == "Hello"


def test_a_strange_name_or_type_forges_no_header(world: World) -> None:
    item = draft(world)
    name, content_type, content_id = "a\r\nBcc: eve@example.org", "text/x\r\nEvil: yes", "\r\nX: 1"
    added = world.run(world.alice.attachments.add, item.id, name, content_type, b"1", content_id=content_id)
    assert added.content_type == "application/octet-stream"
    content = world.alice.items.content(item.id)
    for forged in (b"\nBcc:", b"\nEvil:", b"\nX:"):
        assert forged not in content


def test_an_appointment_keeps_its_attachments_beside(world: World) -> None:
    item = world.run(world.alice.items.create, world.folder("calendar"), Kind.APPOINTMENT, APPOINTMENT)
    attachments = world.alice.attachments
    added = world.run(attachments.add, item.id, "plan.bin", "application/x-test", DATA)
    assert attachments.content(added.id) == DATA
    assert world.alice.items.content(item.id) == APPOINTMENT
    assert world.alice.items.get(item.id).has_attachments
    assert world.run(world.alice.items.update, item.id, APPOINTMENT.replace(b"Planning", b"Plan")).subject == "Plan"
    assert [attachment.id for attachment in attachments.of(item.id)] == [added.id]
    assert not world.run(attachments.remove, added.id).has_attachments


def test_a_copy_has_attachments_of_its_own(world: World) -> None:
    item = draft(world)
    world.run(world.alice.attachments.add, item.id, "a", "application/x-test", DATA)
    copy = world.run(world.alice.items.copy, item.id, world.folder("inbox"))
    (copied,) = world.alice.attachments.of(copy.id)
    world.run(world.alice.items.delete, item.id, DeleteMode.HARD)
    assert world.alice.attachments.content(copied.id) == DATA


def test_one_mailbox_does_not_reach_anothers_attachments(world: World) -> None:
    added = world.run(world.alice.attachments.add, draft(world).id, "a", "text/plain", b"1")
    bob = world.open(BOB, "bob@example.org")
    with pytest.raises(NotFound):
        bob.attachments.content(added.id)
    with pytest.raises(NotFound):
        world.alice.attachments.of("nothing")


def test_a_mail_that_is_one_attachment_can_lose_it(world: World) -> None:
    content = mail(Content_Type='application/pdf; name="a.pdf"', Content_Disposition="attachment", Mime_Version="1.0")
    item = draft(world, content)
    (only,) = world.alice.attachments.of(item.id)
    assert only.name == "a.pdf"
    world.run(world.alice.attachments.add, item.id, "b", "text/plain", b"more")
    world.run(world.alice.attachments.remove, world.alice.attachments.of(item.id)[0].id)
    assert [left.name for left in world.alice.attachments.of(item.id)] == ["b"]


def test_a_lone_part_is_emptied_when_it_is_removed(world: World) -> None:
    item = draft(world, mail(Content_Type="application/pdf", Content_Disposition="attachment; filename=a.pdf"))
    (only,) = world.alice.attachments.of(item.id)
    world.run(world.alice.attachments.remove, only.id)
    assert b"Some text" not in world.alice.items.content(item.id)
