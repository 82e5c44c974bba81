"""The page of the rules: each with what it says, since when, and where it is kept and tested.

``python -m tests.rules_page`` writes ``docs/reference/rules.md`` from the newest shipped pack and
from ``gateway/rules/enforcement.toml``.
"""
