"""The short form of `scripts/soak.py`: random keys, clicks and sizes with a worker writing beside.

The long one is `.venv/bin/python scripts/soak.py --seed 0 --events 20000`.
"""

from pathlib import Path

import pytest

from wnkd_tui.home import Home

SCRIPTS = Path(__file__).parents[2] / "scripts"
EVENTS = 120
PATIENT = 8.0  # seconds for an answer: other tests run beside this one


async def test_the_app_stands_random_keys_clicks_and_sizes(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)
    monkeypatch.chdir(tmp_path)
    from soak import Soak

    soak = Soak(home, seed=5, limit=PATIENT)
    try:
        await soak.run(EVENTS)
    except Exception as error:
        again = f"scripts/soak.py --seed 5 --events {soak.index}"
        raise AssertionError("\n".join([*soak.last, f"{error!r}; again: {again}"])) from error
    assert soak.index == EVENTS
    assert {"press", "click", "wheel", "resize"} == set(soak.kinds)
