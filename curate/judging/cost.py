"""What the answers of a model took."""

from dataclasses import dataclass

from curate.judging.source import Source


@dataclass(frozen=True)
class Cost:
    """Of all answers under the captioner's options, also those about clips that left the output."""

    clips: int
    requests: int
    answers: int
    """Requests that were answered."""
    answers_per_clip: float | None
    tokens_in: int
    tokens_out: int
    tokens_per_clip: float | None
    """In and out."""
    seconds: float
    """From request to answer, summed: those of requests that are out at once count each."""
    seconds_per_answer: float | None


def cost(source: Source) -> Cost | None:
    """None where no model was asked."""
    if source.answers is None:
        return None
    (row,) = source.tables.sql(
        "SELECT count(DISTINCT clip_id) AS clips, count(*) AS requests, count(raw) AS answers, "
        "coalesce(sum(tokens_in), 0)::BIGINT AS tokens_in, "
        "coalesce(sum(tokens_out), 0)::BIGINT AS tokens_out, "
        f"coalesce(sum(seconds) FILTER (raw IS NOT NULL), 0.0) AS seconds FROM {source.answers}"
    ).to_pylist()
    clips, answers = row["clips"], row["answers"]
    return Cost(
        **row,
        answers_per_clip=answers / clips if clips else None,
        tokens_per_clip=(row["tokens_in"] + row["tokens_out"]) / clips if clips else None,
        seconds_per_answer=row["seconds"] / answers if answers else None,
    )
