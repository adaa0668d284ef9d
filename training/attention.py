"""Attention over packed samples: all tokens of a pack in one row, each seeing its own sample alone.

There is no padding and no mask of pack × pack. On a GPU in half precision one kernel takes the whole row and
the samples' borders (variable-length flash attention). Elsewhere samples of one length form a batch: since
`Segments` puts samples in the order of their length, such a batch is a view, and nothing is copied.
"""

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

varlen_attn: Any = None
"""The kernel for variable lengths; imported where there is a GPU, since it brings the compiler along."""

I64 = npt.NDArray[np.int64]
Runs = list[tuple[int, int]]
"""(samples, their length) of each run of samples of one length."""


@dataclass(frozen=True)
class Segments:
    """Rows of several samples, arranged for attention: whole samples, the shortest first."""

    order: Tensor
    """[T] int64: arranged = rows[order]."""
    inverse: Tensor
    """[T] int64: rows = arranged[inverse]."""
    sample: Tensor
    """[T] int64: whose row it is, arranged."""
    place: Tensor
    """[T] int64: which row of its sample it is, arranged."""
    borders: Tensor
    """[S + 1] int32: where samples begin and end, arranged."""
    longest: int
    runs: Runs

    @classmethod
    def of(cls, sample: I64, samples: int) -> "Segments":
        """`sample` [T]: whose each row is, in any order; rows of a sample keep theirs. Each sample has one or
        more."""
        lengths = np.bincount(sample, minlength=samples)
        by_length = np.argsort(lengths, kind="stable")
        rank = np.empty(samples, np.int64)
        rank[by_length] = np.arange(samples)
        order = np.argsort(rank[sample], kind="stable")
        inverse = np.empty_like(order)
        inverse[order] = np.arange(len(order))
        borders = np.concatenate([[0], np.cumsum(lengths[by_length])])
        sizes, counts = np.unique(lengths, return_counts=True)
        return cls(
            order=torch.from_numpy(order),
            inverse=torch.from_numpy(inverse),
            sample=torch.from_numpy(sample[order]),
            place=torch.from_numpy(np.arange(len(order)) - borders[rank[sample[order]]]),
            borders=torch.from_numpy(borders.astype(np.int32)),
            longest=int(lengths.max()),
            runs=[(int(count), int(size)) for size, count in zip(sizes, counts, strict=True)],
        )

    def mean(self, x: Tensor) -> Tensor:
        """[S, W]: of each sample, the mean over its rows of the arranged `x` [T, W]."""
        samples = len(self.borders) - 1
        total = x.new_zeros(samples, x.shape[1]).index_add_(0, self.sample, x)
        # Borders are in the order of lengths, samples are not: their rows are counted.
        count = x.new_zeros(samples).index_add_(0, self.sample, torch.ones_like(x[:, 0]))
        return total / count[:, None]

    def for_kernel(self, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, int, Runs]:
        """The last three arguments of `attend`, for tokens of this device and dtype."""
        half = dtype in (torch.bfloat16, torch.float16)
        one_kernel = device.type == "cuda" and half
        if one_kernel:
            _import_kernel()
        return self.borders, self.longest, [] if one_kernel else self.runs


def _import_kernel() -> None:
    global varlen_attn
    if varlen_attn is None:
        # torch prefers cuDNN's kernel, which is planned anew for every new number of samples and length, and
        # no two packs are alike (pytorch issue 187770 reports a fifth of the tokens per second).
        torch.backends.cuda.enable_cudnn_sdp(False)
        varlen_attn = importlib.import_module("torch.nn.attention.varlen").varlen_attn


def attend(q: Tensor, k: Tensor, v: Tensor, borders: Tensor, longest: int, runs: Runs) -> Tensor:
    """softmax(q kᵀ / √D) v within each sample: [T, H, D] each, arranged as in `Segments`.

    With `runs` samples of one length are batched, without them the kernel for variable lengths is called.
    """
    if not runs:
        result: Tensor = varlen_attn(q, k, v, borders, borders, longest, longest)
        return result
    rows = [samples * length for samples, length in runs]
    parts: list[Any] = []
    for run, *qkv in zip(runs, q.split(rows), k.split(rows), v.split(rows), strict=True):
        # [B L, H, D] -> [B, H, L, D] and back; all views
        batch = [x.unflatten(0, run).transpose(1, 2) for x in qkv]
        parts.append(F.scaled_dot_product_attention(*batch).transpose(1, 2).flatten(0, 1))
    return torch.cat(parts) if len(parts) > 1 else parts[0]


class _Spread(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, sample: Tensor) -> Tensor:
        ctx.save_for_backward(sample)
        ctx.samples = values.shape[0]
        return values.index_select(0, sample)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (sample,) = ctx.saved_tensors
        if gradient.is_cuda:
            number = torch.arange(ctx.samples, device=sample.device)
            whose = (number[:, None] == sample).to(gradient.dtype)
            return whose @ gradient, None
        return gradient.new_zeros(ctx.samples, gradient.shape[1]).index_add_(0, sample, gradient), None


class _Permuted(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, order: Tensor, inverse: Tensor) -> Tensor:
        ctx.save_for_backward(inverse)
        return x.index_select(0, order)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (inverse,) = ctx.saved_tensors
        return gradient.index_select(0, inverse), None, None


def permuted(x: Tensor, order: Tensor, inverse: Tensor) -> Tensor:
    """x[order], for a permutation of all rows: its gradient is gathered too, where that of indexing is added
    up row by row, as if rows could come twice."""
    result: Tensor = _Permuted.apply(x, order, inverse)
    return result


def spread(values: Tensor, sample: Tensor) -> Tensor:
    """values[sample]: what a sample has [S, W], for each of its tokens [T, W].

    The gradient sums thousands of tokens into each of a few rows. On a GPU that is a matrix product with
    float32 sums, [S, T] · [T, W]; adding rows one by one would have all threads wait for the same addresses.
    """
    result: Tensor = _Spread.apply(values, sample)
    return result
