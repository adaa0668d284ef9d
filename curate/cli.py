"""The command line. No logic: each command reads its options, calls one function, and says what happened."""

import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curate import cli_captions, cli_train
from curate.console import fail, one_of, print_rows, print_table, visible

if TYPE_CHECKING:
    from curate.run import Summary

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Raw video in, training data for text-to-video models out: decode once, measure once, decide as "
    "often as you like, encode only what survives.",
)
app.add_typer(cli_captions.app)
app.add_typer(cli_train.app)

File = Annotated[str, typer.Argument(metavar="FILE", help="A pipelines.yaml.")]
Name = Annotated[str | None, typer.Option("-p", "--pipeline", help="Pipeline in FILE; the first by default.")]
Settings = Annotated[
    list[str],
    typer.Option("--set", help="Override an option: --set filters.motion.keep.min=0.5 (repeatable)."),
]
Run = Annotated[str, typer.Argument(metavar="RUN", help="The output folder of a run.")]


@app.command()
def run(
    file: File,
    pipeline: Name = None,
    settings: Settings = [],  # noqa: B006 - Typer copies it
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if any video failed.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the summary.")] = False,
    address: Annotated[
        str | None,
        typer.Option("--address", metavar="auto|HOST:PORT", help="Join this Ray cluster; else Ray starts."),
    ] = None,
) -> None:
    """Run a pipeline; what the output already holds is not done again."""
    from curate.config import load
    from curate.progress import ProgressReporter
    from curate.run import execute

    with ProgressReporter(quiet=quiet) as reporter:
        result = execute(load(file, pipeline, settings), reporter, address)
    _print_summary(result)
    if strict and result.failed_videos:
        fail(
            1,
            f"--strict: {result.failed_videos} of {result.videos} videos failed; "
            f"{_ask_failed(result.folder)}",
        )


@app.command()
def plan(
    file: File,
    pipeline: Name = None,
    settings: Settings = [],  # noqa: B006 - Typer copies it
    format: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
) -> None:
    """Say what a run would do, step by step, and why. Nothing is started."""
    from curate.config import load
    from curate.plan import plan_run
    from stages.inputs import listing

    one_of(format, "table", "json")
    resolved = load(file, pipeline, settings)
    found = listing(resolved.pipeline.input, resolved.pipeline.output)
    result = plan_run(resolved, found.entries, found.passed_over)
    if format == "json":
        print(json.dumps(result.as_json(), indent=2))
        return
    rows = [[s.step, str(s.done), str(s.todo), s.unit, s.why] for s in result.steps]
    print_table(["step", "done", "to do", "", "why"], rows, right={1, 2})
    for warning in result.warnings:
        print(f"note: {warning}", file=sys.stderr)


@app.command()
def submit(
    file: File,
    pipeline: Name = None,
    settings: Settings = [],  # noqa: B006 - Typer copies it
    address: Annotated[
        str | None,
        typer.Option(
            "--address", help="The cluster: http://HEAD:8265, HEAD:PORT or auto; RAY_ADDRESS by default."
        ),
    ] = None,
) -> None:
    """Run a pipeline as a job of a Ray cluster: ships the code, shows the log, exits as the job did."""
    from curate.cluster.jobs import submit as send
    from curate.config import load

    def say(text: str) -> None:
        print(visible(text, keep="\n\r\t"), end="", flush=True)

    code = send(load(file, pipeline, settings), address, say)
    if code:
        fail(code, f"the job failed with exit code {code}: its log is above")


@app.command()
def query(
    run: Run,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT over the views of the run.")],
    format: Annotated[
        str, typer.Option("--format", help="table, csv, json or parquet (to stdout).")
    ] = "table",
) -> None:
    """Ask DuckDB about a run. Views: videos clips scores verdicts captions answers similarities samples
    pairs steps funnel runs latents texts losses."""
    from curate.query import query as ask
    from curate.storage import Folder

    one_of(format, "table", "csv", "json", "parquet")
    print_rows(ask(Folder(run), sql), format)


@app.command()
def report(run: Run) -> None:
    """Write RUN/report.html: what the last run did, on one page. A run does so at its end; this does it
    anew."""
    from curate.report import write
    from curate.storage import Folder

    print(write(Folder(run)))


@app.command()
def verify(run: Run) -> None:
    """Check every shard against the tables; exit with 1, naming shard and key, where they differ."""
    from curate.query import QueryError
    from curate.storage import Folder, is_run
    from curate.tables import Tables
    from curate.verify import verify as check

    folder = Folder(run)
    if not is_run(folder):
        raise QueryError(f"{folder.root} is not the output of a run: give the folder that `output:` names")
    tables = Tables(folder)
    problems = check(folder, tables, lambda text: print(text, file=sys.stderr))
    samples = tables.read("samples", columns=["shard"])
    shards = len(set(samples["shard"].to_pylist()))
    if problems:
        fail(
            1,
            f"{problems} problems in {shards} shards of {folder.root}; delete a damaged shard, and "
            "`curate run` makes it anew",
        )
    print(f"{samples.num_rows} samples in {shards} shards agree with the tables")


@app.command()
def sample(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Where to write the videos.")],
    kind: Annotated[
        str, typer.Option("--kind", help="films (to curate) or motion (small clips to train on).")
    ] = "films",
    n: Annotated[int, typer.Option("--n", help="Clips of --kind motion.")] = 400,
) -> None:
    """Write raw videos with known answers (answers.json): something to try the pipeline on."""
    from curate.sample import make
    from curate.sample.motion import TRAIN_LIST, WITHHELD_LIST, make_motion

    one_of(kind, "films", "motion", option="--kind")
    written = make(folder) if kind == "films" else make_motion(folder, n)
    print(f"{len(written)} videos in {folder}")
    if kind == "motion":
        print(f"lists with captions: {TRAIN_LIST} to train on, {WITHHELD_LIST} to ask for")


@app.command()
def doctor(
    folder: Annotated[str, typer.Argument(metavar="[FOLDER]", help="Where a run would write.")] = ".",
    quick: Annotated[bool, typer.Option("--quick", help="Start no Ray and import no extra.")] = False,
    format: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
) -> None:
    """Check this machine and say what to do; exit with 1 where a run would fail."""
    from curate.doctor import as_json, examine, shown, verdict

    one_of(format, "table", "json")
    checks = []
    for check in examine(folder, quick=quick):
        checks.append(check)
        if format == "table":
            print(visible(shown(check)), flush=True)
    print(as_json(checks) if format == "json" else f"\n{verdict(checks)}")
    if any(check.state == "problem" for check in checks):
        raise typer.Exit(1)


@app.command()
def filters(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A filter, or MODULE:CLASS of your own.")
    ] = None,
    format: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
) -> None:
    """List the filters, or show all of one: options, columns, units, published values, cost."""
    from dataclasses import asdict

    from curate.catalog import catalogue, describe, shown

    one_of(format, "table", "json")
    found = [describe(name)] if name else catalogue()
    if format == "json":
        print(json.dumps([asdict(entry) for entry in found], ensure_ascii=False, indent=1))
    elif name:
        print(visible(shown(found[0])))
    else:
        rows = [[entry.use, entry.kind, entry.summary, entry.cost.partition(";")[0]] for entry in found]
        print_table(["filter", "looks at", "score", "cost"], rows, right=set())
        print("all of one: curate filters NAME")


# -- the summary of a run ---------------------------------------------------------------------------------


def _print_summary(result: "Summary") -> None:
    print()
    print_table(
        ["step", "done", "reused", "failed", "seconds"],
        [[s.name, str(s.done), str(s.reused), str(s.failed), f"{s.seconds:.1f}"] for s in result.steps],
        right={1, 2, 3, 4},
    )
    print()
    entered = [
        [r["rule"], *(str(r[c]) for c in ("entered", "dropped", "failed", "pending"))] for r in result.funnel
    ]
    print_table(["funnel", "entered", "dropped", "failed", "pending"], entered, right={1, 2, 3, 4})
    last = result.funnel[-1] if result.funnel else None
    kept = last["entered"] - last["dropped"] - last["failed"] - last["pending"] if last else 0
    print()
    share = result.outside_seconds / result.seconds if result.seconds else 0.0
    print(
        f"run {result.run} of {result.folder}: {result.videos} videos, {result.failed_videos} failed, "
        f"{kept} clips kept"
    )
    if result.passed_over:
        plural, were = ("", "was") if result.passed_over == 1 else ("s", "were")
        print(f"{result.passed_over} file{plural} without a video extension {were} passed over")
    print(f"{result.samples} samples in {result.shards} shards")
    print(
        f"{result.seconds:.1f} s, of which {result.outside_seconds:.1f} s ({share:.0%}) outside decoding, "
        "measuring and encoding"
    )
    if result.alarm:
        print(f"alarm: {result.alarm}")
    if result.report:
        print(f"report: {result.report}")
    if result.failed_videos:
        print(f"what failed and why: {_ask_failed(result.folder)}")


def _ask_failed(folder: str) -> str:
    import shlex

    return f"curate query {shlex.quote(folder)} 'SELECT uri, error FROM videos WHERE error IS NOT NULL'"


# -- errors ------------------------------------------------------------------------------------------------


def _install_path() -> None:
    """Let a user's own plugins be found in the current folder, but never before what is installed."""
    here = os.getcwd()
    sys.path[:] = [path for path in sys.path if path not in ("", here) or _holds_us(path)]
    # An editable installation may be found by a hook, which Python asks after every path: a user's own
    # `filters/` would come first if our folder were not on the path before it.
    ours = str(Path(__file__).resolve().parent.parent)
    sys.path.extend(path for path in (ours, here) if path not in sys.path)


def _holds_us(path: str) -> bool:
    """Whether this program was itself imported from `path` (a checkout)."""
    return Path(__file__).resolve().parent.parent == Path(path or ".").resolve()


def main() -> None:
    """Entry point: one message on stderr for what went wrong; 0 done, 1 the run failed, 2 bad usage."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What a terminal's encoding lacks is shown as an escape: a file's name must not end the program.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        _install_path()
        app(standalone_mode=True)
    except SystemExit as ended:
        if ended.code == 130:  # what Typer makes of Ctrl-C, without a word
            fail(1, "stopped; run the same command again to go on")
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except OSError as error:
        from stages.worker import failed_on

        fail(1, failed_on(error))
    except ValueError as error:
        # Every ValueError of ours speaks to the user.
        fail(2, str(error))
    except RuntimeError as error:
        fail(1, str(error))
    except BaseException as error:
        # Rust's panics (a damaged Delta log) are no Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        if os.environ.get("CURATE_TRACEBACK"):
            raise
        said = (str(error).strip().splitlines() or [""])[0]
        fail(1, f"{type(error).__name__}: {said} (nobody expected this: CURATE_TRACEBACK=1 shows where)")


if __name__ == "__main__":
    main()
