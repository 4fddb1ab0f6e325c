"""One source: what it matches, its filters, and its removal."""

from anvil import get_open_form

from ... import actions, dom, routes
from ._anvil_designer import SourceRowTemplate


class SourceRow(SourceRowTemplate):
    """A row of the sources; its name opens the repositories below it."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.row_key, self.are_filters_shown = None, False

    def show(self, source):
        """Draw a source of `get_repositories`; ``is_current``: its repositories are shown."""
        if source["pattern"] != self.row_key:
            self.row_key = source["pattern"]
            dom.fill(self, message="")
            self._show_filters(is_shown=False)
            self._confirm(is_confirming=False)
        actions.clear_old_message(self)
        dom.fill(
            self,
            name=source["pattern"],
            finding=source["finding"],
            origin="Set in REPOSITORIES." if source["origin"] == "REPOSITORIES" else "",
        )
        link = None
        if not source["is_exclusion"]:
            link = routes.address("repositories", source=source["pattern"])
        dom.set_link(self.dom_nodes["name"], link)
        current = "true" if source["is_current"] else None
        dom.set_attribute(self.dom_nodes["name"], "aria-current", current)
        self.edit.visible = not source["is_exclusion"]
        self.remove.visible = source["origin"] != "REPOSITORIES"
        self.filters.show(source, is_open=self.are_filters_shown)

    def edit_click(self, **event):
        """Show or hide the filters."""
        self._show_filters(is_shown=not self.are_filters_shown)

    def remove_click(self, **event):
        """Show what the removal does, and ask for confirmation."""
        pattern = self.row_key
        is_done, effect = actions.perform(self, "plan_source_removal", pattern)
        if is_done and pattern == self.row_key:
            dom.fill(self, question="Remove {}?".format(pattern), effect=effect)
            self._confirm(is_confirming=True)
            dom.focus(self.cancel)

    def cancel_click(self, **event):
        """Keep the source."""
        self._confirm(is_confirming=False)
        dom.focus(self.remove)

    def confirm_click(self, **event):
        """Remove the source."""
        self._confirm(is_confirming=False)
        is_done, _ = actions.perform(self, "remove_source", self.row_key, progress="Removing…")
        if is_done:
            get_open_form().refresh()

    def filters_saved(self, **event):
        """Show the new filters in the row."""
        get_open_form().refresh()

    def _show_filters(self, *, is_shown):
        self.are_filters_shown = is_shown
        self.edit.text = "Hide filters" if is_shown else "Filters…"
        dom.show(self, filters_place=is_shown)

    def _confirm(self, *, is_confirming):
        dom.show(self, confirm=is_confirming, actions=not is_confirming)
