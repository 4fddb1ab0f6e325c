"""The commands, each in a file of its name. What costs start-up is imported when it runs."""
