"""The commands, one file each; what takes long to import is imported only when a command runs."""
