"""The encoder that a trial names."""

from pathlib import Path

import torch

from engine.encoders.base import Encoder
from engine.encoders.names import STAND_IN
from engine.encoders.wordnet_graph import WordNetEncoder
from engine.wordnet.graph import WordNetGraph


def load_encoder(
    name: str,
    *,
    graph: WordNetGraph | None,
    device: str | torch.device = "cpu",
    batch: int | None = None,
    files: Path | None = None,
) -> Encoder:
    """The encoder `name`: "wordnet-graph", or a model of open_clip (`engine.encoders.checkpoint`).

    `graph` is needed by the stand-in alone (ValueError without it); `device`, `batch` (prompts at a
    time; images a quarter as many) and `files`, the folder of given files, by open_clip alone.
    EncoderError names weights that cannot be had; ArtifactError a given file that is gone.
    """
    if name == STAND_IN:
        if graph is None:
            raise ValueError(f"{name} needs the WordNet graph")
        return WordNetEncoder(graph)
    # Late: the stand-in's jobs need not wait for open_clip, which takes seconds to import.
    from engine.encoders.open_clip import OpenClipEncoder

    return OpenClipEncoder(name, device=device, batch=batch, files=files)
