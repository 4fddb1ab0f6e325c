"""Find a log by the ids of its run and job, or by the address of the job on GitHub."""


def read(run_text, job_text):
    """Return (run id, job id) as digits; None for a text that is no id and no address of a job."""
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
