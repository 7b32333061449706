"""TOML files that people write: read, and held against a model; what is wrong is one line that
names the file and the value."""

import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from engine.errors import WnkdError

LARGEST = 2**16  # bytes; a person writes no more, and tomllib takes long where names nest deeply
SHOWN = 60  # characters of a value that cannot be
# What pydantic says in a programmer's words, by the kind of error.
PLAIN = {
    "extra_forbidden": "there is no such setting",
    "model_type": "should be a table of settings",
}
Model = TypeVar("Model", bound=BaseModel)


def read(path: Path, refusal: type[WnkdError]) -> dict[str, Any]:
    """What the file says. Raises FileNotFoundError where there is none, and `refusal` for what is
    no file, is too large, cannot be read, or is no TOML in UTF-8."""
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):  # a pipe would be waited for
            raise refusal(f"cannot read {path}: it is a directory or a device, no file")
        if about.st_size > LARGEST:
            raise refusal(f"cannot read {path}: it is larger than {LARGEST >> 10} KiB")
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise refusal(f"cannot read {path}: {error.strerror}") from None
    # TOML's and UTF-8's errors are ValueErrors; lists in lists without end are a RecursionError.
    except (ValueError, RecursionError) as error:
        raise refusal(f"cannot read {path}: {error}") from None


def checked(
    model: type[Model], values: Mapping[str, Any], path: Path, refusal: type[WnkdError]
) -> Model:
    """`values`, which `path` says, as `model`. Raises `refusal` for the first that cannot be."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        fault = first["msg"].removeprefix("Value error, ").replace("valid tuple", "list")
        told = f"{path}: {where}: {PLAIN.get(first['type'], fault)} (found {shown(first['input'])})"
        raise refusal(" ".join(told.split())) from None


def shown(value: Any) -> str:
    """A value that cannot be, in a few words."""
    try:
        text = repr(value)
    except RecursionError:
        return "what is nested too deeply"
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
