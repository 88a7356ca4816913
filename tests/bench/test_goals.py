from attrs import evolve

from bench.figures import Result
from bench.goals import GOALS, Goal, verdicts
from bench.loads import LOADS
from bench.peers import casd, haproxy, mitmproxy, nginx, twisted_web
from tests.bench.reports import REPORT, SMALL


def test_a_goal_over_another_party_is_a_ratio_of_paired_runs() -> None:
    assert Goal("", "small", "cpu", "casd", "nginx", most=1.5).value(REPORT) == 2.0


def test_a_goal_over_another_figure_compares_a_party_with_itself() -> None:
    assert Goal("", "small", "cpu", "casd", "rate", most=1).value(REPORT) == 0.6
    assert Goal("", "small", "cpu", "casd", "p99_alone", most=1).value(REPORT) is None


def test_a_goal_by_itself_is_the_figure() -> None:
    assert Goal("", "small", "cpu", "casd", most=32).value(REPORT) == 60.0


def test_nothing_is_said_of_what_was_not_measured() -> None:
    assert Goal("", "idle", "memory", "casd", most=32).value(REPORT) is None
    assert "idle" not in verdicts(REPORT)


def test_a_bound_itself_is_good_enough() -> None:
    assert Goal("", "", "", "", most=2).met(2.0)
    assert not Goal("", "", "", "", most=2).met(2.01)
    assert Goal("", "", "", "", least=2).met(2.0)
    assert not Goal("", "", "", "", least=2).met(1.99)


def test_a_verdict_names_value_bound_and_goal() -> None:
    assert verdicts(REPORT) == "NOT MET    2.00 (at most 1.50)  CPU of a small request over nginx's\n"


def test_every_goal_is_of_a_load_and_a_party_that_there_are() -> None:
    names = {peer.name for module in (casd, nginx, haproxy, twisted_web, mitmproxy) for peer in module.PEERS}
    names |= {peer.name for peer in casd.WORKERS}
    assert {goal.load for goal in GOALS} <= {load.name for load in LOADS}
    assert {goal.party for goal in GOALS} <= names


def test_a_goal_says_what_it_could_have_come_to() -> None:
    workers = Result(
        "workers", "", "rate", True, [{"one-worker": {"rate": 10.0, "room": 1.4}, "two-workers": {"rate": 14.0}}], {}
    )
    report = evolve(REPORT, parties={"one-worker": "one", "two-workers": "two"}, results=[workers])
    assert verdicts(report) == "NOT MET    1.40 (at least 1.70)  two workers over one; there was room for 1.40\n"


def test_what_is_asked_of_casd_is_asked_of_it_compiled_as_well() -> None:
    runs = [{"casd": {"cpu": 60.0}, "casd-compiled": {"cpu": 28.0}, "nginx": {"cpu": 20.0}}]
    names = {"casd": "casd", "casd-compiled": "compiled", "nginx": "nginx"}
    report = evolve(REPORT, parties=names, results=[evolve(SMALL, runs=runs, unfit={})])
    assert verdicts(report) == (
        "NOT MET    3.00 (at most 1.50)  CPU of a small request over nginx's\n"
        "met        1.40 (at most 1.50)  CPU of a small request over nginx's; compiled\n"
    )
