"""Update the page in place: unchanged elements are not touched and keep the focus."""

from anvil.js import get_dom_node
from anvil.js.window import document, location

from .formatting import visible


def fill(form, **texts):
    """Set the text of each element by its anvil-name."""
    for name, text in texts.items():
        set_text(form.dom_nodes[name], text)


def show(form, **shown):
    """Show or hide each element by its anvil-name."""
    for name, is_shown in shown.items():
        set_hidden(form.dom_nodes[name], not is_shown)


def set_text(node, text):
    """Set the text of an element; control characters in it are drawn as symbols."""
    text = "" if text is None else visible(str(text))
    if node.textContent != text:
        node.textContent = text


def set_attribute(node, name, value):
    """Set an attribute; None removes it, and control characters are written as symbols."""
    if value is None:
        node.removeAttribute(name)
    elif node.getAttribute(name) != visible(str(value)):
        node.setAttribute(name, visible(str(value)))


def set_hidden(node, is_hidden):
    """Hide or show an element."""
    if node.hidden != is_hidden:
        node.hidden = is_hidden


def set_link(node, url):
    """Set the target of a link: a page of the dashboard (#…) or an http(s) address, else none."""
    set_attribute(node, "href", url if _is_link(url) else None)


def leave_for(url):
    """Replace the dashboard by another page; only http and https addresses are opened."""
    if _is_link(url):
        location.assign(url)


def post(url, name, value):
    """Leave the dashboard by submitting a form with one field to an http or https address."""
    if not _is_link(url):
        return
    node, field = document.createElement("form"), document.createElement("input")
    node.action, node.method = url, "post"
    field.type, field.name, field.value = "hidden", name, value
    node.append(field)
    document.body.append(node)
    node.submit()


def _is_link(url):
    return bool(url) and url.startswith(("#", "https://", "http://"))


def on(node, event, handler):
    """Add an event listener."""
    node.addEventListener(event, handler)


def focus(component):
    """Move the focus to an Anvil Button or TextBox."""
    get_dom_node(component).querySelector("button, input").focus()


def make(tag, class_name=None, text=None, **attributes):
    """Return a new element; `data_tone` is the attribute data-tone."""
    node = document.createElement(tag)
    if class_name:
        node.className = class_name
    if text is not None:
        node.textContent = visible(text)
    for name, value in attributes.items():
        set_attribute(node, name.replace("_", "-"), value)
    return node


def icon(name):
    """Return an icon of the sprite in theme/assets/standard-page.html."""
    holder = document.createElement("span")
    holder.innerHTML = (
        '<svg class="icon" aria-hidden="true"><use href="#icon-{}"></use></svg>'.format(name)
    )
    return holder.firstChild


class Rows:
    """A list of forms, one for each item. Surplus forms leave the page and are reused."""

    def __init__(self, form, slot, row_form):
        self._form, self._slot, self._row_form = form, slot, row_form
        self._rows, self._shown = [], 0

    def show(self, items):
        """Show the items: the n-th form gets `show(item)` of the n-th item."""
        while len(self._rows) < len(items):
            self._rows.append(self._row_form())
        for row, item in zip(self._rows, items):
            row.show(item)
        for row in self._rows[self._shown : len(items)]:
            self._form.add_component(row, slot=self._slot)
        for row in self._rows[len(items) : self._shown]:
            row.remove_from_parent()
        self._shown = len(items)
