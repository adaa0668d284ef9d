"""Step `decide`: the rules over the scores. Writes `verdicts` and `funnel`, one set for each set of rules."""

import hashlib

import pyarrow as pa

from curate.context import Context
from curate.verdicts import Verdicts, Walk


def decide(context: Context, clips: pa.Table) -> Verdicts:
    """The verdict on every clip of `clips` (rows of `clips`), from the committed tables alone."""
    tables, keys = context.tables, context.keys
    walk = Walk(clips)
    for step in context.plan.filters:
        name, key = f"scores/{step.name}", keys.filters[step.name]
        columns = ["clip_id", *dict.fromkeys(rule.column for rule in step.rules), "error"]
        scores = tables.read(name, key, columns)
        if not scores.num_rows:
            scores = pa.table({"clip_id": pa.array([], pa.binary(16)), "error": pa.array([], pa.string())})
        walk.filter(step, scores)
    walk.captions(tables.read("captions", keys.captioner, ["clip_id", "outcome"]))
    walk.encodes(tables.read("encodes", keys.encode, ["clip_id", "error"]))
    return walk.result()


def run(context: Context, clips: pa.Table, rules: str, last: str | None) -> tuple[Verdicts, str]:
    """Decide and commit under the key `rules`, unless the set there (digest `last`) says the same."""
    with context.step("decide", clips.num_rows, "clips") as step:
        verdicts = decide(context, clips)
        digest = _digest(verdicts.table)
        if digest == last:
            step.reused = clips.num_rows
        else:
            context.tables.replace("verdicts", verdicts.table, key=rules)
            context.tables.replace("funnel", verdicts.funnel, key=rules)
            step.done, step.reused = clips.num_rows, 0
    return verdicts, digest


def _digest(table: pa.Table) -> str:
    """A digest of the rows in their order, which is that of the committed parts."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return hashlib.blake2b(sink.getvalue(), digest_size=16).hexdigest()
