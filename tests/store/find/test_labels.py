"""Tags, notes and saved filters."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wnkd_tui.store import commands
from wnkd_tui.store.connection import StoreError
from wnkd_tui.store.find import labels
from wnkd_tui.store.find.fields import TRIALS
from wnkd_tui.store.find.language import FilterError, parse
from wnkd_tui.store.find.listing import Search, trial_ids, trial_lines
from wnkd_tui.store.rows import SavedFilter


def test_tags_are_put_on_and_taken_off(conn, add):
    add("a", seed=0)
    add("b", seed=1)

    labels.tag(conn, [1, 2], add=["paper", "v1.0"])
    labels.tag(conn, [2], add=["paper", "old_one"], remove=["v1.0", "never"])

    assert labels.tags(conn) == {"old_one": 1, "paper": 2, "v1.0": 1}
    assert trial_lines(conn, [1, 2])[2].tags == ("old_one", "paper")
    commands.remove(conn, [2])
    assert labels.tags(conn) == {"paper": 1, "v1.0": 1}


@pytest.mark.parametrize("word", ["", "two words", "a,b", "a:b", "a*", '"a"', "a\n"])
def test_what_is_no_tag_changes_nothing(conn, add, word):
    add("a")
    with pytest.raises(StoreError, match="is no tag"):
        labels.tag(conn, [1], add=["good", word])
    assert labels.tags(conn) == {}


def test_an_unknown_trial_changes_nothing(conn, add):
    add("a")
    with pytest.raises(StoreError, match="no trial 7"):
        labels.tag(conn, [1, 7], add=["paper"])
    with pytest.raises(StoreError, match="no trial 7"):
        labels.note(conn, 7, "hm")
    assert labels.tags(conn) == {}


@settings(max_examples=50)
@given(st.from_regex(r"[\w.-]{1,20}", fullmatch=True))
def test_every_tag_can_be_searched_for(word):
    """As it stands: no quotes are needed."""
    assert parse(f"tag:{word}", TRIALS).values["found0"].replace("\\", "") == word


def test_a_note_is_kept_and_emptied(conn, add):
    add("a")
    labels.note(conn, 1, " seed 3 diverges \n")
    assert trial_lines(conn, [1])[1].note == "seed 3 diverges"
    assert list(trial_ids(conn, Search("note:DIVERGES"))) == [1]
    labels.note(conn, 1, "")
    assert list(trial_ids(conn, Search("note:*"))) == []


def test_searches_are_saved_replaced_and_forgotten(conn):
    first = SavedFilter("mine", "trials", "dataset:digits", "acc", True)
    labels.save(conn, first)
    labels.save(conn, SavedFilter("broken", "jobs", "state:failed"))
    assert [one.name for one in labels.saved(conn)] == ["broken", "mine"]
    labels.save(conn, SavedFilter(" broken ", "jobs", "state:failed,lost"))
    assert labels.saved(conn) == [SavedFilter("broken", "jobs", "state:failed,lost"), first]
    labels.forget(conn, "broken")
    with pytest.raises(StoreError, match="no saved filter 'broken'; known: mine"):
        labels.forget(conn, "broken")


def test_what_cannot_be_searched_by_is_not_saved(conn):
    with pytest.raises(FilterError, match="unknown field 'acc'"):
        labels.save(conn, SavedFilter("mine", "jobs", "acc:>80"))
    with pytest.raises(FilterError, match="unknown field 'acc'"):
        labels.save(conn, SavedFilter("mine", "jobs", "", "acc"))
    with pytest.raises(StoreError, match="needs a name"):
        labels.save(conn, SavedFilter(" ", "jobs", ""))
    assert labels.saved(conn) == []


def test_names_become_words_where_they_stand(conn):
    first = SavedFilter("good", "trials", "acc:>90 -tag:old", "acc", True)
    other = SavedFilter("Wide", "trials", "wn:>=50")
    for one in (first, other, SavedFilter("long", "jobs", "took:>1h")):
        labels.save(conn, one)

    found = labels.expanded(conn, "trials", 'seed:1 @Wide "a @b" x@y  @good')
    assert found == ('seed:1 wn:>=50 "a @b" x@y  acc:>90 -tag:old', [other, first])
    assert labels.expanded(conn, "trials", "wn:50") == ("wn:50", ())
    for unknown in ("@long", "@", "@goo"):
        with pytest.raises(
            FilterError, match=f"^{unknown}: no filter of trials is saved so; saved: @Wide, @good "
        ):
            labels.expanded(conn, "trials", f"seed:1 {unknown}")
    with pytest.raises(FilterError, match="no filter of jobs is saved so; saved: @long "):
        labels.expanded(conn, "jobs", "@good")


def test_what_is_saved_by_another_name_stays_when_that_goes(conn):
    labels.save(conn, SavedFilter("first", "trials", "wn:50"))
    labels.save(conn, SavedFilter("second", "trials", "@first seed:1"))
    labels.forget(conn, "first")
    assert labels.saved(conn) == [SavedFilter("second", "trials", "wn:50 seed:1")]
