"""Notices to people: told to the queue's side in no time, sent by a thread that hurts nobody."""

import math
import re
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from wnkd_tui.config import Event, NotifyConfig
from wnkd_tui.home import Home
from wnkd_tui.queue.channels import Channel, Message, Outcome, channels
from wnkd_tui.report.captions import encoder_label, setting_label
from wnkd_tui.report.rows import Setting
from wnkd_tui.store.rows import JobRow, TrialRow

LOG = "notices.log"
LOG_LIMIT = 1 << 18  # bytes, then a new one is begun and the old one kept as notices.log.1
WAITING = 1000  # notices that wait to be sent, the oldest go first
LISTED = 20  # notices that a webhook gets one by one
TEXT = 2000  # signs
AGAIN_AFTER = 1.0  # seconds from a failed try to the second and last one
SLACK = 0.5  # seconds that `close` waits beyond the timeout for what the timeout ends
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class Notice:
    event: str
    text: str
    facts: dict[str, Any]


class Notices:
    """Sends what it is told as `config` says: nothing, and with no thread, where it names neither
    a command nor a webhook. What goes wrong is a line in `notices.log` in the home."""

    def __init__(self, config: NotifyConfig, home: Home) -> None:
        self._config = config
        self._home = home
        self._channels = channels(config, home)
        self._waiting: deque[Notice] = deque()
        self._dropped = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._end = math.inf  # on the monotonic clock: when nothing more may be done

    def tell(self, event: Event, text: str, **facts: str | int | float | None) -> None:
        """Never blocks, never raises. `facts` are for a webhook's JSON."""
        if not self._channels or event not in self._config.on:
            return
        notice = Notice(event, line(text), {name: _plain(fact) for name, fact in facts.items()})
        with self._changed:
            if self._closing:
                return
            if len(self._waiting) == WAITING:
                self._waiting.popleft()
                self._dropped += 1
            self._waiting.append(notice)
            self._changed.notify()
            if self._thread is None:
                self._start()

    def close(self) -> None:
        """Sends what waits, and gives up after the timeout for each way that notices go; what is
        told later is not sent."""
        longest = self._config.timeout * len(self._channels)
        with self._changed:
            self._end = min(self._end, time.monotonic() + longest)
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(longest + SLACK)

    @property
    def _closing(self) -> bool:
        return self._end < math.inf

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name="notices", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the machine has no thread to give: the next notice asks again
            return
        self._thread = thread

    def _work(self) -> None:
        not_before = -math.inf
        while True:
            with self._changed:
                while not (self._waiting or self._closing):
                    self._changed.wait()
                while not self._closing and (left := not_before - time.monotonic()) > 0:
                    self._changed.wait(left)
                if not self._waiting:
                    return
                message = together(list(self._waiting), self._dropped)
                self._waiting.clear()
                self._dropped = 0
            not_before = time.monotonic() + self._config.every
            for place, channel in enumerate(self._channels):
                self._send(channel, message, len(self._channels) - place)

    def _send(self, channel: Channel, message: Message, left: int) -> None:
        """One try and, unless all is about to end, a second one; `left` channels share the time."""
        if self._try(channel, message, left).ok:
            return
        with self._changed:
            self._changed.wait_for(lambda: self._closing, AGAIN_AFTER)
        if not self._closing:
            self._try(channel, message, left)

    def _try(self, channel: Channel, message: Message, left: int) -> Outcome:
        seconds = min(self._config.timeout, (self._end - time.monotonic()) / left)
        if seconds > 0:
            outcome = channel.send(message, seconds)
        else:
            outcome = Outcome(channel.name, False, "there was no time left")
        log(self._home, message, outcome)
        return outcome


def together(notices: Sequence[Notice], dropped: int = 0) -> Message:
    """One notice as it is; several as `3 trials finished, 1 job failed: …`."""
    counts = Counter(notice.event for notice in notices)
    text = notices[0].text
    if len(notices) > 1 or dropped:
        counted = [_counted(event, count) for event, count in counts.items()]
        counted += [f"{dropped} older ones left out"] if dropped else []
        texts = dict.fromkeys(notice.text for notice in notices)
        text = f"{', '.join(counted)}: {'; '.join(texts)}"
    return Message(
        event=notices[0].event if len(counts) == 1 else "several",
        text=_cut(text),
        more={
            "host": socket.gethostname(),
            "counts": dict(counts),
            "dropped": dropped,
            "notices": [
                {"event": one.event, "text": one.text, **one.facts} for one in notices[:LISTED]
            ],
        },
    )


def trial_finished(row: TrialRow, jobs: Iterable[JobRow]) -> tuple[str, dict[str, Any]]:
    """Text and facts of a finished trial: its name and figures, and what they depend on."""
    spec = row.spec
    figures = {
        f"{job.kind}_val_top1": job.result["best"]["val_top1"]
        for job in jobs
        if job.kind in ("T_x", "student") and job.result
    }
    setting = Setting(spec.dataset, spec.limit_train, spec.recipe, spec.changes)
    about = [row.name, setting_label(setting), f"seed {spec.seed}"]
    if spec.tx:
        about += [encoder_label(spec.tx.encoder), f"validation text {spec.tx.val_text}"]
    text = f"trial {row.id} finished: {' · '.join(about)}"
    told = [f"{name.removesuffix('_val_top1')} {top1:.2f} %" for name, top1 in figures.items()]
    if told:
        text += f": best epoch's top-1 {', '.join(told)}"
    return text, {"trial": row.id, "name": row.name, "dataset": spec.dataset, **figures}


def log(home: Home, message: Message, outcome: Outcome) -> None:
    """Keeps a failure, and what a command printed; a log that cannot be written is no fault."""
    if outcome.ok and not outcome.output.strip():
        return
    now = datetime.now(UTC).isoformat(timespec="seconds")
    said = f"{outcome.channel}: {outcome.says}"
    lines = [f"{now} {'sent' if outcome.ok else 'NOT sent'} ({message.event}): {line(said)}"]
    lines += [f"    {line(one)}" for one in outcome.output.splitlines() if one.strip()]
    path = home.root / LOG
    try:
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_name(f"{LOG}.1"))
        with path.open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    except OSError:
        return


def line(text: str) -> str:
    """One line that any program can be given: no control signs, no halves of signs."""
    plain = _CONTROL.sub(" ", text.encode("utf-8", "replace").decode())
    return _cut(" ".join(plain.split()))


def _cut(text: str) -> str:
    return text if len(text) <= TEXT else f"{text[: TEXT - 1]}…"


def _plain(fact: str | int | float | None) -> str | int | float | None:
    """JSON has no NaN and no infinity."""
    return None if isinstance(fact, float) and not math.isfinite(fact) else fact


def _counted(event: str, count: int) -> str:
    if event == "empty":
        return "queue empty"
    what = "trial" if event == "finished" else "job"
    return f"{count} {what}{'' if count == 1 else 's'} {event}"
