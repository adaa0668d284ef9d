"""Fixtures for the tests of steps."""

import pytest

import stages.encode
from tests.packing import Encoder


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> Encoder:
    quick = Encoder()
    monkeypatch.setattr(stages.encode, "decode_call", quick)
    # No file of these survivors exists; they count as what was scanned.
    monkeypatch.setattr(stages.encode, "_is_not", lambda path, video_id: False)
    return quick
