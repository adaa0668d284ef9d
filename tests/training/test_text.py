"""Captions as tokens: bytes, and frozen encoders of transformers on tiny random weights."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.training.tiny_dit import BYTES, filled
from training.packing import Example, pack
from training.text import MAX_BYTE_TOKENS, Bytes, HFTextEncoder, RMSNorm, text_encoder

WORDS = ["a", "red", "blue", "ball", "moves", "to", "the", "left", "right", "slowly"]
CAPTIONS = ["a red ball", "a blue ball moves slowly to the right", "left", "the ball moves"]


# -- bytes ------------------------------------------------------------------------------------------------


def test_bytes_are_utf8_in_rows_of_four() -> None:
    (tokens, pooled), (empty, _) = text_encoder("bytes").encode(["Bälle", ""])
    assert (tokens - 1).flatten().tolist() == [*"Bälle".encode(), -1, -1]  # six bytes, two that fill
    assert tokens.shape == (2, 4)
    assert pooled.shape == (0,)
    assert empty.shape == (0, 4)


def test_at_most_256_rows_are_read() -> None:
    for length, rows in [(1, 1), (4, 1), (5, 2), (1024, 256), (1025, 256), (100_000, 256)]:
        tokens = Bytes().encode(["x" * length])[0].tokens
        assert len(tokens) == rows <= MAX_BYTE_TOKENS
    # Cut within a character: still bytes.
    assert len(Bytes().encode(["ä" * 600])[0].tokens) == 256


def test_all_bytes_survive_half_precision() -> None:
    tokens = Bytes().encode([bytes(range(256)).decode("latin-1")])[0].tokens
    assert torch.equal(tokens.bfloat16().float(), tokens)


@torch.no_grad()
def test_every_byte_of_a_caption_counts_and_none_of_its_neighbours() -> None:
    encoder, layout = filled(BYTES).bytes, None
    assert encoder is not None

    def read(*captions: str) -> list[tuple[torch.Tensor, torch.Tensor]]:
        packed = pack(
            [
                Example(torch.zeros(4, 1, 2, 2), 0.5, 0.1, text=Bytes().encode([one])[0].tokens)
                for one in captions
            ],
            BYTES,
        )
        tokens, pooled = encoder(packed.text, packed.layout.text)
        return list(zip(tokens.split(packed.text_lengths), pooled, strict=True))

    alone = read("a red ball moves")[0]
    others = ["ball", "a blue ball moves to the left, slowly", "é"]
    for found in (read("a red ball moves", *others)[0], read(*others, "a red ball moves")[-1]):
        assert (found[0] - alone[0]).abs().max() < 1e-5
        assert (found[1] - alone[1]).abs().max() < 1e-5
    # Pooled is the mean over the caption's own tokens.
    assert torch.allclose(alone[1], alone[0].mean(0), atol=1e-6)
    # Each letter is seen, and where it stands.
    for at in range(len("a red ball moves")):
        changed = "a red ball moves"[:at] + "#" + "a red ball moves"[at + 1 :]
        assert (read(changed)[0][0] - alone[0]).abs().max() > 1e-2
    one, other = read("abcdefgh")[0][0], read("efghabcd")[0][0]
    assert (one.flip(0) - other).abs().max() > 1e-2
    assert layout is None


def test_rms_norm_is_computed_in_single_precision() -> None:
    norm = RMSNorm(64)
    x = torch.randn(9, 64, generator=torch.Generator().manual_seed(0))
    expected = x / (x.square().mean(1, keepdim=True) + 1e-6).sqrt()
    assert torch.allclose(norm(x), expected, atol=1e-6)
    half = norm(x.bfloat16())  # a weight in float32 and an input in bfloat16, as under autocast
    assert half.dtype == torch.bfloat16
    assert torch.allclose(half.float(), expected, atol=0.03)


# -- transformers -----------------------------------------------------------------------------------------


def _tokenizer(folder: Path) -> None:
    """One token a word, without any download."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = {word: number for number, word in enumerate(["<pad>", "</s>", "<unk>", *WORDS])}
    made = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)


def _saved(kind: str, folder: Path) -> str:
    """A tiny random encoder of that kind."""
    import transformers as hf

    t5 = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2, "decoder_start_token_id": 0}
    bert = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config_of, model_of, sizes = {
        "t5": (hf.T5Config, hf.T5EncoderModel, t5),
        "umt5": (hf.UMT5Config, hf.UMT5EncoderModel, t5),
        "clip": (hf.CLIPTextConfig, hf.CLIPTextModel, {**bert, "max_position_embeddings": 8}),
        "bert": (hf.BertConfig, hf.BertModel, {**bert, "max_position_embeddings": 32}),
    }[kind]
    torch.manual_seed(0)
    config = config_of(vocab_size=len(WORDS) + 3, pad_token_id=0, eos_token_id=1, **sizes)
    model_of(config).save_pretrained(folder)
    _tokenizer(folder)
    return str(folder)


@pytest.fixture(scope="module", params=["t5", "umt5", "clip", "bert"])
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> HFTextEncoder:
    found = text_encoder(_saved(request.param, tmp_path_factory.mktemp(request.param)))
    assert isinstance(found, HFTextEncoder)
    return found


def test_captions_come_without_padding_whatever_is_beside_them(encoder: HFTextEncoder) -> None:
    together = encoder.encode(CAPTIONS)
    for caption, found in zip(CAPTIONS, together, strict=True):
        words = min(len(caption.split()) + 1, encoder.max_tokens)  # with </s>
        assert found.tokens.shape == (words, 16)
        assert found.pooled.shape == (16,)
        assert found.tokens.dtype == found.pooled.dtype == torch.float32
        alone = encoder.encode([caption])[0]
        assert (found.tokens - alone.tokens).abs().max() <= 1e-5
        assert (found.pooled - alone.pooled).abs().max() <= 1e-5
    assert (together[0].tokens[1] - together[1].tokens[1]).abs().max() > 1e-3  # red, blue


def test_the_encoder_is_frozen_and_its_length_limited(encoder: HFTextEncoder) -> None:
    assert not encoder.model.training
    assert not any(parameter.requires_grad for parameter in encoder.model.parameters())
    most = {"clip": 8, "bert": 32}.get(encoder.model.config.model_type.removesuffix("_text_model"), 512)
    assert encoder.max_tokens == most
    assert len(encoder.encode(["ball " * 2000])[0].tokens) == most


def test_the_pooled_vector_is_the_models_own_or_the_mean(encoder: HFTextEncoder) -> None:
    found = encoder.encode(CAPTIONS[:1])[0]
    mean = found.tokens.mean(0)
    own = encoder.model.config.model_type not in ("t5", "umt5")
    assert torch.allclose(found.pooled, mean, atol=1e-6) != own


def test_what_is_encoded_fits_the_model(encoder: HFTextEncoder) -> None:
    config = replace(BYTES, text_width=16, pooled_width=16)
    samples = [
        Example(torch.randn(4, 1, 4, 4), 0.5, 0.1, text=one.tokens, pooled=one.pooled)
        for one in encoder.encode(CAPTIONS)
    ]
    assert filled(config)(pack(samples, config)).shape == (16, 16)


@pytest.mark.parametrize(
    "spec", ["google/umt5-xl", "umt5", "no/such/folder", "a@", "@main", "byte", "../x@1", "", "a b@c"]
)
def test_names_without_a_revision_are_refused(spec: str) -> None:
    with pytest.raises(ValueError, match="is not known: give bytes, a folder, or a name with the revision"):
        text_encoder(spec)


def test_a_folder_without_an_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no text encoder that transformers can read"):
        text_encoder(str(tmp_path))


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    _saved("t5", tmp_path)
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(ValueError, match="has no text encoder that transformers can read"):
        text_encoder(str(tmp_path))
