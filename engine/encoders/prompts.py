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


def prompts(name: str, templates: Sequence[str] = TEMPLATES) -> list[str]:
    """`name`, underscores as spaces, in place of each template's "{}"; other braces stay."""
    return [template.replace("{}", name.replace("_", " ")) for template in templates]
