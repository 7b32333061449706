"""The seven prompt templates of TAC and the paper (Algorithm 1, step 1)."""

from collections.abc import Sequence

TEMPLATES = (
    "itap of a {}.",
    "a bad photo of the {}.",
    "a origami {}.",
    "a photo of the large {}.",
    "a {} in a video game.",
    "art of the {}.",
    "a photo of the small {}.",
)


def prompts(names: Sequence[str]) -> list[str]:
    """Each name in each template, name by name: len(names) · 7 prompts, underscores as spaces."""
    return [template.format(name.replace("_", " ")) for name in names for template in TEMPLATES]
