"""Accounts: what a partner may know of a customer's accounts, and the mandates that debit them."""
