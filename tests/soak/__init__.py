"""The soak: what only many repetitions can show, with the counts that the promises name."""
