"""What code may change that is not rewritten: C functions, libraries, functions without source.

Lanes that are away must not see such a change, nor miss it. So as long as some are, a call that may change anything is
an effect (`regions.effect`): the lanes stay together there from then on.
"""

from __future__ import annotations

import dis
import functools
import operator
import sys
from collections import deque
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np

from ..array import LaneArray
from ..facts import RUN
from ..regions import LaneList, effect
from ..regions.both import PREFIX
from ..usercode import is_core_file, is_user_file, remembered

CONTAINERS = frozenset({list, dict, set, deque, bytearray})
"""The types of plain Python's containers that can be changed."""

CHANGEABLE = CONTAINERS | {np.ndarray}

UNCHANGEABLE = frozenset({
    LaneArray, LaneList, str, bytes, int, float, bool, complex, tuple, frozenset, range, type(None),
})  # fmt: skip
"""The types of what cannot be changed, or knows by itself what lanes change apart."""

_STORES = frozenset({
    "STORE_ATTR", "STORE_SUBSCR", "STORE_SLICE", "STORE_GLOBAL", "DELETE_ATTR", "DELETE_SUBSCR", "DELETE_GLOBAL",
})  # fmt: skip
_CHANGERS = frozenset({
    "append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse", "add", "discard", "update", "setdefault",
    "popitem", "appendleft", "popleft", "extendleft", "rotate", "send", "write", "setattr", "next", "exec", "eval",
    "difference_update", "intersection_update", "symmetric_difference_update",
})  # fmt: skip
_CHANGING = frozenset({"insort", "insort_left", "insort_right", "pack_into", "readinto", "shuffle"})
_QUIET = frozenset({
    np.ufunc, operator.itemgetter, operator.attrgetter, operator.methodcaller, type(str.upper), type(object.__init__),
    type("".__add__), type(dict.__dict__["fromkeys"]),
})  # fmt: skip


def changes_arguments(function: Any) -> bool:
    """Whether a function in C may change a container that it is given."""
    module = function.__module__ or ""
    if module == "_heapq" or function.__name__ in _CHANGING:
        return True
    return module.partition(".")[0] not in sys.stdlib_module_names | {"numpy"}


def note_arguments(args: tuple[Any, ...]) -> None:
    """Note that a call may change the containers among its arguments."""
    found = [arg for arg in args if type(arg) in CONTAINERS]
    if found:
        effect(*found)


@remembered
def may_change(code: CodeType) -> bool:
    """Whether some code, or code defined in it, may change anything but its own variables."""
    if any(name.startswith(PREFIX) for name in code.co_freevars):
        return False  # it is rewritten, and says itself what it changes
    if not _CHANGERS.isdisjoint(code.co_names):
        return True
    for step in dis.get_instructions(code):
        if step.opname in _STORES or (step.opname == "STORE_DEREF" and step.argval in code.co_freevars):
            return True
    return any(isinstance(const, CodeType) and may_change(const) for const in code.co_consts)


def note_call(found: Any, made: Any) -> None:
    """Note a call of a function or method; ``made`` is its lane form, itself where it is not rewritten."""
    run = RUN.get()
    if made is not found or run is None or run.recorder is not None or (run.fresh is None and not run.parted):
        return
    inner = found.__func__ if type(found) is MethodType else found
    code = getattr(inner, "__code__", None)
    if code is None or is_core_file(code.co_filename):
        return
    if is_user_file(code.co_filename):
        if may_change(code):
            effect()
    elif type(found) is MethodType and not isinstance(found.__self__, type):
        effect(found.__self__)


def note_object(found: Any) -> None:
    """Note a call of an object that is no function: it may change itself."""
    kind = type(found)
    if kind in _QUIET or isinstance(found, type) or kind.__module__.partition(".")[0] == "numpy":
        return
    call = getattr(kind, "__call__", None)  # noqa: B004
    if isinstance(found, functools._lru_cache_wrapper) or type(call) is FunctionType:
        effect(found)


def changes_itself(target: Any, name: str) -> bool:
    """Whether an object may change itself in an assignment such as ``+=``."""
    return hasattr(type(target), f"__{name}__") and not isinstance(target, (np.generic, np.ndarray))
