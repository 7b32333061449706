"""Recipes and configurations: right, or refused in one line that names the file."""

import os
from importlib import resources

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.errors import SpecError
from engine.recipe import parse_recipe
from wnkd_tui import config
from wnkd_tui.config import Config, ConfigError
from wnkd_tui.home import Home

MANY = settings(
    max_examples=int(os.environ.get("WNKD_FUZZ", "15")),
    deadline=None,
    database=None,
    derandomize="WNKD_FUZZ" not in os.environ,
)
DEMO = resources.files("engine.recipes").joinpath("demo.toml").read_text(encoding="utf-8")
DEFAULTS = resources.files("wnkd_tui").joinpath("defaults.toml").read_text(encoding="utf-8")
VALUES = (
    *("0", "-1", "1.5", "true", '""', '"x"', "[]", "[[1]]", "{}", "{a = 1}", "nan", "inf", "1e400"),
    *("1979-05-27", "07:32:00", "9" * 30, "1" * 5000, '"\\u0000"', "[" * 1000 + "]" * 1000),
    *('["x"]', '"http://h"', '"file:x"', "[datasets]", "'''", "\n[queue]", "\n[[T_x]]", "#", "="),
)
value = st.sampled_from(VALUES) | st.text(max_size=8)


def mutated(text):
    """`text` with some of its lines changed, doubled or left out."""

    @st.composite
    def draw_from(draw):
        lines = text.splitlines()
        for _ in range(draw(st.integers(1, 3))):
            place = draw(st.integers(0, len(lines) - 1))
            match draw(st.sampled_from(("value", "name", "drop", "double", "new"))):
                case "value":
                    lines[place] = f"{lines[place].partition('=')[0]}= {draw(value)}"
                case "name":
                    lines[place] = f"{draw(value)} = {lines[place].partition('=')[2]}"
                case "drop":
                    lines[place] = ""
                case "double":
                    lines.insert(draw(st.integers(0, len(lines))), lines[place])
                case "new":
                    lines.insert(place, draw(value))
        return "\n".join(lines)

    return draw_from()


@MANY
@given(text=st.text(max_size=60) | st.lists(value, max_size=5).map("\n".join))
@example(text="datasets = 1")
@example(text="x = " + "[" * 1000 + "]" * 1000)
@example(text="x = " + "1" * 5000)
def test_any_recipe(text):
    recipe(text)


@MANY
@given(text=mutated(DEMO), dataset=st.sampled_from(("", "digits", "cifar100", "queue")))
def test_a_recipe_with_something_odd(text, dataset):
    recipe(text, dataset)


@MANY
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_config(folder, content):
    configure(folder, content)


@MANY
@given(text=mutated(DEFAULTS))
def test_a_config_with_something_odd(folder, text):
    configure(folder, text.encode("utf-8", "replace"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return Home(tmp_path_factory.mktemp("config"))


def recipe(text, dataset=""):
    try:
        made = parse_recipe(text, dataset, where="mine.toml")
        assert made.summary is not None
    except SpecError as error:
        one_line(str(error), "mine.toml")


def configure(home, content):
    path = home.root / config.CONFIG
    path.write_bytes(content)
    try:
        made = config.load(home)
        assert isinstance(made, Config)
    except ConfigError as error:
        one_line(str(error), str(path))


def one_line(text, where):
    assert where in text
    assert "\n" not in text
