"""One exchange with the service: send, retry, wait, follow; knows no file and no command."""
