"""Keys that come faster than a dialog opens or a line gets the focus are meant for it.

Textual hands a key to the widget that has the focus when it comes, and looks for the key's action
when it comes back. What was typed behind a key that opens something has gone to the widget behind
it by then.
"""

import asyncio
from weakref import WeakKeyDictionary, WeakSet

from textual.app import App
from textual.events import Event, Key
from textual.screen import Screen
from textual.widget import Widget

_MOST = 1.0  # seconds that keys wait for a screen; one that is on its way out never answers


class Bursts(App[None]):
    """Hands keys out in their order."""

    def __init__(self) -> None:
        super().__init__()
        self._handed: WeakKeyDictionary[Key, Widget] = WeakKeyDictionary()
        self._stood: WeakSet[Screen[object]] = WeakSet()

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key):
            if event.is_forwarded and self._handed.get(event, self._aim) is not self._aim:
                event = Key(event.key, event.character)  # nobody had a use for it
            if not event.is_forwarded:
                await self._stand()
                self._handed[event] = self._aim
        await super().on_event(event)

    @property
    def _aim(self) -> Widget:
        """What keys go to."""
        return self.focused or self.screen

    async def _stand(self) -> None:
        """Waits until the screen in sight has its widgets and its focus."""
        screen = self.screen
        if screen not in self._stood:
            self._stood.add(screen)
            done = asyncio.Event()
            screen.call_later(done.set)
            await asyncio.wait([asyncio.create_task(done.wait())], timeout=_MOST)
