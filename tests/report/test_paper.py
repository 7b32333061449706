"""The paper's numbers, typed once more from its tables as they are printed there."""

import tomllib
from pathlib import Path

from wnkd_tui.report import paper, table1, table3
from wnkd_tui.report.rows import collect

NAMES = {
    "ImageNet": "imagenet",
    "ImageNet-LT": "imagenet-lt",
    "CIFAR100": "cifar100",
    "imb100": "cifar100-imb100",
    "Scene": "scene",
    "UTKFace": "utkface",
}
TABLE_1 = """
ImageNet     -     81.98 70.17 67.81 68.95 70.14
ImageNet-LT  38.80 43.95 46.84 48.05 49.65 50.06
CIFAR100     -     79.60 79.80 80.44 82.04 83.33
imb100       43.80 37.25 50.01 52.19 52.87 52.58
Scene        -     88.62 88.27 92.55 92.13 93.07
UTKFace      -     79.85 78.15 86.50 85.24 86.71
"""
TABLE_2 = """
100wn    64.39  79.07 83.33
80wn     67.15  78.98 83.01
50wn     80.84  78.52 82.87
20wn     89.66  78.40 82.55
0wn      100.00 77.42 82.10
20noise  99.10  77.60 82.49
50noise  98.08  77.50 82.57
80noise  82.29  78.29 82.64
100noise 57.06  78.50 82.99
"""
TABLE_3 = """
CIFAR100 64.31 64.39 82.97 83.33
imb100   39.58 40.30 50.93 52.58
Scene    94.66 94.89 92.89 93.07
UTKFace  88.74 89.16 86.67 86.71
"""


def lines(printed, *heads):
    """First column → head → number."""
    split = (line.split() for line in printed.strip().splitlines())
    return {
        first: {head: float(cell) for head, cell in zip(heads, cells, strict=True) if cell != "-"}
        for first, *cells in split
    }


def shipped(table, *keys):
    text = Path(paper.__file__).with_name("paper.toml").read_text(encoding="utf-8")
    return [
        (tuple(line.get(key) for key in keys), {k: v for k, v in line.items() if k not in keys})
        for line in tomllib.loads(text)[table]
    ]


def test_table_1_is_as_printed():
    printed = lines(TABLE_1, *table1.METHODS)
    assert shipped("table1", "dataset") == [((NAMES[n],), cells) for n, cells in printed.items()]


def test_table_2_is_as_printed():
    printed = lines(TABLE_2, "tx_val", "student_tx", "student_tmtx")
    found = {
        f"{noise}noise" if noise else f"{wn or 0}wn": cells
        for (_, wn, noise), cells in shipped("table2", "dataset", "wn", "noise")
    }
    assert list(found.items()) == list(printed.items())
    assert {at[0] for at, _ in shipped("table2", "dataset", "wn", "noise")} == {"cifar100"}


def test_table_3_is_as_printed():
    printed = lines(TABLE_3, "tx_fixed", "tx_learned", "student_fixed", "student_learned")
    assert shipped("table3", "dataset") == [((NAMES[n],), cells) for n, cells in printed.items()]


def test_datasets_come_in_the_papers_order_then_others_by_name(trained):
    names = ("zoo", "utkface", "digits", "cifar100-imb100", "imagenet", "cifar100")
    results = [trained("student", 80.0, wn=100, teachers="T_m+T_x", dataset=n) for n in names]
    order = ["imagenet", "cifar100", "cifar100-imb100", "utkface", "digits", "zoo"]
    for table in (table1, table3):
        [sheet] = table.sheets(collect(results))
        assert [row[0].text.split()[0] for row in sheet.rows] == order
