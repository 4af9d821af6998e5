"""Unpacks uploads: uploads of many documents become the jobs of a batch, one by one."""
