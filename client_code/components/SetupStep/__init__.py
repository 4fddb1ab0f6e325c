"""One setup step."""

from ... import badges, dom, statuses
from ._anvil_designer import SetupStepTemplate


class SetupStep(SetupStepTemplate):
    """A step with its finding, its remedy and whether it is done."""

    def show(self, step):
        """Draw a step of `setup`; `is_next` marks the first open one."""
        badge = statuses.SETUP_STEPS[statuses.setup_step_state(step)]
        badges.draw(self.dom_nodes["state"], badge)
        dom.fill(self, title=step["title"], finding=step["finding"], remedy=step["remedy"])
        dom.show(self, settings_link=step["is_next"] and step["step"] != "repository")
        dom.set_attribute(self.dom_nodes["step"], "data-tone", badge[0])
