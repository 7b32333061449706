"""A thread that sees one job through: to a node, and home with all that it writes.

What the job writes is appended to its directory here while it runs, so that whoever reads that
cannot tell where it is done. Its last word is written last, once all else is here.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.code import DIGEST
from engine.errors import ArtifactError
from engine.events import EVENTS, PAUSE
from engine.leading import ranks_of
from wnkd_tui.queue.executors.base import Alive, Cause, Gone
from wnkd_tui.queue.executors.launchers import News as Bell
from wnkd_tui.queue.executors.ray.arrivals import FULL, Arrivals, is_done
from wnkd_tui.queue.executors.ray.cluster import (
    Cluster,
    LostError,
    RefusedError,
    Remote,
    ShortOfMemoryError,
)
from wnkd_tui.queue.executors.ray.inputs import sent, trees
from wnkd_tui.queue.executors.ray.node import Greeting, News, Wish
from wnkd_tui.queue.executors.ray.pieces import PIECE, Piece, pieces
from wnkd_tui.queue.executors.ray.profile import GIB, Profile
from wnkd_tui.queue.jobdir import JOB, OUTPUT
from wnkd_tui.queue.placement import WITHOUT_GPU

SHARE = 0.1  # of the time that bringing checkpoints may take
OBEYS = 60.0  # seconds beyond the grace after which its worker is ended, job and all
ROOM_AGAIN = 5.0  # seconds between two tries to write here, where the disk is full


class Courier(threading.Thread):
    """Of the job in `directory`, whose home's nodes see too if it is `in_place`. `status` is how
    the job is; `bell` is told of its end."""

    def __init__(
        self, cluster: Cluster, profile: Profile, directory: Path, bell: Bell, *, in_place: bool
    ) -> None:
        super().__init__(daemon=True)
        self.status: Alive | Gone = Alive(waits="waits for word of the cluster")
        self._cluster, self._profile, self._bell = cluster, profile, bell
        self._directory, self._in_place = directory, in_place
        self._record: dict[str, Any] = json.loads((directory / JOB).read_text(encoding="utf-8"))
        self._arrivals = Arrivals(directory, self._record)
        gpus = 0 if self._record["kind"] in WITHOUT_GPU else ranks_of(self._record)
        self._needs = profile.needs(gpus)
        self._remote: Remote = cluster.begin(self._needs, profile.cache)
        self._where: str | None = None
        self._since: float | None = None  # UTC seconds; None: not begun
        self._events = self._output = 0  # bytes of the worker's files that are here
        self._has_all = False  # whether there were no more of them at the last look
        self._looked = self._next_checkpoint = 0.0  # on time.monotonic
        self._brought: str | None = None  # the newest checkpoint that is here
        self._took = 0  # bytes of its node's memory, at most, where the profile says how much
        self._grace: float | None = None
        self._deadline = float("inf")  # on time.monotonic
        self._awake = threading.Event()

    def cancel(self, grace: float) -> None:
        """As `Executor.cancel`."""
        if self._grace is not None:
            return
        self._grace, self._deadline = grace, time.monotonic() + grace + OBEYS
        if self._since is None:
            self._remote.end()
        self._awake.set()

    def end(self) -> None:
        """Ends the worker, and with it the job; returns at once."""
        self._remote.end()

    def end_if_it_does_not(self) -> None:
        """The same where it was asked to end long ago."""
        if time.monotonic() > self._deadline:
            self.end()

    def run(self) -> None:
        try:
            gone = self._seen_through()
        except ShortOfMemoryError as error:
            gone = self._short_of_memory(str(error))
        except LostError as error:
            never = self._grace is not None and self._since is None
            cause = Cause.NEVER_BEGUN if never else None
            gone = Gone(cause=cause, told=f"{self._where or 'Ray'}: {error}")
        except (RefusedError, OSError, ArtifactError) as error:
            gone = Gone(code=1, told=f"{self._where or 'Ray'}: {error}")
        except Exception as error:  # noqa: BLE001 - a job's end is always told
            gone = Gone(told=f"{type(error).__name__}: {error}")
        self._remote.end()
        self.status = replace(gone, last=Alive(self._where, since=self._since))
        self._bell.tell()

    def _seen_through(self) -> Gone:
        """How the job's process ended, once all that it left is here."""
        greeting: Greeting = self._remote.ask("greet", meanwhile=self._tell_why)
        gpus = f", GPU {'+'.join(greeting.place.gpus)}" if greeting.place.gpus else ""
        self._where = f"Ray node {greeting.place.node}{gpus}"
        if greeting.engine != DIGEST:
            raise RefusedError(f"has engine {greeting.engine}, not {DIGEST}: install the same wnkd")
        if self._in_place:
            self._begin("begin_in_place", str(self._directory))
            return self._attended()
        self._send()
        self._begin("begin", sent(self._record, self._profile))
        gone = self._attended()
        self._bring_rest()
        return gone

    def _short_of_memory(self, why: str) -> Gone:
        """Its own fault only where it took more than it said: Ray may have ended it for others."""
        said = self._needs.get("memory")
        if said is None:
            why += "; let `memory` in the profile say how much a job takes"
        elif self._took > said:
            took = f"{self._took / GIB:.1f} GiB, more than the {said / GIB:g} of the profile's"
            return Gone(cause=Cause.MEMORY, told=f"{self._where}: {why}; it took {took} `memory`")
        return Gone(told=f"{self._where or 'Ray'}: {why}")

    def _tell_why(self) -> None:
        self.status = Alive(waits=self._cluster.waits_for(self._needs))

    def _send(self) -> None:
        for tree in trees(self._record, self._profile):
            self.status = Alive(self._where, waits=f"is sent {tree.name}")
            if self._remote.ask("wants", tree.target):
                for batch in pieces(tree.source):
                    self._remote.ask("put", batch)
                self._remote.ask("keep")
        if self._arrivals.checkpoints.is_dir():
            for batch in pieces(self._arrivals.checkpoints):
                self._remote.ask("seed", batch)

    def _begin(self, how: str, what: object) -> None:
        since = time.time()
        self._remote.ask(how, what)
        self._since = since
        self.status = Alive(self._where, since=since)

    def _attended(self) -> Gone:
        """How it ended; all that it told by then is here."""
        self._arrivals.begin()
        while True:
            news = self._look()
            if news.gone and self._has_all:
                return replace(news.gone, seconds=news.seconds)
            if news.checkpoint and time.monotonic() >= self._next_checkpoint:
                self._bring_checkpoint(news.checkpoint)
            if PIECE not in (len(news.events), len(news.output)):
                self._awake.wait(self._profile.every)
                self._awake.clear()

    def _look(self) -> News:
        paused = (self._directory / PAUSE).exists()
        weigh = "memory" in self._needs
        wish = Wish(self._events, self._output, paused, self._grace, weigh)
        news: News = self._remote.ask("look", wish)
        self._took = max(self._took, news.memory)
        self._events += self._arrivals.append(EVENTS, news.events)
        self._output += self._arrivals.append(OUTPUT, news.output)
        self._has_all = not (news.events or news.output)
        self._looked = time.monotonic()
        return news

    def _bring_checkpoint(self, name: str) -> None:
        if name == self._brought:
            return
        began = time.monotonic()
        self._with_room(lambda: self._arrivals.checkpoint(name, self._batches("checkpoint", name)))
        self._next_checkpoint = time.monotonic() + (time.monotonic() - began) / SHARE
        self._brought = name

    def _bring_rest(self) -> None:
        word: bytes = self._remote.ask("last_word")
        if is_done(word):
            self._with_room(lambda: self._arrivals.artifact(self._batches("artifact")))
        elif name := self._look().checkpoint:
            self._bring_checkpoint(name)
        if word:
            self._with_room(lambda: self._arrivals.last_word(word))

    def _batches(self, what: str, *values: str) -> Iterator[list[Piece]]:
        """What the worker gives, while events still come."""
        batch: list[Piece] = self._remote.ask(what, *values)
        while batch:
            yield batch
            if time.monotonic() - self._looked > self._profile.every:
                self._look()
            batch = self._remote.ask("more")

    def _with_room(self, write: Callable[[], None]) -> None:
        """Writes, again and again where the disk here is full."""
        while True:
            try:
                return write()
            except OSError as error:
                if error.errno not in FULL:
                    raise
                self._awake.wait(ROOM_AGAIN)
                self._awake.clear()
                self._look()  # raises LostError where it was ended meanwhile
