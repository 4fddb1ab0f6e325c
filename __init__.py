"""The Anvil app: Anvil takes the repository's root for a package and finds both halves in it.

A wheel installs the same folders as the package ``runstream``, with the command line beside them.
"""

__path__ = [__path__[0] + "/server_code", __path__[0] + "/client_code", __path__[0]]
