"""A model in a folder: read back to the bit, and refused in one sentence where it is not whole."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.training.tiny_dit import BYTES, CONFIGS, examples, filled
from training.model_folder import CONFIG, WEIGHTS, Facts, identity, load_model, load_vae_of, save_model
from training.packing import pack
from training.vae import VAEConfig, VideoVAE
from training.vae_folder import save_vae

FACTS = Facts(vae="vae", vae_identity="0" * 32, fps=12.5, shift=4.0, captions=(0.5, 0.5, 0.0, 0.0))
VAE = VAEConfig(
    latent_channels=4, patch=2, widths=(8, 16), strides=((2, 2),), encoder_blocks=1, decoder_blocks=1
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_model(tmp_path / "dit", filled(BYTES), FACTS)
    return tmp_path / "dit"


@pytest.mark.parametrize("name", CONFIGS)
@torch.no_grad()
def test_a_model_comes_back_to_the_bit(tmp_path: Path, name: str) -> None:
    model = filled(CONFIGS[name])
    save_model(tmp_path / "a" / "dit", model, FACTS)
    assert sorted(path.name for path in (tmp_path / "a" / "dit").iterdir()) == [CONFIG, WEIGHTS]
    found, facts = load_model(tmp_path / "a" / "dit")
    assert facts == FACTS
    assert facts.policy.dense == 0.5
    assert found.config == model.config
    assert not found.training
    assert not any(parameter.requires_grad for parameter in found.parameters())
    packed = pack(examples(model.config), model.config)
    assert torch.equal(found(packed), model(packed))


def test_identity_is_of_weights_and_configuration(folder: Path) -> None:
    first = identity(folder)
    assert len(first) == 32
    save_model(folder, filled(BYTES), FACTS)
    assert identity(folder) == first
    save_model(folder, filled(BYTES, seed=1), FACTS)
    second = identity(folder)
    assert second != first
    edited = json.loads((folder / CONFIG).read_text()) | {"text_scale": 3.0}
    (folder / CONFIG).write_text(json.dumps(edited))
    assert identity(folder) not in (first, second)
    with pytest.raises(ValueError, match=r"has no model .*: give the folder that a training wrote"):
        identity(folder / "nowhere")


def _edit(**changed: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        facts = json.loads((folder / CONFIG).read_text())
        facts = {key: value for key, value in (facts | changed).items() if value is not None}
        (folder / CONFIG).write_text(json.dumps(facts))

    return edit


def _size(**changed: int) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        facts = json.loads((folder / CONFIG).read_text())
        _edit(dit=facts["dit"] | changed)(folder)

    return edit


def _cut(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-100])


def _less(folder: Path) -> None:
    state = load_file(folder / WEIGHTS)
    del state["image_in.weight"]
    save_file(state, folder / WEIGHTS)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (lambda folder: (folder / CONFIG).unlink(), "has no model .*give the folder that a training wrote"),
        (lambda folder: (folder / CONFIG).write_text("{"), "has no model .*give the folder"),
        (lambda folder: (folder / CONFIG).write_text("[]"), "is not of a model that this version reads"),
        (_edit(kind="curate.vae.1"), "is not of a model that this version reads"),
        (_edit(dit=None), "is no whole model"),
        (_edit(dit=7), "is no whole model"),
        (_edit(surprise=1), "is no whole model .*surprise"),
        (_edit(vae=None), "is no whole model .*vae"),
        (_size(widht=3), "is no whole model .*widht"),
        (_size(mlp=3), "is no whole model .*must be of one training"),
        (_size(width=50), "do not add up"),
        (_size(heads=0), "heads is 0"),
        (lambda folder: (folder / WEIGHTS).unlink(), "is no whole model .*must be of one training"),
        (lambda folder: (folder / WEIGHTS).write_bytes(b""), "is no whole model"),
        (_cut, "is no whole model"),
        (_less, "is no whole model .*image_in"),
    ],
)
def test_a_broken_folder_is_refused(folder: Path, broken: Callable[[Path], None], reason: str) -> None:
    broken(folder)
    with pytest.raises(ValueError, match=reason) as error:
        load_model(folder)
    assert str(folder) in str(error.value) or "add up" in reason or "heads" in reason
    assert "\n" not in str(error.value)


def test_the_autoencoder_is_found_beside_the_model_and_no_other_is_taken(
    folder: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    vae = VideoVAE(VAE)
    save_vae(vae, folder / "vae")
    known = Facts(vae="vae", vae_identity=vae.identity)
    assert load_vae_of(folder, known).identity == vae.identity
    # Where it was named by a path of its own.
    save_vae(vae, tmp_path / "elsewhere")
    elsewhere = Facts(vae=str(tmp_path / "elsewhere"), vae_identity=vae.identity)
    assert load_vae_of(folder, elsewhere).identity == vae.identity
    with torch.no_grad():
        vae.latent_std += 0.1
    save_vae(vae, folder / "vae")
    with pytest.raises(
        ValueError, match=r"is not the one that .* was trained on .*put that one in its place"
    ):
        load_vae_of(folder, known)
