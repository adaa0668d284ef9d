"""What `curate captions` does: the parts that were asked for, each as tables and as JSON values."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from captioners.dialogue.model import ModelCaptioner
from curate.judging import audit, judge, rates, recall, shown, statistics, ticks
from curate.judging.source import Clip, Source
from curate.storage import Folder

JUDGED = 100
"""Clips that a model judges where neither an audit nor ticks say which."""
LARGEST_SEED = 999_999_999


@dataclass(frozen=True)
class Asked:
    """What a user wants to know."""

    facts: str | None = None
    """A file of facts."""
    audit: int | None = None
    """Clips to make a page of."""
    seed: int = 0
    ticks: Sequence[str] = ()
    """Files of ticks."""
    judge: str | None = None
    """A captioner that is to judge, as YAML."""

    @property
    def anything(self) -> bool:
        return bool(self.ticks) or any(one is not None for one in (self.facts, self.audit, self.judge))


@dataclass
class Told:
    """What is said of it."""

    blocks: list[shown.Block] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)
    """JSON values."""

    def add(self, blocks: Sequence[shown.Block], **found: Any) -> None:
        self.blocks += blocks
        self.found |= found


def tell(folder: Folder, asked: Asked) -> Told:
    """Do what is asked for; statistics if nothing is. Raises ValueError for what cannot be asked."""
    if not 0 <= asked.seed <= LARGEST_SEED:
        raise ValueError(f"--seed {asked.seed}: give a whole number from 0 to {LARGEST_SEED}")
    captioner = None if asked.judge is None else judge.build_judge(asked.judge)
    told = Told()
    with Source(folder) as source:
        if not asked.anything:
            counted = statistics.statistics(source)
            told.add(shown.statistics(counted), **statistics.as_json(counted))
        if asked.facts is not None:
            recalled = recall.recalled(source, asked.facts)
            told.add(shown.recall(recalled), facts=recall.as_json(recalled))
        sheets = [ticks.read(source, path) for path in asked.ticks]
        clips: list[Clip] = []
        if asked.audit is not None:
            clips = audit.picked(source, asked.audit, asked.seed)
            written = audit.write(source, clips, asked.seed)
            told.add(shown.audit(written), audit=asdict(written))
        if captioner is not None:
            chosen = clips or _ticked(sheets) or audit.picked(source, JUDGED, asked.seed)
            sheets.append(_judge(source, chosen, captioner, told))
        if sheets:
            of_each, agreed = [rates.rates(sheet) for sheet in sheets], rates.agreements(sheets)
            told.add([block for one in of_each for block in shown.rates(one)])
            told.add(shown.agreements(agreed), ticks=[asdict(one) for one in of_each])
            told.add([], agreement=[asdict(one) for one in agreed])
    return told


def _ticked(sheets: Sequence[ticks.Sheet]) -> list[Clip]:
    """The clips that people ticked, each once."""
    return list({one.clip.clip_id: one.clip for sheet in sheets for one in sheet.clips}.values())


def _judge(source: Source, clips: Sequence[Clip], captioner: ModelCaptioner, told: Told) -> ticks.Sheet:
    with _progress(len(clips)) as advance:
        judged = judge.judge(source, clips, captioner, advance)
    told.add(shown.judged(judged), judge=asdict(judged))
    return ticks.read(source, judged.path)


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    """A bar on stderr, on a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("judging", total=total)
        yield lambda: progress.advance(task)
