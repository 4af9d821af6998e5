"""All that a machine with a GPU can tell in minutes."""
