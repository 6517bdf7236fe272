import math
import os
import subprocess
import sys
import types

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

import fgan
from fgan.errors import FganError
from fgan.evaluation.features import NAMES, Classifier, extractor_for, features_of, mismatch
from fgan.evaluation.features.cache import MOST_BYTES
from fgan.evaluation.features.shipped import SHIPPED, WEIGHTS, Borrowed, ShippedCNN


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FGAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "features"


def images(n=6, shape=(1, 8, 8)):
    random = torch.Generator().manual_seed(0)
    return torch.randint(256, (n, *shape), generator=random, dtype=torch.uint8)


def data_of(path, shape):
    """A data set of random images of a shape, from an array."""
    array = images(30, shape).permute(0, 2, 3, 1).numpy()
    import numpy as np

    np.save(path, array)
    return fgan.load_data(path)


def accuracy(name, source):
    extractor = ShippedCNN(name)
    predicted = torch.cat([extractor.logits(extractor(part)).argmax(1) for part in source.values.split(1000)])
    return (predicted == source.labels).double().mean().item()


def test_the_classifier_of_digits_is_right():
    assert accuracy("digits-cnn", fgan.load_data("digits").held_out) >= 0.97


@pytest.mark.slow
def test_the_classifier_of_mnist_is_right(real_data):
    assert accuracy("mnist-cnn", fgan.load_data("mnist").held_out) >= 0.993


def test_the_weights_that_ship_are_small():
    files = list(WEIGHTS.glob("*-cnn.safetensors"))
    assert {path.stem for path in files} == {"mnist-cnn", "digits-cnn", "cifar-cnn"}
    assert sum(path.stat().st_size for path in files) <= 5 * 2**20


@pytest.mark.parametrize(
    ("data", "name", "dimension"),
    [("digits", "digits-cnn", 64), ("ring8", "raw", 2), ("paper-mixture", "raw", 1)],
)
def test_the_data_choose_their_extractor(data, name, dimension):
    extractor = extractor_for(None, fgan.load_data(data))
    assert (extractor.name, extractor.dimension) == (name, dimension)
    assert mismatch(extractor, fgan.load_data(data)) is None


def test_mnist_and_stacked_mnist_choose_theirs(real_data):
    assert extractor_for(None, fgan.load_data("mnist")).name == "mnist-cnn"
    stacked = fgan.load_data("stacked-mnist")
    extractor = extractor_for("auto", stacked)
    x, labels = stacked.held_out.draw_labelled(300, torch.Generator().manual_seed(0))
    features = extractor((x * 255).byte())
    assert features.shape == (300, extractor.dimension) and extractor.classes == 1000
    assert mismatch(extractor, stacked) is None
    # Three digits rightly read: at least 0.993 cubed of them.
    assert (extractor.logits(features).argmax(1) == labels).double().mean() > 0.95


@pytest.mark.parametrize("shape", [(1, 5, 5), (3, 72, 72)])
def test_grey_and_large_images_are_seen_as_pixels(tmp_path, shape):
    extractor = extractor_for(None, data_of(tmp_path / "a.npy", shape))
    assert (extractor.name, extractor.dimension, extractor.sha256) == ("pixels", math.prod(shape), "")


@pytest.mark.parametrize("shape", [(3, 5, 5), (3, 32, 32), (3, 64, 64)])
def test_colour_pictures_borrow_the_features_of_cifar(tmp_path, shape):
    data = data_of(tmp_path / "a.npy", shape)
    extractor = extractor_for(None, data)
    assert extractor.name == "cifar-cnn at 32×32" and mismatch(extractor, data) is None
    assert not isinstance(extractor, Classifier)  # its classes are those of CIFAR-10, which these are not
    features = features_of(extractor, data.train.values, cache=False, say=print)
    assert features.shape == (len(data.train), 256) and bool(features.isfinite().all())


def test_a_picture_has_the_same_features_whatever_stands_beside_it():
    extractor = Borrowed(ShippedCNN("cifar-cnn"))
    values = images(20, (3, 32, 32))
    assert torch.allclose(extractor(values)[:3], extractor(values[:3]), rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_the_classifier_of_cifar_is_right(real_data):
    data = fgan.load_data(real_data / "cifar10" / "train.tar.gz")
    assert extractor_for(None, data).name == "cifar-cnn"
    assert accuracy("cifar-cnn", data.held_out) >= 0.88


def test_features_of_other_data_come_with_a_warning(tmp_path):
    data = data_of(tmp_path / "a.npy", (1, 8, 8))
    warning = mismatch(extractor_for("digits-cnn", data), data)
    assert warning is not None and "was trained on digits" in warning


@pytest.mark.parametrize("name", ["digits-cnn", "pixels"])
def test_the_batch_size_changes_nothing_that_counts(name):
    extractor = extractor_for(name, fgan.load_data("digits"))
    values = fgan.load_data("digits").train.values[:101]
    one, other = (
        features_of(extractor, values, batch_size=size, cache=False, say=print) for size in (1, 101)
    )
    assert torch.allclose(one, other, rtol=1e-5, atol=1e-5 * one.abs().max().item())


class Counting:
    """An extractor that counts how often it is asked."""

    name, dimension, sha256, trained_on = "counting", 2, "abc", ""

    def __init__(self):
        self.asked = 0

    def __call__(self, values):
        self.asked += 1
        return values.float().flatten(1)[:, :2]

    def to(self, device):
        return self


def test_features_are_extracted_once(cache):
    extractor, values = Counting(), images()
    first = features_of(extractor, values, say=print)
    again = features_of(extractor, values.clone(), say=print)
    assert extractor.asked == 1 and torch.equal(first, again) and len(list(cache.iterdir())) == 1
    features_of(extractor, values + 1, say=print)
    extractor.sha256 = "abd"
    features_of(extractor, values, say=print)
    assert extractor.asked == 3


def test_an_extractor_without_a_hash_is_asked_every_time(cache):
    extractor = Counting()
    extractor.sha256 = ""
    for _ in range(2):
        features_of(extractor, images(), say=print)
    assert extractor.asked == 2 and not cache.exists()


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_file_is_made_again(cache, damage):
    extractor = Counting()
    first = features_of(extractor, images(), say=print)
    (file,) = cache.iterdir()
    if damage is None:
        save_file({"features": torch.zeros(1, 2)}, file)
    else:
        file.write_bytes(damage)
    assert torch.equal(features_of(extractor, images(), say=print), first)
    assert extractor.asked == 2 and load_file(file)["features"].shape == (6, 2)


def test_a_cache_that_cannot_be_written_to_is_said_and_no_failure(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FGAN_CACHE", str(tmp_path / "file"))
    said = []
    assert features_of(Counting(), images(), say=said.append).shape == (6, 2)
    assert len(said) == 1 and "not cached" in said[0]


def test_the_oldest_features_go_where_there_are_too_many(cache, monkeypatch):
    monkeypatch.setattr("fgan.evaluation.features.cache.MOST_BYTES", 300)
    assert MOST_BYTES == 2**30
    files = []
    for k in range(4):
        features_of(Counting(), images() + k, say=print)
        (new,) = set(cache.iterdir()) - set(files)
        os.utime(new, (k, k))
        files.append(new)
    left = set(cache.iterdir())
    assert files[-1] in left and files[0] not in left


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("mnist-cnn", "digits", r"takes images .*\(1, 28, 28\).*holds \(1, 8, 8\)"),
        ("mnist-cnn", "ring8", "takes images.*--extractor raw"),
        ("raw", "digits", "takes vectors.*--extractor pixels"),
        ("mnist-cn", "digits", 'Did you mean "mnist-cnn"'),
        ("no_such_module:f", "digits", "cannot import .*: No module named"),
        ("math:pie", "digits", "cannot.*pie"),
        ("math:pi", "digits", "must name a callable"),
        ("math:sqrt", "digits", "failed on"),
        ("inception:nowhere.pth", "digits", "no file nowhere.pth"),
    ],
)
def test_what_cannot_be_an_extractor_is_refused(name, data, message):
    with pytest.raises(FganError, match=message):
        extractor_for(name, fgan.load_data(data))


def test_weights_that_do_not_ship_say_how_to_make_them(tmp_path, monkeypatch):
    monkeypatch.setattr("fgan.evaluation.features.shipped.WEIGHTS", tmp_path)
    with pytest.raises(FganError, match=r"features.train cifar-cnn --data FOLDER"):
        ShippedCNN("cifar-cnn")


def test_the_users_own_extractor_is_found_in_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "my_extractor.py").write_text(
        "import torch\n"
        "means = lambda x: x.float().mean((2, 3))\n"
        "flat = lambda x: x\n"
        "network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LazyLinear(3))\n"
    )
    monkeypatch.chdir(tmp_path)
    digits = fgan.load_data("digits")
    extractor = extractor_for("my_extractor:means", digits)
    assert (extractor.name, extractor.dimension, extractor.sha256) == ("my_extractor:means", 1, "")
    assert not isinstance(extractor, Classifier)
    with pytest.raises(FganError, match=r"must return features \(n, d\).*got \(2, 1, 8, 8\)"):
        extractor_for("my_extractor:flat", digits)
    assert str(tmp_path) not in sys.path


def test_a_module_of_the_users_is_known_by_its_weights(cache):
    from fgan.evaluation.features.foreign import Foreign

    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    one = Foreign("mine", lambda x: x.flatten(1), (1, 8, 8))
    known = Foreign("mine", nn.Sequential(_Float(), network), (1, 8, 8))
    assert one.sha256 == "" and len(known.sha256) == 64
    network[1].weight.data += 1
    assert Foreign("mine", nn.Sequential(_Float(), network), (1, 8, 8)).sha256 != known.sha256


class _Float(nn.Module):
    def forward(self, x):
        return x.float()


class _Scripted(nn.Module):
    def forward(self, x, return_features: bool = False):
        return x.float().flatten(1).repeat(1, 2048)[:, :2048]


def test_inception_comes_from_a_scripted_file(tmp_path):
    torch.jit.script(_Scripted()).save(str(tmp_path / "inception.pt"))
    extractor = extractor_for(f"inception:{tmp_path / 'inception.pt'}", fgan.load_data("digits"))
    assert extractor(images()).shape == (6, 2048) and len(extractor.sha256) == 64
    assert extractor.dimension == 2048


def test_inception_comes_through_torch_fidelity(monkeypatch, tmp_path):
    class Fake(nn.Module):
        def __init__(self, name, features_list, feature_extractor_weights_path=None):
            super().__init__()
            self.linear = nn.Linear(3, 2048)
            if feature_extractor_weights_path:
                self.load_state_dict(torch.load(feature_extractor_weights_path))

        def forward(self, x):
            assert x.dtype == torch.uint8 and x.shape[1] == 3
            return (self.linear(x.float().mean((2, 3))),)

    module = types.ModuleType("torch_fidelity.feature_extractor_inceptionv3")
    module.FeatureExtractorInceptionV3 = Fake
    monkeypatch.setitem(sys.modules, "torch_fidelity", types.ModuleType("torch_fidelity"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    digits = fgan.load_data("digits")
    assert len(extractor_for("inception", digits).sha256) == 64
    torch.save(Fake("", []).state_dict(), tmp_path / "w.pth")
    extractor = extractor_for(f"inception:{tmp_path / 'w.pth'}", digits)
    with torch.no_grad():
        assert extractor(images()).shape == (6, 2048)
    (tmp_path / "bad.pth").write_bytes(b"no weights")
    with pytest.raises(FganError, match=r"does not hold|None"):
        extractor_for(f"inception:{tmp_path / 'bad.pth'}", digits)


def test_a_missing_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(FganError, match=r'pip install "fgan\[inception\]"'):
        extractor_for("inception", fgan.load_data("digits"))


@pytest.mark.slow
def test_the_script_that_made_the_weights_runs(tmp_path):
    command = [sys.executable, "-m", "fgan.evaluation.features.train", "digits-cnn", "--epochs", "3"]
    result = subprocess.run(
        [*command, "--out", tmp_path / "w.safetensors"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "right" in result.stdout and (tmp_path / "w.safetensors").stat().st_size < 2**20


def test_the_names_are_those_that_exist():
    assert set(SHIPPED) < set(NAMES)
