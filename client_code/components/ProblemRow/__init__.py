"""One of the problems behind the state of collection."""

from ... import clock, dom, sentences
from ._anvil_designer import ProblemRowTemplate


class ProblemRow(ProblemRowTemplate):
    """A line with the detail of a problem, without what the headline repeats."""

    def show(self, problem):
        """Draw a problem of the health in `get_collection_status`."""
        is_headline = problem["is_headline"]
        dom.fill(
            self, sentence=None if is_headline else problem["sentence"], detail=problem["detail"]
        )
        at, prefix = sentences.problem_time(problem)
        clock.show_time(self.dom_nodes["since"], None if is_headline else at, prefix, missing="")
        dom.show(self, problem=bool(problem["detail"]) or not is_headline)
