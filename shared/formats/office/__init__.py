"""What office programs open: Word documents, workbooks, CSV."""
