"""Vision-language models of random weights, 2 MB each, in files as the real ones have them.

What they answer is noise, but all code that loads, prompts and decodes a real checkpoint runs on them."""

import string
from pathlib import Path
from typing import Any

KINDS = ("qwen2_5_vl", "qwen3_vl")
PATCH = {"qwen2_5_vl": 14, "qwen3_vl": 16}
"""Pixels of a patch's side; 2 × 2 patches make a token, so a picture's sides are multiples of twice this."""
LONGEST = 4096
"""Tokens of a prompt and its answer."""

LIKELIER = 4.5
"""Logarithm of how much likelier a terse model thinks a quotation mark than other tokens."""

CORPUS = (
    "A short clip of a red square moving to the right on a dark background.",
    "The camera pans left while a person walks through a city street at night.",
    "system user assistant describe the video in detail , one sentence .",
    string.printable,
)
END, PAD = "<|im_end|>", "<|endoftext|>"
SPECIAL = (
    "<|im_start|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% if m['content'] is string %}{{ m['content'] }}{% else %}{% for c in m['content'] %}"
    "{% if c['type'] == 'image' or 'image' in c or 'image_url' in c %}"
    "<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif c['type'] == 'video' or 'video' in c %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif 'text' in c %}{{ c['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""As Qwen's own, without tools and numbering."""


def build(folder: Path, kind: str, terse: bool = False) -> Path:
    """A checkpoint of one of KINDS with its processor, in `folder`, which is returned. `terse`: it ends a
    text after some signs, so that a whole structured caption has about 200 tokens at a temperature of 1;
    others fill every text up to its longest."""
    import torch

    words = _tokenizer()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model, processor = _qwen(kind, words)
    if terse:
        _end_soon(model, words.convert_tokens_to_ids('"'))
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _end_soon(model: Any, quote: int) -> None:
    """Make the quotation mark likelier than any other token. There are no biases: one number of the hidden
    ones is made the same for all tokens, and is one."""
    model.get_input_embeddings().weight.data[:, 0] = 1.0
    # Normalized, it is about the root of the 64 numbers.
    model.get_output_embeddings().weight.data[quote, 0] = LIKELIER / 8


def _tokenizer() -> Any:
    """Single bytes, and the commonest pairs of CORPUS: about 600 tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=592, initial_alphabet=alphabet, show_progress=False)
    words.train_from_iterator(CORPUS * 4, trainer)
    made = PreTrainedTokenizerFast(
        tokenizer_object=words, eos_token=END, pad_token=PAD, model_max_length=LONGEST
    )
    made.add_special_tokens({"extra_special_tokens": list(SPECIAL)})
    return made


def _qwen(kind: str, words: Any) -> tuple[Any, Any]:
    """(model, processor), the model with 2 layers of 64 numbers on either side."""
    import transformers

    token = words.convert_tokens_to_ids
    patch = PATCH[kind]
    text: dict[str, Any] = {
        "vocab_size": 1024, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": LONGEST,
        "tie_word_embeddings": False, "bos_token_id": token(PAD), "eos_token_id": token(END),
        "pad_token_id": token(PAD),
    }  # fmt: skip
    vision: dict[str, Any] = {
        "depth": 2, "hidden_size": 64, "intermediate_size": 128, "num_heads": 2, "out_hidden_size": 64,
        "patch_size": patch, "spatial_merge_size": 2, "temporal_patch_size": 2,
    }  # fmt: skip
    rope: dict[str, Any] = {"rope_type": "default", "rope_theta": 1e4}
    if kind == "qwen2_5_vl":
        name, video_name = "Qwen2_5_VL", "Qwen2VL"
        text["rope_parameters"] = rope | {"mrope_section": [4, 6, 6]}
        vision |= {"window_size": 56, "fullatt_block_indexes": [1]}
    else:
        name, video_name = "Qwen3VL", "Qwen3VL"
        text |= {"head_dim": 32}
        text["rope_parameters"] = rope | {"mrope_section": [6, 5, 5], "mrope_interleaved": True}
        vision |= {"num_position_embeddings": 64, "deepstack_visual_indexes": [0]}
    ids = {f"vision_{side}_token_id": token(f"<|vision_{side}|>") for side in ("start", "end")}
    ids |= {f"{what}_token_id": token(f"<|{what}_pad|>") for what in ("image", "video")}
    config = getattr(transformers, f"{name}Config")(
        text_config=text, vision_config=vision, tie_word_embeddings=False, **ids
    )
    unit = (2 * patch) ** 2
    pixels = {"patch_size": patch, "merge_size": 2, "temporal_patch_size": 2}
    processor = getattr(transformers, f"{name}Processor")(
        image_processor=transformers.Qwen2VLImageProcessor(
            size={"shortest_edge": 4 * unit, "longest_edge": 64 * unit}, **pixels
        ),
        video_processor=getattr(transformers, f"{video_name}VideoProcessor")(
            size={"shortest_edge": 4 * unit, "longest_edge": 256 * unit}, **pixels
        ),
        tokenizer=words,
        chat_template=CHAT,
    )
    return getattr(transformers, f"{name}ForConditionalGeneration")(config), processor
