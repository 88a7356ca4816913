"""Which requests meet a rule, and what a test learns of them."""

from __future__ import annotations

import pytest

from casd.testing.operations import Request, Requests, Rule

BODY = b"""<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/><s:Body>
<m:FindItem xmlns:m="urn:m"><m:Name>one</m:Name><m:Name>two</m:Name></m:FindItem></s:Body></s:Envelope>"""


def request(operation: str = "FindItem", user: str = "alice@example.org") -> Request:
    return Request(user, operation, "/ews/exchange.asmx", {}, BODY)


def met(rule: Rule, *requests: Request) -> list[bool]:
    return [rule.meets(each) for each in requests or [request()] * 4]


def test_a_rule_is_for_all_requests_of_its_operation() -> None:
    rule = Rule(operation="FindItem")
    assert met(rule, request(), request("GetItem"), request()) == [True, False, True]
    assert (rule.seen, rule.met) == (2, 2)


def test_a_rule_may_be_for_any_operation_and_for_one_user() -> None:
    rule = Rule(operation="*", user="bob@example.org")
    assert met(rule, request(), request("GetItem", "bob@example.org")) == [False, True]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Rule(operation="FindItem", nth=3), [False, False, True, False]),
        (Rule(operation="FindItem", times=2), [True, True, False, False]),
        (Rule(operation="FindItem", times=0), [False, False, False, False]),
    ],
)
def test_a_rule_may_be_for_some_requests_only(rule: Rule, expected: list[bool]) -> None:
    assert met(rule) == expected


def test_a_rule_ends() -> None:
    rule = Rule(operation="FindItem")
    rule.end()
    assert met(rule) == [False] * 4


def test_requests_are_looked_through() -> None:
    requests = Requests([request(), request("GetItem"), request("FindItem", "bob@example.org")])
    assert requests.operations == ["FindItem", "GetItem", "FindItem"]
    assert len(requests.of("FindItem")) == 2
    assert [each.user for each in requests.of("FindItem", "bob@example.org")] == ["bob@example.org"]
    assert requests[1].operation == "GetItem"
    assert requests[1:].operations == ["GetItem", "FindItem"]
    requests.clear()
    assert not list(requests)


def test_a_request_is_looked_into() -> None:
    assert request().texts("Name") == ["one", "two"]
    assert request().xml.tag == "{urn:m}FindItem"
