"""The handlers: one function for each operation of the API, from a call to an answer."""
