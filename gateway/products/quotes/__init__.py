"""Quotes: the true cost of credit for one order, bound to it, and used once."""
