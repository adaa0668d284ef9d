"""Rotary positions: only distances count, and time is in seconds."""

import torch

from training.packing import positions
from training.rope import THETA, TICKS_PER_SECOND, rotate, rotations

AXES = (8, 12, 12)


def some(rows: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    q, k = torch.randn(2, rows, 2, sum(AXES), generator=generator)
    return q, k, torch.rand(rows, 3, generator=generator) * torch.tensor([5.0, 16.0, 16.0])


def scores(q: torch.Tensor, k: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
    cos, sin = rotations(place, AXES)
    return torch.einsum("ihd,jhd->hij", rotate(q, cos, sin), rotate(k, cos, sin))


def test_only_distances_count() -> None:
    q, k, place = some(20)
    here = scores(q, k, place)
    for away in ([3.0, 0, 0], [0, 7.0, 0], [0, 0, 2.0], [1.5, 4.0, 9.0]):
        assert (scores(q, k, place + torch.tensor(away)) - here).abs().max() < 1e-4
    # But distances do, along each axis.
    for axis in range(3):
        moved = place.clone()
        moved[0, axis] += 1
        assert (scores(q, k, moved) - here)[:, 0].abs().max() > 0.1


def test_lengths_are_kept_and_zero_turns_nothing() -> None:
    q, _, place = some(20)
    cos, sin = rotations(place, AXES)
    assert torch.allclose(rotate(q, cos, sin).norm(dim=-1), q.norm(dim=-1), atol=1e-5)
    cos, sin = rotations(torch.zeros(20, 3), AXES)
    assert torch.equal(rotate(q, cos, sin), q)


def test_pairs_turn_as_complex_numbers_do() -> None:
    """RoFormer's definition, pair by pair."""
    q, _, place = some(5)
    cos, sin = rotations(place, AXES)
    found = rotate(q, cos, sin)
    half, at = sum(AXES) // 2, 0
    for axis, dimensions in enumerate(AXES):
        ticks = place[:, axis] * (TICKS_PER_SECOND if axis == 0 else 1)
        for i in range(dimensions // 2):
            turn = torch.exp(1j * ticks * THETA ** (-2 * i / dimensions))
            turned = torch.complex(q[..., at], q[..., at + half]) * turn[:, None]
            assert torch.allclose(torch.view_as_real(turned)[..., 0], found[..., at], atol=1e-4)
            assert torch.allclose(torch.view_as_real(turned)[..., 1], found[..., at + half], atol=1e-4)
            at += 1


def test_the_same_moments_have_the_same_rotations_at_any_frame_rate() -> None:
    """12 frames per second, every latent; 24 frames per second, every second latent."""
    slow = rotations(positions((3, 4, 4), 2, 4 / 12), AXES)
    fast = rotations(positions((5, 4, 4), 2, 4 / 24), AXES)
    per_latent = 2 * 2
    kept = torch.arange(5 * per_latent).reshape(5, per_latent)[::2].flatten()
    for one, other in zip(slow, fast, strict=True):
        assert torch.allclose(one, other[kept], atol=1e-6)
        assert not torch.allclose(one, other[: len(one)], atol=1e-2)


def test_a_latent_frame_at_24_frames_is_one_step() -> None:
    assert positions((2, 2, 2), 2, 4 / 24)[-1, 0] * TICKS_PER_SECOND == 1


def test_before_can_be_told_from_after() -> None:
    """One latent frame on and one back: some pair's sine is large, at 8 as at 24 frames per second."""
    for fps in (8, 12, 24, 30):
        _, sin = rotations(torch.tensor([[4 / fps, 0, 0]]), AXES)
        assert sin[0, : AXES[0] // 2].abs().max() > 0.7


def test_positions_may_come_in_half_precision() -> None:
    cos, sin = rotations(torch.full((1, 3), 3.0, dtype=torch.bfloat16), AXES)
    assert cos.dtype == sin.dtype == torch.float32
