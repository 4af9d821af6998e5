"""Unpacks parcels: uploads of many documents become the jobs of a batch, one by one."""
