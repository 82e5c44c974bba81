"""Webhooks: where partners want their events, and getting them there."""
