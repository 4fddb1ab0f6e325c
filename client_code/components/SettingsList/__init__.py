"""The settings of one part of the Settings page."""

from ... import dom, sentences
from ..SettingRow import SettingRow
from ._anvil_designer import SettingsListTemplate


class SettingsList(SettingsListTemplate):
    """A card with the settings that are set or missing; the others are folded away."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.set_rows = dom.Rows(self, "set", SettingRow)
        self.unset_rows = dom.Rows(self, "unset", SettingRow)

    def show(self, settings):
        """Draw the settings of one part of `get_settings`."""
        unset = [each for each in settings if each["source"] == "default"]
        are_set = [each for each in settings if each["source"] != "default"]
        self.set_rows.show(are_set)
        self.unset_rows.show(unset)
        dom.fill(self, more=sentences.unset_settings(len(unset), len(are_set)))
        dom.show(self, card=bool(settings), others=bool(unset))
