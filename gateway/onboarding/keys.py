"""What a registered key is for: one purpose each, for good."""

CLIENT_AUTHENTICATION = "client_authentication"
# What the bank's own private keys for dialects are sealed for.
DIALECT_KEY = "dialect-key"


def dialect_purpose(dialect: str) -> str:
    """The purpose of a key that signs requests in ``dialect``."""
    return f"dialect:{dialect}"
