"""The server of the Model Context Protocol, through which AI agents read what was collected."""
