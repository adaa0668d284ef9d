"""Published autoencoders on tiny random weights: the files that diffusers writes, loaded by the real code."""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from training.vae_folder import load_vae
from training.vae_published import _place

needs_diffusers = pytest.mark.skipif(
    importlib.util.find_spec("diffusers") is None, reason="the extra `published` is not installed"
)

FOUR = (8, 8, 8, 8)
TINY: dict[str, dict[str, Any]] = {
    "AutoencoderKLWan": {
        "base_dim": 8, "z_dim": 4, "dim_mult": [1, 1, 1, 1], "num_res_blocks": 1,
        "latents_mean": [0.1, 0.2, 0.3, 0.4], "latents_std": [0.5, 1.0, 2.0, 4.0],
    },
    "AutoencoderKLHunyuanVideo": {
        "block_out_channels": FOUR, "layers_per_block": 1, "norm_num_groups": 4, "latent_channels": 4,
    },
    "AutoencoderKLCogVideoX": {
        "block_out_channels": FOUR, "layers_per_block": 1, "norm_num_groups": 2, "latent_channels": 4,
    },
    "AutoencoderKLLTXVideo": {
        "block_out_channels": FOUR, "decoder_block_out_channels": FOUR, "latent_channels": 8,
        "layers_per_block": (1, 1, 1, 1, 1), "decoder_layers_per_block": (1, 1, 1, 1, 1), "patch_size": 1,
        "spatio_temporal_scaling": (True, True, False, False),
        "decoder_spatio_temporal_scaling": (True, True, False, False),
        "decoder_inject_noise": (False,) * 5, "upsample_residual": (False,) * 4, "upsample_factor": (1,) * 4,
    },
}  # fmt: skip
SIZES = {
    "AutoencoderKLWan": (4, 8, 4),
    "AutoencoderKLHunyuanVideo": (4, 8, 4),
    "AutoencoderKLCogVideoX": (4, 8, 4),
    "AutoencoderKLLTXVideo": (8, 4, 4),
}
"""(channels, spatial, temporal) of the tiny ones."""


def written(kind: str, folder: Path, **changes: Any) -> Any:
    """A tiny autoencoder of diffusers, written to `folder`."""
    import diffusers

    torch.manual_seed(0)
    vae = getattr(diffusers, kind)(**{**TINY[kind], **changes}).eval()
    vae.save_pretrained(folder, safe_serialization=True)
    return vae


def video(frames: int) -> torch.Tensor:
    torch.manual_seed(1)
    return torch.rand(1, 3, frames, 32, 48) * 2 - 1


@needs_diffusers
@pytest.mark.parametrize("kind", TINY)
@torch.no_grad()
def test_a_published_autoencoder_has_our_interface(kind: str, tmp_path: Path) -> None:
    theirs = written(kind, tmp_path)
    vae = load_vae(tmp_path)
    channels, spatial, temporal = SIZES[kind]
    assert (vae.latent_channels, vae.spatial, vae.temporal) == SIZES[kind]
    for frames in (1, 9):
        x = video(frames)
        z = vae.to_latent(x)
        assert z.shape == (1, channels, 1 + (frames - 1) // temporal, 32 // spatial, 48 // spatial)
        posterior = vae.encode(x)
        assert torch.equal(posterior.mean, theirs.encode(x).latent_dist.mode())
        assert posterior.logvar.shape == posterior.mean.shape
        back = vae.from_latent(z)
        assert back.shape == x.shape
        torch.testing.assert_close(back, theirs.decode(posterior.mean).sample.clamp(-1, 1), rtol=0, atol=1e-4)


@needs_diffusers
@torch.no_grad()
def test_latents_are_normalised_as_in_the_models_own_pipelines(tmp_path: Path) -> None:
    x = video(5)
    theirs = written("AutoencoderKLWan", tmp_path / "wan")
    z = theirs.encode(x).latent_dist.mode()
    mean, std = (
        torch.tensor(TINY["AutoencoderKLWan"][f"latents_{n}"]).view(1, 4, 1, 1, 1) for n in ("mean", "std")
    )
    torch.testing.assert_close(load_vae(tmp_path / "wan").to_latent(x), (z - mean) / std)

    theirs = written("AutoencoderKLHunyuanVideo", tmp_path / "hunyuan", scaling_factor=0.25)
    z = theirs.encode(x).latent_dist.mode()
    torch.testing.assert_close(load_vae(tmp_path / "hunyuan").to_latent(x), z * 0.25)

    theirs = written("AutoencoderKLLTXVideo", tmp_path / "ltx", scaling_factor=0.5)
    theirs.latents_mean.fill_(0.3)
    theirs.latents_std.fill_(2.0)
    theirs.save_pretrained(tmp_path / "ltx", safe_serialization=True)
    z = theirs.encode(x).latent_dist.mode()
    torch.testing.assert_close(load_vae(tmp_path / "ltx").to_latent(x), (z - 0.3) * 0.5 / 2.0)


@needs_diffusers
def test_a_decoder_that_also_removes_noise_is_told_that_there_is_none(tmp_path: Path) -> None:
    theirs = written("AutoencoderKLLTXVideo", tmp_path, timestep_conditioning=True)
    z = torch.randn(2, 8, 2, 8, 8)
    with torch.no_grad():
        expected = theirs.decode(z, temb=torch.zeros(2)).sample
    torch.testing.assert_close(load_vae(tmp_path).decode(z), expected)


@needs_diffusers
@torch.no_grad()
def test_wan_looks_at_no_later_frame(tmp_path: Path) -> None:
    written("AutoencoderKLWan", tmp_path)
    vae, x = load_vae(tmp_path), video(9)
    changed = x.clone()
    changed[:, :, 5:] = 0
    a, b = vae.to_latent(x), vae.to_latent(changed)
    torch.testing.assert_close(a[:, :, :2], b[:, :, :2], rtol=0, atol=1e-5)
    assert (a[:, :, 2] - b[:, :, 2]).abs().max() > 1e-4


@needs_diffusers
def test_the_identity_is_that_of_the_weights(tmp_path: Path) -> None:
    theirs = written("AutoencoderKLWan", tmp_path / "a")
    identity = load_vae(tmp_path / "a").identity
    written("AutoencoderKLWan", tmp_path / "elsewhere" / "vae")
    assert load_vae(tmp_path / "elsewhere").identity == identity  # a pipeline's folder
    with torch.no_grad():
        next(theirs.parameters()).add_(1)
    theirs.save_pretrained(tmp_path / "b", safe_serialization=True)
    assert load_vae(tmp_path / "b").identity != identity


@needs_diffusers
def test_the_grid_of_a_published_autoencoder_is_held(tmp_path: Path) -> None:
    written("AutoencoderKLWan", tmp_path)
    vae = load_vae(tmp_path)
    with pytest.raises(ValueError, match="take 5 or 9 of them"):
        vae.to_latent(video(8))


@needs_diffusers
def test_a_class_that_is_not_known_names_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"_class_name": "AutoencoderKL"}))
    with pytest.raises(ValueError, match=r"is a AutoencoderKL, but .*AutoencoderKLWan"):
        load_vae(tmp_path)


def test_a_name_on_the_hub_must_say_its_revision(tmp_path: Path) -> None:
    assert _place("Wan-AI/Wan2.1/vae@0a1b") == {
        "pretrained_model_name_or_path": "Wan-AI/Wan2.1",
        "subfolder": "vae",
        "revision": "0a1b",
    }
    assert _place("someone/vae@main")["subfolder"] is None
    for name in ("Wan-AI/Wan2.1/vae", "vae@0a1b", "runs/nothing/here", "/@0a1b"):
        with pytest.raises(ValueError, match="neither a folder nor"):
            _place(name)
    with pytest.raises(ValueError, match=r"holds no config\.json"):
        _place(str(tmp_path))


def test_without_diffusers_the_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(ValueError, match="pip install diffusers"):
        load_vae(tmp_path)
