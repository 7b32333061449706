"""What text gives T_x beyond the image, and what becomes of it in the student."""

import pytest

from wnkd_tui.report import leakage
from wnkd_tui.report.rows import collect


@pytest.fixture
def leaking(trained):
    """Two seeds; 100 % gt leaks, 100 % noise does not."""
    results = []
    for seed in (0, 1):
        at = {"seed": seed}
        results += [
            trained("T_x", 60.0 + seed, modality="img", **at),
            trained("student", 70.0 + seed, teachers="none", **at),
        ]
        for wn, noise, tx, entropy in ((0, 0, 100.0, 0.01), (100, 0, 75.0, 0.5), (0, 100, 60, 1)):
            taught = {"teacher_entropy": entropy + 0.1, "fidelity": 80.0 + wn / 100}
            mix = {"wn": wn, "noise": noise, **at}
            results += [
                trained("T_x", tx + seed * (1 + bool(noise)), more={"entropy": entropy}, **mix),
                trained("student", 71.0 + 1.1 * seed, more=taught, **mix),
                trained("student", 75.0 + 1.2 * seed, more=taught, teachers="T_m+T_x", **mix),
            ]
    return results


def test_leakage_text(leaking, shown, golden):
    golden("leakage.txt", shown(leakage.sheets(collect(leaking)), 160))


def test_leakage_json(leaking, golden):
    golden("leakage.json", leakage.to_json(collect(leaking)))


def test_the_index_is_paired_with_the_t_x_that_sees_the_image_alone(leaking):
    wn, gt, noise = leakage.to_json(collect(leaking))["rows"]
    assert [row["leakage_index"]["mean"] for row in (wn, gt, noise)] == [15.0, 40.0, 0.5]
    assert [row["leakage_index"]["certain"] for row in (wn, gt, noise)] == [True, True, False]
    assert gt["image_only"]["mean"] == 60.5
    assert gt["entropy"]["mean"] == pytest.approx(0.01)
    assert gt["student_tmtx"]["teacher_entropy"]["mean"] == pytest.approx(0.11)
    assert wn["student_tx"]["fidelity"]["mean"] == 81.0
    assert wn["student_tx"]["gain"]["mean"] == pytest.approx(1.05)


def test_an_image_only_t_x_of_other_changes_or_seeds_does_not_count(trained):
    stem = {"T_x.stem": "linear"}
    results = [
        trained("T_x", 99.0),
        trained("T_x", 60.0, modality="img", seed=1),
        trained("T_x", 98.0, changes=stem),
        trained("T_x", 61.0, modality="img", changes=stem),
    ]
    plain, linear = leakage.to_json(collect(results))["rows"]
    assert plain["leakage_index"] is None
    assert linear["leakage_index"]["mean"] == 37.0


def test_what_is_missing_is_said(trained):
    rows = collect([trained("T_x", 99.0)])
    [sheet] = leakage.sheets(rows)
    assert any("--modality img" in note for note in sheet.notes)
    assert leakage.to_json(rows)["rows"][0]["student_tx"] is None
    assert leakage.sheets(collect([trained("T_x", 60.0, modality="img")])) == []
