"""`curate doctor`: looks at the machine, tries what a run needs, and says what to do."""

import json
import textwrap
from collections.abc import Callable, Iterator, Sequence

from curate.doctor import host, installed
from curate.doctor.check import Check

__all__ = ["Check", "as_json", "examine", "shown", "verdict"]


def examine(folder: str = ".", *, quick: bool = False) -> Iterator[Check]:
    """All checks, cheap first; `folder` is where a run would write. `quick` leaves out what takes seconds:
    starting Ray, and importing the extras."""
    checks: dict[str, Callable[[], Check | Sequence[Check]]] = {
        "python": host.python,
        "cores": host.cores,
        "memory": host.memory,
        "disk": lambda: host.disk(folder),
        "file system": lambda: host.file_system(folder),
        "shared memory": host.shared_memory,
        "temporary files": host.temporary,
        "open files": host.open_files,
        "packages": installed.versions,
        "opencv": installed.opencv,
        "codecs": installed.codecs,
        "decoding process": installed.sandbox,
        "gpu": installed.gpu,
        "extras": lambda: installed.extras(try_them=not quick),
    }
    if not quick:
        checks["ray"] = installed.ray
    for name, check in checks.items():
        try:
            found = check()
        except Exception as error:  # a check that fails is a finding, and the others are still wanted
            said = " ".join(str(error).split()) or type(error).__name__
            found = Check(name, "note", f"could not be checked: {type(error).__name__}: {said}")
        yield from [found] if isinstance(found, Check) else found


def shown(check: Check, width: int = 100) -> str:
    """One check as lines for a terminal."""
    head = f"{check.state:<8}{check.name:<18}"
    rows = textwrap.wrap(check.found, width, initial_indent=head, subsequent_indent=" " * len(head))
    if check.advice:
        rows += textwrap.wrap(
            f"-> {check.advice}",
            width,
            initial_indent=" " * len(head),
            subsequent_indent=" " * (len(head) + 3),
        )
    return "\n".join(rows)


def verdict(checks: Sequence[Check]) -> str:
    """The last line."""
    problems = [check.name for check in checks if check.state == "problem"]
    if problems:
        return f"{len(problems)} of {len(checks)} checks would stop a run: {', '.join(problems)}"
    return "a run can start here: try `curate sample data/sample` and a pipelines.yaml, or `make demo`"


def as_json(checks: Sequence[Check]) -> str:
    """All checks as a JSON list."""
    return json.dumps([vars(check) for check in checks], ensure_ascii=False, indent=1)
