"""Payments: money moved once under a customer's mandate, and every refusal one can act on."""
