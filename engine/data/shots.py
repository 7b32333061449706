"""Shot groups of a long-tailed set (Liu et al. 2019): classes by how many images they train on."""

from collections.abc import Sequence

MANY, FEW = 100, 20  # many: more than 100; few: fewer than 20


def shot_groups(train_per_class: Sequence[int]) -> dict[str, list[int]]:
    """Class indices of `many` (> 100 training images), `medium` (20 to 100) and `few` (< 20).

    A group may be empty.
    """
    groups: dict[str, list[int]] = {"many": [], "medium": [], "few": []}
    for index, count in enumerate(train_per_class):
        name = "many" if count > MANY else "few" if count < FEW else "medium"
        groups[name].append(index)
    return groups
