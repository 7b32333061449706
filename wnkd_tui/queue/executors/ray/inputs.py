"""What a job reads, and where on a node it will find that."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.artifacts import ArtifactStore
from engine.files import FILE, resolve
from wnkd_tui.queue.executors.ray.pieces import pieces
from wnkd_tui.queue.executors.ray.profile import Profile

# In a node's cache, as in the home.
ARTIFACTS, CACHE, FILES, DATASETS = "artifacts", "cache", "files", "datasets"
PARTS = ("path", "prompts", "splits")  # of a dataset


@dataclass(frozen=True)
class Tree:
    """A file or folder `source` here, that is sent to `target` in a node's cache. Equal targets
    have equal content. `name` is for people."""

    name: str
    source: Path
    target: str


def trees(record: Mapping[str, Any], profile: Profile) -> list[Tree]:
    """What the job of `record` (job.json) reads and nodes do not see.

    Raises ArtifactError where a file that was given is missing, OSError where a dataset is.
    """
    run = record["run"]
    store = ArtifactStore(Path(run["artifacts"]))
    found = [
        Tree(role, store.path(key), artifact(store, key)) for role, key in record["inputs"].items()
    ]
    for name in _given(record["settings"]):
        found.append(Tree(name, resolve(Path(run["files"]), name), f"{FILES}/{name}"))
    return found + [tree for tree in _parts(record).values() if not profile.is_seen(tree.source)]


def artifact(store: ArtifactStore, key: str) -> str:
    """The target of an artifact, be it sent or made there."""
    return f"{ARTIFACTS}/{store.path(key).relative_to(store.root)}"


def sent(record: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
    """The same record for a node: paths in its cache are relative to that."""
    run, parts = record["run"], _parts(record)
    moved = {part: tree.target for part, tree in parts.items() if not profile.is_seen(tree.source)}
    data = run["data"] and run["data"] | moved
    own = {"artifacts": ARTIFACTS, "cache": CACHE, "files": FILES, "data": data}
    return {**record, "run": run | own}


def received(record: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """What `sent` made, on the node whose cache is at `root`."""
    run = record["run"]
    own = {name: str(root / run[name]) for name in ("artifacts", "cache", "files")}
    data = run["data"] or {}
    paths = {part: str(root / data[part]) for part in PARTS if data.get(part)}
    return {**record, "run": run | own | {"data": data | paths or None}}


def _parts(record: Mapping[str, Any]) -> dict[str, Tree]:
    """The dataset's; what its key does not hold is known by its own content, which is small."""
    data = record["run"].get("data") or {}
    found = {}
    for part in PARTS:
        if data.get(part):
            path = Path(data[part])
            key = record["settings"]["dataset_key"] if part == "path" else _digest(path)
            target = f"{DATASETS}/{key[:32]}/{path.name}"
            found[part] = Tree(f"{data['name']} ({path})", path, target)
    return found


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    for batch in pieces(path):
        for piece in batch:
            found.update(f"{piece.name} {piece.offset} {len(piece.data)}\n".encode())
            found.update(piece.data)
    return found.hexdigest()


def _given(value: object) -> Iterator[str]:
    """The names of files that a person gave: `file:NAME`, also behind an encoder's name."""
    match value:
        case str():
            _, mark, name = value.partition(FILE)
            if mark:
                yield name
        case dict():
            for one in value.values():
                yield from _given(one)
        case list():
            for one in value:
                yield from _given(one)
