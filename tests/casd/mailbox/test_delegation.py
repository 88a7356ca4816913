"""Bob in Alice's mailbox, as far as she lets him in."""

from __future__ import annotations

from email import message_from_bytes

import pytest

from tests.casd.mailbox.ews.conversation import Answer, Client, change, distinguished
from tests.casd.mailbox.meetings.conversation import Person, Town, id_of, responses, text
from tests.casd.mailbox.store.world import ALICE

PLAN = "<t:CalendarItem><t:Subject>Plan</t:Subject><t:Start>2027-03-15T10:00:00Z</t:Start>{}</t:CalendarItem>"
OWNER = "<m:Mailbox><t:EmailAddress>alice@example.org</t:EmailAddress></m:Mailbox>"


def user(name: str, level: str = "", more: str = "") -> str:
    address = f"<t:UserId><t:PrimarySmtpAddress>{name}@example.org</t:PrimarySmtpAddress></t:UserId>"
    levels = f"<t:CalendarFolderPermissionLevel>{level}</t:CalendarFolderPermissionLevel>" if level else ""
    return f"<t:DelegateUser>{address}<t:DelegatePermissions>{levels}</t:DelegatePermissions>{more}</t:DelegateUser>"


def edit(client: Client, operation: str, *users: str, owner: str = OWNER) -> Answer:
    held = f"<m:DelegateUsers>{''.join(users)}</m:DelegateUsers>"
    return client.ask(f"<m:{operation}>{owner}{held}</m:{operation}>")


def listed(client: Client, permissions: str = "true") -> Answer:
    return client.ask(f'<m:GetDelegate IncludePermissions="{permissions}">{OWNER}</m:GetDelegate>')


def let_in(town: Town, level: str, more: str = "") -> Client:
    """Let Bob into Alice's calendar; return his program in her mailbox."""
    assert edit(town.alice, "AddDelegate", user("bob", level, more)).codes == ["NoError"] * 2
    client = Client(town.world, town.alice.mailbox)
    client.user = "bob@example.org"
    return client


def test_delegates_are_added_listed_changed_and_removed(town: Town) -> None:
    added = edit(town.alice, "AddDelegate", user("bob", "Reviewer"), user("alice"), user("eve"))
    assert added.codes == ["NoError", "NoError", "ErrorDelegateCannotAddOwner", "ErrorDelegateNoUser"]
    assert edit(town.alice, "AddDelegate", user("bob")).codes[1:] == ["ErrorDelegateAlreadyExists"]
    more = "<t:ViewPrivateItems>true</t:ViewPrivateItems>"
    assert edit(town.alice, "UpdateDelegate", user("bob", "Editor", more)).codes == ["NoError"] * 2
    assert edit(town.alice, "UpdateDelegate", user("carol")).codes[1:] == ["ErrorNotDelegate"]
    found = listed(town.alice)
    assert found.texts("t:DisplayName") == ["Bob"]
    assert [found.text(f"t:{name}") for name in ("CalendarFolderPermissionLevel", "ViewPrivateItems")] == [
        *("Editor", "true")
    ]
    assert listed(town.alice, "false").all("t:CalendarFolderPermissionLevel") == []
    gone = "<m:UserIds><t:UserId><t:PrimarySmtpAddress>bob@example.org</t:PrimarySmtpAddress></t:UserId></m:UserIds>"
    assert town.alice.ask(f"<m:RemoveDelegate>{OWNER}{gone}</m:RemoveDelegate>").codes == ["NoError"] * 2
    assert town.alice.ask(f"<m:RemoveDelegate>{OWNER}{gone}</m:RemoveDelegate>").codes[1:] == ["ErrorNotDelegate"]
    assert listed(town.alice).all("m:DelegateUser") == []


def test_who_is_no_delegate_is_told_why(town: Town) -> None:
    asked = "".join(
        f"<t:UserId>{one}</t:UserId>"
        for one in (
            "<t:SID>S-1-5</t:SID>",
            "<t:PrimarySmtpAddress>eve@else.org</t:PrimarySmtpAddress>",
            "<t:PrimarySmtpAddress>bob@example.org</t:PrimarySmtpAddress>",
        )
    )
    answer = town.alice.ask(
        f'<m:GetDelegate IncludePermissions="true">{OWNER}<m:UserIds>{asked}</m:UserIds></m:GetDelegate>'
    )
    assert answer.codes == ["NoError", "ErrorInvalidUserSid", "ErrorDelegateNoUser", "ErrorNotDelegate"]


@pytest.mark.negative
def test_nobody_names_anothers_delegates(town: Town) -> None:
    assert edit(town.bob, "AddDelegate", user("carol", "Editor")).codes == ["ErrorAccessDenied"]


def test_a_reviewer_reads_and_changes_nothing(town: Town) -> None:
    item = town.alice.create(PLAN.format(""), "calendar").id()
    bob = let_in(town, "Reviewer")
    assert bob.get(bob.find("calendar").id()).text("t:Subject") == "Plan"
    update = change("Set", "item:Subject", "<t:Subject>Mine</t:Subject>", "CalendarItem")
    assert bob.update(item, update).codes == ["ErrorAccessDenied"]
    assert bob.create(PLAN.format(""), "calendar").codes == ["ErrorAccessDenied"]
    gone = 'DeleteType="HardDelete" SendMeetingCancellations="SendToNone"'
    deleted = bob.ask(f"<m:DeleteItem {gone}><m:ItemIds>{item}</m:ItemIds></m:DeleteItem>")
    assert deleted.codes == ["ErrorAccessDenied"]
    assert town.alice.get(item).text("t:Subject") == "Plan"


def test_an_author_changes_what_he_has_added_and_an_editor_everything(town: Town) -> None:
    hers = town.alice.create(PLAN.format(""), "calendar").id()
    bob = let_in(town, "Author")
    made = bob.create(PLAN.format(""), "calendar")
    assert made.codes == ["NoError"]
    update = change("Set", "item:Subject", "<t:Subject>Better plan</t:Subject>", "CalendarItem")
    assert (bob.update(made.id(), update).codes, bob.update(hers, update).codes) == (["NoError"], ["ErrorAccessDenied"])
    assert [may(bob, item) for item in (made.id(), hers)] == [["true", "true"], ["false", "false"]]
    assert edit(town.alice, "UpdateDelegate", user("bob", "Editor")).codes == ["NoError"] * 2
    assert (bob.update(hers, update).codes, may(bob, hers)) == (["NoError"], ["true", "true"])
    assert town.alice.get(hers).text("t:Subject") == town.alice.get(made.id()).text("t:Subject") == "Better plan"


def may(person: Person, item: str) -> list[str]:
    """Return whether somebody may change an item, and delete it."""
    rights = '<t:AdditionalProperties><t:FieldURI FieldURI="item:EffectiveRights"/></t:AdditionalProperties>'
    shape = f"<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>{rights}</m:ItemShape>"
    answer = person.ask(f"<m:GetItem>{shape}<m:ItemIds>{item}</m:ItemIds></m:GetItem>")
    return [answer.text(f"t:{right}") for right in ("Modify", "Delete")]


def test_an_author_takes_back_what_he_has_added(town: Town) -> None:
    hers = town.alice.create(PLAN.format(""), "calendar").id()
    bob = let_in(town, "Author")
    made = bob.create(PLAN.format(""), "calendar").id()
    gone = 'DeleteType="HardDelete" SendMeetingCancellations="SendToNone"'
    deleted = bob.ask(f"<m:DeleteItem {gone}><m:ItemIds>{made}{hers}</m:ItemIds></m:DeleteItem>")
    assert deleted.codes == ["NoError", "ErrorAccessDenied"]


@pytest.mark.negative
def test_no_folder_is_open_but_those_that_were_opened(town: Town) -> None:
    secret = town.alice.create("<t:Message><t:Subject>Secret</t:Subject></t:Message>", "inbox").id()
    bob = let_in(town, "Editor")
    assert bob.find("inbox").codes == ["ErrorAccessDenied"]
    assert bob.get(secret).codes == ["ErrorItemNotFound"]
    shape = "<m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
    tree = f"<m:FindFolder Traversal='Deep'>{shape}<m:ParentFolderIds>{distinguished('root')}</m:ParentFolderIds>"
    assert bob.ask(f"{tree}</m:FindFolder>").texts("t:DisplayName") == ["Top of Information Store", "Calendar"]
    moved = f"<m:ToFolderId>{distinguished('calendar')}</m:ToFolderId><m:ItemIds>{secret}</m:ItemIds>"
    assert bob.ask(f"<m:MoveItem>{moved}</m:MoveItem>").codes == ["ErrorItemNotFound"]


@pytest.mark.negative
def test_what_is_private_stays_private(town: Town) -> None:
    private = "<t:CalendarItem><t:Subject>Doctor</t:Subject><t:Sensitivity>Private</t:Sensitivity>{}</t:CalendarItem>"
    item = town.alice.create(private.format("<t:Start>2027-03-15T10:00:00Z</t:Start>"), "calendar").id()
    bob = let_in(town, "Editor")
    assert (bob.find("calendar").all("t:ItemId"), bob.get(item).codes) == ([], ["ErrorItemNotFound"])
    more = "<t:ViewPrivateItems>true</t:ViewPrivateItems>"
    edit(town.alice, "UpdateDelegate", user("bob", "Editor", more))
    assert bob.get(item).text("t:Subject") == "Doctor"


@pytest.mark.negative
def test_what_is_private_is_not_counted(town: Town) -> None:
    private = PLAN.replace("<t:Start>", "<t:Sensitivity>Private</t:Sensitivity><t:Start>")
    for item in (PLAN.format(""), private.format("")):
        assert town.alice.create(item, "calendar").codes == ["NoError"]
    size = '<t:AdditionalProperties><t:ExtendedFieldURI PropertyTag="0x0e08" PropertyType="Integer"/>'
    shape = f"<m:FolderShape><t:BaseShape>AllProperties</t:BaseShape>{size}</t:AdditionalProperties></m:FolderShape>"
    folders = "".join(map(distinguished, ("calendar", "msgfolderroot")))
    ask = f"<m:GetFolder>{shape}<m:FolderIds>{folders}</m:FolderIds></m:GetFolder>"
    own = town.alice.ask(ask)
    assert (own.texts("t:TotalCount")[0], len(own.all("t:Value"))) == ("2", 2)
    told = let_in(town, "Editor").ask(ask)
    assert told.texts("t:TotalCount") == ["1"]
    assert told.texts("t:ChildFolderCount") == ["0", "1"]
    assert told.all("t:Value") == []


@pytest.mark.negative
def test_a_delegate_sends_no_mail_and_settles_nothing(town: Town) -> None:
    bob = let_in(town, "Editor")
    to = "<t:ToRecipients><t:Mailbox><t:EmailAddress>carol@example.org</t:EmailAddress></t:Mailbox></t:ToRecipients>"
    message = f"<t:Message><t:Subject>Hello</t:Subject>{to}</t:Message>"
    assert bob.create(message, "", MessageDisposition="SendOnly").codes == ["ErrorSendAsDenied"]
    for operation in ("GetInboxRules", "GetDelegate", "GetUserOofSettingsRequest", "Subscribe", "SyncFolderItems"):
        assert bob.ask(f"<m:{operation}/>").fault == "ErrorAccessDenied"
    assert bob.sent == []


@pytest.mark.negative
def test_whoever_was_removed_is_outside_at_once(town: Town) -> None:
    bob = let_in(town, "Editor")
    gone = "<m:UserIds><t:UserId><t:PrimarySmtpAddress>bob@example.org</t:PrimarySmtpAddress></t:UserId></m:UserIds>"
    town.alice.ask(f"<m:RemoveDelegate>{OWNER}{gone}</m:RemoveDelegate>")
    assert bob.find("calendar").fault == "ErrorAccessDenied"


def test_a_delegate_invites_in_the_owners_name(town: Town) -> None:
    bob = let_in(town, "Author")
    guest = "<t:Attendee><t:Mailbox><t:EmailAddress>carol@example.org</t:EmailAddress></t:Mailbox></t:Attendee>"
    item = PLAN.format(f"<t:RequiredAttendees>{guest}</t:RequiredAttendees>")
    assert bob.create(item, "calendar", SendMeetingInvitations="SendOnlyToAll").codes == ["NoError"]
    ((sender, recipients, mime),) = bob.sent
    assert (sender, recipients) == ("alice@example.org", ("carol@example.org",))
    head = message_from_bytes(mime)
    assert (head["From"], head["Sender"]) == ("Alice <alice@example.org>", "Bob <bob@example.org>")
    assert id_of(town.alice.entry())


@pytest.mark.parametrize("word", ["change", "cancel", "delete"])
def test_whatever_a_delegate_sends_of_a_meeting_says_so_and_comes_back_to_the_owner(town: Town, word: str) -> None:
    town.alice.meet("Plan", "2027-03-15T10:00:00", "2027-03-15T11:00:00", "carol", "nobody")
    let_in(town, "Editor")
    bob = Person(town, ALICE, "alice")
    bob.user = "bob@example.org"
    room = change("Set", "calendar:Location", "<t:Location>Room 6</t:Location>", "CalendarItem")
    entry = town.alice.entry()
    done = {
        "change": lambda: bob.change_entry(id_of(entry), room),
        "cancel": lambda: bob.answer("CancelCalendarItem", entry),
        "delete": lambda: bob.drop(id_of(entry)),
    }[word]()
    assert done.codes == ["NoError"]
    ((_, _, mime),) = bob.sent
    head = message_from_bytes(mime)
    assert (head["From"], head["Sender"]) == ("Alice <alice@example.org>", "Bob <bob@example.org>")
    assert len(town.alice.messages()) == 2  # that nobody was reached, each time


def test_an_invitation_of_a_delegates_that_does_not_arrive_comes_back_to_the_owner(town: Town) -> None:
    bob = let_in(town, "Author")
    bob.unreachable["carol@example.org"] = "550 5.1.1 unknown"
    guest = "<t:Attendee><t:Mailbox><t:EmailAddress>carol@example.org</t:EmailAddress></t:Mailbox></t:Attendee>"
    item = PLAN.format(f"<t:RequiredAttendees>{guest}</t:RequiredAttendees>")
    assert bob.create(item, "calendar", SendMeetingInvitations="SendOnlyToAll").codes == ["NoError"]
    assert len(town.alice.messages()) == 1


def copied(town: Town, how: str) -> None:
    """Have Bob get Alice's meeting messages; Carol invites her."""
    more = "<t:ReceiveCopiesOfMeetingMessages>true</t:ReceiveCopiesOfMeetingMessages>"
    held = f"<m:DelegateUsers>{user('bob', 'Editor', more)}</m:DelegateUsers>"
    answer = town.alice.ask(
        f"<m:AddDelegate>{OWNER}{held}<m:DeliverMeetingRequests>{how}</m:DeliverMeetingRequests></m:AddDelegate>"
    )
    assert answer.codes == ["NoError"] * 2
    town.carol.meet("Plan", "2027-03-15T10:00:00", "2027-03-15T11:00:00", "alice")


@pytest.mark.parametrize(("how", "inbox"), [("DelegatesAndMe", 1), ("DelegatesOnly", 0)])
def test_a_delegate_gets_copies_of_meeting_messages_and_answers_in_the_owners_calendar(
    town: Town, how: str, inbox: int
) -> None:
    copied(town, how)
    assert (len(town.alice.messages()), town.bob.messages()) == (inbox, [("MeetingRequest", "Plan")])
    message = town.bob.message()
    assert text(message, "IsDelegated") == "true"
    assert town.bob.answer("AcceptItem", message).codes == ["ErrorCalendarIsDelegatedForAccept"]
    shared = Person(town, ALICE, "alice")
    shared.user = "bob@example.org"
    assert shared.answer("AcceptItem", town.alice.entry()).codes == ["NoError"]
    assert text(town.alice.entry(), "MyResponseType") == "Accept"
    assert responses(town.carol.entry()) == {"alice": "Accept"}
    assert message_from_bytes(shared.sent[0][2])["Sender"] == "Bob <bob@example.org>"


def test_nobody_gets_copies_unasked(town: Town) -> None:
    copied(town, "NoForward")
    assert town.bob.messages() == []
