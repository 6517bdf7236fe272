"""How a recipe names a user's network, and when that name is followed."""

import copy
import pickle
import sys
from pathlib import Path

import pytest
from torch import nn

import fgan
from fgan.frame import Frame
from fgan.networks.own import Recorded, Reference, own_critic, own_generator, refer_to
from fgan.networks.own.sources import hash_of

NETS = '''"""Mine."""
from torch import nn

print("imported")


class Critic(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(2, 1))


made = Critic()
number = 3
'''


class Critic(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(2, 1))


@pytest.fixture(autouse=True)
def at_home(tmp_path, monkeypatch):
    """Stand in a folder with a file of networks, as a user of this machine who has named none before."""
    (tmp_path / "nets.py").write_text(NETS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FGAN_CACHE", str(tmp_path / "cache"))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def build(text):
    return own_critic(text, Frame((2,)), 0)


def recorded(text):
    return Recorded(str(text))


@pytest.mark.parametrize("named", ["nets.py:Critic", "nets:Critic", "nets.py:made"])
def test_a_name_is_recorded_with_a_hash_and_found_again_from_elsewhere(
    named, at_home, tmp_path_factory, monkeypatch
):
    text = refer_to(named, "critic")
    where, _, name = named.partition(":")
    where = str(at_home / where) if where.endswith(".py") else where
    assert text == f"{where}:{name}@{hash_of(at_home / 'nets.py')}"
    build(text)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    for module in [one for one in sys.modules if "nets" in one]:
        del sys.modules[module]
    assert isinstance(build(recorded(text)).network, nn.Sequential)


def test_what_only_a_folder_names_is_not_run(at_home, capfd):
    text = recorded(f"{at_home / 'nets.py'}:Critic@{hash_of(at_home / 'nets.py')}")
    for target in (text, recorded("nets:Critic@" + 16 * "0"), recorded("os:abort"), recorded("nonsense")):
        with pytest.raises(fgan.FganError, match=r"not named this code.*If you trust it, name it"):
            build(target)
    assert capfd.readouterr() == ("", "")
    build(refer_to("nets.py:Critic", "critic"))
    assert capfd.readouterr() == ("", "imported\n")  # standard output is for results
    build(text)


def test_a_copy_elsewhere_may_be_named_in_its_place(at_home):
    text = recorded(f"/nowhere/nets.py:Critic@{hash_of(at_home / 'nets.py')}")
    build(refer_to("nets.py:Critic", "critic"))
    build(text)


def test_a_source_that_changed_or_is_gone_is_said(at_home):
    text = refer_to("nets.py:Critic", "critic")
    build(text)
    file = at_home / "nets.py"
    file.write_text(NETS.replace("Linear(2, 1)", "Linear(2, 1, bias=False)"))
    with pytest.raises(fgan.FganError, match=r"has changed since.*--critic FILE.py:NAME"):
        build(recorded(text))
    file.unlink()
    with pytest.raises(
        fgan.FganError, match=r"no longer exists.*train\(\.\.\., resume=True, critic=\.\.\.\)"
    ):
        build(recorded(text))
    with pytest.raises(fgan.FganError, match=r"no longer exists.*fgan\.load\(path, generator=\.\.\.\)"):
        own_generator(recorded(text), Frame((1,)), 2, 0, wants_latent=True)


def test_only_what_a_file_defines_decides_its_hash(at_home):
    file = at_home / "nets.py"
    before = hash_of(file)
    file.write_text(NETS.replace("Mine", "Yours") + '\nif __name__ == "__main__":\n    print(1)\n')
    assert hash_of(file) == before
    file.write_text(NETS.replace("number = 3", "number = 4"))
    assert hash_of(file) != before


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("nets.py:Critik", 'no "Critik".*Did you mean "Critic"'),
        ("nets.py:nm", r'no "nm" in [^.]*\.py\.$'),  # no module that the file imports
        ("nets.py:number", "must be a network.*got an object of type int"),
        ("nowhere.py:Critic", "there is no file"),
        ("nowhere:Critic", 'no module "nowhere"'),
        ("nets", "must be FILE.py:NAME or package.module:NAME"),
        ("nets.py", "must be FILE.py:NAME or package.module:NAME"),
        ("a b:Critic", "must be FILE.py:NAME or package.module:NAME"),
    ],
)
def test_a_name_that_leads_nowhere_is_said(named, said):
    with pytest.raises(fgan.FganError, match=said):
        build(refer_to(named, "critic"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("def", "is not valid Python"),
        ("1 / 0", "raised ZeroDivisionError"),
        ("raise SystemExit(3)", "raised SystemExit"),
        (
            'import fgan\nfgan.train("ring8", critic="nets.py:Critic")',
            "starts a run when it is imported.*below",
        ),
    ],
)
def test_a_file_that_cannot_be_imported_is_said(at_home, content, said):
    (at_home / "nets.py").write_text(content)
    with pytest.raises(fgan.FganError, match=f"(?s){said}"):
        build(refer_to("nets.py:Critic", "critic"))
    assert not any("nets" in name for name in sys.modules)


def test_classes_are_named_by_where_they_are_defined_and_others_are_handed_over():
    digest = hash_of(Path(__file__))
    assert refer_to(Critic, "critic") == f"{__name__}:Critic@{digest}"
    assert refer_to(Critic(), "critic") == f"handed over:Critic@{digest}"
    assert refer_to(lambda: Critic(), "critic") == f"handed over:lambda@{digest}"
    assert refer_to(nn.Sequential(nn.Linear(2, 1)), "critic") == "handed over:Sequential"
    assert refer_to("", "critic") == ""


def test_what_was_handed_over_is_asked_for_again():
    with pytest.raises(fgan.FganError, match=r"passed in Python.*Pass it again: fgan.train"):
        build(recorded(refer_to(Critic(), "critic")))


def test_a_reference_stays_one_when_it_is_copied_and_sent():
    text = refer_to(lambda: Critic(), "critic")
    assert copy.deepcopy(text) is text
    sent = pickle.loads(pickle.dumps(text))
    assert isinstance(sent, Reference) and sent == text and isinstance(sent.found("critic")(), nn.Sequential)
    named = pickle.loads(pickle.dumps(refer_to("nets.py:Critic", "critic")))
    assert named.given is None and build(named)


def test_a_network_is_kept_as_it_was_when_it_was_named():
    mine = Critic()
    text = refer_to(mine, "critic")
    mine[0].weight.data.fill_(7.0)
    assert not (build(text).network[0].weight == 7.0).any()
