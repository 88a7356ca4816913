"""Documents checked against the tables of the schema."""

from __future__ import annotations

import pytest

from protocols.ews.errors import BadDocument
from protocols.ews.schema import grammar
from tests.protocols.ews.soap import node

_SHAPE = "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
_IDS = '<m:ItemIds><t:ItemId Id="a"/><t:ItemId Id="b" ChangeKey="c"/></m:ItemIds>'


def refused(markup: str) -> str:
    """Return what is wrong with a document."""
    with pytest.raises(BadDocument) as error:
        grammar.check(node(markup))
    return error.value.details["Violation"]


_SUBSCRIBE = """<m:Subscribe><m:StreamingSubscriptionRequest SubscribeToAllFolders="true"><t:EventTypes>
<t:EventType>NewMailEvent</t:EventType></t:EventTypes></m:StreamingSubscriptionRequest></m:Subscribe>"""
_ANSWER = """<m:DeleteItemResponse><m:ResponseMessages><m:DeleteItemResponseMessage ResponseClass="Success">
<m:ResponseCode>NoError</m:ResponseCode></m:DeleteItemResponseMessage></m:ResponseMessages></m:DeleteItemResponse>"""


@pytest.mark.parametrize("markup", [f"<m:GetItem>{_SHAPE}{_IDS}</m:GetItem>", "<m:GetRoomLists/>", _SUBSCRIBE, _ANSWER])
def test_what_is_of_the_schema_is_taken(markup: str) -> None:
    grammar.check(node(markup))


@pytest.mark.parametrize(
    ("markup", "why"),
    [
        (f"<m:GetItem>{_IDS}{_SHAPE}</m:GetItem>", "'GetItem' has incomplete content: expected is ItemShape."),
        (f"<m:GetItem>{_SHAPE}</m:GetItem>", "'GetItem' has incomplete content: expected is ItemIds."),
        (f"<m:GetItem>{_SHAPE}{_IDS}{_IDS}</m:GetItem>", "'GetItem' has an invalid child element 'ItemIds'."),
        (f"<m:GetItem>{_SHAPE}<t:ItemIds/></m:GetItem>", "'GetItem' has incomplete content: expected is ItemIds."),
        ("<m:GetItem><x/></m:GetItem>", "'GetItem' has incomplete content: expected is ItemShape."),
        (f'<m:GetItem Moon="1">{_SHAPE}{_IDS}</m:GetItem>', "the attribute 'Moon' is not declared on 'GetItem'."),
        ("<t:ItemId/>", "the required attribute 'Id' is missing on 'ItemId'."),
        ("<t:Message><t:Size>1</t:Size><t:Subject/></t:Message>", "'Message' has an invalid child element 'Subject'."),
        ("<t:Message><t:Subject><t:Size/></t:Subject></t:Message>", "'Subject' has an invalid child element 'Size'."),
    ],
)
def test_what_is_not_of_the_schema_is_refused_with_the_reason(markup: str, why: str) -> None:
    assert refused(markup) == why


def test_of_several_one_must_be_there() -> None:
    assert refused("<m:Subscribe/>") == (
        "'Subscribe' has incomplete content: expected is PullSubscriptionRequest, PushSubscriptionRequest, "
        "StreamingSubscriptionRequest."
    )


def test_what_we_do_not_read_may_be_anything() -> None:
    grammar.check(
        node("<t:Item><t:EntityExtractionResult><t:Any><t:Thing/></t:Any></t:EntityExtractionResult></t:Item>")
    )


def test_every_row_that_a_part_names_is_there() -> None:
    named = {
        row for each in grammar.ROWS.values() for part in each.parts for tag, row in part.rows.items() if row not in tag
    }
    assert named - set(grammar.ROWS) == {"any", "text"}
