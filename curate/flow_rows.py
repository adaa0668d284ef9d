"""Which rows of the `flow` group speak of a clip, and for how long each of them does.

A flow row compares the frame at `pts` with the one at `ref_pts`, some 1/8 s earlier. The first row after a
cut may look back across it: its vectors match two different pictures and mean nothing, so a row counts only
where both of its frames lie in the clip."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def flow_weights(flow: Mapping[str, npt.NDArray[Any]], start_pts: int) -> Floats:
    """(frames,) ticks that each row of a clip's flow covers: pts - ref_pts, and 0 where it says nothing.

    flow: the columns `pts`, `ref_pts` and `speed` of the clip's frames; NaN where a row has no value.
    """
    pts = np.asarray(flow["pts"], np.float64)
    reference = np.asarray(flow["ref_pts"], np.float64)
    spoken = np.isfinite(np.asarray(flow["speed"], np.float64)) & (reference >= start_pts) & (reference < pts)
    return np.where(spoken, pts - reference, 0.0)


def weighted_mean(values: npt.ArrayLike, weights: Floats) -> float | None:
    """Mean of `values` by `weights`, over those that are numbers; None where there are none."""
    numbers = np.asarray(values, np.float64)
    used = np.isfinite(numbers) & (weights > 0)
    if not used.any():
        return None
    return float(np.average(numbers[used], weights=weights[used]))
