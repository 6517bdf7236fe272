"""What each metric means, in a few sentences, for people who meet it for the first time."""

from __future__ import annotations

from fgan.evaluation.metrics import QUANTITIES

EXPLAINED = {
    "fid": "Fréchet distance between Gaussians fitted to the features of real and of generated samples. Both poor "
    "quality and missing modes raise it. It depends on the number of samples and on the features: compare only "
    "values with the same of both.",
    "kid": "Kernel distance (squared MMD) between real and generated features. It is unbiased, so it can be slightly "
    "negative near 0.",
    "is": "Classifier score (Inception Score): high if each sample clearly belongs to one class and all classes "
    "occur. It does not look at the real samples, and does not see missing variety within a class.",
    "precision": "Share of generated samples that lie in the neighbourhood of a real one: the quality of samples.",
    "recall": "Share of real samples that lie in the neighbourhood of a generated one: the coverage of the data.",
    "density": "Number of real neighbourhoods that a generated sample lies in, divided by k: quality, less sensitive "
    "to outliers than precision. It can exceed 1.",
    "coverage": "Share of real samples with a generated sample in their neighbourhood: the coverage of the data, less "
    "sensitive to outliers than recall.",
    "modes": "Number of classes or clusters that have at least one generated sample. Fewer than real samples reach "
    "means missing modes.",
    "modes-kl": "KL divergence of the generated samples' class shares from those of the data, in nats. 0 means "
    "the same shares.",
    "within-3-sigma": "Share of generated samples within 3σ of a cluster. Clusters that are too tight also score 1.",
    "kde": "Mean log-likelihood of real samples under a kernel density of the generated ones, in nats. In many "
    "dimensions it says little about quality.",
    "closer-to-training": "Probability that a generated sample is nearer to the training data than an unseen real "
    "sample is. ½ is right; near 1, the generator copies training samples.",
    "near-copies": "Share of generated samples that are nearer to the training data than 99% of unseen real samples. "
    "0.01 is expected without copying.",
    "exact-copies": "Share of generated samples that equal a training sample.",
    "c2st": "Accuracy of a classifier that distinguishes generated from real samples, on samples it was not trained "
    "on. ½ means that it cannot.",
    "kl": "KL divergence of the data from the samples, estimated on the features, in nats. High if samples miss "
    "parts of the data.",
    "reverse-kl": "KL divergence of the samples from the data, estimated on the features, in nats. High if samples "
    "lie outside the data.",
    "js": "Jensen-Shannon divergence in the paper's scale, estimated on the features, in nats. 0 to 2 log 2.",
    "squared-hellinger": "Squared Hellinger distance, estimated on the features. 0 to 2.",
    "frontier-area": "Area under the curve of precision against recall, estimated on the features. 1 for samples like "
    "the data, 0 for samples that share nothing with them.",
    "frontier-recall": "Largest F_8 score on the curve of precision and recall, which weighs recall: low if samples "
    "miss parts of the data.",
    "frontier-precision": "Largest F_1/8 score on the curve of precision and recall, which weighs precision: low if "
    "samples lie outside the data.",
    "total-variation": "Total variation distance, estimated on the features. 0 to 1.",
}
"""A metric that is not here is explained by its few words in `METRICS`."""
BETTER = {"higher": "Higher is better.", "lower": "Lower is better.", "½": "½ is best."}


def explanation(name: str, better: str) -> str:
    """Return what a metric means and which way is better.

    >>> explanation("exact-copies", "lower")
    'Share of generated samples that equal a training sample. Lower is better.'
    """
    known = f"{QUANTITIES[name].meaning}." if name in QUANTITIES else ""
    return f"{EXPLAINED.get(name, known)} {BETTER.get(better, '')}".strip()
