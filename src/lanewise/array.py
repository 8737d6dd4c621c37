"""`LaneArray`: one example's value, held for every lane at once.

All that the user's function sees is the example: its shape, its dtype, its kind. NumPy is the
instruction set: operators, methods, ufuncs and functions all end in a row of `TABLE`, which the files of
`ops` fill.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NoReturn

import numpy as np

from . import facts
from .facts import NoLaneForm
from .lanes import NOWHERE, Lanes, refresh

Data = np.ndarray[tuple[int, ...], np.dtype[Any]]
Rule = Callable[..., Any]

# What the loop would hold: an array, a NumPy scalar, or a Python scalar (which is weak in promotion).
ARRAY: Final = 0
SCALAR: Final = 1
PYTHON: Final = 4  # so that a sum below it says: neither is a Python scalar

TABLE: dict[Any, Rule] = {}
"""For each NumPy function, how it acts when its operands have lane axes: ``rule(func, *args, **kwargs)``."""

FAST: dict[Any, Rule] = {}
"""The ufuncs (and for Python's numbers the operators) that have a way without detours: ``rule(ufunc, *inputs)``, which
may answer `SLOW`."""

SLOW: Final[Any] = object()

MIXED: set[type] = set()
"""The type of values that are one thing in some lanes and another elsewhere (`meet`); they know what to do."""

_PYTHON_TYPES: Final = {"b": bool, "i": int, "u": int, "f": float, "c": complex}


def row(*functions: Any) -> Callable[[Rule], Rule]:
    """Enter a rule in the table for these functions."""

    def enter(rule: Rule) -> Rule:
        for function in functions:
            TABLE[function] = rule
        return rule

    return enter


class LaneArray:
    """One example's value for every lane.

    Parameters
    ----------
    data : ndarray
        Of shape ``lanes.shape + shape``, where ``shape`` is the example's.
    lanes : Lanes
        The lane axes that the value varies over.
    kind : int
        `ARRAY`, `SCALAR` or `PYTHON`: what the loop would hold.
    """

    __slots__ = ("__weakref__", "data", "kind", "lanes", "now")
    __array_priority__ = 1000.0
    now: LaneArray  # the lanes at work of a value from before they parted, once they were asked for

    def __init__(self, data: Data, lanes: Lanes, kind: int) -> None:
        self.data = data
        self.lanes = lanes
        self.kind = kind

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """What ``type`` the loop's value would have, so that ``isinstance`` answers as in the loop."""
        if self.kind == ARRAY:
            return np.ndarray
        if self.kind == SCALAR:
            return self.data.dtype.type
        return _PYTHON_TYPES[self.data.dtype.kind]

    def __repr__(self) -> str:
        axes = ", ".join(f"{axis.name or axis.label}: {axis.size}" for axis in self.lanes.axes)
        kind = {ARRAY: "array", SCALAR: "NumPy scalar", PYTHON: "Python scalar"}[self.kind]
        shape = self.data.shape[self.lanes.ndim :]
        return f"<lane value: {kind} of shape {shape}, {self.data.dtype}, for each of [{axes}]>"

    # ---- what an array shows of itself; none of it depends on values ----

    @property
    def shape(self) -> tuple[int, ...]:
        """The example's shape."""
        if self.kind == PYTHON:
            raise AttributeError(f"{self.__class__.__name__!r} object has no attribute 'shape'")
        return self.data.shape[self.lanes.ndim :]

    @shape.setter
    def shape(self, shape: Any) -> None:
        self._become(apply(np.reshape, self, shape))

    def _become(self, view: LaneArray) -> None:
        """Be another view of the same memory from here on."""
        run = facts.RUN.get()
        if run is not None and run.parted:
            run.give_up()
        if self.data.size and not np.may_share_memory(self.data, view.data):
            raise NoLaneForm("the shape of an array is set, which its layout does not allow")
        self.data, self.lanes = view.data, view.lanes

    @property
    def ndim(self) -> int:
        """The example's number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The example's number of elements."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The data type."""
        if self.kind == PYTHON:
            raise AttributeError(f"{self.__class__.__name__!r} object has no attribute 'dtype'")
        return self.data.dtype

    @dtype.setter
    def dtype(self, dtype: Any) -> None:
        self._become(self.view(dtype))

    @property
    def itemsize(self) -> int:
        """Bytes an element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of one example."""
        return self.itemsize * self.size

    @property
    def T(self) -> Any:
        """The example with its axes reversed."""
        self.shape  # noqa: B018  # a Python scalar has neither
        return apply(np.transpose, self)

    @property
    def mT(self) -> Any:
        """The example with its last two axes exchanged."""
        if self.kind != ARRAY:
            raise AttributeError(f"{self.__class__.__name__!r} object has no attribute 'mT'")
        return apply(np.matrix_transpose, self)

    @property
    def real(self) -> Any:
        """The real part: a view, where the example is an array."""
        return part(self, "real")

    @real.setter
    def real(self, value: Any) -> None:
        part(self, "real")[...] = value

    @property
    def imag(self) -> Any:
        """The imaginary part: a view, where the example is a complex array."""
        return part(self, "imag")

    @imag.setter
    def imag(self, value: Any) -> None:
        part(self, "imag")[...] = value

    @property
    def flat(self) -> Any:
        """The elements in C order."""
        return TABLE["flat"](live(self))

    @flat.setter
    def flat(self, value: Any) -> None:
        self.flat[:] = value

    def __len__(self) -> int:
        if self.data.ndim == self.lanes.ndim:
            raise TypeError("len() of unsized object")
        return self.data.shape[self.lanes.ndim]

    def __iter__(self) -> Iterator[Any]:
        if self.data.ndim == self.lanes.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[n] for n in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__") and hasattr(self.__class__, name):
            live(self)  # raises, if the call that it belongs to has ended
            raise NoLaneForm(f"the attribute .{name} has no batched form")
        raise AttributeError(f"{self.__class__.__name__!r} object has no attribute {name!r}")

    # ---- NumPy's protocols ----

    def __array_ufunc__(self, ufunc: np.ufunc, name: str, *inputs: Any, **kwargs: Any) -> Any:
        if name == "__call__":
            fast = FAST.get(ufunc)
            if fast is not None and not kwargs:
                result = fast(ufunc, *inputs)
                if result is not SLOW:
                    return result
            if any(type(x) in MIXED for x in inputs):
                return NotImplemented
            return apply(ufunc, *inputs, **kwargs)
        return settle(TABLE[name], getattr(ufunc, name), (ufunc, *inputs), kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if not MIXED.isdisjoint(types):
            return NotImplemented
        return apply(func, *args, **kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Data:
        """Only C code that insists on a real array comes here."""
        if not self.lanes.axes:
            return np.array(self.data, dtype=dtype, copy=copy)
        return TABLE["objects"](self, dtype)  # type: ignore[no-any-return]

    # ---- the Array API standard ----

    def __array_namespace__(self, /, *, api_version: Any = None) -> Any:
        """The namespace of functions that take and make lane values: `lanewise.numpy`."""
        self.shape  # noqa: B018  # a Python scalar has neither
        np.empty(0).__array_namespace__(api_version=api_version)  # NumPy's own complaint
        return TABLE["namespace"]()

    @property
    def device(self) -> str:
        """Where the array lives: NumPy's arrays are on the CPU."""
        self.shape  # noqa: B018  # a Python scalar has neither
        return "cpu"

    def __dlpack_device__(self) -> tuple[int, int]:
        """The CPU, in DLPack's numbers."""
        return np.empty(0).__dlpack_device__()

    def __dlpack__(self, **kwargs: Any) -> Any:
        """The memory of an example, which is not in one piece: lane by lane."""
        if not self.lanes.axes:
            return self.data.__dlpack__(**kwargs)
        raise NoLaneForm("the memory of an array is handed out through DLPack; lanewise.numpy.from_dlpack is batched")

    # ---- facts ----

    def __bool__(self) -> bool:
        return bool(value_of(self, "the truth of a value", bool))

    def __int__(self) -> int:
        return int(value_of(self, "int() of a value", int))

    def __float__(self) -> float:
        return float(value_of(self, "float() of a value", float))

    def __complex__(self) -> complex:
        return complex(value_of(self, "complex() of a value", complex))

    def __index__(self) -> int:
        kind = self.data.dtype.kind
        if self.data.ndim > self.lanes.ndim or kind not in ("iub" if self.kind == PYTHON else "iu"):
            raise TypeError("only integer scalar arrays can be converted to a scalar index")
        return int(value_of(self, "an integer value", int))

    def __hash__(self) -> int:
        if self.kind == ARRAY:
            raise TypeError("unhashable type: 'numpy.ndarray'")
        if self.data.dtype.kind in "fc":
            # a dict holds 0.0 and -0.0 to be one key, and its memory outlives the group
            live(self)
            raise NoLaneForm("the hash of a float is asked")
        value = value_of(self, "the hash of a value", hash)
        for axis in self.lanes.axes:
            axis.hashed = True
        return hash(value)

    def __format__(self, spec: str) -> str:
        return format(value_of(self, "the text of a value", str), spec)

    def __str__(self) -> str:
        return str(value_of(self, "the text of a value", str))

    def __round__(self, ndigits: int | None = None) -> Any:
        if self.kind == ARRAY:
            raise TypeError("type numpy.ndarray doesn't define __round__ method")
        return round(value_of(self, "round() of a value", round), ndigits)

    def __trunc__(self) -> int:
        if self.kind == ARRAY:
            raise TypeError("type numpy.ndarray doesn't define __trunc__ method")
        return math.trunc(value_of(self, "int() of a value", math.trunc))  # type: ignore[no-any-return]

    def __floor__(self) -> int:
        return math.floor(value_of(self, "math.floor() of a value", math.floor))  # type: ignore[no-any-return]

    def __ceil__(self) -> int:
        return math.ceil(value_of(self, "math.ceil() of a value", math.ceil))  # type: ignore[no-any-return]

    def __contains__(self, item: Any) -> bool:
        return bool((self == item).any())

    # ---- indexing ----

    def __getitem__(self, index: Any) -> Any:
        lanes = self.lanes
        if self.kind == ARRAY and is_basic(index) and (not lanes.stale or (lanes.heir is None and facts.parted())):
            items = index if type(index) is tuple else (index,)
            try:
                data = self.data[(slice(None),) * lanes.ndim + items]
            except IndexError:
                return apply(operator.getitem, self, index)
            if type(data) is np.ndarray:
                if data.ndim > lanes.ndim or Ellipsis in items:
                    return LaneArray(data, lanes, ARRAY)
                # a scalar does not follow the array that it was read from
                if lanes.stale:
                    return live(LaneArray(data, lanes, SCALAR))
                found = LaneArray(data.copy() if data.flags.writeable else data, lanes, SCALAR)
                return as_wide_as_it_is(found) if data.dtype.char in "SU" else found
        return apply(operator.getitem, self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        if type(value) in MIXED and self.kind == ARRAY:
            value = TABLE["mixed held"](value, self.data.dtype)
        apply(operator.setitem, self, index, value)

    def __copy__(self) -> Any:
        return apply(np.copy, self)

    def __deepcopy__(self, memo: Any) -> Any:
        return apply(np.copy, self)

    def __reduce__(self) -> NoReturn:
        live(self)
        raise NoLaneForm("a value is pickled")

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self


def is_basic(index: Any) -> bool:
    """Whether an index is made of integers, plain slices, None and an ellipsis: NumPy then gives a view."""
    kind = type(index)
    if kind is tuple:
        return all(is_basic(item) and type(item) is not tuple for item in index)
    if kind is slice:
        return type(index.start) in _BOUNDS and type(index.stop) in _BOUNDS and type(index.step) in _BOUNDS
    return kind is int or index is None or index is Ellipsis


_BOUNDS = frozenset({int, type(None)})


def apply(func: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a NumPy function on lane values: find its row and use it."""
    rule = TABLE.get(func)
    if rule is None:
        rule = TABLE["unknown"](func)
        TABLE[func] = rule
    return settle(rule, func, (func, *args), kwargs)


# ---- exceptions are facts, too ----


def settle(rule: Rule, plain: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str = "") -> Any:
    """Use a rule; where it raises, let the lanes agree on whether the loop would have raised.

    Parameters
    ----------
    rule : callable
        The batched form: ``rule(*args, **kwargs)``.
    plain : callable
        The function itself, to ask one lane what the loop would see; for a method, with its ``name``.
    """
    for arg in args:
        kind = type(arg)
        if (kind is LaneArray and arg.lanes.stale) or ((kind is list or kind is tuple) and may_be_stale(arg)):
            if (recorder := facts.recorder()) is not None:
                return recorder.record(rule, plain, args, kwargs, name)
            if facts.parted():
                return TABLE["through"](rule, plain, args, kwargs, name)
            args = current(args)
            break
        if kind in MIXED:
            return TABLE["apart"](lambda *args, **kwargs: settle(rule, plain, args, kwargs, name), args, kwargs)
    if kwargs:
        for arg in kwargs.values():
            if type(arg) is LaneArray or type(arg) is list or type(arg) is tuple:
                if (recorder := facts.recorder()) is not None:
                    return recorder.record(rule, plain, args, kwargs, name)
                if facts.parted():
                    return TABLE["through"](rule, plain, args, kwargs, name)
                kwargs = dict(zip(kwargs, current(tuple(kwargs.values())), strict=True))
                break
    return settled(rule, plain, args, kwargs, name)


def settled(rule: Rule, plain: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> Any:
    """The same, for arguments that are brought up to date."""
    try:
        return rule(*args, **kwargs)
    except facts.Again:
        return TABLE["through"](rule, plain, args, kwargs, name)
    except Exception as error:
        if getattr(error, "lanewise_settled", False) or facts.on_trial():
            raise
        failure = error
    return TABLE["failed"](rule, plain, args, kwargs, name, failure)


# ---- helpers over arguments, which may hold lane values in lists, tuples and dicts ----


def map_lanes(function: Callable[[LaneArray], Any], tree: Any) -> Any:
    """Apply a function to every lane value among some arguments."""
    kind = type(tree)
    if kind is LaneArray:
        return function(tree)
    if kind is tuple:
        return tuple([map_lanes(function, item) for item in tree])
    if kind is list:
        return [map_lanes(function, item) for item in tree]
    if kind is dict:
        return {key: map_lanes(function, item) for key, item in tree.items()}
    if kind is slice:
        return slice(*map_lanes(function, (tree.start, tree.stop, tree.step)))
    if kind is np.ndarray and tree.dtype.hasobject:
        out = tree.copy()
        for place, item in np.ndenumerate(tree):
            if type(item) is LaneArray:
                out[place] = function(item)
        return out
    return tree


def lanes_of(tree: Any) -> Lanes:
    """The union of the lanes of every lane value among some arguments."""
    lanes = NOWHERE

    def add(x: LaneArray) -> LaneArray:
        nonlocal lanes
        lanes = lanes.union(x.lanes)
        return x

    map_lanes(add, tree)
    return lanes


def example(tree: Any) -> Any:
    """The arguments as the loop would hold them, for values that have one lane."""
    return map_lanes(one_lane, tree)


def one_lane(x: LaneArray, *, copy: bool = True) -> Any:
    """The first lane of a value, as the loop would hold it."""
    data = x.data[(0,) * x.lanes.ndim + (...,)]
    if x.kind == ARRAY:
        return data.copy() if copy else data
    return data[()] if x.kind == SCALAR else data.item()


def is_single(x: LaneArray) -> bool:
    """Whether one example has a single element."""
    return math.prod(x.data.shape[x.lanes.ndim :]) == 1


def live(x: LaneArray) -> LaneArray:
    """A value brought up to date with the splits since it was made."""
    if x.lanes.stale:
        run = facts.RUN.get()
        if run is not None and run.recorder is not None:
            return x  # a traced value
        if x.lanes.heir is not None:
            TABLE["moved"](x)
            return live(x)
        if run is not None and run.parted:
            return TABLE["lent"](run, x)  # type: ignore[no-any-return]
        data, lanes = refresh(x.data, x.lanes)
        if run is not None and any(axis is run.axis or axis.owner is run for axis in x.lanes.axes):
            x.data, x.lanes = data, lanes  # the group's own: gather once, not at each use
            return x
        if run is not None and x.kind == ARRAY and data is not x.data:
            run.borrow(data)
        return LaneArray(data, lanes, x.kind)
    return x


def may_be_stale(items: Iterable[Any]) -> bool:
    """Whether some lane value in a list has to be brought up to date."""
    for item in items:
        kind = type(item)
        if kind is LaneArray:
            if item.lanes.stale:
                return True
        elif kind not in _NO_LANES:
            return True
    return False


_NO_LANES = frozenset({int, float, bool, complex, type(None), str})


def current(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arguments brought up to date."""
    return map_lanes(live, args)  # type: ignore[no-any-return]


# ---- facts of values ----


def bits(data: Data) -> Data:
    """Codes that are equal where the values are the same bit for bit."""
    kind = data.dtype.kind
    if kind in "biuSU":
        return data
    if kind == "O":
        raise NoLaneForm("an object of each lane is asked")
    if kind in "fmM" and data.dtype.itemsize <= 8:
        return np.ascontiguousarray(data).view(f"i{data.dtype.itemsize}")
    raw = np.ascontiguousarray(data).reshape(-1).view(f"V{data.dtype.itemsize}")
    codes = np.unique(np.frombuffer(raw.tobytes(), "u1").reshape(raw.size, -1), axis=0, return_inverse=True)[1]
    return codes.reshape(data.shape)


def value_of(x: LaneArray, what: str, function: Callable[[Any], Any]) -> Any:
    """The value that all lanes at work have, once they agree on it.

    Where the answer depends on the shape alone, as for the truth of an array of three elements,
    ``function`` gives NumPy's own complaint.
    """
    x = live(x)
    if x.kind == ARRAY and (not is_single(x) or function in (str, round)):
        if not x.lanes.axes:
            return x.data
        if function in (str, round):
            raise NoLaneForm(f"{what} is asked")
        return function(np.zeros(x.shape, x.dtype))
    data = x.data.reshape(x.lanes.shape)
    if function is bool:
        data = truth(data)
    facts.agree(x.lanes, bits(data), what)
    return one_lane(live(x))


def truth(data: Data) -> Data:
    """Python's truth of each element."""
    if data.dtype.kind in "SU":
        return np.asarray(np.not_equal(data, data.dtype.type()))
    return data.astype(bool, copy=False)


def agree_on(x: LaneArray, what: str) -> LaneArray:
    """A small integer or boolean lane scalar, once the lanes agree on it (a count, say)."""
    facts.agree(x.lanes, bits(x.data), what)
    return live(x)


def part(x: LaneArray, name: str) -> Any:
    """``.real`` or ``.imag``."""
    x = live(x)
    if (recorder := facts.recorder()) is not None:
        function = np.real if name == "real" else np.imag
        return recorder.record(lambda func, x: part(x, name), function, (function, x), {})
    return LaneArray(getattr(x.data, name), x.lanes, x.kind)


def wrap(data: Any, lanes: Lanes) -> LaneArray:
    """A result of a ufunc or a reduction: without axes of its own, it is a NumPy scalar."""
    if type(data) is not np.ndarray:
        data = np.asarray(data)
    if data.ndim == lanes.ndim and data.dtype.char in "SU":
        return as_wide_as_it_is(LaneArray(data, lanes, SCALAR))
    return LaneArray(data, lanes, ARRAY if data.ndim > lanes.ndim else SCALAR)


def as_wide_as_it_is(x: LaneArray) -> LaneArray:
    """A text scalar: NumPy's have a dtype as wide as the text itself, which is a fact."""
    x = live(x)
    sizes = np.strings.str_len(x.data)
    if not sizes.size:
        return x
    width = facts.agree(x.lanes, sizes, "the length of a text") if x.lanes.axes else sizes
    x = live(x)
    return LaneArray(x.data.astype(f"{x.data.dtype.char}{max(int(width), 1)}"), x.lanes, SCALAR)
