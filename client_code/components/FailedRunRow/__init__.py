"""One failed run on the Overview page."""

from ... import badges, clock, dom, formatting, routes, run_texts
from ._anvil_designer import FailedRunRowTemplate


class FailedRunRow(FailedRunRowTemplate):
    """A row with a failed run's name, branch and duration."""

    def show(self, run):
        """Draw a run summary of `get_collection_status`; its title is that of its commit."""
        badges.show_run(self.dom_nodes["badge"], run["status"], run["conclusion"])
        dom.fill(
            self,
            link=run_texts.name(run),
            where=" · ".join(part for part in (run["repository"], run["head_branch"]) if part),
            duration=formatting.duration(run["duration_seconds"]),
        )
        dom.set_attribute(self.dom_nodes["link"], "title", run["title"])
        dom.set_link(self.dom_nodes["link"], routes.run_address(run))
        clock.show_time(self.dom_nodes["when"], run["completed_at"] or run["created_at"])
