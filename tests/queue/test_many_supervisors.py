"""`make bench-queue` in a short form: who claims what, when many want the same."""

from wnkd_tui.store import queries


def test_four_run_queues_do_each_of_sixty_jobs_once(work):
    for trial in range(6):
        work.add(*(work.job(f"job {trial}-{n}") for n in range(10)))

    others = [work.start_process(slots=4) for _ in range(4)]

    assert [other.wait(60) for other in others] == [0] * 4
    rows = queries.jobs(work.conn)
    assert len(rows) == 60
    assert {(row.state, row.attempt, len(work.pids(row.id))) for row in rows} == {("done", 1, 1)}
    assert all(work.losses(row.id) == [(1, 1.0)] for row in rows)
