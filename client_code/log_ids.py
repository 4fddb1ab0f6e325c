"""Find a log by what a person has at hand: two ids, or the address of a job on GitHub."""


def read(run_text, job_text):
    """Return (run id, job id) as digits; None for one that is not there."""
    for text in (run_text, job_text):
        run_id, job_id = _after(text, "/runs/"), _after(text, "/job/")
        if run_id and job_id:
            return run_id, job_id
    return _digits(run_text), _digits(job_text)


def _after(text, mark):
    return _digits(text.partition(mark)[2].partition("/")[0].partition("?")[0].partition("#")[0])


def _digits(text):
    text = text.strip()
    return text if text.isdigit() else None
