"""The alarm of a run whose captions are all alike: a model that has collapsed, or that does not look."""

from collections.abc import Mapping

from curate.near_text import near_identical

ACROSS_VIDEOS = 0.1
"""Share of clips whose caption is near-identical to one of another video, from which on it is an alarm.
Different videos share stock shots and title cards, and seldom a hundred words."""
WITHIN = 0.5
"""The same for clips of whatever video: shots of one scene are alike, but not half of all shots."""
FEWEST = 8
"""Captions below which nothing is said."""


def alarm(texts: Mapping[bytes, tuple[bytes, str]]) -> str | None:
    """One sentence for a run whose captions (clip -> (video, text)) are near-identical; None if they are
    not. It changes no outcome: some footage is alike."""
    if len(texts) < FEWEST:
        return None
    across = near_identical(texts)
    own = near_identical({clip: (clip, text) for clip, (_, text) in texts.items()})
    if across.share >= ACROSS_VIDEOS:
        found, where = across, "of another video"
    elif own.share >= WITHIN:
        found, where = own, "of another clip"
    else:
        return None
    example = " ".join(found.groups[0].example.split())
    shown = example if len(example) <= 120 else f"{example[:119]}…"
    return (
        f"{found.share:.0%} of the captions are near-identical to that {where}, such as “{shown}”: look at "
        "`curate captions` and at the model before you train on them"
    )
