"""A bank in miniature: double-entry books, tiered accounts, personas with known passcodes."""
