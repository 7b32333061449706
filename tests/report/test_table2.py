"""Table 2 as people and programs read it: golden files hold the JSON and the text."""

import json
import os
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from wnkd_tui.charts import Look
from wnkd_tui.report import fig3, paper, table2
from wnkd_tui.report.rows import collect

GOLDEN = Path(__file__).parent / "golden"


def shown(renderable, width=140):
    file = StringIO()
    Console(width=width, file=file, no_color=True).print(renderable)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def check_golden(name, text, update):
    path = GOLDEN / name
    if update:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.fixture
def update():
    return bool(os.environ.get("UPDATE_GOLDEN"))


def as_json(value):
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def test_table2_json(sweep, update):
    check_golden("table2.json", as_json(table2.to_json(collect(sweep), "best")), update)


def test_table2_text(sweep, update):
    check_golden("table2.txt", shown(table2.render(collect(sweep), "best")), update)


def test_fig3_json(sweep, update):
    check_golden("fig3.json", as_json(fig3.to_json(collect(sweep))), update)


def test_fig3_text(sweep, update):
    look = Look(width=72, height=14, colour=False)
    check_golden("fig3.txt", shown(fig3.render(collect(sweep), look)), update)


def test_the_last_epoch_can_be_asked_for_and_both_are_in_the_json(sweep):
    cell = table2.to_json(collect(sweep), "last")["rows"][0]["tx_val"]
    assert (cell["mean"], cell["best"]["mean"], cell["last"]["mean"]) == (79.0, 79.5, 79.0)
    assert "last epoch" in shown(table2.render(collect(sweep), "last"))


def test_a_stand_in_is_never_shown_without_saying_so(sweep):
    assert "wordnet-graph (a stand-in, not CLIP)" in shown(table2.render(collect(sweep), "best"))
    assert all(row["stand_in"] for row in table2.to_json(collect(sweep), "best")["rows"])


def test_the_papers_numbers_stand_beside_cifar100_only(trained):
    ours = collect([trained("T_x", 60.0, wn=100, dataset="cifar100", limit_train=5000)])
    assert paper.of_row(ours[0]).to_dict() == {
        "tx_val": 64.39,
        "student_tx": 79.07,
        "student_tmtx": 83.33,
        "settings_differ": ["encoder", "recipe", "training set"],
    }
    text = shown(table2.render(ours, "best"))
    assert "paper 64.39" in text
    words = "settings differ from the paper's: encoder, recipe, training set"
    assert words in text.replace("\n", " ")
    assert paper.of_row(collect([trained("T_x", 60.0, wn=100)])[0]) is None


def test_the_papers_own_settings_do_not_differ(trained):
    same = {"dataset": "cifar100", "recipe": "paper", "encoder": "ViT-B-32-quickgelu/openai"}
    results = [trained("T_x", 60.0, wn=wn, **same) for wn in (0, 20, 50, 80, 100)]
    results += [trained("T_x", 60.0, noise=noise, **same) for noise in (20, 50, 80, 100)]
    theirs = [paper.of_row(row) for row in collect(results)]
    assert [one.tx_val for one in theirs] == [
        64.39, 67.15, 80.84, 89.66, 100.0, 99.1, 98.08, 82.29, 57.06,
    ]  # fmt: skip
    assert {one.differs for one in theirs} == {()}
    assert paper.of_row(collect([trained("T_x", 1.0, wn=33, **same)])[0]) is None


def test_a_large_convergence_delta_voids_the_share(attributed):
    rows = collect([attributed(0.5, delta=0.2, wn=100)])
    assert fig3.to_json(rows)["rows"][0]["void"] is True
    assert "void" in shown(fig3.render(rows, Look(60, 12, colour=False)))


def test_equal_numbers_have_no_best(trained):
    rows = collect([trained("T_x", 80.0, wn=50), trained("T_x", 80.0, wn=100)])
    text = shown(table2.render(rows, "best")).split("top-1 on")[0]
    assert "80.00 *" not in text


def test_nothing_measured_gives_no_rows():
    assert table2.to_json([], "best") == {"schema": 1, "epoch": "best", "rows": []}
    assert fig3.to_json([]) == {"schema": 1, "rows": []}


@pytest.mark.parametrize("width", [80, 100, 140])
@pytest.mark.parametrize("unicode", [True, False])
def test_a_narrow_terminal_loses_no_number(sweep, width, unicode):
    rows = collect(sweep)
    text = shown(table2.render(rows, "best", unicode=unicode), width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text
    for row in rows:
        for stat in (row.tx_val.best, row.student_tx.best, row.student_tmtx.best):
            assert f"{stat.mean:.2f}" in text
            assert f"± {stat.sd:.2f} ({stat.n})" in text
        assert f"{row.image_share.mean:.2f}" in text
