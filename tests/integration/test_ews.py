"""EWS spoken by exchangelib, unchanged, over a socket to the service on a store in a folder."""

from __future__ import annotations

import time
from datetime import timedelta
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
import requests
from exchangelib import (
    DELEGATE,
    IMPERSONATION,
    Account,
    CalendarItem,
    Contact,
    EWSDate,
    EWSDateTime,
    ExtendedProperty,
    FileAttachment,
    HTMLBody,
    ItemAttachment,
    Mailbox,
    Message,
    Q,
    Task,
)
from exchangelib.errors import (
    ErrorAccessDenied,
    ErrorDeleteDistinguishedFolder,
    ErrorFolderExists,
    ErrorInvalidIdMalformed,
    ErrorInvalidRecipients,
    ErrorIrresolvableConflict,
    ErrorItemNotFound,
    ErrorNameResolutionNoResults,
    ErrorSendAsDenied,
    ErrorSubscriptionNotFound,
)
from exchangelib.folders import Messages
from exchangelib.indexed_properties import EmailAddress, PhoneNumber, PhysicalAddress
from exchangelib.properties import Attendee
from exchangelib.recurrence import NumberedPattern, Recurrence, WeeklyPattern

from tests.integration.ews_case import BERLIN, HOUR, NINE, EwsTestCase, blocking
from tests.integration.ews_shim import PASSWORD


class Number(ExtendedProperty):
    """A property of our own."""

    property_set_id = "c11ff724-aa03-4555-9952-8fa248a11c3e"
    property_name = "number"
    property_type = "Integer"


class FolderTests(EwsTestCase):
    @blocking
    def test_the_tree_of_folders_is_walked_from_the_root(self) -> None:
        alice = self.account("alice")
        names = {folder.name for folder in alice.root.walk()}
        assert {"Top of Information Store", "Inbox", "Calendar", "Contacts", "Deletions"} <= names
        assert [part.name for part in alice.inbox.parts] == ["root", "Top of Information Store", "Inbox"]
        for folder in (alice.sent, alice.trash, alice.drafts, alice.calendar, alice.contacts, alice.tasks):
            assert alice.msg_folder_root.id == folder.parent.id

    @blocking
    def test_a_folder_is_created_renamed_moved_emptied_and_deleted(self) -> None:
        alice = self.account("alice")
        folder = Messages(parent=alice.inbox, name="Pröjects").save()
        with pytest.raises(ErrorFolderExists):
            Messages(parent=alice.inbox, name="prÖjects").save()
        folder.name = "Archive"
        folder.save(update_fields=["name"])
        assert folder.id == (alice.inbox // "Archive").id
        folder.move(alice.msg_folder_root)
        folder.bulk_create([Message(subject="one"), Message(subject="two")])
        folder.refresh()
        assert (2, alice.msg_folder_root.id) == (folder.total_count, folder.parent_folder_id.id)
        folder.empty()
        assert folder.all().count() == 0
        folder.delete()
        assert "Archive" not in [child.name for child in alice.msg_folder_root.children]
        with pytest.raises(ErrorDeleteDistinguishedFolder):
            alice.inbox.delete()


class FindTests(EwsTestCase):
    def fill(self) -> Account:
        """Put 24 messages into the inbox of Alice."""
        alice = self.account("alice")
        made = [
            Message(
                subject=f"Number {number:02}",
                body=f"this is text {number}",
                is_read=number % 4 == 0,
                importance="High" if number % 3 == 0 else "Normal",
                categories=["even" if number % 2 == 0 else "odd"],
            )
            for number in range(24)
        ]
        assert len(alice.bulk_create(alice.inbox, made)) == 24
        return alice

    @blocking
    def test_every_lookup_finds_what_it_says(self) -> None:
        inbox, now = self.fill().inbox, EWSDateTime.now(BERLIN)
        expected: list[tuple[int, dict[str, Any]]] = [
            (1, {"subject": "number 03"}),
            (1, {"subject__exact": "Number 03"}),
            (0, {"subject__exact": "number 03"}),
            (1, {"subject__iexact": "number 03"}),
            (10, {"subject__contains": "ber 1"}),
            (0, {"subject__contains": "BER 1"}),
            (10, {"subject__icontains": "BER 1"}),
            (4, {"subject__startswith": "Number 2"}),
            (23, {"subject__not": "Number 03"}),
            (2, {"subject__in": ["Number 01", "Number 02"]}),
            (24, {"subject__exists": True}),
            (0, {"subject__exists": False}),
            (3, {"subject__range": ("Number 10", "Number 12")}),
            (24, {"datetime_received__gt": now - HOUR}),
            (0, {"datetime_received__lt": now - HOUR}),
            (24, {"datetime_received__range": (now - HOUR, now + HOUR)}),
            (6, {"is_read": True}),
            (18, {"is_read": False}),
            (12, {"categories__contains": ["even"]}),
            (0, {"categories__contains": ["even", "odd"]}),
            (24, {"categories__in": ["even", "odd"]}),
            (8, {"importance": "High"}),
            (24, {"size__gt": 10, "has_attachments": False, "item_class": "IPM.Note"}),
            (1, {"body__contains": "text 7"}),
            (24, {"author": "alice@example.org"}),
            (24, {"author": "Alice"}),
            (0, {"author": "Bob"}),
        ]
        for count, lookup in expected:
            assert count == inbox.filter(**lookup).count(), lookup

    @blocking
    def test_conditions_are_combined_and_negated(self) -> None:
        inbox = self.fill().inbox
        assert inbox.filter(Q(subject="Number 01") | Q(subject="Number 02")).count() == 2
        assert inbox.filter(~Q(subject="Number 01")).count() == 23
        assert inbox.exclude(subject__startswith="Number 1").count() == 14
        assert inbox.filter(Q(subject__startswith="Number 1") & ~Q(is_read=True)).count() == 8
        assert inbox.filter("text 17").count() == 1

    @blocking
    def test_results_are_ordered_cut_and_paged(self) -> None:
        messages = self.fill().inbox.all().order_by("subject")
        subjects = [f"Number {number:02}" for number in range(24)]
        assert subjects == list(messages.values_list("subject", flat=True))
        assert subjects[::-1] == list(messages.reverse().values_list("subject", flat=True))
        assert subjects[2:5] == [found.subject for found in messages[2:5]]
        assert (subjects[0], subjects[-1]) == (messages[0].subject, messages[-1].subject)
        messages.page_size = 5
        assert subjects == [found.subject for found in messages.only("subject")]
        by_two = list(messages.order_by("importance", "-subject").values_list("importance", "subject"))
        assert by_two[:2] == [("Normal", "Number 23"), ("Normal", "Number 22")]

    @blocking
    def test_values_and_single_items_are_got(self) -> None:
        inbox = self.fill().inbox
        found = list(inbox.filter(subject="Number 05").values("subject", "is_read", "categories"))
        assert found == [{"subject": "Number 05", "is_read": False, "categories": ["odd"]}]
        assert inbox.get(subject="Number 09").body == "this is text 9"
        assert inbox.filter(subject="Number 09").exists()


class MessageTests(EwsTestCase):
    @blocking
    def test_a_message_is_created_read_and_updated(self) -> None:
        alice = self.account("alice")
        message = Message(account=alice, folder=alice.drafts, subject="Grüße", body="text", to_recipients=["x@y.org"])
        message.save()
        message.refresh()
        message.subject, message.categories, message.is_read = "Neue Grüße", ["a", "b"], True
        message.cc_recipients = [Mailbox(email_address="c@y.org", name="Cé")]
        message.body = HTMLBody("<b>bold</b>")
        message.in_reply_to = "<1@y.org>"
        message.save()
        again = alice.drafts.get(subject="Neue Grüße")
        assert message.changekey == again.changekey
        assert (again.categories, again.is_read, again.is_draft) == (["a", "b"], True, True)
        assert (again.body, again.text_body) == ("<b>bold</b>", "bold")
        assert [(one.name, one.email_address) for one in again.cc_recipients] == [("Cé", "c@y.org")]
        assert again.author.email_address == "alice@example.org"
        assert b"In-Reply-To: <1@y.org>" in again.mime_content

    @blocking
    def test_a_stale_version_is_refused_to_who_asks_for_that(self) -> None:
        alice = self.account("alice")
        Message(account=alice, folder=alice.inbox, subject="first").save()
        one, other = alice.inbox.get(subject="first"), alice.inbox.get(subject="first")
        one.subject = "second"
        one.save(update_fields=["subject"])
        other.subject = "third"
        with pytest.raises(ErrorIrresolvableConflict):
            other.save(update_fields=["subject"], conflict_resolution="NeverOverwrite")
        other.save(update_fields=["subject"], conflict_resolution="AlwaysOverwrite")
        assert alice.inbox.filter(subject="third").exists()

    @blocking
    def test_a_message_is_moved_copied_and_deleted_in_three_ways(self) -> None:
        alice = self.account("alice")
        made = [Message(subject=f"{number}") for number in range(4)]
        alice.bulk_create(alice.inbox, made)
        one, two, three, four = alice.inbox.all().order_by("subject")
        one.copy(alice.drafts)
        one.move(alice.drafts)
        assert (alice.drafts.all().count(), alice.inbox.all().count()) == (2, 3)
        two.move_to_trash()
        three.soft_delete()
        four_id = four.id
        four.delete()
        assert [found.subject for found in alice.trash.all()] == ["1"]
        assert [found.subject for found in alice.recoverable_items_deletions.all()] == ["2"]
        assert isinstance(next(iter(alice.fetch([(four_id, None)]))), ErrorItemNotFound)
        assert isinstance(next(iter(alice.fetch([("AAAA", None)]))), ErrorInvalidIdMalformed)

    @blocking
    def test_many_are_updated_moved_and_deleted_at_once(self) -> None:
        alice = self.account("alice")
        alice.bulk_create(alice.inbox, [Message(subject=f"{number}") for number in range(12)])
        found = list(alice.inbox.all())
        for message in found:
            message.subject = f"x{message.subject}"
        assert len(alice.bulk_update([(message, ("subject",)) for message in found])) == 12
        assert alice.inbox.filter(subject__startswith="x").count() == 12
        alice.bulk_move(found[:5], alice.trash)
        assert alice.bulk_delete(found[5:]) == [True] * 7
        assert (alice.inbox.all().count(), alice.trash.all().count()) == (0, 5)

    @blocking
    def test_properties_of_our_own_are_kept_and_searched(self) -> None:
        alice = self.account("alice")
        Message.register("number", Number)
        try:
            alice.bulk_create(alice.inbox, [Message(subject=f"{number}", number=number) for number in range(5)])
            assert sorted(found.subject for found in alice.inbox.filter(number__gt=2)) == ["3", "4"]
            assert alice.inbox.get(subject="4").number == 4
        finally:
            Message.deregister("number")


class SendTests(EwsTestCase):
    @blocking
    def test_a_message_arrives_with_its_attachments(self) -> None:
        alice, bob = self.account("alice"), self.account("bob")
        message = Message(account=alice, subject="Hellö", body="see there", to_recipients=["bob@example.org"])
        message.bcc_recipients = ["alice@example.org"]
        inner = Message(account=alice, subject="inside", body="inner text", to_recipients=["x@y.org"])
        message.attach([FileAttachment(name="däta.bin", content=bytes(range(256)) * 40)])
        message.attach(ItemAttachment(name="item", item=inner))
        message.send_and_save()
        got = bob.inbox.get(subject="Hellö")
        files = [one for one in got.attachments if isinstance(one, FileAttachment)]
        items = [one for one in got.attachments if isinstance(one, ItemAttachment)]
        assert ("däta.bin", bytes(range(256)) * 40) == (files[0].name, files[0].content)
        assert (items[0].item.subject, items[0].item.body) == ("inside", "inner text")
        assert (got.is_read, got.is_draft, got.has_attachments) == (False, False, True)
        assert got.bcc_recipients is None
        assert alice.inbox.filter(subject="Hellö").count() == 1
        copy = alice.sent.get(subject="Hellö")
        assert (copy.is_read, copy.is_draft, len(copy.bcc_recipients)) == (True, False, 1)

    @blocking
    def test_a_draft_is_sent_with_and_without_a_copy(self) -> None:
        alice, bob = self.account("alice"), self.account("bob")
        for save_copy in (True, False):
            draft = Message(account=alice, folder=alice.drafts, subject=f"{save_copy}", body="x")
            draft.to_recipients = ["bob@example.org"]
            draft.save()
            draft.send(save_copy=save_copy)
        Message(account=alice, subject="direct", body="x", to_recipients=["bob@example.org"]).send(save_copy=False)
        assert {"True", "False", "direct"} == {got.subject for got in bob.inbox.all()}
        assert [kept.subject for kept in alice.sent.all()] == ["True"]
        assert (alice.drafts.all().count(), alice.outbox.all().count()) == (0, 0)

    @blocking
    def test_who_cannot_be_reached_is_reported_and_the_copy_stays(self) -> None:
        alice, bob = self.account("alice"), self.account("bob")
        message = Message(account=alice, subject="two", body="x")
        message.to_recipients = ["bob@example.org", "nobody@example.org"]
        message.send_and_save()
        assert (bob.inbox.all().count(), alice.sent.all().count()) == (1, 1)
        report = alice.inbox.get(subject="Undeliverable: two")
        assert "nobody@example.org: 550 5.1.1 no such user" in report.text_body
        assert "bob@example.org:" not in report.text_body
        assert b'report-type="delivery-status"' in report.mime_content

    @blocking
    def test_nobody_writes_to_nobody_or_in_anothers_name(self) -> None:
        alice, bob = self.account("alice"), self.account("bob")
        with pytest.raises(ErrorInvalidRecipients):
            Message(account=alice, subject="x", body="x").send()
        forged = Message(account=alice, subject="x", body="x", to_recipients=["bob@example.org"])
        forged.author = Mailbox(email_address="bob@example.org")
        with pytest.raises(ErrorSendAsDenied):
            forged.send()
        assert (bob.inbox.all().count(), alice.sent.all().count()) == (0, 0)

    @blocking
    def test_attachments_are_added_and_taken_away_one_by_one(self) -> None:
        alice = self.account("alice")
        message = Message(account=alice, folder=alice.drafts, subject="files", body="x")
        message.save()
        for name in ("one", "two", "three"):
            message.attach(FileAttachment(name=name, content=name.encode()))
        message.detach(message.attachments[:2])
        again = alice.drafts.get(subject="files")
        assert [(one.name, one.content) for one in again.attachments] == [("three", b"three")]
        assert again.body == "x"


class OtherItemTests(EwsTestCase):
    @blocking
    def test_an_appointment_is_created_read_updated_and_deleted(self) -> None:
        alice = self.account("alice")
        item = CalendarItem(account=alice, folder=alice.calendar, subject="Meeting", start=NINE, end=NINE + HOUR)
        item.location, item.legacy_free_busy_status = "Room", "Tentative"
        item.reminder_is_set, item.reminder_minutes_before_start = True, 30
        item.required_attendees = [
            Attendee(mailbox=Mailbox(email_address="bob@example.org", name="Bob"), response_type="Accept")
        ]
        item.save()
        item.refresh()
        assert (item.start, item.end, item.location, item.legacy_free_busy_status) == (
            NINE,
            NINE + HOUR,
            "Room",
            "Tentative",
        )
        assert (item.reminder_is_set, item.reminder_minutes_before_start, item.is_meeting, item.type) == (
            True,
            30,
            True,
            "Single",
        )
        assert item.required_attendees[0].mailbox.name == "Bob"
        item.start, item.end, item.subject = NINE + 2 * HOUR, NINE + 3 * HOUR, "Moved"
        item.save()
        assert [found.subject for found in alice.calendar.filter(start__gte=NINE + HOUR)] == ["Moved"]
        item.delete()
        assert alice.calendar.all().count() == 0

    @blocking
    def test_a_view_shows_what_overlaps_it_and_whole_days_in_their_zone(self) -> None:
        alice = self.account("alice")
        day = EWSDate(2026, 3, 12)
        whole = CalendarItem(subject="whole", start=day, end=day, is_all_day=True)
        timed = CalendarItem(subject="timed", start=NINE, end=NINE + HOUR)
        alice.bulk_create(alice.calendar, [whole, timed])
        midnight = EWSDateTime(2026, 3, 12, tzinfo=BERLIN)
        seen = list(alice.calendar.view(start=midnight, end=midnight + timedelta(days=1)))
        assert [("whole", day, day)] == [(found.subject, found.start, found.end) for found in seen]
        during = alice.calendar.view(start=NINE + HOUR / 2, end=NINE + HOUR)
        assert [found.subject for found in during.only("subject", "start")] == ["timed"]

    @blocking
    def test_a_series_keeps_its_rule(self) -> None:
        alice = self.account("alice")
        rule = WeeklyPattern(interval=2, weekdays=["Monday", "Friday"])
        series = Recurrence(pattern=rule, boundary=NumberedPattern(start=EWSDate(2026, 3, 9), number=5))
        start = EWSDateTime(2026, 3, 9, 10, tzinfo=BERLIN)
        CalendarItem(
            account=alice, folder=alice.calendar, subject="series", start=start, end=start + HOUR, recurrence=series
        ).save()
        found = alice.calendar.get(subject="series")
        assert (series, "RecurringMaster", False) == (found.recurrence, found.type, found.is_recurring)

    @blocking
    def test_a_contact_is_created_read_updated_and_deleted(self) -> None:
        alice = self.account("alice")
        contact = Contact(account=alice, folder=alice.contacts, display_name="Ann Öther", given_name="Ann")
        contact.surname, contact.company_name, contact.department = "Öther", "ACME", "R&D"
        contact.email_addresses = [
            EmailAddress(label="EmailAddress1", email="ann@x.org"),
            EmailAddress(label="EmailAddress3", email="third@x.org"),
        ]
        contact.phone_numbers = [
            PhoneNumber(label="MobilePhone", phone_number="1"),
            PhoneNumber(label="BusinessPhone2", phone_number="2"),
        ]
        contact.physical_addresses = [PhysicalAddress(label="Home", street="S 1", city="C", country="DE", zipcode="1")]
        contact.birthday, contact.spouse_name, contact.body = EWSDate(1970, 2, 3), "Sam", "note"
        contact.save()
        found = alice.contacts.get(surname="Öther")
        for name in ("display_name", "given_name", "company_name", "department", "birthday", "spouse_name", "body"):
            assert getattr(contact, name) == getattr(found, name), name
        assert set(contact.email_addresses) == set(found.email_addresses)
        assert set(contact.phone_numbers) == set(found.phone_numbers)
        assert set(contact.physical_addresses) == set(found.physical_addresses)
        found.phone_numbers, found.given_name = None, "Anna"
        found.save(update_fields=["phone_numbers", "given_name"])
        found.refresh()
        assert (found.phone_numbers, found.given_name, found.display_name) == (None, "Anna", "Ann Öther")
        found.delete()
        assert alice.contacts.all().count() == 0

    @blocking
    def test_a_task_is_created_and_completed(self) -> None:
        alice = self.account("alice")
        task = Task(account=alice, folder=alice.tasks, subject="Do", due_date=EWSDate(2026, 5, 1), status="InProgress")
        task.percent_complete = Decimal(40)
        task.save()
        task.refresh()
        assert (EWSDate(2026, 5, 1), "InProgress", 40) == (task.due_date, task.status, task.percent_complete)
        task.complete()
        assert alice.tasks.all().values_list("is_complete", "percent_complete")[0] == (True, 100)


class EventTests(EwsTestCase):
    @blocking
    def test_new_mail_streams_to_who_waits_for_it(self) -> None:
        alice, bob = self.account("alice"), self.account("bob")
        with alice.inbox.streaming_subscription() as subscription:
            sending = Thread(target=self.send_later, args=(bob,))
            sending.start()
            stream = alice.inbox.get_streaming_events(subscription, connection_timeout=1, max_notifications_returned=1)
            events = [event for notification in stream for event in notification.events]
            sending.join()
            assert [type(event).__name__ for event in events] == ["CreatedEvent", "NewMailEvent"]
            arrived = next(iter(alice.fetch([events[1].item_id])))
            assert arrived.subject == "news"
            arrived.move_to_trash()
            stream = alice.inbox.get_streaming_events(subscription, connection_timeout=1, max_notifications_returned=1)
            assert [type(event).__name__ for told in stream for event in told.events] == ["MovedEvent"]
        with pytest.raises(ErrorSubscriptionNotFound):
            list(alice.inbox.get_streaming_events(subscription, connection_timeout=1))

    def send_later(self, who: Account) -> None:
        time.sleep(0.5)
        Message(account=who, subject="news", body="x", to_recipients=["alice@example.org"]).send(save_copy=False)

    @blocking
    def test_events_are_pulled_from_a_watermark(self) -> None:
        alice = self.account("alice")
        with alice.inbox.pull_subscription() as (subscription, watermark):
            Message(account=alice, folder=alice.inbox, subject="one").save()
            told = next(iter(alice.inbox.get_events(subscription, watermark)))
            assert [type(event).__name__ for event in told.events] == ["CreatedEvent"]
            told = next(iter(alice.inbox.get_events(subscription, told.events[-1].watermark)))
            assert [type(event).__name__ for event in told.events] == ["StatusEvent"]

    @blocking
    def test_items_and_folders_are_synchronised(self) -> None:
        alice = self.account("alice")
        message = Message(account=alice, folder=alice.inbox, subject="one")
        message.save()
        assert [change for change, _ in alice.inbox.sync_items(only_fields=["subject"])] == ["create"]
        message.is_read = True
        message.save(update_fields=["is_read"])
        assert [change for change, _ in alice.inbox.sync_items(only_fields=["subject"])] == ["read_flag_change"]
        message.delete()
        assert [change for change, _ in alice.inbox.sync_items(only_fields=["subject"])] == ["delete"]
        names = {folder.name for _, folder in alice.msg_folder_root.sync_hierarchy()}
        assert "Inbox" in names
        folder = Messages(parent=alice.inbox, name="new").save()
        found = [(change, one.name) for change, one in alice.msg_folder_root.sync_hierarchy()]
        assert found == [("create", "new")]
        folder.delete()
        assert [change for change, _ in alice.msg_folder_root.sync_hierarchy()] == ["delete"]


class DoorTests(EwsTestCase):
    @blocking
    def test_a_mailbox_is_closed_to_everybody_else(self) -> None:
        for access in (DELEGATE, IMPERSONATION):
            with pytest.raises(ErrorAccessDenied):
                _ = self.account("alice", "bob@example.org", access).inbox

    @blocking
    def test_nobody_is_known_by_name_yet(self) -> None:
        alice = self.account("alice")
        assert alice.version.api_version == "Exchange2016"
        found = alice.protocol.resolve_names(["bob"])
        assert isinstance(found[0], ErrorNameResolutionNoResults)

    @blocking
    def test_unknown_operations_and_hostile_documents_get_faults(self) -> None:
        bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><x>&a;</x>'
        soap = (
            b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
            b'<s:Body><m:%b xmlns:m="%b"/></s:Body></s:Envelope>'
        )
        messages = b"http://schemas.microsoft.com/exchange/services/2006/messages"
        for document, code in (
            (soap % (b"GetUMPrompt", messages), "ErrorInvalidRequest"),
            (soap % (b"GetItem", b"urn:x"), "ErrorInvalidRequest"),
            (soap % (b"GetItem", messages), "ErrorSchemaValidation"),
            (bomb, "ErrorSchemaValidation"),
            (b"<a>" * 100_000, "ErrorSchemaValidation"),
            (b"", "ErrorSchemaValidation"),
        ):
            answer = requests.post(self.url, data=document, auth=("alice@example.org", PASSWORD), timeout=20)
            assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/xml; charset=utf-8")
            assert f":ResponseCode>{code}<" in answer.text
