"""The present state: what belongs to the current input under the current keys."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from curate import clips, state
from curate.context import Keys
from curate.tables import id_bytes, to_table
from tests.written import GONE, IDS, ONE, SPANS, TWO, Written, written


@pytest.fixture
def run(tmp_path: Path) -> Written:
    return written(tmp_path / "run")


def found(run: Written, **keys: Any) -> dict[bytes, state.Video]:
    return state.videos(run.listed, run.tables, replace(run.keys, **keys))


def test_videos_of_the_input_with_all_their_uris(run: Written) -> None:
    videos = found(run)
    assert list(videos) == sorted([ONE, TWO])
    assert GONE not in videos
    one = videos[ONE]
    assert (one.uris, one.path, one.carried) == (
        ["/in/a.mp4", "/in/copy.mp4"],
        "/in/a.mp4",
        [{"licence": "CC0"}, {}],
    )
    assert (one.row["width"], one.usable, one.scanned, one.lacks(run.keys)) == (640, True, True, [])
    assert one.parts == {group: f"signals/{group}/x.parquet" for group in run.keys.groups}
    assert (videos[TWO].scan["salvaged"], one.scan["salvaged"]) == (True, False)


def test_a_file_that_changed_is_unread(run: Written) -> None:
    assert state.unread(run.listed, run.tables, run.keys) == []
    for changed in (replace(run.listed[0], modified="9"), replace(run.listed[0], bytes=11)):
        listed = [changed, *run.listed[1:]]
        assert state.unread(listed, run.tables, run.keys) == [changed]
        assert state.videos(listed, run.tables, run.keys)[ONE].uris == ["/in/copy.mp4"]


def test_an_older_probe_does_not_count(run: Written) -> None:
    keys = replace(run.keys, videos="other")
    assert state.unread(run.listed, run.tables, keys) == run.listed[:3]
    assert state.videos(run.listed, run.tables, keys) == {}


def test_a_group_of_another_version_is_lacking(run: Written) -> None:
    groups = {**run.keys.groups, "flow": "new"}
    video = found(run, groups=groups)[ONE]
    assert (video.lacks(replace(run.keys, groups=groups)), "flow" in video.parts) == (["flow"], False)
    # Its scan for the group alone joins the other groups' older one.
    part = {"group": "flow", "key": "new", "part": "signals/flow/new.parquet", "rows": 1, "bytes": 1}
    run.tables.append("scans", [{"video_id": ONE, "groups": [part]}])
    video = found(run, groups=groups)[ONE]
    assert video.lacks(replace(run.keys, groups=groups)) == []
    assert (video.parts["flow"], video.parts["picture"]) == (
        "signals/flow/new.parquet",
        "signals/picture/x.parquet",
    )


def fail(run: Written, keys: Keys, transient: bool) -> None:
    groups = [{"group": "flow", "key": keys.groups["flow"], "part": None}]
    row = {"video_id": TWO, "groups": groups, "error": "broken", "transient": transient}
    run.tables.append("scans", [row])


def test_a_failed_scan_lacks_nothing_and_has_no_clips(run: Written) -> None:
    keys = replace(run.keys, groups={**run.keys.groups, "flow": "new"})
    fail(run, keys, transient=False)
    videos = found(run, groups=keys.groups)
    assert (videos[TWO].lacks(keys), videos[TWO].scanned, videos[TWO].scan_error) == ([], False, "broken")
    left = state.current_clips(run.tables, run.keys, {ONE: found(run)[ONE], TWO: videos[TWO]})
    assert set(id_bytes(left["video_id"]).to_pylist()) == {ONE}


def test_a_scan_that_failed_for_the_moment_is_tried_in_three_runs(run: Written) -> None:
    keys = replace(run.keys, groups={**run.keys.groups, "flow": "new"})
    for lacking in (["flow"], ["flow"], []):
        fail(run, keys, transient=True)
        video = found(run, groups=keys.groups)[TWO]
        assert (video.lacks(keys), video.scanned, video.scan_error) == (lacking, False, "broken")
    part = {"group": "flow", "key": "new", "part": "signals/flow/new.parquet", "rows": 1, "bytes": 1}
    run.tables.append("scans", [{"video_id": TWO, "groups": [part]}])
    video = found(run, groups=keys.groups)[TWO]
    assert (video.lacks(keys), video.scanned, video.scan_error) == ([], True, None)


def test_clips_are_those_of_the_input_under_the_current_cuts(run: Written) -> None:
    table = state.current_clips(run.tables, run.keys, found(run))
    assert set(id_bytes(table["clip_id"]).to_pylist()) == set(IDS.values())
    assert table["frames"].to_pylist().count(999) == 0
    other = replace(run.keys, cuts="ffffffffffffffff")
    assert state.current_clips(run.tables, other, found(run)).num_rows == 0
    only = state.videos(run.listed[1:2], run.tables, run.keys)
    assert state.current_clips(run.tables, run.keys, only).num_rows == len(SPANS[TWO])
    assert state.current_clips(run.tables, run.keys, {}).num_rows == 0


def plainly(ids: list[bytes], others: list[bytes]) -> list[int]:
    return [others.index(one) if one in others else -1 for one in ids]


@pytest.mark.parametrize("seed", range(3))
def test_lookup_finds_what_a_list_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pool = [clips.digest(bytes([n])) for n in range(60)]
    # Ids that are equal in their first or in their second half alone.
    pool += [pool[0][:8] + bytes(7) + bytes([n]) for n in range(4)] + [
        bytes(8) + pool[0][8:],
        bytes(16),
        b"\xff" * 16,
    ]
    ids = [pool[n] for n in rng.permutation(len(pool))[:40]]
    others = [pool[n] for n in rng.permutation(len(pool))[:40]]
    table = to_table(pa.schema([("clip_id", clips.ID), ("n", pa.int64())]), [{"clip_id": i} for i in others])
    lookup = state.Lookup(pa.array(ids, pa.binary(16)))
    for _ in range(2):  # one lookup serves many tables
        assert lookup.rows(table).tolist() == plainly(ids, others)
    assert lookup.rows(table.slice(5, 20)).tolist() == plainly(ids, others[5:25])
    pieces = pa.concat_tables([table.slice(0, 7), table.slice(7)])
    assert state.positions(pa.array(ids, pa.binary(16)), pieces).tolist() == plainly(ids, others)


def test_lookup_of_nothing_and_in_nothing() -> None:
    table = to_table(pa.schema([("clip_id", clips.ID)]), [{"clip_id": ONE}])
    assert state.positions(pa.array([], pa.binary(16)), table).tolist() == []
    assert state.positions(pa.array([ONE], pa.binary(16)), table.slice(0, 0)).tolist() == [-1]


def test_keys_depend_on_what_a_step_reads_and_on_nothing_else(run: Written) -> None:
    base = run.keys

    def changed(**changes: Any) -> set[str]:
        new = Keys.of(run.resolved(**changes))
        names = {n for n in ("videos", "cuts", "captioner", "encode") if getattr(new, n) != getattr(base, n)}
        names |= {g for g, key in new.groups.items() if base.groups[g] != key}
        return names | {f for f, key in new.filters.items() if base.filters.get(f, key) != key}

    assert changed(wave_hours=1, workers=1) == set()
    assert changed(filters=[{"use": "motion"}, {"use": "media", "keep": {"fps": {"max": 3}}}]) == set()
    assert changed(filters=[{"use": "exposure", "name": "motion"}]) == {"motion"}
    assert changed(cuts={"min_seconds": 1}) == {"cuts"}
    assert changed(scan={"frames_per_second": 4}) == {"frames"}
    assert changed(scan={"stall_seconds": 3}) == set()
    assert changed(shards={"crf": 30}) == {"encode"}
    assert changed(shards={"max_bytes": "1MB", "validation": 0.5}) == set()


@pytest.mark.parametrize("good_first", [True, False])
def test_a_file_that_could_be_read_later_is_read(good_first: bool) -> None:
    fact = {"uri": "/in/a.mp4", "bytes": 10, "modified": "1"}
    rows = [{**fact, "video_id": ONE}, {**fact, "video_id": None, "error": "cannot be read"}]

    class Tables:
        def read(self, name: str) -> pa.Table:
            return to_table(clips.FILES, rows if good_first else rows[::-1])

    assert state._files(Tables()) == {("/in/a.mp4", 10, "1"): ONE}  # type: ignore[arg-type]
