"""What is looked at while a diffusion transformer trains: the loss on held-out clips, and clips it makes.

Losses are taken at four fixed times with each clip's own noise, so that they can be compared from look to
look and from run to run. The pictures show held-out clips and, below each, what the model makes of its
caption."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from training.data import BAD, Item, Reader
from training.manifest import VALIDATION, Manifest
from training.model_folder import Facts
from training.pictures import sheet, to_frames, to_pixels, write_png
from training.plan import Pack, Plan
from training.ranks import Ranks
from training.sampling import Request, sample
from training.windows import Sizes, Windows

if TYPE_CHECKING:
    from training.dit_task import DiTTask

MOST = 128
"""Held-out windows that are judged, at most."""
SHOWN, SHOWN_FRAMES = 4, 4
"""Clips that are made for a look, and frames of each that are shown."""
STEPS = 25


class Look:
    """Looks at held-out clips; does nothing where there are none."""

    def __init__(
        self, manifest: Manifest, reader: Reader, sizes: Sizes, ranks: Ranks, facts: Facts, pack_tokens: int
    ) -> None:
        self._ranks, self._facts = ranks, facts
        self._reader = Reader(manifest, reader.grid, encoder=reader.encoder, policy=facts.policy.usual())
        self._plan: Plan | None = None
        if len(manifest.rows_of(VALIDATION)):
            windows = Windows.of(manifest, sizes, vae=facts.vae_identity, split=VALIDATION)
            if len(windows):
                budget = max(pack_tokens, int(windows.tokens.max()))
                self._plan = Plan(
                    manifest, seed=0, epoch=0, pack_tokens=budget, packs_per_step=ranks.world, sizes=sizes,
                    split=VALIDATION, windows=windows,
                )  # fmt: skip

    def losses(self, task: "DiTTask") -> dict[str, float]:
        """`loss` and `loss at t`: means over clips, the same on every rank."""
        from training.dit_task import FIXED_TIMES

        sums, count = [0.0] * len(FIXED_TIMES), 0
        for packs in self._dealt():
            for items in map(self._items, packs):
                for at, found in enumerate(task.at_fixed_times(items)):
                    sums[at] += float(found.sum())
                count += len(items)
        *sums, total = self._ranks.sum([*sums, count])
        if not total:
            return {}
        means = {f"loss at {t:g}": s / total for t, s in zip(FIXED_TIMES, sums, strict=True)}
        return {"loss": sum(means.values()) / len(means), **means}

    def pictures(self, task: "DiTTask", folder: Path, step: int) -> None:
        """FOLDER/step-….png: in turns a held-out clip and what is made of its caption."""
        if self._plan is None:
            return
        items = self._items(tuple(d for step_ in self._plan.steps for pack in step_ for d in pack)[:SHOWN])
        # All ranks make the same passes, or none: also where one of them alone could not read a clip.
        readable = self._ranks.gather([item.draw.row for item in items])
        if not items or any(rows != readable[0] for rows in readable):
            return
        drafts = task.encode(task.drafts(items))
        requests = [
            Request(
                grid=(draft.eps.shape[1], draft.eps.shape[2], draft.eps.shape[3]),
                seconds_per_latent=task.vae.temporal / draft.item.fps,
                text=None if draft.text is None else draft.text.tokens,
                pooled=None if draft.text is None or not len(draft.text.pooled) else draft.text.pooled,
                fps=draft.item.fps,
                motion=draft.item.motion,
                aesthetic=draft.item.aesthetic,
            )
            for draft in drafts
        ]
        made = sample(
            task.model, requests, steps=STEPS, text_scale=self._facts.text_scale, shift=self._facts.shift
        )
        if not self._ranks.first:
            return
        folder.mkdir(parents=True, exist_ok=True)
        rows = []
        for draft, latent in zip(drafts, made, strict=True):
            assert draft.x_0 is not None
            real = draft.item.pixels
            shown = (
                task.vae.from_latent(draft.x_0[None].to(task.device))[0]
                if real is None
                else to_pixels(real.numpy())
            )
            for film in (shown, task.vae.from_latent(latent[None].to(task.device))[0]):
                frames = to_frames(film)
                at = np.linspace(0, len(frames) - 1, SHOWN_FRAMES).round().astype(int)
                rows.append([_in_square(frames[k]) for k in at])
        side = max(picture.shape[0] for row in rows for picture in row)
        write_png(folder / f"step-{step:08}.png", sheet([[_in_square(p, side) for p in row] for row in rows]))

    def _dealt(self) -> list[list[Pack]]:
        """This rank's packs, step by step."""
        if self._plan is None:
            return []
        found, windows = [], 0
        for number in range(len(self._plan)):
            found.append(self._plan.deal(number, self._ranks.rank, self._ranks.world))
            windows += sum(map(len, self._plan.step(number)))
            if windows >= MOST:
                break
        return found

    def _items(self, draws: Pack) -> list[Item]:
        """Those that can be read."""
        found = []
        for draw in draws:
            try:
                found.append(self._reader.read(draw))
            except BAD:
                continue
        return found


def _in_square(picture: "np.ndarray", side: int | None = None) -> "np.ndarray":
    """In the middle of a white square."""
    height, width = picture.shape[:2]
    side = side or max(height, width)
    page = np.full((side, side, 3), 255, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    page[top : top + height, left : left + width] = picture
    return page
