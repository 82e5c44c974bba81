"""The core bank: what the gateway asks of it, and a bank in miniature that answers."""
