"""The loop that every model here is trained by: global steps of packs, on any number of ranks.

A step is a list of packs that does not depend on the ranks (training.plan). Each rank adds up the gradients
of its own packs; the loss is

    L = (sum over the valid tokens of the global step of their loss) / (their number)

with the number counted after skips and before the first backward pass, so that neither accumulation, nor the
number of ranks, nor a sample that could not be read shifts the weight of the others. Everything random is
keyed by the draw (training.keyed), so a checkpoint holds tensors and the number of the step, and nothing of
the loader.

A loss that is not finite, or far above the recent ones, stops the training before the weights move: the state
of the step before is saved, and the samples of the step are named."""

import json
import math
import statistics
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule

from training import checkpoint
from training.ema import Average, Averaged, whole
from training.loss_plot import write_plot
from training.metrics import Journal, StepFacts
from training.options import Options
from training.ranks import Ranks
from training.sharding import prepare
from training.stopping import STOP, Signals, Stopped

UNREAD = 50
"""Steps one after the other of which no sample could be read, after which no other is expected to be."""
RUN = "run.json"
"""What a training that goes on must share with its beginning."""
SPIKE_WINDOW = 50
"""Losses that a new one is compared with."""
SPIKE_LEAST = 20
"""Losses below which none is called a spike: training has only begun."""


class Diverged(ValueError):
    """The loss is not finite, or has leapt."""


@dataclass(frozen=True, slots=True)
class Part:
    """What came of one sample of a pack."""

    key: str
    """The clip, 32 hex digits."""
    loss: float
    """Mean over its valid tokens."""
    tokens: int
    time: float = math.nan
    """Flow-matching time in [0, 1], where there is one."""
    bucket: str = ""
    """Frames and size, as in 33x144x256."""


@dataclass(slots=True)
class PackLoss:
    """What came of a pack."""

    total: Tensor
    """Scalar with a gradient: the sum over valid tokens. 0 of all parameters for an empty pack."""
    losses: Tensor
    """float32 [samples], detached: the mean of each sample; read once a step."""
    parts: list[Part]
    """One per sample; their `loss` is filled in from `losses`."""
    logs: dict[str, Tensor] = field(default_factory=dict)
    """Further sums over the pack's tokens, to be shown as means."""


class PackOf(Protocol):
    """A pack as a loader gives it."""

    def __len__(self) -> int: ...


class BatchOf(Protocol):
    """What a loader gives a rank for a step."""

    step: int
    packs: Any
    skipped: Any


class Task(Protocol):
    """What is trained, and what its loss is."""

    module: nn.Module
    """Its parameters that require a gradient are trained."""
    blocks: Sequence[nn.Module]
    """Parts of the module that are sharded, compiled and recomputed one by one."""

    def tokens(self, pack: Any) -> int:
        """Valid tokens of a pack."""
        ...

    def loss(self, pack: Any) -> PackLoss: ...

    def flops(self, pack: Any) -> float:
        """Operations of a forward and a backward pass over the pack, by the model's definition."""
        ...

    def validate(self) -> dict[str, float]:
        """Figures on held-out samples, equal on every rank. Called with the averaged weights in place."""
        ...

    def show(self, folder: Path, step: int) -> None:
        """Write pictures to `folder`; called by every rank, with the averaged weights in place."""
        ...

    def export(self, out: Path, weights: dict[str, Tensor]) -> None:
        """Write a model that can be passed on, from the averaged weights. Called by the first rank."""
        ...


class Trainer:
    """Trains a task into a folder. Use `run`; a second `run` on the same folder goes on where it ended."""

    def __init__(
        self, task: Task, out: Path, options: Options, ranks: Ranks, identity: dict[str, Any]
    ) -> None:
        """`identity`: JSON that a run which goes on must share: the model's options, the manifest's
        digest."""
        self.task, self.out, self.options, self.ranks = task, out, options, ranks
        self.identity = _plain(identity)
        self.step = 0
        """Global steps done."""
        self._check_folder()
        task.module.to(ranks.device)
        prepare(task.module, task.blocks, options, ranks)
        self.optimizer = _optimizer(task.module, options)
        self.average = Average(task.module, options.ema_decay)
        self._recent: deque[float] = deque(maxlen=SPIKE_WINDOW)
        self._saved: int | None = None
        """The step of the last checkpoint."""
        self._unread = 0
        """Steps, up to this one, of which no sample could be read."""
        self._stop = threading.Event()
        self._resume()

    # -- the loop -----------------------------------------------------------------------------------------

    def run(self, batches: Iterable[BatchOf]) -> None:
        """Train to the last step. `batches` begin at `self.step`.

        Raises Stopped on SIGTERM or SIGINT and Diverged on a bad loss, both after saving.
        """
        if self.step >= self.options.steps:
            self.ranks.say(f"{self.out} is trained to step {self.step}: give more --steps to go on")
            return
        with Signals(self._stop), Journal(self.out, self.ranks, self.options, self.step) as journal:
            source = iter(batches)
            began = time.perf_counter()
            while self.step < self.options.steps:
                asked = time.perf_counter()
                batch = next(source)
                facts = StepFacts(step=self.step, wait=time.perf_counter() - asked)
                assert batch.step == self.step, "the loader is at another step"
                count = self._count(batch)
                if count is None:
                    self.save()
                    if self.ranks.first:
                        (self.out / STOP).unlink(missing_ok=True)  # heeded; it must not stop the next one
                    raise Stopped(
                        f"stopped after step {self.step}, which is saved in {self.out}: "
                        "run the same command to go on"
                    )
                self._train(batch, count, facts)
                # From one step to the next: writing down the step before is in it, looks and checkpoints not.
                began, facts.seconds = (now := time.perf_counter()), now - began
                self.step += 1
                journal.step(facts)
                if self._due(self.options.validate_every):
                    self._look(journal)
                    began = time.perf_counter()
                if self._due(self.options.save_every):
                    self.save()
                    began = time.perf_counter()

    def _due(self, every: int) -> bool:
        return self.step == self.options.steps or (every > 0 and self.step % every == 0)

    def _count(self, batch: BatchOf) -> int | None:
        """Valid tokens of the global step; None if any rank was asked to stop."""
        own = sum(self.task.tokens(pack) for pack in batch.packs)
        asked = self._stop.is_set() or (self.ranks.first and (self.out / STOP).exists())
        count, stops = self.ranks.sum([own, asked])
        return None if stops else int(count)

    def _train(self, batch: BatchOf, count: int, facts: StepFacts) -> None:
        """One global step: gradients of all packs, then the weights."""
        module, options = self.task.module, self.options
        rate = options.rate_at(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        module.train()
        done: list[PackLoss] = []
        for number, pack in enumerate(batch.packs):
            if isinstance(module, FSDPModule):
                module.set_requires_gradient_sync(number == len(batch.packs) - 1)
            with options.autocast(self.ranks.device):
                found = self.task.loss(pack)
            # FSDP averages over the ranks; what is wanted is the sum.
            (found.total * (self.ranks.world / max(1, count))).backward()
            done.append(found)
        norm = nn.utils.clip_grad_norm_(module.parameters(), options.clip_norm)
        parts = [part for found in done for part in _filled(found)]
        facts.take(
            self.ranks, parts, [str(one) for one in batch.skipped],
            norm=float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm),
            rate=rate, flops=sum(self.task.flops(pack) for pack in batch.packs),
            logs=_summed(done), packs=sum(self.task.tokens(pack) > 0 for pack in batch.packs),
        )  # fmt: skip
        self._check(facts)
        self._unread = 0 if facts.tokens else self._unread + 1
        if self._unread >= min(UNREAD, self.options.steps):
            raise ValueError(
                f"no sample of {self._unread} steps could be read, the last of them: "
                f"{facts.skipped[-1] if facts.skipped else 'none was dealt'}: look at the run's shards"
            )
        if facts.tokens:  # a step whose every sample was skipped moves nothing, weight decay included
            self.optimizer.step()
            self.average.update(self.step)
        self.optimizer.zero_grad(set_to_none=True)

    def _check(self, facts: StepFacts) -> None:
        """Stop before a bad gradient reaches the weights. Every rank sees the same numbers."""
        loss, usual = facts.loss, statistics.median(self._recent) if self._recent else 0.0
        finite = math.isfinite(loss) and math.isfinite(facts.norm)
        leapt = len(self._recent) >= SPIKE_LEAST and loss > self.options.spike * usual
        if finite and not leapt:
            if facts.tokens:
                self._recent.append(loss)
            return
        self.optimizer.zero_grad(set_to_none=True)
        worst = facts.worst(10)
        self.save()
        said = f"is {loss:.4g} where {usual:.4g} was usual" if finite else "is not finite"
        report = self.out / f"diverged-{self.step:08}.json"
        if self.ranks.first:
            checkpoint.write_json(
                report,
                {
                    "step": self.step, "loss": repr(loss), "gradient_norm": repr(facts.norm), "usual": usual,
                    "samples": [[key, repr(value)] for key, value in facts.losses],
                },
            )  # fmt: skip
        raise Diverged(
            f"the loss of step {self.step} {said}; the weights before it are saved. Largest: "
            f"{', '.join(worst)}; all samples of the step are in {report}. Leave out what is wrong with "
            "them, or lower the learning rate"
        )

    def _look(self, journal: Journal) -> None:
        """Validate, and write pictures, with the averaged weights."""
        with self.averaged():
            self.task.module.eval()
            with torch.no_grad(), self.options.autocast(self.ranks.device):
                found = self.task.validate()
                self.task.show(self.out / "pictures", self.step)
        journal.validation(self.step, found)
        if self.ranks.first:
            write_plot(self.out)

    def averaged(self) -> Averaged:
        """Within it, the module has the averaged weights."""
        return Averaged(self.task.module, self.average)

    # -- what is kept -------------------------------------------------------------------------------------

    def _check_folder(self) -> None:
        """Refuse a folder that holds another training."""
        path = self.out / RUN
        known: Any = None
        if self.ranks.first:
            if path.is_file() and checkpoint.begun(self.out):
                known = json.loads(path.read_text())
            elif not path.is_file() and self.out.is_dir() and any(self.out.glob("*.safetensors")):
                known = {"": "a model that this command did not write"}
            else:
                self.out.mkdir(parents=True, exist_ok=True)
                checkpoint.write_json(path, self.identity)
                known = self.identity
        known = self.ranks.agree(known)
        if known != self.identity:
            differ = sorted(
                name for name in known.keys() | self.identity.keys()
                if known.get(name) != self.identity.get(name)
            )  # fmt: skip
            what = ", ".join(filter(None, differ)) or "a model"
            raise ValueError(
                f"{self.out} holds a training of other options ({what}): give another --out, or the same "
                "options to go on"
            )

    def _tensors(self) -> dict[str, Any]:
        """Everything that goes on, under the names of the parameters."""
        names = {value: name for name, value in self.task.module.named_parameters()}
        moments = {
            names[value]: {key: entry for key, entry in state.items() if isinstance(entry, Tensor)}
            for value, state in self.optimizer.state.items()
        }
        return {
            "model": self.task.module.state_dict(),
            "average": dict(self.average.weights),
            "optimizer": moments,
        }

    def save(self) -> None:
        """Write a checkpoint to go on from, and the averaged weights for others."""
        if self._saved == self.step:  # a signal right after a checkpoint, say
            return
        state = {"step": self.step, "recent": list(self._recent), "identity": self.identity}
        checkpoint.save(self.out, self.step, self._tensors(), state, self.ranks, keep=self.options.keep)
        with self.averaged():
            weights = whole(self.task.module.state_dict(), keep=self.ranks.first)
        if self.ranks.first:
            self.task.export(self.out, weights)
        self.ranks.barrier()
        self._saved = self.step

    def _resume(self) -> None:
        known = self.ranks.agree(checkpoint.steps(self.out))
        if not known:
            return
        state = checkpoint.state_of(self.out, known[-1])
        tensors = self._tensors()
        checkpoint.load(self.out, known[-1], tensors, self.ranks)
        self.task.module.load_state_dict(tensors["model"])
        self.step = self._saved = state["step"]
        self._recent.extend(state["recent"])


def _optimizer(module: nn.Module, options: Options) -> torch.optim.AdamW:
    """AdamW; what is no matrix (norms, biases, embeddings of conditions) does not decay."""
    trained = [value for value in module.parameters() if value.requires_grad]
    groups = [
        {"params": [value for value in trained if value.ndim >= 2], "weight_decay": options.weight_decay},
        {"params": [value for value in trained if value.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=0.0, betas=options.betas, eps=options.epsilon, fused=True)
    # A step that moves nothing makes the moments, so that they are there to be filled from a checkpoint, also
    # those of parameters that have had no gradient yet.
    for value in trained:
        value.grad = torch.zeros_like(value)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    for state in optimizer.state.values():
        state["step"].zero_()
    return optimizer


def _plain(value: Any) -> Any:
    """As JSON gives it back: tuples are lists."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _filled(found: PackLoss) -> list[Part]:
    losses = found.losses.tolist()
    return [Part(**{**asdict(part), "loss": loss}) for part, loss in zip(found.parts, losses, strict=True)]


def _summed(done: Sequence[PackLoss]) -> dict[str, float]:
    total: dict[str, float] = {}
    for found in done:
        for name, value in found.logs.items():
            total[name] = total.get(name, 0.0) + float(value)
    return total
