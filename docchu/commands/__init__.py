"""The `docchu` command: what the terminal shows and the exit code says;
all work is in `docchu.client`.
"""
