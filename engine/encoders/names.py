"""What can be known of an encoder by its name alone: no torch, no NLTK, so the CLI may ask."""

STAND_IN = "wordnet-graph"
STAND_IN_LABEL = "wordnet-graph (a stand-in, not CLIP)"


def is_stand_in(name: str) -> bool:
    """Whether the encoder `name` stands in for CLIP; its results must say so wherever shown."""
    return name == STAND_IN
