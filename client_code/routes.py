"""Addresses: '#run?run_id=7&attempt=2' is a page and its parameters."""

HOME = "overview"
_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/:"
_HEX = "0123456789ABCDEFabcdef"  # the first 16 are written, all are read


def address(to_page, **parameters):
    """Return the link to a page; parameters that are None or empty are omitted."""
    pairs = [
        _quote(name) + "=" + _quote(value)
        for name, value in sorted(parameters.items())
        if value is not None and value != ""
    ]
    return "#" + to_page + ("?" + "&".join(pairs) if pairs else "")


def parse_address(hash_text):
    """Return (page, parameters) of the part behind the '#' of an address."""
    page, _, query = hash_text.lstrip("#").partition("?")
    pairs = [part.partition("=") for part in query.split("&") if part]
    return page or HOME, {_unquote(name): _unquote(value) for name, _, value in pairs}


def run_address(run, **more):
    """Return the link to a run summary's page."""
    return address(
        "run",
        run_id=run["run_id"],
        attempt=run["run_attempt"],
        repository=run["repository"],
        **more,
    )


def log_address(run_id, job_id, **more):
    """Return the link to a job's log."""
    return address("log", run_id=run_id, job_id=job_id, **more)


def _quote(value):
    quoted = ""
    for character in str(value):
        if character in _PLAIN:
            quoted += character
        else:
            quoted += "".join(
                "%" + _HEX[byte // 16] + _HEX[byte % 16] for byte in character.encode("utf-8")
            )
    return quoted


def _unquote(text):
    octets, at = [], 0
    text = text.replace("+", " ")
    while at < len(text):
        code = text[at + 1 : at + 3]
        if text[at] == "%" and len(code) == 2 and all(digit in _HEX for digit in code):
            octets.append(int(code, 16))
            at += 3
        else:
            octets.extend(text[at].encode("utf-8"))
            at += 1
    return bytes(octets).decode("utf-8", "replace")
