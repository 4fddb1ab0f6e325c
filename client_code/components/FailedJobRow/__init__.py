"""One failed job, with a link to the error in its log."""

from ... import dom, routes, run_texts
from ._anvil_designer import FailedJobRowTemplate


class FailedJobRow(FailedJobRowTemplate):
    """A row with the failed job and step."""

    def show(self, failure):
        """Draw (run, job, step, state of its log); the step is None if no step failed."""
        run, job, step, log = failure
        dom.fill(self, job=job["job_name"], step="at " + step["step_name"] if step else "")
        at = run_texts.log_opens_at(job, log)
        dom.set_link(self.dom_nodes["log"], routes.log_address(run["run_id"], job["job_id"], at=at))
        label = "Log at the error" if at else run_texts.log_label(job, log)
        dom.fill(self, log_label=label)
        dom.set_attribute(self.dom_nodes["log"], "aria-label", job["job_name"] + ": " + label)
