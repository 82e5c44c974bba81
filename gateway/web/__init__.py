"""What every route shares: error voices, idempotency, interaction ids, limits, access log."""
