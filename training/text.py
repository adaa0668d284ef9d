"""Captions as tokens: bytes that the model learns to read, or a frozen text encoder.

Both sit behind `text_encoder(spec)` and `encode`. What `encode` gives goes into `Example.text` and
`Example.pooled`; a caption that is left out is None there, and needs no encoding.

    bytes                            4 bytes a token, at most 256 tokens; nothing to download or to store
    google/umt5-xl@<revision>        any text encoder of transformers, by its name and a pinned revision
    path/to/folder                   the same from a local folder
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from torch import Tensor, nn

from training.attention import Segments, attend
from training.rope import rotate, rotations

BYTES_PER_TOKEN = 4
MAX_BYTE_TOKENS = 256
SIGHT = BYTES_PER_TOKEN
"""Bytes on each side that a byte is read with: as many as the neighbouring tokens hold."""
BYTE_HEAD = 32
"""Dimensions of a head in the byte encoder."""


class Text(NamedTuple):
    """A caption, encoded."""

    tokens: Tensor
    """[n, D] float32"""
    pooled: Tensor
    """[P] float32"""


class TextEncoder(Protocol):
    """Makes tokens of captions."""

    spec: str
    """What `text_encoder` was asked for, to be written beside what was encoded with it."""

    def encode(self, texts: Sequence[str]) -> list[Text]:
        """One per text, without padding."""
        ...


def text_encoder(spec: str, device: torch.device | str = "cpu") -> TextEncoder:
    """The encoder that `spec` names, see above."""
    return Bytes() if spec == "bytes" else HFTextEncoder(spec, device)


class LateTextEncoder:
    """An encoder that is loaded when it is first asked for: where all embeddings are stored it never is."""

    def __init__(self, spec: str, device: torch.device | str = "cpu") -> None:
        self.spec, self._device = spec, device
        self._encoder: TextEncoder | None = None

    def encode(self, texts: Sequence[str]) -> list[Text]:
        if self._encoder is None:
            self._encoder = text_encoder(self.spec, self._device)
        return self._encoder.encode(texts)


class Bytes:
    """UTF-8 in rows of four: values 1 to 256 are bytes 0 to 255, 0 fills the last row.

    Exact in bfloat16 as well. What they mean is learned by `ByteEncoder`, a part of the model."""

    spec = "bytes"

    def encode(self, texts: Sequence[str]) -> list[Text]:
        return [Text(self._rows(text), torch.zeros(0)) for text in texts]

    def _rows(self, text: str) -> Tensor:
        data = text.encode()[: BYTES_PER_TOKEN * MAX_BYTE_TOKENS]
        values = torch.tensor(list(data), dtype=torch.float32) + 1
        return F.pad(values, (0, -len(values) % BYTES_PER_TOKEN)).reshape(-1, BYTES_PER_TOKEN)


class ByteEncoder(nn.Module):
    """Rows of four bytes [M, 4] of S captions, packed -> tokens [M, E] and one vector per caption [S, E].

    A convolution over the bytes sees each with SIGHT neighbours on both sides, and a token takes the largest
    value of each feature over its four: words do not begin at multiples of four, and so are found wherever
    they stand. Then come a few layers of attention within the caption.
    """

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        embedding = width // BYTES_PER_TOKEN
        self.embedding = nn.Embedding(257, embedding)
        self.letters = nn.Linear((2 * SIGHT + 1) * embedding, width)
        self.layers = nn.ModuleList([ByteLayer(width) for _ in range(layers)])

    def forward(self, text: Tensor, segments: Segments) -> tuple[Tensor, Tensor]:
        values = text.nan_to_num().long()[segments.order]
        own = self.embedding(values).flatten(1)  # [M, 4e]
        around = torch.cat(_neighbours(own, segments.place), 1).unflatten(1, (3 * BYTES_PER_TOKEN, -1))
        windows = around.unfold(1, 2 * SIGHT + 1, 1).flatten(2)  # [M, 4, e · (2 SIGHT + 1)]
        x = F.silu(self.letters(windows)).amax(1)
        position = F.pad(segments.place[:, None].float(), (1, 1))  # along y: no seconds
        cos, sin = rotations(position, (0, BYTE_HEAD, 0))
        for layer in self.layers:
            x = layer(x, cos, sin, *segments.for_kernel(x.device, x.dtype))
        return x[segments.inverse], segments.mean(x.float())


def _neighbours(x: Tensor, place: Tensor) -> list[Tensor]:
    """Each row's predecessor, the row, its successor within the sample; zeros beyond the ends."""
    first = (place == 0)[:, None]
    last = first.roll(-1, 0)
    return [x.roll(1, 0).masked_fill(first, 0), x, x.roll(-1, 0).masked_fill(last, 0)]


class RMSNorm(nn.RMSNorm):
    """y = γ x / √(mean of x²), in float32 and back: also where autocast leaves γ in float32 and x is not."""

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x.float(), self.normalized_shape, self.weight.float(), 1e-6).to(x.dtype)


class ByteLayer(nn.Module):
    """x + attention, x + MLP, each of RMS-normed x."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm_attention, self.norm_mlp = RMSNorm(width), RMSNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp_in, self.mlp_out = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(
        self, x: Tensor, cos: Tensor, sin: Tensor, borders: Tensor, longest: int, runs: list[tuple[int, int]]
    ) -> Tensor:
        qkv = self.qkv(self.norm_attention(x)).unflatten(1, (3, -1, BYTE_HEAD))
        q, k, v = qkv.unbind(1)
        q, k = rotate(q, cos, sin).to(v.dtype), rotate(k, cos, sin).to(v.dtype)
        x = x + self.out(attend(q, k, v, borders, longest, runs).flatten(1))
        return x + self.mlp_out(F.gelu(self.mlp_in(self.norm_mlp(x)), approximate="tanh"))


class HFTextEncoder:
    """A frozen text encoder of transformers: T5, UMT5, CLIP, BERT and others.

    Tokens are the last hidden states, of at most `max_tokens`. The pooled vector is the model's own where it
    has one (CLIP), else the mean over the tokens. Padding within a batch is masked and cut off.
    """

    def __init__(self, spec: str, device: torch.device | str = "cpu", max_tokens: int = 512) -> None:
        # Heavy, and needed by those who use such an encoder alone.
        from transformers import AutoModelForTextEncoding, AutoTokenizer

        name, revision = _name_and_revision(spec)
        # No code and no pickle that comes with a model is ever run.
        where: dict[str, Any] = {"revision": revision, "trust_remote_code": False}
        self.spec, self.device = spec, torch.device(device)
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(name, **where)
            model = AutoModelForTextEncoding.from_pretrained(name, use_safetensors=True, **where)
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            reason = " ".join(str(error).split())[:300]
            raise ValueError(
                f"{spec} has no text encoder that transformers can read ({reason}): give the name, revision "
                "or folder of one with its tokenizer and safetensors"
            ) from error
        self.model = model.eval().requires_grad_(False).to(self.device)
        known = getattr(self.model.config, "max_position_embeddings", None)
        self.max_tokens = min(max_tokens, known) if known else max_tokens

    @torch.no_grad()
    def encode(self, texts: Sequence[str]) -> list[Text]:
        batch = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=self.max_tokens, return_tensors="pt"
        ).to(self.device)
        mask = batch["attention_mask"].bool()
        output = self.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        tokens = [row[kept].float().cpu() for row, kept in zip(output.last_hidden_state, mask, strict=True)]
        own = getattr(output, "pooler_output", None)
        pooled = [row.mean(0) for row in tokens] if own is None else list(own.float().cpu())
        return [Text(row, one) for row, one in zip(tokens, pooled, strict=True)]


def _name_and_revision(spec: str) -> tuple[str, str | None]:
    """A local folder has no revision; a name must have one, or what was encoded could change unnoticed."""
    if spec and Path(spec).is_dir():
        return spec, None
    name, at, revision = spec.rpartition("@")
    if not at or not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)?", name) or not revision:
        raise ValueError(
            f"the text encoder {spec!r} is not known: give bytes, a folder, or a name with the revision that "
            "it is pinned to, as in google/umt5-xl@<commit>"
        )
    return name, revision
