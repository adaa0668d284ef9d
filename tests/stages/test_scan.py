"""A scan belongs to the content that was indexed."""

from pathlib import Path
from typing import Any

import pytest

from stages import scan_work
from stages.worker import stamp


@pytest.mark.parametrize("changes", [False, True])
def test_a_file_that_changed_is_not_scanned_under_its_old_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: bool
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"what was indexed")
    arguments = {"path": str(path), "video_id": "00"}
    item = {"arguments": arguments, "stamp": stamp(str(path)), "stall_seconds": 1.0, "max_memory": 10**9}

    def decode(function: str, given: dict[str, Any], **limits: float) -> dict[str, Any]:
        if changes:
            path.write_bytes(b"something else, and longer")
        return {"frames_decoded": 3}

    monkeypatch.setattr(scan_work, "decode_call", decode)
    expected = {"changed": True} if changes else {"frames_decoded": 3}
    assert scan_work.scan_video(item) == {"video_id": "00", **expected}
