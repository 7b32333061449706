"""`wnkd queue add` beyond Eq. 3: methods, changes, files, named sweeps, what it will cost."""

import json

import pytest

from engine.spec import Modality, Teachers
from wnkd_tui.queue import configs
from wnkd_tui.queue.fields import Fields


def names(added):
    return [trial["name"] for trial in added["trials"]]


def test_zscore_is_of_t_m_unless_others_are_named(data):
    assert names(data("queue", "add", "--method", "zscore")) == ["Z-score T_m S_s"]
    added = data("queue", "add", "--method", "zscore", "--teachers", "T_m+T_x", "--wn", "100")
    assert names(added) == ["Z-score T_m T_x,(img, 0%gt 100%wn) S_s"]


def test_the_three_teacher_baseline(data):
    added = data("queue", "add", "--teachers", "T_1s+T_2w+T_3s")
    assert names(added) == ["T_1s T_2w T_3s S_s"]


def test_changes_are_part_of_a_trial_and_shown(wnkd, data):
    words = ("--wn", "100", "--teachers", "T_x", "--set", "stem=linear", "--set", "student.tau=2")
    result = wnkd("queue", "add", *words)
    assert "T_x.stem linear, student.tau 2.0" in result.stdout
    shown = data("trial", "show", "1")["spec"]
    assert (shown["method"], shown["changes"]) == ("kd", {"T_x.stem": "linear", "student.tau": 2.0})
    text = wnkd("trial", "show", "1").stdout
    assert "method   kd" in text
    assert "changes  T_x.stem linear, student.tau 2.0" in text
    assert "T_x.stem linear" in wnkd("trial", "list").stdout
    assert not any(trial["new"] for trial in data("queue", "add", *words)["trials"])


def test_a_list_and_a_word_that_means_what_the_recipe_says(data):
    added = data("queue", "add", "--teachers", "T_m", "--set", "student.optimiser.steps=4,8",
                 "--set", "student.arch=resnet8")  # fmt: skip
    assert added["trials"][0]["spec"]["changes"] == {"student.optimiser.steps": [4, 8]}


def test_a_file_is_called_by_its_content(wnkd, data, home, tmp_path):
    nouns = tmp_path / "nouns.txt"
    nouns.write_text("horse\nzebra\n")
    added = data(
        "queue", "add", "--wn", "100", "--teachers", "T_x", "--set", f"relax.nouns={nouns}"
    )
    name = added["trials"][0]["spec"]["changes"]["relax.nouns"]
    assert (home.files / name.removeprefix("file:")).read_text() == "horse\nzebra\n"


@pytest.mark.parametrize(
    ("sweep", "trials"),
    [("table1", 3), ("table2", 19), ("table3", 2), ("fig2", 6), ("fig3", 9), ("leakage", 20)],
)
def test_a_named_sweep_is_what_its_table_needs(wnkd, data, sweep, trials):
    assert len(data("queue", "add", "--sweep", sweep)["trials"]) == trials
    again = wnkd("queue", "add", "--sweep", sweep)
    assert (again.exit_code, again.stderr) == (0, "")
    assert ": 0 new" in again.stdout


def test_a_sweep_takes_seeds_dataset_recipe_and_changes(data):
    added = data(
        "queue", "add", "--sweep", "table3", "--seeds", "2", "--recipe", "fast",
        "--limit-train", "300", "--set", "student.lam=1",
    )  # fmt: skip
    specs = [trial["spec"] for trial in added["trials"]]
    assert sorted({spec["seed"] for spec in specs}) == [0, 1]
    assert {spec["recipe"] for spec in specs} == {"fast"}
    assert [set(spec["changes"]) for spec in specs[:3:2]] == [
        {"student.lam", "T_x.text_update"}, {"student.lam"},
    ]  # fmt: skip


def test_sharing_between_sweeps_is_told(wnkd):
    wnkd("queue", "add", "--sweep", "table2")
    told = wnkd("queue", "add", "--sweep", "table1").stdout
    assert "4 new" in told
    assert "sharing saved" in told


def test_the_cost_is_unknown_at_first_and_then_measured(wnkd, data, home, check_shape):
    first = data("queue", "add", "--teachers", "none")
    unknown = {"hours": None, "device": None, "memory": None, "host_memory": None, "together": 1}
    sizes = {"unknown_jobs": 1, "unmeasured_jobs": 1, "disk": 0, "unsized_jobs": 0, "free": None}
    assert first["estimate"] == unknown | sizes
    assert "no such job was measured here yet" in wnkd("queue", "add", "--teachers", "none").stdout
    assert "nothing measured yet" in wnkd("queue", "usage").stderr
    import sqlite3

    with sqlite3.connect(home.db) as conn:
        conn.execute(
            "UPDATE job SET state = 'done', attempt = 1, finished_at = 7201, result = ?",
            [json.dumps({})],
        )
        conn.execute(
            "INSERT INTO attempt (job_id, number, supervisor, host, slot, device, done_before,"
            " started_at, seconds, ending, memory, host_memory)"
            " SELECT id, 1, 'me', 'here', 'GPU 0', 'NVIDIA H100', 0, 1, 7200, 'done', ?, ?"
            " FROM job",
            [9 * 2**30, 3 * 2**30],
        )
    again = data("queue", "add", "--teachers", "none", "--seeds", "3")
    check_shape("queue-add-estimate", again["estimate"])
    assert again["estimate"]["hours"] == pytest.approx(4.0)
    told = wnkd("queue", "add", "--teachers", "none,T_m", "--seeds", "0,1").stdout
    assert "estimated: about 6.0 GPU hours on NVIDIA H100 (measured rates; 8 of 11" in told
    assert "took 9.0 GiB of the GPU (student), 3.0 GiB of the host (student)" in told
    used = data("queue", "usage")
    check_shape("queue-usage", used)
    assert used["usage"][0].items() >= {"jobs": 1, "median": 7200, "host_memory": 3 * 2**30}.items()
    told = wnkd("queue", "usage").stdout
    assert "resnet8, 8 px, fp32, batch 64" in told
    assert "2.4 images/s" in told  # 12 epochs of 1438 images in two hours


def test_an_unreadable_result_of_many_figures_is_short(wnkd, finish):
    """A job's page names figures, not the accuracies of a thousand classes."""
    wnkd("queue", "add", "--teachers", "none")
    finish()
    text = wnkd("queue", "show", "1").stdout
    assert "fidelity 93" in text
    assert "per_class" not in text


def test_a_dry_run_says_what_it_would_add_and_adds_nothing(wnkd, data):
    words = ("queue", "add", "--sweep", "table3", "--dry-run")
    result = wnkd(*words)
    assert result.stdout.splitlines()[0].startswith("2 trials: ")
    assert "estimated: unknown" in result.stdout
    found = data(*words)
    assert (found["trials"], found["new_trials"]) == (2, 2)
    assert found["estimate"]["hours"] is None
    assert data("trial", "list")["trials"] == []


def test_a_dry_run_names_a_file_and_copies_none(wnkd, home, tmp_path):
    nouns = tmp_path / "nouns.txt"
    nouns.write_text("horse\n")
    wnkd("queue", "add", "--wn", "100", "--set", f"relax.nouns={nouns}", "--dry-run")
    assert list(home.files.iterdir()) == []


@pytest.fixture
def text_alone(home):
    """A configuration that was saved in the form."""
    fields = Fields(
        recipe="fast",
        modality=Modality.TEXT,
        teachers=(Teachers.TX,),
        wn="0,50",
        seeds="3,",
        changes="stem=linear, student.tau=2",
    )
    configs.save(home, "text-alone", fields)


def test_a_saved_configuration_is_queued_as_the_form_would(data, text_alone):
    added = data("queue", "add", "--config", "text-alone")
    assert names(added) == ["T_x,(100%gt) S_s", "T_x,(50%gt 50%wn) S_s"]
    spec = added["trials"][0]["spec"]
    assert (spec["recipe"], spec["seed"]) == ("fast", 3)
    assert spec["changes"] == {"T_x.stem": "linear", "student.tau": 2.0}


def test_flags_go_before_what_was_saved(data, text_alone):
    words = (
        "--recipe",
        "demo",
        "--seeds",
        "2",
        "--set",
        "T_x.stem=conv1_replace",
        "--limit-train",
        "300",
    )
    specs = [
        one["spec"] for one in data("queue", "add", "--config", "text-alone", *words)["trials"]
    ]
    assert {(spec["recipe"], spec["limit_train"]) for spec in specs} == {("demo", 300)}
    assert sorted({spec["seed"] for spec in specs}) == [0, 1]
    assert {spec["changes"].get("student.tau") for spec in specs} == {2.0}
    assert {spec["changes"]["T_x.stem"] for spec in specs} == {"conv1_replace"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--config", "mine"], "no configuration 'mine'; saved: text-alone"),
        (["--config", "text-alone", "--wn", "20"], "leave out --wn"),
        (["--config", "text-alone", "--sweep", "table2"], "leave out --sweep"),
        (["--config", "odd"], "configuration odd: wn must be 0 to 100 percent, got 300"),
        (["--config", "../x"], "'../x' is no name"),
    ],
)
def test_a_configuration_that_cannot_be_queued_is_told_in_a_line(
    wnkd, home, count, text_alone, words, says
):
    if "odd" in words:
        configs.save(home, "odd", Fields(wn="300"))
    result = wnkd("queue", "add", *words)
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert count("trial") == 0
