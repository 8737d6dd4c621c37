"""Items and containers: what is read and written by an index, changed in place, or newly made."""

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON, TABLE, LaneArray, apply, live
from ..facts import RUN, recorder
from ..lanes import NOWHERE
from ..regions import VARYING, LaneList, Mixed, at_work, choose, effect, known, mark, sides, site_here, where
from .calls import FORMS
from .sequences import made, may_vary
from .unseen import CHANGEABLE, UNCHANGEABLE, changes_itself


def repeated(a: Any, b: Any) -> Any:
    """``a * b``, one of which is a list as it is written out."""
    items, times = (a, b) if type(a) in (list, LaneList) else (b, a)
    if type(items) is list and type(times) in VARYING and (run := at_work()) is not None:
        items = LaneList(run, items, site_here())
    if type(items) is LaneList:
        return items * times
    return new(a * b)


def concatenated(a: Any, b: Any) -> Any:
    """``a + b``, one of which is a list as it is written out."""
    return new(a + b)


def new(container: Any) -> Any:
    """A list, dict or set that has just been made: as long as no lane leaves, those at work may change it."""
    run = RUN.get()
    if run is None:
        return container
    return made(run, container) if run.recorder is None else run.recorder.made(container)


def sliced(value: Any) -> Any:
    """A slice with bounds that are written out: of a list it is a new one."""
    return new(value) if type(value) is list else value


def get(base: Any, index: Any) -> Any:
    """``base[index]``; an array or a list that all lanes share is read by an index of each lane in one gather."""
    kind = type(base)
    if kind is dict and type(index) in _INDICES and (tracer := recorder()) is not None:
        return tracer.looked_up(base, index)
    if type(index) in (tuple, list) and (n := _mixed_in(index)) is not None:
        return TABLE["mixed"](index[n], lambda option: get(base, _with(index, n, option)))
    if kind is LaneArray or type(index) not in _INDICES or not _varies(index):
        return base[index] if kind is not list or type(index) is not slice else new(base[index])
    if kind is list and (run := at_work()) is not None and may_vary(run, base):
        return LaneList(run, base, None).get(index)
    if kind is np.ndarray and base.dtype != object:
        if type(index) in SELECTIONS:
            return index.of(LaneArray(base, NOWHERE, ARRAY))
        return apply(operator.getitem, LaneArray(base, NOWHERE, ARRAY), index)
    if kind in (list, tuple, str) and type(index) is LaneArray:
        return _picked(base, index)
    return base[index]


SELECTIONS: set[type] = set()
"""The type of what a mask selects under a tracer (`compile.selected`)."""

_INDICES = {LaneArray, tuple, list, Mixed, slice}


def add_selection(kind: type) -> None:
    """Enter the type of what a mask selects, which may be an index of a plain array."""
    SELECTIONS.add(kind)
    _INDICES.add(kind)



def _mixed_in(index: Any) -> int | None:
    """The place of a mixed value among indices."""
    for n, item in enumerate(index):
        if type(item) is Mixed:
            return n
    return None


def _with(index: Any, n: int, item: Any) -> Any:
    return type(index)([*index[:n], item, *index[n + 1 :]])


def _varies(index: Any) -> bool:
    if type(index) is LaneArray:
        return bool(index.lanes.axes)
    if type(index) is slice:
        return type(index.start) in VARYING or type(index.stop) in VARYING
    return type(index) in SELECTIONS or (type(index) in (tuple, list) and any(_varies(item) for item in index))


def _picked(items: Any, index: LaneArray) -> Any:
    """An item of a sequence by a number of each lane."""
    if (tracer := recorder()) is not None:
        return tracer.pick(items, index)
    index = live(index)
    if not _is_number(index):
        return items[index]
    kinds = {type(item) for item in items}
    if len(kinds) == 1 and (kind := kinds.pop()) in (int, float, bool, complex):
        table = np.asarray(items)
        if table.dtype.kind in "biufc":
            found = apply(operator.getitem, LaneArray(table, NOWHERE, ARRAY), index)
            return LaneArray(found.data.astype(kind, copy=False), found.lanes, PYTHON)
    numbers = _numbers(items, index)
    if numbers is None:
        return items[index]
    thunks: list[Any] = [lambda number=number: items[number] for number in numbers]
    return choose(index.lanes, [where(index.data == number) for number in numbers], thunks, None)


def _numbers(items: Any, index: LaneArray) -> list[int] | None:
    """The different places that an index has; None if it has one only, or one that a sequence lacks."""
    numbers: list[int] = np.unique(index.data).tolist()
    few = len(numbers) == 1 or numbers[0] < -len(items) or numbers[-1] >= len(items)
    return None if few else numbers


def set_(value: Any, base: Any, index: Any) -> None:
    """``base[index] = value``."""
    if type(base) is Mixed:
        TABLE["mixed"](base, lambda option: set_(value, option, index))
        return
    if type(index) in (tuple, list) and (n := _mixed_in(index)) is not None:
        TABLE["mixed"](index[n], lambda option: set_(value, base, _with(index, n, option)))
        return
    if type(base) not in _OF_LANES:
        effect(base)
        if type(base) is list and type(index) is LaneArray and _is_number(index):
            if (run := at_work()) is not None:
                mark(run, {known(run).sites.get(id(base))})
            _set_items(base, live(index), value)
            return
    base[index] = value


_OF_LANES = frozenset({LaneArray, LaneList})


def delete(base: Any, index: Any) -> None:
    """``del base[index]``."""
    if type(base) is Mixed:
        TABLE["mixed"](base, lambda option: delete(option, index))
        return
    effect(base)
    del base[index]


def _is_number(index: LaneArray) -> bool:
    return index.data.ndim == index.lanes.ndim and index.data.dtype.kind in "iu" and index.data.size > 0


def _set_items(items: list[Any], index: LaneArray, value: Any) -> None:
    """``items[index] = value`` for a list, at a place of each lane's own."""
    numbers = _numbers(items, index)
    if numbers is None:
        items[operator.index(index)] = value
        return
    for number in numbers:
        here = LaneArray(index.data == number, index.lanes, PYTHON)
        thunks: list[Any] = [lambda: value, lambda old=items[number]: old]
        items[number] = choose(index.lanes, sides(here), thunks, None)


def set_augmented(function: Any, base: Any, index: Any, value: Any) -> None:
    """``base[index] += value`` and its kin."""
    set_(function(get(base, index), value), base, index)


def augmented(function: Any, target: Any, value: Any) -> Any:
    """``target += value`` and its kin, for a variable."""
    if type(target) in CHANGEABLE:
        effect(target)
    elif type(target) is Mixed and any(type(option) in CHANGEABLE for option in target.options):
        return TABLE["mixed"](target, lambda option: augmented(function, option, value))
    elif type(target) not in UNCHANGEABLE and type(target) is not Mixed and changes_itself(target, function.__name__):
        effect(target)
    return function(target, value)


FORMS[operator.getitem] = get
FORMS[operator.setitem] = lambda base, index, value: set_(value, base, index)
FORMS[operator.delitem] = delete
for _function in (
    operator.iadd, operator.isub, operator.imul, operator.iand, operator.ior, operator.ixor, operator.iconcat,
):  # fmt: skip
    FORMS[_function] = functools.partial(augmented, _function)
