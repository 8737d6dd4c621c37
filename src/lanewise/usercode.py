"""The user's code: which files are the user's own, the line at work, and what is read once from a code object."""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
import weakref
from collections.abc import Callable
from types import CodeType
from typing import Any, TypeVar

import numpy as np

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_NUMPY = os.path.dirname(os.path.abspath(np.__file__)) + os.sep
_LIBRARIES = tuple({os.path.abspath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "purelib", "platlib")})

T = TypeVar("T")


def remembered(read: Callable[[CodeType], T]) -> Callable[[CodeType], T]:
    """``read``, which runs once for each code object.

    By identity, and as long as the code lives: to hash a code object takes as long as to read it, and a strong
    reference would keep what it holds.
    """
    known: dict[int, tuple[Any, T]] = {}

    @functools.wraps(read)
    def recall(code: CodeType) -> T:
        key = id(code)
        found = known.get(key)
        if found is None or found[0]() is not code:
            found = known[key] = (weakref.ref(code, lambda _: known.pop(key, None)), read(code))
        return found[1]

    return recall


def is_core_file(filename: str) -> bool:
    """Whether a source file is lanewise's or NumPy's own; the planets are an application."""
    if filename.startswith(_HERE):
        return not is_application(filename)
    return filename.startswith((_NUMPY, "<frozen", "<__array_function__"))


def is_application(filename: str) -> bool:
    """Whether a source file is of the planets, which are written as a user would write them."""
    return filename.startswith(_HERE + "planets")


def is_user_file(filename: str) -> bool:
    """Whether a source file belongs to the user, not to an installed library."""
    return not is_core_file(filename) and not filename.startswith(_LIBRARIES)


def user_line(traceback: Any = None) -> str:
    """``file:line`` of the innermost frame of the user's code, of a traceback or of the call at work.

    Where only libraries are at work, of the innermost of those.
    """
    places = _frames_of(traceback) if traceback is not None else _frames_here()
    library = ""
    for filename, line in places:
        if is_user_file(filename):
            return f"{filename}:{line}"
        if not library and not is_core_file(filename):
            library = f"{filename}:{line}"
    return library


def _frames_of(traceback: Any) -> list[tuple[str, int]]:
    places = []
    while traceback is not None:
        places.append((traceback.tb_frame.f_code.co_filename, traceback.tb_lineno))
        traceback = traceback.tb_next
    return places[::-1]


def _frames_here() -> list[tuple[str, int]]:
    places = []
    frame = sys._getframe(2)
    while frame is not None:
        places.append((frame.f_code.co_filename, frame.f_lineno))
        if frame.f_back is None:
            break
        frame = frame.f_back
    return places
