"""The git checkout that wnkd runs from: its commit, and how the code differs from that."""

import os
from collections.abc import Iterator
from pathlib import Path

from engine.code import PARTS
from wnkd_tui.queue import bounded

TREES = ("engine", "wnkd_tui")
# Files that change what a job computes, also where git does not know them yet.
CODE = tuple(f"engine/{part}" for part in PARTS)
MOST = 1 << 20  # bytes of a diff that are kept
PATIENCE = 5.0  # seconds for each question to git
CUT = f"# cut here: there is more than {MOST >> 20} MiB\n"
UNKNOWN = "# not known: git did not say how the code differs from the commit\n"
# Nothing of a person's own settings of git may run a program or change a diff's form.
_GIT = (
    "git",
    "--no-pager",
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "core.quotePath=true"),
)
_DIFF = (
    "diff",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-renames",
    "--full-index",  # tells binary files apart as well
    "--relative",
    "--unified=3",
    "--inter-hunk-context=0",
    "--diff-algorithm=myers",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    f"-O{os.devnull}",
    "HEAD",
)


def checkout(root: Path) -> tuple[str | None, str | None]:
    """The commit of the checkout that `root` is in, and the code's diff from it, None where there
    is no difference.

    `git apply` takes the diff, unless it was cut. Both are None where there is no git, `root` is in
    no checkout, or git does not know its code (a package that was installed).
    """
    if (
        _git(root, "ls-files", "--error-unmatch", "--", *(f"{t}/__init__.py" for t in TREES))
        is None
    ):
        return None, None
    head = _git(root, "rev-parse", "--verify", "HEAD")
    if head is None:
        return None, None
    tracked = _git(root, *_DIFF, "--", *TREES)
    others = _git(root, "ls-files", "--others", "-z", "--", *CODE)
    if tracked is None or others is None:
        return head.decode("ascii").strip(), UNKNOWN
    diff = ""
    for part in _parts(root, tracked, others):
        diff += part
        if len(diff) > MOST:
            diff = diff[:MOST].rpartition("\n")[0] + "\n" + CUT
            break
    return head.decode("ascii").strip(), diff or None


def _git(root: Path, *words: str) -> bytes | None:
    """What git says, somewhat more than `MOST` bytes of it; None where it cannot or may not."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}
    command = [*_GIT, *words]
    try:
        ended = bounded.run(command, seconds=PATIENCE, most=MOST + 1, directory=root, env=env)
    except OSError:
        return None
    return ended.output if ended.ok or ended.cut else None


def _parts(root: Path, tracked: bytes, others: bytes) -> Iterator[str]:
    yield tracked.decode("utf-8", "replace")
    for name in sorted(others.split(b"\0")):
        if name:
            yield _as_new(root, os.fsdecode(name))


def _as_new(root: Path, name: str) -> str:
    """A file that git does not know, as a diff that makes it."""
    shown = os.fsencode(name).decode("utf-8", "replace")
    try:
        with (root / name).open("rb") as file:
            lines = file.read(MOST + 1).decode("utf-8", "replace").split("\n")
    except OSError as error:
        return f"# {shown}: {error.strerror}\n"
    out = [f"diff --git a/{shown} b/{shown}", "new file mode 100644"]
    last = lines.pop()
    count = len(lines) + bool(last)
    if count:
        out += ["--- /dev/null", f"+++ b/{shown}", f"@@ -0,0 +1,{count} @@"]
        out += [f"+{line}" for line in lines]
        out += [f"+{last}", "\\ No newline at end of file"] if last else []
    return "\n".join(out) + "\n"
