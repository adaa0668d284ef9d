"""The command `curate captions`: what a run's captions are worth. The work is in `curate/judging/`."""

import json
from typing import Annotated

import typer

from curate.console import one_of, print_table, visible

app = typer.Typer()


@app.command()
def captions(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The output folder of a run.")],
    format: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
    facts: Annotated[
        str | None, typer.Option("--facts", metavar="FILE", help="Recall of the facts in this file.")
    ] = None,
    audit: Annotated[
        int | None,
        typer.Option("--audit", metavar="N", help="Write RUN/audit/index.html: N random clips to tick."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Other clips for --audit.")] = 0,
    ticks: Annotated[
        list[str],
        typer.Option("--ticks", metavar="FILE", help="Rates from saved ticks (repeatable: and agreement)."),
    ] = [],  # noqa: B006 - Typer copies it
    judge: Annotated[
        str | None,
        typer.Option(
            "--judge",
            metavar="CAPTIONER",
            help="Have a model tick, given as in a pipeline: '{use: openai, model: …}'. The clips of "
            "--audit, else those of --ticks, else 100.",
        ),
    ] = None,
) -> None:
    """Say what the captions are worth: lengths, words, copies, gates, camera, cost; with options, what facts,
    people or a model say of them."""
    from curate.judging.command import Asked, tell
    from curate.storage import Folder

    one_of(format, "table", "json")
    told = tell(Folder(run), Asked(facts, audit, seed, ticks, judge))
    if format == "json":
        print(json.dumps(told.found, ensure_ascii=False, indent=1, allow_nan=False))
        return
    for block in told.blocks:
        print(visible(block.said))
        if block.columns:
            right = set(range(len(block.columns))) - set(block.left)
            print_table(list(block.columns), [list(row) for row in block.rows], right)
        else:
            print()
