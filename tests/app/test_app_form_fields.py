"""From what is typed to a request, and which one line is said where that cannot be."""

from dataclasses import replace

import pytest

from engine.changes import Changes
from engine.errors import SpecError
from engine.spec import Method, Modality, MultimodalSpec, Teachers, TrialSpec, ValidationText
from wnkd_tui.app.screens.form.completion import completed, known
from wnkd_tui.queue.adding import trial_specs
from wnkd_tui.queue.fields import Fields, read, written

USUAL = Fields()


def test_the_untouched_form_asks_for_all_wn() -> None:
    request = read(USUAL)
    assert list(request.mixes) == [(100, 0)]
    assert list(request.seeds) == [0]
    assert (request.dataset, request.encoder, request.limit_train) == (None, None, None)


@pytest.mark.parametrize(
    ("wn", "noise", "mixes"),
    [
        ("0,50,100", "", [(0, 0), (50, 0), (100, 0)]),
        ("", "20", [(0, 20)]),
        ("100", "50,100", [(100, 0), (0, 50), (0, 100)]),
        ("", "", [(0, 0)]),
        (" 5 , 5,", "", [(5, 0)]),
    ],
)
def test_lists_are_sweeps(wn: str, noise: str, mixes: list[tuple[int, int]]) -> None:
    assert list(read(replace(USUAL, wn=wn, noise=noise)).mixes) == mixes


@pytest.mark.parametrize(("typed", "seeds"), [("3", [0, 1, 2]), ("0,4", [0, 4]), ("4,", [4])])
def test_seeds_are_a_count_or_a_list(typed: str, seeds: list[int]) -> None:
    assert list(read(replace(USUAL, seeds=typed)).seeds) == seeds


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"wn": "120"}, "wn must be 0 to 100"),
        ({"wn": "50", "noise": "20"}, "exclude each other"),
        ({"wn": "half"}, "wn half: write whole numbers"),
        ({"seeds": ""}, "seeds"),
        ({"seeds": "0"}, "seeds"),
        ({"limit_train": "1,2"}, "training images"),
        ({"teachers": ()}, "choose at least one"),
        ({"changes": "stem"}, "change stem: write NAME=VALUE"),
        ({"changes": "stem=mlp, stu"}, "change stu: write NAME=VALUE"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(SpecError) as error:
        read(replace(USUAL, **wrong))  # type: ignore[arg-type]
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "spec",
    [
        TrialSpec("digits", "demo", Teachers.NONE, None, seed=3),
        TrialSpec(
            "digits",
            "demo",
            Teachers.TM_TX,
            MultimodalSpec("wordnet-graph", Modality.TEXT, noise=20, val_text=ValidationText.WN),
            limit_train=200,
        ),
        TrialSpec("digits", "demo", Teachers.TM, None, method=Method.ZSCORE),
        TrialSpec(
            "digits",
            "demo",
            Teachers.TX,
            MultimodalSpec("wordnet-graph", wn=100),
            changes=(
                ("T_x.stem", "linear"),
                ("relax.exclude_class_names", False),
                ("relax.nouns", "file:own,nouns-0123456789abcdef.txt"),
                ("student.optimiser.steps", (3, 4)),
                ("student.tau", 2.0),
            ),
        ),
    ],
)
def test_a_cloned_form_asks_for_the_same_trial(spec: TrialSpec) -> None:
    assert trial_specs(read(Fields.of(spec)), spec.dataset, spec.recipe) == [spec]


@pytest.mark.parametrize(
    ("typed", "changes"),
    [
        ("", ()),
        ("stem=linear", (("stem", "linear"),)),
        ("stem=linear, student.tau=2", (("stem", "linear"), ("student.tau", 2))),
        (
            "student.optimiser.steps=25,40,stem=mlp",
            (("stem", "mlp"), ("student.optimiser.steps", (25, 40))),
        ),
        ("nouns=/data/a,b.txt", (("nouns", "/data/a,b.txt"),)),
        ('nouns="my, own.txt", stem=mlp', (("nouns", "my, own.txt"), ("stem", "mlp"))),
        ("steps=25,", (("steps", (25,)),)),
        ("steps=[25]", (("steps", (25,)),)),
    ],
)
def test_a_comma_parts_changes_but_not_values(typed: str, changes: Changes) -> None:
    assert read(replace(USUAL, changes=typed)).changes == changes


@pytest.mark.parametrize(
    "changes",
    [
        (("a.b", "text"),),
        (("a", True), ("b", 1.5)),
        (("a", "true"),),
        (("a", (1, 2)), ("b", "1")),
        (("a", "x, y"), ("b", "2")),
    ],
)
def test_written_changes_read_as_they_are(changes: Changes) -> None:
    assert read(replace(USUAL, changes=written(changes))).changes == changes


KNOWN = known("paper", "cifar100")


@pytest.mark.parametrize(
    ("typed", "completion"),
    [
        ("ste", "stem="),
        ("T_x.st", "T_x.stem="),
        ("stem=", "stem=linear"),
        ("stem=m", "stem=mlp"),
        ("stem=mlp, student.ta", "stem=mlp, student.tau="),
        ("student.tau=", "student.tau=3.0"),
        ("nouns=", "nouns=tac"),
        ("optimiser.lr", None),  # of several networks
        ("nothing.of", None),
        ("nothing=", None),
        ("stem=mlp, ", None),
    ],
)
def test_names_and_choices_are_completed(typed: str, completion: str | None) -> None:
    assert completed(typed, KNOWN) == completion
