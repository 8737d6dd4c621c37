"""Expressions that ask about values: conditions, comparisons, membership."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..array import PYTHON, TABLE, LaneArray, apply
from ..facts import RUN, recorder
from ..regions import FAILED, PLAIN, VARYING, LaneList, Mixed, attempt, choose, select, sides, truths, worth
from .calls import FORMS


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
    if kind is dict and type(item) is LaneArray and recorder() is not None:
        items, kind = list(items), list
    if kind in SEQUENCES and (type(item) in VARYING or any(type(x) in VARYING for x in items)):
        return any_(False, *[lambda x=x: x is item or item == x for x in items])
    if kind is range and type(item) is LaneArray and item.data.dtype.kind in "iu" and items.step > 0:
        return all_(item >= items.start, lambda: item < items.stop, lambda: (item - items.start) % items.step == 0)
    return item in items


def not_in(item: Any, items: Any) -> Any:
    """``item not in items``."""
    return not_(in_(item, items))
