"""Tables with a row for each dataset: methods against each other, and the bank fixed or learned."""

import pytest

from wnkd_tui.app.screens.compare.reports import REPORTS, Found, Options
from wnkd_tui.report import table1, table3
from wnkd_tui.report.rows import collect

FIXED = {"T_x.text_update": "fixed"}


@pytest.fixture
def baselines(trained):
    """Two sets, three seeds; on the first ours leads in every seed, on the second in some."""
    results = []
    for seed in range(3):
        for dataset, lead in (("scene", 1.0), ("digits", (0.3, -0.2, 0.1)[seed])):
            at = {"dataset": dataset, "seed": seed}
            results += [
                trained("student", 92.0 + seed / 4 + lead, teachers="T_m+T_x", wn=100, **at),
                trained("student", 92.0 + seed / 4, teachers="T_1s+T_2w+T_3s", **at),
                trained("student", 91.0 - seed, teachers="T_m", method="zscore", **at),
                trained("student", 99.0, teachers="T_m+T_x", **at),  # 100 % gt is not ours
            ]
    return results


@pytest.fixture
def updates(trained):
    """The bank fixed and learned: T_x gains in every seed, the student in some."""
    results = []
    for seed in range(3):
        at = {"wn": 100, "seed": seed, "teachers": "T_m+T_x"}
        results += [
            trained("T_x", 64.0 + seed, changes=FIXED, **at),
            trained("T_x", 65.0 + seed + seed / 10, **at),
            trained("student", 82.0 + seed, changes=FIXED, **at),
            trained("student", 82.0 + seed + (0.4, -0.3, 0.2)[seed], **at),
        ]
    return results


def test_table1_text(baselines, shown, golden):
    golden("table1.txt", shown(table1.sheets(collect(baselines))))


def test_table1_json(baselines, golden):
    golden("table1.json", table1.to_json(collect(baselines)))


def test_ranks_go_along_the_row_and_respect_intervals(baselines):
    [sheet] = table1.sheets(collect(baselines))
    heads = [column.key for column in sheet.columns]
    ranks = {
        row[0].text.split()[0]: {key: cell.rank for key, cell in zip(heads, row, strict=True)}
        for row in sheet.rows
    }
    assert (ranks["scene"]["ours"], ranks["scene"]["baseline"]) == ("best", "second")
    assert (ranks["digits"]["ours"], ranks["digits"]["baseline"]) == ("best", "tied")
    assert ranks["digits"]["ours_minus_baseline"] == "tied"


def test_what_is_not_built_is_said_and_the_paper_stands_beside_it(baselines, shown):
    [sheet] = table1.sheets(collect(baselines))
    row = next(row for row in sheet.rows if row[0].text.startswith("scene"))
    assert [(cell.text, cell.paper) for cell in row[1:4]] == [
        ("", None), ("–", 88.62), ("–", 88.27),
    ]  # fmt: skip
    assert [cell.paper for cell in row[4:7]] == [92.55, 92.13, 93.07]
    assert any("DMAE and FFKD are not built yet" in note for note in sheet.notes)
    assert "Settings differ from the paper's: encoder, recipe." in shown([sheet])


def test_a_dataset_without_our_trial_stands_in_the_same_table(trained):
    results = [
        trained("student", 92.0, teachers="T_m+T_x", wn=100),
        trained("student", 88.0, teachers="none", method="lfme", dataset="cifar100-imb100"),
    ]
    [sheet] = table1.sheets(collect(results))
    assert [row[0].text.split()[0] for row in sheet.rows] == ["cifar100-imb100", "digits"]
    assert sheet.rows[0][1].stat.mean == 88.0


def test_a_baseline_beside_other_trials_than_ours_is_not_lost(trained):
    results = [
        trained("T_x", 80.0, modality="text", wn=100),
        trained("student", 80.0, teachers="T_m+T_x", wn=50),
        trained("student", 92.0, teachers="T_1s+T_2w+T_3s"),
    ]
    [row] = table1.to_json(collect(results))["rows"]
    assert (row["baseline"]["mean"], row["ours"], row["wn"]) == (92.0, None, None)


def test_recipes_sizes_and_encoders_stand_apart(trained):
    others = [{}, {"recipe": "fast"}, {"limit_train": 50}, {"encoder": "ViT-B-32/openai"}]
    at = {"teachers": "T_m+T_x", "wn": 100}
    rows = collect([trained("student", 92.0, **at, **other) for other in others])
    assert len(table1.sheets(rows)) == len(others)


def test_the_usual_validation_text_speaks_for_the_others(trained):
    at = {"teachers": "T_m+T_x", "wn": 100}
    rows = collect([trained("student", 92.0, val_text=text, **at) for text in ("gt", "mixed")])
    [sheet] = table1.sheets(rows)
    assert len(sheet.rows) == 1
    assert "validation text mixed" in sheet.caption


def test_table3_text(updates, shown, golden):
    golden("table3.txt", shown(table3.sheets(collect(updates))))


def test_table3_json(updates, golden):
    golden("table3.json", table3.to_json(collect(updates)))


def test_learned_minus_fixed_is_paired(updates):
    [row] = table3.to_json(collect(updates))["rows"]
    # By hand: T_x 1.0, 1.1, 1.2; the student 0.4, -0.3, 0.2.
    assert row["tx_gain"]["mean"] == pytest.approx(1.1)
    assert row["tx_gain"]["half"] == pytest.approx(4.302653 * 0.1 / 3**0.5, rel=1e-6)
    assert (row["tx_gain"]["certain"], row["student_gain"]["certain"]) == (True, False)
    assert row["trial"] == "T_x,(img, 0%gt 100%wn)"
    assert row["paper"] is None


def test_the_papers_fixed_and_learned_stand_beside(trained):
    at = {"wn": 100, "dataset": "utkface"}
    [sheet] = table3.sheets(collect([trained("T_x", 80.0, **at)]))
    assert [cell.paper for cell in sheet.rows[0] if cell.paper] == [88.74, 89.16, 86.67, 86.71]
    assert any("text_update=fixed" in note for note in sheet.notes)


def test_a_recipe_that_fixes_the_bank_has_learned_as_its_change(trained):
    learned = {"T_x.text_update": "learned"}
    results = [trained("T_x", 64.0, wn=100), trained("T_x", 65.0, wn=100, changes=learned)]
    [row] = table3.to_json(collect(results))["rows"]
    assert (row["tx_fixed"]["mean"], row["tx_learned"]["mean"]) == (64.0, 65.0)


def test_other_changes_make_other_pairs(trained):
    linear = {"T_x.stem": "linear"}
    results = [
        trained("T_x", 60.0 + i, wn=100, changes=changes)
        for i, changes in enumerate(({}, FIXED, linear, {**FIXED, **linear}))
    ]
    rows = table3.to_json(collect(results))["rows"]
    assert [(row["tx_fixed"]["mean"], row["tx_learned"]["mean"]) for row in rows] == [
        (61.0, 60.0), (63.0, 62.0),
    ]  # fmt: skip


def test_nothing_measured_gives_no_rows():
    for table in (table1, table3):
        assert table.to_json([]) == {"schema": 1, "epoch": "best", "rows": []}
        assert table.sheets([]) == []


@pytest.mark.parametrize("name", list(REPORTS))
def test_compare_draws_whatever_is_measured(trained, baselines, updates, name):
    """Single results, as of a sweep that has only begun, and all of them."""
    alone = trained("T_x", 64.0, wn=100, teachers="T_m+T_x")
    for results in ([alone], *([one] for one in baselines[:4]), [*baselines, *updates, alone]):
        found = Found(collect(results), results, {}, lambda ids, all_=results: all_)
        for group in REPORTS[name].groups(found):
            view = REPORTS[name].view(group, found, Options())
            assert view.sheet.label
            assert view.sheet.columns or view.sheet.notes
