"""How much people would like the look of a clip's frames, as learned on CLIP's features."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from curate import clip_models, weights
from curate.picture_rows import inner_box
from curate.plugins import FrameFilter, SampledClip, Sampling, Score

Picture = npt.NDArray[np.uint8]

MODELS = {name: clip_models.NAMED[name] for name in ("openai-vit-l-14",)}
"""Models for whose features there are heads, by name."""
HEADS: dict[str, weights.Source] = {
    "laion-mlp": weights.Hub(
        "ttj/sac-logos-ava1-l14-linearMSE", "1e77fa05081323d99725fc40a9bf9f88180490e7", "model.safetensors"
    ),
    "laion-linear": weights.Url(
        "https://raw.githubusercontent.com/LAION-AI/aesthetic-predictor/"
        "7e37768a02b0863eac390a702903aaa90ecf938e/sa_0_4_vit_l_14_linear.pth"
    ),
}
"""Name -> where it is. Both are trained on the features of openai-vit-l-14, and on no other's."""


class Aesthetic(FrameFilter):
    """Score: mean over the sampled frames of LAION's aesthetic predictor, about 1 (poor) to 10.

    CLIP's features of a frame, brought to length 1, go through a head that was trained on people's ratings of
    pictures: layers of matrices without anything between them (MLP, of AVA, Simulacra captions and logos) or
    one (linear). A frame is prepared as open_clip does it for evaluation: the shorter side to 224 pixels
    (bicubic), the middle square of it. What lies outside the square is not seen; bars of a letterbox are cut
    off before. `minimum` is the score of the frame that looks worst, `frames` their number.

    Scores of frames differ in the last digits with the batch they are in (below 0.0001 in fp32), and more
    between precisions, which is why `precision` is an option of the pipeline and not of the machine."""

    VERSION: ClassVar[int] = 1
    READS: ClassVar[tuple[str, ...]] = ("picture",)
    COLUMNS: ClassVar[dict[str, type]] = {"minimum": float, "frames": int}
    UNITS: ClassVar[dict[str, str]] = {
        "score": "rating, about 1 to 10, mean of the frames",
        "minimum": "rating of the worst frame",
        "frames": "frames",
    }
    PUBLISHED: ClassVar[tuple[str, ...]] = (
        "Movie Gen: at least 4",
        "MUG-V: at least 4.5",
        "Open-Sora-Plan 1.3: at least 4.75",
        "Cosmos-Curate: minimum over 1 frame per second at least 3.5",
        "Open-Sora 2.0: mean of 3 frames",
    )
    COST: ClassVar[str] = (
        "81 GMACs a frame; 1.2 GB of memory, and a download of 1.7 GB once; meant for a GPU (`num_gpus: 1`)"
    )

    frames: Annotated[int, Field(ge=1, le=256)] = 3
    """Frames that are rated, evenly spread. Open-Sora 2.0 takes 3."""
    model: str = "openai-vit-l-14"
    """Name of a CLIP model, or a folder with open_clip_config.json and the weights beside it."""
    head: str = "laion-mlp"
    """laion-mlp, laion-linear, or a file (.safetensors or .pth) of linear layers that end in one number."""
    activation: Literal["none", "relu"] = "none"
    """What stands between the layers of the head. LAION's have nothing there."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: the GPU that the pipeline gives the filter (`num_gpus`), else the CPU."""
    precision: Literal["fp32", "fp16", "bf16"] = "fp32"
    """Of the products within CLIP. Half precision is about twice as fast on a GPU and moves scores by a few
    hundredths."""

    @field_validator("model", "head")
    @classmethod
    def _absolute(cls, value: str) -> str:
        """Actors do not run in the folder of the person who named a path."""
        known = value in MODELS or value in HEADS
        place = Path(value).expanduser()
        return str(place.absolute()) if not known and place.exists() else value

    def sampling(self) -> Sampling:
        return Sampling(frames=self.frames)

    def identity(self) -> Any:
        """Which weights: their pinned revision, or a digest of local ones."""
        model = clip_models.identity_of(self.model, MODELS)
        head = HEADS[self.head].identity if self.head in HEADS else weights.digest_of(self.head)
        return {"model": model, "head": head}

    def check(self) -> None:
        """Named weights are downloaded here, once, before any actor starts."""
        self._installed()
        self._tower()
        self._head()

    def lacks(self) -> str | None:
        try:
            self._installed()
            towers = [MODELS[self.model][1]] if self.model in MODELS else []
            heads = [HEADS[self.head]] if self.head in HEADS else []
            absent = [f"`{source.command}`" for source in [*towers, *heads] if not source.there]
            if absent:
                return (
                    "the filter aesthetic needs weights that are not on this machine: a run first downloads "
                    f"them, as {' and '.join(absent)} would"
                )
        except ValueError as error:
            return str(error)
        return super().lacks()

    def _installed(self) -> None:
        clip_models.installed("the filter aesthetic")

    def _tower(self) -> tuple[str, Path | None]:
        """open_clip's name of the architecture, and the file of its weights if the name does not say."""
        return clip_models.tower_of(self.model, MODELS)

    def _head(self) -> Path:
        if self.head in HEADS:
            return weights.fetched(HEADS[self.head], f"head: {self.head}")
        path = weights.local(self.head, "head", list(HEADS))
        if path.suffix not in weights.SAFE:
            raise ValueError(f"head: {self.head} is none of {', '.join(weights.SAFE)}")
        return path

    def load(self) -> Any:
        from filters._aesthetic import Predictor, device_of, layers_of, tower_of

        layers = layers_of(self._head())
        tower, transform = tower_of(*self._tower())
        return Predictor(tower, transform, layers, self.activation, device_of(self.device), self.precision)

    def measure(self, model: Any, clips: Sequence[SampledClip]) -> Sequence[Score | Exception]:
        pictures = [inside(clip, frame.rgb) for clip in clips for frame in clip.frames]
        scores = iter(model(pictures))
        found: list[Score | Exception] = []
        for clip in clips:
            own = [next(scores) for _ in clip.frames]
            found.append({"score": float(np.mean(own)), "minimum": min(own), "frames": len(own)})
        return found


def inside(clip: SampledClip, rgb: Picture) -> Picture:
    """The picture without its bars."""
    height, width = rgb.shape[:2]
    x, y, w, h = inner_box(clip.signals["picture"]).pixels(width, height)
    return np.ascontiguousarray(rgb[y : y + h, x : x + w]) if w > 0 and h > 0 else rgb
