"""exchangelib's documentation, section by section: what it shows is done here, by exchangelib, unchanged.

`SECTIONS` names all of them: each with the test that does it, or the reason why none of these does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Thread
from time import monotonic
from typing import Any, ClassVar
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from exchangelib import (
    UTC_NOW,
    Account,
    CalendarItem,
    Contact,
    DistributionList,
    EWSDate,
    EWSDateTime,
    EWSTimeZone,
    ExtendedProperty,
    FileAttachment,
    Folder,
    FolderCollection,
    HTMLBody,
    ItemAttachment,
    Mailbox,
    Message,
    PostItem,
    Q,
    Task,
)
from exchangelib.errors import (
    ErrorInvalidPushSubscriptionUrl,
    ErrorInvalidWatermark,
    ErrorItemNotFound,
    ErrorItemSave,
    ErrorUnsupportedTypeForConversion,
)
from exchangelib.folders import Messages
from exchangelib.indexed_properties import PhoneNumber, PhysicalAddress
from exchangelib.properties import (
    AlternateId,
    CreatedEvent,
    DistinguishedFolderId,
    DLMailbox,
    Member,
    MovedEvent,
    NewMailEvent,
)
from exchangelib.services import EWSService
from exchangelib.services.common import EWSPagingService
from exchangelib.version import Version
from twisted.internet import reactor as real_reactor  # noqa: TID251 - an integration test
from twisted.internet.threads import blockingCallFromThread
from twisted.web.resource import Resource
from twisted.web.server import Site

from casd.mailbox.push import Push
from casd.model import Endpoint
from casd.net.transports import connect
from tests.integration.ews_case import BERLIN, HOUR, NINE, EwsTestCase, blocking

reactor: Any = real_reactor

_DOOR = "the front door's: tests/integration/test_exchangelib.py signs in through it"
_CLIENT = "the library's own, no request of EWS"
_MEETINGS = "done by tests/integration/test_meetings.py"
_COLLEAGUES = "done by tests/integration/test_colleagues.py"

SECTIONS = {
    "Setup and connecting": _DOOR,
    "Optimizing connections": _CLIENT,
    "Fault tolerance": _CLIENT,
    "Kerberos and SSPI authentication": _DOOR,
    "Certificate Based Authentication (CBA)": _DOOR,
    "OAuth authentication": _DOOR,
    "Impersonation OAuth on Office 365": "Office 365 only",
    "Delegate OAuth on Office 365": "Office 365 only",
    "MSAL on Office 365": "Office 365 only",
    "Caching autodiscover results": _CLIENT,
    "Proxies and custom TLS validation": _CLIENT,
    "User-Agent": _CLIENT,
    "Folders": "test_folders",
    "Dates, datetimes and timezones": "test_dates_datetimes_and_timezones",
    "Creating, updating, deleting, sending, moving, archiving, marking as junk": "test_items",
    "Bulk operations": "test_bulk_operations",
    "Searching": "test_searching",
    "Paging": "test_paging",
    "Meetings": _MEETINGS,
    "Contacts": "done by tests/integration/test_ews.py",
    "Extended properties": "test_extended_properties",
    "Attachments": "test_attachments",
    "Recurring calendar items": _MEETINGS,
    "Message timestamp fields": "test_message_timestamp_fields",
    "Out of Facility (OOF)": _COLLEAGUES,
    "Mail tips": _COLLEAGUES,
    "Delegate information": _COLLEAGUES,
    "Inbox Rules": _COLLEAGUES,
    "Export and upload": "test_export_and_upload",
    "Synchronization, subscriptions and notifications": "test_synchronization_and_notifications",
    "Non-account services": "test_non_account_services",
    "Troubleshooting": _CLIENT,
}


class Lunch(ExtendedProperty):
    property_set_id = "12345678-1234-1234-1234-123456781234"
    property_name = "Catering from the cafeteria"
    property_type = "String"


class Named(ExtendedProperty):
    distinguished_property_set_id = "PublicStrings"
    property_name = "Catering"
    property_type = "StringArray"


class Tagged(ExtendedProperty):
    property_tag = 0x1090
    property_type = "Integer"


class Numbered(ExtendedProperty):
    property_set_id = "00062003-0000-0000-C000-000000000046"
    property_id = 0x8105
    property_type = "SystemTime"


class Flags(ExtendedProperty):
    distinguished_property_set_id = "Common"
    property_id = 0x00008524
    property_type = "Boolean"


class FolderSize(ExtendedProperty):
    property_tag = 0x0E08
    property_type = "Integer"


class FeatureTests(EwsTestCase):
    """One test for each section."""

    def test_every_section_has_its_test_or_its_reason(self) -> None:
        tests = {name for name in dir(type(self)) if name.startswith("test_")} - {self.id().rpartition(".")[2]}
        assert {where for where in SECTIONS.values() if where.startswith("test_")} <= tests

    @blocking
    def test_folders(self) -> None:
        alice = self.account("alice")
        folder = Folder(parent=alice.inbox, name="My New Folder").save()
        leaf = Messages(parent=folder, name="Leaf").save()
        alice.root.refresh()
        inbox = alice.root / "Top of Information Store" / "Inbox"
        assert (inbox / "my new folder" / "LEAF").id == leaf.id == (alice.inbox // "My New Folder" // "Leaf").id
        assert [found.name for found in inbox.glob("my*")] == ["My New Folder"]
        assert [found.name for found in inbox.glob("*/leaf")] == ["Leaf"]
        assert [found.name for found in alice.root.glob("**/leaf")] == ["Leaf"]
        assert [part.name for part in leaf.parts][-2:] == ["My New Folder", "Leaf"]
        assert "└── Leaf" in inbox.tree()
        Message(account=alice, folder=folder, subject="one", is_read=False).save()
        folder.refresh()
        assert (folder.total_count, folder.unread_count, folder.child_folder_count) == (1, 1, 1)
        folder.empty(delete_sub_folders=True)
        folder.refresh()
        assert (folder.total_count, folder.child_folder_count) == (0, 0)
        Messages(parent=folder, name="Again").save()
        folder.wipe()
        folder.delete()
        assert alice.archive_root is not None
        self._user_configuration(alice.inbox)

    def _user_configuration(self, folder: Any) -> None:
        first = {"foo": "bar", 123: "a", "b": False, "list": ("x", "y"), "when": NINE, b"\x01": b"bytes"}
        folder.create_user_configuration(name="Some", dictionary=first, xml_data=b"<foo/>", binary_data=b"XXX")
        with pytest.raises(ErrorItemSave):
            folder.create_user_configuration(name="Some")
        found = folder.get_user_configuration(name="Some")
        assert (found.dictionary, found.xml_data, found.binary_data) == (first, b"<foo/>", b"XXX")
        folder.update_user_configuration(name="Some", dictionary={1: True}, xml_data=b"<x/>", binary_data=b"Y")
        found = folder.get_user_configuration(name="Some")
        assert (found.dictionary, found.xml_data, found.binary_data) == ({1: True}, b"<x/>", b"Y")
        folder.delete_user_configuration(name="Some")
        with pytest.raises(ErrorItemNotFound):
            folder.get_user_configuration(name="Some")

    @blocking
    def test_dates_datetimes_and_timezones(self) -> None:
        alice = self.account("alice")
        copenhagen, plain = EWSTimeZone("Europe/Copenhagen"), ZoneInfo("Europe/Copenhagen")
        winter = EWSDateTime(2027, 1, 10, 9, tzinfo=copenhagen)
        summer = EWSDateTime.from_datetime(datetime(2027, 7, 10, 9, tzinfo=plain))
        for name, start in (("winter", winter), ("summer", summer)):
            CalendarItem(account=alice, folder=alice.calendar, subject=name, start=start, end=start + HOUR).save()
        found = {item.subject: item.start.astimezone(EWSTimeZone("UTC")) for item in alice.calendar.all()}
        assert found == {"winter": datetime(2027, 1, 10, 8, tzinfo=UTC), "summer": datetime(2027, 7, 10, 7, tzinfo=UTC)}
        assert alice.calendar.filter(start__gt=EWSDateTime(2027, 3, 1, tzinfo=copenhagen)).count() == 1
        assert alice.calendar.filter(start__lt=UTC_NOW() + timedelta(days=3650)).count() == 2
        Task(account=alice, folder=alice.tasks, subject="due", due_date=EWSDate(2027, 3, 28)).save()
        assert alice.tasks.get(subject="due").due_date == EWSDate(2027, 3, 28)
        assert len(list(alice.protocol.get_timezones())) > 100
        assert datetime.now(UTC) - alice.calendar.all().order_by("subject")[0].datetime_created < HOUR

    @blocking
    def test_items(self) -> None:
        alice, bob = self.account("alice"), self.account("bob")
        item = CalendarItem(account=alice, folder=alice.calendar, subject="foo", start=NINE, end=NINE + HOUR).save()
        item.subject = "bar"
        item.save(update_fields=["subject"])
        item.copy(alice.trash)
        item.move(alice.trash)
        assert sorted(found.subject for found in alice.trash.all()) == ["bar", "bar"]
        item.delete()
        message = Message(account=alice, folder=alice.inbox, subject="old", body="x").save()
        message.archive(_distinguished("inbox", alice))
        assert [(alice.archive_msg_folder_root // "Inbox").get(subject="old").body] == ["x"]
        junk = Message(account=alice, folder=alice.inbox, subject="junk", body="x").save()
        junk.mark_as_junk(is_junk=True, move_item=True)
        assert alice.junk.get(subject="junk")
        PostItem(account=alice, folder=alice.inbox, subject="posted", body="x").save()
        assert isinstance(alice.inbox.get(subject="posted"), PostItem)
        team = DistributionList(account=alice, folder=alice.contacts, display_name="Team")
        team.members = {Member(mailbox=Mailbox(email_address="bob@example.org", mailbox_type="OneOff"))}
        team.save()
        kept = alice.contacts.get(display_name="Team")
        assert [one.mailbox.email_address for one in kept.members] == ["bob@example.org"]
        expanded = alice.protocol.expand_dl(DLMailbox(item_id=kept._id, mailbox_type="PrivateDL"))
        assert [one.email_address for one in expanded] == ["bob@example.org"]
        self._send(alice, bob)

    def _send(self, alice: Account, bob: Account) -> None:
        everybody = {"to_recipients": ["bob@example.org"], "cc_recipients": ["alice@example.org"]}
        Message(account=alice, subject="not kept", body="x", **everybody).send(save_copy=False)
        sent = Message(account=alice, folder=alice.sent, subject="Daily motivation", body=HTMLBody("<b>All</b>"))
        sent.to_recipients, sent.cc_recipients = ["bob@example.org"], ["alice@example.org"]
        sent.attach(FileAttachment(name="f.txt", content=b"file"))
        sent.send_and_save()
        assert [kept.subject for kept in alice.sent.all()] == ["Daily motivation"]
        got = bob.inbox.get(subject="Daily motivation")
        got.reply(subject="Re: Daily motivation", body="I agree")
        got.reply_all(subject="Re: all", body="I agree")
        got.forward(subject="Fwd: Daily motivation", body="Look", to_recipients=["alice@example.org"])
        assert alice.inbox.get(subject="Re: Daily motivation").in_reply_to == got.message_id
        assert alice.inbox.get(subject="Re: all").references == got.message_id
        assert alice.inbox.get(subject="Fwd: Daily motivation").attachments[0].content == b"file"
        saved = got.create_forward(subject="Draft", body="Hey", to_recipients=["alice@example.org"]).save(bob.drafts)
        draft = bob.drafts.get(id=saved.id, changekey=saved.changekey)
        draft.reply_to = ["bob@example.org"]
        draft.attach(FileAttachment(name="mine.txt", content=b"hello"))
        draft.send()
        names = [attached.name for attached in alice.inbox.get(subject="Draft").attachments]
        assert sorted(names) == ["f.txt", "mine.txt"]

    @blocking
    def test_bulk_operations(self) -> None:
        alice, bob = self.account("alice"), self.account("bob")
        made = [
            CalendarItem(start=NINE + HOUR * number, end=NINE + HOUR * (number + 1), subject="Test item")
            for number in range(10)
        ]
        ids = [(one.id, one.changekey) for one in alice.bulk_create(folder=alice.calendar, items=made)]
        assert [item.subject for item in alice.fetch(ids)] == ["Test item"] * 10
        sparse = list(alice.fetch(ids, only_fields=["start", "subject"]))
        assert (sparse[0].location, sparse[0].start) == (None, NINE)
        for item in sparse:
            item.subject = "Other"
        ids = alice.bulk_update([(item, ("start", "subject")) for item in sparse])
        ids = alice.bulk_move(ids, to_folder=alice.trash)
        copies = alice.bulk_copy(ids[:2], to_folder=alice.calendar)
        assert alice.bulk_delete(ids) == [True] * 10
        archived = alice.bulk_archive(copies, to_folder=_distinguished("calendar", alice))
        assert (len(archived), alice.calendar.all().count()) == (2, 0)
        for number in range(3):
            Message(
                account=alice, folder=alice.drafts, subject=f"Invoice {number}", to_recipients=["bob@example.org"]
            ).save()
        drafts = alice.drafts.all().only("id", "changekey")
        assert alice.bulk_send(ids=drafts, save_copy=False) == [True] * 3
        invoices = bob.inbox.filter(subject__startswith="Invoice")
        invoices.copy(to_folder=bob.trash)
        invoices.mark_as_junk(is_junk=True, move_item=True)
        assert (bob.trash.all().count(), bob.junk.all().count()) == (3, 3)
        bob.junk.filter(subject="Invoice 0").move(to_folder=bob.inbox)
        bob.inbox.filter(subject="Invoice 0").archive(to_folder=_distinguished("inbox", bob))
        bob.junk.filter(subject__startswith="Invoice").delete()
        assert (bob.inbox.all().count(), bob.junk.all().count()) == (0, 0)

    @blocking
    def test_searching(self) -> None:
        alice = self.account("alice")
        cars = {"Ada": ("1", "Elm Street"), "Bob": ("3", "Oak Street"), "Cid": ("2", "Elm Street")}
        for name, (car, street) in cars.items():
            phones = [PhoneNumber(label="CarPhone", phone_number=car)]
            home = [PhysicalAddress(label="Home", street=street)]
            Contact(
                account=alice, folder=alice.contacts, display_name=name, phone_numbers=phones, physical_addresses=home
            ).save()
        contacts = alice.contacts.all()
        by_car = contacts.order_by("phone_numbers__CarPhone", "physical_addresses__Home__street")
        assert list(by_car.values_list("display_name", flat=True)) == ["Ada", "Cid", "Bob"]
        assert alice.contacts.filter(phone_numbers__CarPhone="3").count() == 1
        assert alice.contacts.filter(phone_numbers__CarPhone__contains="2").count() == 1
        assert alice.contacts.filter(physical_addresses__Home__street__contains="Elm").count() == 2
        assert contacts.only("phone_numbers__CarPhone")[0].phone_numbers[0].phone_number in "123"
        streets = contacts.order_by("display_name").values_list("physical_addresses__Home__street", flat=True)
        assert list(streets) == ["Elm Street", "Oak Street", "Elm Street"]
        self._messages(alice)

    def _messages(self, alice: Account) -> None:
        made = [Message(subject=f"foo {number:02}", categories=["a"] if number % 2 else []) for number in range(12)]
        alice.bulk_create(alice.inbox, made)
        inbox = alice.inbox
        other = Messages(parent=inbox, name="foobar").save()
        Message(account=alice, folder=other, subject="foo below").save()
        assert inbox.filter(categories__exists=True).count() == inbox.filter(categories__exists=False).count() == 6
        query = (Q(subject__iexact="FOO 01") | Q(subject__contains="foo 1")) & ~Q(subject__startswith="foo 11")
        assert {found.subject for found in inbox.filter(query)} == {"foo 01", "foo 10"}
        ordered = inbox.all().order_by("-subject")
        assert [found.subject for found in ordered[2:4]] == ["foo 09", "foo 08"]
        assert [found.subject for found in ordered[:-10]] == ["foo 11", "foo 10"]
        assert (ordered[0].subject, len(list(ordered[::3]))) == ("foo 11", 4)
        assert inbox.all().only("subject")[0].body is None
        assert set(next(iter(inbox.all().values("id", "changekey")))) == {"id", "changekey"}
        assert inbox.get(id=ordered[0].id).subject == "foo 11"
        assert inbox.filter("subject:foo AND subject:07").count() == 1
        alice.root.refresh()
        assert inbox.children.filter(subject__startswith="foo").count() == 1
        assert inbox.walk().filter(subject__startswith="foo").count() == 1
        assert inbox.glob("foo*").filter(subject="foo below").count() == 1
        both = FolderCollection(account=alice, folders=[inbox, other])
        assert both.filter(subject__startswith="foo").count() == 13
        assert inbox.filter(subject="foo 03").delete() == [True]
        CalendarItem(account=alice, folder=alice.calendar, subject="busy", start=NINE, end=NINE + HOUR).save()
        assert alice.calendar.view(start=NINE, end=NINE + HOUR, max_items=1).exists()
        second = timedelta(seconds=1)
        assert not alice.calendar.view(start=NINE + HOUR + second, end=NINE + 2 * HOUR).exists()

    @blocking
    def test_paging(self) -> None:
        alice = self.account("alice")
        alice.bulk_create(alice.inbox, [Message(subject=f"{number}", body="x") for number in range(23)], chunk_size=5)
        with patch.object(EWSPagingService, "PAGE_SIZE", 4), patch.object(EWSService, "CHUNK_SIZE", 3):
            assert len({found.subject for found in alice.inbox.all()}) == 23
        query = alice.inbox.all().only("mime_content")
        query.page_size, query.chunk_size = 7, 2
        assert all(b"Subject: " in found.mime_content for found in query)
        assert len(alice.inbox.all().delete(page_size=1000, chunk_size=10)) == 23

    @blocking
    def test_extended_properties(self) -> None:
        alice = self.account("alice")
        values = {
            Lunch: "Foie gras et consommé",
            Named: ["a", "b"],
            Tagged: 2,
            Numbered: EWSDateTime(2027, 1, 2, 3, 4, 5, tzinfo=EWSTimeZone("UTC")),
            Flags: True,
        }
        for kind in values:
            Message.register(kind.__name__.lower(), kind)
        try:
            named: dict[str, Any] = {kind.__name__.lower(): value for kind, value in values.items()}
            Message(account=alice, folder=alice.inbox, subject="x", **named).save()
            found = alice.inbox.get(subject="x")
            assert {name: getattr(found, name) for name in named} == named
            assert alice.inbox.filter(lunch__contains="gras", tagged=2, flags=True).count() == 1
        finally:
            for kind in values:
                Message.deregister(kind.__name__.lower())
        self._folder_size(alice)

    def _folder_size(self, alice: Account) -> None:
        Folder.register("size", FolderSize)
        try:
            alice.inbox.refresh()
            assert alice.inbox.size > 0
        finally:
            Folder.deregister("size")

    @blocking
    def test_attachments(self) -> None:
        alice = self.account("alice")
        content = "Hello from unicode æøå".encode()
        item = Message(account=alice, folder=alice.drafts, subject="attached", body="x")
        item.attach(FileAttachment(name="my_file.txt", content=content))
        appointment = CalendarItem(account=alice, folder=alice.calendar, subject="inner", start=NINE, end=NINE + HOUR)
        item.attach(ItemAttachment(name="my_appointment", item=appointment))
        item.save()
        logo = FileAttachment(name="logo.png", content=b"\x89PNG", is_inline=True, content_id="logo.png")
        item.attach(logo)
        item.body = HTMLBody('<html><body>Hello logo: <img src="cid:logo.png"></body></html>')
        item.save(update_fields=["body"])
        found = alice.drafts.get(subject="attached")
        kinds = {one.name: one for one in found.attachments}
        assert kinds["my_file.txt"].content == content
        assert (kinds["my_appointment"].item.subject, kinds["my_appointment"].item.start) == ("inner", NINE)
        assert (kinds["logo.png"].is_inline, kinds["logo.png"].content_id) == (True, "logo.png")
        with kinds["my_file.txt"].fp as stream:
            assert b"".join(iter(lambda: stream.read(7), b"")) == content
        found.detach(kinds["my_file.txt"])
        assert "my_file.txt" not in {one.name for one in alice.drafts.get(subject="attached").attachments}
        for other in (Task(subject="t"), Contact(display_name="c")):
            other.folder = alice.tasks if isinstance(other, Task) else alice.contacts
            other.account = alice
            other.attach(FileAttachment(name="f", content=b"f"))
            other.save()
            other.refresh()
            assert other.attachments[0].content == b"f"

    @blocking
    def test_message_timestamp_fields(self) -> None:
        alice, bob = self.account("alice"), self.account("bob")
        Message(account=alice, subject="now", to_recipients=["bob@example.org"]).send()
        found = bob.inbox.get(subject="now")
        now = EWSDateTime.now(BERLIN)
        names = ("datetime_created", "datetime_sent", "datetime_received", "last_modified_time")
        assert all(abs(now - getattr(found, name)) < HOUR for name in names)

    @blocking
    def test_export_and_upload(self) -> None:
        alice, bob = self.account("alice"), self.account("bob")
        for number in range(3):
            message = Message(account=alice, folder=alice.inbox, subject=f"{number}", body="x", categories=["c"])
            message.attach(FileAttachment(name="f", content=b"f"))
            message.save()
        data = alice.export(alice.inbox.all().only("id", "changekey"))
        ids = bob.upload([(bob.inbox, one) for one in data])
        assert len(ids) == 3
        found = bob.inbox.get(subject="2")
        assert (found.categories, found.attachments[0].content) == (["c"], b"f")

    @blocking
    def test_synchronization_and_notifications(self) -> None:
        alice, bob = self.account("alice"), self.account("bob")
        self._synchronise(alice)
        self._pull(alice, bob)
        self._stream(alice, bob)
        with pytest.raises(ErrorInvalidPushSubscriptionUrl):
            bob.inbox.subscribe_to_push(callback_url="https://example.com/told")

    def _synchronise(self, alice: Account) -> None:
        list(alice.inbox.sync_hierarchy())
        list(alice.inbox.sync_items())
        folder = Messages(parent=alice.inbox, name="New").save()
        item = Message(account=alice, folder=alice.inbox, subject="a", is_read=False).save()
        assert [(kind, changed.name) for kind, changed in alice.inbox.sync_hierarchy()] == [("create", "New")]
        assert [(kind, changed.subject) for kind, changed in alice.inbox.sync_items()] == [("create", "a")]
        item.is_read = True
        item.save(update_fields=["is_read"])
        assert [kind for kind, _ in alice.inbox.sync_items()] == ["read_flag_change"]
        old = item.id
        item.move(folder)
        assert [(kind, changed.id) for kind, changed in alice.inbox.sync_items()] == [("delete", old)]
        folder.delete()

    def _pull(self, alice: Account, bob: Account) -> None:
        with bob.inbox.pull_subscription() as (subscription, watermark):
            Message(account=alice, subject="pulled", to_recipients=["bob@example.org"]).send()
            (told,) = bob.inbox.get_events(subscription, watermark)
            assert {type(event) for event in told.events} == {CreatedEvent, NewMailEvent}
        with pytest.raises(ErrorInvalidWatermark):
            bob.subscribe_to_pull(watermark=watermark)
        bob.inbox.get(subject="pulled").delete()

    def _stream(self, alice: Account, bob: Account) -> None:
        with bob.streaming_subscription() as subscription:
            stream = bob.inbox.get_streaming_events(subscription, connection_timeout=1, max_notifications_returned=1)
            heard: list[Any] = []
            listener = Thread(target=lambda: heard.extend(stream))
            listener.start()
            begun = monotonic()
            while not heard and monotonic() - begun < 10:
                Message(account=alice, subject="s", to_recipients=["bob@example.org"]).send(save_copy=False)
                listener.join(0.3)
            listener.join(10)
            assert {NewMailEvent, CreatedEvent} <= {
                type(event) for notification in heard for event in notification.events
            }
        moved = Message(account=bob, folder=bob.inbox, subject="moved").save()
        with bob.inbox.pull_subscription() as (subscription, watermark):
            moved.move(bob.drafts)
            (told,) = bob.inbox.get_events(subscription, watermark)
            (event,) = (event for event in told.events if isinstance(event, MovedEvent))
            assert event.item_id.id == moved.id

    @blocking
    def test_non_account_services(self) -> None:
        alice = self.account("alice")
        item = Message(account=alice, folder=alice.inbox, subject="x").save()
        identity = AlternateId(id=item.id, format="EwsId", mailbox=alice.primary_smtp_address)
        assert [found.id for found in alice.protocol.convert_ids([identity], destination_format="EwsId")] == [item.id]
        with pytest.raises(ErrorUnsupportedTypeForConversion):
            list(alice.protocol.convert_ids([identity], destination_format="OwaId"))
        assert isinstance(alice.version, Version)


class PushTests(EwsTestCase):
    """Notifications that the server brings to a program."""

    told: ClassVar[list[bytes]] = []

    def test_a_program_is_told_at_its_url_until_it_wants_no_more(self) -> Any:
        listening = _Callback()
        port = reactor.listenTCP(0, Site(listening), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        place = Endpoint("127.0.0.1", port.getHost().port)
        self.shim.push = Push([place], reactor, _connect)

        @blocking
        def run(self: PushTests) -> None:
            alice, bob = self.account("alice"), self.account("bob")
            bob.inbox.subscribe_to_push(callback_url=f"http://127.0.0.1:{place.port}/told")
            Message(account=alice, subject="pushed", to_recipients=["bob@example.org"]).send()
            begun = monotonic()
            while len(listening.told) < 2 and monotonic() - begun < 10:
                blockingCallFromThread(reactor, _moment)
            kinds = {type(event) for events in listening.told for event in events}
            assert {NewMailEvent, CreatedEvent} <= kinds

        return run(self)


def _distinguished(name: str, account: Account) -> DistinguishedFolderId:
    return DistinguishedFolderId(id=name, mailbox=Mailbox(email_address=account.primary_smtp_address))


async def _connect(endpoint: Endpoint, protocol: Any, tls: Any, timeout: float) -> None:
    await connect(reactor, endpoint, protocol, tls, timeout)


def _moment() -> Any:
    from twisted.internet.task import deferLater  # noqa: PLC0415

    return deferLater(reactor, 0.05)


class _Callback(Resource):
    """The example of the documentation: it parses what it is sent by exchangelib, and answers with its words."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.told: list[list[Any]] = []

    def render_POST(self, request: Any) -> bytes:
        from exchangelib.services import SendNotification  # noqa: PLC0415

        service = SendNotification(protocol=None)
        self.told += [list(notification.events) for notification in service.parse(request.content.read())]
        request.setResponseCode(201)
        payload: Callable[[], bytes] = service.ok_payload if len(self.told) < 2 else service.unsubscribe_payload
        return payload()
