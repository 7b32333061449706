"""What the paper found, asked of our own numbers."""

from wnkd_tui.report.relations import relations
from wnkd_tui.report.rows import collect


def test_relations_hold_by_the_numbers_and_their_intervals(sweep):
    found = relations(collect(sweep))
    assert [one.holds for one in found] == [True, True, True]
    # By hand: 20.0 and 21.0; mean 20.5, sd 0.70711, half 12.7062 · 0.70711 / √2 = 6.353.
    assert found[0].text.endswith("holds (100.00 against 79.50; +20.50 ± 6.35, 2 paired seeds)")


def test_a_relation_that_fails_is_told(trained, attributed):
    rows = collect([trained("T_x", 70.0), trained("T_x", 80.0, wn=100), attributed(0.5, wn=100)])
    told = [one.text for one in relations(rows)]
    assert "does not hold (70.00 against 80.00; one seed: no interval)" in told[0]
    assert "cannot be said yet (0.500 against -)" in told[1]
    assert relations(rows)[2].holds is None


def test_a_lead_inside_its_interval_does_not_hold(trained):
    results = [
        trained("T_x", value, wn=wn, seed=seed)
        for wn, values in ((0, (99.0, 98.0)), (100, (98.5, 98.2)))
        for seed, value in enumerate(values)
    ]
    first = relations(collect(results))[0]
    assert first.holds is None
    assert ": not told apart (98.50 against 98.35; +0.15 ± " in first.text


def test_seeds_must_be_in_common(trained):
    rows = collect([trained("T_x", 99.0, seed=0), trained("T_x", 90.0, wn=100, seed=1)])
    first = relations(rows)[0]
    assert first.holds is None
    assert "cannot be said yet (99.00 against 90.00; no seed in common)" in first.text
