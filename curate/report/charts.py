"""Charts of the page: SVG by matplotlib, coloured by the page's style sheet.

The figures are drawn in placeholder colours, which become CSS variables: one SVG serves light, dark and
print. Text stays text, and nothing in a file depends on the time or on chance."""

import io
import logging
import math
import re
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from curate.report.numbers import number, percent
from curate.report.scores import FINE, Spread

# A cache folder that cannot be written is no news for somebody who asked for a report.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

COLOURS = {
    "ink": "#010101", "soft": "#020202", "grid": "#030303", "passed": "#040404", "dropped": "#050505",
    "others": "#060606", "audit": "#070707",
}  # fmt: skip
"""Variable of the style sheet -> the colour that stands for it while drawing."""

WIDTH = 350
"""Points across: on a phone about one to a pixel, so that text of 10 points can be read there."""
TALL, LOW = 232, 118
"""Points down: histogram and retention curve, or a histogram alone."""
LEFT, RIGHT = 40, 12
SETTINGS: Any = {
    "svg.fonttype": "none", "svg.hashsalt": "curate", "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"], "font.size": 10, "axes.linewidth": 0.8, "path.simplify": True,
}  # fmt: skip


class Charts:
    """Draws the charts of one page; ids within their SVGs differ from chart to chart."""

    def __init__(self) -> None:
        self._number = count(1)
        self._figures: dict[tuple[int, bool], tuple[Figure, list[Axes]]] = {}

    def full(self, spread: Spread, unit: str) -> str:
        """Histogram with the rule's bounds, and below it the retention curve."""
        with rc_context(SETTINGS):
            figure, (top, below) = self._figure(TALL, spread.axis.log)
            _histogram(top, spread)
            _retention(below, spread)
            _bounds(spread, top, below)
            _value_axis(spread, top, labels=False)
            _value_axis(spread, below, unit=unit)
            return self._svg(figure, f"{_summary(spread)} Below, the share that other thresholds would keep.")

    def small(self, spread: Spread, unit: str) -> str:
        """A histogram alone, for a column without a rule."""
        with rc_context(SETTINGS):
            figure, (axes,) = self._figure(LOW, spread.axis.log)
            _histogram(axes, spread)
            _value_axis(spread, axes, unit=unit)
            return self._svg(figure, _summary(spread))

    def _figure(self, height: int, log: bool) -> tuple[Figure, list[Axes]]:
        """An empty figure with its axes. To make axes and their ticks takes most of a chart's time, so those
        of the chart before are wiped and used again."""
        if (height, log) not in self._figures:
            figure = Figure(figsize=(WIDTH / 72, height / 72))
            FigureCanvasSVG(figure)
            places = [(20, 104), (132, 62)] if height == TALL else [(8, 72)]
            axes = [_axes(figure, height, *place) for place in places]
            for one in axes:
                one.set_xscale("log" if log else "linear")
            self._figures[height, log] = figure, axes
        figure, axes = self._figures[height, log]
        for one in axes:
            for artist in [*one.lines, *one.collections, *one.patches, *one.texts]:
                artist.remove()
        return figure, axes

    def _svg(self, figure: Figure, label: str) -> str:
        """The figure as an element of the page."""
        made = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(made, format="svg", metadata=nothing, transparent=True)
        text = made.getvalue()
        text = text[text.index("<svg") :]
        prefix = f"c{next(self._number)}-"
        text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
        text = re.sub(r'<g id="[^"]*"', "<g", text)
        text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}", text)
        text = re.sub(r'font: ([\d.]+)px [^;"]*', r"font: \1px var(--sans)", text)
        for name, colour in COLOURS.items():
            text = text.replace(colour, f"var(--{name})")
        view = re.search(r'viewBox="[^"]*"', text)
        assert view is not None
        return f'<svg class="chart" {view[0]} role="img" aria-label="{label}">' + text[text.index(">") + 1 :]


def _axes(figure: Figure, height: int, top: int, tall: int) -> Axes:
    """Axes `tall` points high, `top` points below the figure's upper edge."""
    place = (LEFT / WIDTH, 1 - (top + tall) / height, (WIDTH - LEFT - RIGHT) / WIDTH, tall / height)
    axes = figure.add_axes(place)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(COLOURS["soft"])
    axes.tick_params(axis="y", length=0, pad=3, labelcolor=COLOURS["soft"], labelsize=9)
    axes.grid(axis="y", color=COLOURS["grid"], linewidth=0.8)
    axes.set_axisbelow(True)
    return axes


def _histogram(axes: Axes, spread: Spread) -> None:
    edges = spread.axis.edges[::FINE]
    layers = {"passed": spread.passed, "dropped": spread.dropped, "others": spread.others}
    # A single clip beside thousands is to be seen all the same: it is what a threshold is about.
    least = 0.012 * max(1, int(sum(layers.values(), np.zeros(1, np.int64)).max()))
    base: npt.NDArray[np.float64] = np.zeros(len(edges) - 1)
    for name, counts in layers.items():
        if counts.any():
            top = base + np.where(counts > 0, np.maximum(counts, least), 0)
            _steps(axes, edges, base, top, COLOURS[name])
            base = top
    if spread.audit is not None:
        shown = spread.audit * spread.measured
        axes.stairs(shown, edges, color=COLOURS["audit"], linewidth=1.2, linestyle=(0, (2, 1.5)))
        base = np.maximum(base, shown)
    axes.set_ylim(0, float(base.max()) * 1.05)
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(round(value))))


def _steps(
    axes: Axes,
    edges: npt.NDArray[np.float64],
    base: npt.NDArray[np.float64],
    top: npt.NDArray[np.float64],
    colour: str,
) -> None:
    """Bars of one colour, those of no height left out (as one shape they would draw a line at the foot)."""
    bars = [
        [(edges[i], base[i]), (edges[i], top[i]), (edges[i + 1], top[i]), (edges[i + 1], base[i])]
        for i in np.flatnonzero(top > base)
    ]
    axes.add_collection(PolyCollection(bars, facecolors=colour, edgecolors="none"))


def _retention(axes: Axes, spread: Spread) -> None:
    edges, column = spread.axis.edges, spread.column
    both = not column.ruled
    if both or math.isfinite(column.low):
        axes.plot(edges, spread.at_least, color=COLOURS["passed"], linewidth=1.6)
    if math.isfinite(column.high):
        axes.plot(edges, spread.at_most, color=COLOURS["dropped"], linewidth=1.6, linestyle=(0, (4, 1.5)))
    axes.set_ylim(0, 1.06)
    axes.yaxis.set_major_locator(FixedLocator([0, 0.5, 1.0]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    share = spread.share
    for bound, colour in ((column.low, "passed"), (column.high, "dropped")):
        if share is not None and edges[0] <= bound <= edges[-1]:
            axes.plot([bound], [share], "o", color=COLOURS[colour], markersize=5, clip_on=False)
            right = _fraction(spread, bound) < 0.75
            axes.annotate(
                percent(share), (bound, share), xytext=(6 if right else -6, -11), color=COLOURS["ink"],
                textcoords="offset points", ha="left" if right else "right", fontsize=10,
            )  # fmt: skip


def _fraction(spread: Spread, value: float) -> float:
    """How far to the right of the axis `value` stands, 0 to 1."""
    ends = (spread.axis.edges[0], value, spread.axis.edges[-1])
    left, here, right = (math.log10(end) for end in ends) if spread.axis.log else ends
    return float((here - left) / (right - left))


def _bounds(spread: Spread, *axes: Axes) -> None:
    """The rule's bounds as lines through all panels, named above the first."""
    column, edges = spread.column, spread.axis.edges
    for bound, name in ((column.low, "min"), (column.high, "max")):
        if not math.isfinite(bound):
            continue
        outside = not edges[0] <= bound <= edges[-1]
        at = min(max(_fraction(spread, bound), 0.0), 1.0) if not outside else float(bound > edges[-1])
        label = f"{name} {number(bound)}"
        if outside:
            label = f"{label} →" if at else f"← {label}"
        else:
            for panel in axes:
                panel.axvline(bound, color=COLOURS["ink"], linewidth=1.1)
        # Beside its line and away from the other bound, within the figure.
        side = {"min": "right" if at > 0.2 else "left", "max": "left" if at < 0.8 else "right"}[name]
        axes[0].text(
            at, 1.04, label, transform=axes[0].transAxes, ha=side, color=COLOURS["ink"], fontsize=10,
            fontweight="bold",
        )  # fmt: skip


def _value_axis(spread: Spread, axes: Axes, labels: bool = True, unit: str = "") -> None:
    edges = spread.axis.edges
    formatter: Any = FuncFormatter(lambda value, _: number(value)) if labels else NullFormatter()
    if spread.axis.log:
        decades = math.log10(edges[-1] / edges[0])
        steps = (1.0,) if decades > 4 else (1.0, 3.0) if decades > 2 else (1.0, 2.0, 5.0)
        axes.xaxis.set_major_locator(LogLocator(subs=steps, numticks=12))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(formatter)
    axes.set_xlim(float(edges[0]), float(edges[-1]))
    axes.tick_params(axis="x", length=3, color=COLOURS["soft"], labelcolor=COLOURS["soft"], labelsize=9)
    if labels:
        axes.set_xlabel(unit, color=COLOURS["soft"], fontsize=9, labelpad=2)


def _summary(spread: Spread) -> str:
    """The chart in words, without signs that would need escaping."""
    text = (
        f"Histogram of {spread.column.rule} over {number(spread.measured)} clips: from "
        f"{number(spread.least)} to {number(spread.most)}, half of them below {number(spread.median)}."
    )
    if spread.column.ruled and spread.share is not None:
        text += f" The rule keeps {percent(spread.share)} of {number(spread.entered)} clips."
    return text
