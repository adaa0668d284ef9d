"""Published video autoencoders, of the package diffusers, behind the interface of ours.

    load_vae("Wan-AI/Wan2.1-T2V-1.3B-Diffusers/vae@<commit>")
    load_vae("downloads/wan")        # a folder as diffusers writes it, or one that holds such a folder `vae`

A name on the hub comes with its revision: latents are stored, and must stay those of one set of weights. Only
safetensors are read.

How the latents are made to have unit variance differs. What their pipelines do, in one formula:

    Wan, LTX      ẑ = (z - latents_mean) · scaling_factor / latents_std        (Wan has no scaling_factor: 1)
    Hunyuan, Cog  ẑ = (z - shift_factor) · scaling_factor                      (no shift_factor: 0)
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training.autoencoder import Autoencoder, Posterior, check_pixels

KNOWN = (
    "AutoencoderKLCogVideoX",
    "AutoencoderKLHunyuanVideo",
    "AutoencoderKLLTXVideo",
    "AutoencoderKLWan",
)
"""Classes of diffusers that the tests run; all take 1 + temporal · k frames."""


class PublishedVAE(Autoencoder):
    """A module of diffusers.

    Its chunks are its own: Wan and CogVideoX go through a clip by a few frames at a time whatever is asked
    for, Hunyuan blends overlapping windows beyond 16 frames, LTX takes a clip whole. So `chunk_frames` has no
    effect here, and that a latent frame depends on no later one holds for Wan alone: the others' norms or
    windows mix frames.
    """

    def __init__(self, published: torch.nn.Module) -> None:
        super().__init__()
        config = vars(published)["_internal_dict"]
        self.published: Any = published
        self.latent_channels, self.spatial, self.temporal = _sizes(published, config)
        mean, std = _normalisation(published, config, self.latent_channels)
        self.register_buffer("latent_mean", mean)
        self.register_buffer("latent_std", std)
        self._timestep = bool(config.get("timestep_conditioning"))
        self._facts = {name: value for name, value in config.items() if not name.startswith("_")}

    def encode(self, x: Tensor, chunk_frames: int | None = None) -> Posterior:
        check_pixels(x, self.spatial, self.temporal)
        posterior = self.published.encode(x.to(self.latent_mean)).latent_dist
        return Posterior(posterior.mean, posterior.logvar)

    def decode(self, z: Tensor, chunk_frames: int | None = None) -> Tensor:
        z = z.to(self.latent_mean)
        if self._timestep:  # LTX from 0.9.1 on: a decoder that can also remove noise; there is none to remove
            return self.published.decode(z, temb=z.new_zeros(len(z))).sample
        return self.published.decode(z).sample

    @property
    def facts(self) -> dict[str, object]:
        return {"kind": f"diffusers.{type(self.published).__name__}", **self._facts}


def load_published(name: str) -> PublishedVAE:
    """The autoencoder in the folder `name`, or `owner/name[/folder]@revision` on the hub (see above)."""
    try:
        import diffusers
    except ImportError as error:
        raise ValueError(
            f"{name} is no autoencoder of curate, and one of diffusers needs that package: "
            "pip install diffusers."
        ) from error
    place = _place(name)
    # Which class it is stands in the configuration; any class of diffusers reads that.
    config = diffusers.AutoencoderKLWan.load_config(**place)
    kind = config.get("_class_name")
    if kind not in KNOWN:
        raise ValueError(f"{name} is a {kind}, but the video autoencoders known here are {', '.join(KNOWN)}.")
    return PublishedVAE(
        getattr(diffusers, kind).from_pretrained(
            **place, use_safetensors=True, torch_dtype=torch.float32, low_cpu_mem_usage=False
        )
    )


def _place(name: str) -> dict[str, Any]:
    """What diffusers wants to know of where an autoencoder is."""
    folder = Path(name)
    if folder.is_dir():
        for subfolder in ("", "vae"):
            if (folder / subfolder / "config.json").is_file():
                return {"pretrained_model_name_or_path": str(folder / subfolder)}
        raise ValueError(f"{name} holds no config.json: give the folder of an autoencoder.")
    repository, _, revision = name.partition("@")
    parts = repository.split("/")
    if len(parts) < 2 or not revision or not all(parts):
        raise ValueError(
            f"{name} is neither a folder nor owner/name/folder@revision: name an autoencoder's folder, or "
            "one on the hub with its commit, as in Wan-AI/Wan2.1-T2V-1.3B-Diffusers/vae@<commit>."
        )
    return {
        "pretrained_model_name_or_path": "/".join(parts[:2]),
        "subfolder": "/".join(parts[2:]) or None,
        "revision": revision,
    }


def _sizes(published: Any, config: Any) -> tuple[int, int, int]:
    """(latent channels, pixels per latent, frames per latent frame)."""
    channels = config.get("latent_channels") or config.get("z_dim")
    # Wan 2.2 has a stem of 2×2 pixels, which only its configuration counts.
    spatial, temporal = config.get("scale_factor_spatial"), config.get("scale_factor_temporal")
    if (
        type(published).__name__ == "AutoencoderKLCogVideoX"
    ):  # each of its levels but the last halves the sides
        spatial, temporal = 2 ** (len(config["block_out_channels"]) - 1), config["temporal_compression_ratio"]
    spatial = spatial or published.spatial_compression_ratio
    temporal = temporal or published.temporal_compression_ratio
    return int(channels), int(spatial), int(temporal)


def _normalisation(published: Any, config: Any, channels: int) -> tuple[Tensor, Tensor]:
    """(mean, deviation) of each latent channel, [C]."""
    scaling = float(config.get("scaling_factor") or 1)
    kept = dict(published.named_buffers())  # LTX keeps them with the weights
    mean = kept.get("latents_mean", config.get("latents_mean"))
    std = kept.get("latents_std", config.get("latents_std"))
    if mean is None or std is None:
        mean, std = [float(config.get("shift_factor") or 0)] * channels, [1.0] * channels
    as_tensors = [torch.as_tensor(x, dtype=torch.float32).detach().clone() for x in (mean, std)]
    return as_tensors[0], as_tensors[1] / scaling
