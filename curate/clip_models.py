"""CLIP models as open_clip loads them: a name whose weights are pinned, or a folder."""

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from curate import weights

Named = tuple[str, weights.Hub]
"""open_clip's architecture, and where its weights are."""

NAMED: dict[str, Named] = {
    "openai-vit-b-32": (
        "ViT-B-32-quickgelu",
        weights.Hub(
            "timm/vit_base_patch32_clip_224.openai",
            "ab5b8ef490e86faa07d3523926b842c765de1de5",
            "open_clip_model.safetensors",
        ),
    ),
    "openai-vit-l-14": (
        "ViT-L-14-quickgelu",
        weights.Hub(
            "timm/vit_large_patch14_clip_224.openai",
            "18d0535469bb561bf468d76c1d73aa35156c922b",
            "open_clip_model.safetensors",
        ),
    ),
}
"""OpenAI trained with QuickGELU: with the plain architecture the same weights give other features, without an
error."""
PACKAGES = ("torch", "torchvision", "open_clip", "safetensors", "huggingface_hub")


def absolute(value: str) -> str:
    """A folder's full path: actors do not run in the folder of the person who named it."""
    place = Path(value).expanduser()
    return str(place.absolute()) if value not in NAMED and place.exists() else value


def identity_of(model: str, named: Mapping[str, Named] = NAMED) -> str:
    """Which weights: their pinned revision, or a digest of local ones."""
    return named[model][1].identity if model in named else weights.digest_of(model)


def installed(who: str) -> None:
    """ValueError, with what to type, where a package is missing. `who` needs it."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise ValueError(f"{who} needs {', '.join(missing)}: type `pip install 'curate[learned]'`")


def tower_of(model: str, named: Mapping[str, Named] = NAMED) -> tuple[str, Path | None]:
    """open_clip's name of the model, and the file of its weights if the name does not say.

    Named weights are downloaded if they are not there. ValueError where there are none."""
    if model in named:
        architecture, source = named[model]
        return architecture, weights.fetched(source, f"model: {model}")
    folder = weights.local(model, "model", list(named))
    config = folder / "open_clip_config.json"
    if not config.is_file() or not any(path.suffix in weights.SAFE for path in folder.glob("*")):
        raise ValueError(
            f"model: {model} is no folder with open_clip_config.json and weights "
            f"({', '.join(weights.SAFE)}) in it: save a model there as open_clip's hub has it"
        )
    try:
        json.loads(config.read_text(encoding="utf-8"))["model_cfg"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{config} has no model_cfg: take the file that came with the weights") from error
    return f"local-dir:{folder}", None
