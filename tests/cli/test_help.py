"""`--help` fits a screen, `--help-all` hides nothing, and mistakes are told in a sentence."""

import importlib
import re
import shlex
from functools import partial

import pytest

from fgan import cli
from fgan.cli import EXAMPLES, GROUPS, VERBS
from fgan.cli.arguments import flags_of, read
from fgan.cli.compare import WORKER_HELP, CompareCommand, WorkerCommand
from fgan.cli.help import GROUPS as HEADINGS
from fgan.cli.help import METAVARS, Page, metavar
from fgan.cli.paper import PAGES, MnistCommand, ToyCommand
from fgan.cli.tables import TableFlags
from fgan.cli.train import TrainCommand
from fgan.errors import FganError
from fgan.load_options import LoadOptions
from fgan.training.config import TrainConfig


def commands():
    """Each verb's arguments before its flags, its command and its page."""
    for verb in VERBS:
        module = importlib.import_module(f"fgan.cli.{verb}")
        if verb == "paper":
            yield ["paper", "toy"], ToyCommand, PAGES["toy"]
            yield ["paper", "mnist"], MnistCommand, PAGES["mnist"]
        else:
            own = [
                one
                for one in vars(module).values()
                if isinstance(one, type) and one.__module__ == module.__name__
            ]
            (command,) = [one for one in own if one.__name__.endswith("Command") and one is not WorkerCommand]
            yield [verb], command, module.HELP
    yield ["compare", "--worker", "x"], WorkerCommand, WORKER_HELP


EACH = pytest.mark.parametrize(
    ("words", "command", "page"), [pytest.param(*one, id=" ".join(one[0])) for one in commands()]
)


def page_of(capsys, monkeypatch, *words):
    monkeypatch.setenv("COLUMNS", "80")
    try:
        assert cli.main([*words]) == 0
    except SystemExit as exit_:
        assert not exit_.code
    return capsys.readouterr().out


@EACH
def test_help_fits_a_screen(capsys, monkeypatch, words, command, page):
    lines = page_of(capsys, monkeypatch, *words, "--help").splitlines()
    assert len(lines) <= 60 and max(map(len, lines)) <= 80, max(lines, key=len)
    assert lines[0].startswith(f"usage: {page.verb}") and "Examples:" in lines


@EACH
def test_common_flags_exist_and_come_first(capsys, monkeypatch, words, command, page):
    known = [flag.name for flag in flags_of(command) if not flag.positional]
    assert set(page.common) <= set(known) and len(set(page.common)) == len(page.common) <= 12
    text = page_of(capsys, monkeypatch, *words, "--help")
    listed = re.findall(r"^  (--[\w-]+)", text, flags=re.M)
    assert [flag.replace("--no-", "--", 1) for flag in listed] == list(page.common) or not page.common
    hidden = len(known) - len(page.common or known)
    assert (f"`{page.verb} --help-all` lists {hidden} more." in text) == bool(hidden)


@EACH
def test_help_all_has_every_flag_once(capsys, monkeypatch, words, command, page):
    text = page_of(capsys, monkeypatch, *words, "--help-all")
    listed = re.findall(r"^  (--[\w-]+)", text, flags=re.M)
    names = [flag.name for flag in flags_of(command) if not flag.positional]
    assert sorted(listed) == sorted([*names, "--help", "--help-all"])
    for flag in flags_of(command):
        assert not flag.is_switch or f"{flag.name}, --no-{flag.name[2:]}" in text
        assert all(choice in text for choice in flag.choices)
    assert "None" not in text and "{" not in text and max(map(len, text.splitlines())) <= 80


@EACH
def test_every_flag_has_a_help_that_ends_and_a_word_for_its_value(words, command, page):
    for flag in flags_of(command):
        assert re.search(r"[.)]$", flag.text), (flag.name, flag.text)
        assert "if not given" not in flag.text and "unless told" not in flag.text, flag.name
        if flag.default is None and not flag.positional:
            assert "(default: " in flag.text, f"{flag.name}: what happens without it?"
        if not flag.positional and not flag.is_switch:
            assert re.fullmatch(r"[A-Z|. ]+|FILE\.py:NAME", metavar(flag)), metavar(flag)


@EACH
def test_examples_are_commands_that_parse(words, command, page):
    assert 1 <= len(page.examples) <= 3
    for example in page.examples:
        program, verb, *rest = shlex.split(example.partition(" >")[0], comments=True)
        assert program == "fgan" and verb in VERBS
        known = {flag.name: flag for flag in flags_of(command)}
        if example.startswith(page.verb) and "--plan" not in rest:
            rest = rest[1:] if verb == "paper" else rest
            has_recipe = command in (TrainCommand, CompareCommand)
            default = partial(command, recipe=TrainConfig(data="moons")) if has_recipe else None
            assert isinstance(read(command, rest, page, default), command)
            assert all(word in known for word in rest if word.startswith("--"))


def test_groups_and_words_are_of_flags_that_exist():
    of_class = {kind.__name__: kind for kind in (TrainConfig, TableFlags, LoadOptions)}
    for name, flag in HEADINGS:
        assert flag in {one.name for one in flags_of(of_class[name])}
    everywhere = {flag.name for _, command, _ in commands() for flag in flags_of(command)}
    assert set(METAVARS) <= everywhere, set(METAVARS) - everywhere


def test_the_defaults_are_those_of_the_preset(capsys, monkeypatch):
    assert "(default: 20000)" in page_of(capsys, monkeypatch, "train", "--preset", "mnist-dcgan", "--help")
    every = page_of(capsys, monkeypatch, "train", "--preset", "mnist-dcgan", "--help-all")
    assert "(default: 32)" in re.sub(r"\s+", " ", every.partition("--width N")[2].partition("--depth")[0])


def test_the_overview_groups_all_verbs_with_an_example_each(capsys, monkeypatch):
    text = page_of(capsys, monkeypatch, "--help")
    assert list(GROUPS) == ["Train", "Compare", "Measure", "Learn more"] == list(EXAMPLES)
    assert all(re.search(rf"^  {verb} ", text, flags=re.M) for verb in VERBS)
    assert all(example in text and example.split()[1] in GROUPS[group] for group, example in EXAMPLES.items())
    assert len(text.splitlines()) <= 60 and max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("train", "DATA is missing."),
        ("train moons --stepz 3", 'unknown flag --stepz. Did you mean "--steps"?'),
        ("train moons --steps many", '--steps must be a whole number; got "many".'),
        ("train moons --lr=fast", '--lr must be a number; got "fast".'),
        ("train moons --steps", "--steps needs a value: --steps STEPS."),
        ("train moons --preset", "--preset needs a value: --preset NAME."),
        ("train moons --objective relativistc", 'Did you mean "relativistic"?'),
        ("train moons extra", "too many arguments: extra."),
        ("estimate a.csv", "Q is missing."),
        ("sample run --interpolate 1", "--interpolate"),
        ("completion tcsh", "bash"),
        ("paper tyo", 'Did you mean "toy"?'),
        ("evaluate nosuch", "nosuch does not exist."),
        ("trian", 'unknown verb "trian". Did you mean "train"?'),
    ],
)
def test_mistakes_take_at_most_three_lines(capsys, words, said):
    assert cli.main(words.split()) == 2
    text = capsys.readouterr().err
    assert said in text and len(text.splitlines()) <= 3 and "│" not in text and "usage" not in text, text


def test_an_underscore_is_a_hyphen_and_a_value_may_begin_with_a_dash():
    page = Page("fgan train", examples=("fgan train moons",))
    made = read(TrainCommand, ["moons", "--batch_size", "7", "--seed=3", "--no-standardize"], page)
    assert (made.recipe.batch_size, made.recipe.seed, made.recipe.standardize) == (7, 3, False)
    with pytest.raises(FganError, match=r"\(--seed\) must be"):
        read(TrainCommand, ["moons", "--seed", "-1"], page)
