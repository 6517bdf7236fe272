"""The complete recipe of a run as one flat record: the flags of the command line and the content of `config.json`."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin, get_type_hints

import tyro

from fgan.errors import FganError, RunError, did_you_mean
from fgan.load_options import FramesName, LoadOptions, MissingName, SplitName, TableOptions
from fgan.network_names import NETWORK_NAMES
from fgan.seeds import checked_seed, plain_number

LinkName = Literal["paper", "log-ratio", "soft-hinge"]
ObjectiveName = Literal[
    "plain", "tight", "relativistic", "reweighted", "wasserstein", "hinge", "least-squares"
]
GeneratorLossName = Literal["saturating", "non-saturating"]
ActivationName = Literal["relu", "leaky-relu", "tanh"]
NormName = Literal["none", "group"]
InitName = Literal["default", "normal", "orthogonal", "xavier"]
DeviceName = Literal["auto", "cpu", "cuda", "mps"]
CompileName = Literal["auto", "on", "off"]
if TYPE_CHECKING:
    NetworkName = str
else:
    NetworkName = Literal[NETWORK_NAMES]  # a file each, so no checker of types can know them


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """A complete recipe: the same config and seed give the same run."""

    data: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="DATA")]
    """What to learn from: digits, mnist, stacked-mnist, ring8, grid25, moons, paper-mixture, idx:DIR, a folder,
    .zip or .tar.gz of images, a .npy or .npz file, a table (.csv, .tsv, .parquet)."""
    divergence: str = "gan"
    """Any name that `fgan divergences` lists, a mixture of them, or an f such as "f(u)=(u-1)**4"."""
    link: LinkName | None = None
    """How the critic's output becomes the bound: by an activation like the paper's, output = log(p/q), or a soft
    hinge for an f with a kink. If not given, the first link of the divergence's card; but the soft hinge in the plain
    game with the non-saturating loss, and log-ratio for a smooth f in the relativistic one."""
    objective: ObjectiveName = "plain"
    """The game: the paper's bound; the tight bound; critics that compare pairs (RpGAN for any f); samples
    re-weighted by their ratio (KL-WGAN for any f); or a baseline that has no use for the divergence."""
    generator_loss: GeneratorLossName = "non-saturating"
    """What the generator minimises: the bound itself, or the paper's trick (section 3.2)."""
    generator_divergence: str | None = None
    """The divergence that the generator follows instead, through the critic's log-ratio."""
    single_step: bool = False
    """Move both players at once from where they stand (the paper's Algorithm 1)."""
    steps: int = 30_000
    """Generator steps."""
    seed: int = 0
    """Decides the initial weights and every random draw."""

    batch_size: int = 128
    """Samples of each kind that one step sees."""
    n_critic: int = 1
    """Critic steps for each generator step."""
    lr: float = 1e-3
    """Adam's learning rate, for both players."""
    beta1: float = 0.5
    """Adam's decay of the gradient's mean."""
    beta2: float = 0.99
    """Adam's decay of the gradient's mean square."""
    lr_fade: float = 0.0
    """Steps after which the learning rate has fallen to a half, as lr / (1 + step / lr_fade); 0 for never."""
    penalties: str = "r1:0.2:fade=2000,r2:0.2:fade=2000"
    """What the critic minimises besides, as NAME:WEIGHT[:every=STEPS][:fade=STEPS],... or none. Names: r1, r2,
    r1-approx, r2-approx, gp, gp-one-sided, dragan, noise, lecam."""
    augment: str = "none"
    """Change data and samples alike before the critic sees them, for small sets of pictures, as NAME[:PROBABILITY],...
    or none. Names: flip (samples may be mirrored), color, translation, cutout."""
    gradient_clip: float = 0.0
    """Largest norm of each player's gradient; a longer one is shortened. 0 for no limit."""
    critic_clamp: float = 0.0
    """Last resort: the critic's outputs v become c tanh(v/c) for this c; 0 for none."""
    ema: float = 0.999
    """Decay of the averaged generator that samples are drawn from; 0 turns it off."""

    network: NetworkName = "mlp"
    """The pair of networks: an mlp makes samples of any shape, dcgan and resnet square images."""
    generator: str = ""
    """A generator of your own in place of that: FILE.py:NAME or package.module:NAME of a class, a function that
    returns a network, or a network. In Python also these themselves."""
    critic: str = ""
    """A critic of your own, likewise."""
    conditional: bool = False
    """Make samples of a class: both networks see labels, and the critic projects on them."""
    conditional_on: str = ""
    """A column of categories of a table whose values are the classes; it makes a run conditional."""
    latent: int | None = None
    """Dimension of the generator's normal input; twice that of the data, at most 32, if not given."""
    width: int | None = None
    """Units of every hidden layer of an mlp, channels of a dcgan at half the side of the image, of a resnet at
    the whole; 256 (mlp), 32 (dcgan) and 16 (resnet) if not given."""
    depth: int = 2
    """Hidden layers of each mlp."""
    critic_width: int | None = None
    """Another width for the critic."""
    critic_depth: int | None = None
    """Another depth for the critic of mlps: a generator of depth 0 makes Gaussians, a critic of depth 0 sees means."""
    activation: ActivationName = "relu"
    """Between the layers of both networks."""
    norm: NormName = "none"
    """Normalisation in the generator of a dcgan or resnet; never over a batch."""
    spectral_norm: bool = False
    """Hold every layer of the critic at a largest singular value of 1."""
    init: InitName = "default"
    """How weights begin: as torch does, normal with spread 0.02, orthogonal, or Xavier's."""
    standardize: bool = True
    """Let the networks work in a frame where the data have mean 0 and spread 1."""

    log_every: int = 100
    """Steps between two lines of metrics.jsonl, each a mean over the steps since the last."""
    sample_every: int = 1000
    """Steps between two pictures; 0 for none but the last."""
    sample_count: int = 64
    """Samples in a picture of images; pictures of vectors show 2,000."""
    checkpoint_every: int = 1000
    """Steps between two checkpoints; the last step always has one."""
    keep_checkpoints: int = 2
    """How many of the newest regular checkpoints stay on disk."""
    evaluate_every: int = 0
    """Steps between two evaluations, each of a checkpoint: a multiple of checkpoint_every; 0 for none."""
    evaluate_metrics: str = "fid"
    """What is evaluated, as `fgan evaluate --metrics` takes it; the first decides which checkpoint is best."""
    evaluate_n: int = 2000
    """Samples that an evaluation looks at."""

    data_dir: str | None = None
    """Where to look for mnist (and stacked-mnist) before downloading it; else the folder named by $FGAN_DATA."""
    image_size: int | None = None
    """Pixels a side for a folder, .zip or .tar.gz of images; 32 if not given."""
    strict: bool = False
    """Refuse data of which something would be left out: a picture that cannot be read, further frames, a format that
    cannot be opened, a link that leads nowhere."""
    frames: FramesName | None = None
    """Of animations and of pictures with several pages: the first, or all. The first if not given, and said."""
    background: str = "auto"
    """What transparent pictures are laid on: white, black, grey, #rrggbb, or auto: white, unless most pictures would
    vanish on it."""
    value_range: str = "type"
    """Which values of pictures become black and white: type (0 to 255, 0 to 65535, 0 to 1), data (the smallest and
    the largest of the data), or LOW,HIGH."""
    split: SplitName = "stratified"
    """How a tenth is held out: of each class, or shuffled without regard to classes, as older runs did."""
    columns: str = ""
    """Columns of a table, separated by commas; all if not given."""
    drop: str = ""
    """Columns of a table that are left out, separated by commas, such as ids."""
    numbers: str = ""
    """Columns of a table that are numbers, separated by commas; whole numbers with at most 20 values are categories
    otherwise."""
    categories: str = ""
    """Columns of a table that are categories, separated by commas, such as zip codes."""
    missing: MissingName = "keep"
    """Cells of a table without a value: keep learns where they are, drop leaves such rows out, refuse stops."""
    separator: str = ""
    """Between the values of a text file: comma, semicolon, tab, pipe or space; found out if not given."""
    decimal: str = ""
    """The decimal sign of a text file: point or comma; found out if not given."""
    thousands: str = ""
    """The sign between thousands: comma, point, apostrophe or space; found out if not given."""
    encoding: str = ""
    """Of a text file, such as utf-8 or cp1252; found out if not given."""
    no_header: bool = False
    """The first line of a text file holds values; columns are then called column 0, column 1 and so on."""
    device: DeviceName = "auto"
    """Where to compute; auto takes a GPU where there is one."""
    compile: CompileName = "auto"
    """Compile the step for this machine: auto where a run is long enough to gain more seconds than that takes."""

    def __post_init__(self) -> None:
        """Check every value once, before anything is written."""
        for name in ("generator", "critic"):
            if getattr(self, name) not in ("", tyro.MISSING):
                from fgan.networks.own import refer_to  # needs torch

                object.__setattr__(self, name, refer_to(getattr(self, name), name))
        for name, hint in get_type_hints(type(self)).items():
            value = plain_number(getattr(self, name))
            object.__setattr__(self, name, value)
            # The command line builds a recipe without data first, to show its values in --help.
            if value is not tyro.MISSING and not _accepts(hint, value):
                raise FganError(f'"{name}" must be {_describe(hint)}; got {value!r}.')
        if self.conditional_on:
            object.__setattr__(self, "conditional", True)
        for name in ("steps", "batch_size", "n_critic", "log_every", "checkpoint_every", "evaluate_n"):
            self._require(name, getattr(self, name) >= 1, "at least 1")
        for name in ("latent", "width", "critic_width"):
            self._require(name, getattr(self, name) is None or getattr(self, name) >= 1, "at least 1")
        for name in ("depth", "critic_depth", "sample_every", "sample_count", "evaluate_every"):
            self._require(name, (getattr(self, name) or 0) >= 0, "at least 0")
        for name in ("lr_fade", "gradient_clip", "critic_clamp"):
            self._require(name, 0 <= getattr(self, name) < math.inf, "at least 0 and finite")
        self._require("keep_checkpoints", self.keep_checkpoints >= 1, "at least 1")
        self._require(
            "evaluate_every",
            self.evaluate_every % self.checkpoint_every == 0,
            f"a multiple of --checkpoint-every ({self.checkpoint_every}; change either)",
        )
        self.load_options()
        checked_seed(self.seed)
        self._require("lr", self.lr > 0 and math.isfinite(self.lr), "a positive number")
        for name in ("beta1", "beta2", "ema"):
            self._require(name, 0 <= getattr(self, name) < 1, "at least 0 and below 1")

    def _require(self, name: str, holds: bool, rule: str) -> None:
        if not holds:
            flag = name.replace("_", "-")
            raise FganError(f"--{flag} must be {rule}; got {getattr(self, name)}.")

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
    def from_json(cls, text: str, origin: str) -> TrainConfig:
        """Read the result of `to_json`.

        Args:
            text: the JSON.
            origin: its name in error messages.

        Raises:
            RunError: if it is not valid JSON, or has an unknown field.

        >>> TrainConfig.from_json(TrainConfig(data="ring8").to_json(), "here").data
        'ring8'
        """
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise RunError(
                f"{origin} is not valid JSON ({error}). Restore the file, or start a new run."
            ) from error
        if not isinstance(values, dict) or "data" not in values:
            raise RunError(f'{origin} must be a JSON object with the key "data"; got {str(text)[:60]!r}.')
        if "library_name" in values:  # of `fgan export --to hub`
            raise RunError(
                f"{origin} describes an exported generator, not a run. Open it with fgan.load(FOLDER), `fgan sample`, "
                "`fgan export` or `fgan evaluate --against DATA`. For other commands, draw samples first: "
                "fgan sample FOLDER --n 10000 --out samples.npy."
            )
        values.pop(LOADED, None)
        if "strict" in values:  # a whole recipe: runs shuffled before they wrote it down
            values.setdefault("split", "shuffled")
        if "log_every" in values:  # likewise: none was compiled
            values.setdefault("compile", "off")
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
        try:
            return cls.from_json(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise RunError(f"cannot read the config {path}: {error}.") from error

    def differences(self, other: TrainConfig) -> list[str]:
        """Return the differences to another config that would change the run, one line each."""
        return [
            f"{field.name}: {getattr(self, field.name)!r} there, {getattr(other, field.name)!r} here"
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != getattr(other, field.name)
            and not self._may_change(field.name, other)
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
    {"steps", "sample_every", "keep_checkpoints", "data_dir", "data", "device", "compile", "strict", "split"}
)
"""Fields that may change on resuming: they do not determine what a step computes; data are recognised by content."""


def _accepts(hint: Any, value: object) -> bool:  # noqa: ANN401 - a type hint has no type of its own
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    options = get_args(hint) or (hint,)
    if any(get_origin(option) is Literal for option in options):
        return any(_accepts(option, value) for option in options)
    if isinstance(value, bool):
        return bool in options
    return isinstance(value, options) or (float in options and isinstance(value, int))


def _describe(hint: Any) -> str:  # noqa: ANN401
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(map(str, get_args(hint)))
    kinds = get_args(hint) or (hint,)
    names = (
        _describe(kind) if get_origin(kind) else "null" if kind is type(None) else kind.__name__
        for kind in kinds
    )
    return " or ".join(names)
