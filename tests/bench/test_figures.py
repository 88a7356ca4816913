import pytest
from attrs import evolve

from bench.figures import figure, from_json, percentile
from tests.bench.reports import H2, REPORT, SMALL


def test_a_median_is_taken_of_each_figure_over_the_rounds() -> None:
    assert SMALL.medians("casd") == {"cpu": 60.0, "rate": 100.0}
    assert SMALL.medians("apache") == {}


def test_a_ratio_is_the_median_of_what_the_same_round_gave_both() -> None:
    assert SMALL.ratio("cpu", "casd", "nginx") == 2.0  # of 3, 2 and 1.5: the ratio of the medians would be 3


def test_there_is_no_ratio_to_whoever_was_not_measured() -> None:
    assert SMALL.ratio("cpu", "casd", "apache") is None
    assert H2.ratio("cpu", "casd", "nginx") is None


def test_a_party_that_dropped_out_counts_in_the_rounds_it_was_in() -> None:
    shorter = evolve(SMALL, runs=[*SMALL.runs, {"nginx": {"cpu": 1000.0}}])
    assert shorter.ratio("cpu", "casd", "nginx") == 2.0
    assert shorter.medians("nginx")["cpu"] == 30.0


def test_parties_stand_in_the_order_of_the_report_and_unfit_ones_among_them() -> None:
    assert REPORT.in_order(H2) == ["casd", "nginx", "apache"]


def test_a_reason_is_told_in_a_few_words() -> None:
    assert SMALL.why("apache") == "did not start"
    assert SMALL.why("casd") == ""


def test_a_report_comes_back_from_its_file() -> None:
    assert from_json(REPORT.to_json()) == REPORT


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(number) for number in range(100, 0, -1)]
    assert percentile(values, 0.5) == 51
    assert percentile(values, 0.99) == 100
    assert percentile([7.0], 0.99) == 7.0
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_a_figure_has_three_digits_that_mean_something() -> None:
    assert [figure(value) for value in (None, 1.234, 12.34, 123.4, 12345.6)] == ["", "1.23", "12.3", "123", "12346"]
