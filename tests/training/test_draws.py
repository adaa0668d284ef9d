"""What is left out and what is given of a draw, in the shares that training names."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.tiny_dit import BYTES, latent
from training.data import Item
from training.dit_task import DiTTask, Noise, given_frames
from training.keyed import Key
from training.model import DiT
from training.plan import Draw
from training.text import text_encoder

DRAWS = 4000


def keys() -> Iterator[Key]:
    for number in range(DRAWS):
        yield Key(0, 0, number.to_bytes(16, "little"), 0)


def shares(values: list[Any]) -> dict[Any, float]:
    return {value: values.count(value) / len(values) for value in set(values)}


def test_half_of_what_is_given_is_a_picture_and_the_rest_any_beginning() -> None:
    found = shares([given_frames(key, 5, 0.4) for key in keys()])
    assert found[0] == pytest.approx(0.6, abs=0.03)
    assert found[1] == pytest.approx(0.2 + 0.05, abs=0.03)
    for frames in (2, 3, 4):
        assert found[frames] == pytest.approx(0.05, abs=0.02)
    assert 5 not in found
    assert {given_frames(key, 1, 1.0) for key in keys()} == {0}


@pytest.mark.parametrize("caption", ["a red ball", ""])
def test_scores_are_left_out_together_and_more_often_without_a_caption(caption: str) -> None:
    class Vae(torch.nn.Module):
        temporal, spatial, latent_channels = 4, 8, 4

    task = DiTTask(
        DiT(BYTES), vae=Vae(), encoder=text_encoder("bytes"), noise=Noise(), device=torch.device("cpu")
    )  # type: ignore[arg-type]
    known = []
    for key in keys():
        draw = Draw(
            row=0, key=key, window=0, start=0, frames=1, height=16, width=16, stride=1, fps=24.0, latent=0,
            tokens=1,
        )  # fmt: skip
        item = Item(
            draw=draw, latent=latent(BYTES, 1, 2, 2, 0), pixels=None, variant="dense", text=caption,
            embedding=None, fps=24.0, motion=1.0, aesthetic=5.0,
        )  # fmt: skip
        (draft,) = task.drafts([item])
        known.append((not math.isnan(draft.motion), not math.isnan(draft.aesthetic)))
    found = shares(known)
    both = 0.1 if caption else 0.5
    assert found[False, False] == pytest.approx(both + (1 - both) * 0.05**2, abs=0.03)
    assert found[True, False] == pytest.approx((1 - both) * 0.05 * 0.95, abs=0.02)
    assert np.mean([motion for motion, _ in known]) == pytest.approx((1 - both) * 0.95, abs=0.03)
