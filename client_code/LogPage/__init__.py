"""The log of one job."""

import anvil.media
from anvil import get_open_form
from anvil.js.window import location, window

from .. import (
    badges,
    clock,
    connection,
    dom,
    formatting,
    log_ids,
    log_ranges,
    routes,
    run_texts,
    statuses,
)
from ..components.AnnotationRow import AnnotationRow
from ..components.StepRow import StepRow
from ._anvil_designer import LogPageTemplate

LINES_AT_FIRST, LINES_BEFORE = 400, 150
HINT = "Both ids are part of the job's URL on GitHub: …/actions/runs/RUN_ID/job/JOB_ID"
EMPTY = "This log is empty: the job has written no output."


class LogPage(LogPageTemplate):
    """A log named by the address (`run_id`, `job_id`) or by a form.

    The address may also name lines (`line`), or an annotation: its kind (`at`: error or warning)
    and its text (`message`).
    """

    title = "Log"

    def __init__(self, **properties):
        self.init_components(**properties)
        self.ids, self.is_open = None, False
        self.annotation_rows = dom.Rows(self, "annotations", AnnotationRow)
        self.step_rows = dom.Rows(self, "steps", StepRow)
        dom.on(self.dom_nodes["raw"], "click", self.raw_click)
        dom.on(self.dom_nodes["find"], "submit", self.find_submit)
        dom.on(self.dom_nodes["download"], "click", self.download_click)

    def open(self, parameters):
        """Read ids and line; the same log stays open for another line."""
        ids = (parameters.get("run_id"), parameters.get("job_id"))
        self.line_range = log_ranges.parse(parameters.get("line", ""))
        self.annotation = parameters.get("at"), parameters.get("message", "")
        if ids == self.ids and self.is_open:
            if self.line_range:
                self.viewer.go(*self.line_range)
            elif not self.annotation[0]:
                self.viewer.rewind()
            self.viewer.go_to_annotation(*self.annotation)
        else:
            self.ids, self.is_open = ids, False
            self.reset()

    def reset(self):
        """Clear the page."""
        run_id, job_id = self.ids
        self.title, self.is_drawn = LogPage.title, False
        self.dom_nodes["run_id"].value, self.dom_nodes["job_id"].value = run_id or "", job_id or ""
        heading = "Loading the log…" if self.is_named() else "Open a log"
        dom.fill(self, heading=heading, size="", find_note=HINT)
        dom.fill(self, download_label="Download", download_outcome="")
        dom.show(self, crumbs=False, badge=False, actions=False)
        dom.show(self, absence=False, viewer_place=False, progress=False, annotated=False)
        dom.show(self, find=not self.is_named())

    def is_named(self):
        """Return whether the address names a log."""
        return bool(self.ids[0] and self.ids[1])

    def load(self):
        """Load the first lines, or the reason why there are none."""
        if not self.is_named() or self.is_open:
            return None
        first = max(1, self.line_range[0] - LINES_BEFORE) if self.line_range else 1
        try:
            return connection.call("get_job_logs", *self.ids, first, LINES_AT_FIRST, details=True)
        except connection.ALREADY_SHOWN:
            raise
        except Exception as error:
            if self.is_drawn:
                raise
            return {"error": str(error)}

    def show(self, answer):
        """Draw the log, or why it cannot be shown."""
        if answer is None:
            if self.is_open:
                self.viewer.draw_again()
            return
        if "error" in answer:
            dom.fill(self, heading="Open a log", find_note=answer["error"])
            dom.show(self, find=True)
            return
        self.show_head(answer)
        self.show_absence(answer)
        self.show_job(answer)
        self.is_open = answer["state"] == "fetched" and answer["total_lines"] > 0
        dom.show(self, find=False, viewer_place=self.is_open)
        if self.is_open:
            self.viewer.open(self.ids, answer, self.line_range, self.annotation)

    def show_head(self, log):
        """Draw the job that the log belongs to."""
        self.title, self.is_drawn = log["job_name"], True
        dom.fill(
            self,
            heading=log["job_name"],
            repository=log["repository"],
            run="{}, attempt {}".format(run_texts.name(log), log["run_attempt"]),
            size="{}, {}".format(
                formatting.plural(log["total_lines"], "line"),
                formatting.byte_count(log["total_bytes"]),
            ),
        )
        badges.show_run(self.dom_nodes["badge"], log["job"]["status"], log["conclusion"])
        repository = routes.address("runs", repository=log["repository"])
        dom.set_link(self.dom_nodes["repository"], repository)
        dom.set_link(self.dom_nodes["run"], routes.run_address(log))
        dom.set_link(self.dom_nodes["github"], log["html_url"])
        is_fetched = log["state"] == "fetched"
        dom.show(self, badge=True, size=is_fetched, actions=True, crumbs=True)
        dom.show(self, download=is_fetched, raw=is_fetched)

    def show_job(self, log):
        """Draw the annotations, and the steps as long as the job has no log."""
        job, has_log = log["job"], log["state"] == "fetched"
        of_log = {"run_id": log["run_id"], "job_id": log["job_id"], "job_name": None}
        self.annotation_rows.show(
            [dict(each, has_log=has_log, **of_log) for each in job["annotations"]]
        )
        has_steps = not has_log and bool(job["steps"])
        self.step_rows.show(job["steps"] if has_steps else [])
        dom.fill(self, progress_text=run_texts.steps_text(job["steps"]))
        clock.show_duration(self.dom_nodes["duration"], job)
        dom.show(self, duration=not has_log)
        dom.show(self, annotated=bool(job["annotations"]), progress=has_steps)

    def show_absence(self, log):
        """Draw why there is no log, and whether it may become available."""
        is_missing = log["state"] != "fetched"
        is_empty = not is_missing and not log["total_lines"]
        label = statuses.badge(statuses.LOGS, log["state"])[2]
        dom.show(self, absence=is_missing or is_empty)
        icon = "waiting" if log["may_become_available"] else "skipped"
        dom.set_attribute(self.dom_nodes["absence_icon"], "href", "#icon-" + icon)
        dom.fill(
            self,
            reason="{}: {}".format(label, run_texts.unavailable_reason(log))
            if is_missing
            else EMPTY,
            refresh_note="This page refreshes automatically."
            if log["may_become_available"]
            else "",
        )

    def find_submit(self, event):
        """Open the log with the entered ids."""
        event.preventDefault()
        ids = log_ids.read(self.dom_nodes["run_id"].value, self.dom_nodes["job_id"].value)
        if None in ids:
            dom.fill(self, find_note="Both ids are numbers. " + HINT)
            return
        address = routes.log_address(*ids)
        if str(location.hash) == address:
            get_open_form().refresh()  # the same address opens nothing
        else:
            location.hash = address

    def raw_click(self, event):
        """Open the whole log as plain text in a new tab."""
        tab = window.open("", "_blank")  # at once: browsers block one that opens later
        try:
            log = connection.call("download_log", *self.ids)
            tab.location.href = anvil.media.TempUrl(log).url
        except connection.ALREADY_SHOWN:
            tab.close()
        except Exception as error:  # noqa: BLE001 - every error has a text for the reader
            tab.document.body.textContent = str(error)

    def download_click(self, event):
        """Save the log as a file, byte for byte."""
        self.dom_nodes["download"].disabled = True
        dom.fill(self, download_label="Downloading…", download_outcome="Downloading…")
        ids, label, outcome = self.ids, "Download", ""
        try:
            anvil.media.download(connection.call("download_log", *ids))
        except connection.ALREADY_SHOWN:
            pass  # the page shows it already
        except Exception as error:  # noqa: BLE001 - every error has a text for the reader
            if ids == self.ids:
                label = outcome = str(error)
        self.dom_nodes["download"].disabled = False
        dom.fill(self, download_label=label, download_outcome=outcome)
