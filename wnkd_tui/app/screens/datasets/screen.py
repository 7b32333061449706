"""Page 2: the datasets that trials can name, what each holds, and some of its images."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from wnkd_tui.app.screens.datasets.about import about
from wnkd_tui.app.screens.datasets.sampling import Sampled, sample
from wnkd_tui.app.screens.datasets.view import DatasetLine, DatasetsQuestion, DatasetsView
from wnkd_tui.app.screens.page import Page
from wnkd_tui.app.widgets.rows import Column, Rows
from wnkd_tui.store.rows import DatasetRow

if TYPE_CHECKING:
    from wnkd_tui.pictures import Sample

HINT = "more: wnkd dataset add NAME FOLDER"


class DatasetsPage(Page):
    NAME = "datasets"
    AUTO_FOCUS = "Rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pictures", "Pictures"),
        Binding("g", "configure", "Its configurations"),
        Binding("tab", "app.focus_next", "List/detail", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._pictures = False
        self._samples: dict[str, Sequence[Sample] | str] = {}  # by a dataset's content key

    def body(self) -> ComposeResult:
        columns = [
            Column[DatasetLine]("Name", lambda line, _: Text(line.row.name), width=16, wide=20),
            Column[DatasetLine]("State", self._state, width=10),
            Column[DatasetLine]("Kind", lambda line, _: Text(line.row.kind), width=15, room=100),
            Column[DatasetLine]("Classes", _count(lambda row: len(row.classes)), 7, right=True),
            Column[DatasetLine](
                "Train", _count(lambda row: sum(row.train_per_class)), 9, right=True
            ),
            Column[DatasetLine]("Val", _count(lambda row: sum(row.val_per_class)), 6, right=True),
            Column[DatasetLine]("Path", _path, width=18, grow=1),
        ]
        yield Rows(columns, lambda line: line.row.name, id="datasets")
        with Vertical(classes="detail"):
            yield Static(classes="title")
            with VerticalScroll(classes="classes"):
                yield Static(id="about")

    def question(self) -> DatasetsQuestion:
        return DatasetsQuestion()

    def show(self, answer: DatasetsView) -> None:
        self._rows.show(answer.lines)
        self._rows.styles.height = min(10, len(answer.lines) + 1)
        self._detail()

    @property
    def _rows(self) -> Rows[DatasetLine]:
        return self.query_one("#datasets", Rows)

    def _state(self, line: DatasetLine, _: int) -> Text:
        sign, ink = ("✓", "state-done") if line.there else ("✗", "state-failed")
        return Text(f"{sign} {line.state}", style=self.wnkd.inks[ink])

    @on(Rows.Moved)
    def _follow(self, _: Rows.Moved) -> None:
        self.query_one(".classes").scroll_home(animate=False)
        self._detail()

    def _detail(self) -> None:
        if not (line := self._rows.row):
            return
        row, inks = line.row, self.wnkd.inks
        what = "an image of each class" if self._pictures else "images of each class, in training"
        self.query_one(".title", Static).update(
            Text.assemble((row.name, "bold"), f"  {what}  ", (f" {HINT}", inks["faint"]))
        )
        width = max(30, self.size.width - 4)
        shown = self._drawn(row, width) if self._pictures else about(row, width, inks)
        self.query_one("#about", Static).update(shown)

    def _drawn(self, row: DatasetRow, width: int) -> RenderableType:
        """The dataset's images, or why they cannot be seen yet."""
        if row.key not in self._samples:
            self._samples[row.key] = "reading images…"
            self.run_worker(partial(sample, row, self.post_message), thread=True)
        found = self._samples[row.key]
        if isinstance(found, str):
            return Text(found, style=self.wnkd.inks["faint"])
        from wnkd_tui.pictures import lines

        return Text("\n").join(lines(found, width))

    @on(Sampled)
    def _sampled(self, event: Sampled) -> None:
        self._samples[event.key] = event.samples
        self._detail()

    def action_pictures(self) -> None:
        """Turns between what the dataset holds and how it looks; a failure is tried again."""
        self._pictures = not self._pictures
        if (line := self._rows.row) and isinstance(self._samples.get(line.row.key), str):
            del self._samples[line.row.key]
        self._detail()

    @on(Rows.Chosen)
    def _open(self, _: Rows.Chosen) -> None:
        self.action_configure()

    def action_configure(self) -> None:
        if line := self._rows.row:
            self.wnkd.configure(line.row.name)


def _count(of: Callable[[DatasetRow], int]) -> Callable[[DatasetLine, int], Text]:
    return lambda line, _: Text(f"{of(line.row):,}")


def _path(line: DatasetLine, width: int) -> Text:
    """The end of a path says more than its beginning."""
    path = str(line.row.path or "with wnkd")
    return Text(path if len(path) <= width else "…" + path[1 - width :])
