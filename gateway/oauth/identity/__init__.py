"""Identity: OpenID Connect on top of the tokens; who signed in, how surely, and when."""
