"""Synthesised documents with labels: nobody's data, many looks, scanned and photographed."""
