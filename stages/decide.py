"""Step `decide`: the rules over the scores. Writes `verdicts` and `funnel`, one set for each set of rules."""

import hashlib

import pyarrow as pa
import pyarrow.compute as pc

from captioners.dialogue.turns import UNANSWERED
from curate.clips import pairs_key, score_schema
from curate.config import FilterStep
from curate.context import Context
from curate.plugins import TableFilter
from curate.verdicts import Verdicts, Walk


def decide(context: Context, clips: pa.Table, *, asked: bool = True, tried: bool) -> Verdicts:
    """The verdict on every clip of `clips` (rows of `clips`), from the committed tables alone.

    A clip about which no answer came has no caption, and one that could not be encoded has failed. Before the
    steps `caption` (not `asked`) and `shards` (not `tried`) that does not hold for what was the moment's
    fault: it is tried again.
    """
    tables, keys = context.tables, context.keys
    walk = Walk(clips)
    for step in context.plan.filters:
        walk.filter(step, rule_columns(context, step), pairs_of(context, step))
    captions = tables.read("captions", keys.captioner if asked else keys.drafts, ["clip_id", "outcome"])
    if not asked:
        captions = captions.filter(pc.not_equal(captions["outcome"], UNANSWERED))
    walk.captions(captions)
    encodes = tables.read("encodes", keys.encode, ["clip_id", "error", "transient"])
    if not tried:
        encodes = encodes.filter(pc.invert(pc.fill_null(encodes["transient"], False)))
    walk.encodes(encodes)
    return walk.result()


def rule_columns(context: Context, step: FilterStep) -> pa.Table:
    """Of the filter's rows what its rules need: clip_id, the columns with rules, error."""
    schema = score_schema(step.plugin.COLUMNS)
    columns = ["clip_id", *dict.fromkeys(rule.column for rule in step.rules), "error"]
    name, key = f"scores/{step.name}", context.keys.filters[step.name]
    if not context.tables.files(name, key):  # rows of another version may lack the columns
        return schema.empty_table().select(columns)
    return context.tables.read(name, key, columns)


def pairs_of(context: Context, step: FilterStep) -> pa.Table | None:
    """The pairs that the filter found, None if it is of a kind that finds none."""
    if not (isinstance(step.plugin, TableFilter) and step.plugin.PAIRS):
        return None
    return context.tables.read("pairs", pairs_key(step.name, context.keys.filters[step.name]))


def run(context: Context, clips: pa.Table, verdicts: Verdicts, rules: str, last: str | None) -> str:
    """Commit verdicts under the key `rules`, unless the set there (digest `last`) says the same.

    Returns their digest.
    """
    with context.step("decide", clips.num_rows, "clips") as step:
        digest = digest_of(verdicts.table)
        if digest == last:
            step.reused = clips.num_rows - step.done
        else:
            context.tables.replace("verdicts", verdicts.table, key=rules)
            context.tables.replace("funnel", verdicts.funnel, key=rules)
            step.done, step.reused = clips.num_rows, 0
        context.reporter.advance(clips.num_rows)
    return digest


def digest_of(table: pa.Table) -> str:
    """A digest of the rows in their order, which is that of the committed parts."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return hashlib.blake2b(sink.getvalue(), digest_size=16).hexdigest()
