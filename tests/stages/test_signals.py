"""Stored signals come back as they were written, and NULL as what filters can reckon with."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stages.signals import read_part, span


def test_nulls_and_vast_timestamps(tmp_path: Path) -> None:
    vast = 1 << 62
    table = pa.table(
        {
            "video_id": pa.array([b"a"] * 3),
            "pts": pa.array([0, 5, vast]),
            "ref_pts": pa.array([None, 0, vast - 512], pa.int64()),
            "speed": pa.array([None, 1.5, 2.0], pa.float32()),
            "repeated": pa.array([None, True, False]),
        }
    )
    pq.write_table(table, tmp_path / "part.parquet")
    columns = read_part(str(tmp_path / "part.parquet"))
    assert list(columns) == ["pts", "ref_pts", "speed", "repeated"]
    assert columns["pts"].tolist() == [0, 5, vast]  # Without NULL, whole numbers stay exact.
    assert np.isnan(columns["ref_pts"][0])
    assert columns["ref_pts"][1:].tolist() == [0.0, float(vast - 512)]
    assert columns["repeated"].tolist() == [False, True, False]
    assert span(columns, 5, vast)["pts"].tolist() == [5]
