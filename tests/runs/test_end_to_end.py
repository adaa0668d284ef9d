"""Raw videos to shards: each clip has the fate that its shot was made for, each sample says what it is."""

import json
import warnings
from itertools import accumulate
from pathlib import Path

import av
import numpy as np
import pytest

from curate import clips
from tests.runs.helpers import FILMS, SIZE, Project, Row, fresh, picture, times

pytestmark = pytest.mark.ray


def by_film(project: Project, columns: str) -> dict[str, list[Row]]:
    """Rows of clips with their verdicts, by file name, in order of time."""
    rows = project.sql(
        f"SELECT v.uri, {columns} FROM clips c JOIN verdicts d USING (clip_id) "
        "JOIN videos v USING (video_id) ORDER BY v.uri, c.start_pts"
    )
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(Path(row.pop("uri")).name, []).append(row)
    return found


def test_every_shot_is_a_clip_with_the_fate_it_was_made_for(base: Project) -> None:
    found = by_film(
        base, "c.start_seconds, c.end_seconds, c.frames, d.dropped_by, d.kept, d.error, d.pending"
    )
    assert set(found) == set(FILMS)
    for name, film in FILMS.items():
        ends = [float(end) for end in accumulate(shot.seconds for shot in film.shots)]
        expected = [
            {
                "start_seconds": start, "end_seconds": end, "frames": count, "dropped_by": shot.fate,
                "kept": shot.fate is None, "error": None, "pending": False,
            }
            for shot, start, end, count in zip(film.shots, [0.0, *ends], ends, film.frames(), strict=False)
        ]  # fmt: skip
        assert found[name] == expected, name


def test_what_was_measured_is_what_was_drawn(base: Project) -> None:
    rows = by_film(base, "c.motion, c.motion_pan_x, c.exposure_white, c.media_fps, c.media")
    first, second, slow = rows["first.mp4"], rows["second.mp4"], rows["slow.mkv"]
    # 12 pixels a second in a picture of 160 × 96.
    speed, pan = 100 * 12 / np.hypot(*SIZE), 100 * 12 / SIZE[0]
    for row in (first[0], first[2], first[4], second[0], second[2]):
        assert row["motion"] == pytest.approx(speed, rel=0.05)
        assert row["motion_pan_x"] == pytest.approx(pan, rel=0.05)
    assert first[1]["motion"] == pytest.approx(0, abs=0.1)
    assert second[1]["exposure_white"] == 1.0
    assert [row["media_fps"] for row in (first[0], second[0], slow[0])] == pytest.approx([24, 30, 8])
    assert {row["media"] for row in (*first, *second) if row["media"] is not None} == {96.0}
    # A dropped clip goes no further, and what is too short is not measured at all.
    assert (slow[0]["motion"], first[1]["exposure_white"], first[3]["media"]) == (None, None, None)


def test_the_funnel_tells_each_rule(base: Project) -> None:
    rows = base.sql("SELECT rule, entered, dropped, failed, pending FROM funnel ORDER BY position")
    assert [tuple(row.values()) for row in rows] == [
        ("cuts.transition", 9, 0, 0, 0),
        ("cuts.min_seconds", 9, 1, 0, 0),
        ("cuts.trim_seconds", 8, 0, 0, 0),
        ("media.fps", 8, 1, 0, 0),
        ("media.short_side", 7, 0, 0, 0),
        ("motion", 7, 1, 0, 0),
        ("exposure", 6, 1, 0, 0),
        ("captioner", 5, 0, 0, 0),
        ("shards", 5, 0, 0, 0),
    ]


def test_a_first_run_counts_its_work(base: Project) -> None:
    frames = sum(sum(film.frames()) for film in FILMS.values())
    kept = [
        count
        for film in FILMS.values()
        for shot, count in zip(film.shots, film.frames(), strict=True)
        if not shot.fate
    ]
    found = {
        name: tuple(row[c] for c in ("run", "done", "reused", "failed", "clips_encoded"))
        for name, row in base.steps().items()
    }
    assert found == {
        "index": (1, 3, 0, 0, 0),
        "scan": (1, 3, 0, 0, 0),
        "cuts": (1, 3, 0, 0, 0),
        "score:media": (1, 8, 0, 0, 0),
        "score:motion": (1, 7, 0, 0, 0),
        "score:exposure": (1, 6, 0, 0, 0),
        "decide": (1, 9, 0, 0, 0),
        "caption": (1, len(kept), 0, 0, 0),
        "shards": (1, len(kept), 0, 0, len(kept)),
    }
    steps = base.steps()
    # One full decode; the encoder decodes each survivor, from the keyframe before it.
    assert steps["scan"]["frames_decoded"] == frames
    assert sum(kept) <= steps["shards"]["frames_decoded"] <= sum(kept) + 12 * len(kept)


def test_a_sample_says_all_that_is_known(base: Project) -> None:
    rows = {row["key"]: row for row in base.samples()}
    assert set(rows) == base.kept()
    captions = {row["clip_id"]: row for row in base.sql("SELECT * FROM captions")}
    facts = {row["clip_id"]: row for row in base.sql("SELECT * FROM clips")}
    members = base.members()
    assert len(members) == 4 * len(rows)
    for key, row in rows.items():
        document = json.loads(members[f"{key}.json"])
        clip, caption = facts[key], captions[key]
        assert members[f"{key}.txt"].decode() == caption["dense"]
        assert members[f"{key}.short.txt"].decode() == caption["short"]
        assert caption["captioner"] == "measured"
        assert (document["key"], document["clip_id"], document["video_id"]) == (key, key, clip["video_id"])
        assert document["clip"] == {
            "source_frames": clip["frames"],
            **{n: clip[n] for n in ("start_pts", "end_pts", "time_base", "start_seconds", "end_seconds")},
        }
        assert document["scores"]["motion"]["score"] == float(f"{clip['motion']:.6g}")
        assert document["scores"]["media"]["fps"] == float(f"{clip['media_fps']:.6g}")
        assert document["scores"]["exposure"]["score"] == float(f"{clip['exposure']:.6g}")
        assert document["caption"]["captioner"] == "measured"
        assert (document["caption"]["dense"], document["caption"]["short"]) == (
            caption["dense"],
            caption["short"],
        )
        assert (document["video"]["width"], document["video"]["height"]) == SIZE
        assert document["carried"] == {}
        encoded = document["encoded"]
        assert (encoded["width"], encoded["height"], encoded["frames"]) == (*SIZE, clip["frames"])
        assert encoded["options"] == {
            "codec": "h264", "crf": 18, "preset": "ultrafast", "fps": None, "max_short_side": None,
            "audio": True,
        }  # fmt: skip
        digest = clips.new_hash()
        digest.update(members[f"{key}.mp4"])
        assert encoded["digest"] == row["digest"] == digest.hexdigest()
        assert row["split"] == document["split"]
        assert row["weight"] == 1.0
        assert str(base.root) not in json.dumps(document), "a path in KEY.json"


def test_the_split_holds_out_whole_videos_by_a_seeded_share(base: Project) -> None:
    expected = {
        row["clip_id"]: "validation"
        if clips.share(bytes.fromhex(row["video_id"]), "validation") < 0.3
        else "train"
        for row in base.sql("SELECT clip_id, video_id FROM clips")
    }
    assert {row["key"]: row["split"] for row in base.samples()} == {key: expected[key] for key in base.kept()}


def test_an_encoded_clip_shows_its_shot(base: Project, tmp_path: Path) -> None:
    members = base.members()
    found = by_film(base, "c.clip_id, d.kept")
    for name, film in FILMS.items():
        for number, (row, count) in enumerate(zip(found[name], film.frames(), strict=True)):
            if not row["kept"]:
                continue
            path = tmp_path / f"{row['clip_id']}.mp4"
            path.write_bytes(members[f"{row['clip_id']}.mp4"])
            with av.open(str(path)) as container:
                images = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
                assert bool(container.streams.audio) == film.sound
            assert len(images) == count
            for k, image in enumerate(images):
                errors = {}
                for j in range(max(0, k - 4), min(count, k + 5)):
                    drawn = picture(film.shots[number].look, film.seed + number, j, film.fps)
                    errors[float(np.abs(image.astype(int) - drawn).mean())] = j * 12 // film.fps
                # Chroma of half the size and two encodings lose about 6; another shot differs by 60.
                assert min(errors) < 10, (name, number, k)
                assert errors[min(errors)] == k * 12 // film.fps, (name, number, k)


@pytest.mark.filterwarnings("ignore")
def test_webdataset_reads_the_shards(base: Project) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import webdataset

    paths = sorted(str(path) for path in (base.out / "shards").rglob("*.tar"))
    read = list(webdataset.WebDataset(paths, shardshuffle=False))
    members = base.members()
    assert sorted(sample["__key__"].split("/")[-1] for sample in read) == sorted(base.kept())
    for sample in read:
        key = sample["__key__"]
        for extension in clips.MEMBERS.values():
            assert sample[extension] == members[f"{key}.{extension}"], (key, extension)


def test_the_commands_as_a_user_gives_them(base: Project, tmp_path: Path) -> None:
    """One process from nothing with one worker: the bytes that two workers in this process made; then again,
    where `ray` cannot even be imported."""
    project = fresh(tmp_path / "here", str(base.input), workers=1)
    project.write()
    ran = project.command("run", "pipelines.yaml")
    assert ran.returncode == 0, ran.stderr
    assert "3 videos, 0 failed, 5 clips kept" in ran.stdout
    assert project.result() == base.result()

    before = times(project.out / "shards")
    again = project.command("run", "pipelines.yaml", without_ray=True)
    assert again.returncode == 0, again.stderr
    assert "run 2 of" in again.stdout
    assert times(project.out / "shards") == before

    verified = project.command("verify", "run", without_ray=True)
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "5 samples in" in verified.stdout
    asked = project.command(
        "query",
        "run",
        "SELECT count(*) AS kept FROM verdicts WHERE kept",
        "--format",
        "csv",
        without_ray=True,
    )
    assert (asked.returncode, asked.stdout) == (0, "kept\n5\n")
    planned = project.command("plan", "pipelines.yaml", "--format", "json", without_ray=True)
    assert {step["step"]: step["todo"] for step in json.loads(planned.stdout)["steps"]} == dict.fromkeys(
        project.steps(), 0
    )


def test_exit_codes_and_messages(project: Project) -> None:
    path = project.input / "gone.mp4"
    listed = project.root / "list.txt"
    source = Path(project.pipeline["input"])
    listed.write_text("".join(f"{p}\n" for p in [*sorted(source.iterdir()), path]))
    project.pipeline["input"] = str(listed)
    file = str(project.write())
    tolerant = project.command("run", file, without_ray=True)
    assert tolerant.returncode == 0, tolerant.stderr
    strict = project.command("run", file, "--strict", without_ray=True)
    assert strict.returncode == 1
    assert strict.stderr.splitlines()[-1].startswith("curate: --strict: 1 of 4 videos failed")

    wrong = project.command("run", file, "--set", "filters.moton.keep.min=1", without_ray=True)
    assert wrong.returncode == 2
    assert "did you mean 'motion'?" in wrong.stderr
    assert "Traceback" not in wrong.stderr

    shard = next((project.out / "shards").rglob("*.tar"))
    key = next(row["key"] for row in project.samples() if row["shard"].endswith(shard.name))
    data = bytearray(shard.read_bytes())
    data[2000] ^= 0xFF
    shard.write_bytes(data)
    damaged = project.command("verify", "run", without_ray=True)
    assert damaged.returncode == 1
    assert f"{shard.relative_to(project.out)}: key " in damaged.stderr
    assert len(key) == 32
