"""The folder of an autoencoder: written whole or not at all, and read without running anything of it."""

import json
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file

from training.autoencoder import Autoencoder
from training.exported import CONFIG, WEIGHTS, write_model
from training.vae import KIND, VAEConfig, VideoVAE


def save_vae(vae: VideoVAE, folder: str | Path) -> None:
    """Write `folder`/config.json and model.safetensors, each whole or not at all, the weights first."""
    write_model(folder, vae.state_dict(), vae.facts)


def load_vae(name: str | Path) -> Autoencoder:
    """The autoencoder in a folder of ours or of diffusers, or `owner/name[/folder]@revision` on the hub.

    It comes frozen and on the CPU. Raises ValueError that says what is wrong with the name or its files.
    """
    config = Path(name) / CONFIG
    facts = _facts(config) if config.is_file() else {}
    if facts.get("kind") != KIND:
        from training.vae_published import load_published

        return load_published(str(name)).frozen()
    del facts["kind"]
    try:
        facts["widths"] = tuple(facts["widths"])
        facts["strides"] = tuple(map(tuple, facts["strides"]))
        vae = VideoVAE(VAEConfig(**facts))
        vae.load_state_dict(load_file(Path(name) / WEIGHTS))
    except (OSError, RuntimeError, SafetensorError, TypeError, KeyError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise ValueError(
            f"{name} is no whole autoencoder ({first}): {CONFIG} and {WEIGHTS} must be of one training."
        ) from error
    return vae.frozen()


def _facts(config: Path) -> dict:
    try:
        facts = json.loads(config.read_text())
    except ValueError as error:
        raise ValueError(f"{config} is not JSON ({error}): copy the folder anew.") from error
    if not isinstance(facts, dict):
        raise ValueError(f"{config} is not a configuration: copy the folder anew.")
    return facts
