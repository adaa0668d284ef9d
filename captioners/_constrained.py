"""Answers that obey a JSON schema, by the token: which ones may come next, for each row of a batch.

llguidance walks the schema and the bytes of the vocabulary in Rust, some ten microseconds a token, and hands
over one bit per token.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

Barred = npt.NDArray[np.bool_]
"""(rows, tokens): which ones may not come next."""

WRITTEN_AS: Any = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""One way to write JSON, Python's own, which models have read most of: free white space never ends where a
model has nothing to say."""


class Grammars:
    """Schemas made ready for one tokenizer, each once."""

    def __init__(self, tokenizer: Any, vocabulary: int, ends: Sequence[int]) -> None:
        """`vocabulary` is the number of the model's logits, which may be more than the tokenizer has; `ends`
        are the tokens that end an answer."""
        from llguidance import LLExecutor, LLTokenizer
        from llguidance.hf import from_tokenizer

        self.words = -(-vocabulary // 32)
        """Of 32 bits each, for a mask."""
        self.executor = LLExecutor()
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="masks")
        self._tokenizer = from_tokenizer(
            tokenizer, n_vocab=vocabulary, eos_token=list(ends), slices=LLTokenizer.json_slices()
        )
        self._ready: dict[str, Any] = {}

    def start(self, schema: Mapping[str, Any]) -> Any:
        """A matcher at the start of an answer. An empty schema leaves the answer free. ValueError where no
        answer can be decoded by the schema."""
        from llguidance import LLMatcher

        # Not sorted: the order of properties is that in which they are written.
        key = json.dumps(dict(schema))
        if key not in self._ready:
            if schema:
                grammar = LLMatcher.grammar_from_json_schema(key, overrides=WRITTEN_AS)
            else:
                grammar = LLMatcher.grammar_from_regex(r"(?s:.*)")
            matcher = LLMatcher(self._tokenizer, grammar, log_level=0)
            if matcher.is_error():
                said = " ".join(matcher.get_error().split())[:300]
                raise ValueError(f"no answer can be decoded by its JSON schema: {said}")
            self._ready[key] = matcher
        return self._ready[key].deep_copy()

    def close(self) -> None:
        self.thread.shutdown(wait=True)


class Masks:
    """The tokens that each row of a batch may write next.

    They are found in a thread of their own while the model computes the logits that they are for."""

    def __init__(self, grammars: Grammars, matchers: Sequence[Any]) -> None:
        self.matchers = matchers
        self._grammars = grammars
        self._bits = np.zeros((len(matchers), grammars.words), dtype=np.int32)
        self._barred: Barred = np.zeros((len(matchers), 32 * grammars.words), dtype=np.bool_)
        self._coming: Future[None]
        self.prepare(range(len(matchers)))

    def prepare(self, rows: Iterable[int]) -> None:
        """Begin with the masks of the rows that go on."""
        self._coming = self._grammars.thread.submit(self._fill, list(rows))

    def _fill(self, rows: list[int]) -> None:
        from llguidance.numpy import fill_next_token_bitmask_par

        matchers = [(self.matchers[row], row) for row in rows]
        fill_next_token_bitmask_par(self._grammars.executor, matchers, self._bits)
        # Bit i of word w says whether token 32 w + i may come next.
        flags = np.unpackbits(self._bits[rows].view(np.uint8), axis=1, bitorder="little")
        self._barred[rows] = flags == 0

    def barred(self, vocabulary: int) -> Barred:
        """(rows, vocabulary) of what `prepare` was last asked for. Rows that have ended stay as they were."""
        self._coming.result()
        beyond = max(0, vocabulary - self._barred.shape[1])
        return np.pad(self._barred[:, :vocabulary], ((0, 0), (0, beyond)), constant_values=True)
