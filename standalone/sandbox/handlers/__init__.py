"""The handlers: for each operation of the API, one function that answers a call."""
