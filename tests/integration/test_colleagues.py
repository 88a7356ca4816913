"""What colleagues on two servers know of each other, with exchangelib: names, absence, time, rules, delegates."""

from __future__ import annotations

from datetime import timedelta

import pytest
from exchangelib import Account, CalendarItem, EWSDateTime, EWSTimeZone, Message, OofSettings
from exchangelib.errors import ErrorAccessDenied, ErrorNonExistentMailbox
from exchangelib.properties import (
    Actions,
    Conditions,
    DistinguishedFolderId,
    Mailbox,
    MoveToFolder,
    Rule,
    SendingAs,
)
from exchangelib.services import GetMailTips

from tests.integration.clients import ExchangelibTestCase
from tests.integration.soap import HEADERS, envelope

BERLIN = EWSTimeZone("Europe/Berlin")
NINE = EWSDateTime(2027, 3, 29, 9, 0, tzinfo=BERLIN)
"""The Monday after the clocks of Berlin went forward."""


class Colleagues(ExchangelibTestCase):
    """Alice and Bob are on one server, Carol on the other."""

    def test_somebody_is_found_by_a_begin_of_his_name(self) -> None:
        alice = self.account("alice")
        assert alice.protocol.version  # which exchangelib finds out first
        (found,) = alice.protocol.resolve_names(["car"])
        assert (found.name, found.email_address) == ("Carol", "carol@example.org")
        ((mailbox, contact),) = alice.protocol.resolve_names(["carol@example.org"], return_full_contact_data=True)
        assert (mailbox.email_address, contact.display_name) == ("carol@example.org", "Carol")

    def test_a_calendar_on_the_other_server_shows_when_its_owner_is_busy(self) -> None:
        alice, carol = self.account("alice"), self.account("carol")
        CalendarItem(
            account=carol, folder=carol.calendar, subject="Plan", start=NINE, end=NINE + timedelta(hours=2)
        ).save(send_meeting_invitations="SendToNone")
        people = [(carol, "Required", False), ("nobody@example.org", "Required", False)]
        view, missing = alice.protocol.get_free_busy_info(
            people, NINE.replace(hour=8), NINE.replace(hour=12), merged_free_busy_interval=60
        )
        shown = [event.start.hour for event in view.calendar_events]
        assert (view.merged, shown) == ("0220", [9]), (view.merged, shown)
        assert view.calendar_events[0].details is None
        assert isinstance(missing, Exception)

    def test_who_is_away_says_so_once_and_before_it_is_asked(self) -> None:
        alice, carol = self.account("alice"), self.account("carol")
        carol.oof_settings = OofSettings(
            state=OofSettings.ENABLED, external_audience="None", internal_reply="Gone fishing", external_reply="Gone"
        )
        assert carol.oof_settings.internal_reply == "Gone fishing"
        for subject in ("One", "Two"):
            Message(account=alice, subject=subject, body="?", to_recipients=["carol@example.org"]).send()
        assert [each.subject for each in alice.inbox.all()] == ["Automatic reply: One"]
        (tips,) = GetMailTips(protocol=alice.protocol).call(
            sending_as=SendingAs(email_address="alice@example.org"),
            recipients=[Mailbox(email_address="carol@example.org")],
            mail_tips_requested="All",
        )
        assert tips.out_of_office.reply_body == "Gone fishing"

    def test_a_rule_is_kept_at_the_server_and_followed(self) -> None:
        alice, carol = self.account("alice"), self.account("carol")
        drafts = DistinguishedFolderId(id="drafts", mailbox=Mailbox(email_address="carol@example.org"))
        rule = Rule(
            account=carol,
            display_name="News",
            priority=1,
            is_enabled=True,
            conditions=Conditions(contains_subject_strings=["news"]),
            actions=Actions(move_to_folder=MoveToFolder(distinguished_folder_id=drafts)),
        )
        rule.save()
        (kept,) = carol.rules
        assert kept.display_name == "News"
        Message(account=alice, subject="The News", body="!", to_recipients=["carol@example.org"]).send()
        assert (carol.inbox.all().count(), carol.drafts.all().count()) == (0, 1)
        kept.delete()
        assert list(carol.rules) == []

    def test_a_delegate_opens_a_calendar_on_the_other_server_and_nothing_else(self) -> None:
        carol = self.account("carol")
        CalendarItem(
            account=carol, folder=carol.calendar, subject="Plan", start=NINE, end=NINE + timedelta(hours=2)
        ).save(send_meeting_invitations="SendToNone")
        self._let_in(carol, "alice", "Reviewer")
        (delegate,) = carol.delegates
        assert delegate.user_id.primary_smtp_address == "alice@example.org"
        shared = self.account("alice", owner="carol")
        (seen,) = shared.calendar.view(start=NINE - timedelta(days=1), end=NINE + timedelta(days=1))
        assert seen.subject == "Plan"
        with pytest.raises(ErrorAccessDenied):
            seen.delete()
        with pytest.raises(ErrorAccessDenied):
            list(shared.inbox.all())
        bob = self.account("bob", owner="carol")
        with pytest.raises((ErrorAccessDenied, ErrorNonExistentMailbox)):
            list(bob.calendar.all())

    def _let_in(self, owner: Account, user: str, level: str) -> None:
        """Name a delegate, which exchangelib itself has no call for."""
        body = (
            f"<m:AddDelegate><m:Mailbox><t:EmailAddress>{owner.primary_smtp_address}</t:EmailAddress></m:Mailbox>"
            f"<m:DelegateUsers><t:DelegateUser><t:UserId><t:PrimarySmtpAddress>{user}@example.org"
            "</t:PrimarySmtpAddress></t:UserId><t:DelegatePermissions><t:CalendarFolderPermissionLevel>"
            f"{level}</t:CalendarFolderPermissionLevel></t:DelegatePermissions></t:DelegateUser></m:DelegateUsers>"
            "<m:DeliverMeetingRequests>NoForward</m:DeliverMeetingRequests></m:AddDelegate>"
        )
        name = owner.primary_smtp_address.partition("@")[0]
        answer = self.estate.session().post(
            f"{self.front.url}/ews/exchange.asmx",
            data=envelope(body),
            headers={**HEADERS, "Authorization": self.estate.basic(name)},
            timeout=30,
        )
        assert answer.text.count("NoError") == 2, answer.text
