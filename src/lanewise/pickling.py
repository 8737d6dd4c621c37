"""Decorated functions are pickled by name, as the functions are that they stand for."""

from __future__ import annotations

import functools
import sys
from typing import Any


def name_of(function: Any) -> str | None:
    """The name under which a decorated function is found in its module; None if something else is found there."""
    name = getattr(function, "__qualname__", "")
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    found = functools.reduce(lambda owner, part: getattr(owner, part, None), name.split("."), module)
    return name if found is function else None
