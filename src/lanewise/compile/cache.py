"""Machine code on disk: a second process compiles nothing.

An entry is named by a hash of the code's text, the processor and the versions, and carries a SHA-256 of itself that
is checked before it is linked. The directory is the user's alone (mode 0700), entries appear whole or not at all, and
the oldest go when there are too many bytes. ``LANEWISE_CACHE_DIR`` says where it is; empty, there is none.
"""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

LIMIT = 256 * 2**20  # bytes of all entries
_DIGEST = 32


def directory() -> str | None:
    """Where entries are; None if there is no cache."""
    named = os.environ.get("LANEWISE_CACHE_DIR")
    if named is not None:
        return named or None
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(home, "lanewise")


def key(text: str, *machine: str) -> str:
    """The name of an entry."""
    digest = hashlib.sha256()
    for part in (text, *machine):
        digest.update(part.encode())
        digest.update(b"\0")
    return digest.hexdigest()


def read(name: str) -> bytes | None:
    """An entry, if it is there and whole; a damaged one is thrown away."""
    place = directory()
    if place is None:
        return None
    path = f"{place}/{name}.o"
    try:
        if os.stat(place).st_mode & 0o022:  # others could have written it
            return None
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        return None
    if hashlib.sha256(content[_DIGEST:]).digest() == content[:_DIGEST]:
        return content[_DIGEST:]
    try:
        os.unlink(path)
    except OSError:
        pass
    return None


def write(name: str, code: bytes) -> None:
    """Add an entry; where that can't be done, there is none."""
    place = directory()
    if place is None:
        return
    temporary = f"{place}/.new-{os.getpid()}-{threading.get_ident()}-{name}"
    try:
        if not os.path.isdir(place):
            os.makedirs(place, mode=0o700, exist_ok=True)
        if os.stat(place).st_mode & 0o077:
            return
        with open(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(hashlib.sha256(code).digest() + code)
        os.replace(temporary, f"{place}/{name}.o")
        if name.endswith("0"):  # one in sixteen looks through them all
            prune(Path(place))
    except OSError:
        return


def prune(place: Path) -> None:
    """Let the oldest entries go, if there are too many bytes."""
    entries = []
    for path in place.glob("*.o"):
        try:
            found = path.stat()
        except OSError:
            continue
        entries.append((found.st_mtime, found.st_size, path))
    total = sum(size for _, size, _ in entries)
    for _, size, path in sorted(entries):
        if total <= LIMIT:
            return
        try:
            path.unlink()
        except OSError:
            continue
        total -= size
