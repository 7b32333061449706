"""Files that a person gave to a trial: nouns, weights, CLIP checkpoints.

They lie in one folder under names that hold their content's hash, so a name is a content key.
"""

from pathlib import Path
from pickle import UnpicklingError
from textwrap import shorten

from engine.errors import ArtifactError

FILE = "file:"


def resolve(files: Path | None, name: str) -> Path:
    """The file or folder of `file:NAME` in `files`.

    ArtifactError where it is missing, and for a name that leads out of the folder.
    """
    plain = name.removeprefix(FILE)
    is_plain = plain not in ("", ".", "..") and not {"/", "\\", "\0"} & set(plain)
    if files is None or not is_plain or not (files / plain).exists():
        folder = files or "the folder of given files"
        raise ArtifactError(f"{plain!r} is not in {folder}: give it again with --set or --encoder")
    return files / plain


def reason(error: BaseException) -> str:
    """Why a checkpoint could not be read or does not fit, on one short line."""
    # torch's own text advises to trust the file; the others are faults of reading nonsense.
    if isinstance(error, UnpicklingError | LookupError | EOFError | AttributeError | TypeError):
        return "damaged, or something else than weights"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].startswith("Error(s) in loading state_dict"):
        del lines[0]
    return shorten(lines[0], 120, placeholder="…") if lines else type(error).__name__
