"""Bytes and JSON from outside on their way in: counted, checked, decoded; stores nothing itself."""
