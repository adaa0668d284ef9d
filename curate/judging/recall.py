"""Captions beside facts that a person wrote down for clips of known videos."""

import math
from typing import Any

from captioners._facts import ClipRecall, FactClip, Recall, Span, read_facts, recall
from curate.judging.source import Source, has_caption
from curate.tables import quoted

_TOLD = """
SELECT u.uri, c.start_seconds, c.end_seconds, k.dense
FROM captions k JOIN _reached r USING (clip_id) JOIN clips c USING (clip_id)
JOIN (SELECT video_id, unnest(uris) AS uri FROM videos) u ON u.video_id = c.video_id
WHERE {captioned} AND split_part(u.uri, '/', -1) IN ({names})
"""


def recalled(source: Source, path: str) -> Recall:
    """Which of the facts of the file the dense captions of the run state. ValueError for a file that cannot
    be used."""
    try:
        facts = read_facts(path)
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}): give a file of facts") from error
    names = ", ".join(sorted(quoted(fact.video) for fact in facts))
    rows = source.rows(_TOLD.format(captioned=has_caption("k.outcome"), names=names))
    texts = {Span(row["uri"], row["start_seconds"], row["end_seconds"]): row["dense"] for row in rows}
    return recall(texts, facts)


def as_json(found: Recall) -> dict[str, Any]:
    """The result as JSON values."""
    return {
        "stated": found.stated,
        "facts": found.count,
        "share": None if math.isnan(found.share) else found.share,
        "interval": list(found.interval),
        "clips": [_clip(one) for one in found.clips],
        "uncaptioned": [_span(one) for one in found.uncaptioned],
    }


def _clip(one: ClipRecall) -> dict[str, Any]:
    return {
        **_span(one.clip),
        "stated": one.stated,
        "facts": one.count,
        "share": one.share,
        "interval": list(one.interval),
        "omitted": [fact.fact for fact in one.omitted],
    }


def _span(clip: FactClip) -> dict[str, Any]:
    return {"video": clip.video, "start_seconds": clip.start_seconds, "end_seconds": clip.end_seconds}
