"""Jobs over HTTP: submit, watch, read results;
decides what a caller may ask for, never how a page is read.
"""
