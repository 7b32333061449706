"""Page 2: the datasets that trials can name, and how many images each class has."""

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from wnkd_tui.app.progress import bar
from wnkd_tui.app.screens.datasets.view import DatasetLine, DatasetsQuestion, DatasetsView
from wnkd_tui.app.screens.page import Page
from wnkd_tui.app.widgets.rows import Column, Rows
from wnkd_tui.store.rows import DatasetRow

HINT = "more: wnkd dataset add cifar100 FOLDER"


class DatasetsPage(Page):
    NAME = "datasets"
    AUTO_FOCUS = "Rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "configure", "Its configurations"),
    ]

    def body(self) -> ComposeResult:
        columns = [
            Column[DatasetLine]("Name", lambda line, _: Text(line.row.name), width=14, wide=20),
            Column[DatasetLine]("State", self._state, width=10),
            Column[DatasetLine]("Classes", _count(lambda row: len(row.classes)), 7, right=True),
            Column[DatasetLine](
                "Train", _count(lambda row: sum(row.train_per_class)), 8, right=True
            ),
            Column[DatasetLine]("Val", _count(lambda row: sum(row.val_per_class)), 8, right=True),
            Column[DatasetLine]("Path", _path, width=18, grow=1),
        ]
        yield Rows(columns, lambda line: line.row.name, id="datasets")
        with Vertical(classes="detail"):
            yield Static(classes="title")
            with VerticalScroll(classes="classes"):
                yield Static(id="classes")

    def question(self) -> DatasetsQuestion:
        return DatasetsQuestion()

    def show(self, answer: DatasetsView) -> None:
        self._rows.show(answer.lines)
        self._rows.styles.height = min(10, len(answer.lines) + 1)
        self._detail(self._rows.row)

    @property
    def _rows(self) -> Rows[DatasetLine]:
        return self.query_one("#datasets", Rows)

    def _state(self, line: DatasetLine, _: int) -> Text:
        sign, ink = ("✓", "state-done") if line.there else ("✗", "state-failed")
        return Text(f"{sign} {line.state}", style=self.wnkd.inks[ink])

    @on(Rows.Moved)
    def _follow(self, _: Rows.Moved) -> None:
        self._detail(self._rows.row)

    def _detail(self, line: DatasetLine | None) -> None:
        if line is None:
            return
        row, inks = line.row, self.wnkd.inks
        most, least = max(row.train_per_class), min(row.train_per_class)
        balance = f"{least:,} to {most:,} a class" if least < most else f"{most:,} a class"
        title = Text.assemble(
            (row.name, "bold"),
            f"  {row.kind}  ",
            (f"imbalance {most / max(1, least):.1f}   " if least < most else "", ""),
            (f"{balance} in training   {HINT}", inks["faint"]),
        )
        self.query_one(".title", Static).update(title)
        self.query_one("#classes", Static).update(
            class_bars(row, max(30, self.size.width - 4), inks["teacher"], inks["faint"])
        )

    @on(Rows.Chosen)
    def _open(self, _: Rows.Chosen) -> None:
        self.action_configure()

    def action_configure(self) -> None:
        if line := self._rows.row:
            self.wnkd.configure(line.row.name)


def class_bars(row: DatasetRow, width: int, ink: str, faint: str) -> Text:
    """A line per class: its name, a bar of its training images, and both counts."""
    names = min(24, max(len(name) for name in row.classes))
    most = max(row.train_per_class)
    room = max(8, width - names - 24)
    lines = []
    for name, train, val in zip(row.classes, row.train_per_class, row.val_per_class, strict=True):
        label = Text(name)
        label.truncate(names, overflow="ellipsis", pad=True)
        counts = f"  {train:>7,} ", (f"+ {val:>6,} val", faint)
        lines.append(Text.assemble(label, "  ", bar(train / most, room, ink, faint), *counts))
    return Text("\n").join(lines)


def _count(of: Callable[[DatasetRow], int]) -> Callable[[DatasetLine, int], Text]:
    return lambda line, _: Text(f"{of(line.row):,}")


def _path(line: DatasetLine, width: int) -> Text:
    """The end of a path says more than its beginning."""
    path = str(line.row.path or "with wnkd")
    return Text(path if len(path) <= width else "…" + path[1 - width :])
