"""Tools without a banking word: clock, ids, keys, secrets at rest, the way out."""
