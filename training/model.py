"""A diffusion transformer for video: dual-stream blocks, then single-stream blocks, over packed samples.

    text ──► text_in ──┐   ┌─ DualBlock × dual ─┐      ┌─ SingleBlock × single ─┐
    z_t ───► token_in ─┤──►│ weights per stream │─────►│ one set of weights for │──► last ──► velocity
    given ─► image_in ─┘   │ attention over all │ join │ all tokens of a sample │
                           └─────────▲──────────┘      └───────────▲────────────┘
    t, pooled text, frame rate, motion, aesthetic ──► c ──► modulation, shared by all blocks

The hybrid of FLUX and Open-Sora 2.0 (after SD3's MMDiT, arXiv:2403.03206), with these choices:

- Packed samples without padding (packing.py), attention within each (attention.py), time in seconds
  (rope.py).
- QK-norm: queries and keys are RMS-normed per head before they are rotated, so that logits cannot grow.
- Shared adaLN (PixArt-α, arXiv:2310.00426): one network turns c into shifts, scales and gates for every
  block, each block adds an offset of its own that it learns. A network per block would be a third of all
  weights.
- No biases in blocks: the shift of the modulation goes through the matrix and is one already, and the
  gradient of a bias is a sum over all tokens that costs as much as the activation beside it.
- What is given (a first frame, the end of a clip) comes as mask and latent beside z_t, through a projection
  that starts at zero: a text-to-video model becomes an image-to-video model without a jump.
- What is unknown is NaN and becomes a learned vector: captions, frame rate, motion and aesthetic score may
  all be missing, and be left out on purpose for guidance.
- Every token has a stream id. A further stream (sound) has its own way in, own weights in dual blocks and own
  way out, and shares all else. Where it is empty nothing changes, to the bit.

Precision. Norms, rotations, modulation arithmetic and the sinusoids of t are float32 whatever the parameters
are; matrix products, what flows between blocks, and the rows that tokens are modulated with have the
parameters' type, or autocast's. Under FSDP with
bfloat16 parameters set `MixedPrecisionPolicy(cast_forward_inputs=False)`: cos and sin must stay float32, and
blocks say so if they do not.

At the start each block's gates and the last layer are zero, so every block passes its input on and the
velocity is 0 (adaLN-Zero, DiT, arXiv:2212.09748); other matrices are Xavier-uniform, biases 0, bytes N(0, 1),
the vectors for what is unknown N(0, 0.02²). `DiT(config)` under `torch.device("meta")`, then `to_empty` and
`init_weights`, does the same.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.attention import Runs, attend, permuted, spread
from training.conditions import Number, Place
from training.packing import Packed
from training.rope import rotate, rotations
from training.text import BYTE_HEAD, BYTES_PER_TOKEN, ByteEncoder, RMSNorm

# Rows of the shared modulation: (shift, scale, gate) of attention and of the MLP in dual blocks, one triple
# for single blocks, (shift, scale) for the last layer.
DUAL, SINGLE, LAST = slice(0, 6), slice(6, 9), slice(9, 11)


@dataclass(frozen=True)
class DiTConfig:
    """The sizes of a diffusion transformer."""

    latent_channels: int = 16
    """C, of the autoencoder."""
    patch: int = 2
    """p: a token is p × p latent pixels of one latent frame. 2 for 8 pixels a latent, 1 for 32."""
    width: int = 1536
    """W, of every token between the blocks."""
    heads: int = 12
    """Attention kernels are far faster with W / heads = 128 than with 64."""
    dual: int = 8
    """Blocks with weights per stream."""
    single: int = 18
    """Blocks with one set of weights."""
    mlp: int = 4
    """Width of the MLPs, in W."""
    axes: tuple[int, int, int] = (16, 56, 56)
    """Dimensions of a head that turn with time, y and x; together W / heads."""
    text_width: int | None = None
    """D, of the text encoder's tokens; None: captions come as bytes, and the model learns to read them."""
    pooled_width: int = 0
    """P, of the text encoder's pooled vector."""
    byte_width: int = 256
    """E, of the byte encoder."""
    byte_layers: int = 2
    streams: tuple[int, ...] = ()
    """Values per token of further streams."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "axes", tuple(self.axes))
        object.__setattr__(self, "streams", tuple(self.streams))
        for name in ("latent_channels", "patch", "width", "heads", "mlp", "byte_width"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, but must be 1 or more")
        if self.width % self.heads or sum(self.axes) != self.width // self.heads:
            raise ValueError(
                f"axes {self.axes} do not add up to a head's {self.width / self.heads:g} dimensions "
                f"(width {self.width} / {self.heads} heads): change one of the three"
            )
        if any(axis % 2 for axis in self.axes):
            raise ValueError(f"axes {self.axes} must be even: dimensions turn in pairs")
        if self.text_width is None and self.byte_width % BYTE_HEAD:
            raise ValueError(f"byte_width is {self.byte_width}, but must be a multiple of {BYTE_HEAD}")

    @property
    def head(self) -> int:
        """D, dimensions of a head."""
        return self.width // self.heads

    @property
    def video_columns(self) -> int:
        """C·p·p, values of a video token."""
        return self.latent_channels * self.patch**2

    @property
    def stream_columns(self) -> tuple[int, ...]:
        """Values of a token of each stream."""
        return (self.video_columns, *self.streams)

    @property
    def columns(self) -> int:
        """Of `Packed.tokens`: the widest stream's."""
        return max(self.stream_columns)

    @property
    def image_columns(self) -> int:
        """(C + 1)·p·p, of `Packed.image`."""
        return (self.latent_channels + 1) * self.patch**2

    @property
    def text_columns(self) -> int:
        """Of `Packed.text`."""
        return self.text_width or BYTES_PER_TOKEN


def modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """LayerNorm(x) · (1 + scale) + shift, in float32: [T, W]"""
    normed = F.layer_norm(x.float(), x.shape[-1:], eps=1e-6)
    return (normed * (1 + scale.float()) + shift.float()).to(x.dtype)


def rows(modulation: Tensor, offset: Tensor, sample: Tensor, dtype: torch.dtype) -> list[Tensor]:
    """What each token [T] is modulated with: K of [T, W], from the shared [S, K, W] and a block's [K, W]."""
    own = (modulation.float() + offset.float()).to(dtype)
    return [spread(part, sample) for part in own.unbind(1)]


def gated(x: Tensor, gate: Tensor, step: Tensor) -> Tensor:
    """x + gate · step; x keeps its type."""
    return x + (gate.float() * step.float()).to(x.dtype)


class HeadNorm(nn.Module):
    """y = γ x / √(mean of x² over a head's D dimensions), in float32 (QK-norm)."""

    def __init__(self, head: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.empty(head))

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x.float(), x.shape[-1:], self.scale.float(), 1e-6)


class Side(nn.Module):
    """One stream's weights in a dual-stream block."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        width, hidden = config.width, config.mlp * config.width
        self.heads = config.heads
        self.offset = nn.Parameter(torch.empty(6, width))
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.norm_q, self.norm_k = HeadNorm(config.head), HeadNorm(config.head)
        self.mlp_in = nn.Linear(width, hidden, bias=False)
        self.mlp_out = nn.Linear(hidden, width, bias=False)

    def before(self, x: Tensor, modulation: list[Tensor], cos: Tensor, sin: Tensor) -> list[Tensor]:
        """q, k, v [T, H, D] of this stream's tokens."""
        q, k, v = self.qkv(modulated(x, *modulation)).unflatten(1, (3, self.heads, -1)).unbind(1)
        q, k = rotate(self.norm_q(q), cos, sin), rotate(self.norm_k(k), cos, sin)
        return [q.to(v.dtype), k.to(v.dtype), v]

    def after(self, x: Tensor, attended: Tensor, modulation: list[Tensor]) -> Tensor:
        """The residual steps: attention's result, then the MLP."""
        gate, shift, scale, mlp_gate = modulation
        x = gated(x, gate, self.out(attended))
        h = F.gelu(self.mlp_in(modulated(x, shift, scale)), approximate="tanh")
        return gated(x, mlp_gate, self.mlp_out(h))


class DualBlock(nn.Module):
    """Text and each stream have their own weights; attention joins them."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.sides = nn.ModuleList([Side(config) for _ in range(2 + len(config.streams))])

    def forward(
        self,
        streams: list[Tensor],  # [T_i, W] each: text, video, further streams
        modulation: Tensor,  # [S, 6, W]
        sample: list[Tensor],  # [T_i] each
        cos: list[Tensor],  # [T_i, D/2] each
        sin: list[Tensor],
        order: Tensor,  # [T] by stream -> joint
        inverse: Tensor,  # [T] joint -> by stream
        borders: Tensor,
        longest: int,
        runs: Runs,
    ) -> list[Tensor]:
        assert cos[0].dtype == torch.float32, "set cast_forward_inputs=False: rotations are float32"
        each = list(zip(self.sides, streams, sample, strict=True))
        m = [rows(modulation, side.offset, s, x.dtype) for side, x, s in each]
        qkv = [side.before(x, m[i][:2], cos[i], sin[i]) for i, (side, x, _) in enumerate(each)]
        q, k, v = (permuted(torch.cat(part), order, inverse) for part in zip(*qkv, strict=True))
        joint = permuted(attend(q, k, v, borders, longest, runs).flatten(1), inverse, order)
        attended = joint.split([len(x) for x in streams])
        return [side.after(x, attended[i], m[i][2:]) for i, (side, x, _) in enumerate(each)]


class SingleBlock(nn.Module):
    """All tokens share the weights; attention and MLP run side by side (ViT-22B, arXiv:2302.05442)."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        width, hidden = config.width, config.mlp * config.width
        self.heads, self.split = config.heads, (3 * width, hidden)
        self.offset = nn.Parameter(torch.empty(3, width))
        self.norm_q, self.norm_k = HeadNorm(config.head), HeadNorm(config.head)
        self.qkv_mlp = nn.Linear(width, 3 * width + hidden, bias=False)
        self.out = nn.Linear(width + hidden, width, bias=False)

    def forward(
        self,
        x: Tensor,  # [T, W], joint
        modulation: Tensor,  # [S, 3, W]
        sample: Tensor,  # [T]
        cos: Tensor,  # [T, D/2]
        sin: Tensor,
        borders: Tensor,
        longest: int,
        runs: Runs,
    ) -> Tensor:
        assert cos.dtype == torch.float32, "set cast_forward_inputs=False: rotations are float32"
        shift, scale, gate = rows(modulation, self.offset, sample, x.dtype)
        qkv, h = self.qkv_mlp(modulated(x, shift, scale)).split(self.split, 1)
        q, k, v = qkv.unflatten(1, (3, self.heads, -1)).unbind(1)
        q = rotate(self.norm_q(q), cos, sin).to(v.dtype)
        k = rotate(self.norm_k(k), cos, sin).to(v.dtype)
        attended = attend(q, k, v, borders, longest, runs).flatten(1)
        return gated(x, gate, self.out(torch.cat([attended, F.gelu(h, approximate="tanh")], 1)))


class Last(nn.Module):
    """Tokens of one stream -> velocity."""

    def __init__(self, width: int, columns: int) -> None:
        super().__init__()
        self.offset = nn.Parameter(torch.empty(2, width))
        self.linear = nn.Linear(width, columns)

    def forward(self, x: Tensor, modulation: Tensor, sample: Tensor) -> Tensor:
        return self.linear(modulated(x, *rows(modulation, self.offset, sample, x.dtype)))


class DiT(nn.Module):
    """Velocity v = ε - x_0 of every token of a pack."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.bytes = None if config.text_width else ByteEncoder(config.byte_width, config.byte_layers)
        text_width = config.text_width or config.byte_width
        self.text_norm, self.text_in = RMSNorm(text_width), nn.Linear(text_width, width)
        self.no_text = nn.Parameter(torch.empty(width))
        self.token_in = nn.ModuleList([nn.Linear(columns, width) for columns in config.stream_columns])
        self.place_in = Place(width)
        self.image_in = nn.Linear(config.image_columns, width, bias=False)

        self.t = Number(width, scale=1000)
        # Linear: what words say adds up. A network here learns whole captions by heart, and with them pairs.
        self.pooled = nn.Linear(config.pooled_width if config.text_width else config.byte_width, width)
        self.no_pooled = nn.Parameter(torch.empty(width))
        self.fps = Number(width, scale=10)  # frames per second
        self.motion = Number(width, scale=10)  # percent of the diagonal per second
        self.aesthetic = Number(width, scale=100)  # 1 to 10
        self.modulation = nn.Linear(width, LAST.stop * width)

        self.dual = nn.ModuleList([DualBlock(config) for _ in range(config.dual)])
        self.single = nn.ModuleList([SingleBlock(config) for _ in range(config.single)])
        self.last = nn.ModuleList([Last(width, columns) for columns in config.stream_columns])
        self.init_weights()

    def forward(self, packed: Packed) -> Tensor:
        """[N, C·p·p] float32. A narrower stream's velocity fills its first columns, the others are 0."""
        layout, dtype = packed.layout, self.text_in.weight.dtype
        text, pooled = self._text(packed, dtype)
        streams = [text, *self._tokens(packed, dtype)]
        modulation = self.modulation(F.silu(self._conditions(packed, pooled)))
        modulation = modulation.unflatten(1, (LAST.stop, -1))  # [S, 11, W]

        joint = layout.joint
        place = torch.cat([packed.position.new_zeros(len(text), 3), packed.position[layout.by_stream]])
        kernel = joint.for_kernel(text.device, text.dtype)
        turns = rotations(place, self.config.axes)  # cos and sin
        sample, cos, sin = (list(x.split(layout.sizes)) for x in (layout.sample, *turns))
        for block in self.dual:
            streams = block(
                streams, modulation[:, DUAL], sample, cos, sin, joint.order, joint.inverse, *kernel
            )
        x = permuted(torch.cat(streams), joint.order, joint.inverse)
        turns = tuple(turn[joint.order] for turn in turns)
        for block in self.single:
            x = block(x, modulation[:, SINGLE], joint.sample, *turns, *kernel)

        # What became of the text is not needed.
        _, *streams = permuted(x, joint.inverse, joint.order).split(layout.sizes)
        velocity = [
            last(part, modulation[:, LAST], s)
            for last, part, s in zip(self.last, streams, sample[1:], strict=True)
        ]
        wide = [F.pad(part, (0, self.config.columns - part.shape[1])) for part in velocity]
        return torch.cat(wide)[layout.from_stream].float()

    def _text(self, packed: Packed, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Tokens [M, W] and one vector per sample [S, W]; where there is no caption, the learned ones."""
        absent = packed.text[:, 0].isnan()  # [M]; such a sample has this one row
        if self.bytes is None:
            tokens, pooled = packed.text.nan_to_num().to(dtype), packed.pooled.nan_to_num()
        else:
            tokens, pooled = self.bytes(packed.text, packed.layout.text)
        x = self.text_in(self.text_norm(tokens.to(dtype)))
        none = absent[packed.layout.first_text][:, None]
        p = self.pooled(pooled.to(dtype))
        return (
            torch.where(absent[:, None], self.no_text.to(x.dtype), x),
            torch.where(none, self.no_pooled.to(p.dtype), p),
        )

    def _tokens(self, packed: Packed, dtype: torch.dtype) -> list[Tensor]:
        """[N_i, W] of each stream; its place and what is given are added to the video's."""
        _, *counts = packed.layout.sizes
        by_stream = packed.tokens.to(dtype)[packed.layout.by_stream].split(counts)
        streams = [
            token_in(part[:, :columns])
            for token_in, part, columns in zip(
                self.token_in, by_stream, self.config.stream_columns, strict=True
            )
        ]
        video = packed.layout.by_stream[: counts[0]]
        image, place = packed.image.to(dtype)[video], packed.place[video]
        streams[0] = streams[0] + self.place_in(place).to(streams[0].dtype) + self.image_in(image)
        return streams

    def _conditions(self, packed: Packed, pooled: Tensor) -> Tensor:
        """c [S, W], the sum of all that is known of a sample as a whole."""
        numbers = self.t(packed.t) + self.fps(packed.fps) + self.motion(packed.motion)
        return numbers + self.aesthetic(packed.aesthetic) + pooled

    def init_weights(self) -> None:
        """See the top of this file."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight)
            elif isinstance(module, nn.RMSNorm):
                nn.init.ones_(module.weight)
            elif isinstance(module, HeadNorm):
                nn.init.ones_(module.scale)
            elif isinstance(module, Number):
                nn.init.normal_(module.unknown, std=0.02)
            elif isinstance(module, Side | SingleBlock | Last):
                nn.init.zeros_(module.offset)
        for embedding in (self.no_text, self.no_pooled):
            nn.init.normal_(embedding, std=0.02)
        zero = [self.modulation, self.image_in, *(last.linear for last in self.last)]
        for linear in zero:
            nn.init.zeros_(linear.weight)
