"""Random keys, clicks and sizes for the whole app, with a worker writing beside it.

    .venv/bin/python scripts/soak.py --seed 0 --events 20000

Works on a home of its own. What happens follows from the seed and from what the app shows. Where
something goes wrong the last events are told, and the line that plays them again; exit code 1.
"""

import argparse
import asyncio
import faulthandler
import importlib.util
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, deque
from contextlib import suppress
from pathlib import Path
from random import Random

from soak_checks import (
    Wrong,
    check_actions,
    check_answered,
    check_database,
    check_footer,
    check_jobs,
    check_screens,
)
from soak_worker import NOW, FakeWorker
from textual import events
from textual.geometry import Size
from textual.keys import _character_to_key
from textual.pilot import Pilot

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.home import Home

ROOT = Path(__file__).resolve().parents[1]
WORKER = (sys.executable, "-c", "import time; time.sleep(5)")  # what the app's `w` starts
MOVES = ("up", "down", "left", "right", "pageup", "pagedown", "home", "end", "tab", "shift+tab")
PLAIN = ("enter", "escape", "space", "backspace", "delete", "ctrl+p", "ctrl+s", "ctrl+l")
TYPED = "abcdefghijklmnopqrstuvwxyzABCDEFGRSXZ0123456789:><=,-*@./?! "
NEVER = ("ctrl+q", "ctrl+c", "ctrl+z")  # these end or stop the process
SMALLEST, LARGEST = Size(60, 18), Size(200, 60)
TOLD = 15  # events that are told when something goes wrong
STILL = 60.0  # seconds without an event, after which the app is taken to hang
RESTART = 2500  # events after which the app is left and started again on the same home
SOUND = 2000  # events between two readings of the whole database


class Soak:
    """`limit`: seconds within which the app has to have drawn what an event changes."""

    def __init__(self, home: Home, seed: int, *, limit: float) -> None:
        self._home, self.seed, self._limit = home, seed, limit
        self._random = Random(seed)
        self._worker = FakeWorker(home, self._random)
        self.index = 0
        self.last: deque[str] = deque(maxlen=TOLD)
        self.kinds: Counter[str] = Counter()
        self.slowest = (0.0, "")  # seconds, event

    async def run(self, count: int) -> None:
        """Raises Wrong, or whatever the app raises. Ends the process where the app hangs."""
        watch = asyncio.create_task(self._watch())
        while self.index < count:
            app = WnkdApp(lambda: self._home, clock=lambda: NOW, every=0.05, worker=WORKER)
            try:
                async with app.run_test(size=(80, 24)) as pilot:
                    await check_answered(app, 20.0)
                    await self._live(pilot, app, min(count, self.index + RESTART))
            finally:
                if (pid := app.overseer.worker.pid) is not None:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
        watch.cancel()
        self._worker.close()
        check_jobs(self._home)
        check_database(self._home)

    async def _watch(self) -> None:
        """An app that waits for itself raises nothing: every task and thread is told."""
        seen = -1
        while seen != self.index:
            seen = self.index
            await asyncio.sleep(STILL)
        for task in asyncio.all_tasks():
            task.print_stack(file=sys.stdout)
        faulthandler.dump_traceback(sys.stdout)
        self.tell(f"it stands still for {STILL:g} s")
        sys.stdout.flush()
        os._exit(1)

    def tell(self, fault: str) -> None:
        """What was done last, and how to do it again."""
        print("\n".join(self.last))
        print(f"wrong after event {self.index}: {fault}")
        print(f"again: scripts/soak.py --seed {self.seed} --events {self.index}")

    async def _live(self, pilot: Pilot[None], app: WnkdApp, until: int) -> None:
        """Events until one of them leaves the app, or it is time to start it again."""
        while self.index < until:
            self.index += 1
            if self._random.random() < 0.15:
                self._worker.step()
            begun = time.monotonic()
            self.last.append(f"{self.index:>6}  {self._do(app)}")
            await pilot.pause(0)
            spent = time.monotonic() - begun
            self.slowest = max(self.slowest, (spent, self.last[-1]))
            if spent > self._limit:
                raise Wrong(f"no answer for {spent:.2f} s")
            if app._exit or app._exception or not app.is_running:
                return  # what was raised is raised again by run_test
            await self._check(app)

    async def _check(self, app: WnkdApp) -> None:
        check_screens(app)
        if self.index % 10 == 0:
            check_actions(app)
            check_jobs(self._home)
            await check_answered(app, max(2.0, 2 * self._limit))
            await check_footer(app)
        if self.index % SOUND == 0:
            check_database(self._home)

    def _do(self, app: WnkdApp) -> str:
        """Sends the next event; what it is and where."""
        (do,) = self._random.choices(
            (self._press, self._click, self._wheel, self._resize), (76, 16, 5, 3)
        )
        self.kinds[do.__name__.removeprefix("_")] += 1
        on = type(app.screen).__name__
        return f"{do(app)} on {on}"

    def _press(self, app: WnkdApp) -> str:
        active = app.screen.active_bindings if app.screen.is_mounted else ()
        bound = sorted(key for key in active if key not in NEVER)
        (keys,) = self._random.choices((bound or MOVES, MOVES, PLAIN, TYPED), (45, 25, 15, 15))
        key = self._random.choice(keys)
        printed = " " if key == "space" else key if len(key) == 1 else None
        app.post_message(events.Key(_character_to_key(key) if printed else key, printed))
        return f"key {key}"

    def _click(self, app: WnkdApp) -> str:
        x, y = self._place(app)
        times = 2 if self._random.random() < 0.2 else 1
        app.post_message(_mouse(events.MouseMove, x, y, 0))
        for kind in (events.MouseDown, events.MouseUp) * times:
            app.post_message(_mouse(kind, x, y, 1))
        return f"{'double ' * (times > 1)}click at {x},{y}"

    def _wheel(self, app: WnkdApp) -> str:
        x, y = self._place(app)
        kind = self._random.choice((events.MouseScrollDown, events.MouseScrollUp))
        app.post_message(_mouse(kind, x, y, 0))
        return f"{kind.__name__} at {x},{y}"

    def _resize(self, app: WnkdApp) -> str:
        size = Size(
            self._random.randint(SMALLEST.width, LARGEST.width),
            self._random.randint(SMALLEST.height, LARGEST.height),
        )
        app._driver._size = size  # type: ignore[union-attr]
        app.post_message(events.Resize(size, size))
        return f"resize to {size.width}x{size.height}"

    def _place(self, app: WnkdApp) -> tuple[int, int]:
        return self._random.randrange(app.size.width), self._random.randrange(app.size.height)


def _mouse(kind: type[events.MouseEvent], x: int, y: int, button: int) -> events.MouseEvent:
    return kind(None, x, y, 0, 0, button, False, False, False, screen_x=x, screen_y=y)


def _seeded(root: Path) -> Home:
    """The home of the app's tests, with a past and work under way."""
    spec = importlib.util.spec_from_file_location("seeded", ROOT / "tests/app/conftest.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["seeded"] = module
    spec.loader.exec_module(module)
    home: Home = module.made(root / "wnkd")
    module.seed(home)
    return home


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--limit", type=float, default=1.0, help="seconds for an answer")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wnkd-soak-") as folder:
        os.environ |= {"HOME": folder, "TZ": "UTC", "TEXTUAL_ANIMATIONS": "none"}
        os.chdir(folder)
        soak = Soak(_seeded(Path(folder)), options.seed, limit=options.limit)
        begun = time.monotonic()
        try:
            asyncio.run(soak.run(options.events))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            if not isinstance(error, Wrong):
                traceback.print_exc()
            soak.tell(str(error))
            return 1
    took = time.monotonic() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    done = ", ".join(f"{count} {name}" for name, count in soak.kinds.most_common())
    print(f"seed {options.seed}: {soak.index} events in {took:.0f} s ({done}); nothing wrong")
    print(f"slowest {soak.slowest[0]:.2f} s ({soak.slowest[1].strip()}); memory {memory:.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
