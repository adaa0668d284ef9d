"""The commands that train and use models: `curate train`, `encode`, `generate` and `losses`. The work is in
`training/`, which needs the extra `[train]` and is imported when it is called."""

import importlib
from typing import Annotated, Any

import typer

from curate.console import fail

app = typer.Typer()
train = typer.Typer(
    no_args_is_help=True, help="Train a model on a run's shards; the same command goes on where it stopped."
)
app.add_typer(train, name="train")

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Options that are not named here belong to the trainer."""

Run = Annotated[str, typer.Argument(metavar="RUN", help="The output folder of a run.")]
Out = Annotated[str, typer.Option("--out", help="Folder of the model.")]
Where = Annotated[
    str | None, typer.Option("--where", help='Which clips: "aesthetic > 5 AND motion BETWEEN 1 AND 20".')
]
Tier = Annotated[
    str | None,
    typer.Option("--tier", help="Area of the pictures: 256px is 256 × 256; the first stage's by default."),
]
Preset = Annotated[
    str | None,
    typer.Option("--preset", help="smoke (without it), for a look on a CPU, or a size; README has them."),
]
Init = Annotated[str | None, typer.Option("--init", help="Folder of a model to start from.")]
Workers = Annotated[
    int, typer.Option("--workers", min=1, help="Processes that train together, placed by Ray if several.")
]
Address = Annotated[
    str | None,
    typer.Option("--address", metavar="auto|HOST:PORT", help="Join this Ray cluster; else Ray starts."),
]


@train.command("vae", context_settings=PASSED_ON)
def train_vae(
    context: typer.Context,
    run: Run,
    out: Out,
    preset: Preset = None,
    where: Where = None,
    init: Init = None,
    workers: Workers = 1,
    address: Address = None,
) -> None:
    """Train the video autoencoder. Further options: `python -m training.train_vae --help`."""
    options = [*_given(preset=preset, init=init), *context.args]
    _train("train_vae", run, out, where, None, options, workers, address)


@train.command("dit", context_settings=PASSED_ON)
def train_dit(
    context: typer.Context,
    run: Run,
    out: Out,
    preset: Preset = None,
    stage: Annotated[
        str | None,
        typer.Option("--stage", help="A stage of training/recipes.yaml, with its model and sizes."),
    ] = None,
    where: Where = None,
    tier: Tier = None,
    init: Init = None,
    vae: Annotated[
        str | None,
        typer.Option("--vae", help="Autoencoder: a folder or a name; that of `curate encode` by default."),
    ] = None,
    workers: Workers = 1,
    address: Address = None,
) -> None:
    """Train the diffusion transformer. Further options: `python -m training.train_dit --help`."""
    from curate.trainer import autoencoder_of

    vae = vae or autoencoder_of(run, out)
    options = [*_given(preset=preset, stage=stage, tier=tier, init=init, vae=vae), *context.args]
    _train("train_dit", run, out, where, tier, options, workers, address)


@app.command()
def encode(
    run: Run,
    vae: Annotated[str, typer.Option("--vae", help="Autoencoder: a folder, or a published one's name.")],
    text: Annotated[
        str, typer.Option("--text", help="Text encoder whose embeddings are stored; bytes needs none.")
    ] = "bytes",
    tier: Tier = None,
    max_frames: Annotated[
        int | None, typer.Option("--max-frames", min=1, help="Longest window, 4k + 1.")
    ] = None,
    max_fps: Annotated[float | None, typer.Option("--max-fps", help="Frames are left out above it.")] = None,
    patch: Annotated[
        int | None, typer.Option("--patch", min=1, help="Of the model to train: 2 for 8 pixels a latent.")
    ] = None,
    num_gpus: Annotated[float, typer.Option("--num-gpus", min=0, help="GPUs of each process.")] = 0.0,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", min=1, help="Processes at once; as many as fit by default.")
    ] = None,
    address: Address = None,
) -> None:
    """Store latents, and embeddings of captions, in shards beside the clips."""
    from curate.options import LatentOptions
    from curate.trainer import encode as make

    options = LatentOptions(
        vae=vae, text=text, tier=tier, max_frames=max_frames, max_fps=max_fps, patch=patch,
        num_gpus=num_gpus, concurrency=concurrency,
    )  # fmt: skip
    found = make(run, options, address)
    print(f"{found.clips} clips encoded, {found.reused} were there, {len(found.failed)} failed")
    if found.texts:
        print(f"{found.texts} embeddings of captions")
    _end_if_failed(found.failed)


@app.command(context_settings=PASSED_ON)
def generate(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Folder that `curate train dit` wrote.")],
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="What the clip shows.")],
    out: Annotated[str, typer.Option("--out", help="An .mp4, or a .png of one frame.")],
    frames: Annotated[int | None, typer.Option("--frames", min=1, help="4k + 1.")] = None,
    size: Annotated[str | None, typer.Option("--size", metavar="WxH", help="Width x height.")] = None,
    image: Annotated[str | None, typer.Option("--image", help="The first frame.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another clip.")] = 0,
    upsample: Annotated[
        str | None,
        typer.Option(
            "--upsample",
            metavar="CAPTIONER",
            help="Expand the prompt first, by a captioner as a pipeline has it: '{use: openai, model: …}'.",
        ),
    ] = None,
) -> None:
    """Make a clip of a prompt. Further options, such as --steps: `python -m training.generate --help`."""
    if upsample is not None:
        from curate.upsample import upsampled

        prompt = upsampled(prompt, upsample)
        print(f"prompt: {prompt}")
    given = _given(frames=frames, size=size, image=image)
    _end(_module("generate").main([model, prompt, "--out", out, *given, "--seed", str(seed), *context.args]))


@app.command()
def losses(
    run: Run,
    model: Annotated[str, typer.Option("--model", help="Folder that `curate train dit` wrote.")],
    where: Where = None,
    num_gpus: Annotated[float, typer.Option("--num-gpus", min=0, help="GPUs of each process.")] = 0.0,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", min=1, help="Processes at once; as many as fit by default.")
    ] = None,
    address: Address = None,
) -> None:
    """Ask a model about each clip: its loss with the caption and without, as the run's table `losses`."""
    from curate.trainer import losses as measure

    found = measure(run, model, where, num_gpus, concurrency, address)
    print(f"{found.done} clips asked about, {found.reused} were known, {len(found.failed)} failed")
    print(f"model {found.model}: curate query {run} 'SELECT * FROM losses'")
    _end_if_failed(found.failed)


def _train(
    module: str,
    run: str,
    out: str,
    where: str | None,
    tier: str | None,
    options: list[str],
    workers: int,
    address: str | None,
) -> None:
    from curate.trainer import manifest_for

    main = _module(module).main
    found = manifest_for(run, out, where=where, tier=tier)
    left_out = f", {found.left_out} left out by --where" if where else ""
    copies = f", {found.duplicates} are copies of those" if found.duplicates else ""
    print(f"{found.train} clips to train on, {found.validation} held out{copies}{left_out}")
    arguments = ["--manifest", found.path, "--out", out, *options]
    if workers == 1 and address is None:
        _end(main(arguments))
    else:
        from curate.cluster.train import train as together

        together(f"training.{module}", arguments, out, workers, address)


def _module(name: str) -> Any:
    """A module of the trainer; ValueError where what it needs is not installed."""
    try:
        return importlib.import_module(f"training.{name}")
    except ModuleNotFoundError as error:
        raise ValueError(
            f"the package {error.name} is not installed: type pip install 'curate[train]'"
        ) from error


def _given(**options: str | int | None) -> list[str]:
    """Flags of those that are not None."""
    return [
        word
        for name, value in options.items()
        if value is not None
        for word in (f"--{name.replace('_', '-')}", str(value))
    ]


def _end(code: int) -> None:
    if code:
        raise typer.Exit(code)


def _end_if_failed(failed: list[tuple[str, str]]) -> None:
    for clip, why in failed[:10]:
        print(f"{clip}: {why}")
    if failed:
        fail(1, f"{len(failed)} clips failed; what was made of the others is stored")
