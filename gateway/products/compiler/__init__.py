"""The catalogue compiler: packages and terms checked against the law before they are sold."""
