"""Step `similarity`: the captions that fit their pictures least are asked for again. Writes `similarities`,
and `captions` from the drafts that the step `caption` wrote.

A barrier: which captions are the lowest of their source is known once all clips have their first good one,
the draft. The floors follow from the drafts alone and stay, whatever is asked then, so the captions are a
pure function of answers, similarities and options: no order of work and no kill changes them. With other
clips the floors are others, and captions are judged anew from the tables."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from captioners.dialogue.model import ModelCaptioner
from captioners.dialogue.similarity import Fit, SimilarityOptions, digest_of, floors
from captioners.dialogue.turns import MEASURED, OK, UNANSWERED, State
from curate import clips
from curate.cluster import Cluster, batches
from curate.context import Context, Keys, Step
from curate.state import Video, positions
from curate.tables import Tables, id_bytes, rows_of, to_table
from stages import caption_model, compare
from stages.answers import Answers, caption_row, state
from stages.caption_model import Instead, replaced, windows_of

Row = dict[str, Any]

BATCH = 2000
"""Similarities that are committed together."""


class Known:
    """The similarities that are known: those of the table, and what this run could not measure."""

    def __init__(self, tables: Tables, key: str) -> None:
        self._found: dict[bytes, dict[str, float | None]] = {}
        self.add(tables.rows("similarities", key))

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._found.setdefault(row["clip_id"], {})[row["digest"]] = row["similarity"]

    def of(self, clip: bytes) -> Mapping[str, float | None]:
        """By digest of the caption."""
        return self._found.get(clip, {})


@dataclass(frozen=True)
class Draft:
    """A good caption before this gate."""

    clip: bytes
    short: str
    dense: str

    @functools.cached_property
    def digest(self) -> str:
        return digest_of(self.short, self.dense)


class Standing:
    """What the tables say of the captions of a set of clips."""

    def __init__(
        self,
        tables: Tables,
        keys: Keys,
        captioner: ModelCaptioner,
        table: pa.Table,
        videos: Mapping[bytes, Video],
    ) -> None:
        """`table`: rows of `clips`, those that every filter kept."""
        assert captioner.similarity is not None
        assert keys.similarity is not None
        self.options: SimilarityOptions = captioner.similarity
        self._captioner, self._table = captioner, table
        self._ids = id_bytes(table["clip_id"])
        self._sources = {
            clip: videos[video].source
            for clip, video in zip(
                self._ids.to_pylist(), id_bytes(table["video_id"]).to_pylist(), strict=True
            )
        }
        drafts = tables.read("captions", keys.drafts)
        here = pc.is_in(id_bytes(drafts["clip_id"]), value_set=self._ids)
        self.drafts: pa.Table = _in_order(drafts.filter(here))
        """Rows of `captions` before this gate, with those that say why there is none."""
        good = self.drafts.filter(pc.equal(self.drafts["outcome"], OK))
        names = (id_bytes(good["clip_id"]), good["short"], good["dense"])
        self.good = [Draft(*one) for one in zip(*(column.to_pylist() for column in names), strict=True)]
        self.known = Known(tables, keys.similarity)

    def unmeasured(self) -> list[Draft]:
        return [draft for draft in self.good if draft.digest not in self.known.of(draft.clip)]

    def below(self) -> dict[bytes, float]:
        """The floors of those clips whose drafts are below them."""
        found = {}
        for draft in self.good:
            value = self.known.of(draft.clip).get(draft.digest)
            if value is not None:
                found[draft.clip] = value
        by_clip = floors(found, self._sources, self.options.tail, self.options.least)
        return {clip: floor for clip, floor in by_clip.items() if found[clip] < floor}

    def clips(self, wanted: Sequence[bytes]) -> list[Row]:
        """Rows of `clips`, in that order."""
        at = positions(pa.array(wanted, pa.binary(clips.ID_BYTES)), self._table)
        return rows_of(self._table.take(pa.array(at)))

    def state(self, clip: Row, rows: Sequence[Row], floor: float, *, again: bool = False) -> State:
        """Where the dialogue about a clip stands that is held against a floor."""
        fit = self.fit(clip["clip_id"], floor)
        return state(self._captioner, windows_of(self._captioner, clip), rows, again=again, fit=fit)

    def fit(self, clip: bytes, floor: float) -> Fit:
        return Fit(floor, self.known.of(clip))


def to_do(standing: Standing, tables: Tables, keys: Keys) -> tuple[int, int, int]:
    """For `curate plan`: drafts that are measured, captions to measure, and clips to ask about again, as far
    as the similarities that are there tell."""
    assert keys.answers is not None
    missing, below = len(standing.unmeasured()), standing.below()
    measured = len(standing.good) - missing
    asked = 0
    stored = Answers(tables, keys.answers) if below else None
    for clip in standing.clips(sorted(below)):
        assert stored is not None
        found = standing.state(clip, stored.of(clip["clip_id"]), below[clip["clip_id"]], again=True)
        asked += bool(found.turns)
        missing += found.unmeasured is not None
    return measured, missing, asked


def run(
    context: Context, cluster: Cluster, table: pa.Table, videos: Mapping[bytes, Video], instead: Instead
) -> None:
    """Judge the drafts of `table` (rows of `clips` that every filter kept), ask again, and commit."""
    captioner = context.plan.captioner
    assert isinstance(captioner, ModelCaptioner)
    standing = Standing(context.tables, context.keys, captioner, table, videos)
    work = _Work(context, cluster, captioner, standing, videos)
    work.measure([(clip, draft.short, draft.dense) for clip, draft in _with_clips(standing)])
    below = standing.below()
    rows = work.again(below) if below else []
    lost = [row for row in rows if row["outcome"] != OK]
    context.count("similarity").failed = len(lost) + len(below) - len(rows)
    if captioner.otherwise == MEASURED and lost:
        ids = [row["clip_id"] for row in lost if row["outcome"] != UNANSWERED]
        found = instead(standing.clips(ids))
        rows = [replaced(row, found.get(row["clip_id"])) for row in rows]
    _commit(context, standing.drafts, below, rows)
    context.tables.compact("similarities", context.keys.similarity)


def _with_clips(standing: Standing) -> list[tuple[Row, Draft]]:
    missing = standing.unmeasured()
    return list(zip(standing.clips([draft.clip for draft in missing]), missing, strict=True))


def _in_order(captions: pa.Table) -> pa.Table:
    return captions.take(pc.sort_indices(id_bytes(captions["clip_id"])))


def _commit(context: Context, drafts: pa.Table, below: Mapping[bytes, float], rows: Sequence[Row]) -> None:
    """The drafts with `rows` in place of those `below`, unless that is what there is."""
    gone = pc.is_in(id_bytes(drafts["clip_id"]), value_set=pa.array(list(below), pa.binary(clips.ID_BYTES)))
    kept = drafts.filter(pc.invert(gone)).select(clips.CAPTIONS.names)
    made = _in_order(pa.concat_tables([kept, to_table(clips.CAPTIONS, rows)]))
    key = context.keys.captioner
    there = _in_order(context.tables.read("captions", key))
    if not there.select(clips.CAPTIONS.names).equals(made):
        context.tables.replace("captions", made, key=key)


class _Work:
    """What takes a model: comparing, and asking."""

    def __init__(
        self,
        context: Context,
        cluster: Cluster,
        captioner: ModelCaptioner,
        standing: Standing,
        videos: Mapping[bytes, Video],
    ) -> None:
        self._context, self._cluster, self._captioner = context, cluster, captioner
        self._standing, self._videos = standing, videos
        self._count: Step = context.count("similarity")
        self._count.reused = len(standing.good) - len(standing.unmeasured())

    def measure(self, captions: Sequence[compare.Compared]) -> None:
        """Compare captions with their frames, and commit."""
        if not captions:
            return
        context, options = self._context, self._standing.options
        options.check()
        with context.step("similarity", len(captions), "captions"):
            found = compare.rows(context, self._cluster, options, captions, self._videos)
            for batch in batches(found, BATCH):
                settled = [row for row in batch if not row["transient"]]
                context.tables.append("similarities", settled, key=context.keys.similarity)
                self._standing.known.add(batch)
                self._count.done += len(settled)
                context.reporter.advance(len(batch))

    def again(self, below: Mapping[bytes, float]) -> list[Row]:
        """The captions of clips whose drafts are below their floors, and of what is settled why there is
        none."""
        todo = self._standing.clips(sorted(below))
        stored = self._stored()
        # What stayed unanswered in earlier runs says nothing: it is asked again.
        answers = {
            clip["clip_id"]: [row for row in stored.of(clip["clip_id"]) if row["finish_reason"] != UNANSWERED]
            for clip in todo
        }
        del stored
        asked = todo
        while asked:
            found = self._states(todo, answers, below)
            while unmeasured := [
                (clip, fields.short, fields.dense)
                for clip in todo
                if (fields := found[clip["clip_id"]].unmeasured) is not None
            ]:
                self.measure(unmeasured)
                found = self._states(todo, answers, below)
            before = {identity: len(rows) for identity, rows in answers.items()}
            asked = [clip for clip in asked if found[clip["clip_id"]].turns]
            self._ask(asked, answers, below)
            # Where nothing came the budget is used up: it waits.
            asked = [clip for clip in asked if len(answers[clip["clip_id"]]) > before[clip["clip_id"]]]
        return [row for clip in todo if (row := self._row(clip, answers, below)) is not None]

    def _states(
        self, todo: Sequence[Row], answers: Mapping[bytes, list[Row]], below: Mapping[bytes, float]
    ) -> dict[bytes, State]:
        return {
            clip["clip_id"]: self._standing.state(clip, answers[clip["clip_id"]], below[clip["clip_id"]])
            for clip in todo
        }

    def _stored(self) -> Answers:
        assert self._context.keys.answers is not None
        return Answers(self._context.tables, self._context.keys.answers)

    def _ask(
        self, todo: Sequence[Row], answers: dict[bytes, list[Row]], below: Mapping[bytes, float]
    ) -> None:
        """Ask about clips, as far as there are tokens left; what came is put to their answers."""
        left = None
        if self._captioner.budget is not None:
            left = caption_model.tokens_left(self._captioner, self._stored())
        if not todo or (left is not None and left <= 0):
            return
        context = self._context
        if self._cluster.address is None:
            self._captioner.check()
        self._cluster.start()
        told = [(clip, answers[clip["clip_id"]]) for clip in todo]
        fits = {clip["clip_id"]: self._standing.fit(clip["clip_id"], below[clip["clip_id"]]) for clip in todo}
        with context.step("similarity", len(todo), "clips asked about again"):

            def done(these: Sequence[caption_model.Told]) -> None:
                answers.update({clip["clip_id"]: rows for clip, rows in these})
                context.reporter.advance(len(these))

            caption_model.ask(context, self._cluster, self._captioner, told, self._videos, left, done, fits)

    def _row(self, clip: Row, answers: Mapping[bytes, list[Row]], below: Mapping[bytes, float]) -> Row | None:
        """The clip's row of `captions`; None where it waits."""
        identity = clip["clip_id"]
        outcome = self._standing.state(clip, answers[identity], below[identity]).outcome
        if outcome is None:
            return None
        captioner, name = self._captioner, self._context.plan.captioner_name
        row = caption_row(captioner, name, captioner.prompt_hash, outcome, answers[identity])
        return row | {"clip_id": identity, "original": self._videos[clip["video_id"]].original}
