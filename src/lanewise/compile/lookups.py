"""Dicts that are read by a key of each lane: a choice among all that they hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array import ARRAY, LaneArray
from ..regions import Mixed
from .cells import Untraceable
from .lists import SELECTED
from .mixed import meet
from .trace import Recorder

MISSING = object()


def looked_up(r: Recorder, table: dict[Any, Any], key: Any, default: Any = MISSING) -> Any:
    """``table[key]``, or ``table.get(key, default)``."""
    if type(key) is Mixed:
        return r.mixed(key, lambda option: looked_up(r, table, option, default))
    if not _varies(key):
        return table[key] if default is MISSING else table.get(key, default)
    if not 0 < len(table) <= SELECTED:
        raise Untraceable("an item of a dict is chosen by a key of each lane")
    found: Any = next(iter(table.values())) if default is MISSING else default
    known: Any = np.False_
    for other, value in table.items():
        test = _equal(key, other)
        if test is False:
            continue
        found = meet(r, r.truth(test), value, found)
        known = known | test
    if default is MISSING:  # some lanes raise
        r.fail_where(r.truth(np.logical_not(known)))
    return found


def _varies(key: Any) -> bool:
    if type(key) is LaneArray and key.kind == ARRAY:
        raise Untraceable("an array is a key")
    return type(key) is LaneArray or (type(key) is tuple and any(map(_varies, key)))


def _equal(a: Any, b: Any) -> Any:
    """Whether two keys are equal; `False` if they are in no lane."""
    if type(a) is tuple or type(b) is tuple:
        if type(a) is not type(b) or len(a) != len(b):
            return False
        tests = [_equal(x, y) for x, y in zip(a, b, strict=True)]
        if any(test is False for test in tests):
            return False
        found: Any = True
        for test in tests:
            found = test & found
        return found
    if type(a) is LaneArray:
        return a == b if isinstance(b, (int, float, complex, np.number, np.bool)) else False
    return bool(a is b or a == b)
