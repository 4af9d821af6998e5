"""Batches over HTTP: open, fill, follow, take home;
what a batch is stands in `shared.store.batches`.
"""
