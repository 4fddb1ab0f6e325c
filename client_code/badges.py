"""Badges: a state as an icon, a label and a tone, in an element of class "badge"."""

from . import dom, statuses


def show_run(node, status, conclusion):
    """Draw the state of a run, a job or a step."""
    draw(node, statuses.run_badge(status, conclusion))


def show_state(node, table, state):
    """Draw a state of one of the tables in `statuses`."""
    draw(node, statuses.badge(table, state))


def draw(node, badge):
    """Draw (tone, icon, label)."""
    tone, icon, label = badge
    if node.firstElementChild is None:
        node.append(dom.icon(icon), dom.make("span"))
    dom.set_attribute(node, "data-tone", tone)
    dom.set_attribute(node.firstElementChild.firstElementChild, "href", "#icon-" + icon)
    dom.set_attribute(node, "data-icon", icon)
    dom.set_text(node.lastElementChild, label)
