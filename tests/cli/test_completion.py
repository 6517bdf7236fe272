"""What a shell offers is what the command line takes."""

import re
import shutil
import subprocess

import pytest

from fgan import cli
from fgan.cli import VERBS
from fgan.cli.completion import completions_of
from fgan.divergences import divergence

MENTIONED = {
    "train": {"--metrics"},
    "push": {"--to"},
    "sample": {"--evaluate-every"},
    "export": {"--evaluate-every"},
    "evaluate": {"--evaluate-every"},
}
"""Flags of other verbs that a help text speaks of."""
DRIVER = """
source completion.bash
for line in "$@"; do
  COMP_LINE=$line COMP_POINT=${#line} COMP_WORDS=($line) COMP_CWORD=1
  _fgan
  echo "$line|${COMPREPLY[*]}"
done
complete -p fgan
"""


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """A folder with the script of each shell, and a run."""
    folder = tmp_path_factory.mktemp("scripts")
    for shell in ("bash", "zsh", "fish"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("fgan.cli.completion.print_out", (folder / f"completion.{shell}").write_text)
            assert cli.main(["completion", shell]) == 0
    (folder / "runs" / "mine").mkdir(parents=True)
    (folder / "runs" / "mine" / "config.json").write_text("{}")
    (folder / "runs" / "other").mkdir()
    return folder


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_bash_offers_verbs_flags_and_values(scripts):
    wanted = {
        "fgan co": "compare completion",
        "fgan train --pres": "--preset",
        "fgan train --preset ": "auto default mnist-small mnist-dcgan color-small color "
        "stacked-mnist cifar-resnet table original",
        "fgan train --preset=mn": "mnist-small mnist-dcgan",
        "fgan train moo": "moons",
        "fgan train moons --link s": "soft-hinge",
        "fgan train moons --resume --lr-": "--lr-fade",
        "fgan train moons --log-to tensorboard,w": "tensorboard,wandb",
        "fgan compare ring8 --divergences kl,rev": "kl,reverse-kl",
        "fgan cite alpha:0": "0.5 0.9",
        "fgan sample runs/": "runs/mine runs/mine runs/other",
        "fgan report ": "runs/mine completion.bash completion.fish completion.zsh runs",
        "fgan train --steps ": "",
        "fgan nothing ": "",
    }
    result = subprocess.run(
        ["bash", "--norc", "-c", DRIVER, "bash", *wanted],
        cwd=scripts,
        capture_output=True,
        text=True,
        check=True,
    )
    *lines, registered = result.stdout.splitlines()
    found = dict(line.split("|") for line in lines)
    assert {line: sorted(offered.split()) for line, offered in found.items()} == {
        line: sorted(offered.split()) for line, offered in wanted.items()
    }
    assert registered == "complete -F _fgan fgan" and not result.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_take_their_script(scripts, shell):
    text = (scripts / f"completion.{shell}").read_text()
    assert all(verb in text for verb in VERBS) and "mnist-dcgan" in text and "soft-hinge" in text
    if shell == "fish":
        assert all(line.count("'") % 2 == 0 for line in text.splitlines())
    if shutil.which(shell):
        subprocess.run([shell, "-n", scripts / f"completion.{shell}"], check=True)


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "paper"])
def test_the_flags_are_those_of_help(verb, capsys):
    with pytest.raises(SystemExit):
        cli.main([verb, "--help-all"])
    told = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out)))
    known = completions_of(verb)
    offered = {*known.flags, *known.switches}
    ours = {name.replace("--no-", "--", 1) for name in offered}
    assert {name.replace("--no-", "--", 1) for name in told} - ours <= MENTIONED.get(verb, set())
    if verb != "compare":  # a worker has a help of its own
        assert offered <= told


def test_divergences_that_are_offered_are_divergences():
    for name in completions_of("train").flags["--divergence"]:
        divergence(name)
