"""Both sides of a branch on all lanes, each lane taking its own: cheaper than going apart, where little is done.

To go apart is to gather what a side reads and to join what it leaves. Where a side is a few operations on scalars
(`convert.light` sees that in its text), computing them for all lanes costs less. That the lanes of the other side were
there, too, must not be seen: so this is a *trial*. Whatever a side does but compute (it asks a fact, writes an array,
raises, or meets a floating-point error that NumPy would warn of) ends it, and the lanes go apart after all.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, Final

import numpy as np

from ..array import ARRAY, PYTHON, SCALAR, TABLE, LaneArray, live
from ..facts import NoLaneForm, Run, Unlikely, remember
from ..lanes import NOWHERE, Lanes, spread
from .meet import UNBOUND, Mixed, options_of, present, same

PREFIX = "_lw_"  # of every name in rewritten code that is not the user's own

UNLUCKY: set[Any] = set()
"""The branches whose trial has failed: they go apart from then on."""

FAILED: Final = object()

SCALARS = frozenset({int, float, complex, bool, str, type(None), *np.sctypeDict.values()}) - {np.object_}
_HARMLESS = SCALARS | {LaneArray, Mixed, np.ndarray, ModuleType, np.ufunc, type(UNBOUND)}
_DEEP = 4  # calls within calls that are looked into


def worth(test: LaneArray, cost: int) -> bool:
    """Whether both sides on all lanes are likely to be cheaper than each on its own.

    Parameters
    ----------
    test : LaneArray
        The truth in each lane.
    cost : int
        Of both sides, in additions of a value of each lane.
    """
    size = test.data.size
    if not size:
        return False
    fewer = int(np.count_nonzero(test.data))
    return size < _SMALL or cost * size <= _STEEP * min(fewer, size - fewer)


_SMALL = 4000  # lanes: below, a trip through a region takes longer than its work
_STEEP = 120


def attempt(run: Run, ident: Any, functions: list[Any], action: Callable[[], Any]) -> Any:
    """Do something on all lanes at work that calls functions without effects; `FAILED` if they had better go apart.

    Parameters
    ----------
    ident : object
        The branch, for `UNLUCKY`.
    functions : list of functions
        What the user wrote: they must name nothing but numbers and functions of libraries.
    """
    if ident in UNLUCKY:
        return FAILED
    if run.trial:  # the functions around these have been looked at
        return action()
    if not all(map(is_harmless, functions)):
        remember(UNLUCKY, [ident])
        return FAILED
    found = on_trial(run, action)
    if found is FAILED:
        remember(UNLUCKY, [ident])
    return found


def on_trial(run: Run, action: Callable[[], Any], **errors: Any) -> Any:
    """Do something that is only to compute; `FAILED`, with nothing changed, if it does more.

    Where NumPy would warn it raises, as the warning might be for a lane that does something else; what is to raise
    in any case is in ``errors``.
    """
    outer, signal = run.trial, run.signal
    run.trial = True
    state: Any = {kind: "ignore" if what == "ignore" else "raise" for kind, what in np.geterr().items()}
    try:
        with np.errstate(**(state | errors)):
            found = action()
        if run.signal is signal:
            return found
    except (Exception, Unlikely, NoLaneForm):
        pass
    finally:
        run.trial = outer
    run.signal = signal
    return FAILED


def is_harmless(function: Any, depth: int = 0) -> bool:
    """Whether all that a function names is numbers, and functions that only compute."""
    for cell in user_cells(function):
        try:
            value = cell.cell_contents
        except ValueError:
            continue  # it has none yet
        if type(value) not in _HARMLESS and not _is_known(value, depth):
            return False
    known = function.__globals__
    for name in function.__code__.co_names:
        if name in known and type(known[name]) not in _HARMLESS and not _is_known(known[name], depth):
            return False
    return True


def user_cells(function: Any) -> list[Any]:
    """The cells of a rewritten function that hold variables of the user's."""
    closure = function.__closure__ or ()
    return [closure[place] for place in _places(function.__code__)]


@functools.lru_cache(maxsize=4096)
def _places(code: CodeType) -> list[int]:
    return [n for n, name in enumerate(code.co_freevars) if not name.startswith(PREFIX)]


def _is_known(value: Any, depth: int) -> bool:
    """The same for values that take a closer look."""
    kind = type(value)
    if kind in (list, tuple):
        return all(type(x) in SCALARS for x in value)
    if kind is BuiltinFunctionType:
        return value.__module__ in ("math", "cmath")
    if kind is FunctionType:
        return depth < _DEEP and TABLE["only computes"](value) and is_harmless(value, depth + 1)
    return kind is type and value in SCALARS


def select(test: LaneArray, a: Any, b: Any) -> Any:
    """``a`` in the lanes where the test holds, else ``b``.

    Raises
    ------
    Unlikely
        For arrays, which might be written later, and for objects.
    """
    if a is b or (type(a) in SCALARS and same(a, b)):
        return a
    if alike(a, b):
        return pick(test, a, b)
    mine, others = options_of(a), options_of(b)
    kinds: list[Any] = []
    values: list[Any] = []
    places: list[list[int]] = []
    for options in (mine, others):
        places.append([])
        for option in options:
            kind = scalar_kind(option)
            if kind is None:
                raise Unlikely("a value that is no number")
            if kind not in kinds:
                kinds.append(kind)
                values.append(option)
            elif options is others:
                at = kinds.index(kind)
                values[at] = values[at] if values[at] is option else pick(test, values[at], option)
            places[-1].append(kinds.index(kind))
    if len(values) == 1:
        return values[0]
    codes = pick(test, *[_codes(value, place) for value, place in zip((a, b), places, strict=True)])
    found = present(codes.data, len(values))
    if len(found) == 1:
        return values[found[0]]
    if len(found) < len(values):  # what no lane has any more must not be seen
        table = np.zeros(len(values), np.int16)
        table[found] = np.arange(len(found))
        codes = LaneArray(table[codes.data], codes.lanes, SCALAR)
    return Mixed(codes, [values[number] for number in found])


def can_select(*values: Any) -> bool:
    """Whether some values are scalars, for which `select` needs no going apart."""
    return all(scalar_kind(option) is not None for value in values for option in options_of(value))


def _codes(value: Any, places: list[int]) -> LaneArray:
    """Which of all alternatives each lane has."""
    table = np.asarray(places, np.int16)
    if type(value) is not Mixed:
        return LaneArray(table[0], NOWHERE, SCALAR)
    codes = live(value.codes)
    return LaneArray(table[codes.data], codes.lanes, SCALAR)


def scalar_kind(x: Any) -> Any:
    """Alike values are of one kind; None for those that `select` can't choose."""
    kind = type(x)
    if kind is LaneArray and x.kind != ARRAY and x.data.dtype.kind in "biufc":
        return x.kind, x.data.dtype
    if kind in _PYTHON and not (kind is int and not -(2**63) <= x < 2**63):
        return PYTHON, np.asarray(x).dtype
    if issubclass(kind, np.generic) and x.dtype.kind in "biufc":
        return SCALAR, x.dtype
    if x is None or x is UNBOUND or kind is str:
        return kind, x
    return None


def alike(a: Any, b: Any) -> bool:
    """Whether two scalars are of one kind and dtype."""
    if type(a) is LaneArray and type(b) is LaneArray:
        return a.kind == b.kind != ARRAY and a.data.dtype == b.data.dtype
    x, y = (a, b) if type(a) is LaneArray else (b, a)
    if type(x) is not LaneArray or x.kind == ARRAY:
        return False
    if x.kind == PYTHON:
        return type(y) in _PYTHON and np.asarray(y).dtype == x.data.dtype
    return type(y) is x.data.dtype.type


_PYTHON = frozenset({bool, int, float, complex})


def pick(test: LaneArray, a: Any, b: Any) -> LaneArray:
    """``a`` in the lanes where the test holds, else ``b``, for scalars of one kind."""
    x, y = [live(value) if type(value) is LaneArray else value for value in (a, b)]
    test = live(test)
    lanes = test.lanes
    for value in (x, y):
        if type(value) is LaneArray:
            lanes = lanes.union(value.lanes)
    data = chosen(*[_spread(value, lanes) for value in (test, x, y)])
    kind = x.kind if type(x) is LaneArray else y.kind if type(y) is LaneArray else scalar_kind(x)[0]
    return LaneArray(data, lanes, kind)


def chosen(mask: Any, x: Any, y: Any) -> Any:
    """`np.where` for values of one dtype; without a jump for each element, which costs ten times the work."""
    x, y = np.asarray(x), np.asarray(y)
    size = x.itemsize
    if mask.size < _SMALL or size > 8 or x.dtype.kind not in "biuf":
        return np.where(mask, x, y)
    ints = f"i{size}"
    a, b = x.view(ints), y.view(ints)
    found = a ^ b
    ones = np.negative(mask.view(np.int8), dtype=ints)
    found = np.bitwise_and(found, ones, out=found if found.shape == ones.shape else None)
    found ^= b
    return found.view(x.dtype)


def _spread(value: Any, lanes: Lanes) -> Any:
    return spread(value.data, value.lanes, lanes, 0) if type(value) is LaneArray else value
