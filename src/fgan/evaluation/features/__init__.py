"""What metrics look at instead of samples: features, by an extractor that reports name."""

from fgan.evaluation.features.cache import features_of
from fgan.evaluation.features.choose import NAMES, extractor_for, mismatch
from fgan.evaluation.features.extractor import Classifier, Extractor
from fgan.evaluation.features.shipped import Borrowed

__all__ = ["NAMES", "Borrowed", "Classifier", "Extractor", "extractor_for", "features_of", "mismatch"]
