"""Metric loggers behind one small interface; a process of its own, run by the Python that has them.

`loggers.py NAME FOLDER write N`    logs N rows as fast as it can; prints times as JSON
`loggers.py NAME FOLDER endless S`  logs a row every S seconds and tells each on stdout once the
                                    logger has taken it, until it is killed
`loggers.py NAME FOLDER read`       prints as JSON the steps that its own reader finds whole

A row is one call: five numbers of one step. Every logger runs with its defaults. Exit code 3: not
installed here.
"""

import json
import os
import struct
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

NAMES = ("train_loss", "train_top1", "val_loss", "val_top1", "lr")
PROJECT, RUN = "bench", "run"
MISSING = 3


def row(step: int) -> dict[str, float]:
    return {name: 1 / (step + place + 1) for place, name in enumerate(NAMES)}


class Logger(Protocol):
    version: str

    def log(self, step: int) -> None:
        """Returns once the logger has taken the row."""

    def close(self) -> None:
        """As a script does at its end."""


class Wnkd:
    """The event file of a job. What reads it is the supervisor: `ingesting.py`."""

    def __init__(self, folder: Path) -> None:
        from engine.events import EventWriter

        self.version = version("wnkd-tui")
        self._events = EventWriter(folder)

    def log(self, step: int) -> None:
        self._events.metric(step, **row(step))

    def close(self) -> None:
        self._events.__exit__()


class Trackio:
    def __init__(self, folder: Path) -> None:
        os.environ["TRACKIO_DIR"] = str(folder)
        import trackio

        self.version = trackio.__version__
        self._run = trackio.init(project=PROJECT, name=RUN)

    def log(self, step: int) -> None:
        self._run.log(row(step), step=step)

    def close(self) -> None:
        self._run.finish()

    @staticmethod
    def read(folder: Path) -> list[int]:
        os.environ["TRACKIO_DIR"] = str(folder)
        from trackio.sqlite_storage import SQLiteStorage

        found = SQLiteStorage.get_logs(PROJECT, RUN)
        return [one["step"] for one in found if all(name in one for name in NAMES)]


class Wandb:
    def __init__(self, folder: Path) -> None:
        import wandb

        self.version = wandb.__version__
        self._run = wandb.init(project=PROJECT, mode="offline", dir=folder)

    def log(self, step: int) -> None:
        self._run.log(row(step), step=step)

    def close(self) -> None:
        self._run.finish()

    @staticmethod
    def read(folder: Path) -> list[int]:
        """Its Python has no reader of the file; its messages are parsed by its own classes."""
        from wandb.proto.wandb_internal_pb2 import Record

        steps = []
        for file in folder.glob("wandb/offline-run-*/*.wandb"):
            for body in leveldb_log(file.read_bytes()):
                record = Record.FromString(body)
                items = record.history.item
                found = {item.key or "/".join(item.nested_key): item.value_json for item in items}
                if all(name in found for name in NAMES):
                    steps.append(int(found["_step"]))
        return steps


class Mlflow:
    """The SQLite store: the file store is no longer allowed by default."""

    def __init__(self, folder: Path) -> None:
        import mlflow

        self.version = mlflow.__version__
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        self._mlflow = mlflow
        mlflow.start_run()

    def log(self, step: int) -> None:
        self._mlflow.log_metrics(row(step), step=step)

    def close(self) -> None:
        self._mlflow.end_run()

    @staticmethod
    def read(folder: Path) -> list[int]:
        import mlflow

        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        client = mlflow.MlflowClient()
        (run,) = client.search_runs(["0"])
        curves = [client.get_metric_history(run.info.run_id, name) for name in NAMES]
        return sorted(set.intersection(*({point.step for point in curve} for curve in curves)))


class TensorBoard:
    """Its own writer; PyTorch's SummaryWriter writes through the same one."""

    def __init__(self, folder: Path) -> None:
        from tensorboard.summary import Writer

        self.version = version("tensorboard")
        self._writer = Writer(str(folder))

    def log(self, step: int) -> None:
        for name, value in row(step).items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        self._writer.close()

    @staticmethod
    def read(folder: Path) -> list[int]:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        events = EventAccumulator(str(folder), size_guidance={"tensors": 0})
        events.Reload()
        tags = set(events.Tags()["tensors"])
        curves = [events.Tensors(name) if name in tags else [] for name in NAMES]
        return sorted(set.intersection(*({point.step for point in curve} for curve in curves)))


LOGGERS = {
    "wnkd": Wnkd,
    "trackio": Trackio,
    "wandb offline": Wandb,
    "MLflow (SQLite)": Mlflow,
    "TensorBoard": TensorBoard,
}


def leveldb_log(data: bytes) -> Iterator[bytes]:
    """The whole records of a file in LevelDB's log format, up to the first damaged one."""
    block, position, parts = 32768, 7, b""  # the file begins with a header of its own
    while position + 7 <= len(data):
        if block - position % block < 7:
            position += block - position % block
            continue
        _, length, kind = struct.unpack_from("<IHB", data, position)
        body = data[position + 7 : position + 7 + length]
        if len(body) < length or kind not in (1, 2, 3, 4):
            return
        position += 7 + length
        parts = body if kind in (1, 2) else parts + body
        if kind in (1, 4):
            yield parts


def write(logger: Logger, rows: int) -> dict[str, object]:
    began = time.time()
    for step in range(rows):
        logger.log(step)
    taken = time.time()
    logger.close()
    return {
        "version": logger.version,
        "began": began,
        "taken_s": taken - began,
        "closed_s": time.time() - began,
    }


def endless(logger: Logger, told: int, pause: float) -> None:
    step = 0
    while True:
        logger.log(step)
        os.write(told, b"%d\n" % step)
        step += 1
        time.sleep(pause)


def main(name: str, folder: Path, deed: str, argument: str = "0") -> None:
    # What loggers print does not mix with what is told.
    told = os.dup(1)
    os.dup2(2, 1)
    try:
        if deed == "read":
            answer: object = LOGGERS[name].read(folder)
        elif deed == "write":
            answer = write(LOGGERS[name](folder), int(argument))
        else:
            endless(LOGGERS[name](folder), told, float(argument))
    except ModuleNotFoundError as error:
        print(error, file=sys.stderr)
        sys.exit(MISSING)
    with os.fdopen(told, "w") as stdout:
        json.dump(answer, stdout)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
