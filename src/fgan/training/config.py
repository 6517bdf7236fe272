"""The complete recipe of a run as one flat record: the flags of the command line and the content of `config.json`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from fgan.errors import FganError, RunError, did_you_mean
from fgan.json_files import parse_json, read_json
from fgan.load_options import FramesName, LoadOptions, MissingName, SplitName, TableOptions
from fgan.network_names import NETWORK_NAMES
from fgan.seeds import checked_seed, plain_number
from fgan.training.fields import check_range, check_type, hints_of, is_finite, refused

LinkName = Literal["paper", "log-ratio", "soft-hinge", "linear"]
ObjectiveName = Literal[
    "plain", "tight", "relativistic", "reweighted", "wasserstein", "hinge", "least-squares"
]
GeneratorLossName = Literal["saturating", "non-saturating"]
ActivationName = Literal["relu", "leaky-relu", "tanh"]
NormName = Literal["none", "group"]
InitName = Literal["default", "normal", "orthogonal", "xavier"]
DeviceName = Literal["auto", "cpu", "cuda", "mps"]
CompileName = Literal["auto", "on", "off"]
PrecisionName = Literal["auto", "float32", "bfloat16"]
if TYPE_CHECKING:
    NetworkName = str
else:
    NetworkName = Literal[NETWORK_NAMES]  # a file each, so no checker of types can know them


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """All settings of a run. The same settings and seed give the same run."""

    data: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="DATA")]
    """Training data: digits, mnist, stacked-mnist, ring8, grid25, moons, paper-mixture, idx:DIR, a folder, .zip or
    .tar.gz of images, a .npy or .npz file, or a table (.csv, .tsv, .parquet)."""
    divergence: str = "gan"
    """A name from `fgan divergences`, a mixture such as "0.5*kl + 0.5*js", or your own f such as "f(u)=(u-1)**4"."""
    link: LinkName | None = None
    """How the critic's output enters the bound: paper (an activation like the paper's), log-ratio (the output is log
    p/q), soft-hinge (for an f with a kink), or linear (for your own f and for combinations: no term is steeper than the
    output). (default: chosen for the divergence and the objective)"""
    objective: ObjectiveName = "plain"
    """Objective: plain (the paper's bound), tight (the tight bound), relativistic (the critic compares pairs: RpGAN for
    any f), reweighted (samples weighted by their ratio: KL-WGAN for any f), or a baseline without a divergence:
    wasserstein, hinge, least-squares."""
    generator_loss: GeneratorLossName = "non-saturating"
    """What the generator minimises: saturating (the bound itself) or non-saturating (the trick of the paper's section
    3.2)."""
    generator_divergence: str | None = None
    """Another divergence for the generator to minimise, through the critic's log-ratio. (default: the same as the
    critic's)"""
    single_step: bool = False
    """Update both players at the same time from the same point (the paper's Algorithm 1)."""
    steps: int = 30_000
    """Number of generator steps."""
    seed: int = 0
    """Seed for initial weights and all random draws."""

    batch_size: int = 128
    """Real samples, and as many generated ones, per step."""
    n_critic: int = 1
    """Critic steps per generator step."""
    lr: float = 1e-3
    """Learning rate of Adam, for both players."""
    critic_lr: float | None = None
    """Learning rate of the critic. (default: the same as --lr)"""
    beta1: float = 0.5
    """Adam's beta1, the decay of the mean gradient."""
    beta2: float = 0.99
    """Adam's beta2, the decay of the mean squared gradient."""
    lr_fade: float = 0.0
    """Number of steps after which the learning rate is halved, as lr / (1 + step / lr_fade); 0 keeps it constant."""
    cooldown: float = 0.0
    """Share of the steps, the last ones, in which the learning rate falls linearly to 0; 0 keeps it constant. A run
    resumed with more --steps cools down again, over the last of these."""
    penalties: str = "r1:0.2:fade=2000,r2:0.2:fade=2000"
    """Critic penalties as NAME:WEIGHT[:every=STEPS][:fade=STEPS],... or none. Names: r1, r2, r1-approx, r2-approx, gp,
    gp-one-sided, dragan, noise, lecam."""
    augment: str = "none"
    """Augment real and generated pictures before the critic sees them, for small data sets: NAME[:PROBABILITY],... or
    none. Names: flip (only if mirrored samples are fine), color, translation, cutout."""
    gradient_clip: float = 0.0
    """Maximum gradient norm of each player; longer gradients are clipped. 0 turns clipping off."""
    critic_clamp: float = 0.0
    """Bound the critic's output v by c tanh(v/c), with this c. A last resort; 0 turns it off."""
    ema: float = 0.999
    """Decay of the generator's moving average, which samples are drawn from; 0 turns averaging off."""

    network: NetworkName = "mlp"
    """Pair of networks: mlp works for data of any shape, the others for square images: dcgan and upconv (the
    fastest), resnet, and r3gan (slow steps; --preset color has its recipe)."""
    generator: str = ""
    """Your own generator as FILE.py:NAME or package.module:NAME: a class, a function that returns a network, or a
    network. Python also accepts these objects."""
    critic: str = ""
    """Your own critic as FILE.py:NAME or package.module:NAME."""
    conditional: bool = False
    """Train on class labels: generate samples of a chosen class (the critic is a projection critic)."""
    conditional_on: str = ""
    """Categorical column of a table to use as the class label; turns on --conditional."""
    latent: int | None = None
    """Dimension of the latent input. (default: twice the data's, at most 32)"""
    width: int | None = None
    """Width: units per hidden layer of an mlp, or base channels of the others. (default: 256 for mlp, 16 for resnet, 32
    for the others)"""
    depth: int = 2
    """Number of hidden layers of each mlp, or of residual blocks at each side of an r3gan."""
    critic_width: int | None = None
    """Width of the critic. (default: the same as --width)"""
    critic_depth: int | None = None
    """The same for the critic. Of an mlp with generator depth 0, samples are Gaussian; with critic depth 0 the critic
    sees only means. (default: the same as --depth)"""
    activation: ActivationName = "relu"
    """Activation function of both networks."""
    norm: NormName = "none"
    """Normalisation in the generator of a network for images; never over the batch."""
    spectral_norm: bool = False
    """Use spectral normalisation in every layer of the critic."""
    init: InitName = "default"
    """Weight initialisation: default (torch's), normal (standard deviation 0.02), orthogonal or xavier."""
    standardize: bool = True
    """Scale the data to mean 0 and standard deviation 1 for the networks."""

    log_every: int = 100
    """Steps between two lines of metrics.jsonl; each line is a mean over these steps."""
    sample_every: int = 1000
    """Steps between two pictures of samples; 0 draws only the last."""
    sample_count: int = 64
    """Number of samples in a picture of images; for vectors it is always 2,000."""
    checkpoint_every: int = 1000
    """Steps between two checkpoints; the last step always has one."""
    keep_checkpoints: int = 2
    """Number of recent checkpoints to keep on disk."""
    evaluate_every: int = 0
    """Steps between two evaluations during training, a multiple of --checkpoint-every; the best checkpoint is kept. 0
    turns evaluation off."""
    evaluate_metrics: str = "fid"
    """Metrics to evaluate during training, as in `fgan evaluate --metrics`; the first one decides which checkpoint is
    best. "auto" is fid for pictures; for points, of which fid sees only means and covariances, modes-kl where clusters
    are known, else js."""
    evaluate_n: int = 2000
    """Number of samples per evaluation during training."""

    data_dir: str | None = None
    """Folder with mnist, used before downloading. (default: $FGAN_DATA, then the download cache)"""
    image_size: int | None = None
    """Side length in pixels; pictures from a folder, .zip or .tar.gz are resized to it. (default: 32)"""
    strict: bool = False
    """Stop if anything would be left out: an unreadable picture, further frames, an unsupported format, a broken
    link."""
    frames: FramesName | None = None
    """Frames to use of animations and multi-page pictures: first or all. (default: first, with a note)"""
    background: str = "auto"
    """Colour behind transparent pictures: white, black, grey, #rrggbb, or auto (white, unless most pictures would
    vanish on it)."""
    value_range: str = "type"
    """Pixel values that become black and white: type (0 to 255, 0 to 65535, 0 to 1), data (minimum and maximum of the
    data), or LOW,HIGH."""
    split: SplitName = "stratified"
    """How a tenth of the data is held out: stratified (the same share of each class) or shuffled (ignores classes; used
    by older runs)."""
    columns: str = ""
    """Columns of the table to use, separated by commas. (default: all)"""
    drop: str = ""
    """Columns of the table to leave out, such as ids, separated by commas."""
    numbers: str = ""
    """Columns to treat as numbers, separated by commas. (default: detected; whole numbers with at most 20 distinct
    values count as categories)"""
    categories: str = ""
    """Columns to treat as categories, separated by commas, such as zip codes. (default: detected)"""
    missing: MissingName = "keep"
    """Missing values in a table: keep learns where they occur, drop removes these rows, refuse stops with an error."""
    separator: str = ""
    """Separator of a text file: comma, semicolon, tab, pipe or space. (default: detected)"""
    decimal: str = ""
    """Decimal sign of a text file: point or comma. (default: detected)"""
    thousands: str = ""
    """Thousands sign of a text file: comma, point, apostrophe or space. (default: detected)"""
    encoding: str = ""
    """Encoding of a text file, such as utf-8 or cp1252. (default: detected)"""
    no_header: bool = False
    """The text file has no header line; columns are named column 0, column 1 and so on."""
    device: DeviceName = "auto"
    """Device; auto uses a GPU if there is one."""
    compile: CompileName = "auto"
    """Compile the training step: on, off, or auto (only if the run is long enough to gain from it)."""
    precision: PrecisionName = "auto"
    """Numbers that the networks multiply in training: float32, bfloat16 (half the bytes; losses, weights and samples
    stay float32), or auto (bfloat16 for pictures from 16 x 16, on processors with bfloat16 matrix units)."""

    def __post_init__(self) -> None:
        """Check every value once, before anything is written."""
        for name in ("generator", "critic"):
            if getattr(self, name) not in ("", tyro.MISSING):
                from fgan.networks.own import refer_to  # needs torch

                object.__setattr__(self, name, refer_to(getattr(self, name), name))
        for name, hint in hints_of(type(self)).items():
            value = plain_number(getattr(self, name))
            object.__setattr__(self, name, value)
            # The command line builds a recipe without data first, to show its values in --help.
            if value is not tyro.MISSING:
                check_type(name, hint, value)
                check_range(name, value)
        if self.conditional_on:
            object.__setattr__(self, "conditional", True)
        self._require(
            "evaluate_every",
            self.evaluate_every % self.checkpoint_every == 0,
            f"a multiple of --checkpoint-every ({self.checkpoint_every}; change either)",
        )
        self.load_options()
        checked_seed(self.seed)
        for name in ("lr", "critic_lr"):
            value = getattr(self, name)
            self._require(name, value is None or (value > 0 and is_finite(value)), "a positive number")
        for name in ("beta1", "beta2", "ema"):
            self._require(name, 0 <= getattr(self, name) < 1, "at least 0 and below 1")

    def _require(self, name: str, holds: bool, rule: str) -> None:
        if not holds:
            raise refused(name, rule, getattr(self, name))

    def load_options(self) -> LoadOptions:
        """Return the options for loading the data.

        Raises:
            DataError: for an unknown value.
        """
        table = {field.name: getattr(self, field.name) for field in dataclasses.fields(TableOptions)}
        pictures = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(LoadOptions)
            if field.name != "table"
        }
        return LoadOptions(**pictures, table=TableOptions(**table))

    def to_json(self, loaded: object = None) -> str:
        """Return it as the content of `config.json`.

        Args:
            loaded: a record of how the data were read, as JSON types; stored with the recipe but not part of it.
        """
        values = dataclasses.asdict(self) | ({LOADED: loaded} if loaded else {})
        return json.dumps(values, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, origin: str) -> TrainConfig:
        """Read the result of `to_json`.

        Args:
            text: the JSON.
            origin: its name in error messages.

        Raises:
            RunError: if it is not valid JSON, has an unknown field, or a value out of range.

        >>> TrainConfig.from_json(TrainConfig(data="ring8").to_json(), "here").data
        'ring8'
        """
        return cls.from_values(parse_json(text, origin, RunError), origin)

    @classmethod
    def from_values(cls, values: Any, origin: str) -> TrainConfig:  # noqa: ANN401 - any JSON
        """Read the JSON value that `to_json` wrote; see `from_json`."""
        if not isinstance(values, dict) or "data" not in values:
            raise RunError(f'{origin} must be a JSON object with the key "data"; got {str(values)[:60]!r}.')
        if "library_name" in values:  # of `fgan export --to hub`
            raise RunError(
                f"{origin} describes an exported generator, not a run. Open it with fgan.load(FOLDER), `fgan sample`, "
                "`fgan export` or `fgan evaluate --against DATA`. For other commands, draw samples first: "
                "fgan sample FOLDER --n 10000 --out samples.npy."
            )
        values = {name: value for name, value in values.items() if name != LOADED}
        if "strict" in values:  # a whole recipe: runs shuffled before they wrote it down
            values.setdefault("split", "shuffled")
        if "log_every" in values:  # likewise: none was compiled
            values.setdefault("compile", "off")
            values.setdefault("precision", "float32")
        for name in ("generator", "critic"):
            if isinstance(target := values.get(name), str) and target:
                from fgan.networks.own import Recorded  # needs torch

                values[name] = Recorded(target)
        names = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            if name not in names:
                raise RunError(f'{origin} has the unknown field "{name}".{did_you_mean(name, names)}')
        try:
            return cls(**values)
        except FganError as error:
            raise RunError(f"{origin}: {error}") from error

    @classmethod
    def read(cls, path: Path) -> TrainConfig:
        """Read a `config.json`.

        Raises:
            RunError: if it does not exist or cannot be read.
        """
        return cls.from_values(read_json(path, RunError), str(path))

    def differences(self, other: TrainConfig) -> list[str]:
        """Return the differences to another config that would change the run, one line each."""
        return [
            f"{field.name}: {getattr(self, field.name)!r} there, {getattr(other, field.name)!r} here"
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != getattr(other, field.name)
            and not self._may_change(field.name, other)
        ]

    def determining(self) -> dict[str, bool | str | float | None]:
        """Return the settings that determine what a step computes, as JSON types; of custom networks, that they are."""
        return {
            field.name: bool(value) if field.name in ("generator", "critic") else value
            for field in dataclasses.fields(self)
            if field.name not in MAY_CHANGE_ON_RESUME
            for value in [getattr(self, field.name)]
        }

    def edits(self, recorded: Mapping[str, object]) -> list[str]:
        """Return what was changed since `determining` was recorded, one line each; older versions had fewer fields."""
        now = self.determining() | {"data": self.data}  # only recorded of data without content
        return [
            f"{name}: {recorded[name]!r} in training, {value!r} now"
            for name, value in now.items()
            if name in recorded and recorded[name] != value
        ]

    def unused(self) -> list[str]:
        """Return the flags for fgan's own networks that custom networks make ineffective."""
        own = {player for player in OF_OWN_NETWORKS if getattr(self, player)}
        idle = [name for player in own for name in OF_OWN_NETWORKS[player]]
        idle += OF_BOTH_NETWORKS if len(own) == 2 else []
        return [
            f"--{field.name.replace('_', '-')}"
            for field in dataclasses.fields(self)
            if field.name in idle and getattr(self, field.name) != field.default
        ]

    def _may_change(self, name: str, other: TrainConfig) -> bool:
        if name in ("generator", "critic"):  # a source that was edited or moved; not one for none
            return bool(getattr(self, name)) and bool(getattr(other, name))
        return name in MAY_CHANGE_ON_RESUME


def loaded_record(path: Path) -> dict[str, Any]:
    """Return the record of how the data were read that a `config.json` holds; empty if it holds none.

    Raises:
        RunError: if the file is damaged.
    """
    values = read_json(path, RunError)
    record = values.get(LOADED) if isinstance(values, dict) else None
    return record if isinstance(record, dict) else {}


def require_settings(names: Iterable[str]) -> None:
    """Refuse names that are not fields of `TrainConfig`.

    Raises:
        FganError: with the nearest existing name.
    """
    fields = [field.name for field in dataclasses.fields(TrainConfig)]
    for name in names:
        if name not in fields:
            raise FganError(f'unknown setting "{name}".{did_you_mean(name, fields)}')


OF_OWN_NETWORKS = {"generator": ["norm"], "critic": ["critic_width", "critic_depth", "spectral_norm"]}
"""Fields that apply only to fgan's own generator and critic."""
OF_BOTH_NETWORKS = ["network", "width", "depth", "activation", "init"]
LOADED = "loaded"
"""Key of `config.json` for the record of how the data were read."""
MAY_CHANGE_ON_RESUME = frozenset(
    {
        "steps",
        "sample_every",
        "keep_checkpoints",
        "data_dir",
        "data",
        "device",
        "compile",
        "precision",
        "strict",
        "split",
    }
)
"""Fields that may change on resuming: they do not determine what a step computes, but for `steps` with a cooldown; data
are recognised by content."""
