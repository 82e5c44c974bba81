"""Checks: one idea a file, pure functions that pass or raise, each citing its clause."""
