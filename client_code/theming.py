"""The theme choice, stored in the browser."""

from anvil.js.window import document, localStorage

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
