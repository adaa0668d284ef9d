"""Spans: conservation on random input, and each rule with a known answer."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from curate.cutting import COMPONENTS, Adaptive, Span, SpanOptions, as_transitions, clips_of, spans_of

MIN, TRIM, TRANSITION = "cuts.min_seconds", "cuts.trim_seconds", "cuts.transition"
HUGE = 1e15
TENTH = Fraction(1, 10)


def options(minimum: float = 0, maximum: float = HUGE, trim: float = 0) -> SpanOptions:
    return SpanOptions(min_seconds=minimum, max_seconds=maximum, trim_seconds=trim)


def at_ten_per_second(frames: int, cuts: list[int], rules: SpanOptions) -> list[tuple[int, int, str | None]]:
    """Spans of a video of ten frames per second; frame numbers and timestamps are the same."""
    found = spans_of(as_transitions(cuts), np.arange(frames), frames, TENTH, rules)
    assert all(span.frames == span.end_pts - span.start_pts for span in found)
    return [(span.start_pts, span.end_pts, span.dropped_by) for span in found]


def random_video(rng: np.random.Generator) -> tuple[np.ndarray, int, Fraction, list[int]]:
    """A video of constant, jittered or wildly variable rate that starts anywhere, with any cuts."""
    frames = int(rng.integers(1, 400))
    kind = rng.integers(3)
    if kind == 0:
        durations = np.full(frames, rng.integers(1, 2000))
    elif kind == 1:
        durations = rng.integers(33, 35, frames)
    else:
        durations = rng.choice([1, 7, 40, 3000], frames, p=[0.2, 0.4, 0.35, 0.05])
    edges = np.concatenate([[0], np.cumsum(durations)]) + int(rng.integers(-5000, 10**12))
    base = Fraction(1, int(rng.choice([10, 1000, 15360, 90000])))
    cuts = np.flatnonzero(rng.random(frames) < rng.choice([0.0, 0.02, 0.3, 1.0]))
    return edges[:-1], int(edges[-1]), base, [int(c) for c in cuts if c > 0]


def random_options(rng: np.random.Generator, seconds: float) -> SpanOptions:
    low, high = sorted(rng.uniform(0, seconds / 2, 2))
    return SpanOptions(
        min_seconds=rng.choice([0.0, low]),
        max_seconds=rng.choice([high + 1e-3, HUGE]),
        trim_seconds=rng.choice([0.0, low / 10, low]),
    )


@pytest.mark.parametrize("seed", range(300))
def test_every_frame_and_tick_lies_in_exactly_one_span(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pts, end_pts, base, cuts = random_video(rng)
    rules = random_options(rng, float((end_pts - pts[0]) * base))
    spans = spans_of(as_transitions(cuts), pts, end_pts, base, rules)

    assert spans[0].start_pts == pts[0]
    assert spans[-1].end_pts == end_pts
    assert all(a.end_pts == b.start_pts for a, b in pairwise(spans))
    for span in spans:
        inside = int(np.count_nonzero((pts >= span.start_pts) & (pts < span.end_pts)))
        assert span.frames == inside >= 1
        assert span.start_pts in pts
    assert sum(span.frames for span in spans) == len(pts)
    # No shot's frames lie in a span of another shot.
    assert {int(pts[c]) for c in cuts} <= {span.start_pts for span in spans}

    for span in spans:
        seconds = (span.end_pts - span.start_pts) * base
        if span.dropped_by is None:
            assert seconds >= Fraction(str(rules.min_seconds))
            assert seconds <= Fraction(str(rules.max_seconds)) or span.frames == 1
    if rules.min_seconds == rules.trim_seconds == 0:
        assert {span.dropped_by for span in spans} == {None}


@pytest.mark.parametrize("seed", range(100))
def test_without_rules_the_spans_are_the_shots(seed: int) -> None:
    pts, end_pts, base, cuts = random_video(np.random.default_rng(seed))
    times = [*pts.tolist(), end_pts]
    shots = [(a, b) for a, b in pairwise([0, *cuts, len(pts)])]
    assert spans_of(as_transitions(cuts), pts, end_pts, base, options()) == [
        Span(times[a], times[b], b - a) for a, b in shots
    ]


@pytest.mark.parametrize("seed", range(100))
def test_parts_at_a_constant_rate_are_the_fewest_and_differ_by_a_frame(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frames, tick, most = int(rng.integers(1, 2000)), int(rng.integers(1, 5000)), int(rng.integers(1, 300))
    pts = np.arange(frames) * tick + 12345
    found = spans_of([], pts, 12345 + frames * tick, Fraction(1, 10 * tick), options(maximum=most / 10))
    lengths = [span.frames for span in found]
    assert len(lengths) == -(-frames // most)
    assert max(lengths) - min(lengths) <= 1
    assert max(lengths) <= most


def test_parts_under_millisecond_timestamps_differ_by_a_frame() -> None:
    """29.97 frames per second in a container that counts milliseconds: 33, 34, 33 …"""
    edges = np.array([round(i * 1001 / 30) for i in range(3001)])
    found = spans_of([], edges[:-1], int(edges[-1]), Fraction(1, 1000), options(maximum=20))
    lengths = [span.frames for span in found]
    assert len(lengths) == 6
    assert max(lengths) - min(lengths) <= 1


def fewest(times: list[int], most: int) -> int:
    """By filling each part from the front."""
    count, start = 0, 0
    while start < len(times) - 1:
        end = start + 1
        while end < len(times) - 1 and times[end + 1] - times[start] <= most:
            end += 1
        count, start = count + 1, end
    return count


@pytest.mark.parametrize("seed", range(200))
def test_parts_at_a_variable_rate_are_the_fewest_that_fit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    edges = np.concatenate([[0], np.cumsum(rng.integers(1, rng.choice([3, 60]), int(rng.integers(1, 300))))])
    most = int(rng.integers(1, max(2, edges[-1])))
    found = spans_of([], edges[:-1], int(edges[-1]), Fraction(1), options(maximum=most))
    assert len(found) == fewest(edges.tolist(), most)
    assert all(span.end_pts - span.start_pts <= most or span.frames == 1 for span in found)


def test_a_frame_longer_than_the_limit_is_a_part_of_its_own() -> None:
    """A slide show: one picture stays for 60 s."""
    pts = np.array([0, 10, 20, 620, 630])
    found = spans_of([], pts, 640, TENTH, options(maximum=20))
    assert found == [Span(0, 20, 2), Span(20, 620, 1), Span(620, 640, 2)]


def test_the_last_frames_own_length_counts() -> None:
    assert spans_of([], [0, 10], 400, TENTH, options(minimum=39.9)) == [Span(0, 400, 2)]


def test_a_shot_of_exactly_the_least_is_kept() -> None:
    """0.1 and 0.7 as doubles are not a tenth and seven tenths."""
    for seconds in range(1, 30):
        kept = at_ten_per_second(seconds, [], options(minimum=seconds / 10))
        assert kept == [(0, seconds, None)]
        assert at_ten_per_second(seconds, [], options(minimum=(seconds + 1) / 10)) == [(0, seconds, MIN)]
        assert at_ten_per_second(seconds, [], options(maximum=seconds / 10)) == [(0, seconds, None)]


def test_ntsc_seconds_are_exact() -> None:
    """60 frames of 1001/30000 s are 2.002 s, 59 are 1.96863…"""
    pts = np.arange(119) * 1001
    found = spans_of(as_transitions([60]), pts, 119 * 1001, Fraction(1, 30000), options(minimum=2.002))
    assert [(span.frames, span.dropped_by) for span in found] == [(60, None), (59, MIN)]


def test_short_shots_are_rows_dropped_by_min_seconds() -> None:
    assert at_ten_per_second(100, [5, 50, 69], options(minimum=2)) == [
        (0, 5, MIN),
        (5, 50, None),
        (50, 69, MIN),
        (69, 100, None),
    ]


def test_trimming_cuts_at_cuts_and_leaves_the_ends_of_the_file() -> None:
    assert at_ten_per_second(100, [40, 70], options(trim=0.5)) == [
        (0, 35, None),
        (35, 40, TRIM),
        (40, 45, TRIM),
        (45, 65, None),
        (65, 70, TRIM),
        (70, 75, TRIM),
        (75, 100, None),
    ]
    assert at_ten_per_second(100, [], options(trim=0.5)) == [(0, 100, None)]


def test_trimming_takes_whole_frames_and_at_least_as_much() -> None:
    assert at_ten_per_second(60, [20, 40], options(trim=0.11))[2:5] == [
        (20, 22, TRIM),
        (22, 38, None),
        (38, 40, TRIM),
    ]
    pts = np.array([0, 10, 13, 19, 21, 30])  # the shot [10, 30) of frames of 3, 6, 2 and 9 ticks
    assert spans_of(as_transitions([1, 5]), pts, 40, TENTH, options(trim=0.4)) == [
        Span(0, 10, 1, TRIM),
        Span(10, 19, 2, TRIM),
        Span(19, 21, 1),
        Span(21, 30, 1, TRIM),
        Span(30, 40, 1, TRIM),
    ]


def test_what_trimming_leaves_must_be_long_enough() -> None:
    rules = options(minimum=2, trim=0.5)
    # The middle shot of 2.9 s keeps 1.9 s, the last one of 2.5 s, trimmed at one end, keeps 2.0 s.
    assert at_ten_per_second(94, [40, 69], rules) == [
        (0, 35, None),
        (35, 40, TRIM),
        (40, 69, MIN),
        (69, 74, TRIM),
        (74, 94, None),
    ]


def test_a_shot_that_is_trimmed_away_is_one_row() -> None:
    assert at_ten_per_second(60, [30, 40], options(trim=0.5))[2] == (30, 40, TRIM)
    assert at_ten_per_second(60, [30, 40], options(trim=HUGE)) == [
        (0, 30, TRIM),
        (30, 40, TRIM),
        (40, 60, TRIM),
    ]
    assert at_ten_per_second(60, [30, 40], options(minimum=0.1, trim=0.5))[2] == (30, 40, MIN)


def test_trimming_comes_before_splitting() -> None:
    # 21 s less a second at the cut are 20 s: one clip.
    assert at_ten_per_second(250, [210], options(minimum=2, maximum=20, trim=1)) == [
        (0, 200, None),
        (200, 210, TRIM),
        (210, 220, TRIM),
        (220, 250, None),
    ]


def test_a_long_shot_is_split_evenly() -> None:
    assert at_ten_per_second(410, [], options(minimum=2, maximum=20)) == [
        (0, 137, None),
        (137, 273, None),
        (273, 410, None),
    ]
    assert at_ten_per_second(400, [], options(minimum=2, maximum=20)) == [(0, 200, None), (200, 400, None)]


def test_parts_shorter_than_the_least_are_dropped() -> None:
    assert at_ten_per_second(22, [], options(minimum=1.5, maximum=2)) == [(0, 11, MIN), (11, 22, MIN)]


def test_a_video_of_one_frame_and_one_of_none() -> None:
    assert spans_of([], [7], 9, TENTH, options()) == [Span(7, 9, 1)]
    assert spans_of([], [7], 9, TENTH, SpanOptions()) == [Span(7, 9, 1, MIN)]
    assert spans_of([], [], 0, TENTH, SpanOptions()) == []


def test_times_near_the_ends_of_64_bits() -> None:
    start = -(2**62)
    assert spans_of(
        as_transitions([1]), [start, start + 5], start + 9, Fraction(1, 90000), options(trim=HUGE)
    ) == [
        Span(start, start + 5, 1, TRIM),
        Span(start + 5, start + 9, 1, TRIM),
    ]


@pytest.mark.parametrize(
    "transitions",
    [
        [[0, 0]],
        [[5, 5]],
        [[-1, -1]],
        [[2, 2], [2, 2]],
        [[3, 3], [1, 1]],
        [[3, 2]],
        [[2, 6]],
        [[1, 3], [3, 4]],
    ],
)
def test_transitions_that_are_none_are_refused(transitions: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="transitions must ascend, apart, within frames 0 to 5"):
        spans_of(transitions, np.arange(5), 5, TENTH, options())


def test_the_frames_of_a_fade_are_in_no_shot() -> None:
    # A fade in, a dissolve and a fade out to the end, with a cut between: 100 frames, 10 per second.
    found = spans_of(
        [[0, 5], [30, 38], [70, 70], [95, 100]], np.arange(100), 100, TENTH, options(minimum=2.5)
    )
    assert [(span.start_pts, span.end_pts, span.dropped_by) for span in found] == [
        (0, 5, TRANSITION),
        (5, 30, None),
        (30, 38, TRANSITION),
        (38, 70, None),
        (70, 95, None),
        (95, 100, TRANSITION),
    ]


def test_a_shot_is_trimmed_where_a_fade_ends() -> None:
    found = spans_of([[0, 5], [30, 38]], np.arange(60), 60, TENTH, options(trim=0.2))
    assert [(span.start_pts, span.end_pts, span.dropped_by) for span in found] == [
        (0, 5, TRANSITION),
        (5, 7, TRIM),
        (7, 28, None),
        (28, 30, TRIM),
        (30, 38, TRANSITION),
        (38, 40, TRIM),
        (40, 60, None),
    ]


def test_a_video_that_is_one_fade_has_no_clip() -> None:
    assert spans_of([[0, 9]], np.arange(9), 9, TENTH, options()) == [Span(0, 9, 9, TRANSITION)]


@pytest.mark.parametrize("seed", range(50))
def test_every_frame_lies_in_one_span_with_fades_too(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pts, end_pts, base, _ = random_video(rng)
    rules = random_options(rng, float((end_pts - pts[0]) * base))
    edges = np.unique(rng.integers(0, len(pts) + 1, 8))
    fades = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    spans = spans_of(fades, pts, end_pts, base, rules)
    assert spans[0].start_pts == pts[0]
    assert spans[-1].end_pts == end_pts
    assert all(a.end_pts == b.start_pts for a, b in pairwise(spans))
    assert sum(span.frames for span in spans) == len(pts)
    times = np.append(pts, end_pts)
    assert [(s.start_pts, s.end_pts) for s in spans if s.dropped_by == TRANSITION] == [
        (int(times[a]), int(times[b])) for a, b in fades
    ]


@pytest.mark.parametrize(("pts", "end"), [([0, 1, 1], 3), ([0, 2, 1], 3), ([0, 1, 2], 2)])
def test_timestamps_that_do_not_ascend_are_refused(pts: list[int], end: int) -> None:
    with pytest.raises(ValueError, match="timestamps must ascend strictly"):
        spans_of([], pts, end, TENTH, options())


def test_clips_of_detects_and_divides() -> None:
    change = np.zeros(100)
    change[[30, 45]] = 60.0
    content = {"pts": np.arange(100), **dict.fromkeys(COMPONENTS, change)}
    rules = Adaptive(min_seconds=2, max_seconds=4)
    assert clips_of({"content": content}, 100, TENTH, rules) == [
        Span(0, 30, 30),
        Span(30, 45, 15, MIN),
        Span(45, 73, 28),
        Span(73, 100, 27),
    ]
    with pytest.raises(ValueError, match="different numbers of frames: content 100, thumbs 99"):
        clips_of({"content": content, "thumbs": {"pts": np.arange(99)}}, 100, TENTH, rules)
