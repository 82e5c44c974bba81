"""Endpoints beside the token's: Authlib's revocation and introspection on loaded rows."""
