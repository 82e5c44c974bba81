"""Qualification: whether a package can be taken through a partner, and what is still missing."""
