"""Replies and forwards."""

from __future__ import annotations

import pytest

from tests.casd.mailbox.ews.conversation import Answer, Client
from tests.casd.mailbox.store.world import World, mail

_FILE = "Content-Type: text/plain; name=f.txt\r\nContent-Disposition: attachment\r\n\r\nfile\r\n"
_MIXED = f"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\n{_FILE}--b--\r\n"


@pytest.fixture
def original(client: Client, world: World) -> str:
    people = {
        "From": "Bob <bob@example.org>",
        "To": "alice@example.org, Cid <cid@example.org>",
        "Cc": "dan@example.org",
    }
    mixed = 'multipart/mixed; boundary="b"'
    world.run(world.alice.deliver, mail("Plan", _MIXED, **people, Message_ID="<1@x>", Content_Type=mixed))
    return client.find().id()


def respond(client: Client, kind: str, item: str, held: str = "", mode: str = "SaveOnly") -> Answer:
    reference = item.replace("t:ItemId", "t:ReferenceItemId")
    new = '<t:NewBodyContent BodyType="Text">new</t:NewBodyContent>'
    return client.create(f"<t:{kind}>{held}{reference}{new}</t:{kind}>", folder="drafts", MessageDisposition=mode)


def addresses(found: Answer, path: str) -> list[str]:
    return found.texts(f"t:{path}/t:Mailbox/t:EmailAddress")


def test_a_reply_goes_to_the_author_in_the_same_thread(client: Client, original: str) -> None:
    found = client.get(respond(client, "ReplyToItem", original).id())
    assert (found.text("t:Subject"), found.text("t:InReplyTo")) == ("RE: Plan", "<1@x>")
    assert addresses(found, "ToRecipients") == ["bob@example.org"]
    assert found.text("t:Body").startswith("new")
    assert found.text("t:Body").endswith("hello")
    conversations = {client.get(item).one("t:ConversationId").get("Id") for item in (original, found.id())}
    assert len(conversations) == 1


def test_a_reply_to_all_goes_to_everybody_else(client: Client, original: str) -> None:
    found = client.get(respond(client, "ReplyAllToItem", original).id())
    assert addresses(found, "ToRecipients") == ["bob@example.org", "cid@example.org"]
    assert addresses(found, "CcRecipients") == ["dan@example.org"]


def test_a_forward_brings_the_attachments(client: Client, original: str) -> None:
    to = "<t:ToRecipients><t:Mailbox><t:EmailAddress>eve@example.org</t:EmailAddress></t:Mailbox></t:ToRecipients>"
    answer = respond(client, "ForwardItem", original, f"<t:Subject>Look</t:Subject>{to}", "SendAndSaveCopy")
    assert answer.codes == ["NoError"]
    ((_, recipients, content),) = client.sent
    assert (recipients, b"f.txt" in content, b"Look" in content) == (("eve@example.org",), True, True)


def test_html_stays_html(client: Client, world: World) -> None:
    world.run(world.alice.deliver, mail("h", "<b>bold</b>", From="bob@example.org", Content_Type="text/html"))
    found = client.get(respond(client, "ReplyToItem", client.find().id()).id())
    assert "<pre>new</pre>" in found.text("t:Body")
    assert "<b>bold</b>" in found.text("t:Body")


def test_what_is_no_message_is_not_answered(client: Client, original: str) -> None:
    task = client.create("<t:Task/>", folder="tasks").id()
    assert respond(client, "ReplyToItem", task).codes == ["ErrorInvalidOperation"]
    assert client.create("<t:ForwardItem/>", folder="drafts").codes == ["ErrorRequiredPropertyMissing"]
    client.ask(f'<m:DeleteItem DeleteType="HardDelete"><m:ItemIds>{original}</m:ItemIds></m:DeleteItem>')
    assert respond(client, "ReplyToItem", original).codes == ["ErrorItemNotFound"]
