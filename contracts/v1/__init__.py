"""Version 1 of the partner's contract: one module per resource, every shape a msgspec struct."""
