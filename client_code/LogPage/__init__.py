"""One job's log: found by its ids, or said why it is not there."""

import anvil.media
from anvil.js.window import location

from .. import badges, connection, dom, formatting, log_ids, routes, run_facts, statuses
from ._anvil_designer import LogPageTemplate

LINES_AT_FIRST, LINES_BEFORE = 400, 150
EMPTY = "This log is empty: the job wrote nothing."


class LogPage(LogPageTemplate):
    """Open a log by the address (`run_id`, `job_id`, `line` or `at=error`) or by what is typed."""

    title = "Log"

    def __init__(self, **properties):
        self.init_components(**properties)
        self.ids, self.is_open = None, False
        dom.on(self.dom_nodes["find"], "submit", self.find_submit)
        dom.on(self.dom_nodes["download"], "click", self.download_click)

    def open(self, parameters):
        """Take ids and line; the same log stays open when another line is asked for."""
        ids = (parameters.get("run_id"), parameters.get("job_id"))
        line = parameters.get("line", "")
        self.line = int(line) if line.isdigit() else 0
        self.is_at_error = parameters.get("at") == "error"
        if ids == self.ids and self.is_open:
            self.viewer.go(self.line or 1)
        else:
            self.ids, self.is_open = ids, False
            self.show_nothing()

    def show_nothing(self):
        """Draw the page without a log."""
        run_id, job_id = self.ids
        self.title = LogPage.title
        self.dom_nodes["run_id"].value, self.dom_nodes["job_id"].value = run_id or "", job_id or ""
        heading = "Loading the log…" if self.is_named() else "Open a log"
        dom.fill(self, heading=heading, size="", find_note="")
        dom.show(self, crumbs=False, badge=False, actions=False)
        dom.show(self, absence=False, viewer_place=False)
        dom.show(self, find=not self.is_named())

    def is_named(self):
        """Return whether the address names a log."""
        return bool(self.ids[0] and self.ids[1])

    def load(self):
        """Ask for the first lines, until there are some; why there are none is an answer too."""
        if not self.is_named() or self.is_open:
            return None
        first = max(1, self.line - LINES_BEFORE)
        try:
            return connection.ask("get_job_logs", *self.ids, first, LINES_AT_FIRST)
        except connection.QUIET:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it has a sentence
            return {"error": str(error)}

    def show(self, answer):
        """Draw the log, or what is to be said in its place."""
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
        self.is_open = answer["state"] == "fetched" and answer["total_lines"] > 0
        dom.show(self, find=False, viewer_place=self.is_open)
        if self.is_open:
            self.viewer.open(self.ids, answer, self.line, self.is_at_error)

    def show_head(self, log):
        """Draw whose log it is."""
        self.title = log["job_name"]
        dom.fill(
            self,
            heading=log["job_name"],
            repository=log["repository"],
            run="{} #{}, attempt {}".format(
                log["workflow_name"] or "Run", log["run_number"], log["run_attempt"]
            ),
            size="{}, {}".format(
                formatting.plural(log["total_lines"], "line"),
                formatting.byte_count(log["total_bytes"]),
            ),
        )
        badges.show_run(self.dom_nodes["badge"], "completed", log["conclusion"])
        repository = routes.address("runs", repository=log["repository"])
        dom.set_link(self.dom_nodes["repository"], repository)
        dom.set_link(self.dom_nodes["run"], routes.run_address(log))
        dom.set_link(self.dom_nodes["github"], log["html_url"])
        is_there = log["state"] == "fetched"
        dom.show(self, badge=bool(log["conclusion"]), size=is_there, actions=True, crumbs=True)
        dom.show(self, download=is_there)

    def show_absence(self, log):
        """Say why there is no log, and whether one will come."""
        is_missing = log["state"] != "fetched"
        is_empty = not is_missing and not log["total_lines"]
        word = statuses.look(statuses.LOGS, log["state"])[2]
        dom.show(self, absence=is_missing or is_empty)
        dom.set_attribute(self.dom_nodes["absence"], "data-tone", "busy")
        dom.fill(
            self,
            reason="{}: {}".format(word, run_facts.absence(log)) if is_missing else EMPTY,
            hope="This page looks again by itself." if log["may_come"] else "",
        )

    def find_submit(self, event):
        """Open the log that is typed."""
        event.preventDefault()
        ids = log_ids.read(self.dom_nodes["run_id"].value, self.dom_nodes["job_id"].value)
        if None in ids:
            dom.fill(
                self,
                find_note="Both ids are numbers; they stand in the address of the job on GitHub.",
            )
        else:
            location.hash = routes.log_address(*ids)

    def download_click(self, event):
        """Save the log as a file, byte for byte."""
        self.dom_nodes["download"].disabled = True
        dom.fill(self, download_word="Fetching the file…")
        word = "Download"
        try:
            anvil.media.download(connection.ask("download_log", *self.ids))
        except connection.QUIET:
            pass  # the page says so already
        except Exception as error:  # noqa: BLE001 - whatever it is, it has a sentence
            word = str(error)
        self.dom_nodes["download"].disabled = False
        dom.fill(self, download_word=word)
