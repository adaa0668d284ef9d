"""Filters and captioners as plugins: one frozen class whose fields are the YAML options.

The folder is the registry: `use: motion` is the one public plugin class in `filters/motion.py`, and
`use: my_package.blur:Blur` is a user's own class. Writing a new filter is writing one file.
"""

import difflib
import importlib
import importlib.util
import inspect
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError

from curate import clips

Score = Mapping[str, float | int | bool | str | None]
"""What a filter says of a clip: `score` and the filter's further columns."""

Bounds = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class ClipView:
    """What a plugin sees of one clip: its row, its video's row, and the signals of its frames."""

    clip: Mapping[str, Any]
    """Row of `clips` (start_seconds, end_seconds, frames, …)."""
    video: Mapping[str, Any]
    """Row of `videos` (width, height, fps, …)."""
    signals: Mapping[str, Mapping[str, npt.NDArray[Any]]]
    """group -> column -> one value per frame of the clip (float columns hold NaN where there is no value)."""

    @property
    def seconds(self) -> float:
        return float(self.clip["end_seconds"] - self.clip["start_seconds"])


@dataclass(frozen=True)
class SampledFrame:
    """A picture of a clip, upright, in square pixels, BT.709 full-range RGB."""

    pts: int
    """In the clip's time base."""
    seconds: float
    """In the file's own clock, as `start_seconds` of the clip."""
    rgb: npt.NDArray[np.uint8]
    """(h, w, 3), decoded from the stored JPEG."""


@dataclass(frozen=True)
class SampledClip(ClipView):
    """A clip with some of its frames."""

    frames: Sequence[SampledFrame] = ()
    """In the order of time; at least one."""


@dataclass(frozen=True)
class Sampling:
    """Which frames of a clip a filter wants to see."""

    frames: int
    """At most so many, evenly spread over the clip; fewer where fewer are stored."""
    short_side: int | None = None
    """Pixels of the shorter side: larger pictures are scaled down to it. None: as they are stored."""


class Plugin(BaseModel, ABC):
    """Options as fields (each with a string below it that documents it), code as methods."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    VERSION: ClassVar[int]
    """Goes up when the same options give other values: rows of an older version are measured again."""
    READS: ClassVar[tuple[str, ...]] = ()
    """Signal groups that it reads (`content`, `picture`, `flow`)."""
    UNITS: ClassVar[dict[str, str]] = {}
    """A filter's `score` and each of its number columns -> the unit, for `curate filters`."""
    PUBLISHED: ClassVar[tuple[str, ...]] = ()
    """Values that others published and that its thresholds or defaults can be held against: "who: what"."""
    COST: ClassVar[str] = ""
    """What measuring costs, and on what that was measured."""

    def reads(self) -> tuple[str, ...]:
        """READS, where they depend on the options as well."""
        return self.READS

    def key(self, group_keys: Mapping[str, str], name: str = "") -> str:
        """Cache key of its rows: its class, version and options, and the groups that it reads."""
        for group in self.reads():
            if group not in group_keys:
                raise ValueError(
                    f"{type(self).__name__} reads the signal group {group!r}"
                    f"{did_you_mean(group, [name for name in group_keys if name != 'videos'])}"
                )
        facts = [
            f"{type(self).__module__}:{type(self).__qualname__}",
            self.VERSION,
            self.model_dump(mode="json"),
            {group: group_keys[group] for group in self.reads()},
            group_keys["videos"],
        ]
        identity = self.identity()
        return clips.cache_key(*facts, *([] if identity is None else [identity]))

    def identity(self) -> Any:
        """What its rows depend on beside its options, as a JSON value: a digest of weights that an option
        names by path, say. It enters the cache key."""
        return None

    def check(self) -> None:
        """Raise ValueError, with what to type, where a package or a file that it needs is not there.

        Called before anything is read or measured, and only if there is something to do."""
        return None

    def lacks(self) -> str | None:
        """What `check` would refuse or fetch, in one sentence, which `curate plan` shows; None: nothing.

        Without any network: where `check` downloads something, this looks whether it is there."""
        try:
            self.check()
        except ValueError as error:
            return str(error)
        return None


class ClipFilter(Plugin):
    """A measure of clips: `score`, further columns, and what is known of their values.

    -1 and 0 never mean "no score": the score is None then, and a rule on that column makes the clip failed,
    not dropped.
    """

    COLUMNS: ClassVar[dict[str, type]] = {}
    """Columns beside `score`, with their type (float, int, bool, str)."""

    def bounds(self, longest_clip: float) -> Bounds:
        """Lowest and highest value that a column can take, where that is known; `longest_clip` in seconds.

        A rule that no value can satisfy is a mistake in the pipeline, which is said before the run.
        """
        return {}


class SignalFilter(ClipFilter):
    """A measure of a clip that needs only its signals and its video's facts: no pixels.

    `measure` returns the score and further columns; an exception becomes the row's error.
    """

    @abstractmethod
    def measure(self, clip: ClipView) -> Score: ...


class FrameFilter(ClipFilter):
    """A measure of a clip that looks at its sampled frames: in batches, in processes of their own, on a GPU
    if the pipeline gives it one (`num_gpus`)."""

    BATCH: ClassVar[int] = 16
    """Clips that are measured together unless the pipeline says otherwise (`batch_size`)."""

    @abstractmethod
    def sampling(self) -> Sampling: ...

    @abstractmethod
    def load(self) -> Any:
        """What `measure` works with (a model), made once in each process."""

    @abstractmethod
    def measure(self, model: Any, clips: Sequence[SampledClip]) -> Sequence[Score | Exception]:
        """The scores of a batch, in its order; an exception becomes the error of its clip alone.

        They must not depend on what else is in the batch. What is raised fails every clip of the batch."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two clips that are nearly the same, by their ids."""

    better: bytes
    worse: bytes
    kind: str
    """Why: `exact`, `near`, or a filter's own word."""
    similarity: float
    """0 to 1, whichever of the two is the better one."""
    covered: float
    """0 to 1: how much of what the worse clip shows the better one shows too. The rule on the score is about
    this number: a long clip does not go because a few seconds of it are there in better quality."""


@dataclass(frozen=True)
class Compared:
    """What a TableFilter found."""

    scores: Sequence[Score | Exception]
    """In the order in which the clips came; an exception becomes the error of its clip alone."""
    pairs: Sequence[Pair] = ()


class TableFilter(ClipFilter):
    """A measure of a clip that needs the others: it sees all clips that are still in at its place, at once.

    It is a barrier: the filters before it go wave by wave, it and those after it wait until all waves are
    through. What it says of a clip depends on which clips there are, so all are measured again when one comes
    or goes; the audited clips, which are in for being watched only, are not among them.
    """

    PAIRS: ClassVar[bool] = False
    """Whether it finds pairs. Then the score is the highest `covered` of the pairs in which the clip is the
    worse one (0 without any), and a rule on the score drops a clip only for a better one that is kept: see
    curate.pairing.greedy."""

    @abstractmethod
    def measure(self, clips: Iterable[ClipView], scratch: str) -> Compared:
        """Measure all clips. They come once, in a fixed order that follows from their ids, with their signals
        read as they come: do not hold on to them. `scratch` is an empty folder for what is too large for the
        memory; it is removed afterwards. What is raised stops the run."""


@dataclass(frozen=True)
class Caption:
    """What a captioner says of a clip."""

    short: str
    """One sentence, without line breaks."""
    dense: str
    """All that is known, as prose."""
    fields: Mapping[str, Any]
    """Structured parts (JSON values)."""


class Captioner(Plugin):
    """Words for a clip. An exception becomes the row's error and the clip's outcome `failed`."""

    MODEL: ClassVar[str | None] = None
    ACTORS: ClassVar[bool] = False
    """Whether it works in actors, which take resources; in the driver if not."""
    PREPARES: ClassVar[bool] = False
    """Whether a model's frames are decoded and scaled in actors of their own, before those of the model."""

    @abstractmethod
    def caption(self, clip: ClipView) -> Caption: ...

    def read_files(self) -> None:
        """Raise ValueError where a file that an option names cannot be used."""
        return None

    def own_files(self) -> Mapping[str, str]:
        """Option -> the file that it names, of those that are read where a run is started: a job takes them
        along."""
        return {}

    def check_gpus(self, num_gpus: float) -> None:
        """Raise ValueError where what the pipeline reserves for each actor is not what it works with."""
        return None

    def secret_files(self) -> tuple[str, ...]:
        """Files that never leave their machine: a key's."""
        return ()

    def answers_key(self, group_keys: Mapping[str, str]) -> str | None:
        """Cache key of the answers of a model; None for a captioner that asks none."""
        return None

    def drafts_key(self, group_keys: Mapping[str, str]) -> str:
        """Cache key of the captions as the step `caption` writes them; `key` where no gate sees all of them
        at once."""
        return self.key(group_keys)

    def similarity_key(self, group_keys: Mapping[str, str]) -> str | None:
        """Cache key of how well captions fit their pictures; None where that is not measured."""
        return None

    def expand(self, prompt: str) -> str:
        """A short prompt in the words and at the length of this captioner's dense captions. ValueError where
        it has no language model."""
        raise ValueError(
            f"the captioner {type(self).__module__.rpartition('.')[2]} has no language model that could "
            "expand a prompt: name another one, or write the prompt in full"
        )


P = TypeVar("P", bound=Plugin)


def known(package: str) -> list[str]:
    """Names of the plugins in a folder (`filters`): its public modules, but for those that the package's
    NOT_PLUGINS names; folders in it are no plugins."""
    module = importlib.import_module(package)
    others = getattr(module, "NOT_PLUGINS", ())
    return sorted(
        info.name
        for info in pkgutil.iter_modules(module.__path__)
        if not (info.ispkg or info.name.startswith("_") or info.name in others)
    )


def load(package: str, use: str, kind: type[P]) -> type[P]:
    """The plugin class that `use` names; `ValueError` with the known names when there is none."""
    what = package.removesuffix("s")
    if ":" in use:
        module_name, _, class_name = use.partition(":")
        try:
            found = getattr(importlib.import_module(module_name), class_name)
        except Exception as error:  # the user's module may raise anything, a SyntaxError for one
            raise ValueError(
                f"the {what} {use!r} cannot be imported ({' '.join(str(error).split())}): give MODULE:CLASS "
                "of a module that Python finds from the current folder"
            ) from error
        kinds = _kinds(kind)
        if not (isinstance(found, type) and issubclass(found, kinds) and not inspect.isabstract(found)):
            bases = " or ".join(one.__name__ for one in kinds)
            raise ValueError(f"{use} is not a {what}: derive it from {bases} of curate.plugins")
        return found
    names = known(package)
    if use not in names:
        raise ValueError(f"there is no {what} {use!r}{did_you_mean(use, names)}")
    module = importlib.import_module(f"{package}.{use}")
    classes = [
        item
        for name, item in vars(module).items()
        if isinstance(item, type)
        and issubclass(item, _kinds(kind))
        and item.__module__ == module.__name__
        and not name.startswith("_")
    ]
    if len(classes) != 1:
        raise ValueError(
            f"{package}/{use}.py must hold exactly one {kind.__name__}, and holds {len(classes)}"
        )
    return classes[0]


def _kinds(kind: type[P]) -> tuple[type[P], ...]:
    """The classes of this module that a plugin of this kind may derive from: those of filters differ in what
    they see."""
    return tuple(one for one in kind.__subclasses__() if one.__module__ == __name__) or (kind,)


def build(package: str, use: str, options: Mapping[str, Any], kind: type[P]) -> P:
    """The plugin `use` with its options; `ValueError` that names what is wrong and what is known."""
    cls = load(package, use, kind)
    try:
        return cls(**options)
    except ValidationError as error:
        raise ValueError(explain(error, f"{package}: {use}", list(cls.model_fields))) from error


def explain(error: ValidationError, where: str, names: list[str]) -> str:
    """One line for a pydantic error: the option, what was given, what is known."""
    first = error.errors()[0]
    option = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"{where} has no option {option!r}{did_you_mean(str(first['loc'][-1]), names)}"
    given = f", not {first['input']!r}" if first["type"] != "missing" else ""
    message = first["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    return f"{where}: {option}: {message}{given}" if option else f"{where}: {message}"


def did_you_mean(word: str, names: list[str]) -> str:
    """Ending of a message about an unknown name."""
    close = difflib.get_close_matches(word, names, n=1)
    hint = f": did you mean {close[0]!r}?" if close else ""
    return (
        f"{hint or ':'} known are {', '.join(sorted(names)) or 'none'}" if names else ": it takes no options"
    )
