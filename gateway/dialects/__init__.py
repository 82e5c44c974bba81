"""Dialects: the partner-spoken door to the same services, in other words."""
