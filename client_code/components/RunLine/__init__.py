"""One run on the Runs page."""

from ... import badges, clock, dom, formatting, routes, run_facts
from ._anvil_designer import RunLineTemplate


class RunLine(RunLineTemplate):
    """A row with a run's origin and job counts."""

    def __init__(self, **properties):
        self.init_components(**properties)

    def show(self, run):
        """Draw a run summary of `get_recent_metrics`."""
        badges.show_run(self.dom_nodes["badge"], run["status"], run["conclusion"])
        dom.fill(
            self,
            link=run_facts.name(run),
            title=run["title"],
            where=run_facts.origin(run),
            jobs=run_facts.job_counts(run),
            duration=formatting.duration(run["duration_seconds"]),
        )
        dom.set_link(self.dom_nodes["link"], routes.run_address(run))
        dom.set_attribute(self.dom_nodes["where"], "title", run_facts.origin(run))
        tone = "bad" if run["failed_job_count"] else "quiet"
        dom.set_attribute(self.dom_nodes["jobs"], "data-tone", tone)
        clock.show_time(self.dom_nodes["when"], run["created_at"])
