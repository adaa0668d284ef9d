"""What is trained on, in which order: a pure function of (manifest, seed, epoch).

    weights ─► draws, in a shuffled order ─► packs of `pack_tokens` tokens ─► steps of `packs_per_step`

The plan knows nothing of ranks. A global step is a list of packs, and `deal` hands them out: every rank gets
the same number, empty ones where they do not divide, so that no rank waits for another for ever. The same
steps come out at any number of ranks, and to resume a run it is enough to know how many steps it has done.

A batch by count would be as long as its longest clip, and one bucket per size starves some ranks (issues 562,
635 and 636 of Open-Sora). Here clips of all sizes and lengths share a pack, laid end to end without
padding."""

import bisect
import hashlib
import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from training.keyed import Key, hashes, uniforms
from training.manifest import TRAIN, Manifest, ManifestError
from training.windows import Sizes, Windows

LOOKAHEAD = 2048
"""Draws ahead of the present one among which a pack's last ones are chosen."""

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Draw:
    """One use of a sample."""

    row: int
    """Of the manifest."""
    key: Key
    """(seed, epoch, clip id, number of the draw): the source of all its random numbers."""
    window: int
    start: int
    """First source frame."""
    frames: int
    """Frames as trained on; 1 is a still."""
    height: int
    width: int
    stride: int
    """Source frames from one to the next."""
    fps: float
    latent: int
    """Place in the sample's list of latents, -1 where pixels are to be decoded."""
    tokens: int


Pack = tuple[Draw, ...]


class Plan:
    """The steps of one epoch.

    `pack_tokens` is what a rank computes at once, `packs_per_step` how many of those make a global step.
    Validation (`split`) uses every window once, in a fixed order and whatever the weights.
    """

    def __init__(
        self,
        manifest: Manifest,
        seed: int,
        epoch: int,
        *,
        pack_tokens: int,
        packs_per_step: int = 1,
        sizes: Sizes = Sizes(),  # noqa: B008 - frozen
        vae: str | None = None,
        split: str = TRAIN,
        windows: Windows | None = None,
    ) -> None:
        """`windows`: what `Windows.of` gave for an earlier epoch, to save the time."""
        if pack_tokens < 1 or packs_per_step < 1:
            raise ValueError("pack_tokens and packs_per_step are 1 or more")
        self.manifest, self.seed, self.epoch = manifest, seed, epoch
        self.sizes, self.pack_tokens, self.packs_per_step = sizes, pack_tokens, packs_per_step
        self.windows = windows if windows is not None else Windows.of(manifest, sizes, vae=vae, split=split)
        _check_budget(manifest, self.windows, pack_tokens)
        self._draw(train=split == TRAIN)
        self._pack()

    def _draw(self, train: bool) -> None:
        """Fill the columns of the draws, in their shuffled order."""
        w, ids = self.windows, self.manifest.ids
        weight = self.manifest.column("weight")[w.row] if train else np.ones(len(w))
        # Each window is drawn floor(w) times, and once more with probability w - floor(w): w in the mean.
        chance = uniforms(self.seed, self.epoch, ids[w.row], w.window, "weight")
        count = np.floor(weight + chance).astype(np.int64)
        of = np.repeat(np.arange(len(w)), count)
        row = w.row[of]
        before = np.searchsorted(row, row)  # windows are ordered by row
        number = np.arange(len(of)) - before
        place = (self.seed, self.epoch, ids[row], number)
        # The window within its slack, halfway where the draw must not depend on chance.
        where = uniforms(*place, "window") if train else np.full(len(of), 0.5)
        start = w.first[of] + np.floor(where * (w.slack[of] + 1)).astype(np.int64)
        still = (uniforms(*place, "still") < self.sizes.stills) & train
        within = np.floor(uniforms(*place, "frame") * w.frames[of]).astype(np.int64) * w.stride[of]
        # A still of stored latents is the first latent frame, which is that of the first frame alone.
        start = np.where(still & (w.latent[of] < 0), start + within, start)
        order = np.argsort(hashes(*place, "order"), kind="stable")
        self._window, self._number, self._start = of[order], number[order], start[order]
        self._still = still[order]
        self._tokens = np.where(self._still, w.still_tokens[self._window], w.tokens[self._window])

    def _pack(self) -> None:
        packs = pack(self._tokens, self.pack_tokens)
        self._members = np.array([draw for one in packs for draw in one], np.int64)
        self._bounds = np.cumsum([0, *map(len, packs)])

    # -- what comes out -----------------------------------------------------------------------------------

    @property
    def draws(self) -> int:
        return len(self._window)

    @property
    def packs(self) -> int:
        return len(self._bounds) - 1

    def __len__(self) -> int:
        """Global steps of the epoch."""
        return -(-self.packs // self.packs_per_step)

    @property
    def tokens(self) -> int:
        """Of all draws."""
        return int(self._tokens.sum())

    @property
    def utilisation(self) -> float:
        """Share of the packs' tokens that are used."""
        return self.tokens / (self.packs * self.pack_tokens) if self.packs else 0.0

    def step(self, number: int) -> list[Pack]:
        """The packs of a global step; the last of an epoch may have fewer."""
        if not 0 <= number < len(self):
            raise IndexError(f"step {number} of {len(self)}")
        first = number * self.packs_per_step
        return [self._pack_of(k) for k in range(first, min(first + self.packs_per_step, self.packs))]

    @property
    def steps(self) -> Iterator[list[Pack]]:
        return (self.step(number) for number in range(len(self)))

    def deal(self, number: int, rank: int, world: int) -> list[Pack]:
        """The packs of a global step that fall to `rank`, one after the other; () is an empty pack.

        Those that the ranks compute side by side are alike in cost.
        """
        packs = sorted(self.step(number), key=cost, reverse=True)
        rounds = -(-self.packs_per_step // world)
        packs += [()] * (rounds * world - len(packs))
        return packs[rank::world]

    @cached_property
    def digest(self) -> str:
        """32 hex digits of all draws and packs: equal plans, equal digests."""
        hashed = hashlib.blake2b(digest_size=16)
        w = self.windows
        for column in (
            self.manifest.ids[w.row[self._window]], self._number, self._start, self._tokens,
            w.frames[self._window], w.height[self._window], self._members, self._bounds,
        ):  # fmt: skip
            hashed.update(np.ascontiguousarray(column).tobytes())
        return hashed.hexdigest()

    def _pack_of(self, number: int) -> Pack:
        members = self._members[self._bounds[number] : self._bounds[number + 1]]
        return tuple(self._draw_of(int(member)) for member in members)

    def _draw_of(self, member: int) -> Draw:
        w, at, still = self.windows, int(self._window[member]), bool(self._still[member])
        row = int(w.row[at])
        return Draw(
            row=row,
            key=Key(self.seed, self.epoch, self.manifest.clip_id(row), int(self._number[member])),
            window=int(w.window[at]),
            start=int(self._start[member]),
            frames=1 if still else int(w.frames[at]),
            height=int(w.height[at]),
            width=int(w.width[at]),
            stride=int(w.stride[at]),
            fps=float(w.fps[at]),
            latent=int(w.latent[at]),
            tokens=int(self._tokens[member]),
        )


class Schedule:
    """Epoch after epoch: the global step with any number, counted from the start of training."""

    def __init__(
        self,
        manifest: Manifest,
        seed: int,
        *,
        pack_tokens: int,
        packs_per_step: int = 1,
        sizes: Sizes = Sizes(),  # noqa: B008 - frozen
        vae: str | None = None,
    ) -> None:
        self.manifest, self.seed = manifest, seed
        self.windows = Windows.of(manifest, sizes, vae=vae)
        _check_budget(manifest, self.windows, pack_tokens)
        self._options = {"pack_tokens": pack_tokens, "packs_per_step": packs_per_step, "sizes": sizes}
        self._starts = [0]
        """The first step of each epoch that was looked at, and of the next one."""
        self._plans: dict[int, Plan] = {}
        if not (manifest.column("weight")[self.windows.row] > 0).any():
            raise ManifestError("every sample that trains has the weight 0: give some of them more")

    def epoch(self, number: int) -> Plan:
        """The plan of an epoch; the last two are kept."""
        if number not in self._plans:
            plan = Plan(self.manifest, self.seed, number, windows=self.windows, **self._options)  # type: ignore[arg-type]
            self._plans = {k: p for k, p in self._plans.items() if abs(k - number) == 1} | {number: plan}
        return self._plans[number]

    def at(self, step: int) -> tuple[Plan, int]:
        """(plan, number of the step in it) of a global step."""
        while self._starts[-1] <= step:
            epoch = len(self._starts) - 1
            self._starts.append(self._starts[-1] + len(self.epoch(epoch)))
        epoch = bisect.bisect_right(self._starts, step) - 1
        return self.epoch(epoch), step - self._starts[epoch]

    def deal(self, step: int, rank: int, world: int) -> list[Pack]:
        """The packs of a global step that fall to `rank`."""
        plan, number = self.at(step)
        return plan.deal(number, rank, world)

    def steps(self, first: int, rank: int, world: int) -> Iterator[tuple[int, list[Pack]]]:
        """(step, packs of `rank`) from a global step on, without end: what a loader reads."""
        for step in itertools.count(first):
            yield step, self.deal(step, rank, world)


def cost(pack: Pack, width: int = 1152) -> float:
    """What a pack costs, up to a factor: a block of width d does 24 d^2 + 4 n d operations per token of a
    clip of n tokens, forwards."""
    return float(sum(draw.tokens * (6 * width + draw.tokens) for draw in pack))


def pack(tokens: I64, budget: int) -> list[list[int]]:
    """Every index of `tokens` in exactly one pack of at most `budget` tokens.

    A pack takes the draws as they come, so that all sizes are mixed, until room for about two is left; these
    are chosen among the LOOKAHEAD following draws so that as little as possible stays empty. Every pack
    begins with the oldest draw, so none waits for long.
    """
    sizes = tokens.tolist()
    taken = bytearray(len(sizes))
    waiting: dict[int, deque[int]] = {}
    """Size -> the draws ahead that have it, in order."""
    present: list[int] = []  # sizes that are waiting, ascending
    packs: list[list[int]] = []
    at = seen = room = 0

    def take(size: int) -> None:
        nonlocal room
        queue = waiting[size]
        index = queue.popleft()
        taken[index] = 1
        packs[-1].append(index)
        room -= size
        if not queue:
            del waiting[size], present[bisect.bisect_left(present, size)]

    while True:
        while at < len(sizes) and taken[at]:
            at += 1
        if at == len(sizes):
            return packs
        packs.append([])
        room, reserve = budget, budget
        while at < len(sizes):
            while seen < min(at + LOOKAHEAD, len(sizes)):
                if sizes[seen] not in waiting:
                    waiting[sizes[seen]] = deque()
                    bisect.insort(present, sizes[seen])
                waiting[sizes[seen]].append(seen)
                seen += 1
            reserve = min(reserve, 2 * present[-1], budget // 2)
            if packs[-1] and room - sizes[at] < reserve:
                break
            take(sizes[at])  # the oldest draw is the oldest of its size
            while at < len(sizes) and taken[at]:
                at += 1
        for size in _best_fill(room, [(size, len(waiting[size])) for size in present]):
            take(size)


def _best_fill(room: int, sizes: list[tuple[int, int]]) -> list[int]:
    """The sizes, each at most as often as it is there, whose sum is the largest up to `room`. `sizes`:
    (size, how many), ascending by size.

    Subset sums as the bits of an integer, from the largest size on: bit s is set where s can be reached.
    """
    mask, reach = (1 << (room + 1)) - 1, 1
    steps: list[tuple[int, int, int]] = []
    for size, there in reversed(sizes):
        left, many = min(there, room // size), 1
        while left:  # 1, 2, 4, … copies: any number of them is a sum of these
            many = min(many, left)
            steps.append((size, many, reach))
            reach |= (reach << size * many) & mask
            left -= many
            many *= 2
        if reach >> room:
            break
    best = reach.bit_length() - 1
    found: list[int] = []
    for size, many, before in reversed(steps):
        if not before >> best & 1:
            best -= size * many
            found += [size] * many
    return found


def _check_budget(manifest: Manifest, windows: Windows, pack_tokens: int) -> None:
    over = np.flatnonzero(windows.tokens > pack_tokens)
    if not len(over):
        return
    worst = over[np.argmax(windows.tokens[over])]
    raise ManifestError(
        f"{len(np.unique(windows.row[over]))} samples do not fit a pack of {pack_tokens} tokens: "
        f"{manifest.key(int(windows.row[worst]))} has {windows.tokens[worst]} as "
        f"{windows.frames[worst]} frames of {windows.width[worst]}x{windows.height[worst]}; raise the pack's "
        "tokens, or choose a smaller tier or fewer frames"
    )
