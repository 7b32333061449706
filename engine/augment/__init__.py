"""Image augmentation in batches on the device, each image with its own draw."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.augment.pipeline import Augment

__all__ = ["Augment"]


def __getattr__(name: str) -> Any:
    # Late, so that a recipe's policy can be checked (engine.augment.policy) without torch.
    if name == "Augment":
        from engine.augment.pipeline import Augment

        return Augment
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
