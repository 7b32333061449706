"""Writes an offline W&B run: `PEERS/bin/python benchmarks/leet_run.py DIR POINTS`.

One number a step through wandb's own API; a million takes some minutes.
"""

import math
import os
import sys
from pathlib import Path

# Offline, and no word to anybody.
QUIET = {
    "WANDB_MODE": "offline",
    "WANDB_SILENT": "true",
    "WANDB_CONSOLE": "off",
    "WANDB_ERROR_REPORTING": "false",
}


def value(step: int, points: int) -> float:
    """A loss that falls and does not hold still."""
    return 0.2 + 2 * math.exp(-5 * step / points) + 0.05 * math.sin(step)


def main() -> None:
    os.environ.update(QUIET)
    import wandb

    folder, points = Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir(parents=True)
    quiet = wandb.Settings(x_disable_stats=True, x_disable_meta=True)
    run = wandb.init(project="benchmark", dir=folder, settings=quiet)
    for step in range(1, points + 1):
        run.log({"train_loss": value(step, points)}, step=step)
    run.finish()


if __name__ == "__main__":
    main()
