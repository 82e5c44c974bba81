"""Grants: Authlib's, told where our rows are and what to write; one file a grant."""
