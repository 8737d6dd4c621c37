"""Builtins and `math` in converted code under a tracer."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import PYTHON, LaneArray
from ..convert.calls import FORMS
from ..convert.mathematics import operands
from ..regions import LaneRange, Mixed, apart
from .cells import Untraceable
from .trace import Recorder


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
    if function in RECORDED or getattr(function, "__module__", "") == "math":
        rule = SHAPES.get(function, own)

        def call(*args: Any, **kwargs: Any) -> Any:
            if any(type(x) is Mixed for x in args):
                return apart(call, args, kwargs)
            if not any(type(x) is LaneArray for x in args):
                return own(*args, **kwargs)
            return r.record(lambda _, *a, **k: rule(*a, **k), function, (function, *args), kwargs)

        return call
    return own


def _extreme(r: Recorder, better: Callable[[Any, Any], Any], *args: Any, **kwargs: Any) -> Any:
    items = list(args[0]) if len(args) == 1 else list(args)
    if kwargs or not items:
        raise Untraceable("min or max with a key or a default")
    best = items[0]
    for item in items[1:]:
        test = r.truths(better(item, best))
        if type(test) is LaneArray:
            best = r.choose(test, functools.partial(_same, item), functools.partial(_same, best))
        elif test:
            best = item
    return best


def _same(x: Any) -> Any:
    return x


def _min(r: Recorder, *args: Any, **kwargs: Any) -> Any:
    return _extreme(r, lambda a, b: a < b, *args, **kwargs)


def _max(r: Recorder, *args: Any, **kwargs: Any) -> Any:
    return _extreme(r, lambda a, b: a > b, *args, **kwargs)


def _bool(r: Recorder, *args: Any) -> Any:
    return r.truths(args[0]) if args else False


def _isinstance(r: Recorder, x: Any, kinds: Any) -> Any:
    if type(x) is Mixed:
        return r.mixed(x, lambda option: isinstance(option, kinds))
    return isinstance(x, kinds)


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


def _of_reals(dtype: Any) -> Callable[..., Any]:
    """What stands for a function of real numbers on zero lanes."""

    def rule(*args: Any) -> Any:
        _, lanes = operands(args)
        return LaneArray(np.empty(lanes.shape, dtype), lanes, PYTHON)

    return rule


SHAPES: dict[Any, Any] = {
    **dict.fromkeys([math.erf, math.erfc, math.gamma, math.lgamma], _of_reals(float)), complex: _of_reals(complex),
}  # fmt: skip
"""Functions whose forms for lanes need lanes."""

TRACED: dict[Any, Any] = {
    min: _min, max: _max, bool: _bool, range: _range, any: _any, all: _all, isinstance: _isinstance,
}  # fmt: skip
NATIVE = frozenset({abs, sum, divmod, pow, len, math.prod})
RECORDED = frozenset({int, float, round, complex})
