"""Named sizes of the model, and recipes: stages of training that start from each other."""

from dataclasses import dataclass, fields, replace
from importlib import resources

import yaml

from training.model import DiTConfig

SMOKE, FULL = "smoke", "sora_1b"
"""Recipes: for a look on a CPU, and for training for real."""

PRESETS: dict[str, DiTConfig] = {
    # For a processor: four blocks, some 80 tokens a clip.
    "smoke": DiTConfig(width=96, heads=3, dual=2, single=2, axes=(8, 12, 12), byte_width=64, byte_layers=0),
    "50m": DiTConfig(width=512, heads=4, dual=4, single=8),
    "200m": DiTConfig(width=768, heads=6, dual=6, single=12),
    "1b": DiTConfig(width=1536, heads=12, dual=8, single=18),
}


def preset(
    name: str,
    *,
    latent_channels: int = 16,
    patch: int = 2,
    text_width: int | None = None,
    pooled_width: int = 0,
) -> DiTConfig:
    """The configuration `name` for an autoencoder and a text encoder; the defaults are 4×8×8 by 16 channels
    and bytes."""
    if name not in PRESETS:
        raise ValueError(f"the preset {name!r} is not known: choose one of {', '.join(PRESETS)}")
    return replace(
        PRESETS[name],
        latent_channels=latent_channels,
        patch=patch,
        text_width=text_width,
        pooled_width=pooled_width,
    )


@dataclass(frozen=True)
class Stage:
    """One stage of a recipe; recipes.yaml says what the fields mean."""

    name: str
    preset: str
    tier: str
    max_frames: int
    pack_tokens: int
    packs_per_step: int
    learning_rate: float
    warmup: int
    steps: int
    stills: float = 0.0
    given: float = 0.0
    shift: float | None = None
    weight_decay: float = 0.01


def recipes() -> dict[str, list[Stage]]:
    """Every recipe: its stages, in order."""
    text = resources.files("training").joinpath("recipes.yaml").read_text("utf-8")
    known = {part.name for part in fields(Stage)}
    found: dict[str, list[Stage]] = {}
    for name, stages in yaml.safe_load(text).items():
        for stage in stages:
            if unknown := set(stage) - known:
                raise ValueError(
                    f"the recipe {name!r} has {', '.join(sorted(unknown))}, which no stage has: "
                    f"choose from {', '.join(sorted(known))}"
                )
        found[name] = [Stage(**stage) for stage in stages]
    return found


def stage_of(name: str | None, preset_name: str | None) -> Stage:
    """The stage `name`; without one the first of the preset `preset_name`, for a preset without a recipe the
    first of training for real; with neither `smoke`. A preset that is named stands, whatever the stage's."""
    stages = [stage for stages in recipes().values() for stage in stages]
    if preset_name is not None:
        preset(preset_name)  # names the known ones
    if name is not None:
        found = [stage for stage in stages if stage.name == name]
        if not found:
            raise ValueError(
                f"the stage {name!r} is not known: choose one of {', '.join(s.name for s in stages)}"
            )
        return replace(found[0], preset=preset_name or found[0].preset)
    wanted = preset_name or SMOKE
    own = [stage for stage in stages if stage.preset == wanted]
    return own[0] if own else replace(recipe(FULL)[0], name=wanted, preset=wanted)


def recipe(name: str) -> list[Stage]:
    """The stages of a recipe, in order."""
    found = recipes()
    if name not in found:
        raise ValueError(f"the recipe {name!r} is not known: choose one of {', '.join(found)}")
    return found[name]
