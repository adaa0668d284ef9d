"""All that can be said of a run's captions without looking at a picture."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from captioners.dialogue.types import MERGE, Evidence
from curate.judging import cameras, rejudged, words
from curate.judging.cost import Cost, cost
from curate.judging.source import Clip, Source
from curate.near_text import Near, near_identical
from stages.answers import evidence_in

SAMPLE = 50_000
"""Clips whose texts are looked at, chosen by their ids."""

JUDGED = 10_000
"""Clips of those whose answers are judged again, which takes one to three milliseconds an answer."""
GROUPS, IDS = 20, 20
"""Groups of near-identical captions in JSON, and clips that are named of each."""


@dataclass(frozen=True)
class Camera:
    """What is said of the camera, and what was measured."""

    first_answers: cameras.Cameras
    """Of the model: no gate has chosen among these."""
    captions: cameras.Cameras
    """Of what was kept: the gate `camera` lets through what agrees."""


@dataclass(frozen=True)
class Statistics:
    """What was counted."""

    name: str
    captioned: int
    """Clips with a caption."""
    outcomes: dict[str, int]
    """What came of the clips that reached the captioner -> clips."""
    sampled: int
    """Captions that all below is about, but for `cost`."""
    dense: words.Lengths | None
    short: words.Lengths | None
    vocabulary: words.Vocabulary
    """Of the dense captions."""
    openings: list[words.Opening]
    near: Near
    gates: rejudged.Rejudged | None
    """Like the next one of JUDGED clips at most. None, like the next two, where no model was asked."""
    camera: Camera | None
    cost: Cost | None


def statistics(source: Source, most: int = SAMPLE) -> Statistics:
    """Of the last run."""
    reached = source.reached(most, "statistics", with_caption=False)
    clips = source.clips(reached)
    dense = [clip.dense for clip in clips]
    gates, camera = _of_answers(source, reached, clips)
    return Statistics(
        name=source.name,
        captioned=source.captioned,
        outcomes=source.outcomes,
        sampled=len(clips),
        dense=words.lengths(dense) if clips else None,
        short=words.lengths([clip.short for clip in clips]) if clips else None,
        vocabulary=words.vocabulary(dense),
        openings=words.openings(dense),
        near=near_identical({clip.clip_id: (clip.video_id, clip.dense) for clip in clips}),
        gates=gates,
        camera=camera,
        cost=cost(source),
    )


def _of_answers(
    source: Source, reached: Sequence[bytes], clips: Sequence[Clip]
) -> tuple[rejudged.Rejudged | None, Camera | None]:
    if source.answers is None:
        return None, None
    by_clip = source.answers_of(reached[:JUDGED])
    options = source.gates
    answers = [one for rows in by_clip.values() for one in rejudged.again(rows, options)]
    lost = [row["finish_reason"] for rows in by_clip.values() for row in rows if row["raw"] is None]
    first = [
        (one.evidence, one.judged.fields.camera_motion)
        for one in answers
        if one.answer.attempt == 0 and one.answer.window != MERGE and one.judged.fields is not None
    ]
    kept = []
    for clip in clips:
        if clip.fields and clip.clip_id in by_clip:  # not `measured` in a model's place
            evidence = evidence_in(by_clip[clip.clip_id])
            # What was measured of the whole of a long clip is with the call that merges its windows.
            of_clip = evidence.get(MERGE) or evidence.get(0) or Evidence()
            kept.append((of_clip, clip.fields.get("camera_motion")))
    camera = Camera(cameras.compare(first), cameras.compare(kept))
    return rejudged.counted(len(by_clip), answers, lost), camera


def as_json(found: Statistics) -> dict[str, Any]:
    """The result as JSON values; of near-identical captions the largest groups."""
    near = found.near
    groups = [
        {
            "clips": len(group.clips),
            "videos": group.videos,
            "clip_ids": [clip.hex() for clip in group.clips[:IDS]],
            "example": group.example,
        }
        for group in near.groups[:GROUPS]
    ]
    told = {"near": near.near, "compared": near.compared, "share": near.share, "groups": groups}
    return asdict(replace(found, near=Near(0, 0, ()))) | {"near": told}
