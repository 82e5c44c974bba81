"""Consents: what a customer lets a partner do, until when, and who may take it back."""
