from __future__ import annotations

from itertools import islice
from time import process_time

import pytest

from casd.mailbox.ews import occurrences
from tests.casd.mailbox.ews.test_windows import SERIES


def starts(rule: str) -> list[str]:
    found = occurrences.expand(SERIES.format(rule=rule).encode())
    return [f"{one.original:%Y-%m-%d}" for one in islice(found, 1000)]


@pytest.mark.negative
def test_a_rule_is_followed_for_some_hundred_years() -> None:
    assert len(starts("FREQ=YEARLY")) < 600
    assert starts("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30") == []


def test_a_birthday_of_long_ago_is_one_still() -> None:
    series = SERIES.format(rule="FREQ=YEARLY").replace("2026", "1960")
    assert len(list(occurrences.expand(series.encode()))) > 200


def test_the_days_of_a_series_are_those_of_its_own_years() -> None:
    assert starts("FREQ=WEEKLY;COUNT=3") == ["2026-03-23", "2026-03-30", "2026-04-06"]
    assert starts("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=2") == ["2028-02-29", "2032-02-29"]


@pytest.mark.negative
def test_a_rule_of_very_many_values_is_not_followed() -> None:
    places = ",".join(["300"] * 500)
    assert starts(f"FREQ=DAILY;BYMONTH=3;BYSETPOS={places}") == ["2026-03-23"]


@pytest.mark.negative
@pytest.mark.parametrize(("frequency", "most"), [("DAILY", 71), ("WEEKLY", 201), ("MONTHLY", 367), ("YEARLY", 367)])
def test_an_invitation_whose_rule_looks_for_what_never_comes_costs_no_minute(frequency: str, most: int) -> None:
    begun = process_time()
    starts(f"FREQ={frequency};BYMONTH=2;BYDAY=SU;BYSETPOS={','.join(map(str, range(40, most)))}")
    assert process_time() - begun < 20  # it took a minute
    assert starts("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1")[:2] == ["2026-03-31", "2026-04-30"]


@pytest.mark.negative
def test_a_hundred_invitations_to_what_never_comes_are_looked_through_once() -> None:
    begun = process_time()
    for _ in range(100):
        assert starts("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30,31") == []
    assert process_time() - begun < 8
