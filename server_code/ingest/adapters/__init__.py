"""The implementations of the ports, a package for each vendor; ``bootstrap`` selects them."""
