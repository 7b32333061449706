"""What a dataset holds: its classes, each with its texts, and how they fall off."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widgets import Static

from wnkd_tui import charts
from wnkd_tui.app.screens.datasets.about import Inks, Prompts, class_words, groups
from wnkd_tui.app.screens.datasets.columns import ClassLine, class_columns
from wnkd_tui.app.widgets.chart import Chart
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.report.nouns import Retrieved
from wnkd_tui.store.datasets import DatasetRow

if TYPE_CHECKING:
    from wnkd_tui.app.application import WnkdApp


class ClassPane(Container):
    """`tell` gives it the dataset and what is known of its classes' texts."""

    app: "WnkdApp"

    def __init__(self) -> None:
        super().__init__()
        self._row: DatasetRow | None = None
        self._prompts: Prompts | str | None = None
        self._nouns: Retrieved | str | None = None

    def compose(self) -> ComposeResult:
        yield Rows(class_columns(lambda: self.app.inks), lambda one: one.label, id="classes")
        with Vertical(classes="beside"):
            yield Static(id="class")
            yield Chart(id="curve")

    @property
    def rows(self) -> Rows[ClassLine]:
        return self.query_one("#classes", Rows)

    @property
    def label(self) -> int:
        """Of the class under the cursor."""
        return self.rows.row.label if self.rows.row else 0

    def tell(
        self,
        row: DatasetRow,
        prompts: Prompts | str | None,
        nouns: Retrieved | str | None,
        inks: Inks,
    ) -> None:
        other = self._row is None or self._row.key != row.key
        self._row, self._prompts, self._nouns = row, prompts, nouns
        if other:
            self.rows.show([])
            self.rows.show(_lines(row))
            self.rows.scroll_home(animate=False)
        self._told()
        sizes = sorted(row.train_per_class, reverse=True)
        self.query_one("#curve", Chart).plot(lambda look: _curve(sizes, look), [inks["teacher"]])

    @on(Rows.Moved, "#classes")
    def _told(self) -> None:
        if self._row is not None:
            name = self._row.classes[self.label]
            words = class_words(name, self._prompts, self._nouns, self.app.inks)
            self.query_one("#class", Static).update(words)
        else:
            self.query_one("#class", Static).update(Text())


def _lines(row: DatasetRow) -> list[ClassLine]:
    most, of = max(row.train_per_class), groups(row)
    sizes = zip(row.classes, row.train_per_class, row.val_per_class, strict=True)
    return [
        ClassLine(label, name, train, val, most, of.get(label, ""))
        for label, (name, train, val) in enumerate(sizes)
    ]


def _curve(sizes: Sequence[int], look: charts.Look) -> str:
    """The classes by their size, the largest first: a long tail is seen as one."""
    ranks = [float(rank) for rank in range(1, len(sizes) + 1)]
    line = charts.Series("training images", [float(size) for size in sizes], ranks)
    top = max(sizes) or 1
    title = "training images of each class, the largest first"
    return charts.line_drawing([line], look, title=title, y_range=(0.0, float(top))).text
