"""What was collected of each workflow, counted."""

from anvil import get_open_form

from .. import connection, dom, routes, workflow_texts
from ..components.WorkflowRow import WorkflowRow
from ._anvil_designer import WorkflowsPageTemplate


class WorkflowsPage(WorkflowsPageTemplate):
    """Per workflow the last results, the success rate, and plots of duration and queue time."""

    title = "Workflows"

    def __init__(self, **properties):
        self.init_components(**properties)
        self.rows = dom.Rows(self, "rows", WorkflowRow)

    def open(self, parameters):
        """Read the repository from the address."""
        self.repository = parameters.get("repository")

    def load(self):
        """Load the counts."""
        return connection.call("get_workflows", self.repository)

    def show(self, answer):
        """Draw a row for each workflow; bars are relative to the longest of the page."""
        workflows = answer["workflows"]
        dom.fill(self, count=workflow_texts.totals(answer))
        self.by_repository.show(answer["repositories"], self.repository)
        self.rows.show(workflow_texts.rows(workflows))
        dom.show(self, list=bool(workflows), none=not workflows)

    def repository_chosen(self, field, value, **event):
        """Show the workflows of one repository, or of all."""
        self.repository = value or None
        get_open_form().replace_address(routes.address("workflows", repository=value))
        get_open_form().refresh()
