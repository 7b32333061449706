"""What is kept of teachers' logits for a student's views, decided from their size alone when a
trial is planned: of each row all of it, or the k largest and one number for the rest.
"""

from engine.settings import LogitsRecipe

GB = 1e9
HALF, SINGLE = 2, 4  # bytes: of a logit or part of a view; of a row's rest or part of an image
SHORT = 2**15  # classes that two bytes can number


def top_k(recipe: LogitsRecipe, *, rows: int, classes: int) -> int | None:
    """k where a table of `rows` = epochs × N rows is to hold the k largest logits of each; None
    where it holds them all: within the limit, or where k of them would take no less room."""
    whole = row_bytes(classes, None)
    shorter = row_bytes(classes, recipe.top_k) < whole
    return recipe.top_k if shorter and rows * whole > recipe.limit_gb * GB else None


def row_bytes(classes: int, k: int | None) -> int:
    """Bytes of a row: all its logits, or its k largest, their classes and the rest."""
    if k is None:
        return classes * HALF
    return k * (HALF + (2 if classes <= SHORT else 4)) + SINGLE
