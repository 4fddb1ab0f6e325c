"""What a person reads in a terminal: tables, progress, and the view of running agents."""
