"""The Tessera gateway: rooms on floors, each importing only what stands below it."""
