"""How the view moves, by the flow of a clip, and how sure that is."""

from captioners._clauses import (
    MOVES,
    MOVES_OF_THE_VIEW,
    NOTHING_SHARE,
    UNLIT,
    column,
    flow_mean,
    mean,
    within,
)
from curate.plugins import ClipView

WORDS = {
    # Flow of the content to the right is a view that turns, or travels, to the left.
    "pan": ("pan left", "pan right"),
    "tilt": ("tilt up", "tilt down"),
    "zoom": ("zoom in", "zoom out"),
    "roll": ("roll", "roll"),
}
LEAD = 2.0
"""How much faster than the next one a move has to be, to be the clip's motion with full confidence."""
STILL = MOVES / 4
"""Percent of the picture's width per second at its edge, below which a view certainly stands; MOVES is where
a move is named."""

DRIFT, FAR = 1.0, 4.0
"""Percent of the width that a view which stands may have gone to one side at the end of a clip, and from
which on it may well be said to move."""


def camera(clip: ClipView) -> tuple[str | None, float]:
    """The view's main motion in the words of the enumeration (`static`, `pan left`, …, `handheld`), and a
    confidence from 0 to 1; (None, 0.0) where flow tells nothing.

    The confidence of a move is the product of three shares: how one-sided it is (|mean| / mean |…|), how much
    of all motion is the whole picture's (1 - residual / speed), and how far it leads the next move. Flow
    cannot tell turning from travelling: `pan left` stands for `truck left` as well, `zoom in` for `dolly in`.
    """
    black, luma = mean(column(clip, "picture", "black")), mean(column(clip, "picture", "luma"))
    if (black is not None and black >= NOTHING_SHARE) or (luma is not None and luma < UNLIT):
        return None, 0.0
    sizes: dict[str, float] = {}
    means: dict[str, float] = {}
    for name, (source, factor, _, _) in MOVES_OF_THE_VIEW.items():
        average, size = flow_mean(clip, source), flow_mean(clip, source, magnitude=True)
        if average is None or size is None:
            return None, 0.0
        means[name], sizes[name] = average * factor, size * factor
    largest = max(sizes, key=lambda name: sizes[name])
    if sizes[largest] < MOVES / 2:
        # Half way between certainly still and nearly a move.
        slow = (sizes[largest] - STILL) / (MOVES / 2 - STILL)
        # What is slow goes far in a long clip: a drone, a push-in of ten seconds.
        far = (max(map(abs, means.values())) * clip.seconds - DRIFT) / (FAR - DRIFT)
        return "static", round(1.0 - 0.5 * min(1.0, max(0.0, slow, far)), 4)
    if sizes[largest] < MOVES:
        return None, 0.0
    inside = within(clip)
    own = 1.0 if inside is None else max(0.0, 1.0 - float(inside.value))
    one_sided = abs(means[largest]) / sizes[largest]
    if one_sided < 0.5:
        return "handheld", round(own * (1.0 - one_sided), 4)
    others = max((abs(value) for name, value in means.items() if name != largest), default=0.0)
    lead = min(1.0, abs(means[largest]) / (LEAD * others)) if others > 0 else 1.0
    positive, negative = WORDS[largest]
    return positive if means[largest] > 0 else negative, round(one_sided * own * lead, 4)
