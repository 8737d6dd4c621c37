"""What rewritten code calls: the statements and expressions of Python, for plain values and for lane values."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from types import BuiltinFunctionType, CellType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ..facts import RUN, Run, recorder
from ..lanes import NOWHERE, LaneAxis
from ..regions import (
    GONE,
    UNBOUND,
    UNEVEN,
    VARYING,
    Frame,
    Loop,
    Straight,
    at_work,
    bind_around,
    contents,
    effect,
    either,
    take_turns,
)
from ..usercode import is_core_file
from .functions import attribute, function, method
from .logic import all_, and_, any_, chain, if_expression, in_, is_, is_not, not_, not_in, or_
from .subscripts import augmented, concatenated, delete, get, new, repeated, set_, set_augmented, sliced


def _run() -> Run:
    """The run at work; outside of every vmap one that has nothing to do."""
    run = RUN.get()
    return Run(LaneAxis(1, 0), None) if run is None else run


# ---- statements ----


def enter() -> Frame:
    """Begin a call of a function."""
    if (tracer := recorder()) is not None:
        return tracer.frame()  # type: ignore[no-any-return]
    return Frame(_run())


def variables(names: tuple[str, ...], *functions: Any) -> list[CellType]:
    """The cells of some variables, which these functions have in common."""
    if not names:
        return []
    found: dict[str, CellType] = {}
    for inner in functions:
        if inner is not None:
            found.update(zip(inner.__code__.co_freevars, inner.__closure__ or (), strict=True))
    return [found[name] for name in names]


def if_(test: Any, then: Any, orelse: Any, names: tuple[str, ...], cost: int = 0) -> Any:
    """``if test: then() else: orelse()``; `GONE` if no lane comes to the end. For the cost see `light`."""
    if type(test) not in VARYING:
        body = then if test else orelse
        return None if body is None else body()
    ident = (then or orelse).__code__
    return either(test, then, orelse, variables(names, then, orelse), ident, cost)


def loop(
    peek: Any, names: tuple[str, ...], weight: int, has_else: bool, straight: bool, twice: bool = True
) -> Any:  # fmt: skip
    """Begin a loop; None if it names no lane values, and may run as it was written.

    Parameters
    ----------
    peek : callable
        An inner function that has the variables of the loop in its cells.
    names : tuple of str
        Those that the loop assigns and later code (or its next turn) may read.
    weight : int
        Of a turn, for `hot`.
    has_else, straight : bool
        Whether it has an ``else``; whether its body parts no lanes.
    twice : bool
        Whether the loop stands there as it was written, too.
    """
    cells = peek.__closure__ or ()
    run = RUN.get()
    if twice and all(_is_plain(contents(cell), run) for cell in cells):
        return None
    if run is not None and run.recorder is not None:
        return run.recorder.loop(variables(names, peek), has_else)

    def make() -> Loop:
        return Loop(_run() if run is None else run, variables(names, peek), peek.__code__, weight)

    return Straight(make, run, weight) if straight else make()


_PLAIN_TYPES = frozenset({
    int, float, bool, complex, str, bytes, type(None), range, slice, ModuleType, BuiltinFunctionType, np.ufunc, type,
    type(Ellipsis), type(UNBOUND), type(np.sum), *np.sctypeDict.values(),
})  # fmt: skip


def _is_plain(value: Any, run: Run | None) -> bool:
    kind = type(value)
    if kind in _PLAIN_TYPES:
        return True
    if kind is tuple:
        return all(_is_plain(item, run) for item in value)
    if kind is np.ndarray:
        return value.dtype != object and not (run is not None and run.parted)
    return kind is FunctionType and not value.__closure__


def iterator(items: Any) -> Any:
    """What a loop goes through, by a name: lanes that have left an iterator must not find it further on."""
    if not hasattr(type(items), "__next__") or at_work() is None:
        return items
    return items if is_core_file(sys._getframe(1).f_code.co_filename) else Watched(items)


class Watched:
    """An iterator that has a name, in a loop.

    Parameters
    ----------
    items : iterator
        The user's.
    """

    def __init__(self, items: Any) -> None:
        self.items = items

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        run = RUN.get()
        if run is not None and type(run.region) is Loop and (run.region.finished or run.region.broken):
            run.give_up()
        effect(self.items)
        return next(self.items)


def given(loop: Any, items: Any) -> Any:
    """What a loop goes over: ``items()``, unless that has been worked out."""
    known_items = getattr(loop, "given", None)
    return known_items[0] if known_items else items()


def depth() -> Any:
    """Where the code is among the regions at work, for `caught`."""
    run = RUN.get()
    return None if run is None else (run, run.region, run.refinements)


def caught(before: Any) -> None:
    """See that an exception was caught where it arose for all lanes alike."""
    if (tracer := recorder()) is not None:
        tracer.caught()
    if before is not None and before[0].region is not before[1]:
        run: Run = before[0]
        if run.parted:
            run.region.refile(NOWHERE, 0, pure=run.started is not None and run.started.pure)
        run.region = before[1]


def said(make: Callable[[], Any]) -> Any:
    """An exception that is raised, in words that may need values."""
    return make() if (tracer := recorder()) is None else tracer.said(make)


# ---- variables of a function around ----


def own(peek: Any) -> None:
    """Variables that inner functions bind belong to the call that begins."""
    run = RUN.get()
    if run is not None and run.recorder is not None:
        run.recorder.own(peek.__closure__)
    elif run is not None:
        run.homes = run.homes or {}
        run.homes.update((id(cell), cell) for cell in peek.__closure__)


def outside(peek: Any) -> Any:
    """Before a statement that binds variables of a function around: what they hold."""
    cells = peek.__closure__
    if (tracer := recorder()) is not None:
        return tracer.rebound, cells, tracer.outside(cells)
    run = RUN.get()
    if run is None or run.homes is None or any(id(cell) not in run.homes for cell in cells):
        effect()
        return None
    run.only_computing()
    return run_rebound, cells, [contents(cell) for cell in cells]


def rebound(held: Any) -> None:
    """After such a statement: only the lanes at work have bound them."""
    if held is not None:
        held[0](*held[1:])


def run_rebound(cells: Any, before: list[Any]) -> None:
    """The same where no program is traced."""
    run = RUN.get()
    if run is None or not run.parted or run.region is None:
        return
    for cell, old in zip(cells, before, strict=True):
        if not bind_around(run, cell, old):
            effect()


# ---- comprehensions ----


def comprehend(items: Any, written: Any, as_loop: Any, chooses: bool) -> Any:
    """A comprehension: as it is written, or as a loop where its items may differ in number between lanes."""
    return as_loop(items) if _parts_lanes(items, written, chooses) else written(items)


def eat(eater: Any, items: Any, written: Any, as_loop: Any, chooses: bool) -> Any:
    """``sum``, ``any`` or ``all`` of a generator."""
    if eater in _EATERS and _parts_lanes(items, written, chooses):
        return as_loop(items)
    return function(eater)(written(items))


_EATERS = (sum, any, all)


def _parts_lanes(items: Any, written: Any, chooses: bool) -> bool:
    run = RUN.get()
    if run is None:
        return False
    if type(items) in UNEVEN or (run.recorder is not None and run.recorder.uneven(items)):
        return True
    cells = written.__closure__ or ()
    return chooses and not (_is_plain(items, run) and all(_is_plain(contents(cell), run) for cell in cells))


# ---- all that it can call ----

HELPERS: dict[str, Any] = {
    "GONE": GONE, "enter": enter, "if": if_, "loop": loop, "depth": depth, "caught": caught, "effect": effect,
    "said": said, "own": own, "outside": outside, "rebound": rebound,
    "new": new, "sliced": sliced, "repeated": repeated, "concatenated": concatenated, "delete": delete,
    "attribute": attribute, "comprehend": comprehend, "eat": eat, "iterator": iterator, "given": given,
    "take_turns": take_turns,
    "augmented": augmented, "get": get, "set": set_, "set_augmented": set_augmented, "slice": slice,
    "if_expression": if_expression, "and": and_, "or": or_, "all": all_, "any": any_, "not": not_, "chain": chain,
    "is_": is_, "is_not": is_not, "in_": in_, "not_in": not_in, "method": method, "function": function,
    **{name: getattr(operator, name) for name in (
        "iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "imatmul", "ilshift", "irshift", "iand", "ior",
        "ixor", "lt", "le", "gt", "ge", "eq", "ne",
    )},
}  # fmt: skip
"""Everything that rewritten code can name, less the prefix."""
