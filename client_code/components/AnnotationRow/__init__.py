"""One annotation of a failed job."""

from ... import dom, routes, run_texts
from ._anvil_designer import AnnotationRowTemplate


class AnnotationRow(AnnotationRowTemplate):
    """A row with an annotation's text, and a link to its file or its log."""

    def show(self, annotation):
        """Draw an annotation with its `run_id`, `job_id`, `job_name` (or None) and `has_log`."""
        dom.set_attribute(
            self.dom_nodes["row"], "data-tone", run_texts.annotation_tone(annotation["level"])
        )
        dom.fill(
            self,
            job=annotation["job_name"],
            title=annotation["title"],
            message=annotation["message"],
            place=annotation["place"],
        )
        dom.set_link(self.dom_nodes["place"], annotation["url"])
        has_log = annotation["has_log"] and not annotation["place"]
        if has_log:
            ids = annotation["run_id"], annotation["job_id"]
            parameters = run_texts.log_line_parameters(annotation)
            line_kind = parameters["at"].capitalize()
            dom.fill(self, log="{} in the log".format(line_kind))
            dom.set_link(self.dom_nodes["log"], routes.log_address(*ids, **parameters))
        dom.show(
            self,
            job=bool(annotation["job_name"]),
            title=bool(annotation["title"]),
            place=bool(annotation["place"]),
            log=has_log,
        )
