"""What the environment says about compiled code: read and checked by each `jit`, and remembered for the calls."""

from __future__ import annotations

import functools
import os

TARGETS = ("avx2", "sse2")
POOL_BYTES = 512 * 2**20


@functools.cache
def threads() -> int | None:
    """``LANEWISE_NUM_THREADS``: how many threads work on a kernel; None if it is not set."""
    return _integer("LANEWISE_NUM_THREADS", 1)


@functools.cache
def pool_bytes() -> int:
    """``LANEWISE_POOL_BYTES``: how many bytes of results that are garbage may lie idle."""
    found = _integer("LANEWISE_POOL_BYTES", 0)
    return POOL_BYTES if found is None else found


@functools.cache
def target() -> str:
    """``LANEWISE_TARGET``: for which older processor code is made; empty for this one."""
    text = os.environ.get("LANEWISE_TARGET", "")
    if text not in ("", *TARGETS):
        raise ValueError(f"LANEWISE_TARGET must be one of {', '.join(TARGETS)}, not {text!r}.")
    return text


def check() -> None:
    """Read all of them anew, and see that they can be understood.

    Raises
    ------
    ValueError
        If not; it says what was found, and what is expected.
    """
    for setting in (threads, pool_bytes, target):
        setting.cache_clear()
        setting()


def _integer(name: str, least: int) -> int | None:
    """A variable that holds an integer; None if it is not set, or empty."""
    text = os.environ.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise ValueError(f"{name} must be an integer of at least {least}, not {text!r}. Unset it for the default.")
    return int(text)
