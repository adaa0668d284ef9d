"""What every detector of shots is: options of one section of pipelines.yaml, and a function of signals."""

from abc import abstractmethod
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from curate.cutting.spans import SpanOptions

Frames = npt.NDArray[np.int64]
Transitions = npt.NDArray[np.int64]
"""(k, 2): [first, end) of each, see CutOptions.transitions."""
Signals = Mapping[str, Mapping[str, npt.NDArray[Any]]]
"""Group -> column -> (frames,) values of one video; `pts` in each group. Columns of bytes are (frames, n)."""


class CutOptions(SpanOptions):
    """What every detector has: a name, what it reads, and what becomes of shots (SpanOptions)."""

    VERSION: ClassVar[int]
    """Counts up when the same signals and options give other cuts."""
    READS: ClassVar[tuple[str, ...]]
    """Signal groups that it reads."""
    HEAVY: ClassVar[bool] = False
    """Whether it runs a model: in actors, with resources of their own, not in the driver."""

    use: str
    """The detector's name in pipelines.yaml."""

    @abstractmethod
    def transitions(self, signals: Signals, time_base: Fraction, model: Any = None) -> Transitions:
        """Where shots change in one video: int64 (k, 2), frames [first, end) in decoding order, ascending and
        apart.

        A hard cut has first == end, the first frame of the new shot. The frames of a gradual one belong to
        neither shot; it may start with the video's first frame or end with its last. `signals` are the groups
        of READS, `model` is what `load` gave.
        """

    def check(self) -> None:
        """Called in the driver before a run with something to cut: ValueError names the command to type if
        something is not installed."""

    def lacks(self) -> str | None:
        """What `check` would refuse; None: nothing."""
        try:
            self.check()
        except ValueError as error:
            return str(error)
        return None

    def load(self) -> Any:
        """The model, loaded once per process; None where there is none."""
        return None


def as_transitions(cuts: npt.ArrayLike) -> Transitions:
    """Hard cuts at the frames `cuts`, (k,)."""
    frames = np.asarray(cuts, dtype=np.int64)
    return np.stack([frames, frames], axis=1)
