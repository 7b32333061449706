"""Deeds on many jobs at once, and taking them back."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.pilot import Pilot

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.deeds import Deeds, _named
from wnkd_tui.app.undo import STEPS, Did, Undo
from wnkd_tui.home import Home
from wnkd_tui.queue.adding import TrialRequest, queue_trials
from wnkd_tui.store import moving, queries, undoing
from wnkd_tui.store.connection import StoreError

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]

WISHES = {
    "cancel": undoing.each(undoing.cancelled),
    "retry": undoing.each(undoing.retried),
    "pause": undoing.each(undoing.paused),
    "resume": undoing.each(undoing.resumed),
    "top": moving.to_top,
    "back": moving.to_back,
    "up": moving.up,
    "down": moving.down,
    "raise": moving.by(1),
    "lower": moving.by(-1),
    "seven": moving.at(7),
}


@pytest.fixture
def conn(seeded: Path) -> Iterator[sqlite3.Connection]:
    """The seeded database in memory, with more that waits."""
    made = sqlite3.connect(":memory:", isolation_level=None)
    with sqlite3.connect(seeded / "wnkd.db") as stored:
        stored.backup(made)
    stored.close()
    made.row_factory = sqlite3.Row
    made.execute("PRAGMA foreign_keys = ON")
    made.execute("UPDATE job SET state = 'waiting', attempt = 0 WHERE id <= 12")
    yield made
    made.close()


def rows(conn: sqlite3.Connection) -> list[tuple[object, ...]]:
    return [tuple(row) for row in conn.execute("SELECT * FROM job ORDER BY id")]


def waiting(conn: sqlite3.Connection) -> list[int]:
    return [job.id for job in queries.jobs(conn, states=["waiting"])]


def act(conn: sqlite3.Connection, ids: Sequence[int], wish: str) -> undoing.Outcome:
    return undoing.act(conn, ids, WISHES[wish])


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(WISHES)), st.sets(st.integers(1, 60), max_size=12)),
        min_size=1,
        max_size=8,
    )
)
def test_undoing_all_deeds_leaves_everything_as_it_was(
    conn: sqlite3.Connection, deeds: list[tuple[str, set[int]]]
) -> None:
    before = rows(conn)
    done = [act(conn, sorted(ids), wish) for wish, ids in deeds]
    for (_, ids), outcome in zip(deeds, done, strict=True):
        assert set(outcome.done) <= ids
        assert len(outcome.done) + outcome.refused.total() <= len(ids)
    for outcome in reversed(done):
        if outcome.changes:
            assert not undoing.undo(conn, outcome.changes)
    assert rows(conn) == before


def test_of_a_mixed_choice_what_can_be_done_is_done(conn: sqlite3.Connection) -> None:
    ids = [38, 39, 42, 43, 46, 77, 999]  # running, failed, lost, two waiting, done, unknown
    outcome = act(conn, ids, "cancel")
    assert outcome.done == (38, 43, 46)
    assert outcome.refused == {"failed": 1, "lost": 1, "done": 1, "gone": 1}
    states = {job.id: (job.state, job.wanted) for job in queries.jobs(conn, ids=ids)}
    assert states[38] == ("running", "cancelled")
    assert states[43] == ("cancelled", None)


def test_a_wish_that_came_true_meanwhile_is_undone_all_the_same(conn: sqlite3.Connection) -> None:
    outcome = act(conn, [38], "pause")
    conn.execute("UPDATE job SET state = 'paused', wanted = NULL WHERE id = 38")
    undoing.undo(conn, outcome.changes)
    assert queries.job(conn, 38).state == "waiting"


def test_what_has_begun_since_is_left_alone(conn: sqlite3.Connection) -> None:
    outcome = act(conn, [46, 47], "cancel")
    conn.execute("UPDATE job SET state = 'running', attempt = 9 WHERE id = 46")
    assert undoing.undo(conn, outcome.changes) == {"begun since then": 1}
    assert [queries.job(conn, id).state for id in (46, 47)] == ["running", "waiting"]
    before = rows(conn)
    with pytest.raises(StoreError, match="1 begun since then, 1 waiting now"):
        undoing.undo(conn, outcome.changes)
    assert rows(conn) == before


def test_a_job_moves_by_one_place_but_not_past_what_it_needs(conn: sqlite3.Connection) -> None:
    first, *others, last = waiting(conn)
    act(conn, [last], "up")
    assert waiting(conn) == [first, *others[:-1], last, others[-1]]
    act(conn, [first, others[0]], "up")
    assert waiting(conn)[:2] == [first, others[0]]
    assert act(conn, [first], "up").refused == {"first": 1}
    assert act(conn, [others[-1]], "down").refused == {"last": 1}
    user, needed = conn.execute(
        "SELECT job_id, input_id FROM job_input JOIN job AS one ON one.id = job_id"
        " JOIN job AS two ON two.id = input_id"
        " WHERE one.state = 'waiting' AND two.state = 'waiting'"
        " AND one.position = two.position + 1"
    ).fetchone()
    assert act(conn, [user], "up").refused == {"held by what it needs": 1}
    assert act(conn, [needed], "down").refused == {"held by what needs it": 1}


def test_what_a_job_needs_rises_with_it(conn: sqlite3.Connection) -> None:
    user, needed = 3, 2  # embeddings, and the nouns they are of
    assert needed in queries.job(conn, user).inputs
    assert act(conn, [user], "raise").done == (user,)
    assert queries.job(conn, needed).priority == 1
    act(conn, [user], "lower")
    assert [queries.job(conn, id).priority for id in (user, needed)] == [0, 1]
    act(conn, [12], "top")
    assert waiting(conn)[:2] == [2, 12]


def test_queueing_is_undone_where_nothing_has_begun(home: Home, db: Callable[..., object]) -> None:
    conn = db(home)
    assert isinstance(conn, sqlite3.Connection)
    before = rows(conn)
    trials = queries.count_trials(conn)
    added = queue_trials(home, [TrialRequest(((30, 0), (40, 0)), seeds=(7,))])
    begun = next(job.id for job in added.jobs if job.id in added.new_jobs and len(job.trials) == 1)
    conn.execute("UPDATE job SET state = 'running', attempt = 1 WHERE id = ?", [begun])
    gone, stay = undoing.withdraw(conn, added.new_trials, added.new_jobs)
    assert (gone, stay) == (len(added.new_trials) - 1, 1)
    assert queries.job(conn, begun).inputs == tuple(
        job.id for job in queries.jobs(conn, ids=queries.job(conn, begun).inputs)
    )
    conn.execute("UPDATE job SET state = 'waiting', attempt = 0 WHERE id = ?", [begun])
    assert undoing.withdraw(conn, added.new_trials, added.new_jobs) == (1, 0)
    assert rows(conn) == before
    assert queries.count_trials(conn) == trials
    conn.close()


def test_what_can_be_undone_may_be_taken_away_while_it_is_told() -> None:
    class Taken(Undo):
        """The deeds' thread takes the step away right behind the first look."""

        @property
        def next(self) -> Did | None:
            last = super().next
            self.pop()
            return last

    deeds = Deeds(Mock())
    deeds._undo = Taken()
    deeds._undo.push(Did("cancelled 3 jobs", lambda _: ""))
    assert deeds.undoable == "cancelled 3 jobs"
    assert deeds.undoable is None


def test_fifty_deeds_can_be_undone() -> None:
    undo = Undo()
    undo.push(Did("removed trial 1"))
    assert undo.next is None
    for number in range(STEPS + 5):
        undo.push(Did(f"deed {number}", lambda _: ""))
    popped = [undo.pop() for _ in range(STEPS + 1)]
    assert [did.words for did in popped if did] == [
        f"deed {number}" for number in reversed(range(5, STEPS + 5))
    ]


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ([3], "trial 3"),
        ([1, 2], "trials 1, 2"),
        (list(range(1, 121)), "120 trials (1, 2, 3, 4, 5, 6, …)"),
    ],
)
def test_a_question_names_few(ids: list[int], words: str) -> None:
    assert _named("trial", ids) == words


async def test_z_takes_back_one_deed_after_another(
    home: Home, make_app: MakeApp, settle: Settle, until: Until, db: Callable[..., object]
) -> None:
    conn = db(home)
    assert isinstance(conn, sqlite3.Connection)
    before = rows(conn)
    app = make_app(home)

    def told() -> list[str]:
        return [str(notice.message) for notice in app._notifications]

    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        app.deeds.queue([TrialRequest(((30, 0),), seeds=(7,))])
        app.deeds.cancel([43, 77])
        app.deeds.prioritise([46], 5)
        app.deeds.pause([77])
        await until(pilot, lambda: "job 77 is done" in told())
        assert "cancelled job 43; not 1: 1 done; z undoes" in told()
        assert rows(conn) != before
        await pilot.press("z")
        await until(pilot, lambda: "undone: gave priority 5 to job 46" in told())
        conn.execute("UPDATE job SET attempt = 1 WHERE id = 43")
        await pilot.press("z", "z", "z")
        await until(pilot, lambda: any(line.startswith("undone: queued 3") for line in told()))
        assert not app.check_action("undo", ())
        app.deeds.undo()
        await until(pilot, lambda: "there is nothing to undo" in told())
        assert any("cannot undo “cancelled job 43”: 1 begun since then" in line for line in told())
        conn.execute("UPDATE job SET attempt = 0, state = 'waiting' WHERE id = 43")
        conn.execute("UPDATE job SET reason = NULL, finished_at = NULL WHERE id = 43")
        assert rows(conn) == before
    conn.close()
