"""Runs by time and result."""

from ... import dom, plots
from ._anvil_designer import RunsPlotTemplate


class RunsPlot(RunsPlotTemplate):
    """Stacked columns with two axes."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.drawn = None

    def show(self, intervals, times, labels, description):
        """Draw a column for each interval, with its time as tooltip and its label (or "") below."""
        if (intervals, times) == self.drawn:
            return
        self.drawn = (intervals, times)
        top = plots.top_of_axis(intervals)
        dom.fill(self, top=str(top), middle=str(top // 2))
        dom.set_attribute(self.dom_nodes["plot"], "aria-label", description)
        columns = [self._column(*column) for column in plots.columns(intervals, times)]
        self.dom_nodes["columns"].replaceChildren(*columns)
        spans = [dom.make("span", text=label) for label in labels]
        self.dom_nodes["times"].replaceChildren(*spans)
        dom.show(self, none=not any(plots.total(interval) for interval in intervals))

    def _column(self, title, parts):
        node = dom.make("span", "plot-column", title=title)
        for tone, height in parts:
            part = dom.make("i", data_tone=tone)
            part.style.height = "{:.2f}%".format(height)
            node.append(part)
        return node
