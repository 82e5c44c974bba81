"""Conformance: the 120 requirements, and the clauses as requests to a server over HTTPS."""
