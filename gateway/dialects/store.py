"""Statements of the dialects room."""

from gateway.database import Statement, sweeping

REMEMBER = Statement(
    "insert into dialect_replay (replay_key, expires_at) values (:replay_key, :expires_at)"
)
FORGET = sweeping("dialect_replay", "replay_key", "expires_at")
