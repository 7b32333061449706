"""What is measured of a row, a column each: its students, T_x's validation, its attribution."""

from engine.spec import Method, Teachers
from wnkd_tui.store.rows import ResultRow

# Who a column is about. Students by Z-score of other teachers than T_m are in no column: the
# report of differences compares them.
STUDENTS = {
    (Method.KD, Teachers.NONE): "student_alone",
    (Method.KD, Teachers.TM): "student_tm",
    (Method.KD, Teachers.TX): "student_tx",
    (Method.KD, Teachers.TM_TX): "student_tmtx",
    (Method.KD, Teachers.ENSEMBLE): "student_ensemble",
    (Method.ZSCORE, Teachers.TM): "student_zscore",
    (Method.LFME, Teachers.NONE): "student_lfme",
}
WITHOUT_TX = {column for (_, teachers), column in STUDENTS.items() if not teachers.multimodal}
TEXT_UPDATE, FIXED, LEARNED = "T_x.text_update", "fixed", "learned"  # Table 3's setting
TX_VAL, ATTRIBUTION = "tx_val", "attribution"
TITLES = {
    TX_VAL: "T_x val",
    "student_alone": "student alone",
    "student_tm": "S from T_m",
    "student_tx": "S from T_x",
    "student_tmtx": "S from T_m+T_x",
    "student_ensemble": "S from T_1s+T_2w+T_3s",
    "student_zscore": "S from T_m, Z-score",
    "student_lfme": "S from LFME's experts",
}


def column_of(one: ResultRow) -> str | None:
    """The column that a result belongs to; None for what no table shows."""
    student = STUDENTS.get((one.spec.method, one.spec.teachers))
    if student is None:
        return None
    return {"student": student, "T_x": TX_VAL, "attribution": ATTRIBUTION}.get(one.kind)
