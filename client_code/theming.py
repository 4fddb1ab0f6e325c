"""The theme choice: kept in this browser, and the colours it gives for what CSS cannot paint."""

from anvil.js.window import document, getComputedStyle, localStorage

from . import dom


def choice():
    """Return '' (as the system has it), 'light' or 'dark'."""
    return localStorage.getItem("theme") or ""


def choose(name):
    """Keep a choice, and show it."""
    localStorage.setItem("theme", name)
    apply()


def apply():
    """Show the kept choice."""
    dom.set_attribute(document.documentElement, "data-theme", choice() or None)


def colour(token):
    """Resolve a token of theme/assets/tokens.css as Plotly wants it: 'ok' -> 'rgb(…)'."""
    probe = dom.make("span")
    probe.style.color = "var(--{})".format(token)
    document.body.append(probe)
    found = getComputedStyle(probe).color
    probe.remove()
    return found
