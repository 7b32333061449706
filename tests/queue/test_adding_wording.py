"""NAME=VALUE, as people write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import SpecError
from wnkd_tui.queue.wording import changes


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("T_x.stem=linear", "linear"),
        (" T_x.stem = linear ", "linear"),
        ('T_x.stem="linear"', "linear"),
        ("T_x.stem=", ""),
        ("T_x.stem=2", 2),
        ("T_x.stem=2.0", 2.0),
        ("T_x.stem=5e-4", 5e-4),
        ("T_x.stem=true", True),
        ("T_x.stem=25,40", (25, 40)),
        ("T_x.stem=25,", (25,)),
        ("T_x.stem=[0.2, 1]", (0.2, 1)),
        ("T_x.stem=[]", ()),
        ("T_x.stem=a,b.txt", "a,b.txt"),
        ("T_x.stem=1,b", "1,b"),
        ("T_x.stem=a=b", "a=b"),
        ("T_x.stem=2020-01-01", "2020-01-01"),
        ("T_x.stem={a = 1}", "{a = 1}"),
        ("T_x.stem=1\nother = 2", "1\nother = 2"),
        ("T_x.stem=" + "9" * 5000, "9" * 5000),
    ],
)
def test_a_value_is_toml_or_a_list_or_text(text, value):
    assert changes([text], "--set") == (("T_x.stem", value),)


def test_several_changes_are_in_the_order_of_their_names():
    assert changes(["b=1", "a=2"], "--set") == (("a", 2), ("b", 1))


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["stem"], "write NAME=VALUE"),
        (["=linear"], "write NAME=VALUE"),
        ([""], "write NAME=VALUE"),
        (["stem=a", "stem=b"], "say the same"),
        (["stem=a", "T_x.stem=b"], "say the same"),
        (["T_x.stem=a", "stem=b"], "say the same"),
        (["lam=inf"], "inf is no number"),
        (["lam=nan"], "nan is no number"),
        (["lam=1,nan"], "nan is no number"),
        (["lam=1" + "0" * 400], "is no number"),
        (["steps=[[1]]"], "a list holds numbers or texts"),
    ],
)
def test_what_no_setting_can_be_is_refused_in_one_line(texts, says):
    with pytest.raises(SpecError, match=r"^--set ") as told:
        changes(texts, "--set")
    assert says in str(told.value)


@given(st.text())
def test_any_text_is_read_or_refused(text):
    try:
        ((name, value),) = changes([f"a={text}"], "--set")
    except SpecError:
        return
    assert name == "a"
    hash(value)
