"""What the app keeps from one start to the next: theme, page in sight, each page's own state.

A file in the home. What cannot be read is forgotten: nothing in it is work.
"""

import contextlib
import json
from collections.abc import Callable
from typing import Any

from engine.durable import replacing
from engine.errors import WnkdError
from wnkd_tui.home import Home

FILE = "app.json"


class Memory:
    """`kept` is what there was at the last start, then what was kept last."""

    def __init__(self, find: Callable[[], Home]) -> None:
        self._find = find
        self.kept: dict[str, Any] = {}
        with contextlib.suppress(WnkdError, OSError):
            self.kept = load(find())

    def keep(self, now: dict[str, Any]) -> None:
        """Writes what changed. A home that cannot be written is told of by others."""
        if now != self.kept:
            self.kept = now
            with contextlib.suppress(WnkdError, OSError):
                save(self._find(), now)

    def of(self, page: str) -> dict[str, Any]:
        """What a page kept."""
        found = self.kept.get("pages")
        kept = found.get(page) if isinstance(found, dict) else None
        return kept if isinstance(kept, dict) else {}


def load(home: Home) -> dict[str, Any]:
    """What was kept, {} where nothing was or it cannot be read."""
    try:
        kept = json.loads((home.root / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}


def save(home: Home, kept: dict[str, Any]) -> None:
    """Raises OSError where the home cannot be written."""
    with replacing(home.root / FILE) as file:
        file.write(json.dumps(kept, indent=1, ensure_ascii=False).encode())
