"""The result of a comparison: a ranking of groups, and the outcome of each run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fgan.errors import DataError, RunError
from fgan.evaluation.basis import BESIDE, explained, named
from fgan.evaluation.stored import check_metrics, with_nan
from fgan.experiments.comparison import ComparisonDirectory
from fgan.experiments.members import Outcome
from fgan.experiments.names import check_member
from fgan.experiments.ranking import Place
from fgan.experiments.run import Run
from fgan.experiments.verdict import how_tested
from fgan.files import save_file
from fgan.json_files import read_json, shaped
from fgan.output import aligned, filled, html_lines, html_table, jsonable

if TYPE_CHECKING:
    from fgan.data.animation import Animation
    from fgan.figure import Figure

RANKING = "ranking.json"


@dataclass(frozen=True)
class Comparison:
    """The result of a comparison.

    Args:
        path: its folder.
        by: the metric that ranks.
        places: the groups, best first.
        outcomes: the outcome of each run.
        features: the name of the extractor whose features were compared; "" in rankings of older versions.
        verdict: the result in one sentence; "" in rankings of older versions.
    """

    path: str
    by: str
    places: list[Place]
    outcomes: dict[str, Outcome]
    features: str = ""
    verdict: str = ""

    @property
    def runs(self) -> dict[str, Run]:
        """The runs by name, finished or not."""
        return {name: Run(Path(self.path) / name) for name in self.outcomes}

    @property
    def best(self) -> Run:
        """The run of the first seed in the best group; `table` shows which groups are tied with it.

        Raises:
            RunError: if no group could be ranked.
        """
        if not self.places:
            raise RunError(f"no run of {self.path} could be ranked by {self.by}; table() says why.")
        members, _ = ComparisonDirectory(self.path).planned()
        first = (member.name for member in members if member.group == self.places[0].group)
        return next(self.runs[name] for name in first if self.outcomes[name].state == "finished")

    @property
    def unfinished(self) -> list[str]:
        """The runs that were stopped and can be resumed."""
        return self.ended("stopped")

    def ended(self, state: str) -> list[str]:
        """Return the runs that ended in this state."""
        return [name for name, outcome in self.outcomes.items() if outcome.state == state]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return jsonable(self)

    @classmethod
    def from_dict(cls, values: Any, origin: str = "the ranking") -> Comparison:  # noqa: ANN401 - any JSON
        """Return what `to_dict` described.

        Args:
            values: what `fgan.json_files.parse_json` returned; anyone may have written it.
            origin: its name in errors.

        Raises:
            DataError: if it has another shape, or names runs outside its folder.
        """
        if isinstance(values, dict) and isinstance(values.get("places"), list):
            places = [
                one | {"metrics": with_nan(one.get("metrics"))} if isinstance(one, dict) else one
                for one in values["places"]
            ]
            values = values | {"places": places}
        found = shaped(values, Comparison, origin)
        for place in found.places:
            check_metrics([*place.metrics, found.by], origin)
            if found.by not in place.metrics:
                raise DataError(f'{origin} is damaged ("{place.group}" has no {found.by}, which ranks).')
        for name in found.outcomes:
            check_member(name, origin)
        return found

    def write(self) -> None:
        """Write it into its folder as `ranking.json`.

        Raises:
            DataError: if it cannot be written.
        """
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        save_file(Path(self.path) / RANKING, f"{text}\n".encode(), "A ranking")

    @classmethod
    def read(cls, path: str | Path) -> Comparison:
        """Read what `write` left in a folder.

        Raises:
            RunError: if there is no ranking, or it is damaged.
        """
        file = Path(path) / RANKING
        if not file.exists():
            raise RunError(
                f"{path} has no {RANKING}: the comparison is not finished. Continue it with "
                "`fgan compare --resume`, or load one of its runs."
            )
        try:
            values = read_json(file)
            return cls.from_dict(
                values | {"path": str(path)} if isinstance(values, dict) else values, str(file)
            )
        except DataError as error:
            raise RunError(f"{error} `fgan compare --resume` writes it again.") from error

    def plot(self) -> Figure:
        """Return a figure: the ranking metric of each group with its interval."""
        from fgan.experiments.plots import plot_comparison

        return plot_comparison(self)

    def time_lapse(self, fps: float = 8) -> Animation:
        """Return an animation with the first run of every group side by side; see `Run.time_lapse`.

        Raises:
            RunError: if no run has pictures.
        """
        from fgan.training.pictures import side_by_side

        members, _ = ComparisonDirectory(self.path).planned()
        first = {member.group: member.name for member in reversed(members)}
        return side_by_side({group: self.runs[name] for group, name in reversed(first.items())}, fps)

    def __repr__(self) -> str:
        """Write its table."""
        return self.table()

    def _repr_html_(self) -> str:
        return html_lines(self._above()) + html_table(self._rows()) + html_lines(self._below(verdict=True))

    def table(self, *, verdict: bool = True) -> str:
        """Return the ranking as text: what decides, the groups, the runs that are not ranked, the result in a sentence.

        Args:
            verdict: whether to end with that sentence.
        """
        above, below = ([filled(line) for line in lines] for lines in (self._above(), self._below(verdict)))
        return "\n".join([*above, *aligned(self._rows()), *(["", *below] if below else [])])

    @property
    def basis(self) -> str:
        """What decides the ranking, and what it cannot see."""
        better = f", {self.places[0].metrics[self.by].better} is better" if self.places else ""
        return (
            f"Ranked by {named(self.by, self.features)}{better}. {explained(self.by, self.features)}".strip()
        )

    @property
    def test(self) -> str:
        """How the ranking was tested; "" if it has no pair."""
        return how_tested(self.places)

    @property
    def beside(self) -> list[str]:
        """Numbers to show beside the one that ranks."""
        return [
            name for name in BESIDE.get(self.by, ()) if all(name in place.metrics for place in self.places)
        ]

    def _above(self) -> list[str]:
        return [self.basis, ""]

    def _rows(self) -> list[tuple[str, ...]]:
        rows = [("rank", "", f"{self.by} [95%]", *self.beside, "seeds", "ties")]
        for place in self.places:
            rows.append(
                (
                    str(place.rank),
                    place.group,
                    place.metrics[self.by].text(),
                    *(f"{place.metrics[name].value:.4g}" for name in self.beside),
                    str(place.seeds),
                    place.letters or ", ".join(place.tied_with) or "-",
                )
            )
        return rows

    def _below(self, verdict: bool) -> list[str]:
        bad = [
            f"{name}: {outcome.state}{f', {outcome.reason}' if outcome.reason else ''}"
            for name, outcome in self.outcomes.items()
            if outcome.state != "finished" or outcome.reason
        ]
        return [*filter(None, [self.test]), *bad, *([self.verdict] if verdict and self.verdict else [])]
