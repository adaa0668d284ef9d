"""A model in a folder: config.json and model.safetensors, and nothing that could run code.

The byte encoder, where there is one, is part of the weights; a frozen text encoder and the autoencoder are
named, the latter with the identity of its weights, so that latents never meet the wrong one.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from curate.clips import new_hash
from training.autoencoder import Autoencoder
from training.exported import CONFIG, WEIGHTS, write_model
from training.model import DiT, DiTConfig
from training.prompts import Policy
from training.vae_folder import load_vae

KIND = "curate.dit.1"


@dataclass(frozen=True)
class Facts:
    """What one must know of a model to use it."""

    vae: str
    """Where its autoencoder is: a name, or a path, also relative to the model's folder."""
    vae_identity: str
    text: str = "bytes"
    """The text encoder, as in training/text.py."""
    fps: float = 24.0
    """Frames per second of what it makes unless asked for another: usual in its training."""
    shift: float | None = None
    """α of the times in training; None: by token count."""
    text_scale: float = 7.5
    """How much more than its caption a sample is made of it, unless asked otherwise (Open-Sora 2.0's)."""
    image_scale: float = 3.0
    """The same for what is given."""
    tier: str = "256px"
    """Area of the pictures that it was trained on last; like the next two, what is made by default."""
    max_frames: int = 129
    max_fps: float | None = None
    captions: tuple[float, ...] = (0.6, 0.2, 0.15, 0.05)
    """Shares of the caption kinds in training: dense, short, fields, original."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "captions", tuple(self.captions))

    @property
    def policy(self) -> Policy:
        """How captions were drawn."""
        return Policy(*self.captions)


def save_model(folder: str | Path, model: DiT, facts: Facts) -> None:
    """Write the weights, then the configuration, each whole or not at all."""
    write_model(folder, model.state_dict(), {"kind": KIND, "dit": asdict(model.config), **asdict(facts)})


def load_model(folder: str | Path) -> tuple[DiT, Facts]:
    """The model, for use, on the CPU. ValueError says what is wrong with the folder."""
    folder = Path(folder)
    try:
        facts = json.loads((folder / CONFIG).read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder} has no model ({error}): give the folder that a training wrote") from error
    if not isinstance(facts, dict) or facts.pop("kind", None) != KIND:
        raise ValueError(f"{folder / CONFIG} is not of a model that this version reads: train it anew")
    try:
        with torch.device("meta"):
            model = DiT(DiTConfig(**facts.pop("dit")))
        model.load_state_dict(load_file(folder / WEIGHTS), assign=True)
        return model.eval().requires_grad_(False), Facts(**facts)
    except (OSError, RuntimeError, SafetensorError, TypeError, KeyError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ValueError(
            f"{folder} is no whole model ({reason}): {CONFIG} and {WEIGHTS} must be of one training"
        ) from error


def identity(folder: str | Path) -> str:
    """32 hex digits of a model's configuration and weights. ValueError where there is none."""
    folder, hashed = Path(folder), new_hash()
    try:
        hashed.update((folder / CONFIG).read_bytes())
        with (folder / WEIGHTS).open("rb") as file:
            while block := file.read(1 << 20):
                hashed.update(block)
    except OSError as error:
        raise ValueError(f"{folder} has no model ({error}): give the folder that a training wrote") from error
    return hashed.hexdigest()


def load_vae_of(folder: str | Path, facts: Facts) -> Autoencoder:
    """The autoencoder whose latents the model in `folder` makes; another one is refused."""
    beside = Path(folder) / facts.vae
    vae = load_vae(beside if beside.is_dir() else facts.vae)
    if vae.identity != facts.vae_identity:
        raise ValueError(
            f"the autoencoder {facts.vae} is not the one that {folder} was trained on "
            f"({vae.identity}, not {facts.vae_identity}): put that one in its place"
        )
    return vae
