"""The files of a job: its artifact, and its directory."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.text import Text

from wnkd_tui.app.screens.run.panes.grid import grid
from wnkd_tui.app.screens.run.parts import Artifacts, Folder

Inks = Mapping[str, str]


def artifacts(part: Artifacts, inks: Inks) -> RenderableType:
    whole = Text("✓ whole", inks["state-done"])
    if part.fault:
        ink = inks["state-failed" if part.artifact.there else "faint"]
        whole = Text(part.fault if part.artifact.there else "not made yet", ink)
    return Group(
        Text.assemble(("Artifact  ", "bold"), whole),
        Text.assemble(("key  ", inks["faint"]), part.key),
        _files(part.artifact, inks),
        Text("\nThe job's directory", "bold"),
        _files(part.job, inks),
    )


def _files(folder: Folder, inks: Inks) -> RenderableType:
    table = grid()
    for name, size in folder.files:
        table.add_row(name, Text(_bytes(size), justify="right"))
    total = sum(size for _, size in folder.files)
    said = f"{len(folder.files)} files, {_bytes(total)}" if folder.there else "not there"
    path = grid()
    path.add_column()
    path.add_column(overflow="fold")
    path.add_row(Text("path", inks["faint"]), str(folder.path))
    return Group(path, *([table] if folder.files else []), Text(said, inks["faint"]))


def _bytes(size: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} GiB"
