"""How an encoder goes through a source: what it checks, when it starts over, what progress it tells of."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

import curate.media.encode as encode_module
from curate.media.audio import ClipAudio
from curate.media.decode import Frame, decode
from curate.media.encode import Encoded, Job, encode_clip, encode_clips
from curate.media.errors import MediaError
from tests.numbered import OPTIONS, read, seen, steady, write_source


def test_frames_that_are_not_those_of_the_scan_are_refused(tmp_path: Path) -> None:
    source = write_source(tmp_path / "v.mp4", steady(20, 40), Fraction(1, 1000))
    frames = seen(source)
    changed = [*frames[2:6], (frames[6][0], frames[6][1] ^ 1), *frames[7:9]]
    target = tmp_path / "out" / "c.mp4"
    target.parent.mkdir()
    for expected in (changed, frames[2:8], [*frames[2:9], (9999, 1)], [], frames[1:8]):
        with pytest.raises(
            MediaError, match=r"does not decode to the frames.*changed since it was scanned.*again"
        ):
            encode_clip(
                str(source), str(target), start_pts=80, end_pts=360, options=OPTIONS, expected=expected
            )
        assert list(target.parent.iterdir()) == []
    encoded = encode_clip(
        str(source), str(target), start_pts=80, end_pts=360, options=OPTIONS, expected=frames[2:9]
    )
    assert encoded.frames == 7
    assert [path.name for path in target.parent.iterdir()] == ["c.mp4"]


def test_a_file_that_is_not_clean_after_a_seek_is_decoded_from_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decoder that shows an older picture once after a seek, without an error, as some real files make it
    do."""
    source = write_source(tmp_path / "v.mp4", steady(60, 40), Fraction(1, 1000), g="20")
    frames = seen(source)
    span = {"start_pts": 1000, "end_pts": 1600}
    options = {"options": OPTIONS, "expected": frames[25:40]}
    clean = encode_clip(str(source), str(tmp_path / "clean.mp4"), **span, **options)
    assert clean.decoded <= 45

    def unclean(path: str, *, start_pts: int | None = None, **more: object) -> Iterator[Frame]:
        older = next(decode(path)).image
        for number, frame in enumerate(decode(path, start_pts=start_pts, **more)):
            if start_pts is not None and number == 3:
                frame.image = older
            yield frame

    monkeypatch.setattr(encode_module, "decode", unclean)
    again = encode_clip(str(source), str(tmp_path / "again.mp4"), **span, **options)
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "clean.mp4").read_bytes()
    assert again.decoded > 40 + 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.mp4", "clean.mp4", "v.mp4"]


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """The start_pts of every decode that encoding begins."""
    begun: list[int | None] = []

    def counted(path: str, *, start_pts: int | None = None, **more: object) -> Iterator[Frame]:
        begun.append(start_pts)
        return decode(path, start_pts=start_pts, **more)

    monkeypatch.setattr(encode_module, "decode", counted)
    return begun


def test_clips_of_an_irregular_file_share_one_pass(tmp_path: Path, passes: list[int | None]) -> None:
    source = write_source(tmp_path / "v.mp4", steady(50, 40), Fraction(1, 1000))
    frames = seen(source)
    jobs = [
        Job(str(tmp_path / "a.mp4"), 200, 400, frames[5:10]),
        Job(str(tmp_path / "b.mp4"), 400, 800, frames[0:10]),
        Job(str(tmp_path / "c.mp4"), 800, 1000, frames[20:25]),
    ]
    results = list(encode_clips(str(source), jobs, options=OPTIONS, irregular=True))
    assert passes == [None, None]  # one for the file's facts, one for all clips
    assert [type(result) for result in results] == [Encoded, MediaError, Encoded]
    assert read(tmp_path / "a.mp4")[1] == [5, 6, 7, 8, 9]
    assert read(tmp_path / "c.mp4")[1] == [20, 21, 22, 23, 24]
    assert not (tmp_path / "b.mp4").exists()
    back = list(encode_clips(str(source), jobs[::-2], options=OPTIONS, irregular=True))
    assert [result.frames for result in back if isinstance(result, Encoded)] == [5, 5]


def test_a_clip_is_the_same_alone_and_among_others(tmp_path: Path, passes: list[int | None]) -> None:
    source = write_source(tmp_path / "v.mp4", steady(100, 40), Fraction(1, 1000), g="25")
    frames = seen(source)
    spans = [(0, 20), (20, 55), (60, 100)]
    jobs = [
        Job(str(tmp_path / f"{first}.mp4"), first * 40, last * 40, frames[first:last])
        for first, last in spans
    ]
    results = list(encode_clips(str(source), jobs, options=OPTIONS))
    assert passes == [None, 0, 800, 2400]
    for job, result in zip(jobs, results, strict=True):
        alone = encode_clip(
            str(source),
            str(tmp_path / "alone.mp4"),
            start_pts=job.start_pts,
            end_pts=job.end_pts,
            options=OPTIONS,
            irregular=True,
        )
        assert isinstance(result, Encoded)
        assert alone.frames == result.frames == len(job.expected or ())
        assert (tmp_path / "alone.mp4").read_bytes() == Path(job.target).read_bytes()
        assert result.decoded <= 25 + result.frames + 20


@pytest.mark.parametrize("irregular", [False, True])
def test_progress_is_told_of_every_frame_those_before_the_clip_too(tmp_path: Path, irregular: bool) -> None:
    """Or the watching parent would take the decode of all that is before the clip for a child that hangs."""
    source = write_source(tmp_path / "v.mp4", steady(60, 40), Fraction(1, 1000), g="1000", sc_threshold="0")
    told: list[int] = []
    encode_clip(
        str(source),
        str(tmp_path / "c.mp4"),
        start_pts=50 * 40,
        end_pts=55 * 40,
        options=OPTIONS,
        irregular=irregular,
        progress=lambda: told.append(len(told)),
    )
    assert len(told) == 55


def test_progress_is_told_of_the_sound_before_a_clip(tmp_path: Path) -> None:
    """In a file that cannot be sought in, it is read from the start."""
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as output:
        picture = output.add_stream("mpeg4", rate=1)
        picture.width = picture.height = 32
        stream = output.add_stream("pcm_s16le", rate=8000, layout="mono")
        output.mux(picture.encode(av.VideoFrame(32, 32, "yuv420p")))
        output.mux(picture.encode(None))
        for start in range(0, 8000 * 10, 800):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = 8000, Fraction(1, 8000), start
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    told: list[int] = []
    tell = told.append
    with ClipAudio(str(path), Fraction(8), Fraction(9), seek=False, progress=lambda: tell(1)) as audio:
        assert audio.found
    assert len(told) >= 80
