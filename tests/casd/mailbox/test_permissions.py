"""Bob in folders of Alice's that she opens to others."""

from __future__ import annotations

import pytest

from tests.casd.mailbox.ews.conversation import Answer, Client, change, distinguished
from tests.casd.mailbox.meetings.conversation import Town
from tests.casd.mailbox.test_delegation import edit, let_in, listed, user

BOB = "<t:PrimarySmtpAddress>bob@example.org</t:PrimarySmtpAddress>"
DEFAULT = "<t:DistinguishedUser>Default</t:DistinguishedUser>"


def permission(who: str, level: str, kind: str = "Permission") -> str:
    return f"<t:{kind}><t:UserId>{who}</t:UserId><t:{kind}Level>{level}</t:{kind}Level></t:{kind}>"


def settled(
    client: Client, folder: str, *permissions: str, element: str = "Folder", kind: str = "Permission"
) -> Answer:
    """Replace who may do what in a folder."""
    field = '<t:FieldURI FieldURI="folder:PermissionSet"/>'
    held = f"<t:PermissionSet><t:{kind}s>{''.join(permissions)}</t:{kind}s></t:PermissionSet>"
    update = f"<t:SetFolderField>{field}<t:{element}>{held}</t:{element}></t:SetFolderField>"
    return updated(client, folder, update)


def updated(client: Client, folder: str, update: str) -> Answer:
    changed = f"<t:FolderChange>{folder}<t:Updates>{update}</t:Updates></t:FolderChange>"
    return client.ask(f"<m:UpdateFolder><m:FolderChanges>{changed}</m:FolderChanges></m:UpdateFolder>")


def shown(client: Client, folder: str, base: str = "AllProperties") -> Answer:
    shape = f"<m:FolderShape><t:BaseShape>{base}</t:BaseShape></m:FolderShape>"
    return client.ask(f"<m:GetFolder>{shape}<m:FolderIds>{folder}</m:FolderIds></m:GetFolder>")


def levels(client: Client, folder: str, kind: str = "Permission") -> dict[str, str]:
    """Return who may do what."""
    answer = shown(client, folder)
    users = [user[0].text or "" for user in answer.all("t:UserId")]
    return dict(zip(users, answer.texts(f"t:{kind}Level"), strict=True))


def bob_of(town: Town) -> Client:
    """Return Bob's program in Alice's mailbox."""
    client = Client(town.world, town.alice.mailbox)
    client.user = "bob@example.org"
    return client


INBOX = distinguished("inbox")
MESSAGE = "<t:Message><t:Subject>Secret</t:Subject></t:Message>"


@pytest.mark.negative
def test_a_folder_is_opened_to_somebody_and_closed_again(town: Town) -> None:
    item, bob = town.alice.create(MESSAGE, "inbox").id(), bob_of(town)
    assert bob.get(item).fault == "ErrorAccessDenied"
    assert settled(town.alice, INBOX, permission(BOB, "Reviewer")).codes == ["NoError"]
    assert levels(town.alice, INBOX) == {"Default": "None", "Anonymous": "None", "bob@example.org": "Reviewer"}
    got = bob.get(item)
    assert got.text("t:Subject") == "Secret"
    assert [got.text(f"t:{right}") for right in ("Read", "Modify", "ViewPrivateItems")] == ["true", "false", "false"]
    update = change("Set", "item:Subject", "<t:Subject>Mine</t:Subject>")
    assert bob.update(item, update).codes == ["ErrorAccessDenied"]
    assert bob.find("drafts").codes == ["ErrorAccessDenied"]
    assert settled(town.alice, INBOX, permission(BOB, "Owner")).codes == ["NoError"]
    assert bob.update(item, update).codes == ["NoError"]
    gone = '<t:DeleteFolderField><t:FieldURI FieldURI="folder:PermissionSet"/></t:DeleteFolderField>'
    assert updated(town.alice, INBOX, gone).codes == ["NoError"]
    assert bob.get(item).fault == "ErrorAccessDenied"


@pytest.mark.negative
def test_who_is_named_has_his_own_level_and_not_that_of_everybody(town: Town) -> None:
    item = town.alice.create(MESSAGE, "inbox").id()
    carol = bob_of(town)
    carol.user = "carol@example.org"
    settled(town.alice, INBOX, permission(DEFAULT, "Reviewer"), permission(BOB, "None"))
    assert carol.get(item).codes == ["NoError"]
    assert bob_of(town).get(item).fault == "ErrorAccessDenied"
    settled(town.alice, INBOX, permission("<t:DistinguishedUser>Anonymous</t:DistinguishedUser>", "Editor"))
    assert carol.get(item).fault == "ErrorAccessDenied"


@pytest.mark.negative
def test_only_the_owner_sees_and_settles_who_may_do_what(town: Town) -> None:
    bob = bob_of(town)
    settled(town.alice, INBOX, permission(BOB, "Owner"))
    assert shown(bob, INBOX).all("t:PermissionSet") == []
    assert settled(bob, INBOX, permission(DEFAULT, "Owner")).fault == "ErrorAccessDenied"


@pytest.mark.negative
def test_what_is_private_is_private_to_who_is_no_delegate(town: Town) -> None:
    private = "<t:Sensitivity>Private</t:Sensitivity><t:Start>2027-03-15T10:00:00Z</t:Start>"
    town.alice.create(f"<t:CalendarItem>{private}</t:CalendarItem>", "calendar")
    calendar = {"element": "CalendarFolder", "kind": "CalendarPermission"}
    settled(town.alice, distinguished("calendar"), permission(BOB, "Editor", "CalendarPermission"), **calendar)
    found = bob_of(town).find("calendar")
    assert (found.codes, found.all("t:ItemId")) == (["NoError"], [])


@pytest.mark.negative
def test_a_series_with_a_private_occurrence_is_private(town: Town) -> None:
    rule = (
        "<t:DailyRecurrence><t:Interval>1</t:Interval></t:DailyRecurrence><t:NumberedRecurrence>"
        "<t:StartDate>2027-03-15</t:StartDate><t:NumberOfOccurrences>5</t:NumberOfOccurrences></t:NumberedRecurrence>"
    )
    start = "<t:Start>2027-03-15T10:00:00Z</t:Start>"
    daily = f"<t:CalendarItem>{start}<t:Recurrence>{rule}</t:Recurrence></t:CalendarItem>"
    series = town.alice.create(daily, "calendar").id()
    more = {"element": "CalendarFolder", "kind": "CalendarPermission"}
    settled(town.alice, distinguished("calendar"), permission(BOB, "Editor", "CalendarPermission"), **more)
    bob = bob_of(town)
    assert bob.get(series).codes == ["NoError"]
    master = series.partition('Id="')[2].partition('"')[0]
    second = f'<t:OccurrenceItemId RecurringMasterId="{master}" InstanceIndex="2"/>'
    private = change("Set", "item:Sensitivity", "<t:Sensitivity>Private</t:Sensitivity>", "CalendarItem")
    assert town.alice.update(second, private).codes == ["NoError"]
    assert town.alice.get(second).text("t:Sensitivity") == "Private"
    assert bob.get(second).codes == bob.get(series).codes == ["ErrorItemNotFound"]
    assert bob.find("calendar").all("t:ItemId") == []


@pytest.mark.negative
def test_whom_a_list_lets_in_invites_nobody_in_the_owners_name(town: Town) -> None:
    calendar = {"element": "CalendarFolder", "kind": "CalendarPermission"}
    settled(town.alice, distinguished("calendar"), permission(BOB, "Owner", "CalendarPermission"), **calendar)
    guest = "<t:Attendee><t:Mailbox><t:EmailAddress>carol@example.org</t:EmailAddress></t:Mailbox></t:Attendee>"
    meeting = f"<t:Start>2027-03-15T10:00:00Z</t:Start><t:RequiredAttendees>{guest}</t:RequiredAttendees>"
    bob = bob_of(town)
    made = bob.create(f"<t:CalendarItem>{meeting}</t:CalendarItem>", "calendar", SendMeetingInvitations="SendOnlyToAll")
    assert (made.codes, bob.sent, town.alice.find("calendar").all("t:ItemId")) == (["ErrorSendAsDenied"], [], [])
    assert bob.create(f"<t:CalendarItem>{meeting}</t:CalendarItem>", "calendar").codes == ["NoError"]


@pytest.mark.negative
def test_a_copy_of_an_open_folder_is_closed(town: Town) -> None:
    name = "<t:Folder><t:DisplayName>Plans</t:DisplayName><t:PermissionSet><t:Permissions>{}</t:Permissions>"
    held = name.format(permission(BOB, "Reviewer")) + "</t:PermissionSet></t:Folder>"
    parent = f"<m:ParentFolderId>{INBOX}</m:ParentFolderId>"
    plans = town.alice.ask(f"<m:CreateFolder>{parent}<m:Folders>{held}</m:Folders></m:CreateFolder>").id("FolderId")
    assert shown(bob_of(town), plans).text("t:DisplayName") == "Plans"
    target = f"<m:ToFolderId>{distinguished('msgfolderroot')}</m:ToFolderId>"
    copy = town.alice.ask(f"<m:CopyFolder>{target}<m:FolderIds>{plans}</m:FolderIds></m:CopyFolder>").id("FolderId")
    assert shown(bob_of(town), copy).codes == ["ErrorItemNotFound"]


def test_a_delegate_has_one_level_wherever_it_is_settled(town: Town) -> None:
    let_in(town, "Editor")
    calendar = distinguished("calendar")
    assert levels(town.alice, calendar, "CalendarPermission")["bob@example.org"] == "Editor"
    more = {"element": "CalendarFolder", "kind": "CalendarPermission"}
    settled(town.alice, calendar, permission(BOB, "PublishingAuthor", "CalendarPermission"), **more)
    assert listed(town.alice).text("t:CalendarFolderPermissionLevel") == "Custom"
    settled(town.alice, calendar, **more)
    assert listed(town.alice).text("t:CalendarFolderPermissionLevel") == "None"
    assert levels(town.alice, calendar, "CalendarPermission")["Default"] == "FreeBusyTimeOnly"
    edit(town.alice, "UpdateDelegate", user("bob", "Reviewer"))
    assert levels(town.alice, calendar, "CalendarPermission")["bob@example.org"] == "Reviewer"


def test_of_a_calendar_times_are_everybodys_unless_its_owner_says_otherwise(town: Town) -> None:
    calendar, more = distinguished("calendar"), {"element": "CalendarFolder", "kind": "CalendarPermission"}
    assert levels(town.alice, calendar, "CalendarPermission") == {"Default": "FreeBusyTimeOnly", "Anonymous": "None"}
    everybody = "<t:DistinguishedUser>Default</t:DistinguishedUser>"
    for level in ("None", "FreeBusyTimeAndSubjectAndLocation", "Reviewer", "FreeBusyTimeOnly"):
        settled(town.alice, calendar, permission(everybody, level, "CalendarPermission"), **more)
        assert levels(town.alice, calendar, "CalendarPermission")["Default"] == level


EDITS = "<t:CanCreateItems>true</t:CanCreateItems><t:EditItems>All</t:EditItems><t:DeleteItems>All</t:DeleteItems>"


@pytest.mark.parametrize(
    ("rights", "level"),
    [
        (f"{EDITS}<t:ReadItems>FullDetails</t:ReadItems><t:PermissionLevel>Custom</t:PermissionLevel>", "Editor"),
        ("<t:ReadItems>FullDetails</t:ReadItems>", "Reviewer"),
        ("<t:CalendarPermissionLevel>Editor</t:CalendarPermissionLevel>", "None"),
    ],
)
def test_rights_one_by_one_are_the_level_that_has_them(town: Town, rights: str, level: str) -> None:
    assert settled(town.alice, INBOX, f"<t:Permission>{rights}<t:UserId>{BOB}</t:UserId></t:Permission>").codes == [
        "NoError"
    ]
    assert levels(town.alice, INBOX)["bob@example.org"] == level


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (permission(BOB, "Contributor"), "ErrorInvalidPermissionSettings"),
        (
            f"<t:Permission><t:UserId>{BOB}</t:UserId><t:EditItems>All</t:EditItems></t:Permission>",
            "ErrorInvalidPermissionSettings",
        ),
        (permission("<t:SID>S-1-5</t:SID>", "Editor"), "ErrorInvalidUserSid"),
        (permission("", "Editor"), "ErrorInvalidUserInfo"),
        (permission("<t:DistinguishedUser>Somebody</t:DistinguishedUser>", "Editor"), "ErrorInvalidUserInfo"),
        (permission(BOB, "Editor") * 2, "ErrorDuplicateUserIdsSpecified"),
    ],
)
def test_permissions_that_are_not_kept_are_refused(town: Town, wrong: str, code: str) -> None:
    assert settled(town.alice, INBOX, wrong).codes == [code]


def test_a_folder_goes_on_holding_what_it_holds(town: Town) -> None:
    for name, codes in (("IPF.Appointment", ["ErrorObjectTypeChanged"]), ("IPF.Note.Special", ["NoError"])):
        held = f"<t:Folder><t:FolderClass>{name}</t:FolderClass></t:Folder>"
        update = f'<t:SetFolderField><t:FieldURI FieldURI="folder:FolderClass"/>{held}</t:SetFolderField>'
        assert updated(town.alice, INBOX, update).codes == codes
