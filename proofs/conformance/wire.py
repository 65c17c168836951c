"""Messages between us and the child process: MessagePack, each behind its length.

Plain data alone crosses: numbers, text, lists and dictionaries. Nothing is pickled, so that a subject cannot hand us
code; binary64 crosses bit for bit, NaN and infinities included.
"""

from __future__ import annotations

import struct
from typing import Any

import msgspec

__all__ = ["HEADER", "MAX_MESSAGE", "decode", "encode", "length_of"]

HEADER = struct.Struct(">I")
MAX_MESSAGE = 64 * 2**20
"""Bytes; the models are small, and what is longer is no answer."""


def encode(message: dict[str, Any]) -> bytes:
    """Return a message as bytes, its length first."""
    body = msgspec.msgpack.encode(message)
    return HEADER.pack(len(body)) + body


def length_of(header: bytes) -> int:
    """Return the length that a header announces; raises ``ValueError`` if it is more than a message may have."""
    (length,) = HEADER.unpack(header)
    if length > MAX_MESSAGE:
        raise ValueError(f"a message of {length} bytes")
    return int(length)


def decode(body: bytes) -> dict[str, Any]:
    """Return the message that the bytes after a header are; raises ``ValueError`` for what is none."""
    message = msgspec.msgpack.decode(body)
    if not isinstance(message, dict):
        raise ValueError(f"a {type(message).__name__} in place of a message")
    return message
