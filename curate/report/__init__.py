"""RUN/report.html: what a run did, as one page that needs neither a network nor a program.

Every number comes from the views of `curate query` (`source.py`) and stands in a `<data value=…>` element
whose data-attributes name where it is from, so that scripts and tests can read the page too. Charts are SVG
(`charts.py`), pictures are made from the JPEGs that the scan stored (`strips.py`). The size of the page does
not grow with the run: distributions are aggregated in DuckDB, and lists end after a few rows. The same tables
give the same bytes.
"""

from curate.storage import Folder

NAME = "report.html"


def write(folder: Folder) -> str:
    """Write the page of the last run in `folder`; returns its path. `QueryError` for a folder without one."""
    from curate.report.page import render  # jinja2 and matplotlib are imported when there is a page to write

    folder.write(NAME, render(folder).encode("utf-8", "backslashreplace"))
    return folder.path(NAME)
