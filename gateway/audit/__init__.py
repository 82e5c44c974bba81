"""Audit: who did what and what was decided, kept so that nobody can quietly change it."""
