"""Pictures of the app's pages for docs/images, from what is in WNKD_HOME: `make screenshots`."""

import asyncio
from pathlib import Path

from textual.pilot import Pilot

from wnkd_tui.app.application import WnkdApp

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SIZE = (120, 40)
CALM = 1.0  # seconds without a new answer: charts are drawn, what threads looked up is there
# The keys that lead to each picture, from one to the next.
PICTURES = {
    "home": ["1"],
    "datasets": ["2"],
    "configurations": ["3", "s", "s", "a"],  # five seeds, of which the demo has three
    "queue": ["4"],
    "trials": ["5"],
    "run": ["enter"],
    "compare": ["7"],
    "form": ["n", "ctrl+u", "3", "0"],  # a mix that the demo has not
}


async def settle(pilot: Pilot[None]) -> None:
    """Waits until the page in sight has its answer, and nothing comes for a while."""
    app = pilot.app
    assert isinstance(app, WnkdApp)
    page, seen, calm = None, None, 0.0
    while calm < CALM:
        await asyncio.sleep(0.1)
        same = app.page is page and page and page.answered == page.question()
        calm = calm + 0.1 if same and page.answer is seen else 0.0
        page, seen = app.page, app.page.answer if app.page else None
    await pilot.pause()


async def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    app = WnkdApp()
    app.memory.kept = {}  # as at a first start
    async with app.run_test(size=SIZE) as pilot:
        for name, keys in PICTURES.items():
            await pilot.press(*keys)
            await settle(pilot)
            picture = IMAGES / f"{name}.svg"
            picture.write_text(app.export_screenshot(title=f"wnkd: {name}"), encoding="utf-8")
            print(picture)


asyncio.run(main())
