from __future__ import annotations

from base64 import b64encode

import pytest

from casd.mailbox.store.values import DeleteMode
from tests.casd.mailbox.ews.conversation import Client, change, properties
from tests.casd.mailbox.store.world import World

_BOB = "<t:ToRecipients><t:Mailbox><t:EmailAddress>bob@example.org</t:EmailAddress></t:Mailbox></t:ToRecipients>"
MESSAGE = f'<t:Message><t:Subject>Hi</t:Subject><t:Body BodyType="Text">text</t:Body>{_BOB}</t:Message>'
_FILE = "<t:FileAttachment><t:Name>a.txt</t:Name><t:Content>YQ==</t:Content></t:FileAttachment>"


def test_a_saved_message_is_a_draft_of_its_owner(client: Client) -> None:
    made = client.create(MESSAGE)
    assert made.codes == ["NoError"]
    found = client.get(made.id())
    assert (found.text("t:IsDraft"), found.text("t:IsRead"), found.text("t:IsFromMe")) == ("true", "true", "true")
    assert found.text("t:From/t:Mailbox/t:EmailAddress") == "alice@example.org"
    assert found.text("t:InternetMessageId").endswith("@example.org>")


def test_an_item_without_a_folder_goes_where_its_kind_is_at_home(client: Client) -> None:
    task = "<t:Task><t:Subject>do</t:Subject></t:Task>"
    contact = "<t:Contact><t:GivenName>Ann</t:GivenName></t:Contact>"
    note = "<t:Item><t:Subject>note</t:Subject></t:Item>"
    start = "<t:CalendarItem><t:Start>2026-01-01T10:00:00Z</t:Start></t:CalendarItem>"
    assert client.create(MESSAGE + task + contact + note + start, folder="").codes == ["NoError"] * 5
    for folder in ("drafts", "tasks", "contacts", "notes", "calendar"):
        assert len(client.find(folder).all("t:ItemId")) == 1


def test_each_item_is_answered_for_itself(client: Client) -> None:
    answer = client.create(
        "<t:Message><t:Size>5</t:Size></t:Message><t:SharingMessage/><t:CalendarItem/>"
        "<t:CalendarItem><t:Start>2026-01-02T00:00:00Z</t:Start><t:End>2026-01-01T00:00:00Z</t:End></t:CalendarItem>"
        "<t:Message><t:Attachments><t:FileAttachment><t:Name>a</t:Name></t:FileAttachment></t:Attachments></t:Message>"
        "<t:CalendarItem><t:MimeContent>YQ==</t:MimeContent></t:CalendarItem>"
        f"{MESSAGE}"
    )
    assert answer.codes == [
        "ErrorInvalidPropertySet",
        "ErrorInvalidRequest",
        "ErrorRequiredPropertyMissing",
        "ErrorCalendarEndDateIsEarlierThanStartDate",
        "ErrorRequiredPropertyMissing",
        "ErrorMimeContentInvalid",
        "NoError",
    ]
    assert client.create(MESSAGE, folder="moon").codes == ["ErrorFolderNotFound"]


def test_mime_is_taken_as_it_stands(client: Client) -> None:
    mime = "<t:MimeContent>U3ViamVjdDogbmV3DQoNCmJvZHkNCg==</t:MimeContent>"
    made = client.create(f"<t:Message>{mime}</t:Message>")
    found = client.get(made.id())
    assert (found.text("t:Subject"), found.all("t:From")) == ("new", [])
    both = f"<t:Message>{mime}<t:Subject>newer</t:Subject></t:Message>"
    assert client.get(client.create(both).id()).text("t:Subject") == "newer"


def test_attachments_come_with_their_item_and_are_answered_with_ids(client: Client) -> None:
    for kind in ("Message", "Task"):
        made = client.create(f"<t:{kind}><t:Subject>x</t:Subject><t:Attachments>{_FILE}</t:Attachments></t:{kind}>")
        assert len(made.all("t:AttachmentId")) == 1
        found = client.get(made.id())
        assert (found.text("t:HasAttachments"), found.text("t:FileAttachment/t:Name")) == ("true", "a.txt")


def test_a_sent_message_goes_out_and_a_copy_stays(client: Client) -> None:
    answer = client.create(MESSAGE, folder="", MessageDisposition="SendAndSaveCopy")
    assert (answer.codes, answer.all("t:ItemId")) == (["NoError"], [])
    ((sender, recipients, mime),) = client.sent
    assert (sender, recipients) == ("alice@example.org", ("bob@example.org",))
    assert b"Subject: Hi\r\n" in mime
    copy = client.find("sentitems", more=properties("item:IsDraft", "message:IsRead"))
    assert (copy.text("t:IsDraft"), copy.text("t:IsRead")) == ("false", "true")


def test_a_message_may_be_sent_without_a_copy(client: Client) -> None:
    assert client.create(MESSAGE, folder="", MessageDisposition="SendOnly").codes == ["NoError"]
    assert len(client.sent) == 1
    for folder in ("sentitems", "outbox", "drafts"):
        assert client.find(folder).all("t:ItemId") == []


@pytest.mark.negative
def test_blind_recipients_are_sent_to_and_not_told(client: Client) -> None:
    blind = MESSAGE.replace("ToRecipients", "BccRecipients")
    assert client.create(blind, folder="", MessageDisposition="SendAndSaveCopy").codes == ["NoError"]
    ((_, recipients, mime),) = client.sent
    assert (recipients, b"bob@example.org" in mime) == (("bob@example.org",), False)
    assert client.get(client.find("sentitems").id()).texts("t:BccRecipients/t:Mailbox/t:Name") == ["bob@example.org"]


@pytest.mark.negative
def test_a_message_needs_recipients_and_its_own_sender(client: Client) -> None:
    other = "<t:From><t:Mailbox><t:EmailAddress>bob@example.org</t:EmailAddress></t:Mailbox></t:From></t:Message>"
    for item, code in (
        ("<t:Message><t:Subject>x</t:Subject></t:Message>", "ErrorInvalidRecipients"),
        (MESSAGE.replace("bob@example.org", "bob"), "ErrorInvalidRecipients"),
        (MESSAGE.replace("bob@example.org", "b ob@x@y"), "ErrorInvalidRecipients"),
        (MESSAGE.replace("</t:Message>", other), "ErrorSendAsDenied"),
    ):
        assert client.create(item, folder="", MessageDisposition="SendAndSaveCopy").codes == [code]
    for header in ("From: bob@example.org", "From: alice@example.org, bob@example.org", "Sender: bob@example.org"):
        mime = b64encode(f"From: alice@example.org\r\nTo: bob@example.org\r\n{header}\r\n\r\n".encode()).decode()
        item = f"<t:Message><t:MimeContent>{mime}</t:MimeContent></t:Message>"
        assert client.create(item, folder="", MessageDisposition="SendOnly").codes == ["ErrorSendAsDenied"]
    assert client.sent == []


def test_a_message_says_by_whom_it_is(client: Client) -> None:
    mime = b64encode(b"To: bob@example.org\r\n\r\ntext").decode()
    item = f"<t:Message><t:MimeContent>{mime}</t:MimeContent></t:Message>"
    assert client.create(item, folder="", MessageDisposition="SendOnly").codes == ["NoError"]
    assert b"From: Alice <alice@example.org>\r\n" in client.sent[0][2]


def test_who_is_not_reached_is_reported(client: Client, world: World) -> None:
    client.unreachable["bob@example.org"] = "550 5.1.1 nobody\r\nhere ü"
    assert client.create(MESSAGE, folder="", MessageDisposition="SendAndSaveCopy").codes == ["NoError"]
    report = client.get(client.find("inbox").id(), more="<t:IncludeMimeContent>true</t:IncludeMimeContent>")
    assert report.text("t:Subject") == "Undeliverable: Hi"
    assert "bob@example.org: 550 5.1.1 nobody here ?" in report.text("t:Body")
    content = world.run(lambda: world.alice.items.content(world.alice.items.find([world.folder("inbox")]).items[0].id))
    assert b"Content-Type: message/delivery-status" in content
    assert b"Final-Recipient: rfc822; bob@example.org\r\nAction: failed\r\nStatus: 5.1.1" in content
    assert b"Content-Type: text/rfc822-headers" in content
    assert len(client.find("sentitems").all("t:ItemId")) == 1


def test_what_did_not_arrive_can_be_sent_again_though_no_copy_was_wanted(client: Client) -> None:
    client.unreachable["bob@example.org"] = "no front door"
    assert client.create(MESSAGE, folder="", MessageDisposition="SendOnly").codes == ["NoError"]
    assert client.find("outbox").all("t:ItemId") == []
    assert client.get(client.find("deleteditems").id()).text("t:Subject") == "Hi"


def send(client: Client, item: str, *, keep: bool = True, folder: str = "") -> list[str]:
    target = f"<m:SavedItemFolderId>{folder}</m:SavedItemFolderId>" if folder else ""
    attribute = "true" if keep else "false"
    return client.ask(
        f'<m:SendItem SaveItemToFolder="{attribute}"><m:ItemIds>{item}</m:ItemIds>{target}</m:SendItem>'
    ).codes


def test_a_draft_is_sent_and_moves_to_where_it_is_kept(client: Client) -> None:
    assert send(client, client.create(MESSAGE, "drafts").id()) == ["NoError"]
    assert send(client, client.create(MESSAGE, "drafts").id(), keep=False) == ["NoError"]
    inbox = '<t:DistinguishedFolderId Id="inbox"/>'
    assert send(client, client.create(MESSAGE, "drafts").id(), folder=inbox) == ["NoError"]
    counts = [len(client.find(folder).all("t:ItemId")) for folder in ("drafts", "sentitems", "outbox", "inbox")]
    assert (counts, len(client.sent)) == ([0, 1, 0, 1], 3)


def test_only_the_present_version_of_a_message_is_sent(client: Client) -> None:
    item = client.create(MESSAGE, "drafts").id()
    keyless = f"{item.partition(' ChangeKey')[0]}/>"
    assert send(client, keyless) == ["ErrorChangeKeyRequired"]
    assert send(client, keyless.replace("/>", ' ChangeKey="MQ=="/>')) == ["ErrorStaleObject"]
    task = client.create("<t:Task><t:Subject>do</t:Subject></t:Task>", "tasks").id()
    assert send(client, task) == ["ErrorInvalidOperation"]
    assert client.sent == []


def test_an_update_may_send(client: Client) -> None:
    subject = '<t:SetItemField><t:FieldURI FieldURI="item:Subject"/><t:Message><t:Subject>New</t:Subject></t:Message>'
    item = client.create(MESSAGE, "drafts").id()
    sent = client.update(item, f"{subject}</t:SetItemField>", more='MessageDisposition="SendAndSaveCopy"')
    assert (sent.codes, sent.all("t:ItemId")) == (["NoError"], [])
    assert b"Subject: New\r\n" in client.sent[0][2]
    assert len(client.find("sentitems").all("t:ItemId")) == 1


def test_who_deletes_what_is_being_sent_breaks_nothing(client: Client, world: World) -> None:
    submit = client._submit

    async def racing(*arguments: object) -> object:
        world.run(world.alice.empty, world.folder("outbox"), DeleteMode.HARD)
        return await submit(*arguments)  # type: ignore[arg-type]

    client._submit = racing  # type: ignore[assignment, method-assign]
    assert client.create(MESSAGE, folder="", MessageDisposition="SendOnly").codes == ["NoError"]


def test_what_becomes_of_a_message_must_be_said(client: Client) -> None:
    created = client.ask("<m:CreateItem><m:Items><t:Message/><t:Task/></m:Items></m:CreateItem>")
    assert created.codes == ["ErrorMessageDispositionRequired", "NoError"]
    item = client.create("<t:Message/>").id()
    wish = change("Set", "item:Subject", "<t:Subject>x</t:Subject>")
    one = f"<t:ItemChange>{item}<t:Updates>{wish}</t:Updates></t:ItemChange>"
    asked = f'<m:UpdateItem ConflictResolution="AutoResolve"><m:ItemChanges>{one}</m:ItemChanges></m:UpdateItem>'
    assert client.ask(asked).codes == ["ErrorMessageDispositionRequired"]


def test_a_task_is_not_deleted_by_the_way(client: Client) -> None:
    task = client.create("<t:Task/>", folder="tasks").id()
    for said, code in (
        ("", "ErrorAffectedTaskOccurrencesRequired"),
        ('AffectedTaskOccurrences="AllOccurrences"', "NoError"),
    ):
        asked = f'<m:DeleteItem DeleteType="HardDelete" {said}><m:ItemIds>{task}</m:ItemIds></m:DeleteItem>'
        assert client.ask(asked).codes == [code]
