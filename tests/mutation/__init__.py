"""Mutation: every requirement's check switched off in turn, to see its test fail."""
