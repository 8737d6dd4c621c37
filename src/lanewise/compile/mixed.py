"""Values that are one thing in some lanes and another elsewhere, under a tracer: as `regions.meet` has them for lanes.

Where two ways meet, values alike in dtype and shape become one by a choice. Others (an int and a float, None and a
number, a text and another, a variable without a value) become a `Mixed` value, whose code says which alternative each
lane has; an operation on it is traced for each alternative, under the mask of its lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, NoReturn

import numpy as np
import optree

from ..array import ARRAY, PYTHON, SCALAR, LaneArray
from ..facts import RUN, NoLaneForm, TraceError
from ..regions import UNBOUND, Mixed
from ..regions.meet import bound, options_of
from ..tree import flatten_results
from .cells import Listed, Untraceable
from .either import differ
from .ir import Value, union
from .selected import LOST, Selected, joined
from .trace import Recorder

_NUMBERS = (bool, int, float, complex, np.generic, LaneArray)
_CONTAINERS = (tuple, list, dict)
_EXACT = (np.dtype(np.int64), np.dtype(np.float64))  # here Python's numbers are NumPy's, but for what raises


# ---- where ways meet ----


def meet(r: Recorder, mask: Value | None, yes: Any, no: Any) -> Any:
    """One value where a mask is true, another elsewhere.

    Parameters
    ----------
    mask : Value or None
        None: the first value everywhere, as what may hold the second as well.
    """
    if yes is no:
        return yes
    options = list(options_of(yes))
    count, places = len(options), []
    for option in options_of(no):
        place = next((k for k in range(count) if alike(options[k], option)), None)
        if place is None:
            place = len(options)
            options.append(option if mask is not None else blank(option))
        else:
            options[place] = _joined(r, mask, options[place], option)
        places.append(place)
    if len(options) == 1:
        return options[0]
    codes = _codes(r, yes, list(range(count)))
    if mask is not None:
        codes = _where(r, mask, codes, _codes(r, no, places), SCALAR)
    return Mixed(r.new(codes), options)


def _codes(r: Recorder, value: Any, places: list[int]) -> Value:
    """Which of all the alternatives each lane of a value has."""
    if type(value) is not Mixed:
        return r.as_value(np.int8(places[0]))
    codes = r.as_value(value.codes)
    if places == list(range(len(places))):
        return codes
    found = r.as_value(np.int8(places[0]))
    for code, place in enumerate(places[1:], 1):
        found = _where(r, has(r, codes, code), r.as_value(np.int8(place)), found, SCALAR)
    return found


def has(r: Recorder, codes: Value, code: int) -> Value:
    """Which lanes have an alternative."""
    return r.node_value(np.equal, codes, r.as_value(np.int8(code)))


def _where(r: Recorder, mask: Value, yes: Value, no: Value, kind: int) -> Value:
    new = Value(yes.shape, yes.dtype, union(mask.axes, yes.axes, no.axes), kind)
    r.add_node(np.where, (mask, yes, no), {}, [new])
    return new


def is_container(x: Any) -> bool:
    """Whether something is a tuple, list or dict that stands for its items; a list of the traced function is itself."""
    return isinstance(x, _CONTAINERS) and not issubclass(type(x), Listed)


def alike(a: Any, b: Any) -> bool:
    """Whether two values are of one type, so that a choice between them is, too."""
    if is_container(a) or is_container(b):
        if type(a) is not type(b):
            return False
        return list(a) == list(b) if isinstance(a, dict) else len(a) == len(b)
    if issubclass(type(a), Listed) and issubclass(type(b), Listed):
        return a is b or a.alike(b)
    x, y = _type(a), _type(b)
    if x is None or y is None:
        return same(a, b) or type(a) is type(b) is Selected
    return x == y or (x[1:] == y[1:] and ARRAY not in (x[0], y[0]) and x[1] in _EXACT)


def _type(x: Any) -> tuple[int, np.dtype[Any], tuple[int, ...]] | None:
    """Kind, dtype and shape of a number or an array."""
    if type(x) is LaneArray:
        return x.kind, x.data.dtype, x.data.shape[x.lanes.ndim :]
    if isinstance(x, np.ndarray):
        return None if x.dtype.hasobject else (ARRAY, x.dtype, x.shape)
    if not isinstance(x, _NUMBERS):
        return None
    data = np.asarray(x)
    if data.dtype.kind not in "biufc":
        return None
    return SCALAR if isinstance(x, np.generic) else PYTHON, data.dtype, ()


def is_number(x: Any) -> bool:
    """Whether something is a number, or an array of numbers."""
    return _type(x) is not None


def _joined(r: Recorder, mask: Value | None, a: Any, b: Any) -> Any:
    """The choice between two values of one type."""
    if isinstance(a, dict):
        return {key: meet(r, mask, a[key], b[key]) for key in a}
    if is_container(a):
        items = [meet(r, mask, x, y) for x, y in zip(a, b, strict=True)]
        return type(a)(*items) if hasattr(a, "_fields") else type(a)(items)
    if issubclass(type(a), Listed) and a is not b:
        return a.joined(b, lambda x, y: meet(r, mask, x, y))
    if type(a) is Selected:
        return joined(a, b, None if mask is None else lambda x, y: meet(r, mask, x, y))
    x, y = _type(a), _type(b)
    if x is None or y is None or same(a, b):
        return a
    kind = max(x[0], y[0])
    if mask is None:
        return a if kind == x[0] else r.new(r.cast(r.as_value(a), (x[2], x[1], (), kind)))
    if kind == ARRAY and type(a) is type(b) is LaneArray:
        return r.one_of(mask, r.cell_of(a), r.cell_of(b))
    ways = r.as_value(a), r.as_value(b)
    found = _where(r, mask, *ways, kind)
    if differ(x[0], y[0]) or not r.doubtful.isdisjoint(ways):
        r.doubtful.add(found)
    return r.frozen(found)


def same(a: Any, b: Any) -> bool:
    """Whether two plain values are the same, bit for bit."""
    if a is b:
        return True
    if type(a) is not type(b) or type(a) is LaneArray:
        return False
    if type(a) is str:
        return bool(a == b)
    if type(a) is FunctionType:
        return _same_functions(a, b)
    return isinstance(a, _NUMBERS) and np.asarray(a).tobytes() == np.asarray(b).tobytes()


def _same_functions(a: Any, b: Any) -> bool:
    """Whether two functions are made by one statement, in another turn of a loop, say, and of the same variables."""
    rows = [(f.__code__, f.__globals__, *(f.__closure__ or ()), *(f.__defaults__ or ())) for f in (a, b)]
    fits = len(rows[0]) == len(rows[1]) and all(map(same, *rows))
    return fits and a.__kwdefaults__ == b.__kwdefaults__ is None and not (a.__dict__ or b.__dict__)


def blank(x: Any) -> Any:
    """What stands for a value that no lane has yet."""
    if type(x) is Mixed:
        return blank(x.options[0])
    if isinstance(x, dict):
        return {key: blank(item) for key, item in x.items()}
    if is_container(x):
        items = [blank(item) for item in x]
        return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)
    if type(x) is not LaneArray:
        return LOST if type(x) is Selected else x
    zero = np.zeros(x.data.shape[x.lanes.ndim :], x.data.dtype)
    return zero if x.kind == ARRAY else zero[()] if x.kind == SCALAR else zero.item()


def fitted(r: Recorder, value: Any, like: Any) -> Any:
    """A value in the form of another, which may be more things; raises `Unfit` if it is not one of them."""
    if value is like:
        return value
    if type(like) is Mixed:
        options, places = list(like.options), []
        for option in options_of(value):
            place = next((k for k, other in enumerate(like.options) if alike(option, other)), None)
            if place is None:
                raise Unfit
            options[place] = fitted(r, option, like.options[place])
            places.append(place)
        return Mixed(r.new(_codes(r, value, places)), options)
    if type(value) is Mixed or not alike(value, like) or (type(like) is Selected and like is not LOST):
        raise Unfit
    if like is LOST:
        return like
    if isinstance(value, dict):
        return {key: fitted(r, value[key], like[key]) for key in like}
    if is_container(value):
        items = [fitted(r, x, y) for x, y in zip(value, like, strict=True)]
        return type(like)(*items) if hasattr(like, "_fields") else type(like)(items)
    return value


class Unfit(Exception):
    """A value is of another type than what should hold it."""


# ---- taken apart ----


def take_apart(value: Any, leaves: list[Any]) -> Any:
    """The leaves of a value, and of the alternatives in it; returns its structure."""
    found, spec = flatten_results(value)
    inner: list[Any] = []
    for leaf in found:
        if type(leaf) is Mixed:
            inner.append([take_apart(part, leaves) for part in (leaf.codes, *leaf.options)])
        else:
            leaves.append(leaf)
            inner.append(None)
    return spec, inner


def put_together(structure: Any, leaves: Iterator[Any]) -> Any:
    """The inverse of `take_apart`."""
    spec, inner = structure
    found = []
    for part in inner:
        if part is None:
            found.append(next(leaves))
        else:
            codes, *options = [put_together(item, leaves) for item in part]
            found.append(Mixed(codes, options))
    return optree.tree_unflatten(spec, found)


# ---- operations on mixed values ----


def ways(r: Recorder, masks: list[Value], thunks: list[Callable[[], Any]], rare: Any = ()) -> Any:
    """What each lane's own way gives; lanes whose way raises need the ordinary way.

    Parameters
    ----------
    rare : collection of int
        Ways that no lane is likely to take: that they can't be recorded does not matter either.
    """
    from .statements import State

    outer, found = r.scope.path, []
    errors: list[BaseException] = []
    state, left = State(r), r.left
    for n, (mask, thunk) in enumerate(zip(masks, thunks, strict=True)):
        r.scope.path = mask if outer is None else r.node_value(np.logical_and, outer, mask)
        path = r.scope.path
        try:
            found.append((mask, thunk()))
        except TraceError:
            raise
        except (Exception, NoLaneForm) as error:
            given_up = isinstance(error, NoLaneForm)
            if (given_up and n not in rare) or not state.restore(r):
                r.poisoned = True
                raise
            if given_up and (run := RUN.get()) is not None:
                run.signal = None
            r.fail(path)
            errors.append(error)
        except BaseException:
            r.poisoned = True
            raise
        r.scope.path = outer
    r.left = left
    if not found:
        raise errors[0]
    (_, value), *rest = found
    for mask, other in rest:
        value = meet(r, mask, other, value)
    return value


def mixed(r: Recorder, value: Mixed, function: Callable[[Any], Any]) -> Any:
    """A function of a mixed value: of each alternative, for the lanes that have it."""
    codes = r.as_value(value.codes)
    masks = [has(r, codes, code) for code in range(len(value.options))]
    thunks: list[Any] = [lambda option=option: function(bound(option)) for option in value.options]
    rare = {code for code, option in enumerate(value.options) if option is None or option is UNBOUND}
    return ways(r, masks, thunks, rare)


def settled(r: Recorder, value: Mixed) -> Any:
    """The alternative that is a value, if there is but one; lanes that have none need the ordinary way."""
    some = [code for code, option in enumerate(value.options) if option is not None and option is not UNBOUND]
    if len(some) != 1:
        raise Untraceable("the type of a value differs between lanes")
    r.fail_where(r.node_value(np.logical_not, has(r, r.as_value(value.codes), some[0])))
    return value.options[some[0]]


_WEAK: dict[str, type] = {"b": bool, "i": int, "f": float, "c": complex}


def weak_type(x: Any) -> type | None:
    """The type of a Python scalar; None of anything else."""
    found = _type(x)
    return None if found is None or found[0] != PYTHON else _WEAK[found[1].kind]


class Choice:
    """A result of a mapped function that is one thing in some lanes and another elsewhere: nobody may look at it.

    Parameters
    ----------
    codes : lane value
        Which alternative each lane has.
    options : list
        The alternatives: lane values with the lanes along an axis, or plain objects.
    at : int or None
        The axis; None for a result that is not stacked.
    weak : list of type or None
        For each alternative, the type of a Python scalar, which is weak in promotion.
    """

    def __init__(self, codes: Any, options: list[Any], at: int | None, weak: list[type | None]) -> None:
        self.codes = codes
        self.options = options
        self.at = at
        self.weak = weak

    def __getattr__(self, name: str) -> NoReturn:
        raise Untraceable("results that differ in kind between lanes are used")

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        raise Untraceable("results that differ in kind between lanes are used")


def without_unbound(r: Recorder, value: Mixed) -> Any:
    """A mixed value as it leaves the function: lanes where it has no value need the ordinary way."""
    codes = r.as_value(value.codes)
    for code, option in enumerate(value.options):
        if option is UNBOUND:
            r.fail_where(has(r, codes, code))
    kept = [code for code, option in enumerate(value.options) if option is not UNBOUND]
    options = [value.options[code] for code in kept]
    if any(is_container(option) for option in options):
        raise Untraceable("lanes return results of different structures")
    if len(kept) == 1:
        return options[0]
    places = [kept.index(code) if code in kept else 0 for code in range(len(value.options))]
    return Mixed(r.new(_codes(r, value, places)), options)
