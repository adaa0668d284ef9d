"""Samples in a pack are as if each were alone: outputs, gradients, and whatever happens to the others."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
import torch

from tests.training.tiny_dit import (
    BYTES,
    CONFIGS,
    TEXT,
    caption,
    each,
    examples,
    filled,
    gradients,
    latent,
    sound,
)
from training.attention import Segments, attend
from training.packing import Example, nothing, pack, patchify, places, positions, unpatchify

BOTH = pytest.mark.parametrize("name", CONFIGS)


@BOTH
@torch.no_grad()
def test_outputs_are_those_of_each_sample_alone(name: str) -> None:
    model, samples = filled(CONFIGS[name]), examples(CONFIGS[name])
    packed = pack(samples, model.config)
    for one, found in zip(samples, each(packed, model(packed)), strict=True):
        alone = model(pack([one], model.config))
        assert alone.abs().max() > 0.1
        assert (found - alone).abs().max() <= 1e-5


@BOTH
def test_gradients_are_those_of_each_sample_alone(name: str) -> None:
    model, samples = filled(CONFIGS[name]), examples(CONFIGS[name])
    together, packed = gradients(model, [samples])
    apart, one_by_one = gradients(model, [[one] for one in samples])
    assert together == pytest.approx(apart, rel=1e-6)
    for key, expected in one_by_one.items():
        size = expected.abs().max().item()
        assert size > 0 or key == "t.unknown", f"{key} has no gradient"  # the time is always known
        assert (packed[key] - expected).abs().max() <= 1e-5 * max(1.0, size), key


@BOTH
@torch.no_grad()
def test_altering_one_sample_leaves_the_others_unchanged(name: str) -> None:
    config = CONFIGS[name]
    model, samples = filled(config), examples(config)
    packed = pack(samples, config)
    before = each(packed, model(packed))
    for at in range(len(samples)):
        altered = list(samples)
        altered[at] = replace(
            samples[at], z=samples[at].z.flip(0) * 3, t=0.77, fps=60.0, motion=20.0, **caption(config, 3, 11)
        )
        other = pack(altered, config)
        for k, (old, new) in enumerate(zip(before, each(other, model(other)), strict=True)):
            if k == at:
                assert (old - new).abs().max() > 1e-2
            else:
                assert (old - new).abs().max() <= 1e-6


@torch.no_grad()
def test_the_order_of_samples_does_not_matter() -> None:
    model, samples = filled(BYTES), examples(BYTES)
    forward, backward = pack(samples, BYTES), pack(samples[::-1], BYTES)
    for one, other in zip(each(forward, model(forward)), each(backward, model(backward))[::-1], strict=True):
        assert (one - other).abs().max() <= 1e-5


@BOTH
def test_a_pack_of_nothing_runs_and_weighs_nothing(name: str) -> None:
    config = CONFIGS[name]
    model = filled(config)
    total, found = gradients(model, [[nothing(config)]])
    assert total == 0
    # Each parameter has a gradient, as sharded ranks must all take part, and it is 0.
    assert all(torch.equal(value, torch.zeros_like(value)) for value in found.values())
    # Beside real samples it changes nothing either.
    samples = examples(config)
    _, without = gradients(model, [samples])
    _, with_it = gradients(model, [[*samples, nothing(config)]])
    for key, expected in without.items():
        assert (with_it[key] - expected).abs().max() <= 1e-5 * max(1.0, expected.abs().max().item()), key


def test_patches_and_back() -> None:
    z = torch.arange(3 * 2 * 4 * 6.0).reshape(3, 2, 4, 6)
    tokens = patchify(z, 2)
    assert tokens.shape == (2 * 2 * 3, 3 * 4)
    # The second token is one patch to the right: all channels of x 2 and 3, y 0 and 1, of the first frame.
    assert torch.equal(tokens[1], z[:, 0, :2, 2:4].flatten())
    assert torch.equal(unpatchify(tokens, (2, 4, 6), 2), z)
    assert torch.equal(unpatchify(patchify(z, 1), (2, 4, 6), 1), z)
    with pytest.raises(ValueError, match="a latent of 4x6 does not divide into patches of 4x4"):
        patchify(z, 4)


def test_positions_are_seconds_and_patches() -> None:
    found = positions((2, 4, 6), 2, 0.25)
    assert found[0].tolist() == [0, 0, 0]
    assert found[1].tolist() == [0, 0, 1]
    assert found[3].tolist() == [0, 1, 0]
    assert found[-1].tolist() == [0.25, 1, 2]


def test_places_are_shares_of_the_picture_at_any_size() -> None:
    small, large = places((2, 4, 8), 2, 0.5), places((2, 8, 16), 2, 0.5)
    assert small.reshape(2, 2, 4, 3)[1, 0, 3].tolist() == [0.5, 0.25, 0.875]
    # The middle of four large tokens is where the small one's is.
    together = large.reshape(2, 2, 2, 4, 2, 3).mean((2, 4)).reshape(-1, 3)
    torch.testing.assert_close(together, small)


@BOTH
def test_latents_come_back_out_of_a_pack(name: str) -> None:
    config = CONFIGS[name]
    samples = examples(config)
    packed = pack(samples, config)
    for one, found in zip(samples, packed.videos(packed.tokens, config.patch), strict=True):
        assert torch.equal(one.z, found)


def test_latents_come_back_where_another_stream_is_wider() -> None:
    config = replace(BYTES, streams=(BYTES.video_columns + 8,))
    samples = examples(BYTES)
    packed = pack(samples, config)
    for one, found in zip(samples, packed.videos(packed.tokens, config.patch), strict=True):
        assert torch.equal(one.z, found)


def test_no_row_is_padding() -> None:
    samples = examples(TEXT)
    packed = pack(samples, TEXT)
    assert packed.lengths == [3 * 2 * 3, 3 * 2, 2 * 3 * 2, 3 * 2 * 3, 4]
    assert packed.text_lengths == [5, 1, 9, 5, 1]
    assert len(packed.tokens) == len(packed.sample) == sum(packed.lengths)
    assert len(packed.text) == sum(packed.text_lengths)
    assert packed.image.count_nonzero() == packed.image[24:30].count_nonzero() > 0


def test_all_of_a_pack_moves() -> None:
    """A tensor that stayed behind would be copied, and waited for, in every step."""
    packed = pack(examples(TEXT), TEXT).to("meta")

    def tensors(value: object) -> Iterator[torch.Tensor]:
        for part in fields(value):  # type: ignore[arg-type]
            inner = getattr(value, part.name)
            if isinstance(inner, torch.Tensor):
                yield inner
            elif is_dataclass(inner):
                yield from tensors(inner)

    found = list(tensors(packed))
    assert len(found) == 13 + 4 + 2 * 5
    assert all(tensor.is_meta for tensor in found)


def test_attention_is_softmax_within_each_sample() -> None:
    rng = np.random.default_rng(0)
    whose = rng.integers(0, 6, 80)
    whose[:6] = range(6)
    segments = Segments.of(whose, 6)
    q, k, v = torch.randn(3, 80, 2, 8, generator=torch.Generator().manual_seed(0)).unbind(0)
    runs = segments.for_kernel(q.device, q.dtype)
    arranged = [x[segments.order] for x in (q, k, v)]
    found = attend(*arranged, *runs)[segments.inverse]
    scores = torch.einsum("ihd,jhd->hij", q, k) / 8**0.5
    other = torch.from_numpy(whose[:, None] != whose[None])
    expected = torch.einsum("hij,jhd->ihd", scores.masked_fill(other, -torch.inf).softmax(-1), v)
    assert (found - expected).abs().max() < 1e-5


def test_segments_arrange_whole_samples_by_length() -> None:
    segments = Segments.of(np.array([2, 0, 1, 0, 2, 0]), 3)
    assert segments.sample.tolist() == [1, 2, 2, 0, 0, 0]
    assert segments.order.tolist() == [2, 0, 4, 1, 3, 5]
    assert segments.order[segments.inverse].tolist() == list(range(6))
    assert segments.place.tolist() == [0, 0, 1, 0, 1, 2]
    assert segments.borders.tolist() == [0, 1, 3, 6]
    assert (segments.longest, segments.runs) == (3, [(1, 1), (1, 2), (1, 3)])


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"z": torch.zeros(5, 1, 4, 4)}, "takes latents of 4 channels.*encode with the autoencoder"),
        ({"z": torch.zeros(4, 1, 5, 4)}, "a latent of 5x4 does not divide"),
        ({"text": torch.zeros(3, 7)}, "takes text of 12 columns, and got .3, 7."),
        ({"pooled": torch.zeros(4)}, "takes a caption's vector of 5 numbers, and got .4."),
        ({"mask": torch.ones(1, 4, 4)}, "pass both or neither"),
        ({"mask": torch.ones(1, 2, 2), "given": torch.zeros(4, 1, 4, 4)}, "of the latent's own size"),
        ({"streams": (sound(1),)}, "has 0 streams beside video, not 1"),
    ],
)
def test_what_does_not_fit_the_model_is_refused(changed: dict, reason: str) -> None:
    plain = Example(latent(TEXT, 1, 4, 4, 0), 0.5, 0.1, **caption(TEXT, 3, 0))
    pack([plain], TEXT)
    with pytest.raises(ValueError, match=reason):
        pack([replace(plain, **changed)], TEXT)


def test_an_empty_pack_is_refused() -> None:
    with pytest.raises(ValueError, match="fill an empty one with `nothing"):
        pack([], BYTES)
