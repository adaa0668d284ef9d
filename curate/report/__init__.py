"""RUN/report.html: what a run did, as one page that needs neither a network nor a program.

Every number comes from the views of `curate query` (`source.py`) and stands in a `<data value=…>` element
whose data-attributes name where it is from, so that scripts and tests can read the page too. Charts are SVG
(`charts.py`), pictures are made from the JPEGs that the scan stored (`strips.py`). The size of the page does
not grow with the run: distributions are aggregated in DuckDB, and lists end after a few rows. The same tables
give the same bytes.
"""

from contextlib import suppress

from curate import clips
from curate.query import Views
from curate.storage import Folder

NAME = "report.html"
VERSION = 1
"""Goes up when the page shows the same tables otherwise."""


def write(folder: Folder) -> str:
    """Write the page of the last run in `folder`; returns its path. `QueryError` for a folder without one."""
    from curate.report.page import render  # jinja2 and matplotlib are imported when there is a page to write

    folder.write(NAME, render(folder, state_of(folder)).encode("utf-8", "backslashreplace"))
    return folder.path(NAME)


def update(folder: Folder) -> str:
    """As `write`, but a page that shows these rows already is left as it is: a run that had nothing to do
    changed nothing but its own rows of `runs` and `steps`, and should end at once."""
    with suppress(OSError), open(folder.path(NAME), "rb") as file:
        if state_of(folder).encode() in file.read(1000):
            return folder.path(NAME)
    return write(folder)


def state_of(folder: Folder) -> str:
    """A key of what the page shows: the pipeline, and the views, whose SQL names the committed parts."""
    views = Views(folder)
    shown = {name: sql for name, sql in views.all().items() if name not in ("runs", "steps")}
    last = views.last
    return clips.cache_key("report", VERSION, shown, last["name"], last["pipeline"], last["passed_over"])
