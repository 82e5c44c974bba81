"""Statements of the dialects room."""

from gateway.database import Statement

REMEMBER = Statement(
    "insert into dialect_replay (replay_key, expires_at) values (:replay_key, :expires_at)"
)
FORGET = Statement("delete from dialect_replay where expires_at < :now")
