"""One failed job, with a link to the error in its log."""

from ... import dom, routes
from ._anvil_designer import FailureRowTemplate


class FailureRow(FailureRowTemplate):
    """A row with the failed job and step."""

    def __init__(self, **properties):
        self.init_components(**properties)

    def show(self, failure):
        """Draw (run, job, step); the step is None if no step failed."""
        run, job, step = failure
        dom.fill(self, job=job["job_name"], step="at " + step["step_name"] if step else "")
        link = routes.log_address(run["run_id"], job["job_id"], at="error")
        dom.set_link(self.dom_nodes["log"], link)
        words = "Log of {} at the error".format(job["job_name"])
        dom.set_attribute(self.dom_nodes["log"], "aria-label", words)
