"""Webhooks, events and deliveries in the store; opens no connection to a receiver."""
