"""What a document says: fields found by declarative templates in words, boxes and codes."""
