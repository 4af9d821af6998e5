"""Making the recogniser that ships: what it is shown, how it learns, how well it reads."""
