"""What colleagues on two servers know of each other, with exchangelib: names, absence, time, rules, delegates."""

from __future__ import annotations

import re
from datetime import time, timedelta

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
from tests.protocols.ews.test_working_hours_stream import OFFICE

BERLIN = EWSTimeZone("Europe/Berlin")
NINE = EWSDateTime(2027, 3, 29, 9, 0, tzinfo=BERLIN)
"""The Monday after the clocks of Berlin went forward."""

SUGGEST = (
    "<m:GetUserAvailabilityRequest><t:TimeZone><t:Bias>0</t:Bias><t:StandardTime><t:Bias>0</t:Bias><t:Time>00:00:00"
    "</t:Time><t:DayOrder>0</t:DayOrder><t:Month>0</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime>"
    "<t:DaylightTime><t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder><t:Month>0</t:Month>"
    "<t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime></t:TimeZone><m:MailboxDataArray>{people}</m:MailboxDataArray>"
    "<t:SuggestionsViewOptions><t:GoodThreshold>25</t:GoodThreshold><t:MaximumResultsByDay>48</t:MaximumResultsByDay>"
    "<t:MaximumNonWorkHourResultsByDay>0</t:MaximumNonWorkHourResultsByDay>"
    "<t:MeetingDurationInMinutes>60</t:MeetingDurationInMinutes><t:DetailedSuggestionsWindow>"
    "<t:StartTime>2027-03-29T00:00:00</t:StartTime><t:EndTime>2027-03-30T00:00:00</t:EndTime>"
    "</t:DetailedSuggestionsWindow></t:SuggestionsViewOptions></m:GetUserAvailabilityRequest>"
)
PACIFIC_MORNING = [(hour, minute) for hour in range(13, 20) for minute in ("00", "30")][1:-2]
"""Half hours of UTC that begin an hour between 6:30 and 12:30 by the summer clock of Los Angeles."""


def _attendee(name: str) -> str:
    email = f"<t:Email><t:Address>{name}@example.org</t:Address></t:Email>"
    return f"<t:MailboxData>{email}<t:AttendeeType>Required</t:AttendeeType></t:MailboxData>"


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

    def test_working_hours_kept_with_a_calendar_on_the_other_server_are_told_and_suggested(self) -> None:
        alice, carol = self.account("alice"), self.account("carol")
        carol.calendar.create_user_configuration(name="WorkHours", xml_data=OFFICE)
        (view,) = alice.protocol.get_free_busy_info(
            [(carol, "Required", False)], NINE.replace(hour=8), NINE.replace(hour=12)
        )
        ((period,), zone) = view.working_hours, view.working_hours_timezone
        assert (period.weekdays, period.start, period.end) == ([1, 6], time(6, 30), time(12, 30))
        assert (zone.bias, zone.daylight_time.bias, zone.daylight_time.occurrence) == (480, -60, 2)
        asked = SUGGEST.format(people="".join(map(_attendee, ("alice", "carol"))))
        answer = self._post("alice", asked)
        times = re.findall(r"<t:MeetingTime>2027-03-29T([\d:]+)<.*?<t:IsWorkTime>(\w+)<", answer)
        assert times == [(f"{hour}:{minute}:00", "true") for hour, minute in PACIFIC_MORNING], answer

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
        answer = self._post(name, body)
        assert answer.count("NoError") == 2, answer

    def _post(self, name: str, body: str) -> str:
        """Ask by hand for what exchangelib does not."""
        answer = self.estate.session().post(
            f"{self.front.url}/ews/exchange.asmx",
            data=envelope(body),
            headers={**HEADERS, "Authorization": self.estate.basic(name)},
            timeout=30,
        )
        return str(answer.text)
