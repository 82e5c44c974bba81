"""Orders: a customer takes a package, line by line, forward only, whatever crashes on the way."""
