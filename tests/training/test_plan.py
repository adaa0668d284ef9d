"""The plan: every draw as often as its weight says, in packs that hold, the same at any number of ranks."""

from collections import Counter
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest

from tests.training.manifests import manifest, mixed, row
from training.geometry import Grid, area_of
from training.keyed import uniforms
from training.manifest import VALIDATION, Manifest, ManifestError
from training.plan import Draw, Pack, Plan, Schedule, _best_fill, cost, pack
from training.windows import Sizes, Windows, remarks

BUDGET = 8192
SMALL = Sizes(tier="128px", max_frames=17)


def plan(found: Manifest, epoch: int = 0, seed: int = 1, **options: object) -> Plan:
    known: dict[str, object] = {"pack_tokens": BUDGET, "packs_per_step": 4, **options}
    return Plan(found, seed, epoch, **known)  # type: ignore[arg-type]


def all_draws(found: Plan) -> list[Draw]:
    return [draw for step in found.steps for one in step for draw in one]


@pytest.mark.parametrize("seed", range(12))
def test_many_random_manifests(seed: int) -> None:
    """Each window floor(w + u) times, no draw twice, budgets held, equal numbers for ranks, nothing of
    validation."""
    found = mixed(seed, 60 + 90 * seed)
    sizes = replace([Sizes(), SMALL, Sizes(max_fps=16, stills=0.3)][seed % 3])
    made = plan(found, seed=seed, epoch=seed, sizes=sizes, packs_per_step=1 + seed % 5)
    draws = all_draws(made)
    assert len(draws) == made.draws
    counts = Counter((draw.row, draw.window) for draw in draws)
    w = made.windows
    weight = found.column("weight")[w.row]
    chance = uniforms(seed, seed, found.ids[w.row], w.window, "weight")
    expected = {
        (int(r), int(k)): int(n)
        for r, k, n in zip(w.row, w.window, np.floor(weight + chance), strict=True)
        if n
    }
    assert counts == expected
    assert len({(draw.row, draw.key.draw) for draw in draws}) == len(draws)
    for number in {draw.row for draw in draws}:
        mine = sorted(draw.key.draw for draw in draws if draw.row == number)
        assert mine == list(range(len(mine)))
    validation = set(found.rows_of(VALIDATION).tolist())
    assert validation
    assert not validation & {draw.row for draw in draws}
    for step in made.steps:
        assert 0 < len(step) <= made.packs_per_step
        for one in step:
            assert one
            assert sum(draw.tokens for draw in one) <= BUDGET
    for world in (1, 2, 3, 8):
        for number in range(len(made)):
            dealt = [made.deal(number, rank, world) for rank in range(world)]
            assert {len(packs) for packs in dealt} == {-(-made.packs_per_step // world)}
            together = [one for packs in dealt for one in packs if one]
            assert sorted(together, key=name) == sorted(made.step(number), key=name)


def name(one: Pack) -> tuple[tuple[bytes, int], ...]:
    return tuple((draw.key.clip_id, draw.key.draw) for draw in one)


@pytest.mark.parametrize("sizes", [Sizes(), SMALL, Sizes(max_fps=16, stills=0.3)])
def test_what_is_drawn_lies_in_the_clip(sizes: Sizes) -> None:
    found = mixed(3, 400)
    frames, fps = found.column("frames"), found.column("fps")
    for draw in all_draws(plan(found, sizes=sizes)):
        last = draw.start + (draw.frames - 1) * draw.stride
        assert 0 <= draw.start <= last < frames[draw.row]
        assert draw.frames % 4 == 1
        assert draw.frames <= sizes.max_frames
        assert draw.height * draw.width <= area_of(sizes.tier)
        assert draw.tokens == Grid().tokens(draw.frames, draw.height, draw.width)
        assert draw.fps == fps[draw.row] / draw.stride
        assert sizes.max_fps is None or draw.fps <= sizes.max_fps * 1.002


def test_an_epoch_sees_all_of_a_long_clip() -> None:
    found = manifest([row(0, frames=33 * 7 + 5), row(1, frames=20)])
    long = [d for d in all_draws(plan(found)) if found.column("frames")[d.row] > 100]
    starts = sorted(draw.start for draw in long)
    assert len(starts) == 7
    assert all(33 <= b - a <= 34 + 5 for a, b in pairwise(starts))
    over_time = {
        d.start for epoch in range(60) for d in all_draws(plan(found, epoch)) if d.row == long[0].row
    }
    assert {0, 33 * 7 + 5 - 33} <= over_time  # from the first frame to the last


def test_frequencies_follow_the_weights() -> None:
    weights = [0.0, 0.1, 0.5, 1.0, 2.75]
    found = manifest([row(k, weight=weights[k % 5], frames=33) for k in range(50)])
    counts: Counter[float] = Counter()
    for epoch in range(200):
        for draw in all_draws(plan(found, epoch)):
            counts[float(found.column("weight")[draw.row])] += 1
    for weight in weights:  # 10 clips of each, 200 epochs
        assert counts[weight] / 2000 == pytest.approx(weight, abs=0.045)
    assert counts[1.0] == 2000


def test_a_share_of_the_draws_are_stills() -> None:
    found = mixed(5, 3000, weight=1.0)
    draws = all_draws(plan(found, sizes=Sizes(stills=0.25)))
    long = [draw for draw in draws if found.column("frames")[draw.row] >= 5]
    assert sum(draw.frames == 1 for draw in long) / len(long) == pytest.approx(0.25, abs=0.02)
    starts = [draw.start / found.column("frames")[draw.row] for draw in long if draw.frames == 1]
    assert np.mean(starts) == pytest.approx(0.49, abs=0.03)  # any frame


def test_pure_in_seed_and_epoch_and_deaf_to_the_order_of_rows() -> None:
    rows = [row(k, weight=0.5 + k % 3, frames=10 + k) for k in range(60)]
    base = plan(manifest(rows))
    assert plan(manifest(rows[::-1])).digest == base.digest
    assert plan(manifest(rows, "/elsewhere")).digest == base.digest
    others = [plan(manifest(rows), epoch=1), plan(manifest(rows), seed=2), plan(manifest(rows[1:]))]
    assert len({one.digest for one in [base, *others]}) == 4
    assert (
        Plan(base.manifest, 1, 0, pack_tokens=BUDGET, packs_per_step=4, windows=base.windows).digest
        == base.digest
    )


def test_a_sample_more_leaves_the_others_draws_as_they_were() -> None:
    rows = [row(k, weight=0.7) for k in range(40)]
    one, more = (all_draws(plan(manifest(these))) for these in (rows[:-1], rows))
    assert {(d.key, d.start, d.frames) for d in one} <= {(d.key, d.start, d.frames) for d in more}


@pytest.mark.parametrize(
    ("budget", "sizes"),
    [(9216, Sizes()), (16384, Sizes()), (16384, Sizes(tier="768px", max_frames=9)), (4096, SMALL),
     (34816, Sizes(max_frames=129, stills=0.2))],
)  # fmt: skip
def test_packs_are_full(budget: int, sizes: Sizes) -> None:
    """A budget of about a whole number of the longest samples, which nearly all of the tokens are in; below
    four of them what is left over may be too much for the short ones to fill."""
    found = mixed(9, 4000)
    made = plan(found, pack_tokens=budget, sizes=sizes)
    assert made.utilisation >= 0.95, made.utilisation
    assert made.utilisation == made.tokens / (made.packs * budget)


def test_sizes_and_lengths_are_mixed_in_a_step() -> None:
    made = plan(mixed(9, 4000))
    kinds = []
    for number in range(len(made) - 1):
        sizes = {(draw.frames, draw.height, draw.width) for one in made.step(number) for draw in one}
        kinds.append(len(sizes))
    assert min(kinds) >= 2
    assert np.mean(kinds) > 5  # of 15 draws, most of which have the longest length


@pytest.mark.parametrize("seed", range(30))
def test_packing_takes_each_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tokens = rng.integers(1, rng.integers(2, 1000), rng.integers(0, 3000))
    packs = pack(tokens, 1000)
    assert sorted(draw for one in packs for draw in one) == list(range(len(tokens)))
    assert all(0 < tokens[one].sum() <= 1000 for one in packs)


def test_the_last_gap_is_filled_as_well_as_can_be() -> None:
    """Against all subsets."""
    rng = np.random.default_rng(4)
    for _ in range(300):
        items = rng.integers(1, 40, rng.integers(1, 9)).tolist()
        room = int(rng.integers(0, 90))
        found = _best_fill(room, sorted(Counter(items).items()))
        assert not Counter(found) - Counter(items)
        every = (sum(some) for n in range(len(items) + 1) for some in combinations(items, n))
        assert sum(found) == max(total for total in every if total <= room)


def test_packing_keeps_near_to_the_order() -> None:
    """The oldest draw begins each pack, so none waits for long."""
    tokens = np.random.default_rng(0).integers(1, 700, 20_000)
    packs = pack(tokens, 1000)
    firsts = [one[0] for one in packs]
    assert firsts == sorted(firsts)
    assert max(max(one) - one[0] for one in packs) <= 2048 + 64


def test_ranks_side_by_side_are_alike_in_cost() -> None:
    made = plan(mixed(9, 2000), packs_per_step=8)
    for number in range(len(made) - 1):
        costs = sorted(map(cost, made.step(number)), reverse=True)
        for rank in range(4):
            assert [cost(one) for one in made.deal(number, rank, 4)] == costs[rank::4]


def test_a_million_samples_are_planned_in_seconds() -> None:
    """Times a tenth of that; a quadratic step would take minutes."""
    import time

    found = mixed(1, 2000)
    many = Windows.of(found, Sizes())
    times = 100_000 // len(many) + 1
    every = Windows(**{name: np.tile(getattr(many, name), times) for name in Windows.__dataclass_fields__})
    order = np.argsort(every.row, kind="stable")
    every = Windows(**{name: getattr(every, name)[order] for name in Windows.__dataclass_fields__})
    began = time.process_time()
    made = plan(found, windows=every)
    assert made.draws > 80_000
    assert time.process_time() - began < 6


def test_what_does_not_fit_is_named() -> None:
    found = manifest([row(0), row(1, width=64, height=64)])
    with pytest.raises(ManifestError) as caught:
        plan(found, pack_tokens=1000)
    big = row(0)["key"]
    assert f"1 samples do not fit a pack of 1000 tokens: {big} has 1980 as 33 frames of 320x176" in str(
        caught.value
    )


def test_no_samples_of_a_split() -> None:
    with pytest.raises(ManifestError, match=r"for validation: raise `shards\.validation`"):
        plan(manifest([row(0)]), split=VALIDATION)
    with pytest.raises(ManifestError, match="for train: loosen"):
        plan(manifest([row(0, split=VALIDATION)]))
    with pytest.raises(ManifestError, match="weight 0"):
        Schedule(manifest([row(0, weight=0.0)]), 1, pack_tokens=BUDGET)


def test_validation_is_each_window_once_and_fixed() -> None:
    found = mixed(2, 300)
    made = plan(found, split=VALIDATION, sizes=Sizes(stills=0.5))
    draws = all_draws(made)
    assert Counter((d.row, d.window) for d in draws) == Counter(
        zip(made.windows.row.tolist(), made.windows.window.tolist(), strict=True)
    )
    assert {draw.row for draw in draws} == set(found.rows_of(VALIDATION).tolist())
    assert sum(draw.frames == 1 for draw in draws) < len(draws) / 5


# -- epochs --------------------------------------------------------------------------------------------------


def test_a_step_number_says_it_all() -> None:
    found = mixed(4, 200)
    straight = Schedule(found, 7, pack_tokens=BUDGET, packs_per_step=4)
    lengths = [len(plan(found, epoch, seed=7)) for epoch in range(4)]
    steps = [straight.at(number) for number in range(sum(lengths))]
    assert [(p.epoch, k) for p, k in steps] == [(e, k) for e in range(4) for k in range(lengths[e])]
    for number in (0, lengths[0], sum(lengths[:3]) + 1):
        resumed = Schedule(found, 7, pack_tokens=BUDGET, packs_per_step=4)
        step, packs = next(resumed.steps(number, 1, 2))
        assert step == number
        assert packs == steps[number][0].deal(steps[number][1], 1, 2)


def test_epochs_differ() -> None:
    found = manifest([row(k) for k in range(50)])
    schedule = Schedule(found, 1, pack_tokens=BUDGET)
    first, second = (all_draws(schedule.epoch(k)) for k in (0, 1))
    assert {d.row for d in first} == {d.row for d in second}
    assert [d.row for d in first] != [d.row for d in second]
    assert not {d.key for d in first} & {d.key for d in second}


# -- stored latents ------------------------------------------------------------------------------------------


def latent(
    window: int, start: int, frames: int, side: int, vae: str = "v", made_with: str | None = None
) -> dict[str, object]:
    return {
        "vae": vae, "made_with": made_with, "window": window, "start_frame": start, "frames": frames,
        "height": side, "width": side, "fps": 12.0, "file": "l.bin", "offset": 0, "bytes": 1, "crc": None,
    }  # fmt: skip


def test_latents_of_the_autoencoder_are_used_where_they_are() -> None:
    found = manifest(
        [
            row(0, latents=[latent(0, 0, 17, 64), latent(1, 34, 9, 64), latent(0, 0, 17, 32)]),
            row(1, latents=[latent(0, 0, 17, 64, vae="other")]),
            row(2),
            row(3, latents=[latent(0, 0, 17, 512)]),  # above the tier
        ]
    )
    draws = {(d.key.clip_id, d.window): d for d in all_draws(plan(found, vae="v", sizes=Sizes(max_frames=9)))}
    first, second = (draws[row(0)["clip_id"], k] for k in (0, 1))
    assert (first.latent, first.start, first.frames, first.stride, first.fps) == (0, 0, 9, 2, 12.0)
    assert (second.latent, second.start, second.frames, second.height) == (1, 34, 9, 64)
    assert first.tokens == Grid().tokens(9, 64, 64)
    assert {d.latent for d in draws.values() if d.key.clip_id != row(0)["clip_id"]} == {-1}
    assert len({clip for clip, _ in draws}) == 4
    assert {d.latent for d in all_draws(plan(found))} == {-1}


def test_of_several_sets_the_one_of_the_tier_and_length_is_taken() -> None:
    sets = [
        *[latent(k, 40 * k, 33, 64, made_with="long") for k in range(2)],
        *[latent(k, 20 * k, 9, 64, made_with="short") for k in range(4)],
        latent(0, 0, 9, 256, made_with="large"),
    ]
    found = manifest([row(0, latents=sets), row(1, latents=[sets[0]]), row(2)])

    def drawn(tier: str, frames: int) -> set[tuple[int, int, int]]:
        draws = all_draws(plan(found, vae="v", sizes=Sizes(tier=tier, max_frames=frames)))
        first = row(0)["clip_id"]
        return {(d.latent, d.frames, d.height) for d in draws if d.key.clip_id == first}

    assert drawn("64px", 33) == {(0, 33, 64), (1, 33, 64)}
    assert drawn("64px", 17) == {(2, 9, 64), (3, 9, 64), (4, 9, 64), (5, 9, 64)}
    assert drawn("256px", 17) == {(6, 9, 256)}
    sizes = Sizes(tier="64px", max_frames=17)
    said = remarks(Windows.of(found, sizes, vae="v"), found, sizes, "v")
    assert len(said) == 2
    assert said[0].startswith("latents of 2 of 3 clips are stored at 64px or less")
    assert said[1].startswith("1 stored windows are longer than 17 frames")
    assert remarks(Windows.of(found, sizes, vae="none"), found, sizes, "none") == []


def test_faster_latents_than_asked_for_are_not_used() -> None:
    found = manifest([row(0, latents=[latent(0, 0, 17, 64)])])
    for max_fps, stored in ((12.0, {0}), (10.0, {-1})):
        draws = all_draws(plan(found, vae="v", sizes=Sizes(max_fps=max_fps)))
        assert {d.latent for d in draws} == stored


def test_a_still_of_latents_is_the_first_frame() -> None:
    found = manifest([row(k, latents=[latent(0, 3, 17, 64)]) for k in range(20)])
    draws = all_draws(plan(found, vae="v", sizes=Sizes(stills=1.0)))
    assert {(d.latent, d.start, d.frames, d.tokens) for d in draws} == {(0, 3, 1, 16)}


def test_fixed_windows_for_an_autoencoder() -> None:
    found = mixed(6, 200)
    made = plan(found, sizes=Sizes(fixed=(9, 64, 64), max_fps=30), vae="v")
    draws = all_draws(made)
    assert {(d.frames, d.height, d.width) for d in draws} == {(9, 64, 64)}
    for draw in draws:
        assert draw.start + 8 * draw.stride < found.column("frames")[draw.row]
    with pytest.raises(ManifestError, match="no clip has 9 frames"):
        plan(manifest([row(0, frames=8)]), sizes=Sizes(fixed=(9, 64, 64)))
    with pytest.raises(ValueError, match="give 5 or 9"):
        Sizes(fixed=(8, 64, 64))
