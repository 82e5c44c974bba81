"""``python -m gateway`` and the program ``tessera``."""

from gateway.cli.program import main

if __name__ == "__main__":
    main()
