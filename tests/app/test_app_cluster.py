"""Where jobs run and what they wait for, on every page that tells of them, on 80 columns."""

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.home import Home
from wnkd_tui.store import queries
from wnkd_tui.store.database import connect

GPU = "NVIDIA H100"
QUEUED = "Priority, place 14 in the cluster's queue"
TURN = "waits for its turn there"
# Of a run: slot, place, jobs in its process, device, what it waits for; and how that is told.
PLACED = (
    (("GPU 0", None, 1, GPU, None), f"on server, GPU 0, {GPU}"),
    (("GPU 2+3", None, 1, GPU, None), f"on server, GPU 2+3, {GPU}"),
    (("GPU 1", None, 3, GPU, None), f"on server, GPU 1 (3 jobs in one process), {GPU}"),
    (("Slurm 3", "Slurm job 4711", None, None, QUEUED), f"Slurm job 4711, {QUEUED}"),
    (("Slurm 4", "Slurm job 12 on node7", None, None, TURN), f"Slurm job 12 on node7, {TURN}"),
    (("Slurm 5", "Slurm job 12 on node7", None, GPU, None), f"Slurm job 12 on node7, {GPU}"),
)
# The same on Home, what tells most first.
BRIEF = ("GPU 0 server", "GPU 2+3 server", "GPU 1 server", QUEUED, TURN, "Slurm job 12 on node7")
RUNS = """
UPDATE job SET state = 'running', attempt = 1, slot = ?, device = ?, reason = ?, started_at = ?,
    done = 3, total = 10, unit = 'epochs', rate = 2.5, finished_at = NULL WHERE id = ?
"""
RUN = """
INSERT OR REPLACE INTO attempt
    (job_id, number, supervisor, host, slot, place, together, done_before, started_at)
VALUES (?, 1, 'host:4242', 'server', ?, ?, ?, 0, 1)
"""


@pytest.fixture
def placed(home: Home) -> dict[int, str]:
    """Jobs that run as PLACED tells: how each is told."""
    conn = connect(home)
    conn.execute("UPDATE job SET state = 'paused' WHERE state = 'running'")
    students = [job.id for job in queries.jobs(conn) if job.kind == "student"]
    told = {}
    for id, (run, words) in zip(students, PLACED, strict=False):
        slot, place, together, device, reason = run
        conn.execute(RUNS, [slot, device, reason, id, id])
        conn.execute(RUN, [id, slot, place, together])
        told[id] = words
    conn.close()
    return told


def shown(app: WnkdApp, selector: str) -> str:
    widget = app.screen.query_one(selector)
    return "\n".join(strip.text for strip in widget.render_lines(widget.region.reset_offset))


def first(words: str, width: int) -> str:
    """As far as a cell of that width has it."""
    return words if len(words) <= width else words[: width - 1]


async def test_every_page_tells_where_jobs_run_and_what_they_wait_for(
    home: Home,
    placed: dict[int, str],
    make_app: Callable[..., WnkdApp],
    settle: Callable[[Pilot[None]], Awaitable[None]],
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 50)) as pilot:
        await settle(pilot)
        lines = shown(app, "#running Few").splitlines()[1:]
        for line, words in zip(lines, BRIEF, strict=False):
            assert line.endswith(words) or first(words, 15) in line
        assert [" waits " in line for line in lines] == [
            QUEUED in w or TURN in w for w in placed.values()
        ]

        await pilot.press("4")
        await settle(pilot)
        await pilot.press("i")
        for id, words in placed.items():
            app.screen.query_one("#jobs", Rows).go_to(id)
            await settle(pilot)
            assert first(words, 55) in shown(app, ".detail .title")
            assert words in " ".join(shown(app, "#about").split())

        for id, words in placed.items():
            trial = app.page.answer.listing.rows[id].trials[0]  # type: ignore[union-attr]
            app.open_trial(trial, id)
            await settle(pilot)
            assert words in " ".join(shown(app, ".told").split())
            await pilot.press("4")
            await settle(pilot)


def test_a_waiting_job_has_its_place_in_line(home: Home) -> None:
    with connect(home) as conn:
        waiting = [job.id for job in queries.jobs(conn, states=["waiting"])]
        assert [queries.in_line(conn, id) for id in waiting] == [1, 2, 3, 4]
        conn.execute("UPDATE job SET priority = 5 WHERE id = ?", [waiting[2]])
        assert [queries.in_line(conn, id) for id in waiting] == [2, 3, 1, 4]
        (done, *_) = queries.jobs(conn, states=["done"])
        assert queries.in_line(conn, done.id) is None
