"""Workers whose readers need no model: what is left is the cost of everything else."""
