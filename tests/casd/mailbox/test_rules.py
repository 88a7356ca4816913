from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from casd.mailbox import rules
from casd.mailbox.ews import mail as mail_people
from tests.casd.mailbox.ews.conversation import Answer, distinguished
from tests.casd.mailbox.meetings.conversation import Person, Town, text
from tests.casd.mailbox.store.world import mail, result

MOVE = f"<t:MoveToFolder>{distinguished('notes')}</t:MoveToFolder>"


def strings(name: str, *values: str) -> str:
    return f"<t:{name}>{''.join(f'<t:String>{value}</t:String>' for value in values)}</t:{name}>"


def people(name: str, *addresses: str) -> str:
    listed = "".join(f"<t:Address><t:EmailAddress>{one}</t:EmailAddress></t:Address>" for one in addresses)
    return f"<t:{name}>{listed}</t:{name}>"


def rule(
    conditions: str, actions: str, exceptions: str = "", *, name: str = "A rule", priority: int = 1, more: str = ""
) -> str:
    held = f"<t:Conditions>{conditions}</t:Conditions>" if conditions else ""
    held += f"<t:Exceptions>{exceptions}</t:Exceptions>" if exceptions else ""
    head = f"<t:DisplayName>{name}</t:DisplayName><t:Priority>{priority}</t:Priority><t:IsEnabled>true</t:IsEnabled>"
    return f"<t:Rule>{more}{head}{held}<t:Actions>{actions}</t:Actions></t:Rule>"


def update(person: Person, *rules: str, kind: str = "Create") -> Answer:
    operations = "".join(f"<t:{kind}RuleOperation>{one}</t:{kind}RuleOperation>" for one in rules)
    blob = "<m:RemoveOutlookRuleBlob>true</m:RemoveOutlookRuleBlob>"
    return person.ask(f"<m:UpdateInboxRules>{blob}<m:Operations>{operations}</m:Operations></m:UpdateInboxRules>")


def listed(person: Person) -> Answer:
    return person.ask(
        f"<m:GetInboxRules><m:MailboxSmtpAddress>{person.address}</m:MailboxSmtpAddress></m:GetInboxRules>"
    )


def arrives(town: Town, content: bytes, sender: str = "bob@example.org") -> None:
    assert town.post(sender, "alice@example.org", content).delivered


def test_rules_are_kept_changed_and_deleted(town: Town) -> None:
    conditions = (
        people("FromAddresses", "bob@example.org")
        + "<t:Importance>High</t:Importance>"
        + "<t:WithinDateRange><t:StartDateTime>2020-01-01T00:00:00Z</t:StartDateTime></t:WithinDateRange>"
        + "<t:WithinSizeRange><t:MinimumSize>0</t:MinimumSize><t:MaximumSize>9</t:MaximumSize></t:WithinSizeRange>"
    )
    answer = update(town.alice, rule(conditions, MOVE, strings("ContainsBodyStrings", "x"), name="Bob"))
    assert answer.codes == ["NoError"]
    found = listed(town.alice)
    assert (found.codes, found.texts("t:DisplayName")) == (["NoError"], ["Bob"])
    assert found.text("t:StartDateTime") == "2020-01-01T00:00:00Z"
    assert found.one("t:MoveToFolder")[0].get("Id")
    identity = f"<t:RuleId>{found.text('t:RuleId')}</t:RuleId>"
    changed = rule("", "<t:MarkAsRead>true</t:MarkAsRead>", name="All", more=identity)
    assert update(town.alice, changed, kind="Set").codes == ["NoError"]
    assert listed(town.alice).texts("t:DisplayName") == ["All"]
    assert update(town.alice, identity, kind="Delete").codes == ["NoError"]
    assert listed(town.alice).all("t:Rule") == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (rule("", ""), "MissingAction"),
        (rule("", MOVE, name=""), "EmptyValueFound"),
        (rule("<t:IsVoicemail>true</t:IsVoicemail>", MOVE), "UnsupportedRule"),
        (rule("", people("ForwardToRecipients", "nobody")), "InvalidAddress"),
        (rule("", "<t:MoveToFolder><t:FolderId Id='x'/></t:MoveToFolder>"), "FolderDoesNotExist"),
        (
            rule("<t:WithinSizeRange><t:MinimumSize>9</t:MinimumSize><t:MaximumSize>1</t:MaximumSize>"
                 "</t:WithinSizeRange>", MOVE),
            "InvalidSizeRange",
        ),
        (rule("", MOVE, more="<t:RuleId>x</t:RuleId>"), "CreateWithRuleId"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_is_refused_with_the_reason(town: Town, wrong: str, code: str) -> None:
    answer = update(town.alice, wrong)
    assert (answer.codes, answer.texts("t:ErrorCode")) == (["ErrorInboxRulesValidationError"], [code])
    assert answer.text("t:FieldURI") in {
        *("Actions", "DisplayName", "RuleId", "Condition:IsVoicemail", "Condition:WithinSizeRange"),
        *("Action:ForwardToRecipients", "Action:MoveToFolder"),
    }
    assert listed(town.alice).all("t:Rule") == []


def test_a_rule_that_is_not_there_is_neither_set_nor_deleted(town: Town) -> None:
    for kind, one in (("Set", rule("", MOVE, more="<t:RuleId>x</t:RuleId>")), ("Delete", "<t:RuleId>x</t:RuleId>")):
        assert update(town.alice, one, kind=kind).texts("t:ErrorCode") == ["RuleNotFound"]


@pytest.mark.parametrize(
    ("conditions", "matches"),
    [
        (strings("ContainsSubjectStrings", "QUARTER"), True),
        (strings("ContainsSubjectStrings", "half", "year"), False),
        (strings("ContainsBodyStrings", "attached"), True),
        (strings("ContainsSubjectOrBodyStrings", "attached"), True),
        (strings("ContainsSenderStrings", "bob"), True),
        (strings("ContainsRecipientStrings", "alice@"), True),
        (strings("ContainsHeaderStrings", "x-colour: blue"), True),
        (people("FromAddresses", "Bob@Example.org"), True),
        (people("SentToAddresses", "carol@example.org"), False),
        ("<t:SentOnlyToMe>true</t:SentOnlyToMe><t:SentToMe>true</t:SentToMe>", True),
        ("<t:SentCcMe>true</t:SentCcMe>", False),
        ("<t:NotSentToMe>true</t:NotSentToMe>", False),
        ("<t:Importance>High</t:Importance>", True),
        ("<t:Sensitivity>Private</t:Sensitivity>", False),
        ("<t:HasAttachments>true</t:HasAttachments>", False),
        ("<t:IsMeetingRequest>true</t:IsMeetingRequest>", False),
        ("<t:IsAutomaticReply>true</t:IsAutomaticReply>", False),
        ("<t:IsNDR>true</t:IsNDR>", False),
        (strings("ItemClasses", "IPM.Note"), True),
        ("<t:WithinSizeRange><t:MinimumSize>100</t:MinimumSize></t:WithinSizeRange>", False),
        ("<t:WithinDateRange><t:EndDateTime>2020-01-01T00:00:00Z</t:EndDateTime></t:WithinDateRange>", False),
    ],
)
def test_each_condition_asks_its_own_question(town: Town, conditions: str, *, matches: bool) -> None:
    assert update(town.alice, rule(conditions, MOVE)).codes == ["NoError"]
    arrives(town, mail("This quarter", "It is attached.", Importance="high", X_Colour="blue"))
    assert len(town.alice.messages("notes" if matches else "inbox")) == 1


def test_an_exception_saves_a_message(town: Town) -> None:
    update(town.alice, rule("", MOVE, strings("ContainsSubjectStrings", "urgent")))
    arrives(town, mail("Urgent"))
    arrives(town, mail("News"))
    assert (town.alice.messages("inbox"), town.alice.messages("notes")) == (
        [("Message", "Urgent")],
        [("Message", "News")],
    )


def test_a_message_is_marked_copied_and_deleted(town: Town) -> None:
    marks = (
        strings("AssignCategories", "Blue")
        + f"<t:CopyToFolder>{distinguished('notes')}</t:CopyToFolder>"
        + "<t:MarkImportance>Low</t:MarkImportance><t:MarkAsRead>true</t:MarkAsRead>"
    )
    update(town.alice, rule("", marks, priority=1), rule("", "<t:Delete>true</t:Delete>", priority=2))
    arrives(town, mail("News"))
    copy = town.alice.get(town.alice.find("notes").id())
    assert [copy.text(f"t:{name}") for name in ("Importance", "IsRead")] == ["Low", "true"]
    assert copy.text("t:Categories/t:String") == "Blue"
    assert (town.alice.messages(), town.alice.messages("deleteditems")) == ([], [("Message", "News")])
    update(town.alice, rule("", "<t:PermanentDelete>true</t:PermanentDelete>", priority=0))
    arrives(town, mail("More"))
    assert ("Message", "More") not in town.alice.messages("deleteditems")


def test_what_stops_stops(town: Town) -> None:
    stop = "<t:StopProcessingRules>true</t:StopProcessingRules>"
    update(town.alice, rule("", MOVE, priority=5), rule("", stop, priority=2))
    arrives(town, mail("News"))
    assert town.alice.messages() == [("Message", "News")]


@pytest.mark.parametrize(
    ("action", "subject"),
    [
        ("ForwardToRecipients", "FW: News"),
        ("ForwardAsAttachmentToRecipients", "FW: News"),
        ("RedirectToRecipients", "News"),
    ],
)
def test_a_message_is_sent_on(town: Town, action: str, subject: str) -> None:
    update(town.alice, rule("", people(action, "carol@example.org")))
    arrives(town, mail("News", "Read all about it"))
    assert (town.carol.messages(), town.alice.messages()) == ([("Message", subject)], [("Message", "News")])
    ((sender, recipients, _),) = town.alice.sent
    assert (sender, recipients) == ("alice@example.org", ("carol@example.org",))


@pytest.mark.negative
def test_two_who_send_to_each_other_send_each_message_once(town: Town) -> None:
    update(town.alice, rule("", people("RedirectToRecipients", "bob@example.org")))
    update(town.bob, rule("", people("RedirectToRecipients", "alice@example.org")))
    arrives(town, mail("News"), "carol@example.org")
    assert (len(town.alice.sent), len(town.bob.sent)) == (1, 1)


@pytest.mark.negative
def test_a_message_that_says_that_it_was_sent_on_is_sent_on_all_the_same(town: Town) -> None:
    update(town.alice, rule("", people("RedirectToRecipients", "bob@example.org")))
    forged = b"X-CASD-Forwarded-By: alice@example.org\r\n" * 12 + mail("News")
    arrives(town, forged, "carol@example.org")
    assert town.bob.messages() == [("Message", "News")]


@pytest.mark.negative
def test_a_message_is_sent_on_three_times_in_a_row_at_most(town: Town) -> None:
    update(town.alice, rule("", people("ForwardToRecipients", "bob@example.org")))
    for subject, passed in (("Third", ("x@example.org", "y@example.org")), ("Fourth", ("x", "y", "z"))):
        result(Deferred.fromCoroutine(town.deliver("carol@example.org", "alice@example.org", mail(subject), passed)))
    assert town.bob.messages() == [("Message", "FW: Third")]
    assert town.alice.messages() == [("Message", "Fourth"), ("Message", "Third")]


@pytest.mark.negative
def test_a_rule_that_sends_to_a_crowd_is_refused(town: Town) -> None:
    crowd = [f"p{number}@example.org" for number in range(33)]
    answer = update(town.alice, rule("", people("ForwardToRecipients", *crowd)))
    assert answer.texts("t:ErrorCode") == ["InvalidValue"]
    assert update(town.alice, rule("", people("ForwardToRecipients", *crowd[1:]))).codes == ["NoError"]


@pytest.mark.negative
def test_many_rules_send_a_message_to_few_and_tell_whom_they_have_not_sent_it(town: Town) -> None:
    crowd = [f"p{number}@example.org" for number in range(31)]
    made = [people("RedirectToRecipients", one, "Bob@example.org") for one in crowd]
    made += [people("ForwardToRecipients", "carol@example.org")]
    update(town.alice, *(rule("", one, priority=place) for place, one in enumerate(made)))
    arrives(town, mail("News"), "carol@example.org")
    assert sorted(town.alice.sent[0][1]) == sorted(["Bob@example.org", *crowd])
    told = [text(town.alice.message(number=number), "Body") for number in range(3)]
    assert (len(town.alice.sent), any("carol@example.org: 5.7.1 Inbox rules send" in one for one in told)) == (1, True)


@pytest.mark.negative
def test_rules_have_a_quota_beyond_which_they_may_become_fewer(town: Town) -> None:
    long = strings("ContainsBodyStrings", *("x" * 1000 for _ in range(100)))
    assert update(town.alice, rule(long, MOVE), rule(long, MOVE)).codes == ["NoError"]
    assert update(town.alice, rule(long, MOVE)).codes == ["ErrorRulesOverQuota"]
    many = strings("ContainsBodyStrings", *("x" for _ in range(801)))
    assert update(town.alice, rule("", MOVE, many)).codes == ["ErrorRulesOverQuota"]
    first, _ = listed(town.alice).texts("t:RuleId")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "QUOTA", 10)
        assert update(town.alice, f"<t:RuleId>{first}</t:RuleId>", kind="Delete").codes == ["NoError"]


@pytest.mark.negative
def test_hundreds_of_rules_read_each_part_of_a_message_once(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    conditions = strings("ContainsBodyStrings", "zzz"), "<t:SentCcMe>true</t:SentCcMe>"
    assert update(town.alice, *[rule(one, MOVE) for one in conditions] * 100).codes == ["NoError"]
    read: list[object] = []
    people, text_of = mail_people.people, town.alice.mailbox.items.text

    def people_noted(*of: str) -> list[str]:
        read.append(of)
        return people(*of)  # type: ignore[arg-type]

    def text_noted(item: str) -> str:
        read.append(item)
        return text_of(item)

    monkeypatch.setattr(mail_people, "people", people_noted)
    monkeypatch.setattr(town.alice.mailbox.items, "text", text_noted)
    arrives(town, mail("News"))
    assert len(read) == 2


def test_a_sender_gets_one_ready_answer_of_many(town: Town) -> None:
    made = [town.alice.create(f"<t:Message><t:Subject>{one}</t:Subject></t:Message>", "drafts").id() for one in "AB"]
    actions = [one.replace("<t:ItemId", "<t:ServerReplyWithMessage") for one in made]
    update(town.alice, *(rule("", one, priority=place) for place, one in enumerate(actions)))
    arrives(town, mail("News"))
    assert town.bob.messages() == [("Message", "A")]


def test_an_owner_is_told_when_nobody_gets_what_was_sent_on(town: Town) -> None:
    update(town.alice, rule("", people("ForwardToRecipients", "nobody@example.org")))
    arrives(town, mail("News"))
    assert ("Message", "Undeliverable: FW: News") in town.alice.messages()


def test_a_ready_answer_is_sent_to_people_only(town: Town) -> None:
    template = town.alice.create("<t:Message><t:Subject>Thanks</t:Subject></t:Message>", "drafts").id()
    action = template.replace("<t:ItemId", "<t:ServerReplyWithMessage")
    assert update(town.alice, rule("", action)).codes == ["NoError"]
    arrives(town, mail("News"))
    arrives(town, mail("Status", Auto_Submitted="auto-generated"))
    assert town.bob.messages() == [("Message", "Thanks")]


@pytest.mark.negative
def test_nobody_reads_anothers_rules(town: Town) -> None:
    asked = "<m:MailboxSmtpAddress>bob@example.org</m:MailboxSmtpAddress>"
    assert town.alice.ask(f"<m:GetInboxRules>{asked}</m:GetInboxRules>").codes == ["ErrorAccessDenied"]
