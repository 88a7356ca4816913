"""Which workers are to run: who has ended comes back, who is old waits for a successor, who is told leaves."""

from __future__ import annotations

import pytest

from casd.crew import CALM, FIRST_PAUSE, GRACE, LONGEST_PAUSE, MAILBOX, QUESTIONS, STARTS, Crew, dealt, name_of


def at_work(workers: int = 2, *, mailbox: bool = False) -> Crew:
    """Return a crew in which everybody has been at work since 0, worker 1 as process 1 and so on."""
    crew = Crew(workers, mailbox=mailbox)
    for post in crew.due(0):
        crew.began(post, post or 100)
        crew.ready(post or 100, 0)
    return crew


def test_at_first_every_post_is_due_the_mailbox_servers_first() -> None:
    assert Crew(2, mailbox=True).due(0) == [MAILBOX, 1, 2]
    assert Crew(3, mailbox=False).due(0) == [1, 2, 3]


def test_it_is_complete_when_everybody_is_ready() -> None:
    crew = Crew(2, mailbox=False)
    crew.began(1, 11)
    crew.began(2, 12)
    crew.ready(11, 0)
    assert not crew.complete
    crew.ready(12, 0)
    assert crew.complete
    assert (crew.due(0), crew.pause(0)) == ([], None)


def test_who_has_crashed_comes_back_after_a_moment_and_nobody_else_is_touched() -> None:
    crew = at_work()
    assert crew.ended(1, 1.0) == ""
    assert crew.due(1.0) == []
    assert crew.pause(1.0) == pytest.approx(FIRST_PAUSE)
    assert crew.due(1.0 + FIRST_PAUSE) == [1]
    assert list(crew.members) == [2]


def test_the_pause_grows_with_each_crash_and_stays_short() -> None:
    crew, now, pauses = Crew(1, mailbox=False), 0.0, []
    for pid in range(11, 20):
        crew.began(1, pid)
        crew.ready(pid, now)
        crew.ended(pid, now)
        pauses.append(crew.pause(now) or 0.0)
        now += 10
    assert pauses[:3] == [FIRST_PAUSE, pytest.approx(2 * FIRST_PAUSE), pytest.approx(4 * FIRST_PAUSE)]
    assert max(pauses) == LONGEST_PAUSE


def test_who_was_long_at_work_comes_back_as_after_the_first_crash() -> None:
    crew = at_work()
    crew.ended(1, 1.0)
    crew.began(1, 11)
    crew.ready(11, 2.0)
    crew.ended(11, 2.0 + CALM)
    assert crew.pause(2.0 + CALM) == pytest.approx(FIRST_PAUSE)


def test_who_never_gets_ready_ends_the_whole_after_some_attempts() -> None:
    crew = at_work()
    crew.ended(1, 0)
    said = []
    for pid in range(11, 11 + STARTS):
        crew.began(1, pid)
        said.append(crew.ended(pid, 1.0))
    assert said[:-1] == [""] * (STARTS - 1)
    assert said[-1].startswith(f"worker 1 could not start {STARTS} times in a row")


def test_one_good_start_makes_up_for_bad_ones() -> None:
    crew = at_work()
    crew.ended(1, 0)
    for pid in range(11, 11 + STARTS - 1):
        crew.began(1, pid)
        crew.ended(pid, 1.0)
    crew.began(1, 50)
    crew.ready(50, 2.0)
    crew.ended(50, 3.0)
    crew.began(1, 51)
    assert crew.ended(51, 3.0) == ""


def test_who_is_old_works_until_a_successor_is_ready() -> None:
    crew = at_work()
    crew.renew([1, 2])
    assert crew.due(1) == [1, 2]
    assert not crew.complete
    crew.began(1, 11)
    assert crew.dismissed(1) == []
    crew.ready(11, 1)
    assert crew.dismissed(1) == [1]
    assert crew.dismissed(1) == []
    assert crew.ended(1, 2) == ""
    assert crew.due(2) == [2]


def test_a_successor_that_never_gets_ready_ends_nobody() -> None:
    crew = at_work()
    crew.renew([1])
    for pid in range(11, 11 + 2 * STARTS):
        crew.began(1, pid)
        assert crew.ended(pid, 1.0) == ""
    assert crew.dismissed(9) == []


def test_who_is_one_too_many_is_told_to_leave() -> None:
    crew = at_work(3)
    crew.workers = 1
    assert sorted(crew.dismissed(5)) == [2, 3]
    assert crew.ended(2, 5) == crew.ended(3, 5) == ""
    crew.workers = 2
    assert crew.due(5) == [2]


def test_at_the_end_the_mailbox_servers_leave_last_and_nobody_comes() -> None:
    crew = at_work(2, mailbox=True)
    crew.stop()
    assert crew.dismissed(1) == [1, 2]
    crew.ended(1, 1)
    assert crew.dismissed(1) == []
    crew.ended(2, 1)
    assert crew.dismissed(1) == [100]
    assert not crew.over
    crew.ended(100, 1)
    assert crew.over
    assert (crew.due(9), crew.pause(9)) == ([], None)


def test_who_should_long_have_left_is_named() -> None:
    crew = at_work()
    crew.stop()
    crew.dismissed(10)
    assert crew.pause(10) == GRACE
    assert crew.overdue(10 + GRACE) == []
    assert crew.overdue(10.1 + GRACE) == [1, 2]


def watched() -> Crew:
    """Return a crew of two who have to answer within three seconds, and have just been well."""
    crew = at_work()
    crew.hang_time = 3.0
    for pid in crew.asked(1.0):
        crew.well(pid)
    return crew


def test_who_leaves_questions_unanswered_hangs() -> None:
    crew = watched()
    for second in range(2, 3 + QUESTIONS):
        assert crew.hung() == []
        assert crew.pause(second - 0.25) == pytest.approx(0.25)
        assert crew.asked(second) == [1, 2]
        crew.well(2)
    assert crew.hung() == [1]
    assert crew.hung() == []  # it is told once, however long the end of that process takes


def test_nobody_hangs_because_everything_stood_still() -> None:
    crew = watched()
    assert crew.asked(2.0) == [1, 2]
    assert crew.asked(5000.0) == [1, 2]
    assert crew.hung() == []


def test_who_comes_or_goes_or_does_not_know_the_question_does_not_hang() -> None:
    crew = at_work(3)
    crew.hang_time = 3.0
    crew.well(2)
    crew.dismiss(2, 0)
    crew.began(1, 11)
    for second in range(1, 20):
        assert crew.asked(second) == [1, 3]
        crew.well(3)
    assert crew.hung() == []


def test_nobody_is_asked_where_nobody_is_to_be_ended_for_it() -> None:
    assert at_work().asked(1000.0) == []


def test_the_end_of_a_stranger_says_nothing() -> None:
    assert at_work().ended(99, 1) == ""


@pytest.mark.parametrize("sockets", range(1, 8))
@pytest.mark.parametrize("workers", range(1, 8))
def test_every_socket_has_a_worker_and_every_worker_a_socket(sockets: int, workers: int) -> None:
    found = [dealt(sockets, workers, worker) for worker in range(1, workers + 1)]
    assert {number for each in found for number in each} == set(range(sockets))
    assert all(found)
    if sockets == workers:
        assert found == [[number] for number in range(sockets)]


def test_posts_have_names() -> None:
    assert (name_of(2), name_of(MAILBOX)) == ("worker 2", "the process of the mailbox servers")
