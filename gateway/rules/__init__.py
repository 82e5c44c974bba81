"""The rules: numbers that law and the bank's own design set, each from a date onwards."""
