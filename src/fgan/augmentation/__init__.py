"""Data augmentation: random changes of real and generated pictures before the critic sees them."""

from fgan.augmentation.augment import NOTHING as NOTHING
from fgan.augmentation.augment import Augment as Augment
from fgan.augmentation.augment import augment as augment
from fgan.augmentation.augmentations import AUGMENTATIONS as AUGMENTATIONS
