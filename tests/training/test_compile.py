"""Compiled blocks: as exact as eager ones, without graph breaks, and compiled once for packs of all sizes.

There is no GPU in most places where this runs, so its kernel for variable lengths is stood in for by an
operation that, like it, the compiler cannot see into."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import Tensor, library
from torch._dynamo.testing import CompileCounterWithBackend

from tests.training.tiny_dit import BYTES, caption, examples, filled, gradients, latent
from training import attention
from training.model import DiT
from training.options import Options
from training.packing import Example, pack
from training.ranks import Ranks
from training.sharding import prepare


@library.custom_op("curate_test::varlen", mutates_args={})
def _varlen(q: Tensor, k: Tensor, v: Tensor, borders: Tensor, longest: int) -> Tensor:
    assert longest == borders.diff().max()
    out = torch.empty_like(v)
    for first, end in pairwise(borders.tolist()):
        out[first:end] = torch.einsum("hij,jhd->ihd", _weights(q[first:end], k[first:end]), v[first:end])
    return out


# The compiler looks at the gradient of every tensor that it meets.
pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")


def _weights(q: Tensor, k: Tensor) -> Tensor:
    return (torch.einsum("ihd,jhd->hij", q, k) / q.shape[-1] ** 0.5).softmax(-1)


@library.custom_op("curate_test::varlen_backward", mutates_args={})
def _varlen_backward(
    gradient: Tensor, q: Tensor, k: Tensor, v: Tensor, borders: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    of_q, of_k, of_v = torch.empty_like(q), torch.empty_like(k), torch.empty_like(v)
    for first, end in pairwise(borders.tolist()):
        own = slice(first, end)
        p = _weights(q[own], k[own])
        of_p = torch.einsum("ihd,jhd->hij", gradient[own], v[own])
        of_scores = p * (of_p - (of_p * p).sum(-1, keepdim=True)) / q.shape[-1] ** 0.5
        of_q[own] = torch.einsum("hij,jhd->ihd", of_scores, k[own])
        of_k[own] = torch.einsum("hij,ihd->jhd", of_scores, q[own])
        of_v[own] = torch.einsum("hij,ihd->jhd", p, gradient[own])
    return of_q, of_k, of_v


_varlen.register_fake(lambda q, k, v, borders, longest: torch.empty_like(v))
_varlen_backward.register_fake(
    lambda gradient, q, k, v, borders: (torch.empty_like(q), torch.empty_like(k), torch.empty_like(v))
)
_varlen.register_autograd(
    lambda ctx, gradient: (*_varlen_backward(gradient.contiguous(), *ctx.saved_tensors), None, None),
    setup_context=lambda ctx, inputs, output: ctx.save_for_backward(*inputs[:4]),
)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Attention as on a GPU: one call for the whole pack."""

    def stand_in(q: Tensor, k: Tensor, v: Tensor, b: Tensor, _: Tensor, longest: int, __: int) -> Tensor:
        return _varlen(q, k, v, b, longest)

    monkeypatch.setattr(attention, "varlen_attn", stand_in)
    monkeypatch.setattr(
        attention.Segments, "for_kernel", lambda self, device, dtype: (self.borders, self.longest, [])
    )
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def packs() -> Iterator[list[Example]]:
    """Of 8 samples, of 5, of 4, of one. (Were the first of 6, the compiler would take that for the 6 rows of
    the modulation, and compile once more.)"""
    samples = examples(BYTES)
    yield [replace(samples[1], **caption(BYTES, 12, 5)), samples[4], samples[2], *samples]
    yield samples
    yield [replace(one, z=latent(BYTES, 2, 4, 4, 9), given=None, mask=None) for one in samples[:4]]
    yield samples[2:3]
    yield [replace(samples[0], z=latent(BYTES, 5, 6, 2, 3))]


def compiled(model: DiT, monkeypatch: pytest.MonkeyPatch) -> CompileCounterWithBackend:
    """The model's blocks, laid out as a training does it; what is compiled is counted."""
    counter = CompileCounterWithBackend("aot_eager")
    own = torch.nn.Module.compile
    monkeypatch.setattr(
        torch.nn.Module, "compile", lambda self, **options: own(self, backend=counter, **options)
    )
    options = Options(precision="fp32", compile=True, recompute="selective")
    with Ranks("cpu") as ranks:
        prepare(model, [*model.dual, *model.single], options, ranks)
    return counter


def test_blocks_are_compiled_once_for_packs_of_all_sizes(
    kernel: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, eager = filled(BYTES), filled(BYTES)
    counter = compiled(model, monkeypatch)
    counts = []
    for one in packs():
        loss, found = gradients(model, [one])
        expected_loss, expected = gradients(eager, [one])
        counts.append(counter.frame_count)
        assert loss == pytest.approx(expected_loss, rel=1e-5)
        for name, value in expected.items():
            assert (found[name] - value).abs().max() <= 2e-5 * max(1.0, value.abs().max().item()), name
    # Two kinds of block; a pack of one sample is compiled anew, as sizes of 1 always are.
    assert counts == [2, 2, 2, 4, 4]
    assert not torch._dynamo.utils.counters["graph_break"]


def test_an_unusual_pack_does_not_end_compilation(kernel: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dynamo gives up on a function that it compiled too often, and says so in a log alone. Both kinds of
    block share one when they are recomputed; each is compiled for one sample and for several, with gradients
    and without."""
    compiled(filled(BYTES), monkeypatch)
    assert torch._dynamo.config.recompile_limit >= 32


def test_generated_code_is_as_eager(kernel: None) -> None:
    """The compiler's own code, forwards and backwards, for one block."""
    model = filled(BYTES)
    block, arguments = model.single[0], []
    block.register_forward_pre_hook(lambda _, inputs: arguments.append(inputs))
    with torch.no_grad():
        model(pack(examples(BYTES), BYTES))
    x, *others = arguments[0]
    found = []
    for call in (block.forward, torch.compile(block.forward, dynamic=True)):
        model.zero_grad()
        x = x.detach().requires_grad_()
        y = call(x, *others)
        y.square().sum().backward()
        found.append([y.detach(), x.grad, *[value.grad for value in block.parameters()]])
    for eager, generated in zip(*found, strict=True):
        assert (eager - generated).abs().max() <= 2e-5 * max(1.0, eager.abs().max().item())
