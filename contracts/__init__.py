"""What Tessera promises: versioned schemas and the one tree of errors, free of any machinery."""
