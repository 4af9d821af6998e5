"""The contract between the processes: settings, errors, records, stores; no torch, no Flask."""
