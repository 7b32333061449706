"""How the app looks: its themes, the colours of words and charts, plain signs, its breakpoints, and
how a page is turned."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property

from textual.binding import Binding
from textual.filter import LineFilter

from wnkd_tui.app.bursts import Bursts
from wnkd_tui.app.plain import Ascii, Harmless, shows_unicode
from wnkd_tui.app.screens.page import TALL, WIDE
from wnkd_tui.app.sheets import Sheets
from wnkd_tui.app.theme import DARK, LIGHT, inks


class Look(Bursts):
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012  (Textual declares it on instances)
        (0, "-narrow"),
        (WIDE, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-short"),
        (TALL, "-tall"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.stylesheet = Sheets(variables=self.get_css_variables())
        self._turning = ExitStack()  # holds back what would be painted while it is open
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name
        self.unicode = shows_unicode()
        self._filters_of_signs = [Harmless(), *([] if self.unicode else [Ascii()])]

    @cached_property
    def inks(self) -> dict[str, str]:
        """The colours of words and charts; remade when the theme changes."""
        return inks(self.theme, dark=self.current_theme.dark)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own colours, for themes that are not ours."""
        return inks(DARK.name)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *self._filters_of_signs]

    def get_key_display(self, binding: Binding) -> str:
        """The key's sign; its name where the terminal has no such sign."""
        sign = super().get_key_display(binding)
        return sign if self.unicode or sign.isascii() else binding.key

    def on_mount(self) -> None:
        self.theme_changed_signal.subscribe(self, lambda _: self._recolour())
        # Another program had the terminal: all of it is painted.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))

    def _recolour(self) -> None:
        self.__dict__.pop("inks", None)
        self.repaint()

    def repaint(self) -> None:
        """Draws what is in sight in the colours of now."""

    def action_shade(self) -> None:
        self.theme = LIGHT.name if self.theme == DARK.name else DARK.name

    def delay_update(self, delay: float = 0.05) -> None:
        """Textual paints another page `delay` seconds after the key, lest it flickers; this one is
        painted when it is `turned`, if that is sooner."""
        self._turning.close()
        turning = self._turning = ExitStack()
        turning.enter_context(self.batch_update())
        turning.callback(self.refresh)
        self.set_timer(delay, turning.close)

    def turned(self) -> None:
        """The page in sight has its answer: what is held back is painted."""
        self._turning.close()
