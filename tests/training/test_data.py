"""The loader: right pixels and latents, the same whatever the threads and ranks, and no stop at a bad
sample."""

import math
import threading
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.manifests import corrupt, manifest, numbered, sharded
from training.data import Batch, Item, Loader, Reader, read_pixels
from training.keyed import Key
from training.manifest import Manifest
from training.plan import Draw, Plan, Schedule
from training.prompts import Policy
from training.windows import Sizes

LENGTHS = (9, 12, 17, 30, 5, 1, 40, 26)
SIZES = Sizes(tier="64px", max_frames=17)
BUDGET = 400


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    root = tmp_path_factory.mktemp("shards")
    (root / "shards").mkdir()
    return root, sharded(root, LENGTHS)


@pytest.fixture
def found(folder: tuple[Path, list[dict[str, Any]]]) -> Manifest:
    return manifest(folder[1], folder[0])


def whole(plan: Plan, rank: int = 0, world: int = 1) -> list[tuple[int, Any]]:
    return [(number, plan.deal(number, rank, world)) for number in range(len(plan))]


def batches(reader: Reader, steps: Any, threads: int = 2) -> list[Batch]:
    with Loader(reader, steps, threads=threads) as loader:
        return list(loader)


def draw(found: Manifest, row: int, **facts: Any) -> Draw:
    known: dict[str, Any] = {
        "row": row, "key": Key(1, 0, found.clip_id(row), 0), "window": 0, "start": 0, "frames": 1,
        "height": 32, "width": 48, "stride": 1, "fps": 24.0, "latent": -1, "tokens": 6,
    }  # fmt: skip
    return Draw(**(known | facts))


# -- pixels --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("start", "frames", "stride"), [(0, 9, 1), (3, 9, 2), (25, 5, 3), (39, 1, 1)])
def test_the_frames_that_were_asked_for(
    folder: tuple[Path, list[dict[str, Any]]], found: Manifest, start: int, frames: int, stride: int
) -> None:
    number = LENGTHS.index(40)
    at = [found.key(k) for k in range(len(found))].index(folder[1][number]["key"])
    got = read_pixels(found, found.sample(at), start=start, frames=frames, stride=stride, height=32, width=48)
    assert got.shape == (frames, 32, 48, 3)
    assert got.dtype == np.uint8
    for k in range(frames):
        level = int(numbered(number, start + k * stride, 96, 64)[0, 0, 0])
        assert abs(got[k, :, :20].mean() - level) < 2, "4 levels to the next frame"


def test_the_crop_and_the_zoom(found: Manifest) -> None:
    sample = found.sample(0)

    def edge(crop: float, zoom: float = 1.0, width: int = 32) -> float:
        """Where the step in the middle of the picture lies, as a share of the crop."""
        got = read_pixels(
            found, sample, start=0, frames=1, stride=1, height=32, width=width, crop=(crop, 0.5), zoom=zoom
        )[0, :, :, 0].mean(0)
        levels = got.astype(float)
        return float((levels < (levels.min() + levels.max()) / 2).mean()) if np.ptp(levels) > 10 else math.nan

    assert edge(0.5) == pytest.approx(0.5, abs=0.04)
    assert edge(0.0) == pytest.approx(0.75, abs=0.04)  # 48 x 32 is cut to 32 x 32
    assert edge(1.0) == pytest.approx(0.25, abs=0.04)
    assert edge(0.5, zoom=2.0) == pytest.approx(0.5, abs=0.04)
    assert math.isnan(edge(0.0, zoom=2.0))  # 96 x 64: the edge is at 48
    assert math.isnan(edge(0.0, zoom=9.0))  # no larger than it is: the same


def test_late_windows_are_sought_and_equal_decoding_from_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curate.media import clip_reader

    (tmp_path / "shards").mkdir()
    found = manifest(sharded(tmp_path, [700]), tmp_path)
    asked = {"start": 600, "frames": 9, "stride": 3, "height": 64, "width": 96}
    decoded: list[int] = []
    real = clip_reader._decoded

    def counted(*arguments: Any) -> Any:
        for frame in real(*arguments):
            decoded.append(frame.pts)
            yield frame

    monkeypatch.setattr(clip_reader, "_decoded", counted)
    sought = read_pixels(found, found.sample(0), **asked)
    fewer = len(decoded)
    monkeypatch.setattr(clip_reader, "SEEK_FROM", 1e9)
    assert (read_pixels(found, found.sample(0), **asked) == sought).all()
    assert fewer < 300 < len(decoded) - fewer


# -- captions, latents, embeddings ---------------------------------------------------------------------------


def test_captions_follow_the_draws_key(found: Manifest) -> None:
    reader = Reader(found, policy=Policy(dropout=0.3))
    names = [reader.read(draw(found, 0, key=Key(1, k, found.clip_id(0), 0))) for k in range(60)]
    assert {item.variant for item in names} == {"dense", "short", "nothing"}
    for item in names:
        text = {"dense": "at length", "short": "Clip", "nothing": ""}[item.variant]
        assert text in item.text
        assert bool(item.text) == bool(text)
    again = reader.read(draw(found, 0, key=Key(1, 7, found.clip_id(0), 0)))
    assert (again.text, again.motion) == (names[7].text, names[7].motion)


def test_conditions(found: Manifest) -> None:
    reader = Reader(found)
    still, moving = (reader.read(draw(found, 1, frames=n)) for n in (1, 5))
    assert math.isnan(still.motion)
    assert (moving.motion, moving.fps) == (1.5, 24.0)
    assert math.isnan(moving.aesthetic)


@pytest.fixture
def stored(folder: tuple[Path, list[dict[str, Any]]], tmp_path: Path) -> tuple[Manifest, np.ndarray]:
    """The first four samples with latents of 17 frames of 64x96, and embeddings of two variants."""
    root, rows = folder
    rng = np.random.default_rng(0)
    values = rng.standard_normal((4, 16, 5, 8, 12)).astype("<f2")
    texts = rng.standard_normal((4, 7 * 8 + 3)).astype("<f2")
    (root / "latents.bin").write_bytes(b"xyz" + values.tobytes())
    (root / "texts.bin").write_bytes(texts.tobytes())
    changed = []
    for number, one in enumerate(rows):
        if number < 4:
            size = values[0].nbytes
            latent = {
                "vae": "v", "window": 0, "start_frame": 0, "frames": 17, "height": 64, "width": 96,
                "fps": 24.0, "file": "latents.bin", "offset": 3 + number * size, "bytes": size,
                "crc": zlib.crc32(values[number].tobytes()),
            }  # fmt: skip
            text = {
                "encoder": "t5", "variant": "dense", "file": "texts.bin", "offset": number * 118,
                "bytes": 118, "tokens": 7, "width": 8, "pooled": 3,
                "crc": zlib.crc32(texts[number].tobytes()),
            }  # fmt: skip
            one = one | {"frames": 17, "latents": [latent], "texts": [text, text | {"variant": "short"}]}
        changed.append(one)
    return manifest(changed, root), values


def test_latents_come_back_and_are_cut_short(
    folder: tuple[Path, list[dict[str, Any]]], stored: tuple[Manifest, np.ndarray]
) -> None:
    found, values = stored
    keys = [found.key(k) for k in range(len(found))]
    for number in range(4):
        at = keys.index(folder[1][number]["key"])
        for frames, t in ((17, 5), (9, 3), (1, 1)):
            asked = draw(found, at, frames=frames, height=64, width=96, latent=0)
            item = Reader(found).read(asked)
            assert item.pixels is None
            assert item.latent is not None
            assert item.latent.dtype == torch.float32
            assert torch.equal(item.latent, torch.from_numpy(values[number][:, :t].astype(np.float32)))


def test_embeddings(folder: tuple[Path, list[dict[str, Any]]], stored: tuple[Manifest, np.ndarray]) -> None:
    found, _ = stored
    keys = [found.key(k) for k in range(len(found))]
    reader = Reader(found, encoder="t5", policy=Policy(dropout=0))
    asked = draw(found, keys.index(folder[1][2]["key"]))
    item = reader.read(asked)
    assert item.embedding is not None
    assert item.embedding.tokens.shape == (7, 8)
    assert item.embedding.pooled.shape == (3,)
    raw = np.frombuffer((folder[0] / "texts.bin").read_bytes(), "<f2").reshape(4, -1)[2].astype(np.float32)
    assert item.embedding.tokens.flatten().tolist() + item.embedding.pooled.tolist() == raw.tolist()
    with pytest.raises(ValueError, match="not encoded by t5"):
        reader.read(draw(found, keys.index(folder[1][6]["key"])))
    dropped = Reader(found, encoder="t5", policy=Policy(dropout=1)).read(asked)
    assert (dropped.embedding, dropped.variant, dropped.text) == (None, "nothing", "")


# -- loading -------------------------------------------------------------------------------------------------


def same(first: Item, second: Item) -> bool:
    assert first.pixels is not None
    assert second.pixels is not None
    return (
        first.draw == second.draw and first.text == second.text and torch.equal(first.pixels, second.pixels)
    )


def test_threads_do_not_change_what_is_loaded(found: Manifest) -> None:
    plan = Plan(found, 1, 0, pack_tokens=BUDGET, packs_per_step=2, sizes=SIZES)
    one, many = (batches(Reader(found), whole(plan), threads) for threads in (1, 5))
    assert [b.step for b in one] == list(range(len(plan)))
    for first, second in zip(one, many, strict=True):
        assert [len(p) for p in first.packs] == [len(p) for p in second.packs]
        for a, b in zip(first.packs, second.packs, strict=True):
            assert all(same(x, y) for x, y in zip(a, b, strict=True))
    assert sum(len(p) for b in one for p in b.packs) == plan.draws


@pytest.mark.parametrize("world", [2, 3])
def test_ranks_together_load_what_one_alone_loads(found: Manifest, world: int) -> None:
    schedule = Schedule(found, 5, pack_tokens=BUDGET, packs_per_step=3, sizes=SIZES)

    def content(batch: Batch) -> set[tuple[Any, ...]]:
        return {
            (item.draw.key, item.text, item.draw.start, zlib.crc32(item.pixels.numpy().tobytes()))
            for one in batch.packs for item in one if item.pixels is not None
        }  # fmt: skip

    def first(rank: int, of: int, begin: int) -> list[Batch]:
        with Loader(Reader(found), schedule_of(rank, of, begin)) as loader:
            return [batch for batch, _ in zip(loader, range(6 - begin), strict=False)]

    def schedule_of(rank: int, of: int, begin: int) -> Any:
        return Schedule(found, 5, pack_tokens=BUDGET, packs_per_step=3, sizes=SIZES).steps(begin, rank, of)

    alone = [content(batch) for batch in first(0, 1, 0)]
    ranks = [first(rank, world, 0) for rank in range(world)]
    assert [set().union(*(content(b) for b in step)) for step in zip(*ranks, strict=True)] == alone
    assert len({len(batch.packs) for rank in ranks for batch in rank}) == 1
    resumed = [content(batch) for batch in first(0, 1, 4)]
    assert resumed == alone[4:]
    assert schedule.at(5)[0].epoch > 0, "more than one epoch was compared"


def test_a_corrupt_sample_is_skipped_named_and_holds_up_nobody(tmp_path: Path) -> None:
    (tmp_path / "shards").mkdir()
    rows = sharded(tmp_path, LENGTHS)
    good, bad = manifest(rows, tmp_path), rows[3]
    plan = Plan(good, 1, 0, pack_tokens=BUDGET, packs_per_step=2, sizes=SIZES)
    before = [batches(Reader(good), whole(plan, rank, 2)) for rank in range(2)]
    corrupt(tmp_path, bad)
    after = [batches(Reader(good), whole(plan, rank, 2)) for rank in range(2)]
    skipped = [one for rank in after for batch in rank for one in batch.skipped]
    assert {(one.key, one.shard) for one in skipped} == {(bad["key"], bad["shard"])}
    assert "not those that were written" in skipped[0].reason
    assert bad["key"] in str(skipped[0])
    draws = [d for step in plan.steps for one in step for d in one]
    assert len(skipped) == sum(d.key.clip_id == bad["clip_id"] for d in draws) > 0
    assert [[len(b.packs) for b in rank] for rank in after] == [
        [len(b.packs) for b in rank] for rank in before
    ]
    for clean, rank in zip(before, after, strict=True):
        for x, y in zip(clean, rank, strict=True):
            for a, b in zip(x.packs, y.packs, strict=True):
                kept = [item for item in a if item.draw.key.clip_id != bad["clip_id"]]
                assert all(same(p, q) for p, q in zip(kept, b, strict=True))


def test_all_kinds_of_bad_samples(
    folder: tuple[Path, list[dict[str, Any]]], stored: tuple[Manifest, np.ndarray]
) -> None:
    """What is missing, cut short, not finite or not decodable: each is a reason, none an end."""
    root, rows = folder
    good = stored[0]
    latent = next(good.sample(k) for k in range(len(good)) if good.sample(k).latents).latents[0]
    facts = {name: getattr(latent, name) for name in latent.__slots__}
    (root / "nan.bin").write_bytes(np.full(facts["bytes"] // 2, np.nan, "<f2").tobytes())
    (root / "noise.tar").write_bytes(bytes(range(256)) * 40)
    from curate.sharding.tar import digest_of

    noise = digest_of(str(root / "noise.tar"))
    wrong: list[dict[str, Any]] = [
        {"shard": "shards/none.tar"},
        {"mp4_offset": 10**7},
        {"shard": "noise.tar", "mp4_offset": 0, "mp4_bytes": 10240, "digest": noise},
        {"frames": 60, "seconds": 2.5},
        {"latents": [facts | {"crc": 1}]},
        {"latents": [facts | {"bytes": facts["bytes"] - 2, "crc": None}]},
        {"latents": [facts | {"file": "nan.bin", "offset": 0, "crc": None}]},
    ]  # fmt: skip
    found = manifest([*(rows[k] | change for k, change in enumerate(wrong)), rows[7]], root)
    plan = Plan(found, 1, 0, pack_tokens=BUDGET, sizes=replace(SIZES, tier="96px"), vae="v")
    with Loader(Reader(found), whole(plan)) as loader:
        made = list(loader)
        read = {item.draw.key.clip_id for b in made for p in b.packs for item in p}
        assert read - {rows[3]["clip_id"]} == {rows[7]["clip_id"]}  # half of that one is there
        assert set(loader.stats.skipped) == {rows[k]["key"] for k in range(len(wrong))}
        reasons = {k: loader.stats.skipped[rows[k]["key"]].reason for k in range(len(wrong))}
    assert "No such file" in reasons[0]
    assert "ends" in reasons[1]
    assert "MP4" in reasons[2]
    assert "has no frame at" in reasons[3]
    assert "is not what was written" in reasons[4]
    assert "which is not C x" in reasons[5]
    assert "not finite" in reasons[6]


def test_an_error_of_ours_ends_the_training(found: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(found, 1, 0, pack_tokens=BUDGET, sizes=SIZES)
    monkeypatch.setattr(Reader, "read", lambda self, draw: 1 / 0)
    with pytest.raises(ZeroDivisionError), Loader(Reader(found), whole(plan)) as loader:
        next(iter(loader))

    def broken() -> Any:
        yield from whole(plan)[:1]
        raise KeyError("plan")

    monkeypatch.undo()
    with pytest.raises(KeyError, match="plan"), Loader(Reader(found), broken()) as loader:
        list(loader)


def test_closing_early_leaves_no_thread(found: Manifest) -> None:
    before = threading.active_count()
    schedule = Schedule(found, 1, pack_tokens=BUDGET, sizes=SIZES)
    with Loader(Reader(found), schedule.steps(0, 0, 1), ahead=3) as loader:
        batch = next(iter(loader))
    assert batch.step == 0
    assert loader.stats.items == sum(map(len, batch.packs)) > 0
    assert threading.active_count() == before


def test_an_end_stays_an_end(found: Manifest) -> None:
    plan = Plan(found, 1, 0, pack_tokens=BUDGET, sizes=SIZES)
    with Loader(Reader(found), whole(plan)) as loader:
        assert len(list(loader)) == len(plan)
        assert list(loader) == []
