"""The operations of AutoAugment and RandAugment by name, and one drawn operation per image."""

from enum import IntEnum
from typing import NamedTuple

from torch import Tensor


class Op(IntEnum):
    """Everything that a slot may do to an image; the value's meaning beside each.

    Pillow's ImageOps and ImageEnhance define the pointwise results. Directions of the geometry:
    rotation counter-clockwise, shear as input = output + value · other coordinate from the top
    left corner, translation right or down.
    """

    IDENTITY = 0
    BRIGHTNESS = 1  # factor, 1 = unchanged
    CONTRAST = 2  # factor
    POSTERIZE = 3  # bits kept, 0..8
    SOLARIZE = 4  # levels from here on are inverted
    SOLARIZE_ADD = 5  # added to levels below 128
    INVERT = 6
    AUTOCONTRAST = 7
    EQUALIZE = 8
    COLOR = 9  # factor
    SHARPNESS = 10  # factor
    ROTATE = 11  # degrees
    SHEAR_X = 12  # share
    SHEAR_Y = 13
    TRANSLATE_X = 14  # share of the side, cut to whole pixels
    TRANSLATE_Y = 15


GEOMETRIC = frozenset({Op.ROTATE, Op.SHEAR_X, Op.SHEAR_Y, Op.TRANSLATE_X, Op.TRANSLATE_Y})
# A channel's new level depends on its old one and the image alone: one table does any of these.
LOOKED_UP = frozenset(Op) - GEOMETRIC - {Op.IDENTITY, Op.COLOR, Op.SHARPNESS}


class Slot(NamedTuple):
    """One operation for each image of a batch.

    op: int64 [B], values of Op. value: float64 [B]. kinds: the operations that may occur, known
    without looking at the device, so that work for the others is never started.
    """

    op: Tensor
    value: Tensor
    kinds: frozenset[Op]
