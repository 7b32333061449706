"""What the form asks of the database, in threads that post their answers."""

import sqlite3
from collections.abc import Callable

from textual.message import Message

from engine.errors import WnkdError
from engine.recipe import load_recipe
from engine.recipes import recipe_names
from wnkd_tui.app.screens.form.completion import known as settings_of
from wnkd_tui.home import Home
from wnkd_tui.queue.adding import FIRST_RECIPE, LAST_RECIPE, dataset_of
from wnkd_tui.queue.fields import Fields, read
from wnkd_tui.queue.preview import Preview, preview
from wnkd_tui.queue.settings import Setting
from wnkd_tui.store import queries
from wnkd_tui.store.database import connect

Find = Callable[[], Home]
Post = Callable[[Message], object]


class Known(Message):
    """Names that can be chosen."""

    def __init__(self, datasets: tuple[str, ...], recipes: tuple[str, ...]) -> None:
        super().__init__()
        self.datasets, self.recipes = datasets, recipes


class Listed(Message):
    """Dataset and recipe that the form means, the recipe's encoder, and its settings as they are
    without changes."""

    def __init__(
        self, dataset: str, recipe: str, encoder: str, settings: tuple[Setting, ...]
    ) -> None:
        super().__init__()
        self.dataset, self.recipe, self.encoder = dataset, recipe, encoder
        self.settings = settings


class Checked(Message):
    """What `fields` would add, or in a line why they cannot be queued."""

    def __init__(self, fields: Fields, told: Preview | str) -> None:
        super().__init__()
        self.fields, self.told = fields, told


def known(find: Find, post: Post) -> None:
    """Posts what there is to choose from; a database that cannot be read is told by `check`."""
    try:
        conn = connect(find())
    except (WnkdError, sqlite3.Error, OSError):
        return
    try:
        post(Known(tuple(row.name for row in queries.datasets(conn)), tuple(recipe_names())))
    finally:
        conn.close()


def check(fields: Fields, find: Find, post: Post) -> None:
    """Posts the settings there are, and what `fields` would add. Nothing is queued or copied."""
    try:
        home = find()
        conn = connect(home)
        try:
            post(_listed(conn, fields))
            told: Preview | str = preview(home, conn, [read(fields)])
        finally:
            conn.close()
    except (WnkdError, sqlite3.Error, OSError) as error:
        told = str(error)
    post(Checked(fields, told))


def _listed(conn: sqlite3.Connection, fields: Fields) -> Listed:
    dataset = dataset_of(conn, fields.dataset or None).name
    recipe = fields.recipe or queries.setting(conn, LAST_RECIPE) or FIRST_RECIPE
    encoder = load_recipe(recipe, dataset).encoder
    return Listed(dataset, recipe, encoder, settings_of(recipe, dataset))
