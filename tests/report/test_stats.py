"""Numbers over seeds, and differences that are paired by seed."""

from math import isclose, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit

from wnkd_tui.report.ranks import ranked
from wnkd_tui.report.stats import Difference, Stat, critical, difference

SEEDS = st.dictionaries(st.integers(0, 9), st.floats(0, 100), min_size=1, max_size=6)


def test_sd_has_n_minus_1_below_the_line_and_is_unknown_for_one_seed():
    stat = Stat.of({0: 1.0, 1: 3.0})
    assert (stat.mean, stat.sd, stat.n) == (2.0, sqrt(2.0), 2)
    one = Stat.of({7: 5.0})
    assert (one.mean, one.sd, one.n) == (5.0, None, 1)
    assert Stat.of({}) is None
    assert stat.to_dict() == {"mean": 2.0, "sd": sqrt(2.0), "n": 2}


@given(SEEDS)
def test_mean_lies_within_its_values_and_sd_is_no_negative(values):
    stat = Stat.of(values)
    assert min(values.values()) - 1e-9 <= stat.mean <= max(values.values()) + 1e-9
    assert (stat.sd is None) == (stat.n == 1)
    assert stat.sd is None or stat.sd >= 0


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 30, 99])
def test_critical_values_are_students(freedom):
    assert isclose(critical(freedom), stdtrit(freedom, 0.975), rel_tol=1e-12)


def test_a_difference_is_paired_over_the_seeds_that_both_have():
    # By hand: the differences are 0.5, 0.4, 0.6; mean 0.5, sd 0.1; t(2) = 4.30265 of any table,
    # half = 4.30265 · 0.1 / √3 = 0.248414. Seeds 3 and 5 have no partner.
    gap = difference(
        Stat.of({0: 1.0, 1: 2.0, 2: 4.0, 3: 50.0}), Stat.of({0: 0.5, 1: 1.6, 2: 3.4, 5: 0.0})
    )
    assert isclose(gap.mean, 0.5)
    assert gap.n == 3
    assert isclose(gap.half, 0.248414, abs_tol=1e-6)
    assert gap.certain
    assert gap.text(2) == "+0.50 ± 0.25"
    assert gap.text(1, between="\n", mark="~") == "+0.5~\n± 0.2"


def test_one_seed_has_no_interval_and_no_common_seed_no_difference():
    gap = difference(Stat.of({0: 2.0, 1: 9.0}), Stat.of({0: 3.5}))
    assert (gap.mean, gap.half, gap.certain, gap.text(2)) == (-1.5, None, False, "-1.50")
    assert difference(Stat.of({0: 1.0}), Stat.of({1: 1.0})) is None
    assert difference(None, Stat.of({1: 1.0})) is None


@given(SEEDS, SEEDS)
def test_a_difference_changes_its_sign_with_its_order(left, right):
    a, b = Stat.of(left), Stat.of(right)
    there, back = difference(a, b), difference(b, a)
    if there is None:
        assert back is None
        return
    assert there.mean == -back.mean
    assert there.half == back.half
    assert there.certain == back.certain


@given(st.dictionaries(st.integers(0, 9), st.tuples(*[st.floats(0, 100)] * 3), min_size=2))
def test_what_a_seed_adds_to_both_is_not_in_the_difference(values):
    def gap(shift):
        a, b = (Stat.of({s: v[i] + shift * v[2] for s, v in values.items()}) for i in (0, 1))
        return difference(a, b)

    plain, shifted = gap(0.0), gap(1.0)
    assert isclose(plain.mean, shifted.mean, abs_tol=1e-9)
    assert isclose(plain.half, shifted.half, abs_tol=1e-6)


@given(SEEDS)
def test_nothing_differs_from_itself(values):
    assert not difference(Stat.of(values), Stat.of(values)).certain


def test_an_equal_lead_in_every_seed_is_certain():
    assert Difference({0: 0.3, 1: 0.3}).certain


def test_ranks_of_one_seed_go_by_the_mean():
    stats = [Stat.of({0: value}) for value in (1.0, 3.0, 2.0, 3.0)]
    assert ranked([*stats, None]) == ["", "best", "second", "best", ""]
    assert ranked([stats[0], None]) == ["", ""]
    assert ranked([stats[1], stats[3]]) == ["", ""]


def test_what_is_not_told_from_the_best_is_tied_and_no_second():
    best = Stat.of({0: 90.0, 1: 92.0, 2: 91.0})
    near = Stat.of({0: 90.5, 1: 91.0, 2: 91.2})
    far = Stat.of({0: 88.0, 1: 90.1, 2: 89.0})
    assert ranked([best, near, far]) == ["best", "tied", ""]
    assert ranked([best, far]) == ["best", "second"]


def test_means_over_different_seeds_are_not_ranked():
    # Over all its seeds the first is below the second, on the one seed of both above it.
    three, one = Stat.of({0: 12.96, 1: 12.24, 2: 12.01}), Stat.of({0: 12.44})
    assert three.mean < one.mean
    assert three.values[0] > one.values[0]
    assert ranked([three, None, one]) == ["apart", "", "apart"]
    assert ranked([one, Stat.of({1: 9.0})]) == ["apart", "apart"]
    assert ranked([three, None]) == ["", ""]


def test_a_difference_that_rounds_to_nothing_has_no_minus():
    assert difference(Stat.of({0: 1.0}), Stat.of({0: 1.001})).text(2) == "+0.00"
