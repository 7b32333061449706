"""What the app keeps from one start to the next: theme, page in sight, each page's own state.

A file in the home. What cannot be read is forgotten: nothing in it is work.
"""

import json
from typing import Any

from engine.durable import replacing
from wnkd_tui.home import Home

FILE = "app.json"


def load(home: Home) -> dict[str, Any]:
    """What was kept, {} where nothing was or it cannot be read."""
    try:
        kept = json.loads((home.root / FILE).read_text())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def save(home: Home, kept: dict[str, Any]) -> None:
    """Raises OSError where the home cannot be written."""
    with replacing(home.root / FILE) as file:
        file.write(json.dumps(kept, indent=1, ensure_ascii=False).encode())
