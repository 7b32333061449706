"""Pictures of the app's pages for docs/images, from what is in WNKD_HOME: `make screenshots`."""

import asyncio
from pathlib import Path

from wnkd_tui.app.application import WnkdApp

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SIZE = (120, 40)
PAGES = {
    "1": "queue",
    "2": "datasets",
    "3": "configurations",
    "4": "compare",
    "5": "trials",
    "n": "form",
}


async def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    app = WnkdApp()
    async with app.run_test(size=SIZE) as pilot:
        for key, name in PAGES.items():
            await pilot.press(key)
            await pilot.pause(3)  # the poller's answer and the charts
            picture = IMAGES / f"{name}.svg"
            picture.write_text(app.export_screenshot(title=f"wnkd: {name}"), encoding="utf-8")
            print(picture)


asyncio.run(main())
