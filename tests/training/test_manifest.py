"""The manifest: its order, its digest, and what is refused."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate import clips
from tests.training.manifests import manifest, mixed, row, table
from training.manifest import Manifest, ManifestError, write

LATENT = {
    "vae": "v", "made_with": "s", "window": 0, "start_frame": 0, "frames": 33, "height": 64, "width": 96,
    "fps": 24.0, "file": "latents/a.bin", "offset": 10, "bytes": 20, "crc": 30,
}  # fmt: skip
TEXT = {
    "encoder": "t5", "variant": "dense", "file": "texts/a.bin", "offset": 1, "bytes": 2, "tokens": 3,
    "width": 4, "pooled": 0, "crc": None,
}  # fmt: skip


def test_a_row_comes_back(tmp_path: Path) -> None:
    rows = [row(3, latents=[LATENT], texts=[TEXT], has_audio=True, audio_start=0.0, audio_rate=48000), row(4)]
    manifest(rows, tmp_path).write(tmp_path / "m.parquet")
    found = Manifest.read(tmp_path / "m.parquet")
    assert found.root == str(tmp_path)
    assert [found.key(k) for k in range(2)] == [found.clip_id(k).hex() for k in range(2)]
    samples = {one.key: one for one in (found.sample(0), found.sample(1))}
    one = samples[rows[0]["key"]]
    assert (one.clip_id, one.video_id) == (rows[0]["clip_id"], rows[0]["video_id"])
    assert one.captions == {"dense": "Clip 3, at length.", "short": "Clip 3."}
    assert (one.audio_start, one.audio_rate, one.motion, one.aesthetic) == (0.0, 48000, 1.5, None)
    assert [vars_of(x) for x in one.latents] == [LATENT]
    assert [vars_of(x) for x in one.texts] == [TEXT]
    assert samples[rows[1]["key"]].latents == ()


def vars_of(one: object) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__slots__}  # type: ignore[attr-defined]


def test_the_order_in_the_file_and_the_root_do_not_matter() -> None:
    rows = [row(number, latents=[LATENT] * (number % 3)) for number in range(50)]
    first, second = manifest(rows), manifest(rows[::-1], "/elsewhere")
    assert first.digest == second.digest
    assert (first.ids == second.ids).all()
    chunks = pa.concat_tables([table(rows[:13]), table(rows[13:])])
    assert Manifest(chunks, "/x").digest == first.digest


@pytest.mark.parametrize(
    "change",
    [
        {"weight": 2.0}, {"split": "validation", "video_id": clips.digest(b"own")}, {"motion": None},
        {"motion": 0.0}, {"captions": [("dense", "other")]}, {"captions": []}, {"latents": [LATENT]},
        {"texts": [TEXT]}, {"mp4_offset": 513}, {"has_audio": True}, {"shard": "shards/b.tar"},
    ],
)  # fmt: skip
def test_any_change_changes_the_digest(change: dict[str, object]) -> None:
    rows = [row(number) for number in range(5)]
    changed = [*rows[:2], rows[2] | change, *rows[3:]]
    assert manifest(rows).digest != manifest(changed).digest


def test_moving_text_between_neighbours_changes_the_digest() -> None:
    def of(first: str, second: str) -> str:
        return manifest([row(k, captions=[("dense", t)]) for k, t in ((0, first), (1, second))]).digest

    assert of("ab", "c") != of("a", "bc")


def test_latents_side_by_side() -> None:
    found = manifest([row(0, latents=[LATENT, LATENT | {"window": 1}]), row(1), row(2, latents=[LATENT])])
    columns = found.latents()
    assert sorted(columns["number"].tolist()) == [0, 0, 1]
    assert {len(values) for values in columns.values()} == {3}
    owners = [found.key(k) for k in columns["row"]]
    assert owners.count(row(0)["key"]) == 2
    assert set(columns["vae"]) == {"v"}


def wrong(*rows: dict[str, object]) -> str:
    with pytest.raises(ManifestError) as caught:
        manifest(rows)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_what_is_refused() -> None:
    assert "no samples: loosen `--where`" in wrong()
    assert "twice" in wrong(row(1), row(1))
    assert "not ['test', 'train']" in wrong(row(1), row(2, split="test"))
    assert "a weight is not a number from 0 on" in wrong(row(1, weight=-1.0))
    assert "a weight is not a number from 0 on" in wrong(row(1, weight=float("nan")))
    assert "both trains and validates" in wrong(row(0), row(1, split="validation"))


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("no")
    with pytest.raises(ManifestError, match="cannot be read as a manifest"):
        Manifest.read(tmp_path / "text.parquet")
    with pytest.raises(ManifestError, match="cannot be read as a manifest"):
        Manifest.read(tmp_path / "none.parquet")
    pq.write_table(table([row(1)]).drop_columns(["fps"]), tmp_path / "less.parquet")
    with pytest.raises(ManifestError, match="does not say where its shards are"):
        Manifest.read(tmp_path / "less.parquet")
    with pytest.raises(ManifestError, match="lacks the columns fps"):
        Manifest.read(tmp_path / "less.parquet", root="/x")


def test_the_checks(tmp_path: Path) -> None:
    found = manifest([row(1, captions=[]), row(2, captions=None, latents=[LATENT])], tmp_path)
    with pytest.raises(ManifestError, match="no sample has a caption"):
        found.check_captions()
    mixed(1, 20).check_captions()
    with pytest.raises(ManifestError, match=r"made by another autoencoder \(v, .* is w\)"):
        found.check_vae("w")
    found.check_vae("v")
    mixed(1, 20).check_vae("w")
    with pytest.raises(ManifestError, match=r"the shard .*shards/a.tar is not there"):
        found.check_shards()
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards/a.tar").touch()
    found.check_shards()


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "m.parquet").mkdir()
    with pytest.raises(OSError, match=r"m\.parquet"):
        write(table([row(1)]), tmp_path / "m.parquet", "/x")
    assert [path.name for path in tmp_path.iterdir()] == ["m.parquet"]
