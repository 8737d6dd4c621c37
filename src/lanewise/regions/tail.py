"""The last few lanes of a loop whose turns only compute: each goes on by itself, as plain numbers, to its own end."""

from __future__ import annotations

import functools
from types import FunctionType
from typing import Any

import numpy as np

from ..array import PYTHON, SCALAR, LaneArray, live
from ..facts import Unlikely
from ..lanes import Lanes
from .both import FAILED, on_trial, user_cells
from .branches import VARYING, contents, fill
from .meet import Mixed

_SCALARS = (bool, int, float, complex)
END = -1  # the number of the step by which a lane leaves that has had all its turns


def finish(turns: Any, items: Any, bind: Any) -> bool:
    """Run the lanes at work one by one until they have left the loop; False, with nothing changed, if that can't be.

    Parameters
    ----------
    turns : Turns
        The loop, at the start of a turn.
    items : list, optional
        What a ``for`` has still to go over.
    bind : callable, optional
        Gives the loop's variable an item.
    """
    run, loop = turns.mapped, turns.loop
    lanes = Lanes.of(run.refinements)
    if lanes.ndim != 1:
        return False
    cells = _cells([*[function for step in turns.steps for function in step[1:]], bind], loop.variables)
    before = [contents(cell) for cell in cells]
    count = None if run.meter is None else functools.partial(run.meter.alone, loop.weight)
    ends: Any = on_trial(run, lambda: _ends(turns.steps, items, bind, cells, before, lanes, count))
    for cell, value in zip(cells, before, strict=True):
        fill(cell, value)
    if ends is FAILED:
        return False
    for number, (index, columns) in ends.items():
        kind, *functions = turns.steps[number] if number != END else ("test", None)
        values = [
            old if column is None else LaneArray(column[0], lanes, column[1])
            for old, column in zip(before, columns, strict=True)
        ]
        last = functions[1] if len(functions) > 1 else None
        turns.leave_with(kind, last, lanes, (index,), list(zip(cells, values, strict=True)))
    loop.here = False
    return True


def _cells(functions: list[Any], more: list[Any]) -> list[Any]:
    """The user's variables that some functions name, and those that they call."""
    found: dict[int, Any] = {id(cell): cell for cell in more}
    waiting = [function for function in functions if function is not None]
    while waiting:
        for cell in user_cells(waiting.pop()):
            if id(cell) not in found:
                found[id(cell)] = cell
                if type(value := contents(cell)) is FunctionType:
                    waiting.append(value)
    return list(found.values())


def _ends(
    steps: Any, items: Any, bind: Any, cells: list[Any], before: list[Any], lanes: Lanes, count: Any
) -> dict[int, Any]:  # fmt: skip
    """For each step by which lanes leave, which ones do, and their variables: data and kind, or None if unchanged."""
    size = lanes.shape[0]
    columns = [_column(value, lanes) for value in before]
    left: dict[int, list[tuple[int, list[Any]]]] = {}
    for lane in range(size):
        for cell, value, column in zip(cells, before, columns, strict=True):
            fill(cell, value if column is None else column[lane])
        start = [contents(cell) for cell in cells]
        number = _turns(steps, items, bind, count)
        last = [contents(cell) for cell in cells]
        left.setdefault(number, []).append(
            (lane, [UNCHANGED if a is b else b for a, b in zip(start, last, strict=True)])
        )
    ends = {}
    for number, found in left.items():
        index = np.array([lane for lane, _ in found])
        rows = [list(values) for values in zip(*[values for _, values in found], strict=True)]
        ends[number] = index, [
            _together(row, column, index, size) for row, column in zip(rows, columns, strict=True)
        ]
    return ends


UNCHANGED = object()


def _turns(steps: Any, items: Any, bind: Any, count: Any) -> int:
    """Take turns on plain values; the number of the step by which the loop is left."""
    for item in items if items is not None else iter(int, 1):
        if count is not None and count():
            raise Unlikely  # the turns are more than the call can be left with
        if bind is not None:
            bind(item)
        for number, (kind, function, *_) in enumerate(steps):
            value = function()
            if kind == "do":
                continue
            if type(value) in VARYING:
                raise Unlikely
            if bool(value) is (kind != "test"):
                return number
    return END


def _column(value: Any, lanes: Lanes) -> list[Any] | None:
    """The value of each lane; None if it is the same for all."""
    if type(value) is Mixed:
        options = [_column(option, lanes) or [option] * lanes.shape[0] for option in value.options]
        codes = live(value.codes).data
        return [options[code][lane] for lane, code in enumerate(np.broadcast_to(codes, lanes.shape))]
    if type(value) is not LaneArray:
        return None
    value = live(value)
    if not value.lanes.axes:
        return None
    if value.lanes is not lanes:
        raise Unlikely
    if value.kind == PYTHON:
        found: list[Any] = value.data.tolist()
        return found
    return list(value.data)


def _together(row: list[Any], column: list[Any] | None, index: Any, size: int) -> Any:
    """A variable of some lanes as data (of all lanes, of which the others do not count) and kind; None if unchanged."""
    if all(value is UNCHANGED for value in row):
        return None
    if any(value is UNCHANGED for value in row):
        if column is None:
            raise Unlikely
        row = [column[lane] if value is UNCHANGED else value for value, lane in zip(row, index, strict=True)]
    kinds = {type(value) for value in row}
    kind = kinds.pop()
    if kinds or not (kind in _SCALARS or issubclass(kind, np.generic)):
        raise Unlikely
    values = np.array(row)
    if values.dtype.kind not in "biufc" or (kind is int and values.dtype != np.int64):
        raise Unlikely
    data = np.empty(size, values.dtype)
    data[:] = values[0]
    data[index] = values
    return data, PYTHON if kind in _SCALARS else SCALAR

