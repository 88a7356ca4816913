from __future__ import annotations

import pytest

from tests.casd.mailbox.meetings.conversation import Person, Town, text
from tests.casd.mailbox.store.world import mail
from tests.protocols.ews.soap import shown


def away(
    person: Person, state: str = "Enabled", audience: str = "None", days: str = "", external: str = "Gone", **more: str
) -> str:
    address = more.get("address", person.address)
    settings = (
        f"<t:OofState>{state}</t:OofState><t:ExternalAudience>{audience}</t:ExternalAudience>{days}"
        f"<t:InternalReply><t:Message>I am on the island</t:Message></t:InternalReply>"
        f"<t:ExternalReply><t:Message>{external}</t:Message></t:ExternalReply>"
    )
    answer = person.ask(
        f"<m:SetUserOofSettingsRequest><t:Mailbox><t:Address>{address}</t:Address></t:Mailbox>"
        f"<t:UserOofSettings>{settings}</t:UserOofSettings></m:SetUserOofSettingsRequest>"
    )
    return answer.codes[0]


def days(start: str, end: str) -> str:
    return f"<t:Duration><t:StartTime>{start}</t:StartTime><t:EndTime>{end}</t:EndTime></t:Duration>"


def settings(person: Person) -> list[str]:
    answer = person.ask(
        f"<m:GetUserOofSettingsRequest><t:Mailbox><t:Address>{person.address}</t:Address></t:Mailbox>"
        "</m:GetUserOofSettingsRequest>"
    )
    assert answer.codes == ["NoError"]
    return [answer.text("t:OofState"), answer.text("t:ExternalAudience"), *answer.texts("t:Message")]


def replies(town: Town, sender: str = "bob@example.org", **headers: str) -> list[str]:
    """Return what somebody is told who writes to Alice."""
    before = len(town.alice.sent)
    assert town.post(sender, "alice@example.org", mail("Question", **headers)).delivered
    return [message.decode() for _, _, message in town.alice.sent[before:]]


def test_7_5_settings_are_kept(town: Town) -> None:
    assert settings(town.alice) == ["Disabled", "None", "", ""]
    assert away(town.alice, "Scheduled", "Known", days("2027-01-01T00:00:00Z", "2027-01-08T00:00:00Z")) == "NoError"
    assert settings(town.alice) == ["Scheduled", "Known", "I am on the island", "Gone"]


def test_7_5_an_answer_tells_all_there_is_with_times_in_utc(town: Town) -> None:
    away(town.alice, "Scheduled", "All", days("2027-01-01T01:00:00+01:00", "2027-01-08T00:00:00Z"))
    answer = town.alice.ask(
        f"<m:GetUserOofSettingsRequest><t:Mailbox><t:Address>{town.alice.address}</t:Address></t:Mailbox>"
        "</m:GetUserOofSettingsRequest>"
    )
    assert shown(answer.body) == (
        '<GetUserOofSettingsResponse><ResponseMessage ResponseClass="Success"><ResponseCode>NoError</ResponseCode>'
        "</ResponseMessage><OofSettings><OofState>Scheduled</OofState><ExternalAudience>All</ExternalAudience><Duration>"
        "<StartTime>2027-01-01T00:00:00Z</StartTime><EndTime>2027-01-08T00:00:00Z</EndTime></Duration><InternalReply>"
        "<Message>I am on the island</Message></InternalReply><ExternalReply><Message>Gone</Message></ExternalReply>"
        "</OofSettings><AllowExternalOof>All</AllowExternalOof></GetUserOofSettingsResponse>"
    )


def test_an_absence_that_ends_before_it_begins_is_refused(town: Town) -> None:
    for wrong in ("", days("2027-01-08T00:00:00Z", "2027-01-01T00:00:00Z")):
        assert away(town.alice, "Scheduled", days=wrong) == "ErrorInvalidScheduledOofDuration"


@pytest.mark.negative
def test_7_5_nobody_settles_anothers_absence(town: Town) -> None:
    assert away(town.alice, address="bob@example.org") == "ErrorAccessDenied"


def test_a_sender_is_told_once_and_again_when_it_is_said_anew(town: Town) -> None:
    away(town.alice)
    (reply,) = replies(town, Message_ID="<one@example.org>")
    for line in (
        "Subject: Automatic reply: Question",
        "Auto-Submitted: auto-replied",
        "In-Reply-To: <one@example.org>",
    ):
        assert line in reply
    assert "I am on the island" in reply
    assert replies(town) == []
    assert len(replies(town, "carol@example.org")) == 1
    away(town.alice)
    assert len(replies(town)) == 1
    assert text(town.bob.message(), "Subject") == "Automatic reply: Question"


def test_nobody_is_told_outside_the_time(town: Town) -> None:
    away(town.alice, "Scheduled", days=days("2001-01-01T00:00:00Z", "2001-01-08T00:00:00Z"))
    assert replies(town) == []
    away(town.alice, "Disabled")
    assert replies(town) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-generated"},
        {"X_Auto_Response_Suppress": "OOF, DR"},
        {"List_Id": "<people.example.org>"},
        {"Precedence": "bulk"},
    ],
)
def test_programs_and_lists_are_told_nothing(town: Town, headers: dict[str, str]) -> None:
    away(town.alice)
    assert replies(town, **headers) == []


def test_strangers_are_told_as_much_as_the_owner_wants(town: Town) -> None:
    away(town.alice, audience="None")
    assert replies(town, "eve@example.net") == []
    away(town.alice, audience="All", external="")
    assert replies(town, "eve@example.net") == []
    away(town.alice, audience="Known")
    assert replies(town, "eve@example.net") == []
    entry = '<t:EmailAddresses><t:Entry Key="EmailAddress1">eve@example.net</t:Entry></t:EmailAddresses>'
    town.alice.create(f"<t:Contact>{entry}</t:Contact>", "contacts")
    (reply,) = replies(town, "eve@example.net")
    assert "Gone" in reply
    away(town.alice, audience="All")
    assert len(replies(town, "mallory@example.net")) == 1
    assert town.alice.messages()[0] != ("Message", "Undeliverable: Automatic reply: Question")


def test_two_who_are_away_do_not_write_to_each_other_for_ever(town: Town) -> None:
    away(town.alice)
    away(town.bob)
    town.bob.create(
        "<t:Message><t:Subject>Hello</t:Subject><t:ToRecipients><t:Mailbox><t:EmailAddress>alice@example.org"
        "</t:EmailAddress></t:Mailbox></t:ToRecipients></t:Message>",
        "",
        MessageDisposition="SendOnly",
    )
    assert (len(town.alice.sent), len(town.bob.sent)) == (1, 1)
