"""Batches and their uploads in the store; knows jobs only as counts and ids."""
