"""Consumers: what each demo partner relies on, from which its Pact file is written.

``python -m tests.contracts.consumers`` writes the files anew below ``contracts/consumers``.
"""
