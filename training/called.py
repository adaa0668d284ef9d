"""How a program of the trainer ends: what went wrong is one sentence and an exit code, never a traceback."""

import argparse
import sys
from collections.abc import Callable

import torch

from training.ranks import Ranks
from training.stopping import Stopped

OUT_OF_MEMORY = (
    "the device has no memory left ({0}): give a smaller --pack-tokens or --batch, --recompute full, a "
    "smaller --preset, or more devices"
)


def called(run: Callable[[argparse.Namespace, Ranks], None], given: argparse.Namespace) -> int:
    """Run a training as asked. 0: done; 2: it cannot be; 143: it was told to end, and saved."""
    try:
        with Ranks(given.device) as ranks:
            run(given, ranks)
    except Stopped as stopped:
        return _said(143, str(stopped))
    except ValueError as error:
        return _said(2, str(error))
    except RuntimeError as error:
        if (said := out_of_memory(error)) is None:
            raise
        return _said(2, said)
    return 0


def out_of_memory(error: RuntimeError) -> str | None:
    """What to do, if it is for lack of memory: a class of its own on a GPU, a text on a CPU."""
    first = str(error).strip().split(". ")[0].splitlines()[0] if str(error).strip() else ""
    if isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error):
        return OUT_OF_MEMORY.format(first)
    return None


def _said(code: int, text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return code
