"""Benchmarks: rates of the real server on one core, beside the floor that nothing can beat."""
