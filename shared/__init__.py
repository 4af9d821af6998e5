"""The contract between the processes: settings, errors, jobs, results, stores, broker."""
