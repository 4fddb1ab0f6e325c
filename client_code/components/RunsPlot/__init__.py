"""Runs by time and result."""

from ... import dom, plots
from ._anvil_designer import RunsPlotTemplate


class RunsPlot(RunsPlotTemplate):
    """A plot of stacked columns: one for each interval, with a part for each result."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.drawn = None

    def show(self, intervals, times, labels, description):
        """Draw a column for each interval, with its time as tooltip and its label (or "") below.

        An interval counts its runs by the kinds of `plots.KINDS`, such as "success".
        """
        if (intervals, times) == self.drawn:
            return
        self.drawn = (intervals, times)
        top = plots.top_of_axis(intervals)
        dom.fill(self, top=str(top), middle=str(top // 2))
        dom.set_attribute(self.dom_nodes["plot"], "aria-label", description)
        columns = [self._column(*column) for column in plots.columns(intervals, times)]
        self.dom_nodes["columns"].replaceChildren(*columns)
        spans = [dom.make("span", text=label) for label in labels]
        self.dom_nodes["labels"].replaceChildren(*spans)
        dom.show(self, no_runs=not any(plots.total(interval) for interval in intervals))

    def _column(self, title, parts):
        """Return the element of a column; parts are pairs of tone and height in percent."""
        node = dom.make("span", "plot-column", title=title)
        for tone, height in parts:
            part = dom.make("i", data_tone=tone)
            part.style.height = "{:.2f}%".format(height)
            node.append(part)
        return node
