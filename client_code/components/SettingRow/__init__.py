"""One setting with its value and source."""

from ... import badges, dom
from ._anvil_designer import SettingRowTemplate

BADGES = {"missing": ("bad", "warning", "Missing"), "default": ("quiet", "neutral", "Default")}


class SettingRow(SettingRowTemplate):
    """A row with a setting; of a secret only whether it is set."""

    def show(self, setting):
        """Draw a setting of `get_settings`."""
        source = setting["source"]
        set_by = ("ok", "success", source[:1].upper() + source[1:])
        badges.draw(self.dom_nodes["source"], BADGES.get(source, set_by))
        dom.fill(self, name=setting["name"], what=setting["what"], value=setting["value"])
