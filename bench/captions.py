"""How well the step `caption` keeps a model busy: the pipeline, and the same questions asked of it directly.

    python bench/captions.py [--clips 400] [--concurrency 32] [--milliseconds 500] [--workers 1]
    python bench/captions.py --captioner '{use: vllm, model: DIR, max_num_seqs: 64}' --clips 2000

Without --captioner a server of this bench answers each request after the given time, in a process of its
own: what is measured is how much of a server's time the pipeline leaves unused. The ideal is `concurrency`
requests at any moment (400 requests, 32 at once, 500 ms: 13 rounds, 6.5 s); where the pipeline takes more
than 1.05 times as long from its first request to its last answer, the exit code is 1. With --captioner the
same is measured of that captioner (on a GPU, say), with its tokens per second.

Both ways ask about the same clips, with the same prompts, frames and sampling, each once (one attempt, no
gate that could ask again). The direct way has its requests prepared before it begins, and keeps as many going
as the captioner wants; the pipeline reads frames, judges, journals and commits meanwhile. The clips were
found and their frames stored before. Idle is the share of that time in which the model had no request at all;
unused the share of places for requests that were empty.
"""

import argparse
import asyncio
import dataclasses
import json
import math
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from captioners.dialogue.model import ModelCaptioner
from captioners.dialogue.requests import request_of
from captioners.dialogue.schema import FIELDS
from captioners.dialogue.turns import Turn
from captioners.dialogue.types import Request
from curate import state
from curate.config import load
from curate.context import Context, Keys
from curate.query import query
from curate.run import execute
from curate.storage import Folder
from curate.tables import Tables, rows_of
from stages.caption_model import line_of
from stages.inputs import listing
from stages.told import Told, told
from tests.packing import Quiet
from tests.runs.captioned import SHOTS, many_clips

LIMIT = 1.05
"""Of the pipeline's time to the ideal one, before a server that answers after a fixed time."""


def serve(milliseconds: float, ports: Any) -> None:
    """Answer each request so long after it came."""
    said = dict.fromkeys(FIELDS, "word") | {"camera_motion": "unclear", "shot_type": "unclear"}
    choice = {"index": 0, "message": {"content": json.dumps(said)}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1000, "completion_tokens": 200}
    body = json.dumps({"model": "stub", "choices": [choice], "usage": usage}).encode()

    async def answer(request: web.Request) -> web.Response:
        came = time.monotonic()
        await request.read()
        await asyncio.sleep(max(0.0, milliseconds / 1000 - (time.monotonic() - came)))
        return web.Response(body=body, content_type="application/json")

    async def main() -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_post("/v1/chat/completions", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ports.put(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(main())


@contextmanager
def server(milliseconds: float) -> Iterator[str]:
    """Its address."""
    context = multiprocessing.get_context("spawn")
    ports = context.Queue()
    process = context.Process(target=serve, args=(milliseconds, ports), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ports.get(timeout=60)}/v1"
    finally:
        process.kill()
        process.join()


@dataclasses.dataclass
class Timed:
    """When each request was sent and answered, and how many tokens all took."""

    spans: list[tuple[float, float]]
    tokens: int

    @property
    def seconds(self) -> float:
        return max(end for _, end in self.spans) - min(start for start, _ in self.spans)

    @property
    def idle(self) -> float:
        busy, reach = 0.0, -math.inf
        for start, end in sorted(self.spans):
            busy += max(0.0, end - max(start, reach))
            reach = max(reach, end)
        return 1 - busy / self.seconds

    def unused(self, lanes: int) -> float:
        return 1 - sum(end - start for start, end in self.spans) / (lanes * self.seconds)

    def told(self, lanes: int) -> str:
        return (
            f"{len(self.spans)} requests in {self.seconds:.2f} s, {self.tokens / self.seconds:,.0f} "
            f"tokens/s, idle {self.idle:.1%}, unused {self.unused(lanes):.1%}"
        )


def by_pipeline(path: Path, output: Path) -> Timed:
    """`curate run`; the requests as the table `answers` has them."""
    execute(load(str(path)), Quiet())
    rows = query(
        Folder(str(output)),
        "SELECT answered - seconds AS sent, answered, "
        "coalesce(tokens_in, 0) + coalesce(tokens_out, 0) AS tokens FROM answers",
    ).to_pylist()
    return Timed([(row["sent"], row["answered"]) for row in rows], sum(row["tokens"] for row in rows))


def requests_of(path: Path) -> tuple[ModelCaptioner, list[Request]]:
    """The first question about each clip, with its frames."""
    plan = load(str(path))
    captioner = plan.captioner
    assert isinstance(captioner, ModelCaptioner)
    folder = Folder(plan.pipeline.output)
    tables, keys = Tables(folder), Keys.of(plan)
    videos = state.videos(listing(plan.pipeline.input, folder.root).entries, tables, keys)
    context = Context(folder, tables, plan, keys, Quiet())
    limits = {"stall_seconds": 60.0, "max_memory": 4_000_000_000}
    found = []
    for clip in rows_of(state.current_clips(tables, keys, videos)):
        if clip["dropped_by"]:
            continue
        line = line_of(context, captioner, clip, videos[clip["video_id"]], [], None)
        seen = told(line, captioner, limits, {0})
        assert isinstance(seen, Told)
        turn = Turn(0, 0, captioner.rules.sampling(0))
        (start, end), evidence = seen.spans[0], seen.evidence[0]
        found.append(
            request_of(
                turn, clip["clip_id"].hex(), captioner.prompts, facts=captioner.facts, evidence=evidence,
                seconds=end - start, images=seen.images[0],
            )
        )  # fmt: skip
    return captioner, found


def directly(captioner: ModelCaptioner, requests: list[Request]) -> Timed:
    """The same requests, prepared beforehand."""

    async def main() -> Timed:
        backend = captioner.open()
        ready = [captioner.prepare(request) for request in requests] if captioner.PREPARES else []
        places = asyncio.Semaphore(captioner.lanes)
        spans: list[tuple[float, float]] = []
        tokens = 0

        async def ask(number: int) -> None:
            nonlocal tokens
            async with places:
                began = time.monotonic()
                answer = await (
                    backend.ask_prepared(ready[number]) if ready else backend.ask(requests[number])
                )
                spans.append((began, time.monotonic()))
                tokens += (answer.tokens_in or 0) + (answer.tokens_out or 0)

        await asyncio.gather(*map(ask, range(len(requests))))
        await backend.close()
        return Timed(spans, tokens)

    return asyncio.run(main())


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--milliseconds", type=float, default=500)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--captioner", help="as a pipeline has it, in place of the bench's own server")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, server(options.milliseconds) as address:
        root = Path(name)
        many_clips(root / "in", films=math.ceil(options.clips / SHOTS))
        own = {
            "use": "openai", "model": "stub", "base_url": address, "concurrency": options.concurrency,
            "workers": options.workers,
        }  # fmt: skip
        captioner = yaml.safe_load(options.captioner) if options.captioner else own
        body: dict[str, Any] = {
            "input": str(root / "in"), "output": str(root / "out"), "audit": 0,
            "scan": {"frames_per_second": 8},
            "cuts": {"use": "adaptive", "min_seconds": 0.5}, "shards": {"preset": "ultrafast"},
        }  # fmt: skip
        path = root / "pipelines.yaml"

        def write(chosen: dict[str, Any]) -> None:
            path.write_text(yaml.safe_dump({"pipelines": {"bench": {**body, "captioner": chosen}}}))

        write({"use": "measured"})
        execute(load(str(path)), Quiet())
        write({**captioner, "attempts": 1})
        made, requests = requests_of(path)
        lanes = made.lanes * (made.processes or 1)
        pipeline, direct = by_pipeline(path, root / "out"), directly(made, requests)
    print(f"pipeline: {pipeline.told(lanes)}")
    print(f"directly: {direct.told(lanes)}")
    print(f"pipeline/directly: {pipeline.seconds / direct.seconds:.3f}")
    if options.captioner:
        return 0
    ideal = math.ceil(len(pipeline.spans) / options.concurrency) * options.milliseconds / 1000
    ratio = pipeline.seconds / ideal
    print(f"pipeline/ideal: {ratio:.3f} (ideal {ideal:.2f} s, limit {LIMIT})")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
