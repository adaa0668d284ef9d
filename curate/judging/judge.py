"""A model that ticks: the claims of a caption, one by one, beside the frames that the captioner saw.

Any captioner with a model will do, by its options in a pipeline. What comes of it is a sheet of ticks like a
person's, in RUN/audit, so that it can be read back and compared with people's. A model that judges its own
captions finds them good: let another one judge, and see how far it agrees with a person first."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from captioners.dialogue.model import Backend, ModelCaptioner
from captioners.dialogue.prompts import Prompt, quoted_data, read_prompt
from captioners.dialogue.types import Image, Refused, Request, Response, Sampling, Unanswered, Unusable
from curate.context import RunError
from curate.frames_of import reduced
from curate.judging.audit import FOLDER
from curate.judging.claims import Claim, claims_of
from curate.judging.pictures import frames_of
from curate.judging.source import Clip, Source
from curate.judging.ticks import LONGEST, VERDICTS, Ticked, written
from curate.pipelines import ConfigError, parse_yaml
from curate.plugins import Captioner, build

ATTEMPTS = 2
"""Answers that are asked for: one that cannot be read is asked for once more."""
MOST_FRAMES = 64
MOST_MISSING = 10
"""Things that a model may list as missing."""
NEEDS = frozenset({"frames", "seconds", "claims"})


@dataclass(frozen=True)
class Judged:
    """What a model said of some clips."""

    auditor: str
    path: str
    """The file of ticks."""
    clips: int
    unjudged: dict[str, str]
    """Clip (hex) -> why nothing was made of it: no frames, no answer, or none that could be read."""
    tokens_in: int
    tokens_out: int


def build_judge(text: str) -> ModelCaptioner:
    """The captioner that `--judge` names, as a pipeline does. ConfigError or ValueError where it cannot
    judge."""
    body: Any = parse_yaml(text, "--judge")
    if not isinstance(body, dict) or not isinstance(body.get("use"), str):
        raise ConfigError("--judge wants a captioner as a pipeline has it: '{use: openai, model: …}'")
    rest = {name: value for name, value in body.items() if name != "use"}
    made = build("captioners", body["use"], rest, Captioner)  # type: ignore[type-abstract]
    if not isinstance(made, ModelCaptioner):
        raise ConfigError(f"--judge: {body['use']} has no model that could look at claims: give another one")
    made.check()
    return made


def judge(
    source: Source, clips: Sequence[Clip], captioner: ModelCaptioner, advance: Callable[[], None]
) -> Judged:
    """Have the model tick these clips and write its sheet; `advance` is called after each. RunError where it
    cannot be asked at all: nothing is written then."""
    prompt = read_prompt("judge", NEEDS)
    parts = source.frame_parts(clips)
    asking = _Asking(captioner, prompt, parts, advance)
    try:
        ticked = asyncio.run(asking.all(clips))
    except Unusable as error:
        raise RunError(str(error)) from error
    auditor = f"judge: {captioner.model}"
    name = f"{FOLDER}/judge-{_slug(captioner.model)}.json"
    source.folder.write(name, written(auditor[:200], ticked))
    return Judged(
        auditor[:200],
        source.folder.path(name),
        len(clips),
        asking.unjudged,
        asking.tokens_in,
        asking.tokens_out,
    )


class _Asking:
    """The questions of one call."""

    def __init__(
        self,
        captioner: ModelCaptioner,
        prompt: Prompt,
        parts: Mapping[bytes, str],
        advance: Callable[[], None],
    ) -> None:
        self._captioner, self._prompt, self._parts, self._advance = captioner, prompt, parts, advance
        self.unjudged: dict[str, str] = {}
        self.tokens_in = self.tokens_out = 0

    async def all(self, clips: Sequence[Clip]) -> list[Ticked]:
        """Every clip, in their order. Raises Unusable."""
        backend = await asyncio.to_thread(self._captioner.open)
        lanes = asyncio.Semaphore(self._captioner.lanes)
        try:
            async with asyncio.TaskGroup() as asked:
                tasks = [asked.create_task(self._in_lane(backend, lanes, clip)) for clip in clips]
        except ExceptionGroup as group:
            if unusable := group.subgroup(Unusable):
                raise unusable.exceptions[0] from None
            raise
        finally:
            await backend.close()
        return [task.result() for task in tasks]

    async def _in_lane(self, backend: Backend, lanes: asyncio.Semaphore, clip: Clip) -> Ticked:
        async with lanes:
            claims = claims_of(clip)
            found = await self._clip(backend, clip, claims)
        self._advance()
        if isinstance(found, str):
            self.unjudged[clip.clip_id.hex()] = found
            return Ticked(clip, claims, (None,) * len(claims), ())
        return Ticked(clip, claims, *found)

    async def _clip(
        self, backend: Backend, clip: Clip, claims: Sequence[Claim]
    ) -> tuple[tuple[str, ...], tuple[str, ...]] | str:
        """Verdicts and what is missing, or why there are none."""
        try:
            images = await asyncio.to_thread(self._images, clip)
        except ValueError as error:  # a damaged picture
            return str(error)
        if not images:
            return "no frame of it is stored"
        said = "no answer"
        for attempt in range(ATTEMPTS):
            if self._spent:
                return "the budget of tokens is used up"
            sampling = self._captioner.rules.sampling(attempt, ())
            try:
                answer = await backend.ask(request_of(self._prompt, clip, claims, images, sampling, attempt))
            except (Refused, Unanswered) as error:
                return str(error)
            except Unusable:
                raise
            except Exception as error:  # a backend of one's own may raise anything, and only its clip suffers
                return f"{type(error).__name__}: {error}"
            self._count(answer)
            try:
                return parsed(answer.raw, len(claims))
            except ValueError as error:
                said = str(error)
        return said

    def _images(self, clip: Clip) -> tuple[Image, ...]:
        frames = frames_of(clip, self._parts.get(clip.video_id), MOST_FRAMES)
        side = self._captioner.short_side
        return tuple(
            Image(
                one.pts, round(clip.after(one.pts), 6), one.data if side is None else reduced(one.data, side)
            )
            for one in frames
        )

    def _count(self, answer: Response) -> None:
        self.tokens_in += answer.tokens_in or 0
        self.tokens_out += answer.tokens_out or 0

    @property
    def _spent(self) -> bool:
        budget = self._captioner.budget
        return budget is not None and self.tokens_in + self.tokens_out >= budget


def request_of(
    prompt: Prompt,
    clip: Clip,
    claims: Sequence[Claim],
    images: tuple[Image, ...],
    sampling: Sampling,
    attempt: int = 0,
) -> Request:
    """The question about a clip."""
    told = [
        {"number": number, "about": one.field, "statement": one.text} for number, one in _numbered(claims)
    ]
    text = prompt.filled(frames=str(len(images)), seconds=f"{clip.seconds:.1f}", claims=quoted_data(told))
    schema = json_schema(len(claims))
    return Request(
        clip.clip_id.hex(), 0, attempt, prompt.system, text, schema, sampling, images, clip.seconds
    )


def _numbered(claims: Sequence[Claim]) -> list[tuple[int, Claim]]:
    return list(enumerate(claims, 1))


def json_schema(count: int) -> dict[str, Any]:
    """Of the answer about `count` claims: a verdict for each by its number, in order, and what is missing."""
    numbers = [str(number) for number in range(1, count + 1)]
    verdict = {"type": "string", "enum": list(VERDICTS)}
    thing = {"type": "string", "minLength": 1, "maxLength": 200}
    return {
        "type": "object",
        "properties": {
            "verdicts": {
                "type": "object",
                "properties": {number: verdict for number in numbers},
                "required": numbers,
                "additionalProperties": False,
            },
            "missing": {"type": "array", "items": thing, "maxItems": MOST_MISSING},
        },
        "required": ["verdicts", "missing"],
        "additionalProperties": False,
    }


def parsed(raw: str, count: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Verdicts by number, and what is missing. ValueError for an answer that is not as it was asked for."""
    try:
        found = json.loads(_bare(raw))
    except (ValueError, RecursionError) as error:
        raise ValueError("the answer is no JSON") from error
    verdicts = found.get("verdicts") if isinstance(found, dict) else None
    missing = found.get("missing") if isinstance(found, dict) else None
    if not isinstance(verdicts, dict) or not isinstance(missing, list):
        raise ValueError("the answer lacks verdicts or missing")
    said = (verdicts.get(str(number)) for number in range(1, count + 1))
    told = tuple(one for one in said if isinstance(one, str) and one in VERDICTS)
    if len(told) < count:
        raise ValueError(f"the answer does not say one of {', '.join(VERDICTS)} of every statement")
    things = (" ".join(one.split())[:LONGEST] for one in missing if isinstance(one, str))
    return told, tuple(thing for thing in things if thing)[:MOST_MISSING]


def _bare(raw: str) -> str:
    """The answer without the fence that models put around JSON where nothing binds them to a schema."""
    fenced = re.fullmatch(r"\s*```(?:json)?\s*(.*?)\s*```\s*", raw, re.DOTALL)
    return fenced[1] if fenced else raw


def _slug(name: str) -> str:
    """A part of a file's name."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:80] or "model"
