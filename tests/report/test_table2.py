"""Table 2 as people and programs read it: golden files hold the JSON and the text."""

import pytest

from wnkd_tui.charts import Look
from wnkd_tui.report import paper, table2
from wnkd_tui.report.rows import collect

SAME = {"dataset": "cifar100", "recipe": "paper", "encoder": "ViT-B-32-quickgelu/openai"}


def cells(sheet, key):
    place = [column.key for column in sheet.columns].index(key)
    return [row[place] for row in sheet.rows]


def test_table2_json(sweep, golden):
    golden("table2.json", table2.to_json(collect(sweep), "best"))


def test_table2_text(sweep, shown, golden):
    golden("table2.txt", shown(table2.sheets(collect(sweep), "best")))


def test_best_and_last_stand_side_by_side(sweep):
    [sheet] = table2.sheets(collect(sweep), "both")
    assert [cell.stat.mean for cell in cells(sheet, "tx_val_best")] == [79.5, 100.0, 59.5]
    assert [cell.stat.mean for cell in cells(sheet, "tx_val_last")] == [79.0, 99.5, 59.0]
    assert "best and last epoch" in sheet.caption
    assert "T_x val last" in [column.title for column in sheet.columns]


def test_the_last_epoch_can_be_asked_for_and_both_are_in_the_json(sweep, shown):
    cell = table2.to_json(collect(sweep), "last")["rows"][0]["tx_val"]
    assert (cell["mean"], cell["best"]["mean"], cell["last"]["mean"]) == (79.0, 79.5, 79.0)
    assert "last epoch" in shown(table2.sheets(collect(sweep), "last"))


def test_a_stand_in_is_never_shown_without_saying_so(sweep, shown):
    assert "wordnet-graph (a stand-in, not CLIP)" in shown(table2.sheets(collect(sweep)))
    assert all(row["stand_in"] for row in table2.to_json(collect(sweep))["rows"])


def test_the_caption_says_what_the_numbers_depend_on(trained):
    at = {"wn": 100, "changes": {"student.tau": 2.0, "T_x.stem": "linear"}, "limit_train": 500}
    [sheet] = table2.sheets(collect([trained("T_x", 80.0, **at)]))
    for words in (
        "digits (limit-train 500, 1437 train, 360 val)",
        "recipe demo with student.tau 2.0",
        "wordnet-graph (a stand-in, not CLIP)",
        "img+text",
        "1 seed",
        "best epoch",
        "validation text mixed",
    ):
        assert words in sheet.caption
    assert sheet.rows[0][0].text == "T_x,(img, 0%gt 100%wn) · T_x.stem linear"


def test_the_difference_to_100_gt_is_paired(trained):
    # By hand: +1.0, +1.2, +1.4 over seeds 0 to 2; mean 1.2, sd 0.2, half 4.30265 · 0.2 / √3.
    results = []
    for seed in range(3):
        results += [
            trained("student", 90.0 + seed, seed=seed, teachers="T_m+T_x"),
            trained("student", 91.0 + 1.2 * seed, seed=seed, teachers="T_m+T_x", wn=100),
            trained("student", 90.0 + seed + (0.5, -0.5, 0.1)[seed], seed=seed,
                    teachers="T_m+T_x", wn=50),
        ]  # fmt: skip
    [sheet] = table2.sheets(collect(results))
    told = [cell.shown() for cell in cells(sheet, "delta_vs_gt")]
    assert told == ["+1.20 ± 0.50", "+0.03~ ± 1.25", "ref."]
    rows = table2.to_json(collect(results))["rows"]
    assert rows[0]["delta_vs_gt"]["of"] == "student_tmtx"
    assert rows[0]["delta_vs_gt"]["half"] == pytest.approx(0.496827, abs=1e-6)
    assert [row["delta_vs_gt"] and row["delta_vs_gt"]["certain"] for row in rows] == [
        True, False, None,
    ]  # fmt: skip
    assert any("S from T_m+T_x minus the same" in note for note in sheet.notes)


def test_one_seed_has_differences_but_no_interval(trained):
    results = [trained("student", 90.0), trained("student", 91.0, wn=100)]
    [sheet] = table2.sheets(collect(results))
    assert [cell.shown() for cell in cells(sheet, "delta_vs_gt")] == ["+1.00", "ref."]
    assert [cell.rank for cell in cells(sheet, "student_tx")] == ["best", "second"]
    assert any(note.startswith("One seed: no interval") for note in sheet.notes)


def test_a_lead_inside_its_interval_is_no_win(trained):
    results = [
        trained("student", 90.0 + lead + seed, wn=wn, seed=seed)
        for wn, leads in ((100, (0.1, 0.5, -0.2)), (50, (0.0, 0.0, 0.0)), (0, (-2.0, -2.1, -2.2)))
        for seed, lead in enumerate(leads)
    ]
    [sheet] = table2.sheets(collect(results))
    assert [cell.rank for cell in cells(sheet, "student_tx")] == ["best", "tied", ""]
    assert any("~ not told apart" in note for note in sheet.notes)


def test_without_100_gt_there_is_no_difference_column(trained):
    [sheet] = table2.sheets(collect([trained("student", 91.0, wn=100)]))
    assert "delta_vs_gt" not in [column.key for column in sheet.columns]


def test_the_papers_numbers_stand_beside_cifar100_only(trained, shown):
    ours = collect([trained("T_x", 60.0, wn=100, dataset="cifar100", limit_train=5000)])
    assert table2.to_json(ours)["rows"][0]["paper"] == {
        "tx_val": 64.39,
        "student_tx": 79.07,
        "student_tmtx": 83.33,
        "settings_differ": ["encoder", "recipe", "training set"],
    }
    text = shown(table2.sheets(ours))
    assert "paper 64.39" in text
    assert "Settings differ from the paper's: encoder, recipe, training set." in text
    assert table2.to_json(collect([trained("T_x", 60.0, wn=100)]))["rows"][0]["paper"] is None


def test_the_papers_own_settings_do_not_differ(trained, shown):
    results = [trained("T_x", 60.0, wn=wn, **SAME) for wn in (0, 20, 50, 80, 100)]
    results += [trained("T_x", 60.0, noise=noise, **SAME) for noise in (20, 50, 80, 100)]
    rows = collect(results)
    assert [paper.table2(row)["tx_val"] for row in rows] == [
        64.39, 67.15, 80.84, 89.66, 100.0, 99.1, 98.08, 82.29, 57.06,
    ]  # fmt: skip
    assert {paper.differs(row, "best") for row in rows} == {()}
    assert "Settings differ" not in shown(table2.sheets(rows))
    assert "paper's: epoch." in shown(table2.sheets(rows, "last"))
    assert paper.table2(collect([trained("T_x", 1.0, wn=33, **SAME)])[0]) == {}


def test_changes_and_another_validation_text_differ_from_the_paper(trained):
    changed = trained("T_x", 60.0, wn=100, changes={"T_x.stem": "mlp"}, **SAME)
    other = trained("T_x", 60.0, wn=100, val_text="wn", **SAME)
    assert [paper.differs(row, "best") for row in collect([changed, other])] == [
        ("T_x.stem mlp",), ("validation text",),
    ]  # fmt: skip


def test_the_papers_table_2_is_of_a_learned_bank(trained):
    fixed = {"changes": {"T_x.text_update": "fixed"}}
    assert paper.table2(collect([trained("T_x", 60.0, wn=100, **SAME, **fixed)])[0]) == {}


def test_a_column_of_different_seeds_has_no_best_and_says_so(trained):
    results = [trained("student", 92.0), trained("student", 93.5, wn=100)]
    results.append(trained("student", 91.0, wn=100, seed=1))
    note = "No best is marked where a column has numbers of different seeds."
    for found, ranks in ((results[:2], ["best", "second"]), (results, ["apart", "apart"])):
        [sheet] = table2.sheets(collect(found))
        assert [cell.rank for cell in cells(sheet, "student_tx")] == ranks
        assert (note in sheet.notes) == (ranks[0] == "apart")


def test_equal_numbers_have_no_best(trained):
    results = [trained("student", 80.0, wn=50), trained("student", 80.0, wn=100)]
    [sheet] = table2.sheets(collect(results))
    assert [cell.rank for cell in cells(sheet, "student_tx")] == ["", ""]


def test_a_t_x_that_is_told_the_label_is_no_best(trained):
    [sheet] = table2.sheets(collect([trained("T_x", 100.0), trained("T_x", 64.0, wn=100)]))
    assert [cell.rank for cell in cells(sheet, "tx_val")] == ["", ""]
    assert any("T_x val is on each row's own text" in note for note in sheet.notes)
    [alone] = table2.sheets(collect([trained("T_x", 100.0)]))
    assert not any("own text" in note for note in alone.notes)


def test_differences_that_are_equal_in_all_seeds_are_told_with_care(trained):
    results = [
        trained("student", 90.0 + seed + lead, wn=wn, seed=seed)
        for wn, lead in ((0, 0.0), (100, 1.0))
        for seed in range(2)
    ]
    [sheet] = table2.sheets(collect(results))
    assert cells(sheet, "delta_vs_gt")[0].shown() == "+1.00 ± 0.00"
    assert any(note.startswith("± 0.00 of a difference") for note in sheet.notes)


@pytest.mark.parametrize(("val_n", "points"), [(360, "0.28"), (1000, "0.10"), (1001, None)])
def test_what_one_of_few_validation_images_is_worth_is_said(trained, val_n, points):
    [sheet] = table2.sheets(collect([trained("T_x", 80.0, more={"val_n": val_n})]))
    told = [note for note in sheet.notes if note.startswith("One of")]
    worth = f"One of {val_n} validation images of digits is {points} percentage points."
    assert told == ([worth] if points else [])


def test_seeds_on_a_dataset_that_was_changed_are_not_averaged_in_silence(trained):
    results = [trained("T_x", 80.0), trained("T_x", 81.0, seed=1, more={"train_n": 1500})]
    [sheet] = table2.sheets(collect(results))
    changed = "digits was changed in between: results here are of 1437 and 1500 training images."
    assert changed in sheet.notes
    [alone] = table2.sheets(collect(results[:1]))
    assert not any("changed in between" in note for note in alone.notes)


def test_nothing_measured_gives_no_rows(trained):
    assert table2.to_json([], "best") == {"schema": 1, "epoch": "best", "rows": []}
    assert table2.sheets([]) == []
    zscore = trained("student", 88.0, teachers="T_m", method="zscore")
    assert table2.sheets(collect([zscore])) == []


@pytest.mark.parametrize("width", [80, 100, 140])
@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("epoch", ["best", "both"])
def test_a_narrow_terminal_loses_no_number(sweep, shown, width, unicode, epoch):
    rows = collect(sweep)
    text = shown(table2.sheets(rows, epoch), width, Look(unicode=unicode))
    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text
    for row in rows:
        for name in ("tx_val", "student_tx", "student_tmtx"):
            stat = row.accuracy(name, "best")
            assert f"{stat.mean:.2f}" in text
            assert f"± {stat.sd:.2f} ({stat.n})" in text
        assert f"{row.image_share.mean:.2f}" in text
