"""What trials and jobs can be found and sorted by, a table for each.

A field is SQL over `trial` or `job` and over the sources it names, which are joined only where a
search needs them: a search costs what its own fields cost.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.spec import Method, Modality, Teachers
from wnkd_tui.store.figures import BEST, IMAGE, LAST, figures_of
from wnkd_tui.store.states import DESERTED, JOB_STATES, STATE, TRIAL_STATES, UNFINISHED


@dataclass(frozen=True)
class Field:
    """`kind`: text (the whole value), words (a part of it), number, duration (seconds), time
    (UTC seconds), state, or tag (a trial or job may have several).

    `sql` is the value; `within` the condition around it where there may be several values, with
    `{}` for the test; `order` what it sorts by, where that is not the value. `needs` names the
    sources of what it sorts by; a test with a `within` needs none. `values` are all that there can
    be, none where that is open.
    """

    name: str
    kind: str
    sql: str
    words: str  # one line, for help and completion
    needs: tuple[str, ...] = ()
    within: str = "{}"
    order: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fields:
    """`what` is trials or jobs, in `table`. `sources`: name → a table expression of its own and
    how it is joined. A bare word looks into the field `name`."""

    what: str
    table: str
    fields: Mapping[str, Field]
    sources: Mapping[str, tuple[str, str]]


def _ranked(state: str, states: tuple[str, ...]) -> str:
    ranks = " ".join(f"WHEN '{name}' THEN {rank}" for rank, name in enumerate(states))
    return f"CASE {state} {ranks} END"


def _figure(name: str, kind: str, expression: str) -> tuple[str, str]:
    """A figure of one of a trial's finished jobs as a source."""
    select = (
        f"{name}(trial_id, value) AS MATERIALIZED (SELECT trial_job.trial_id, figured.value FROM"
        f" (SELECT id, {expression} AS value FROM {figures_of(kind)}) AS figured"
        " CROSS JOIN trial_job ON trial_job.job_id = figured.id)"
    )
    return select, f"LEFT JOIN {name} ON {name}.trial_id = trial.id"


def _table(what: str, table: str, sources: Mapping[str, tuple[str, str]], *fields: Field) -> Fields:
    return Fields(what, table, {field.name: field for field in fields}, sources)


_TRIAL_STATE = "coalesce(unfinished.state, 'done')"
_TAGGED = "trial.id IN (SELECT trial_id FROM trial_tag WHERE {})"
_TAG_ORDER = "(SELECT min(tag) FROM trial_tag WHERE trial_tag.trial_id = trial.id)"
# `{"T_x.stem": "linear"}` as people write it: `T_x.stem=linear`.
_CHANGES = "nullif(trim(replace(replace(trial.changes, '\": ', '='), '\"', ''), '{}'), '')"

TRIALS = _table(
    "trials",
    "trial",
    {
        "unfinished": (
            UNFINISHED,
            "LEFT JOIN unfinished ON unfinished.trial_id = trial.id",
        ),
        "acc": _figure("acc", "student", BEST),
        "last": _figure("last", "student", LAST),
        "tx": _figure("tx", "T_x", BEST),
        "image": _figure("image", "attribution", IMAGE),
    },
    Field("id", "number", "trial.id", "the trial's number"),
    Field("name", "words", "trial.name", "part of the name"),
    Field("dataset", "text", "trial.dataset", "name of the dataset"),
    Field("recipe", "text", "trial.recipe", "name of the recipe"),
    Field("seed", "number", "trial.seed", "the seed"),
    Field("teachers", "text", "trial.teachers", "who teaches the student", values=tuple(Teachers)),
    Field("encoder", "text", "trial.encoder", "T_x's encoder"),
    Field("modality", "text", "trial.modality", "what T_x sees", values=tuple(Modality)),
    Field("wn", "number", "trial.wn", "percent of WordNet-relaxed text"),
    Field("noise", "number", "trial.noise", "percent of noise text"),
    Field("gt", "number", "100 - trial.wn - trial.noise", "percent of ground-truth text"),
    Field("method", "text", "trial.method", "how the student learns", values=tuple(Method)),
    Field("change", "words", _CHANGES, "part of a changed setting, as T_x.stem=linear"),
    Field("limit", "number", "trial.limit_train", "training images kept"),
    Field(
        "state",
        "state",
        _TRIAL_STATE,
        "what has become of its jobs",
        needs=("unfinished",),
        order=_ranked(_TRIAL_STATE, TRIAL_STATES),
        values=TRIAL_STATES,
    ),
    Field("tag", "tag", "trial_tag.tag", "a tag", within=_TAGGED, order=_TAG_ORDER),
    Field("note", "words", "nullif(trial.note, '')", "part of the note"),
    Field("acc", "number", "acc.value", "student's top-1 at its best epoch", needs=("acc",)),
    Field("last", "number", "last.value", "student's top-1 at its last epoch", needs=("last",)),
    Field("tx", "number", "tx.value", "T_x's top-1 at its best epoch", needs=("tx",)),
    Field("image", "number", "image.value", "image share, 0 to 1", needs=("image",)),
    Field("added", "time", "trial.added_at", "when it was added"),
)

_OF_TRIALS = (
    "job.id IN (SELECT trial_job.job_id FROM trial"
    " JOIN trial_job ON trial_job.trial_id = trial.id WHERE {})"
)
_OF_TAGGED = (
    "job.id IN (SELECT trial_job.job_id FROM trial_tag"
    " JOIN trial_job ON trial_job.trial_id = trial_tag.trial_id WHERE {})"
)
_HOST = (
    "(SELECT host FROM attempt WHERE attempt.job_id = job.id ORDER BY attempt.number DESC LIMIT 1)"
)

JOBS = _table(
    "jobs",
    "job",
    {
        "first": (
            "first(job_id, trial_id) AS MATERIALIZED"
            " (SELECT job_id, min(trial_id) FROM trial_job GROUP BY job_id)",
            "LEFT JOIN first ON first.job_id = job.id"
            " LEFT JOIN trial AS leading ON leading.id = first.trial_id",
        ),
        "tagged": (
            "tagged(job_id, tag) AS MATERIALIZED (SELECT trial_job.job_id, min(trial_tag.tag)"
            " FROM trial_tag JOIN trial_job ON trial_job.trial_id = trial_tag.trial_id"
            " GROUP BY trial_job.job_id)",
            "LEFT JOIN tagged ON tagged.job_id = job.id",
        ),
    },
    Field("id", "number", "job.id", "the job's number"),
    Field("kind", "text", "job.kind", "kind of job"),
    Field("name", "words", "job.name", "part of the name"),
    Field(
        "state",
        "state",
        STATE,
        "what has become of it",
        order=_ranked(STATE, JOB_STATES),
        values=JOB_STATES,
    ),
    Field(
        "trial",
        "number",
        "trial_job.trial_id",
        "number of a trial that needs it",
        within="job.id IN (SELECT job_id FROM trial_job WHERE {})",
        order="first.trial_id",
        needs=("first",),
    ),
    Field(
        "dataset",
        "text",
        "trial.dataset",
        "dataset of a trial that needs it",
        within=_OF_TRIALS,
        order="leading.dataset",
        needs=("first",),
    ),
    Field(
        "recipe",
        "text",
        "trial.recipe",
        "recipe of a trial that needs it",
        within=_OF_TRIALS,
        order="leading.recipe",
        needs=("first",),
    ),
    Field("priority", "number", "job.priority", "higher ones start first"),
    Field("reason", "words", f"coalesce({DESERTED}, job.reason)", "part of the reason"),
    Field("host", "text", _HOST, "host of its last attempt"),
    Field("slot", "text", "job.slot", "slot it occupies"),
    Field("device", "words", "job.device", "part of its device's name"),
    Field(
        "tag",
        "tag",
        "trial_tag.tag",
        "a tag of a trial that needs it",
        within=_OF_TAGGED,
        order="tagged.tag",
        needs=("tagged",),
    ),
    Field("queued", "time", "job.queued_at", "when it was queued"),
    Field("started", "time", "job.started_at", "when it was started last"),
    Field("finished", "time", "job.finished_at", "when it ended"),
    Field("took", "duration", "job.finished_at - job.started_at", "how long its last attempt took"),
)

TABLES = {fields.what: fields for fields in (TRIALS, JOBS)}
