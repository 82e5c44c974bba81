"""Peers: programs that others wrote, talking to the running gateway as a partner would."""
