"""What Open WebUI's external document loader asks for, over the same jobs."""
