from __future__ import annotations

from collections.abc import Sequence

from casd.mailbox.store.quota import Quota
from protocols.ews.codecs import show_binary
from tests.casd.mailbox.ews.conversation import change, distinguished
from tests.casd.mailbox.ews.test_exporting import export, upload
from tests.casd.mailbox.meetings.conversation import Town
from tests.casd.mailbox.store.world import mail

TO_BOB = "<t:ToRecipients><t:Mailbox><t:EmailAddress>bob@example.org</t:EmailAddress></t:Mailbox></t:ToRecipients>"
MESSAGE = f"<t:Message><t:Subject>Hello</t:Subject>{TO_BOB}</t:Message>"


def post(town: Town, size: int) -> str:
    return town.post("bob@example.org", "alice@example.org", mail("News", "x" * size)).reason


def test_the_size_of_a_mailbox_is_that_of_its_items(town: Town) -> None:
    settings = town.alice.mailbox.settings
    assert settings.size() == 0
    post(town, 1000)
    item = town.alice.find().id()
    assert settings.size() == int(town.alice.get(item).text("t:Size"))
    town.alice.drop(item, kind="HardDelete")
    assert settings.size() == 0


def test_a_full_mailbox_takes_nothing_and_the_sender_learns_why(town: Town) -> None:
    town.alice.mailbox.quota = Quota(receive=3000)
    assert post(town, 1000) == ""
    assert post(town, 3000) == "552 5.2.2 The mailbox is full."
    body = f'<t:Body BodyType="Text">{"x" * 3000}</t:Body>'
    assert town.alice.create(f"<t:Message>{body}</t:Message>").codes == ["ErrorQuotaExceeded"]


def test_what_is_in_a_full_mailbox_does_not_grow(town: Town) -> None:
    alice = town.alice
    item = alice.create("<t:Message><t:Subject>News</t:Subject></t:Message>").id()
    exported = export(alice, item)
    alice.mailbox.quota = Quota(receive=alice.mailbox.settings.size() + 10)
    body = change("Set", "item:Body", f'<t:Body BodyType="Text">{"x" * 500}</t:Body>')
    assert alice.update(item, body).codes == ["ErrorQuotaExceeded"]
    data = show_binary(b"x" * 500)
    file = f"<t:FileAttachment><t:Name>a</t:Name><t:Content>{data}</t:Content></t:FileAttachment>"
    parent = item.replace("t:ItemId", "m:ParentItemId")
    attached = f"<m:CreateAttachment>{parent}<m:Attachments>{file}</m:Attachments></m:CreateAttachment>"
    to, items = f"<m:ToFolderId>{distinguished('notes')}</m:ToFolderId>", f"<m:ItemIds>{item}</m:ItemIds>"
    folders = f"<m:FolderIds>{distinguished('inbox')}</m:FolderIds>"
    for asked in (
        attached,
        f"<m:CopyItem>{to}{items}</m:CopyItem>",
        f"<m:CopyFolder>{to}{folders}</m:CopyFolder>",
    ):
        assert alice.ask(asked).codes == ["ErrorQuotaExceeded"], asked
    assert upload(alice, exported).codes == ["ErrorQuotaExceeded"]
    assert (alice.messages("notes"), len(alice.messages())) == ([], 1)


def test_what_is_attached_to_an_appointment_counts_and_keeps_nobody_from_changing_it(town: Town) -> None:
    alice = town.alice
    item = alice.meet("Plan", "2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z")
    before = alice.mailbox.settings.size()
    alice.mailbox.quota = Quota(receive=before + 5000)

    def attach(size: int) -> Sequence[str]:
        data = show_binary(b"x" * size)
        file = f"<t:FileAttachment><t:Name>a</t:Name><t:Content>{data}</t:Content></t:FileAttachment>"
        parent = item.replace("t:ItemId", "m:ParentItemId")
        attached = f"<m:CreateAttachment>{parent}<m:Attachments>{file}</m:Attachments></m:CreateAttachment>"
        return alice.ask(attached).codes

    assert attach(4000) == ["NoError"]
    assert alice.mailbox.settings.size() == before + 4000
    assert attach(4000) == ["ErrorQuotaExceeded"]
    location = change("Set", "calendar:Location", "<t:Location>{}</t:Location>", "CalendarItem")
    assert alice.change_entry(item, location.format("Room 7")).codes == ["NoError"]
    assert alice.change_entry(item, location.format("x" * 2000)).codes == ["ErrorQuotaExceeded"]
    assert alice.mailbox.settings.size() < before + 4100


def test_who_keeps_too_much_sends_nothing(town: Town) -> None:
    town.alice.mailbox.quota = Quota(send=1000)
    assert town.alice.create(MESSAGE, "", MessageDisposition="SendOnly").codes == ["NoError"]
    post(town, 2000)
    assert town.alice.create(MESSAGE, "", MessageDisposition="SendOnly").codes == ["ErrorQuotaExceeded"]


def test_the_owner_is_warned_once_for_each_time(town: Town) -> None:
    town.alice.mailbox.quota = Quota(warning=2000)
    for _ in range(4):
        post(town, 1000)
    warning = ("Message", "Your mailbox is almost full")
    assert town.alice.messages().count(warning) == 1
    for found in town.alice.find().all("t:ItemId"):
        town.alice.drop(f'<t:ItemId Id="{found.get("Id")}"/>', kind="HardDelete")
    post(town, 10)
    for _ in range(2):
        post(town, 2000)
    assert town.alice.messages().count(warning) == 1
