"""The building code: what every room, file and name of the house must keep to.

Each rule is a function from source to breaches, said as sentences; it is tried on the house and
on a small bad example that must break it.
"""
