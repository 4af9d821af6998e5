"""What each method of the client asks of the service, step by step;
`Docchu` and `AsyncDocchu` take them."""
