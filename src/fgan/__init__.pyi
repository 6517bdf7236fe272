"""fgan, the workbench for f-divergences in PyTorch: train, compare, measure."""

from fgan import losses as losses
from fgan.auditing import audit as audit
from fgan.augmentation import augment as augment
from fgan.data import load_data as load_data
from fgan.data import read_table as read_table
from fgan.divergences import Divergence as Divergence
from fgan.divergences import divergence as divergence
from fgan.divergences.between import between as between
from fgan.errors import FganError as FganError
from fgan.estimation import DensityRatio as DensityRatio
from fgan.estimation import estimate as estimate
from fgan.estimation import frontier as frontier
from fgan.estimation import mutual_information as mutual_information
from fgan.evaluation import evaluate as evaluate
from fgan.experiments.compare import compare as compare
from fgan.experiments.estimator import Generator as Generator
from fgan.experiments.load import load as load
from fgan.experiments.presets import preset as preset
from fgan.experiments.run import Run as Run
from fgan.experiments.run import RunDirectory as RunDirectory
from fgan.experiments.train import train as train
from fgan.experiments.worker import work as work
from fgan.exporting import export as export
from fgan.exporting import push as push
from fgan.load_options import LoadOptions as LoadOptions
from fgan.memory import memory_limit as memory_limit
from fgan.objectives import GANLoss as GANLoss
from fgan.objectives import penalty as penalty
from fgan.reporting.html import report as report
from fgan.training.averaging import EMA as EMA
from fgan.training.callbacks import STOP as STOP
from fgan.training.config import TrainConfig as TrainConfig
from fgan.verification import verify as verify

__version__: str
