"""`python -m engine.data.download FOLDER`: CIFAR-100 by torchvision, where there is a network.

A process of its own, because torchvision imports torch and the command line must not.
"""

import sys
from pathlib import Path
from urllib.error import URLError


def main(folder: Path) -> int:
    """Downloads and unpacks into `folder`; 2 and one line on stderr where that fails."""
    from torchvision.datasets import CIFAR100

    try:
        CIFAR100(str(folder), download=True)
    except (URLError, OSError, RuntimeError) as error:
        print(f"cifar100 could not be downloaded: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
