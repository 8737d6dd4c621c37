"""Where lanes that went different ways meet: one value again from the values of the parts.

Values alike in kind, dtype and shape are joined. What is not alike (an int here and a float there, None and a
number, arrays of two shapes) becomes a `Mixed` value, which goes each of its ways where it is used.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .. import facts
from ..array import ARRAY, MIXED, PYTHON, SCALAR, TABLE, LaneArray, live
from ..collect import Outcome, Piece, cells, join
from ..lanes import LaneAxis, Lanes, gather, spread

_SCALARS = {bool, int, float, complex}
_CONTAINERS = (tuple, list, dict)


class Unbound:
    """What a variable holds that has no value."""

    def __repr__(self) -> str:
        return "<unbound>"


UNBOUND = Unbound()

LISTS: set[type] = set()
"""The type of lists of each lane (`lanelist`), which stay the same list when lanes meet, or become one."""


class Saved(NamedTuple):
    """A variable's value in one part, on the axes of the region that the part belongs to."""

    kind: Any  # alike values are of one kind
    value: Any  # the value itself, where it is no lane value
    piece: Piece | None = None
    items: tuple[Saved, ...] = ()  # what a container holds, or the alternatives of a mixed value
    codes: Piece | None = None  # which alternative each lane has
    shared: bool = False  # an array that may be reached in another way as well


def save(value: Any, rooted: dict[LaneAxis, LaneAxis], current: Callable[[LaneArray], LaneArray] = live) -> Saved:
    """Take down a value in the part at work; ``rooted`` has the part's axes in terms of the region's."""
    kind = type(value)
    if kind is LaneArray:
        now = current(value)
        shared = value.kind == ARRAY and (now is not value or _from_before(value, rooted))
        return Saved(_signature(now), None, _piece(now, rooted), shared=shared)
    if kind is Mixed:
        items = tuple([save(option, rooted, current) for option in value.options])
        return Saved(Mixed, None, items=items, codes=_piece(current(value.codes), rooted))
    if kind is np.ndarray and not value.dtype.hasobject:
        return Saved((ARRAY, value.dtype, value.shape), value, Piece(value, (), None), shared=True)
    if kind in _SCALARS:
        if kind is int and not -(2**63) <= value < 2**63:
            return Saved((int, value), value)
        data = np.asarray(value)
        return Saved((PYTHON, data.dtype, ()), value, Piece(data, (), kind))
    if isinstance(value, np.generic):
        data = np.asarray(value)
        return Saved((SCALAR, data.dtype, ()), value, Piece(data, (), None))
    if kind in LISTS:
        value = value.owner()
    elif isinstance(value, _CONTAINERS) and (kind in _CONTAINERS or hasattr(value, "_fields")):
        return _save_items(value, lambda item: save(item, rooted, current))
    return Saved(_Object(value), value)


def _save_items(value: Any, save_item: Callable[[Any], Saved]) -> Saved:
    is_dict = isinstance(value, dict)
    names = tuple(value) if is_dict else len(value)
    items = value.values() if is_dict else value
    return Saved((type(value), names), value, items=tuple([save_item(item) for item in items]))


def _from_before(x: LaneArray, rooted: dict[LaneAxis, LaneAxis]) -> bool:
    """Whether an array may be older than the part at work, or a view; when in doubt it is."""
    run = facts.RUN.get()
    if x.data.base is not None or (run is not None and run.lent and id(x.data) in run.lent):
        return True
    if not x.lanes.axes:
        return x.lanes.birth is None or x.lanes.birth[1] != x.lanes.birth[0].refinements
    return not any(axis in rooted for axis in x.lanes.axes)


class _Object:
    """Objects are alike if they are the same, and texts if they are equal."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Object):
            return False
        a, b = self.value, other.value
        return a is b or (type(a) is type(b) and isinstance(a, (str, bytes)) and bool(a == b))

    __hash__ = None  # type: ignore[assignment]


def _signature(x: LaneArray) -> Any:
    return (x.kind, x.data.dtype, x.data.shape[x.lanes.ndim :])


def _piece(x: LaneArray, rooted: dict[LaneAxis, LaneAxis]) -> Piece:
    return Piece(x.data, tuple([rooted.get(axis, axis) for axis in x.lanes.axes]), None)


def save_part(value: Any, axes: tuple[LaneAxis, ...]) -> Saved:
    """Take down the lanes of one part of a value of all lanes; its arrays may be reached in another way as well."""
    kind = type(value)
    if kind in _CONTAINERS or (issubclass(kind, _CONTAINERS) and hasattr(value, "_fields")):
        return _save_items(value, lambda item: save_part(item, axes))
    return as_shared(save(restrict(value, axes), {}, lambda x: x))  # the axes of a part may have ended with it


def as_shared(saved: Saved) -> Saved:
    return saved._replace(shared=True, items=tuple([as_shared(item) for item in saved.items]))


def restrict(value: Any, axes: tuple[LaneAxis, ...], current: Callable[[LaneArray], LaneArray] = live) -> Any:
    """A value of all lanes on those of one part."""
    kind = type(value)
    if kind is LaneArray:
        x = current(value)
        data, lanes = x.data, x.lanes
        for axis in axes:
            if any(parent in lanes.axes for parent in axis.parents):
                data, lanes = gather(data, lanes, axis)
        return LaneArray(data, lanes, x.kind)
    if kind is Mixed:
        return Mixed(restrict(value.codes, axes, current), [restrict(x, axes, current) for x in value.options])
    if isinstance(value, _CONTAINERS) and (kind in _CONTAINERS or hasattr(value, "_fields")):
        items = value.values() if isinstance(value, dict) else value
        return rebuilt(value, [restrict(item, axes, current) for item in items])
    return value


class Meeting:
    """The parts that meet, and the grid of lanes that they make up.

    Parameters
    ----------
    parts : list of tuple of LaneAxis
        The lanes of each part, as refinements of the axes of the region.
    one_list : callable
        Makes one of the lists that several lanes have (`Region.one_list`).
    """

    def __init__(self, parts: list[tuple[LaneAxis, ...]], one_list: Callable[..., Any] | None = None) -> None:
        self.one_list = one_list
        self.copies: list[tuple[Any, list[Any]]] = []  # lists and dicts that stand for others from now on
        self.parts = [Outcome(axes, [], None) for axes in parts]
        found = {axis for axes in parts for part in axes for axis in part.parents}
        self.grid = tuple(sorted(found, key=lambda axis: axis.level))
        self.lent: list[Any] = []  # joined arrays that stand for arrays which can be reached in another way

    def present(self) -> Any:
        """Which lanes of the grid belong to any part."""
        seen = np.zeros([axis.size for axis in self.grid], bool)
        for part in self.parts:
            seen[cells(part.axes, self.grid)[0]] = True
        return seen

    def joined(self, items: list[Saved], which: list[int]) -> Any:
        """The values of some parts, all of one kind, as one."""
        first = items[0]
        if first.piece is None:
            if type(first.value) not in LISTS and isinstance(first.value, _CONTAINERS):
                rows = zip(*[item.items for item in items], strict=True)
                made = rebuilt(first.value, [self.merged(list(row), which) for row in rows])
                if type(made) in (list, dict):
                    self.copies.append((made, [item.value for item in items]))
                return made
            return first.value
        if first.value is not None and all(same(first.value, item.value) for item in items):
            return first.value
        kind = first.kind[0]
        parts = [self.parts[n] for n in which]
        piece = join([item.piece for item in items if item.piece is not None], parts, self.grid)
        if kind == ARRAY and any(item.shared for item in items):
            self.lent.append(piece.data)
            self.lent.extend([item.piece.data for item in items if item.shared and item.piece is not None])
        return LaneArray(piece.data, Lanes.of(piece.axes), kind)

    def merged(self, items: list[Saved], which: list[int] | None = None) -> Any:
        """One variable's value, from its value in each part."""
        which = list(range(len(self.parts))) if which is None else which
        kinds: list[Any] = []
        members: list[tuple[list[Saved], list[int]]] = []
        places: list[list[int]] = []  # for each part, the number of each of its alternatives
        for n, item in zip(which, items, strict=True):
            mine = []
            present = _present(item)
            for number, option in enumerate(item.items if item.kind is Mixed else (item,)):
                if number not in present:
                    mine.append(0)
                    continue
                if option.kind not in kinds:
                    kinds.append(option.kind)
                    members.append(([], []))
                at = kinds.index(option.kind)
                mine.append(at)
                members[at][0].append(option)
                members[at][1].append(n)
            places.append(mine)
        values = [self.joined(*member) for member in members]
        if len(values) == 1:
            return values[0]
        pieces = [self.codes(item, mine) for item, mine in zip(items, places, strict=True)]
        joined = join(pieces, [self.parts[n] for n in which], self.grid)
        codes = LaneArray(joined.data, Lanes.of(joined.axes), SCALAR)
        if self.one_list is not None and sum(type(value) in LISTS for value in values) > 1:
            return self._with_one_list(codes, values)
        return Mixed(codes, values)

    def _with_one_list(self, codes: LaneArray, values: list[Any]) -> Any:
        """The same alternatives, the lists among them as one."""
        assert self.one_list is not None
        lanes = Lanes.of(self.grid)
        data = np.broadcast_to(spread(codes.data, codes.lanes, lanes, 0), lanes.shape).reshape(-1)
        numbers = [n for n, value in enumerate(values) if type(value) in LISTS]
        found = self.one_list([values[n] for n in numbers], [data == n for n in numbers], lanes)
        left = [found, *(value for value in values if type(value) not in LISTS)]
        if len(left) == 1:
            return found
        others = iter(range(1, len(left)))
        table = np.array([0 if n in numbers else next(others) for n in range(len(values))], np.int16)
        return Mixed(LaneArray(table[codes.data], codes.lanes, SCALAR), left)

    @staticmethod
    def codes(item: Saved, places: list[int]) -> Piece:
        """Which of all the alternatives each lane of a part has."""
        if item.codes is None:
            return Piece(np.asarray(places[0], np.int16), (), None)
        return item.codes._replace(data=np.asarray(places, np.int16)[item.codes.data])


def present(codes: Any, count: int) -> list[int]:
    """Which of the numbers below ``count`` occur."""
    return [number for number in range(count) if (codes == number).any()]


def _present(item: Saved) -> Any:
    """Which alternatives any lane has; without lanes, all."""
    if item.codes is None:
        return (0,)
    return present(item.codes.data, len(item.items)) if item.codes.data.size else range(len(item.items))


def arrays(value: Any) -> Any:
    """The arrays in a variable's value."""
    kind = type(value)
    if kind is LaneArray:
        if value.kind == ARRAY:
            yield value.data
    elif kind is np.ndarray:
        yield value
    elif kind in LISTS:
        return
    elif kind is Mixed or isinstance(value, _CONTAINERS):
        items = value.options if kind is Mixed else value.values() if isinstance(value, dict) else value
        for item in items:
            yield from arrays(item)


def rebuilt(like: Any, items: list[Any]) -> Any:
    """A container like another one, of other items."""
    if type(like) is dict:
        return dict(zip(like, items, strict=True))
    return type(like)(*items) if hasattr(like, "_fields") else type(like)(items)


def same(a: Any, b: Any) -> bool:
    """Whether two plain scalars are the same, bit for bit."""
    if a is b:
        return True
    if type(a) is not type(b) or isinstance(a, np.ndarray):
        return False
    return np.asarray(a).tobytes() == np.asarray(b).tobytes()


# ---- values that differ in kind between lanes ----


class Mixed:
    """A value that is one thing in some lanes and something else in others.

    An operation on it is done for each alternative, on the lanes that have it. What can't be done apart
    (``int()``, ``len()``, its truth) makes the lanes agree on the alternative: a fact.

    Parameters
    ----------
    codes : LaneArray
        Which alternative each lane has.
    options : list
        The alternatives.
    """

    __slots__ = ("codes", "integers", "joint", "options")
    __array_priority__ = 2000.0

    def __init__(self, codes: LaneArray, options: list[Any]) -> None:
        self.codes = codes
        self.options = options
        self.integers = False  # some of the number that is joint are integers
        self.joint: LaneArray | None = None  # both alternatives as one number, once it was asked for (`floats`)

    def __repr__(self) -> str:
        return f"<one of {self.options} in each lane>"

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        kinds = {option.__class__ for option in self.options}
        kind: type = kinds.pop() if len(kinds) == 1 else self.settled().__class__
        return kind

    def settled(self) -> Any:
        """The alternative that all lanes at work have, once they agree."""
        if (tracer := facts.recorder()) is not None:
            return tracer.settled(self)
        codes = live(self.codes)
        code = int(facts.agree(codes.lanes, codes.data, "the type of a value"))
        return bound(self.options[code])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            return getattr(self.settled(), name)
        codes = live(self.codes)
        found = present(codes.data, len(self.options)) or range(len(self.options))
        if not all(hasattr(self.options[code], name) for code in found):  # hasattr() must not end a region
            return getattr(self.settled(), name)
        return TABLE["mixed"](self, lambda x: getattr(x, name))

    def __array_ufunc__(self, ufunc: np.ufunc, name: str, *inputs: Any, **kwargs: Any) -> Any:
        if name == "__call__" and not kwargs:
            found = TABLE["mixed ufunc"](ufunc, inputs)
            if found is not None:
                return found
        return apart(getattr(ufunc, name), inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return apart(func, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.settled(), dtype=dtype, copy=copy)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call what each lane has."""
        return TABLE["mixed"](self, lambda x: x(*args, **kwargs))

    def __setitem__(self, index: Any, value: Any) -> None:
        TABLE["mixed"](self, lambda x: operator.setitem(x, index, value))


def options_of(value: Any) -> list[Any]:
    """The alternatives of a value that may be mixed."""
    return value.options if type(value) is Mixed else [value]


MIXED.add(Mixed)


def bound(value: Any) -> Any:
    """A value, if it is one."""
    if value is UNBOUND:
        raise UnboundLocalError("cannot access local variable where it is not associated with a value")
    return value


def apart(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Call a function for each alternative of the first mixed value among its arguments."""
    for n, arg in enumerate(args):
        if type(arg) is Mixed:
            return TABLE["mixed"](arg, lambda x, n=n: function(*args[:n], x, *args[n + 1 :], **kwargs))
    for name, arg in kwargs.items():
        if type(arg) is Mixed:
            return TABLE["mixed"](arg, lambda x, name=name: function(*args, **{**kwargs, name: x}))
    settled = [[x.settled() if type(x) is Mixed else x for x in arg] if type(arg) is list else arg for arg in args]
    return function(*settled, **kwargs)


TABLE["apart"] = apart


def _install() -> None:
    def binary(function: Callable[..., Any], same: Any = None) -> tuple[Any, Any]:
        """The methods of an operator; for scalars one in place is the ``same`` as another."""

        def forward(self: Mixed, other: Any) -> Any:
            found = TABLE["mixed floats"](same or function, self, other)
            return TABLE["mixed"](self, lambda x: function(x, other)) if found is None else found

        def reverse(self: Mixed, other: Any) -> Any:
            found = TABLE["mixed floats"](function, other, self)
            return TABLE["mixed"](self, lambda x: function(other, x)) if found is None else found

        return forward, reverse

    def unary(function: Callable[[Any], Any]) -> Any:
        def operate(self: Mixed) -> Any:
            found = TABLE["mixed float"](function, self)
            return TABLE["mixed"](self, function) if found is None else found

        return operate

    for name in _BINARY:
        function = getattr(operator, f"__{name}__")
        forward, reverse = binary(function)
        setattr(Mixed, f"__{name}__", forward)
        setattr(Mixed, f"__r{name}__", reverse)
        setattr(Mixed, f"__i{name}__", binary(getattr(operator, f"__i{name}__"), function)[0])
    for name, function in zip(("__divmod__", "__rdivmod__"), binary(divmod), strict=True):
        setattr(Mixed, name, function)
    for name in ("lt", "le", "gt", "ge", "eq", "ne", "getitem"):
        setattr(Mixed, f"__{name}__", binary(getattr(operator, f"__{name}__"))[0])
    for name in ("neg", "pos", "abs", "invert"):
        function = getattr(operator, f"__{name}__")
        setattr(Mixed, f"__{name}__", unary(function))
    for name, fact in _FACTS.items():
        setattr(Mixed, name, lambda self, *args, fact=fact: fact(self.settled(), *args))


_BINARY = (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift",
)  # fmt: skip

_FACTS: dict[str, Callable[..., Any]] = {
    "__bool__": bool, "__int__": int, "__float__": float, "__complex__": complex, "__index__": operator.index,
    "__len__": len, "__iter__": iter, "__hash__": hash, "__str__": str, "__format__": format, "__round__": round,
    "__contains__": operator.contains,
}  # fmt: skip

_install()
