"""What filters mean, by laws and by a plain evaluation; what is no filter says where and why."""

import re
import sqlite3
from datetime import datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wnkd_tui.store.find.fields import JOBS, TABLES, TRIALS
from wnkd_tui.store.find.language import LONGEST, FilterError, parse
from wnkd_tui.store.find.listing import Search, job_ids, trial_ids

NOW = 1_795_000_000.0
LISTS = {"trials": trial_ids, "jobs": job_ids}
AGES = {"2d": 172_800.0, "36h": 129_600.0, "90m": 5400.0, "1w": 604_800.0}
WORDS = [
    *("digits", "DIGITS", "dig*", "*", "*-lt", "cifar100-lt", "none", "T_m*", "paper", "draft_1"),
    *("x.y", "S_s", "50%", "off_by", "memory", "linear", "GPU*", "node1", "nvidia h100", "student"),
    *("T_m T_x,(img, 50%gt 50%wn) S_s", "\\", "ÄÖ", "*a*", "img+text", "kd", "_", "%", "1*0"),
]


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("time.time", lambda: NOW)


def found(small, what, text):
    return set(LISTS[what](small.conn, Search(text)))


def low(text):
    """A to Z as a to z, and nothing else."""
    return re.sub("[A-Z]", lambda letter: letter[0].lower(), text)


@st.composite
def values(draw, field):
    """A value of a field: its operator, its text, and what it is when it is compared."""
    compared = st.sampled_from(["", "=", "!=", ">", ">=", "<", "<="])
    match field.kind:
        case "state":
            value = draw(st.sampled_from(field.values))
            return draw(st.sampled_from(["", "=", "!="])), value, value
        case "number":
            value = draw(st.sampled_from([-1, 0, 1, 2, 3, 7, 0.43, 43, 49.5, 50, 60, 100, 1e3]))
            return draw(compared), str(value), value
        case "duration":
            value = draw(st.sampled_from([0, 3, 5, 20]))
            return draw(compared), f"{value}m", value * 60
        case "time":
            value = draw(st.sampled_from(sorted(AGES)))
            return draw(compared), value, value
    value = draw(st.sampled_from(WORDS))
    quoted = " " in value or "," in value or draw(st.booleans())
    return draw(st.sampled_from(["", "=", "!="])), f'"{value}"' if quoted else value, value


@st.composite
def terms(draw, fields):
    """A word of a filter, and what it is made of."""
    field = draw(st.sampled_from(sorted(fields.fields.values(), key=lambda one: one.name)))
    chosen = draw(st.lists(values(field), min_size=1, max_size=3))
    negated = draw(st.booleans())
    text = ",".join(operator + value for operator, value, _ in chosen)
    return f"{'-' * negated}{field.name}:{text}", (negated, field, chosen)


@st.composite
def filters(draw):
    what = draw(st.sampled_from(["trials", "jobs"]))
    return what, draw(st.lists(terms(TABLES[what]), min_size=1, max_size=3))


def holds(record, term):
    negated, field, chosen = term
    has = record[field.name]
    several = has if isinstance(has, tuple) else (has,) if has is not None else ()
    return negated != any(one_holds(field, several, *value) for value in chosen)


def one_holds(field, several, operator, text, value):
    if operator == "!=":
        return not one_holds(field, several, "=", text, value)
    return any(matches(field, has, operator, text, value) for has in several)


def matches(field, has, operator, text, value):
    if text == "*":
        return True
    if field.kind in ("number", "duration", "time"):
        if field.kind == "time":
            # An age is compared as an age; alone it is "at most as old".
            has, value = NOW - has, AGES[value]
            operator = "<=" if operator in ("", "=") else operator
        return {
            **{"": has == value, "=": has == value, ">": has > value, ">=": has >= value},
            **{"<": has < value, "<=": has <= value},
        }[operator]
    star = "*" if text.startswith('"') else ".*"
    pattern = re.escape(low(value)).replace(re.escape("*"), re.escape("*") if star == "*" else star)
    part = field.kind == "words" and not operator
    look = re.search if part else re.fullmatch
    return look(pattern, low(has), re.DOTALL) is not None


@settings(max_examples=300, deadline=None)
@given(filters())
def test_sql_finds_what_a_plain_evaluation_finds(small, chosen):
    what, parts = chosen
    text = " ".join(word for word, _ in parts)
    records = getattr(small, what)
    expected = {id for id, one in records.items() if all(holds(one, term) for _, term in parts)}
    assert found(small, what, text) == expected, text


@settings(max_examples=100, deadline=None)
@given(filters())
def test_a_dash_gives_the_rest_and_words_are_joined_by_and(small, chosen):
    what, parts = chosen
    everything = found(small, what, "")
    each = [found(small, what, word) for word, _ in parts]
    for (word, _), some in zip(parts, each, strict=True):
        turned = word[1:] if word.startswith("-") else f"-{word}"
        assert found(small, what, turned) == everything - some
    assert found(small, what, " ".join(word for word, _ in parts)) == set.intersection(*each)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_comma_is_or(small, data):
    what = data.draw(st.sampled_from(["trials", "jobs"]))
    _, (_, field, chosen) = data.draw(terms(TABLES[what]))
    alone = [found(small, what, f"{field.name}:{op}{text}") for op, text, _ in chosen]
    together = ",".join(op + text for op, text, _ in chosen)
    assert found(small, what, f"{field.name}:{together}") == set.union(*alone)


_PIECES = st.sampled_from(
    [
        *("-", ":", ",", '"', "*", ">", ">=", "!=", "<", "=", " ", "\t", "%", "_", "\\", "'", "?"),
        *("acc", "wn", "added", "took", "state", "tag", "name", "dataset", "trial", "x", "9" * 30),
        *("50", "2d", "2026-11-01", "9999-12-31", "0001-01-01", "1e999", "nan", "today", "\0"),
        *("2026-02-30", "99999999999999w", "1_0", "٣", "\ud800", "done", ":found0", ":deserted"),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=12).map("".join)))
@example("-")
@example("a" * (LONGEST + 1))
@example("x " * (LONGEST // 2))
@example("tag:a " * (LONGEST // 6))
@example("wn:" + ",".join("1" * (LONGEST // 2 - 3)))
def test_any_text_is_a_filter_or_says_why_not_in_a_line(small, text):
    for what, fields in TABLES.items():
        says = why_not(text, fields)
        if says is None:
            found(small, what, text)  # SQLite takes it
        else:
            assert len(says.splitlines()) == 1


def why_not(text, fields):
    try:
        parse(text, fields)
    except FilterError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dtaset:digits", "unknown field 'dtaset' in 'dtaset:digits': did you mean dataset?"),
        ("wn:50 -stat:done", "unknown field 'stat' in '-stat:done': did you mean state?"),
        ("acc:>ten", "'ten' in 'acc:>ten' is no number, such as 80 or 0.5"),
        ("acc:nan", "'nan' in 'acc:nan' is no number, such as 80 or 0.5"),
        ("state:don", "unknown state 'don' in 'state:don': did you mean done?"),
        ("added:>soon", "'soon' in 'added:>soon' is no time, such as 2026-11-01, today, or 2d"),
        ("dataset:>digits", "'>' in 'dataset:>digits' goes with numbers and times: dataset is"),
        ("wn:", "a value is missing in 'wn:': wn is percent of WordNet-relaxed text"),
        ("wn:50,", "a value is missing in 'wn:50,'"),
        ('name:"T_m', "a quote is not closed in 'name:\"T_m'"),
        ("-", "a value is missing in '-'"),
    ],
)
def test_what_is_no_filter_names_the_place_and_what_is_near(text, says):
    with pytest.raises(FilterError, match=re.escape(says)):
        parse(text, TRIALS)


def test_a_field_that_is_far_from_all_lists_them():
    with pytest.raises(FilterError, match="unknown field 'zzzzz' in 'zzzzz:1': known: id, kind"):
        parse("zzzzz:1", JOBS)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("added:2026-11-02", [2]),
        ("added:>2026-11-02", [3, 4]),
        ("added:>=2026-11-02", [2, 3, 4]),
        ("added:<2026-11-02", [1]),
        ("added:<=2026-11-02", [1, 2]),
        ("added:!=2026-11-02", [1, 3, 4]),
        ("added:>=2026-11-02T12:01", [3, 4]),
        ('added:"2026-11-02 12:00"', [2]),
        ("added:today", [4]),
        ("added:yesterday", [3]),
        ("added:<36h", [3, 4]),
        ("added:>36h", [1, 2]),
        ("added:1d", [4]),
    ],
)
def test_times_are_days_of_the_calendar_or_ages(text, days):
    noons = {day: datetime(2026, 11, day, 12).timestamp() for day in (1, 2, 3, 4)}
    chosen = parse(text, TRIALS, noons[4] + 3600)
    with sqlite3.connect(":memory:") as conn:
        conn.execute("CREATE TABLE trial (day, added_at)")
        conn.executemany("INSERT INTO trial VALUES (?, ?)", noons.items())
        rows = conn.execute(f"SELECT day FROM trial WHERE {chosen.condition}", chosen.values)
        assert [day for (day,) in rows] == days
