"""A `run-queue` that computes nothing, for the soak: it writes what one on another host would."""

from random import Random

from engine.process import uptime
from wnkd_tui.home import Home
from wnkd_tui.queue.adding import TrialRequest, queue_trials
from wnkd_tui.store import claims, commands, supervisors, work
from wnkd_tui.store.database import connect

NOW = 1_800_000_000.0  # what the app takes for the time, as the seeded home does
FEWEST, MOST = 20, 150  # trials: between these the home is kept, as from another terminal
ME, HOST = "soak", "elsewhere"
HELD_UP = "paused: disk full (12 MiB free at /data; goes on at 256)"
RESULT = '{"best": {"val_top1": 91.5, "epoch": 3}, "last": {"val_top1": 90.5, "epoch": 9}}'


class FakeWorker:
    """A random step at a time. It is known by its heartbeat alone: nobody looks for a process."""

    def __init__(self, home: Home, random: Random) -> None:
        self._home, self._random = home, random
        self._conn = connect(home)

    def step(self) -> None:
        draw = self._random.random()
        if draw < 0.05:
            supervisors.dismiss(self._conn, ME)
            return
        self._beat(HELD_UP if draw > 0.97 else "working")
        if draw < 0.1:
            self._keep_size()
        mine = work.mine(self._conn, ME)
        if len(mine) < 3:
            self._claim()
        for job in mine:
            if job.wanted or self._random.random() < 0.1:
                self._settle(job)
            else:
                self._go_on(job)

    def close(self) -> None:
        self._conn.close()

    def _beat(self, note: str) -> None:
        who = {"host": HOST, "pid": 4242, "process": ""}
        supervisors.beat(self._conn, ME, **who, started_at=uptime(), now=NOW, note=note)  # type: ignore[arg-type]

    def _claim(self) -> None:
        claims.claim(
            *(self._conn, ME, HOST, NOW),
            place=lambda _, taken: f"GPU {len(taken)}",
            prepare=lambda _: None,
            has=lambda _: True,
        )

    def _go_on(self, job: work.Work) -> None:
        step = job.done + 1
        values = [("val_top1", step, 90 - 80 / step), ("train_loss", step, 2 / step)]
        progress = {"done": step, "total": 30, "unit": "epochs", "rate": 2.5}
        work.record(self._conn, ME, job, work.News(job.events_offset + 1, values, progress))

    def _settle(self, job: work.Work) -> None:
        state = job.wanted or self._random.choice(("done", "done", "failed", "lost", "waiting"))
        reason = "it was a soak" if state in ("failed", "lost") else None
        ending = work.Ending(state, state, reason, RESULT if state == "done" else None)
        work.settle(self._conn, ME, job, ending, now=NOW, seconds=1.0)

    def _keep_size(self) -> None:
        ids = [row[0] for row in self._conn.execute("SELECT id FROM trial ORDER BY id")]
        if len(ids) < FEWEST:
            wn, seed = self._random.randrange(0, 101, 10), self._random.randrange(5)
            queue_trials(self._home, [TrialRequest(((wn, 0),), seeds=(seed,))])
        elif len(ids) > MOST:
            of_running = (
                "SELECT trial_id FROM trial_job JOIN job ON job.id = job_id WHERE state = ?"
            )
            busy = {row[0] for row in self._conn.execute(of_running, ["running"])}
            commands.remove(self._conn, [id for id in ids[FEWEST:] if id not in busy])
