"""One setup step."""

from ... import badges, dom
from ._anvil_designer import SetupStepTemplate

DONE, NEXT, LATER = (
    ("ok", "success", "Done"),
    ("busy", "next", "Next"),
    ("quiet", "neutral", "Open"),
)


class SetupStep(SetupStepTemplate):
    """A step with its finding, its remedy and whether it is done."""

    def __init__(self, **properties):
        self.init_components(**properties)

    def show(self, step):
        """Draw a step of `setup`; `is_next` marks the first open one."""
        is_done, is_next = step["is_done"], step["is_next"]
        badge = DONE if is_done else NEXT if is_next else LATER
        badges.draw(self.dom_nodes["state"], badge)
        dom.fill(self, title=step["title"], finding=step["finding"], remedy=step["remedy"])
        dom.show(self, settings=is_next and step["step"] != "repository")
        dom.set_attribute(self.dom_nodes["step"], "data-tone", badge[0])
