"""Onboarding: partners, their clients and the public keys they are known by."""
