"""Images as pixels where the terminal can: by textual-image, which the extra `images` brings.

The library asks the terminal (sixel, kitty) when it is imported, and can do so only while nobody
else reads the keys. Hence it is imported when images are first wanted, with the app put aside for
that moment: the start waits for nothing, and half blocks stay where nothing better is known.
"""

import os
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from textual.app import App, SuspendNotSupported
from textual.widget import Widget

VARIABLE = "WNKD_IMAGES"  # "blocks": half blocks, whatever the terminal can
_PIXELS = ("sixel", "tgp")  # the library's ways that draw pixels


@lru_cache(maxsize=1)
def pixels(app: App[Any]) -> Callable[[Any], Widget] | None:
    """The widget that shows a Pillow image as pixels; None where there is none."""
    wanted = os.environ.get(VARIABLE) != "blocks"
    if not wanted or app.is_web or find_spec("textual_image") is None:
        return None
    try:
        with app.suspend():
            widgets = import_module("textual_image.widget")
    except SuspendNotSupported:
        return None
    way = widgets.AutoRenderable.__module__.rpartition(".")[2]
    image: Callable[[Any], Widget] = widgets.Image
    return image if way in _PIXELS else None
