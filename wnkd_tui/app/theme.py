"""Two themes. Colours are Okabe and Ito's, told apart with any kind of colour vision.

Teacher is always orange, student always blue, and no state is told by its colour alone.
"""

from textual.color import Color
from textual.theme import Theme

_INK = {
    "wnkd-dark": {
        "teacher": "#e69f00",
        "student": "#56b4e9",
        "student-both": "#2dbd96",
        "faint": "#7d8997",
        "state-waiting": "#93a0b0",
        "state-running": "#56b4e9",
        "state-paused": "#b3a1e0",
        "state-done": "#2dbd96",
        "state-failed": "#f2773f",
        "state-lost": "#d98cb9",
        "state-cancelled": "#93a0b0",
    },
    "wnkd-light": {
        "teacher": "#9a5400",
        "student": "#00649e",
        "student-both": "#00745a",
        "faint": "#646b73",
        "state-waiting": "#5f6873",
        "state-running": "#00649e",
        "state-paused": "#5f4bb6",
        "state-done": "#00745a",
        "state-failed": "#b83a00",
        "state-lost": "#963c71",
        "state-cancelled": "#5f6873",
    },
}

DARK = Theme(
    name="wnkd-dark",
    dark=True,
    primary="#56b4e9",
    secondary="#e69f00",
    accent="#e69f00",
    success="#2dbd96",
    warning="#f0c244",
    error="#f2773f",
    foreground="#d5dbe3",
    background="#0e1319",
    surface="#131a22",
    panel="#1c2530",
    variables={
        **_INK["wnkd-dark"],
        "border": "#56b4e9",
        "border-blurred": "#2b3644",
        "block-cursor-background": "#24405a",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-blurred-background": "#1c2a38",
        "footer-background": "#131a22",
        "footer-key-foreground": "#e69f00",
        "footer-description-foreground": "#93a0b0",
        "scrollbar": "#2b3644",
        "scrollbar-background": "#0e1319",
    },
)

LIGHT = Theme(
    name="wnkd-light",
    dark=False,
    primary="#00649e",
    secondary="#9a5400",
    accent="#9a5400",
    success="#00745a",
    warning="#7d5800",
    error="#b83a00",
    foreground="#1f252c",
    background="#fbfaf6",
    surface="#f4f2ec",
    panel="#e8e5dc",
    variables={
        **_INK["wnkd-light"],
        "border": "#00649e",
        "border-blurred": "#cfcabd",
        "block-cursor-background": "#cfe2f1",
        "block-cursor-foreground": "#10161c",
        "block-cursor-blurred-background": "#e6ecf0",
        "footer-background": "#f4f2ec",
        "footer-key-foreground": "#9a5400",
        "footer-description-foreground": "#5f6873",
        "scrollbar": "#cfcabd",
        "scrollbar-background": "#fbfaf6",
    },
)


def inks(theme: str, *, dark: bool = True) -> dict[str, str]:
    """The colours of words and charts; a theme that is not ours gets them by its shade."""
    return _INK.get(theme) or _INK[(DARK if dark else LIGHT).name]


def in_rich(colour: str) -> str:
    """A colour of a theme in Rich's words, which are others for the terminal's own colours."""
    return Color.parse(colour).rich_color.name
