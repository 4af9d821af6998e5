"""Tables of a page: from its ruling lines, else from how its texts stand in line."""
