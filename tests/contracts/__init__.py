"""Contracts: the published document is true and bounded, and keeps what partners rely on."""
