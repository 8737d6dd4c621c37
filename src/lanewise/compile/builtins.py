"""Builtins and `math` in converted code under a tracer."""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON, LaneArray
from ..convert.calls import FORMS
from ..convert.mathematics import operands
from ..convert.searching import FUNCTIONS
from ..convert.sequences import EXTREMES, _itself
from ..regions import LaneRange, Mixed, apart
from .cells import Untraceable
from .ir import leaves, replaced
from .lists import TracedList, holds, in_order, less, plainly
from .loops import Rows, numbered, zipped
from .mixed import meet
from .numbers import NUMBERS
from .selected import Selected, count
from .trace import Recorder
from .written import WRITTEN, as_loop, hypot, log_to_base

LONGEST = 64  # items of a list that is accumulated


def form(r: Recorder, function: Any, own: Any) -> Any:
    """A function that converted code calls, in the form in which it is recorded.

    Parameters
    ----------
    own : callable
        Its form for lane values.
    """
    traced = TRACED.get(function)
    if traced is not None:
        return functools.partial(traced, r)
    if function in NATIVE:
        return function
    if function in NUMBERS:
        return functools.partial(number_call, r, NUMBERS[function])
    if function in RECORDED or getattr(function, "__module__", "") == "math":
        return recorded(r, function, own)
    return functools.partial(plain_call, r, function, own)


def number_call(r: Recorder, rule: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a rule of numbers, for each alternative of those that are mixed."""
    if any(type(x) is Mixed for x in args):
        return apart(functools.partial(number_call, r, rule), args, kwargs)
    return rule(r, *args, **kwargs)


def recorded(r: Recorder, function: Any, own: Any) -> Any:
    """A function of numbers that is noted as it is."""
    rule = SHAPES.get(function, own)

    def call(*args: Any, **kwargs: Any) -> Any:
        if any(type(x) is Mixed for x in args):
            return apart(call, args, kwargs)
        if function in OTHERWISE and len(args) != OTHERWISE[function][0]:
            return OTHERWISE[function][1](r, *args, **kwargs)
        if not any(type(x) is LaneArray for x in args):
            return own(*args, **kwargs)
        return r.record(lambda _, *a, **k: rule(*a, **k), function, (function, *args), kwargs)

    return call


def plain_call(r: Recorder, function: Any, own: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a function that knows neither the tracer's lists nor mixed values in its arguments."""
    package = str(getattr(function, "__module__", "")).partition(".")[0]
    if any(holds(x, (TracedList,)) for x in (*args, *kwargs.values())):
        if package not in READS_ONLY:
            raise Untraceable("a list goes to a function that is not traced")
        args, kwargs = plainly(args), plainly(kwargs)
    if package in ("numpy", "lanewise"):
        for x in leaves((args, kwargs)):
            if type(x) is Mixed:
                return r.mixed(
                    x, lambda y: plain_call(r, function, own, *replaced(args, x, y), **replaced(kwargs, x, y))
                )
    return own(*args, **kwargs)


def _extreme(r: Recorder, builtin: Any, *args: Any, key: Any = None, **default: Any) -> Any:
    if len(args) == 1 and type(args[0]) is Selected:
        args = (_gathered(r, args[0]),)
    if len(args) == 1 and r.uneven(args[0]):
        return _of_uneven(r, builtin, args[0], key, default)
    items = list(args[0]) if len(args) == 1 else list(args)
    if not items:
        return builtin(items, **default)
    key = key if key is None else r.called(key)
    rows = [(item if key is None else key(item), item) for item in items]
    best = rows[0]
    for row in rows[1:]:
        test = r.truths(less(row[0], best[0]) if builtin is min else less(best[0], row[0]))
        if type(test) is LaneArray:
            best = meet(r, r.truth(test), row, best)
        elif test:
            best = row
    return best[1]


def _of_uneven(r: Recorder, builtin: Any, items: Any, key: Any, default: dict[str, Any]) -> Any:
    """The same of a list that differs in length between lanes; where it is empty, and that is an error, Python says."""
    if not default:
        r.fail_where(r.truth(r.form(len, len)(items) == 0))
    return EXTREMES[builtin](items, key or _itself, default.get("default", 0.0))


def _min(r: Recorder, *args: Any, **kwargs: Any) -> Any:
    return _extreme(r, min, *args, **kwargs)


def _max(r: Recorder, *args: Any, **kwargs: Any) -> Any:
    return _extreme(r, max, *args, **kwargs)


def _bool(r: Recorder, *args: Any) -> Any:
    return r.truths(args[0]) if args else False


def _len(r: Recorder, x: Any) -> Any:
    if type(x) is Mixed:
        return r.mixed(x, lambda option: _len(r, option))
    if type(x) is Selected:
        return count(x)
    return x.length() if type(x) is TracedList else len(x)


def _sorted(r: Recorder, items: Any, *, key: Any = None, reverse: bool = False) -> Any:
    if type(items) is LaneArray and key is None:
        return TracedList(r, FORMS[sorted](items, reverse=reverse))
    return TracedList(r, in_order(r, list(items), key, reverse))


def _zip(r: Recorder, *args: Any, **options: Any) -> Any:
    rows = [Rows.of(r, x) for x in args]
    found = [row for row in rows if row is not None]
    strict = options.get("strict") and len({row.size for row in found}) > 1
    return zipped(found) if rows and len(found) == len(rows) and not strict else zip(*args, **options)  # noqa: B905


def _enumerate(r: Recorder, items: Any, start: Any = 0) -> Any:
    rows = Rows.of(r, items)
    if rows is None or type(start) is not int:
        return enumerate(items, start)
    return numbered(r, rows, start)


@as_loop
def _gathered(items: Any) -> Any:
    return [item for item in items]  # noqa: C416  # as it is rewritten


def _list(r: Recorder, *args: Any) -> Any:
    if args and (type(args[0]) is Selected or r.uneven(args[0])):
        return _gathered(r, args[0])
    return TracedList(r, *args)


def _isinstance(r: Recorder, x: Any, kinds: Any) -> Any:
    if type(x) is Mixed:
        return r.mixed(x, lambda option: isinstance(option, kinds))
    return isinstance(x, kinds) if type(x) is not Selected else issubclass(np.ndarray, kinds)


def _type(r: Recorder, x: Any, *rest: Any) -> Any:
    return np.ndarray if type(x) is Selected else FORMS[type](x, *rest)


def _range(r: Recorder, *args: Any) -> Any:
    if not any(type(x) is LaneArray for x in args):
        return range(*args)
    start, stop, step = (0, args[0], 1) if len(args) == 1 else (*args, 1)[:3]
    if type(step) is LaneArray:
        raise Untraceable("a range with a step that differs between lanes")
    as_int = r.form(int, FORMS[int])
    low, high = (as_int(x) if type(x) is LaneArray else x for x in (start, stop))
    return LaneRange(low, high, step)


def _any(r: Recorder, items: Any) -> Any:
    found: Any = False
    for item in items:
        test = r.truths(item)
        found = test if found is False else found | test
        if found is True:
            return True
    return found


def _all(r: Recorder, items: Any) -> Any:
    found: Any = True
    for item in items:
        test = r.truths(item)
        found = test if found is True else found & test
        if found is False:
            return False
    return found


@as_loop
def _reduced(function: Any, items: Any, *initial: Any) -> Any:
    found = initial[0] if initial else items[0]
    for number in range(0 if initial else 1, len(items)):
        found = function(found, items[number])
    return found


@as_loop
def _accumulated(items: Any, function: Any, start: list[Any]) -> Any:
    found = start
    for item in items:
        found.append(function(found[-1], item) if found else item)
    return found


def _accumulate(r: Recorder, items: Any, func: Any = operator.add, *, initial: Any = None) -> Any:
    items, start = items if r.uneven(items) else list(items), TracedList(r, [] if initial is None else [initial])
    if r.uneven(items) or len(items) > LONGEST:
        raise Untraceable("a long list is accumulated")
    return iter(_accumulated(r, items, func, start))


def _filter(r: Recorder, function: Any, items: Any) -> Any:
    """A list with those of some items that a function takes."""
    return _filtered(r, items if r.uneven(items) else list(items), bool if function is None else function)


@as_loop
def _filtered(items: Any, function: Any) -> Any:
    return [item for item in items if function(item)]


@as_loop
def _taken(function: Any, items: Any) -> Any:
    found = []
    for item in items:
        if not function(item):
            break
        found.append(item)
    return found


@as_loop
def _dropped(function: Any, items: Any) -> Any:
    found, dropping = [], True
    for item in items:
        dropping = dropping and bool(function(item))
        if not dropping:
            found.append(item)
    return found


def _index(r: Recorder, x: Any) -> Any:
    if type(x) is not LaneArray or x.kind == ARRAY or x.data.dtype.kind not in "iub":
        return operator.index(x)
    return r.form(int, FORMS[int])(x)


@as_loop
def _total(items: Any, start: Any) -> Any:
    for item in items:
        start = start + item
    return start


def _sum(r: Recorder, items: Any, start: Any = 0) -> Any:
    return _total(r, items, start) if r.uneven(items) else sum(items, start)


def _reduce(r: Recorder, function: Any, items: Any, *initial: Any) -> Any:
    return _reduced(r, function, items if r.uneven(items) else list(items), *initial)


def _of_reals(dtype: Any) -> Callable[..., Any]:
    """What stands for a function of real numbers on zero lanes."""

    def rule(*args: Any) -> Any:
        _, lanes = operands(args)
        return LaneArray(np.empty(lanes.shape, dtype), lanes, PYTHON)

    return rule


def _rounded(x: Any, digits: Any = None) -> Any:
    """What stands for ``round()`` on zero lanes."""
    if x.kind != PYTHON:
        return FORMS[round](x)
    return LaneArray(np.empty(x.lanes.shape, np.int64 if digits is None else x.data.dtype), x.lanes, PYTHON)


SHAPES: dict[Any, Any] = {
    round: _rounded,
    **dict.fromkeys([math.erf, math.erfc, math.gamma, math.lgamma], _of_reals(float)), complex: _of_reals(complex),
}  # fmt: skip
"""Functions whose forms for lanes need lanes."""

READS_ONLY = frozenset({"builtins", "numpy", "lanewise", "math", "itertools", "functools"})
"""Packages whose functions leave lists among their arguments as they are."""

TRACED: dict[Any, Any] = {
    min: _min, max: _max, bool: _bool, range: _range, any: _any, all: _all, isinstance: _isinstance, type: _type,
    len: _len, list: _list, sorted: _sorted, zip: _zip,
    enumerate: _enumerate, functools.reduce: _reduce, sum: _sum, filter: _filter, itertools.accumulate: _accumulate,
    itertools.takewhile: _taken, itertools.dropwhile: _dropped, operator.index: _index,
    **{function: lambda r, *args, form=form, **options: form(*args, **options) for function, form in FUNCTIONS.items()},
    **WRITTEN,
}  # fmt: skip
OTHERWISE: dict[Any, tuple[int, Any]] = {math.log: (1, log_to_base), math.hypot: (2, hypot)}
"""How functions are traced that have another number of arguments than the one that is a node."""

NATIVE = frozenset({abs, divmod, math.prod})
RECORDED = frozenset({int, float})
