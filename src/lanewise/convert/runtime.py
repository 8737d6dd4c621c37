"""What rewritten code calls: the statements and expressions of Python, for plain values and for lane values."""

from __future__ import annotations

import functools
import operator
import sys
from abc import ABCMeta
from collections import deque
from types import BuiltinFunctionType, CellType, FunctionType, MethodDescriptorType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON, TABLE, LaneArray, apply, live
from ..facts import RUN, NoLaneForm, Run, is_core_file, recorder
from ..lanes import NOWHERE, LaneAxis
from ..ops.composite import CLASSES
from ..ops.polynomial import lane_instance
from ..regions import (
    FAILED,
    GONE,
    PLAIN,
    UNBOUND,
    UNEVEN,
    VARYING,
    Frame,
    LaneList,
    Loop,
    Mixed,
    Straight,
    at_work,
    attempt,
    choose,
    contents,
    effect,
    either,
    known,
    mark,
    select,
    sides,
    site_here,
    take_turns,
    truths,
    where,
    worth,
)
from . import lane_form
from .calls import FORMS, guarded
from .sequences import made, may_vary
from .unseen import changes_itself, note_call, note_object


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
    for function in functions:
        if function is not None:
            found.update(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    return [found[name] for name in names]


def if_(test: Any, then: Any, orelse: Any, names: tuple[str, ...], cost: int = 0) -> Any:
    """``if test: then() else: orelse()``; `GONE` if no lane comes to the end. For the cost see `light`."""
    if type(test) not in VARYING:
        body = then if test else orelse
        return None if body is None else body()
    ident = (then or orelse).__code__
    return either(test, then, orelse, variables(names, then, orelse), ident, cost)


def loop(peek: Any, names: tuple[str, ...], has_else: bool, straight: bool, twice: bool = True) -> Any:
    """Begin a loop; None if it names no lane values, and may run as it was written.

    Parameters
    ----------
    peek : callable
        An inner function that has the variables of the loop in its cells.
    names : tuple of str
        Those that the loop assigns and later code (or its next turn) may read.
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
        return Loop(_run() if run is None else run, variables(names, peek), peek.__code__)

    return Straight(make) if straight else make()


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


# ---- assignments ----


def augmented(function: Any, target: Any, value: Any) -> Any:
    """``target += value`` and its kin, for a variable."""
    if type(target) in _CONTAINERS:
        effect(target)
    elif type(target) is Mixed and any(type(option) in _CONTAINERS for option in target.options):
        return TABLE["mixed"](target, lambda option: augmented(function, option, value))
    elif type(target) not in _NO_EFFECTS and type(target) is not Mixed and changes_itself(target, function.__name__):
        effect(target)
    return function(target, value)


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
    if type(index) in (tuple, list) and (n := _mixed_in(index)) is not None:
        return TABLE["mixed"](index[n], lambda option: get(base, _with(index, n, option)))
    if kind is LaneArray or type(index) not in _INDICES or not _varies(index):
        return base[index] if kind is not list or type(index) is not slice else new(base[index])
    if kind is list and (run := at_work()) is not None and may_vary(run, base):
        return LaneList(run, base, None).get(index)
    if kind is np.ndarray and base.dtype != object:
        return apply(operator.getitem, LaneArray(base, NOWHERE, ARRAY), index)
    if kind in (list, tuple, str) and type(index) is LaneArray:
        return _picked(base, index)
    return base[index]


_INDICES = frozenset({LaneArray, tuple, list, Mixed, slice})


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
    return type(index) in (tuple, list) and any(_varies(item) for item in index)


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


# ---- expressions ----


def if_expression(test: Any, then: Any, orelse: Any, cost: int = 0) -> Any:
    """``then() if test else orelse()``."""
    if type(test) not in VARYING:
        return then() if test else orelse()
    return _choice(test, then, orelse, cost, (then, orelse))


def _choice(test: Any, then: Any, orelse: Any, cost: int, written: Any) -> Any:
    """The same for a test of lanes; ``written`` is what the user wrote in it, the first of which identifies it."""
    ident = written[0].__code__
    test = truths(test)
    if type(test) is LaneArray and (tracer := recorder()) is not None:
        return tracer.choose(test, then, orelse)
    if type(test) is not LaneArray or ident in PLAIN:
        return then() if test else orelse()
    run = RUN.get()
    if cost and run is not None and (run.trial or worth(test, cost)):
        found = attempt(run, ident, written, lambda: select(test, then(), orelse()))
        if found is not FAILED:
            return found
    return choose(test.lanes, sides(test), [then, orelse], ident)


def and_(value: Any, *others: Any, cost: int = 0) -> Any:
    """``value and others[0]() and ...``."""
    for n, other in enumerate(others):
        if type(value) in VARYING:
            held, rest = value, others[n:]
            return _choice(held, lambda: and_(rest[0](), *rest[1:], cost=cost), lambda: held, cost, rest)
        if not value:
            return value
        value = other()
    return value


def or_(value: Any, *others: Any, cost: int = 0) -> Any:
    """``value or others[0]() or ...``."""
    for n, other in enumerate(others):
        if type(value) in VARYING:
            held, rest = value, others[n:]
            return _choice(held, lambda: held, lambda: or_(rest[0](), *rest[1:], cost=cost), cost, rest)
        if value:
            return value
        value = other()
    return value


def all_(value: Any, *others: Any, cost: int = 0) -> Any:
    """The truth of ``value and others[0]() and ...``."""
    return _truth_of(True, value, others, cost)


def any_(value: Any, *others: Any, cost: int = 0) -> Any:
    """The truth of ``value or others[0]() or ...``."""
    return _truth_of(False, value, others, cost)


def _truth_of(until: bool, value: Any, others: Any, cost: int) -> Any:
    for n, other in enumerate(others):
        if type(value) in VARYING:
            value = truths(value)
        if type(value) is LaneArray:
            rest = others[n:]

            def further() -> Any:
                return truths(_truth_of(until, rest[0](), rest[1:], cost))

            if until:
                return _choice(value, further, lambda: False, cost, rest)
            return _choice(value, lambda: True, further, cost, rest)
        if bool(value) is not until:
            return value
        value = other()
    return value


def not_(value: Any) -> Any:
    """``not value``."""
    if type(value) not in VARYING:
        return not value
    value = truths(value)
    if type(value) is LaneArray and (tracer := recorder()) is not None:
        return tracer.negated(value)
    if type(value) is LaneArray:
        return LaneArray(~value.data, value.lanes, PYTHON)
    return not value


def chain(left: Any, *steps: Any, cost: int = 0) -> Any:
    """``left < a() < b()``."""
    (function, operand), *rest = steps
    right = operand()
    value = function(left, right)
    if not rest:
        return value
    if type(value) not in VARYING:
        return chain(right, *rest, cost=cost) if value else value
    further = [operand for _, operand in rest]
    return _choice(value, lambda: chain(right, *rest, cost=cost), lambda: value, cost, further)


def is_(a: Any, b: Any) -> Any:
    """``a is b``."""
    if type(a) is LaneList and type(b) is LaneList:
        return a.owner() is b.owner()
    for x, y in ((a, b), (b, a)):
        if type(x) is Mixed and type(y) is not Mixed:
            return TABLE["mixed"](x, lambda option, y=y: option is y)
    return a is b


def is_not(a: Any, b: Any) -> Any:
    """``a is not b``."""
    return not_(is_(a, b))


SEQUENCES = {list, tuple, set, frozenset}


def in_(item: Any, items: Any) -> Any:
    """``item in items``."""
    kind = type(items)
    if kind is LaneArray or (type(item) is LaneArray and kind is np.ndarray):
        found = apply(np.any, items == item)
        return LaneArray(found.data, found.lanes, PYTHON) if type(found) is LaneArray else bool(found)
    if kind is LaneList:
        return FORMS[operator.contains](items, item)
    if kind in SEQUENCES and (type(item) in VARYING or any(type(x) in VARYING for x in items)):
        return any_(False, *[lambda x=x: x is item or item == x for x in items])
    if kind is range and type(item) is LaneArray and item.data.dtype.kind in "iu" and items.step > 0:
        return all_(item >= items.start, lambda: item < items.stop, lambda: (item - items.start) % items.step == 0)
    return item in items


def not_in(item: Any, items: Any) -> Any:
    """``item not in items``."""
    return not_(in_(item, items))


def attribute(owner: Any, name: str) -> Any:
    """An attribute whose name is one of lane values' own: the user means that of an array."""
    if type(owner) is not LaneArray:
        return getattr(owner, name)
    if hasattr(owner.__class__, name):
        raise NoLaneForm(f"the attribute .{name} has no batched form")
    raise AttributeError(f"{owner.__class__.__name__!r} object has no attribute {name!r}")


# ---- calls ----

_CONTAINERS = frozenset({list, dict, set, deque, bytearray, np.ndarray})

_READERS = frozenset({
    "index", "count", "copy", "get", "keys", "values", "items", "union", "intersection", "difference", "issubset",
    "issuperset", "isdisjoint", "symmetric_difference",
})  # fmt: skip

_WRITERS = frozenset({"sort", "fill", "put", "resize", "itemset", "partition", "setflags", "byteswap", "setfield"})

_NO_EFFECTS = frozenset({
    LaneArray, LaneList, str, bytes, int, float, bool, complex, tuple, frozenset, range, type(None),
})  # fmt: skip


def method(owner: Any, name: str) -> Any:
    """The method of an object, in its form for lane values."""
    kind = type(owner)
    if kind is Mixed:
        return lambda *args, **kwargs: TABLE["mixed"](owner, lambda x: method(x, name)(*args, **kwargs))
    found = getattr(owner, name)
    if kind in _NO_EFFECTS:
        return found
    if kind is ModuleType or isinstance(owner, type):
        return function(found)
    if kind in _CONTAINERS:
        if name in _WRITERS if kind is np.ndarray else name not in _READERS:
            effect(owner)
        elif kind is list and name == "copy":
            return lambda: new(found())
        return found
    if type(found) is MethodType or type(found) is FunctionType:
        return function(found)
    if not isinstance(owner, (np.generic, np.ufunc)):
        effect(owner)
    return found


def function(found: Any) -> Any:
    """A function in its form for lane values."""
    kind = type(found)
    if kind in _BY_VALUE:
        form = FORMS.get(found)
        if form is not None:
            return form if (tracer := recorder()) is None else tracer.form(found, form)
        if kind is FunctionType:
            made = lane_form(found)
            note_call(found, made)
            return made if (tracer := recorder()) is None else tracer.called(made)
        own = found
        if kind is BuiltinFunctionType:
            owner = found.__self__
            own = method(owner, found.__name__) if type(owner) in _CONTAINERS else guarded(found)
        return own if (tracer := recorder()) is None else tracer.form(found, own)
    if kind is MethodType:
        form = FORMS.get(found) or lane_form(found)
        note_call(found, form)
        return form
    if kind in CLASSES:
        return lane_instance(found)
    return _of_instance(found, kind)


def _of_instance(found: Any, kind: Any) -> Any:
    """The form of what is called and is no function: an object of the user's class, or a method of a type."""
    if kind is functools.partial:
        return functools.partial(function(found.func), *found.args, **found.keywords)
    if kind is Mixed:
        return lambda *args, **kwargs: TABLE["mixed"](found, lambda option: function(option)(*args, **kwargs))
    if kind is MethodDescriptorType and found.__objclass__ in _CONTAINERS:
        return lambda owner, *args, **kwargs: method(owner, found.__name__)(*args, **kwargs)
    call = getattr(kind, "__call__", None)  # noqa: B004
    form = lane_form(call) if type(call) is FunctionType else call
    if form is call:
        note_object(found)
        return found
    return MethodType(form, found)  # type: ignore[arg-type]


_BY_VALUE = frozenset({FunctionType, BuiltinFunctionType, type, ABCMeta, type(np.sum)})

FORMS[operator.getitem] = get
FORMS[operator.setitem] = lambda base, index, value: set_(value, base, index)
FORMS[operator.delitem] = delete
for _function in (
    operator.iadd, operator.isub, operator.imul, operator.iand, operator.ior, operator.ixor, operator.iconcat,
):  # fmt: skip
    FORMS[_function] = functools.partial(augmented, _function)

HELPERS: dict[str, Any] = {
    "GONE": GONE, "enter": enter, "if": if_, "loop": loop, "depth": depth, "caught": caught, "effect": effect,
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
