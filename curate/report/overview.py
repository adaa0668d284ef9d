"""The parts of the page that speak of the run as a whole: totals, before and after, failures, steps,
captions, pairs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from curate import clips
from curate.report.source import Column, Source, literal
from curate.tables import identifier, quoted

FAILURES = 50
REASONS = 20
SAMPLES = 8
EDGE = 6
"""Clips that are shown on each side of a bound."""
FROM_ONE_VIDEO = 2
"""Of these, at most so many are of one video: more footage says more."""
PAIRS = 8


def totals(source: Source) -> dict[str, Any]:
    """The run in a few numbers."""
    footage = source.one(
        "SELECT count(*) AS videos, count(*) FILTER (error IS NOT NULL) AS failed_videos, "
        "count(*) FILTER (salvaged) AS salvaged, sum(bytes) FILTER (error IS NULL) AS bytes FROM _videos"
    )
    found = source.one(
        "SELECT count(*) AS clips, sum(end_seconds - start_seconds) AS footage, "
        "count(*) FILTER (_kept) AS kept, count(*) FILTER (_dropped_by IS NOT NULL) AS dropped, "
        "count(*) FILTER (_error IS NOT NULL) AS failed, count(*) FILTER (_pending) AS pending, "
        "count(*) FILTER (audited) AS audited, "
        "sum(end_seconds - start_seconds) FILTER (_kept) AS kept_seconds FROM _report"
    )
    packed = source.one(
        "SELECT count(*) AS samples, count(DISTINCT shard) AS shards, sum(seconds) AS seconds, "
        "sum(mp4_bytes) AS mp4_bytes, count(DISTINCT bucket) AS buckets, "
        "count(*) FILTER (split = 'validation') AS validation FROM samples"
    )
    return {**footage, **found, **packed}


# -- before and after ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Quantity:
    """A property of footage in bands."""

    name: str
    note: str
    before: str
    """SQL over `_report c` and `_videos v`."""
    after: str
    """SQL over `samples`."""
    bands: tuple[tuple[float, str], ...]
    """(lower end, label), ascending."""


QUANTITIES = (
    Quantity(
        "length", "of clips, in seconds", "c.end_seconds - c.start_seconds", "seconds",
        ((-math.inf, "under 2"), (2, "2–4"), (4, "4–8"), (8, "8–16"), (16, "16–32"), (32, "32 or more")),
    ),
    Quantity(
        "size", "shorter side, in pixels", "least(v.width, v.height)", "least(width, height)",
        ((-math.inf, "under 240"), (240, "240–359"), (360, "360–479"), (480, "480–719"), (720, "720–1079"),
         (1080, "1080–1439"), (1440, "1440–2159"), (2160, "2160 or more")),
    ),
    Quantity(
        "shape",
        "width / height",
        "v.width / v.height",
        "width / height",
        (
            (-math.inf, "under 0.7 (9:16)"),
            (0.7, "0.7–0.95 (3:4)"),
            (0.95, "about 1 (1:1)"),
            (1.05, "1.05–1.5 (4:3)"),
            (1.5, "1.5–1.9 (16:9)"),
            (1.9, "1.9 or more (21:9)"),
        ),
    ),
    Quantity(
        "rate", "frames per second", "v.fps", "fps",
        ((-math.inf, "under 15"), (15, "15–23"), (23, "about 24"), (24.5, "about 25"), (27, "about 30"),
         (31, "31–49"), (49, "about 50"), (55, "about 60"), (61, "over 60")),
    ),
)  # fmt: skip
"""Bands at which datasets are usually cut; those of the rate hold 24, 25, 30, 50 and 60 with their NTSC
neighbours."""


def changes(source: Source) -> list[dict[str, Any]]:
    """For each quantity its bands with clips and seconds before (all footage that was cut) and after (the
    samples)."""
    found = []
    for quantity in QUANTITIES:
        before = _banded(
            source, quantity, quantity.before, "c.end_seconds - c.start_seconds",
            "_report c JOIN _videos v USING (video_id)",
        )  # fmt: skip
        after = _banded(source, quantity, quantity.after, "seconds", "samples")
        labels = [*(label for _, label in quantity.bands), "unknown"]
        used = {*before, *after}
        known = used - {len(quantity.bands)}
        shown = {*range(min(known), max(known) + 1), *used} if known else used
        nothing = {"clips": 0, "seconds": 0.0, "share": 0.0}
        bands = [
            {"label": labels[band], "before": before.get(band, nothing), "after": after.get(band, nothing)}
            for band in sorted(shown)
        ]
        found.append({"name": quantity.name, "note": quantity.note, "bands": bands})
    return found


def _banded(
    source: Source, quantity: Quantity, value: str, seconds: str, relation: str
) -> dict[int, dict[str, Any]]:
    """Number of a band -> clips, seconds and share of all seconds; the number after the last is unknown."""
    cases = " ".join(
        f"WHEN {value} >= {low!r} THEN {band}"
        for band, (low, _) in reversed(list(enumerate(quantity.bands)))
        if math.isfinite(low)
    )
    rows = source.rows(
        f"SELECT CASE WHEN {value} IS NULL THEN {len(quantity.bands)} {cases} ELSE 0 END AS band, "
        f"count(*) AS clips, coalesce(sum({seconds}), 0)::DOUBLE AS seconds FROM {relation} "
        "GROUP BY band ORDER BY band"
    )
    total = sum(row["seconds"] for row in rows) or 1.0
    return {row.pop("band"): {**row, "share": row["seconds"] / total} for row in rows}


# -- failures ------------------------------------------------------------------------------------------------


ALIKE = r"regexp_replace(replace(error, uri, '…'), '[0-9]+([.,:][0-9]+)*', '#', 'g')"
"""A reason without its numbers and the file's name, so that one reason is one row."""
FAILED = """
SELECT 'video' AS what, uri, NULL AS seconds, error FROM _videos WHERE error IS NOT NULL
UNION ALL
SELECT 'clip', v.uri, c.start_seconds, c._error FROM _report c JOIN _videos v USING (video_id)
WHERE c._error IS NOT NULL
UNION ALL
SELECT 'caption', v.uri, c.start_seconds, k.error FROM captions k
JOIN _report c USING (clip_id) JOIN _videos v USING (video_id) WHERE k.outcome <> 'ok'
UNION ALL
SELECT 'part of a video', uri, NULL, first_decode_error FROM _videos WHERE error IS NULL AND salvaged
"""


def failures(source: Source) -> dict[str, Any]:
    """What failed and why: counts by reason, and the first of the list."""
    failed = (
        f"SELECT what, coalesce(uri, '') AS uri, seconds, left(coalesce(error, 'unknown'), 1000) AS error "
        f"FROM ({FAILED})"
    )
    reasons = source.rows(
        f"SELECT what, {ALIKE} AS reason, count(*) AS failures, min(replace(error, uri, '…')) AS example "
        f"FROM ({failed}) GROUP BY ALL ORDER BY failures DESC, what, reason LIMIT {REASONS}"
    )
    rows = source.rows(f"{failed} ORDER BY what, uri, seconds, error LIMIT {FAILURES}")
    counts = source.one(
        f"SELECT count(*) AS failures, count(DISTINCT (what, {ALIKE})) AS reasons FROM ({failed})"
    )
    return {**counts, "by_reason": reasons, "rows": rows}


# -- steps, samples, pairs, edges ----------------------------------------------------------------------------


def steps(source: Source) -> list[dict[str, Any]]:
    """What each step of the last run did, in the order in which they work."""
    return source.rows(f"SELECT * FROM steps WHERE run = {int(source.run)}")


def samples(source: Source) -> list[dict[str, Any]]:
    """Some samples with their captions: one of each bucket, then a second, chosen by their keys, which are
    hashes."""
    return source.rows(
        "SELECT s.clip_id, s.key, s.shard, s.bucket, s.split, s.seconds, s.width, s.height, s.fps, "
        "left(k.short, 4000) AS short, left(k.dense, 4000) AS dense, k.captioner, k.model, v.uri, "
        "c.start_seconds, c.end_seconds "
        "FROM (SELECT *, row_number() OVER (PARTITION BY bucket ORDER BY key) AS turn FROM samples "
        f"      ORDER BY turn, bucket LIMIT {SAMPLES}) s "
        "LEFT JOIN captions k USING (clip_id) LEFT JOIN _report c USING (clip_id) "
        "LEFT JOIN _videos v USING (video_id) ORDER BY s.turn, s.bucket"
    )


def pairs(source: Source) -> dict[str, Any]:
    """How many pairs of near-identical clips there are, and those nearest to the rule that drops the worse
    one of a pair, or the least alike: whether a threshold is right shows there."""
    sides = [
        f"{s}.clip_id AS {s}_clip, {s}v.uri AS {s}_uri, {s}.start_seconds AS {s}_start, "
        f"{s}.end_seconds AS {s}_end, {s}._kept AS {s}_kept, {s}._dropped_by AS {s}_dropped_by"
        for s in ("a", "b")
    ]
    joined = (
        "pairs p JOIN _report a ON a.clip_id = p.clip_a JOIN _videos av ON av.video_id = a.video_id "
        "JOIN _report b ON b.clip_id = p.clip_b JOIN _videos bv ON bv.video_id = b.video_id"
    )
    total = source.one(f"SELECT count(*) AS pairs FROM {joined}")
    finder = next(
        (column for column in source.columns if column.name == "score" and _pairs(source, column)), None
    )
    limit = finder.high if finder is not None and math.isfinite(finder.high) else None
    order = "similarity" if limit is None else f"abs(covered - {literal(limit)}) NULLS LAST, similarity"
    rows = source.rows(
        f"SELECT p.kind, p.similarity, p.covered, {', '.join(sides)} FROM {joined} "
        f"ORDER BY {order}, p.clip_a, p.clip_b LIMIT {PAIRS}"
    )
    return {**total, "limit": limit, "rows": rows}


def _pairs(source: Source, column: Column) -> bool:
    """Whether the column's filter has found pairs."""
    key = clips.pairs_key(column.filter, source.keys["filters"][column.filter])
    return bool(source.tables.files("pairs", key))


def edge(source: Source, column: Column, bound: str) -> dict[str, Sequence[dict[str, Any]]]:
    """Clips just kept and just dropped at a bound (`min` or `max`) of a rule, the nearest first, with what
    the filter says of them in words."""
    value, limit = identifier(column.sql), column.low if bound == "min" else column.high
    inwards, outwards = ("ASC", "DESC") if bound == "min" else ("DESC", "ASC")
    beyond = f"{value} {'<' if bound == 'min' else '>'} {literal(limit)}"
    dropped = f"{column.dropped} AND {beyond}"
    kept = f"{value} IS NOT NULL AND {column.entered} AND {column.within}"
    texts = [c for c in source.columns if c.filter == column.filter and c.kind == "VARCHAR"]
    return {
        "kept": _nearest(source, value, texts, kept, inwards),
        "dropped": _nearest(source, value, texts, dropped, outwards),
    }


def _nearest(
    source: Source, value: str, texts: Sequence[Column], which: str, order: str
) -> list[dict[str, Any]]:
    """The first clips by `value`, not more than FROM_ONE_VIDEO of a video (among the first thousand)."""
    said = ", ".join(f"{quoted(c.name)}, left(n.{identifier(c.sql)}, 300)" for c in texts)
    return source.rows(
        f"SELECT n.clip_id, v.uri, n.start_seconds, n.end_seconds, n._value AS value, n._kept AS kept, "
        "n._dropped_by AS dropped_by, n._error AS error, n._pending AS pending, "
        f"[{said}]::VARCHAR[] AS said FROM ("
        "  SELECT *, row_number() OVER (PARTITION BY video_id ORDER BY _place) AS _turn FROM ("
        f"    SELECT *, {value} AS _value, row_number() OVER (ORDER BY {value} {order}, clip_id) AS _place"
        f"    FROM _report WHERE {which} ORDER BY _place LIMIT 1000)"
        f"  QUALIFY _turn <= {FROM_ONE_VIDEO}) n "
        f"JOIN _videos v USING (video_id) ORDER BY n._place LIMIT {EDGE}"
    )
