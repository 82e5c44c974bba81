"""Flows: whole stories over HTTP against a real gateway, told by a partner of our own making."""
