"""Ids, keys and schemas: golden values, which must not change between versions."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from curate import clips


def test_ids_are_the_same_on_every_machine() -> None:
    video = clips.digest(b"video")
    assert video.hex() == "46886921dc2233fb7c11c1377a2aa00f"
    assert clips.clip_id(video, 0, 38400).hex() == "774d5c332b59bc2187c0cc00c07be11d"
    assert clips.cache_key("a", 1, {"y": 0.5, "x": None}) == "525061d504ad7d9c"
    assert clips.share(video, "audit") == 0.03984698762234128


def test_parts_do_not_run_together() -> None:
    parts = [(b"ab", b"c"), (b"a", b"bc"), (b"abc",), (b"abc", b""), (b"", b"abc")]
    assert len({clips.digest(*these) for these in parts}) == len(parts)
    v = clips.digest(b"v")
    spans = [(1, 23), (12, 3), (-1, 23), (0, 123), (123, 0)]
    assert len({clips.clip_id(v, *span) for span in spans}) == len(spans)


def test_equal_facts_have_equal_keys_whatever_their_order() -> None:
    assert clips.cache_key({"a": 1, "b": "é"}) == clips.cache_key({"b": "é", "a": 1})
    different = [({"a": 1},), ({"a": "1"},), ({"a": True},), ({"a": 1.5},), ({"a": [1]},), ("a", 1)]
    assert len({clips.cache_key(*facts) for facts in different}) == len(different)


def test_shares_are_spread_evenly_and_differ_by_salt() -> None:
    ids = [clips.digest(str(n).encode()) for n in range(4000)]
    one, two = (np.array([clips.share(i, salt) for i in ids]) for salt in ("audit", "validation"))
    assert (one.min(), one.max()) == (pytest.approx(0, abs=0.01), pytest.approx(1, abs=0.01))
    assert one.mean() == pytest.approx(0.5, abs=0.03)
    assert np.corrcoef(one, two)[0, 1] == pytest.approx(0, abs=0.06)


def test_ids_are_uuids_in_arrow() -> None:
    ids = [clips.digest(b"a"), None]
    array = clips.ids_array(ids)
    assert array.type == pa.uuid()
    assert array.storage.to_pylist() == ids


def test_a_score_table_has_its_columns_between_score_and_error() -> None:
    schema = clips.score_schema({"fps": float, "n": int, "yes": bool, "word": str})
    assert schema.names == ["clip_id", "score", "fps", "n", "yes", "word", "error"]
    assert schema.types[2:6] == [pa.float64(), pa.int64(), pa.bool_(), pa.string()]


def test_the_core_knows_neither_torch_nor_ray() -> None:
    program = (
        "import sys, curate.cli, curate.query, curate.plan, filters.motion, captioners.measured; "
        "sys.exit(sorted({'ray', 'torch'} & set(sys.modules)) != [])"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_command_line_starts_without_anything_heavy() -> None:
    program = (
        "import sys, curate.cli; "
        "heavy = {'av', 'cv2', 'duckdb', 'numpy', 'pyarrow', 'pydantic', 'ray'}; "
        "sys.exit(', '.join(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert done.stderr == "\n"
