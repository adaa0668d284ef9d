"""The autoencoder's promises: no look ahead in time, images as videos of one frame, chunks equal to the
whole."""

import json
import re
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from training.vae import PRESETS, VAEConfig, VideoVAE
from training.vae_folder import load_vae, save_vae
from training.vae_layers import (
    CausalConv3d,
    Past,
    average_channels,
    channel_to_space,
    repeat_channels,
    space_to_channel,
)
from training.vae_start import linear_start

TINY = VAEConfig(
    latent_channels=4,
    patch=2,
    widths=(8, 16, 32),
    strides=((2, 2), (2, 2)),
    encoder_blocks=1,
    decoder_blocks=1,
)
TINY_DEEP = VAEConfig(
    latent_channels=8,
    patch=2,
    widths=(8, 16, 32, 64, 64),
    strides=((1, 2), (2, 2), (2, 2), (1, 2)),
    encoder_blocks=1,
    decoder_blocks=1,
)
CONFIGS = {"8": TINY, "32": TINY_DEEP, "smoke": PRESETS["smoke"]}


def made(config: VAEConfig) -> VideoVAE:
    """An autoencoder none of whose weights is zero, so that every path through it shows."""
    torch.manual_seed(0)
    vae = VideoVAE(config)
    for parameter in vae.parameters():
        nn.init.normal_(parameter, std=0.5 / max(1, parameter[0].numel()) ** 0.5)
    return vae.eval()


def clip(config: VAEConfig, frames: int, batch: int = 1) -> Tensor:
    torch.manual_seed(1)
    side = config.spatial * 2
    return torch.rand(batch, 3, frames, side, side + config.spatial) * 2 - 1


@pytest.mark.parametrize("name", CONFIGS)
@torch.no_grad()
def test_a_latent_frame_depends_on_no_later_frame(name: str) -> None:
    config = CONFIGS[name]
    vae, x = made(config), clip(CONFIGS[name], 13)
    before = vae.encode(x)
    for latent in range(3):
        changed = x.clone()
        changed[:, :, 4 * latent + 1 :] = torch.rand_like(changed[:, :, 4 * latent + 1 :])
        after = vae.encode(changed)
        assert torch.equal(after.mean[:, :, : latent + 1], before.mean[:, :, : latent + 1])
        assert torch.equal(after.logvar[:, :, : latent + 1], before.logvar[:, :, : latent + 1])
        # And it does depend on each frame of its own group.
        assert (after.mean[:, :, latent + 1] - before.mean[:, :, latent + 1]).abs().max() > 1e-3


@torch.no_grad()
def test_a_latent_frame_depends_on_every_frame_of_its_group() -> None:
    vae, x = made(TINY), clip(TINY, 9)
    before = vae.encode(x).mean
    for frame in range(9):
        changed = x.clone()
        changed[:, :, frame] = -changed[:, :, frame]
        moved = (vae.encode(changed).mean - before).abs().amax((0, 1, 3, 4))
        first = (frame + 3) // 4
        assert (moved[:first] == 0).all()
        assert moved[first] > 1e-3


@pytest.mark.parametrize("name", CONFIGS)
@torch.no_grad()
def test_a_decoded_frame_depends_on_no_later_latent(name: str) -> None:
    config = CONFIGS[name]
    vae = made(config)
    z = torch.randn(1, config.latent_channels, 4, 2, 2)
    before = vae.decode(z)
    assert before.shape == (1, 3, 13, 2 * config.spatial, 2 * config.spatial)
    for latent in range(3):
        changed = z.clone()
        changed[:, :, latent + 1 :] += 1
        after = vae.decode(changed)
        assert torch.equal(after[:, :, : 4 * latent + 1], before[:, :, : 4 * latent + 1])
        assert (after[:, :, 4 * latent + 1] - before[:, :, 4 * latent + 1]).abs().max() > 1e-3


@pytest.mark.parametrize("name", CONFIGS)
@torch.no_grad()
def test_an_image_is_a_video_of_one_frame(name: str) -> None:
    config = CONFIGS[name]
    vae, x = made(config), clip(CONFIGS[name], 9)
    image, whole = vae.encode(x[:, :, :1]).mean, vae.encode(x).mean
    assert image.shape == (1, config.latent_channels, 1, 2, 3)
    assert whole.shape == (1, config.latent_channels, 3, 2, 3)
    torch.testing.assert_close(image, whole[:, :, :1], rtol=0, atol=1e-5)
    torch.testing.assert_close(vae.decode(image), vae.decode(whole)[:, :, :1], rtol=0, atol=1e-5)


@torch.no_grad()
def test_a_still_video_looks_like_its_image_from_the_start() -> None:
    """Before the first frame stands that frame: the latents of a still clip do not change with time."""
    vae, x = made(TINY), clip(TINY, 1).expand(-1, -1, 9, -1, -1)
    z = vae.encode(x).mean
    torch.testing.assert_close(z, z[:, :, :1].expand_as(z), rtol=0, atol=1e-5)


@pytest.mark.parametrize("frames", [1, 5, 21])
@pytest.mark.parametrize("chunk_frames", [4, 8, 12, 64])
@pytest.mark.parametrize("name", CONFIGS)
@torch.no_grad()
def test_chunks_equal_the_whole(name: str, chunk_frames: int, frames: int) -> None:
    vae, x = made(CONFIGS[name]), clip(CONFIGS[name], frames, batch=2)
    whole, chunked = vae.encode(x), vae.encode(x, chunk_frames)
    torch.testing.assert_close(chunked.mean, whole.mean, rtol=0, atol=1e-5)
    torch.testing.assert_close(chunked.logvar, whole.logvar, rtol=0, atol=1e-5)
    torch.testing.assert_close(
        vae.decode(whole.mean, chunk_frames), vae.decode(whole.mean), rtol=0, atol=1e-5
    )


def test_the_gradients_of_chunks_are_those_of_the_whole() -> None:
    vae, x = made(TINY), clip(TINY, 13)
    gradients = []
    for chunk_frames in (None, 4):
        vae.zero_grad()
        posterior = vae.encode(x, chunk_frames)
        vae.decode(posterior.mean, chunk_frames).square().mean().backward()
        gradients.append([p.grad.clone() for p in vae.parameters() if p.grad is not None])
    for whole, chunked in zip(*gradients, strict=True):
        torch.testing.assert_close(chunked, whole, rtol=1e-4, atol=1e-6)


@torch.no_grad()
def test_memory_of_chunks_does_not_grow_with_the_length() -> None:
    """Neither what goes into a layer at once nor what is kept between chunks depends on the clip's length."""
    vae = made(TINY)
    largest: list[int] = []
    for frames in (13, 41):  # the first chunk is shorter: 5, 8 and 5, 8, 8 …
        seen = [0]
        hooks = [
            module.register_forward_pre_hook(
                lambda _, inputs, seen=seen: seen.append(inputs[0].untyped_storage().nbytes())
            )
            for module in vae.modules()
            if isinstance(module, CausalConv3d)
        ]
        vae.decode(vae.encode(clip(TINY, frames), chunk_frames=8).mean, chunk_frames=8)
        for hook in hooks:
            hook.remove()
        largest.append(max(seen))
    assert largest[0] == largest[1]


@torch.no_grad()
def test_what_is_kept_between_chunks_is_two_frames_for_each_convolution() -> None:
    vae, past = made(TINY), Past()
    vae.encoder(clip(TINY, 9), past)
    convolutions = [module for module in vae.encoder.modules() if isinstance(module, CausalConv3d)]
    assert set(past.frames) == set(convolutions)
    for kept in past.frames.values():
        assert kept.shape[2] == 2
        # A view of the chunk would be short too, and hold all of its memory.
        assert kept.untyped_storage().nbytes() == kept.numel() * kept.element_size()


def test_space_to_channel_and_back() -> None:
    x = torch.arange(2 * 3 * 4 * 6 * 8).view(2, 3, 4, 6, 8)
    packed = space_to_channel(x, (2, 2))
    assert packed.shape == (2, 24, 2, 3, 4)
    # Channel 0 of the second position in time, and its eight neighbours in the order time, row, column.
    assert torch.equal(packed[0, :8, 1, 2, 3], x[0, 0, 2:4, 4:6, 6:8].flatten())
    assert torch.equal(channel_to_space(packed, (2, 2)), x)


def test_averaging_undoes_repeating() -> None:
    x = torch.rand(1, 4, 1, 2, 2)
    repeated = repeat_channels(x, 12)
    assert torch.equal(repeated[:, 0], repeated[:, 2])
    torch.testing.assert_close(average_channels(repeated, 4), x)


@torch.no_grad()
def test_a_new_decoder_repeats_what_a_new_encoder_averaged() -> None:
    """The shortcuts alone: down averages, up repeats, so of still and flat pictures nothing is lost."""
    vae = VideoVAE(TINY)
    for module in (*vae.encoder.layers, *vae.decoder.layers):
        for name, parameter in module.named_parameters():
            if name.startswith("conv"):
                parameter.zero_()
    x = torch.randn(1, 8, 1, 1, 1).expand(1, 8, 9, 8, 8)
    deep = x
    for layer in vae.encoder.layers:
        deep = layer(deep)
    assert deep.shape == (1, 32, 3, 2, 2)
    for layer in vae.decoder.layers:
        deep = layer(deep)
    torch.testing.assert_close(deep, x)


def test_the_presets_have_the_stated_shapes() -> None:
    assert {
        name: (config.temporal, config.spatial, config.latent_channels) for name, config in PRESETS.items()
    } == {"smoke": (4, 8, 16), "base": (4, 8, 16), "deep": (4, 32, 128)}
    with torch.device("meta"):
        sizes = {name: sum(p.numel() for p in VideoVAE(c).parameters()) for name, c in PRESETS.items()}
    assert sizes["smoke"] < 5e6
    assert 5e7 < sizes["base"] < 1.5e8


def test_there_is_no_norm_over_time_or_space() -> None:
    forbidden = (
        nn.GroupNorm,
        nn.LayerNorm,
        nn.modules.batchnorm._BatchNorm,
        nn.modules.instancenorm._InstanceNorm,
    )
    assert not [m for m in VideoVAE(TINY).modules() if isinstance(m, forbidden)]


@torch.no_grad()
def test_latents_are_normalised_per_channel() -> None:
    vae, x = made(TINY), clip(TINY, 9)
    z = vae.encode(x).mean
    vae.latent_mean.copy_(z.mean((0, 2, 3, 4)))
    vae.latent_std.copy_(z.std((0, 2, 3, 4)))
    latent = vae.to_latent(x)
    torch.testing.assert_close(latent.mean((0, 2, 3, 4)), torch.zeros(4), rtol=0, atol=1e-5)
    torch.testing.assert_close(latent.std((0, 2, 3, 4)), torch.ones(4), rtol=0, atol=1e-5)
    torch.testing.assert_close(vae.from_latent(latent), vae.decode(z).clamp(-1, 1), rtol=0, atol=1e-5)
    torch.testing.assert_close(vae.from_latent(latent.half()), vae.from_latent(latent), rtol=0, atol=1e-2)


@torch.no_grad()
def test_training_begins_at_the_principal_components_of_blocks() -> None:
    """Blocks that vary in as many directions as there are channels come back exactly, from the start."""
    torch.manual_seed(0)
    # Still within each block, as the first frame, which fills a block by itself, is.
    directions = torch.randn(TINY.latent_channels, 3, 1, 8, 8).expand(-1, -1, 4, -1, -1).flatten(1)
    blocks = torch.randn(3 * 4 * 4, TINY.latent_channels) @ directions * 0.05 + 0.1
    x = channel_to_space(blocks.reshape(3, 4, 4, -1).permute(3, 0, 1, 2)[None], (4, 8))[:, :, 3:]
    vae, again = VideoVAE(TINY), VideoVAE(TINY)

    def error() -> float:
        return (vae.decode(vae.encode(x).mean) - x).abs().max().item()

    assert error() > 0.1
    linear_start(vae, [x[0]])
    assert error() < 1e-3
    z = vae.encode(x).mean
    assert z.square().mean() == pytest.approx(1, rel=0.05)
    deviations = z.std((0, 2, 3, 4))
    assert deviations.max() < 1.1 * deviations.min()  # turned: no component is louder than the others
    linear_start(again, [x[0]])
    assert torch.equal(again.encoder.linear.weight, vae.encoder.linear.weight)


@torch.no_grad()
def test_a_sample_is_drawn_from_the_posterior() -> None:
    posterior = made(TINY).encode(clip(TINY, 9))
    torch.manual_seed(0)
    draws = torch.stack([posterior.sample(torch.randn_like(posterior.mean)) for _ in range(400)])
    std = posterior.logvar.mul(0.5).exp()
    assert ((draws.mean(0) - posterior.mean) / std).abs().max() < 5 / 400**0.5
    torch.testing.assert_close(draws.std(0) / std, torch.ones_like(std), rtol=0, atol=0.2)


def test_pixels_that_have_no_place_on_the_grid_are_refused() -> None:
    vae = made(TINY)
    with pytest.raises(ValueError, match=re.escape("8 frames are not 4k + 1: take 5 or 9 of them.")):
        vae.encode(torch.zeros(1, 3, 8, 16, 16))
    with pytest.raises(ValueError, match=r"20x30 does not divide.* nearest size that does is 16x32"):
        vae.encode(torch.zeros(1, 3, 5, 30, 20))
    with pytest.raises(ValueError, match="4 channels"):
        vae.encode(torch.zeros(1, 4, 5, 16, 16))
    with pytest.raises(ValueError, match="chunk_frames is 6, but must be a multiple of 4"):
        vae.encode(torch.zeros(1, 3, 5, 16, 16), chunk_frames=6)


def test_a_configuration_that_cannot_be_built_is_refused() -> None:
    with pytest.raises(ValueError, match="3 widths need 2 strides"):
        VAEConfig(strides=((2, 2),))
    with pytest.raises(ValueError, match="from 96 to 100 channels"):
        VAEConfig(widths=(96, 100, 200))


@torch.no_grad()
def test_a_saved_autoencoder_comes_back_the_same(tmp_path: Path) -> None:
    vae, x = made(TINY), clip(TINY, 9)
    vae.latent_mean.fill_(0.25)
    save_vae(vae, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    back = load_vae(tmp_path)
    assert torch.equal(back.to_latent(x), vae.to_latent(x))
    assert back.identity == vae.identity
    assert not any(parameter.requires_grad for parameter in back.parameters())


def test_the_identity_is_that_of_configuration_and_weights(tmp_path: Path) -> None:
    vae = made(TINY)
    identity = vae.identity
    assert re.fullmatch(r"[0-9a-f]{32}", identity)
    assert made(TINY).identity == identity
    vae.latent_std.mul_(2)
    assert vae.identity != identity
    vae.latent_std.div_(2)
    assert vae.identity == identity
    save_vae(vae, tmp_path)
    loaded = load_vae(tmp_path)
    assert loaded.bfloat16().identity == identity  # computing in another precision is the same autoencoder
    trained = load_vae(tmp_path).requires_grad_(True)
    with torch.no_grad():
        next(trained.parameters()).add_(1)
    assert trained.identity != identity


def test_a_folder_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    save_vae(made(TINY), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "widths": [8, 16, 64]}))
    with pytest.raises(ValueError, match="must be of one training"):
        load_vae(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**config, "colour": 1}))
    with pytest.raises(ValueError, match="must be of one training"):
        load_vae(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ValueError, match="must be of one training"):
        load_vae(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match="is not JSON"):
        load_vae(tmp_path)


@torch.no_grad()
def test_bfloat16_stays_near_float32(tmp_path: Path) -> None:
    vae, x = made(TINY), clip(TINY, 9)
    save_vae(vae, tmp_path)
    half = load_vae(tmp_path).bfloat16()
    torch.testing.assert_close(half.to_latent(x).float(), vae.to_latent(x), rtol=0, atol=0.1)
