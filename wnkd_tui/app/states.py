"""How a state looks: a sign and a word, so that colour is never the only teller."""

from collections.abc import Mapping

from rich.text import Text

SIGNS = {
    "running": "▶",
    "waiting": "○",
    "paused": "‖",
    "done": "✓",
    "failed": "✗",
    "lost": "?",
    "cancelled": "−",
}


def badge(state: str, inks: Mapping[str, str], *, word: bool = True) -> Text:
    """`✓ done` in the state's colour; the sign alone without `word`."""
    sign = SIGNS.get(state, "·")
    return Text(f"{sign} {state}" if word else sign, style=inks.get(f"state-{state}", ""))


def counts_line(counts: Mapping[str, int], inks: Mapping[str, str], *, words: bool) -> Text:
    """`▶ 2 running  ○ 5 waiting …`, states without a job left out."""
    parts = [
        Text(
            f"{sign} {counts[state]}{' ' + state if words else ''}",
            style=inks[f"state-{state}"],
        )
        for state, sign in SIGNS.items()
        if counts.get(state)
    ]
    return Text("  ").join(parts)
