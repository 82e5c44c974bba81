"""The catalogue: packages as data, and what an authorization request may ask of them."""
