"""Collections that a person asks for and that end: everything once, on request, or again."""
