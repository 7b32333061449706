"""What is kept of teachers' logits for a student's views, decided from their size alone when a
trial is planned: of each row all of it, or the k largest and one number for the rest.
"""

from engine.recipe import LogitsRecipe

GB = 1e9
HALF, SINGLE = 2, 4  # bytes of a logit, and of what stands for a row's rest
SHORT = 2**15  # classes that two bytes can number


def top_k(recipe: LogitsRecipe, *, rows: int, classes: int) -> int | None:
    """k where a table of `rows` = epochs × N rows is to hold the k largest logits of each; None
    where it holds them all: within the limit, or where k of them would take no less room."""
    whole = classes * HALF
    shorter = top_k_bytes(recipe.top_k, classes) < whole
    return recipe.top_k if shorter and rows * whole > recipe.limit_gb * GB else None


def top_k_bytes(k: int, classes: int) -> int:
    """Bytes of a row with its k largest logits, their classes and the rest."""
    return k * (HALF + (2 if classes <= SHORT else 4)) + SINGLE
