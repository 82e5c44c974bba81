"""Hosted pages: where a customer signs in to the bank, sees what is asked, and decides."""
