"""OAuth: who may call, proved by FAPI 2.0; tokens, codes and handles that stand for consents."""
