"""When each job and step of a run was running."""

from ... import dom, timeline
from ._anvil_designer import TimelinePlotTemplate

LAST_TICK = 92  # percent: further right, a label fits only to the left of its tick


class TimelinePlot(TimelinePlotTemplate):
    """A row for each job, with a bar for each step."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.drawn = None

    def show(self, jobs, bars, description):
        """Draw jobs of `get_run` with their `timeline.bars`; screen readers read `description`."""
        dom.set_attribute(self.dom_nodes["plot"], "aria-label", description)
        plot = timeline.plot(jobs, bars)
        if plot == self.drawn:
            return
        self.drawn = plot
        self.dom_nodes["rows"].replaceChildren(*[self._row(*row) for row in plot["rows"]])
        self.dom_nodes["ticks"].replaceChildren(*[self._tick(*tick) for tick in plot["ticks"]])

    def _row(self, name, bars):
        row = dom.make("div", "timeline-row")
        label = dom.make("span", "ellipsis small muted", name, title=name)
        track = dom.make("span", "timeline-track")
        for tone, left, width, title in bars:
            bar = dom.make("i", data_tone=tone, title=title)
            bar.style.left = "{:.2f}%".format(left)
            bar.style.width = "{:.2f}%".format(width)
            track.append(bar)
        row.append(label, track)
        return row

    def _tick(self, left, label):
        tick = dom.make("span", text=label)
        if left > LAST_TICK:
            tick.style.right = "{:.2f}%".format(100 - left)
            dom.set_attribute(tick, "data-last", "")
        else:
            tick.style.left = "{:.2f}%".format(left)
        return tick
