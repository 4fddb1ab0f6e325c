"""The Anvil app: Anvil takes the repository's root for a package and finds both halves in it."""

__path__ = [__path__[0] + "/server_code", __path__[0] + "/client_code"]
