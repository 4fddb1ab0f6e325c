"""One workflow with its last runs and its times."""

from ... import dom, routes, workflow_texts
from ...formatting import unbroken
from ._anvil_designer import WorkflowRowTemplate


class WorkflowRow(WorkflowRowTemplate):
    """A row of the Workflows page."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.drawn_bars = None

    def show(self, workflow):
        """Draw a workflow of `workflow_texts.rows`."""
        dom.fill(
            self,
            name=workflow["workflow_name"] or "Unnamed workflow",
            repository=workflow["repository"],
            rate=workflow_texts.success_rate(workflow),
            counts=unbroken(workflow_texts.result_counts(workflow)),
        )
        filters = {"repository": workflow["repository"], "workflow": workflow["workflow_name"]}
        dom.set_link(self.dom_nodes["name"], routes.address("runs", **filters))
        self.show_last(workflow)
        for kind in ("duration", "queued"):
            median, p95 = workflow_texts.bars(workflow, kind)
            self.dom_nodes[kind + "_median"].style.width = median
            self.dom_nodes[kind + "_p95"].style.width = p95
            text = workflow_texts.times(workflow, kind)
            dom.fill(self, **{kind: unbroken(text)})
            dom.set_attribute(self.dom_nodes[kind + "_plot"], "aria-label", text)
            dom.show(self, **{kind + "_plot": workflow_texts.is_known(workflow, kind)})

    def show_last(self, workflow):
        """Draw a bar for each of the last runs, as high as the run was long."""
        bars = workflow_texts.last_bars(workflow)
        if bars == self.drawn_bars:
            return
        self.drawn_bars = bars
        nodes = []
        for bar in bars:
            text = bar["text"]
            node = dom.make("a", "run-bar", data_tone=bar["tone"], title=text, aria_label=text)
            dom.set_link(node, bar["link"])
            node.style.setProperty("--height", bar["height"])
            nodes.append(node)
        self.dom_nodes["last"].replaceChildren(*nodes)
