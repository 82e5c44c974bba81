"""Events: what happened, written in the unit of the change and told to partners after it."""
