"""Random changes of pictures that data and samples undergo alike before a critic sees them."""

from fgan.augmentation.augment import NOTHING as NOTHING
from fgan.augmentation.augment import Augment as Augment
from fgan.augmentation.augment import augment as augment
from fgan.augmentation.augmentations import AUGMENTATIONS as AUGMENTATIONS
