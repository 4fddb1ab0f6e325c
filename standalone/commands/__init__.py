"""The commands, each in a file of its name, which imports what takes long only when it runs."""
