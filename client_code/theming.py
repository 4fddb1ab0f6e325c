"""The theme choice, stored in the browser, and its colors for Plotly."""

from anvil.js.window import document, getComputedStyle, localStorage

from . import dom


def choice():
    """Return '' (the system's theme), 'light' or 'dark'."""
    return localStorage.getItem("theme") or ""


def choose(name):
    """Store a choice and apply it."""
    localStorage.setItem("theme", name)
    apply()


def apply():
    """Apply the stored choice."""
    dom.set_attribute(document.documentElement, "data-theme", choice() or None)


def colour(token):
    """Resolve a token of theme/assets/tokens.css for Plotly: 'ok' -> 'rgb(…)'."""
    probe = dom.make("span")
    probe.style.color = "var(--{})".format(token)
    document.body.append(probe)
    found = getComputedStyle(probe).color
    probe.remove()
    return found
