"""Docchu for assistants: a server of the Model Context Protocol in front of a Docchu service."""
