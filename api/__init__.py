"""Turns HTTP into calls on `shared` and back; decides nothing else."""
