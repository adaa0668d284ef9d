"""The aesthetic score with a tiny CLIP of random weights: the same code as with the real one."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from curate import clip_models
from curate.plugins import SampledClip, SampledFrame, Score
from curate.weights import Hub, Url
from filters import _aesthetic
from filters._aesthetic import device_of, layers_of
from filters.aesthetic import HEADS, MODELS, Aesthetic
from tests.tiny_clip import CONFIG, WIDTH, write_clip, write_head

Picture = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Options that name a tiny model and head."""
    folder = tmp_path_factory.mktemp("weights")
    return {"model": str(write_clip(folder / "clip")), "head": str(write_head(folder / "head.safetensors"))}


@pytest.fixture(scope="module")
def model(weights: dict[str, str]) -> Any:
    torch.set_num_threads(1)  # as in an actor: Ray gives it the threads of its num_cpus
    return Aesthetic(**weights, device="cpu").load()


def pictures(count: int, seed: int = 0) -> list[Picture]:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 6, 8, 3), dtype=np.uint8)
    return [cv2.resize(one, (80, 60), interpolation=cv2.INTER_CUBIC) for one in coarse]


def clip(frames: Sequence[Picture], top: float = 0.0, left: float = 0.0) -> SampledClip:
    rows = {"top": top, "bottom": 0.0, "left": left, "right": 0.0, "luma": 0.0}
    picture = {f"border_{side}": np.full(4, share) for side, share in rows.items()}
    sampled = [SampledFrame(k, float(k), frame) for k, frame in enumerate(frames)]
    return SampledClip({}, {}, {"picture": picture}, sampled)


def scores(found: Sequence[Score | Exception]) -> list[float]:
    assert all(isinstance(one, dict) for one in found), found
    return [float(one["score"] or 0) for one in found if isinstance(one, dict)]


def test_score_is_the_head_on_what_open_clip_encodes(weights: dict[str, str], model: Any) -> None:
    import open_clip

    whole, _, transform = open_clip.create_model_and_transforms(f"local-dir:{weights['model']}")
    shown = pictures(3)
    with torch.inference_mode():
        images = torch.stack([transform(Image.fromarray(one)) for one in shown])
        features = whole.eval().encode_image(images, normalize=True).numpy()
    assert np.linalg.norm(features, axis=1) == pytest.approx(1, abs=1e-5)
    x = features
    for weight, bias in layers_of(Path(weights["head"])):
        x = x @ weight.numpy().T + bias.numpy()
    expected = x[:, 0]
    assert expected.std() > 1e-3  # the pictures are told apart
    (found,) = Aesthetic(**weights).measure(model, [clip(shown)])
    assert not isinstance(found, Exception)
    assert found["score"] == pytest.approx(expected.mean(), abs=1e-5)
    assert found["minimum"] == pytest.approx(expected.min(), abs=1e-5)
    assert found["frames"] == 3


@pytest.mark.parametrize("images", [1, 7, 64])
def test_scores_do_not_depend_on_the_batch(
    weights: dict[str, str], model: Any, monkeypatch: pytest.MonkeyPatch, images: int
) -> None:
    filter_ = Aesthetic(**weights)
    clips = [clip(pictures(1 + k % 4, seed=k)) for k in range(9)]
    alone = [scores(filter_.measure(model, [one]))[0] for one in clips]
    monkeypatch.setattr(_aesthetic, "IMAGES", images)
    for size in (2, 5, 9):
        batched = [
            score
            for first in range(0, 9, size)
            for score in scores(filter_.measure(model, clips[first : first + size]))
        ]
        assert batched == pytest.approx(alone, abs=1e-4)
    assert np.std(alone) > 0.01


def test_bars_are_cut_off_before(weights: dict[str, str], model: Any) -> None:
    filter_ = Aesthetic(**weights)
    shown = pictures(2, seed=5)
    barred = [cv2.copyMakeBorder(one, 20, 0, 20, 0, cv2.BORDER_CONSTANT) for one in shown]
    plain, inner, whole = filter_.measure(
        model, [clip(shown), clip(barred, top=20 / 80, left=20 / 100), clip(barred)]
    )
    assert scores([inner]) == pytest.approx(scores([plain]), abs=1e-5)
    assert abs(scores([whole])[0] - scores([plain])[0]) > 1e-3


def test_activation_stands_between_the_layers(weights: dict[str, str]) -> None:
    shown = [clip(pictures(2))]
    layers = layers_of(Path(weights["head"]))
    found = {}
    for activation in ("none", "relu"):
        filter_ = Aesthetic(**weights, activation=activation)
        predictor = filter_.load()
        found[activation] = scores(filter_.measure(predictor, shown))[0]
        x = torch.nn.functional.normalize(torch.ones(1, WIDTH))
        expected = x @ layers[0][0].T + layers[0][1]
        expected = torch.relu(expected) if activation == "relu" else expected
        assert float(predictor._head(torch.ones(1, WIDTH))) == pytest.approx(
            float(expected @ layers[1][0].T + layers[1][1]), abs=1e-5
        )
    assert found["none"] != found["relu"]


def test_half_precision_is_near(weights: dict[str, str], model: Any) -> None:
    shown = [clip(pictures(2))]
    filter_ = Aesthetic(**weights, precision="bf16", device="cpu")
    half = scores(filter_.measure(filter_.load(), shown))
    full = scores(filter_.measure(model, shown))
    assert half != full
    assert half == pytest.approx(full, abs=0.1)


def test_a_linear_head_from_a_pth_is_read_as_tensors_only(tmp_path: Path) -> None:
    weight, bias = torch.ones(1, WIDTH), torch.tensor([2.0])
    torch.save({"weight": weight, "bias": bias}, tmp_path / "linear.pth")
    ((read, offset),) = layers_of(tmp_path / "linear.pth")
    assert torch.equal(read, weight)
    assert torch.equal(offset, bias)


class Opens:
    """Unpickled, it makes a file at `path`."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (open, (self.path, "w"))


def test_a_pickle_with_code_in_it_is_refused(tmp_path: Path) -> None:
    torch.save({"weight": Opens(str(tmp_path / "ran"))}, tmp_path / "head.pth")
    with pytest.raises(pickle.UnpicklingError):
        layers_of(tmp_path / "head.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "tensors",
    [
        {"0.weight": torch.ones(2, 4), "2.weight": torch.ones(1, 3)},
        {"0.weight": torch.ones(2, 4)},
        {"running_mean": torch.ones(4)},
    ],
)
def test_what_is_no_head_is_refused(tmp_path: Path, tensors: dict[str, Any]) -> None:
    save_file(tensors, tmp_path / "head.safetensors")
    with pytest.raises(ValueError, match="is no head: linear layers that end in one number"):
        layers_of(tmp_path / "head.safetensors")


def test_layers_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    chain = {f"layers.{k}.weight": torch.ones(12 - k, 13 - k) for k in range(12)}
    save_file(chain, tmp_path / "head.safetensors")
    assert [len(weight) for weight, _ in layers_of(tmp_path / "head.safetensors")] == list(range(12, 0, -1))


def test_other_weights_are_another_score(weights: dict[str, str], tmp_path: Path) -> None:
    keys = {"picture": "p", "videos": "v"}
    head = tmp_path / "head.safetensors"
    write_head(head, seed=1)
    first = Aesthetic(model=weights["model"], head=str(head))
    before = first.key(keys)
    assert first.key(keys) == before
    write_head(head, seed=2)
    assert Aesthetic(model=weights["model"], head=str(head)).key(keys) != before
    head.unlink()
    assert Aesthetic(model=weights["model"], head=str(head)).identity()["head"] == "absent"
    named = Aesthetic().identity()
    assert named["model"].startswith("timm/vit_large_patch14_clip_224.openai@18d0535469bb561b")
    assert named["head"].startswith("ttj/sac-logos-ava1-l14-linearMSE@1e77fa05081323d9")
    assert Aesthetic().key(keys) != Aesthetic(head="laion-linear").key(keys)


def test_names_are_pinned_and_of_one_width() -> None:
    import open_clip

    for architecture, source in MODELS.values():
        config = open_clip.get_model_config(architecture)
        assert config is not None
        assert config["quick_gelu"] is True  # OpenAI's weights need it
        assert config["embed_dim"] == 768
        assert len(source.revision) == 40
    assert {name: len(source.identity) > 60 for name, source in HEADS.items()} == {
        "laion-mlp": True, "laion-linear": True,
    }  # fmt: skip


def test_named_weights_are_fetched_and_loaded_into_the_named_architecture(
    weights: dict[str, str], model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import open_clip

    (tmp_path / "tiny-named.json").write_text(json.dumps(CONFIG))
    open_clip.add_model_config(tmp_path / "tiny-named.json")
    source = Hub("somebody/tiny", "f" * 40, "open_clip_model.safetensors")
    asked: list[Hub] = []
    there = Path(weights["model"]) / "open_clip_model.safetensors"
    monkeypatch.setattr(Hub, "fetch", lambda self: asked.append(self) or there)
    monkeypatch.setitem(MODELS, "tiny", ("tiny-named", source))
    monkeypatch.setitem(HEADS, "own", Url(Path(weights["head"]).as_uri()))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    named = Aesthetic(model="tiny", head="own", device="cpu")
    named.check()
    shown = [clip(pictures(2))]
    assert named.measure(named.load(), shown) == Aesthetic(**weights).measure(model, shown)
    assert asked == [source, source]  # the driver's look and the actor's


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"head": "laion-mpl"}, r"head: there is no file or folder laion-mpl.*known are laion-mlp"),
        ({"model": "vit-b"}, r"model: there is no file or folder vit-b.*known are openai-vit-l-14"),
        ({"model": "EMPTY"}, r"is no folder with open_clip_config\.json and weights"),
        ({"head": "NOTES"}, r"notes\.txt is none of \.safetensors"),
    ],
)
def test_a_wrong_path_is_named(
    weights: dict[str, str], tmp_path: Path, options: dict[str, str], said: str
) -> None:
    (tmp_path / "notes.txt").write_text("no weights")
    places = {"EMPTY": str(tmp_path), "NOTES": str(tmp_path / "notes.txt")}
    options = {name: places.get(value, value) for name, value in options.items()}
    with pytest.raises(ValueError, match=said):
        Aesthetic(**{**weights, **options}).check()
    Aesthetic(**weights).check()


def test_a_relative_path_is_of_the_folder_where_it_was_named(
    weights: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(weights["model"]).parent)
    assert Aesthetic(model="clip", head="head.safetensors") == Aesthetic(**weights)
    assert Aesthetic(head="laion-linear").head == "laion-linear"


def test_a_missing_package_is_named_with_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        clip_models, "find_spec", lambda name: None if name == "open_clip" else find_spec(name)
    )
    with pytest.raises(ValueError, match=r"needs open_clip: type `pip install 'curate\[learned\]'`"):
        Aesthetic().check()


def test_without_network_the_command_to_type_is_named(tmp_path: Path) -> None:
    """In a process of its own: the hub's client reads these when it is imported."""
    code = """
import sys
from filters.aesthetic import Aesthetic
for head in ("laion-mlp", "laion-linear"):
    try:
        Aesthetic(model=sys.argv[1], head=head).check()
    except ValueError as error:
        print(error)
try:
    Aesthetic().check()
except ValueError as error:
    print(error)
print("torch" in sys.modules)
"""
    write_clip(tmp_path / "clip")
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "clip")],
        env=env, check=True, capture_output=True, text=True,
    )  # fmt: skip
    mlp, linear, clip_, torch_was_loaded = done.stdout.splitlines()
    assert (
        "type `hf download ttj/sac-logos-ava1-l14-linearMSE model.safetensors "
        "--revision 1e77fa05081323d99725fc40a9bf9f88180490e7`" in mlp
    )
    assert "type `curl --create-dirs -fLo '" in linear
    assert "sa_0_4_vit_l_14_linear.pth" in linear
    assert "type `hf download timm/vit_large_patch14_clip_224.openai open_clip_model.safetensors" in clip_
    assert torch_was_loaded == "False"  # the driver looks for weights without it


def test_weights_at_an_address_are_downloaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "source.pth").write_bytes(b"the weights")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    source = Url((tmp_path / "source.pth").as_uri())
    assert source.fetch().read_bytes() == b"the weights"
    (tmp_path / "source.pth").unlink()
    assert source.fetch().read_bytes() == b"the weights"
    assert [path.name for path in (tmp_path / "cache" / "curate").iterdir()] == [source.path.name]


def test_a_gpu_that_is_not_there_is_an_error_and_auto_is_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert [device_of("auto"), device_of("cpu")] == ["cpu", "cpu"]
    with pytest.raises(ValueError, match=r"sees no GPU here: give the filter one \(`num_gpus: 1`\)"):
        device_of("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [device_of("auto"), device_of("cuda"), device_of("cpu")] == ["cuda", "cuda", "cpu"]


@pytest.mark.gpu
def test_gpu_and_cpu_agree(weights: dict[str, str], model: Any) -> None:
    filter_ = Aesthetic(**weights, device="cuda")
    shown = [clip(pictures(4))]
    assert scores(filter_.measure(filter_.load(), shown)) == pytest.approx(
        scores(filter_.measure(model, shown)), abs=1e-3
    )


def test_importing_the_filter_loads_no_torch() -> None:
    code = "import sys, json, filters.aesthetic; print(json.dumps([m in sys.modules for m in sys.argv[1:]]))"
    said = subprocess.run(
        [sys.executable, "-c", code, "torch", "open_clip"], check=True, capture_output=True, text=True
    ).stdout
    assert json.loads(said) == [False, False]
