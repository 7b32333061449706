"""`wnkd queue add`: from flags to queued trials."""

from typing import Annotated

import typer

from engine.errors import SpecError
from engine.spec import Modality, ValidationText
from wnkd_tui.cli import flags
from wnkd_tui.cli.output import AsJson, print_json, say


def add(
    wn: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Percent of WordNet-relaxed text: 100, or 0,50,100."),
    ] = None,
    noise: Annotated[
        str | None, typer.Option(metavar="LIST", help="Percent of random class names as text.")
    ] = None,
    sweep: Annotated[
        str | None, typer.Option(metavar="LIST", help="Another word for --wn with a list.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Default: the one used last, else digits.")
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(help="wordnet-graph, or open_clip's ARCH/PRETRAINED. Default: the recipe's."),
    ] = None,
    modality: Annotated[
        Modality, typer.Option(help="What T_x sees of a sample.")
    ] = Modality.IMG_TEXT,
    teachers: Annotated[
        str,
        typer.Option(metavar="LIST", help="Who teaches a student: none, T_x, T_m, T_m+T_x."),
    ] = "none,T_x,T_m+T_x",
    recipe: Annotated[
        str | None, typer.Option(help="Default: the one used last, else demo.")
    ] = None,
    seeds: Annotated[
        str, typer.Option(metavar="K|LIST", help="How many seeds (from 0 on), or which: 0,4.")
    ] = "1",
    limit_train: Annotated[
        int | None, typer.Option(metavar="N", help="Train on N samples, the same for all seeds.")
    ] = None,
    val_text: Annotated[
        ValidationText | None,
        typer.Option(help="Text of validation images. Default: mixed, and gt for noise."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Queue trials.

    Every text mix with every kind of student and every seed. One number for --wn or --noise is one
    trial's mix; lists are sweeps. What is queued or done already is not queued twice, and jobs that
    trials share are done once.

    Example: wnkd queue add --wn 0,50,100 --noise 50,100 --seeds 3
    """
    from wnkd_tui.cli import added, shapes
    from wnkd_tui.home import Home
    from wnkd_tui.queue import wording
    from wnkd_tui.queue.adding import TrialRequest, queue_trials
    from wnkd_tui.store import queries
    from wnkd_tui.store.database import connect

    mixes = flags.mixes(wn, noise, sweep)
    students = flags.teachers(teachers)
    taught_by_tx = [kind for kind in students if kind.multimodal]
    if taught_by_tx and not mixes and modality is not Modality.IMG:
        raise SpecError("which text does T_x get? Give --wn or --noise, such as --wn 100")
    numbers = wording.seeds(seeds, "--seeds")
    home = Home.find()
    conn = connect(home)
    request = TrialRequest(
        mixes=mixes or [(0, 0)],
        teachers=students,
        recipe=recipe,
        seeds=numbers,
        dataset=dataset,
        encoder=encoder,
        modality=modality,
        limit_train=limit_train,
        val_text=val_text,
    )
    queued = queue_trials(home, request)
    if len(taught_by_tx) < len(students) and len(mixes) > bool(taught_by_tx):
        names = ", ".join(kind for kind in students if not kind.multimodal)
        say(f"note: text does not touch students without T_x ({names}): each is queued once a seed")
    if as_json:
        print_json(
            trials=[
                shapes.trial(row) | {"new": row.id in queued.new_trials} for row in queued.trials
            ],
            jobs=[shapes.job(row) | {"new": row.id in queued.new_jobs} for row in queued.jobs],
        )
    else:
        added.show(queued, queries.dataset(conn, queued.trials[0].dataset))
