"""Branches: each side of an ``if`` on its own lanes, and operations on mixed values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON, TABLE, LaneArray, is_single, live, truth
from ..facts import PLAIN, RUN, NoLaneForm, Run, recorder
from ..lanes import Lanes
from .both import FAILED, attempt, select, worth
from .floats import joint
from .lanelist import LaneList
from .meet import UNBOUND, Mixed, bound, present
from .region import GONE, Region


class Box:
    """A place for a value, like the cell of a variable."""

    __slots__ = ("cell_contents",)
    cell_contents: Any


def contents(cell: Any) -> Any:
    """What a variable holds."""
    try:
        return cell.cell_contents
    except (ValueError, AttributeError):
        return UNBOUND


def fill(cell: Any, value: Any) -> None:
    """Let a variable hold a value, or none."""
    if value is not UNBOUND:
        cell.cell_contents = value
    elif contents(cell) is not UNBOUND:
        del cell.cell_contents


def branch(run: Run, lanes: Lanes, indices: list[Any], bodies: list[Any], variables: list[Any], ident: Any) -> Any:
    """Run each body on its own lanes; `GONE` if no lane comes to the end.

    Parameters
    ----------
    lanes : Lanes
        What the choice depends on.
    indices : list of tuple of arrays
        For each body, its lanes.
    bodies : list of callable or None
        None has nothing to do.
    variables : list of cells
        What the bodies assign and later code may read.
    """
    region = Region(run, ident)
    entry = [contents(cell) for cell in variables]
    sides = []
    for index, body in zip(indices, bodies, strict=True):
        region.part(lanes, index)
        result = body() if body is not None else None
        if run.region is not region:
            run.give_up(region.statements())
        if result is not GONE:
            sides.append(region.side([contents(cell) for cell in variables]))
        region.back()
        for cell, value in zip(variables, entry, strict=True):
            fill(cell, value)
    values: list[Any] | None
    if len(sides) == 1:
        region.again(sides[0])
        values = sides[0].values
    else:
        parked = []
        for side in sides:
            region.again(side)
            parked.append(region.park(side.values, entry))
            region.back()
        values = region.meet(parked, entry)
    region.end()
    if values is None:
        return GONE
    for cell, value in zip(variables, values, strict=True):
        fill(cell, value)
    return None


def choose(lanes: Lanes, indices: list[Any], thunks: list[Callable[[], Any]], ident: Any) -> Any:
    """The value of each lane by the thunk that is its own."""
    run = RUN.get()
    assert run is not None
    box = Box()

    def body(thunk: Callable[[], Any]) -> Callable[[], None]:
        def evaluate() -> None:
            box.cell_contents = thunk()

        return evaluate

    branch(run, lanes, indices, [body(thunk) for thunk in thunks], [box], ident)
    return box.cell_contents


def truths(test: Any) -> Any:
    """The truth of a lane value in each lane, as a lane value; a plain bool where there is but one."""
    if type(test) is Mixed:
        found = joint(test, integers=True)
        if found is not None:
            return truths(found)
        test = TABLE["mixed"](test, lambda x: truths(x) if type(x) in VARYING else bool(x))
        if type(test) is Mixed:  # np.True_ and True
            return bool(test)
    if type(test) is not LaneArray:
        return truths(test.truth()) if type(test) in VARYING else bool(test)
    if (tracer := recorder()) is not None:
        return tracer.truths(test)
    test = live(test)
    lanes = test.lanes
    if not lanes.axes:
        return bool(test.data)
    if test.kind == ARRAY and not is_single(test):
        return bool(test)  # NumPy's complaint
    data = truth(test.data.reshape(lanes.shape))
    if data.size:
        true = int(np.count_nonzero(data))
        if true in (0, data.size):
            return true > 0
    return LaneArray(data, lanes, PYTHON)


VARYING: set[type] = {LaneArray, Mixed, LaneList}
"""The types of what may differ between lanes; those that are neither lane values nor mixed are lists."""


def where(mask: Any) -> tuple[Any, ...]:
    """The lanes that a mask marks, for `Region.part`."""
    return (mask,) if mask.ndim == 1 else np.nonzero(mask)


def sides(test: LaneArray) -> list[Any]:
    """The lanes for which a truth holds, and the others."""
    return [where(test.data), where(~test.data)]


def either(test: Any, then: Any, orelse: Any, variables: list[Any], ident: Any, cost: int = 0) -> Any:
    """Run one of two bodies in each lane; with a ``cost`` they do nothing but compute, and may run on all lanes."""
    test = truths(test)
    if type(test) is LaneArray and (tracer := recorder()) is not None:
        return tracer.either(test, then, orelse, variables)
    if type(test) is LaneArray and ident in PLAIN:
        test = bool(test)
    if type(test) is not LaneArray:
        body = then if test else orelse
        return body() if body is not None else None
    run = RUN.get()
    if run is None:
        raise NoLaneForm("a value is asked outside of the vmap that it belongs to")
    if cost and (run.trial or worth(test, cost)) and on_all(run, test, [then, orelse], variables, ident):
        return None
    return branch(run, test.lanes, sides(test), [then, orelse], variables, ident)


def on_all(run: Run, test: LaneArray, bodies: list[Any], variables: list[Any], ident: Any) -> bool:
    """Run both bodies on all lanes, and let each variable have its own lane's value; False if that can't be."""
    entry = [contents(cell) for cell in variables]

    def bind(values: list[Any]) -> None:
        for cell, value in zip(variables, values, strict=True):
            fill(cell, value)

    def run_both() -> list[Any]:
        ends = []
        for body in bodies:
            if body is not None:
                body()
            ends.append([contents(cell) for cell in variables])
            bind(entry)
        return [select(test, then, orelse) for then, orelse in zip(*ends, strict=True)]

    values = attempt(run, ident, [body for body in bodies if body is not None], run_both)
    if values is FAILED:
        bind(entry)
        return False
    bind(values)
    return True


def mixed(value: Mixed, function: Callable[[Any], Any]) -> Any:
    """A function of a mixed value: of each alternative, on its own lanes."""
    if (tracer := recorder()) is not None:
        return tracer.mixed(value, function)
    codes = live(value.codes)
    found = present(codes.data, len(value.options))
    if len(found) <= 1:
        return function(bound(value.options[found[0] if found else 0]))
    indices = [where(codes.data == code) for code in found]
    thunks = [_thunk(function, value.options[code]) for code in found]
    return choose(codes.lanes, indices, thunks, None)


def _thunk(function: Callable[[Any], Any], option: Any) -> Callable[[], Any]:
    return lambda: function(bound(option))


TABLE["mixed"] = mixed
