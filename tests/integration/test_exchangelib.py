"""exchangelib, unchanged, through the front door: Alice's mailbox is on one server, Carol's on the other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import version
from threading import Thread
from time import monotonic
from typing import Any

from exchangelib import UTC, CalendarItem, Contact, EWSDateTime, FileAttachment, Message
from exchangelib.indexed_properties import EmailAddress
from exchangelib.properties import CreatedEvent

from tests.integration.clients import ExchangelibTestCase
from tests.integration.process import PATIENCE, wait_until

CONTENT = bytes(range(256)) * 1000


class Exchangelib(ExchangelibTestCase):
    """One front end before both mailbox servers."""

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self._report, monotonic())

    def test_a_message_is_created_found_updated_moved_and_deleted(self) -> None:
        alice = self.account("alice")
        Message(account=alice, folder=alice.drafts, subject="Plan", body="first").save()
        found = alice.drafts.get(subject="Plan")
        found.subject = "Better plan"
        found.save(update_fields=["subject"])
        assert not alice.drafts.filter(subject="Plan").exists()
        found.move(alice.inbox)
        assert (alice.drafts.all().count(), alice.inbox.get(subject="Better plan").body) == (0, "first")
        alice.inbox.get(subject="Better plan").delete()
        assert alice.inbox.all().count() == 0

    def test_a_message_with_an_attachment_reaches_the_other_server(self) -> None:
        alice, carol = self.account("alice"), self.account("carol")
        message = Message(account=alice, subject="Report", body="see there", to_recipients=["carol@example.org"])
        message.attach(FileAttachment(name="report.bin", content=CONTENT))
        message.send_and_save()
        got = carol.inbox.get(subject="Report")
        assert [(one.name, one.content) for one in got.attachments] == [("report.bin", CONTENT)]
        assert got.sender.email_address == "alice@example.org"
        assert alice.sent.filter(subject="Report").count() == 1

    def test_a_streaming_subscription_tells_of_mail_from_the_other_server(self) -> None:
        alice, carol = self.account("alice"), self.account("carol")
        with carol.inbox.streaming_subscription() as subscription:
            stream = carol.inbox.get_streaming_events(subscription, connection_timeout=1, max_notifications_returned=1)
            told = _Told(stream)
            told.start()
            wait_until(lambda: self._is_streaming("carol"), "the subscription to be listened to")
            sent = monotonic()
            Message(account=alice, subject="News", body="now", to_recipients=["carol@example.org"]).send()
            told.join(PATIENCE)
            self.report(f"told {monotonic() - sent:.2f} s after it was sent")
            assert CreatedEvent in {type(event) for event in told.events}

    def test_an_appointment_is_created_read_and_deleted(self) -> None:
        carol = self.account("carol")
        start = EWSDateTime(2027, 3, 10, 9, 0, tzinfo=UTC)
        CalendarItem(
            account=carol, folder=carol.calendar, subject="Meeting", start=start, end=start + timedelta(hours=1)
        ).save()
        (found,) = carol.calendar.view(start=start - timedelta(days=1), end=start + timedelta(days=1))
        assert (found.subject, found.start, found.end) == ("Meeting", start, start + timedelta(hours=1))
        found.delete()
        assert carol.calendar.all().count() == 0

    def test_a_contact_is_created_read_and_deleted(self) -> None:
        carol = self.account("carol")
        address = EmailAddress(email="ada@example.net", label="EmailAddress1")
        names = {"display_name": "Ada Byron", "given_name": "Ada", "surname": "Byron"}
        Contact(account=carol, folder=carol.contacts, email_addresses=[address], **names).save()
        found = carol.contacts.get(surname="Byron")
        assert (found.given_name, found.email_addresses[0].email) == ("Ada", "ada@example.net")
        found.delete()
        assert carol.contacts.all().count() == 0

    def _is_streaming(self, user: str) -> bool:
        return any(
            request["user"] == f"{user}@example.org" and request["seconds"] > 0.1
            for request in self.front.status()["requests"]
        )

    def _report(self, begun: float) -> None:
        served = self.front.metric("casd_requests_total", door="http", status="200", vdir="ews")
        seconds = monotonic() - begun
        self.report(f"exchangelib {version('exchangelib')}, {served:.0f} requests answered 200 in {seconds:.1f} s")


class _Told(Thread):
    """Listens to a subscription until it is told of something."""

    def __init__(self, notifications: Iterator[Any]) -> None:
        super().__init__(daemon=True)
        self.events: list[Any] = []
        self._notifications = notifications

    def run(self) -> None:
        for notification in self._notifications:
            self.events += notification.events
