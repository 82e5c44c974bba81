"""Writes every demo partner's Pact file below ``contracts/consumers`` anew."""

from tests.contracts.consumers import EXPECTATIONS, FOLDER

if __name__ == "__main__":
    for name, expectations in EXPECTATIONS.items():
        (FOLDER / name).mkdir(exist_ok=True)
        expectations().write_file(FOLDER / name, overwrite=True)
