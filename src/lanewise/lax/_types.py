"""What branches and loops agree on: the structure of a value, and the shape and dtype of each leaf."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import optree

from .. import tree as pytree
from ..array import ARRAY, PYTHON, SCALAR, LaneArray, live
from ..axes import an
from ..convert import lane_form
from ..facts import RuleError, Run
from ..lanes import spread
from ..ops.common import full, lane
from ..regions import Mixed


class Type(NamedTuple):
    """The type of a leaf."""

    shape: tuple[int, ...]
    dtype: Any  # of what is no number: its Python type
    weak: bool  # it is a Python scalar

    def __str__(self) -> str:
        if self.weak:
            return f"Python {_NAMES[self.dtype.kind]}"
        if type(self.dtype) is type:
            return self.dtype.__name__
        return f"{self.dtype} of shape {self.shape}"


_NAMES = {"b": "bool", "i": "int", "f": "float", "c": "complex"}
_PYTHON = {kind: Type((), np.dtype(kind), kind is not bool) for kind in (bool, int, float, complex)}


def type_of(leaf: Any) -> Type:
    """The type of a leaf: of a lane value, that of one example."""
    kind = type(leaf)
    if kind is LaneArray:
        shape = leaf.data.shape[leaf.lanes.ndim :]
        return Type(shape, leaf.data.dtype, leaf.kind == PYTHON and leaf.data.dtype.kind != "b")
    if kind in _PYTHON:
        return _PYTHON[kind]
    if isinstance(leaf, (np.ndarray, np.generic)):
        return Type(leaf.shape, leaf.dtype, False)
    return Type((), kind, False)


def together(a: Type, b: Type) -> Type | None:
    """One type for both: a Python scalar takes the dtype of the other if it is of the same kind of number."""
    if a.shape != b.shape:
        return None
    if a.dtype == b.dtype:
        return a if b.weak else b
    if not (a.weak or b.weak) or type in (type(a.dtype), type(b.dtype)):
        return None
    strong, weak = (b, a) if a.weak else (a, b)
    alike = strong.dtype.kind == weak.dtype.kind or (strong.dtype.kind == "u" and weak.dtype.kind == "i")
    return strong if alike and not strong.weak else None


def follows(before: Type, after: Type) -> bool:
    """Whether a carry of one type may be of another after a turn: a Python scalar takes any dtype that can hold it."""
    if before.weak and before.shape == after.shape and type(after.dtype) is not type:
        return bool(np.result_type(after.dtype, _ZERO[before.dtype.kind]) == after.dtype)
    return together(before, after) is not None


_ZERO = {"i": 0, "f": 0.0, "c": 0j}


class Typed(NamedTuple):
    """A pytree's structure and the types of its leaves."""

    spec: Any
    types: list[Type]

    @classmethod
    def of(cls, leaves: list[Any], spec: Any) -> Typed:
        """Of a pytree that is taken apart."""
        return cls(spec, [type_of(leaf) for leaf in leaves])

    def __str__(self) -> str:
        return repr(pytree.unflatten(self.spec, [_STAR] * len(self.types)))


class _Star:
    def __repr__(self) -> str:
        return "*"


_STAR = _Star()


def check_alike(
    headline: str, what: str, names: Sequence[str], a: Typed, b: Typed, alike: Callable[[Type, Type], Any] = together
) -> None:
    """See that two pytrees agree.

    Parameters
    ----------
    headline : str
        What to say if they don't, with ``{aspect}`` (structure, shape or dtype) and ``{where}`` (the leaf's path).
    what : str
        How to write the pytree.
    names : pair of str
        Where the two come from.
    a, b : Typed
        The two.
    alike : callable, optional
        Says of two types whether they agree.

    Raises
    ------
    RuleError
        A TypeError that is raised as it is, since on plain values nobody may notice.
    """
    wrong: tuple[Any, Any] = (a, b)
    aspect, where, cure = "structure", what, _STRUCTURE
    if a.spec == b.spec:
        for n, pair in enumerate(zip(a.types, b.types, strict=True)):
            if not alike(*pair):
                where = str(optree.treespec_accessors(a.spec)[n].codify(what))
                aspect, cure = ("dtype", _DTYPE) if pair[0].shape == pair[1].shape else ("shape", _SHAPE)
                wrong = pair
                break
        else:
            return
    width = max(len(name) for name in names)
    rows = "".join([f"    {name:{width}}  {found}\n" for name, found in zip(names, wrong, strict=True)])
    raise RuleError(f"lax.{headline.format(aspect=aspect, where=where)}:\n{rows}  {cure}")


_STRUCTURE = "Return one structure: the same keys, the same lengths, None in the same places."
_SHAPE = (
    "Make them alike: np.zeros_like(x) is a start like x, np.broadcast_to makes more of a scalar, np.pad of an array."
)
_DTYPE = "Make them alike: write 0.0 instead of 0, or convert one with np.asarray(x, dtype) or x.astype(dtype)."


def either(a: Type, b: Type) -> Type | None:
    """One type for a carry that has both: as `together`, or the one that the other, a Python scalar, may become."""
    return together(a, b) or (b if follows(a, b) else a if follows(b, a) else None)


def unmixed(value: Any, joint: Callable[[Type, Type], Type | None] = together) -> Any:
    """A value that is a Python scalar in some lanes and a NumPy scalar of the same kind in others, as the latter."""
    if type(value) is not Mixed:
        return value
    found: Type | None = type_of(value.options[0])
    for option in value.options[1:]:
        found = None if found is None else joint(found, type_of(option))
    if found is None or type(found.dtype) is type:
        return value
    codes = live(value.codes)
    options = [live(lane(option)) for option in value.options]
    lanes = codes.lanes
    for option in options:
        lanes = lanes.union(option.lanes)
    which = np.broadcast_to(spread(codes.data, codes.lanes, lanes, 0), lanes.shape)
    data = np.empty((*lanes.shape, *found.shape), found.dtype)
    for code, option in enumerate(options):
        mine = full(option, lanes)[which == code]
        if found.dtype.kind in "iu" and mine.size and mine.dtype != found.dtype:
            limits = np.iinfo(found.dtype)
            if mine.min() < limits.min or mine.max() > limits.max:
                return value
        data[which == code] = mine
    return LaneArray(data, lanes, PYTHON if found.weak else ARRAY if found.shape else SCALAR)


def settled(value: Any) -> Any:
    """A value of one type, at the price that the lanes agree on it."""
    value = unmixed(value)
    return value.settled() if type(value) is Mixed else value


_LEAF = pytree.structure(0)
_LEAVES = frozenset({LaneArray, np.ndarray, int, float, bool, complex, np.float64, np.int64, np.bool})


def flatten(value: Any) -> tuple[list[Any], Any]:
    """The leaves of a pytree, each of one type, and its structure."""
    if type(value) in _LEAVES:  # as it is so often: no need to ask optree
        return [value], _LEAF
    leaves, spec = pytree.flatten(value)
    return [settled(leaf) if type(leaf) is Mixed else leaf for leaf in leaves], spec


# ---- no lanes: what eval_shape and empty batches run on ----


def has_no_lanes(leaf: Any) -> bool:
    """Whether a leaf is a lane value of no lanes, which has a shape and a dtype alone."""
    return type(leaf) is LaneArray and 0 in leaf.lanes.shape


def without_values(leaf: Any, like: Any, length: tuple[int, ...] = ()) -> Any:
    """A leaf of no lanes (those of ``like``), or an array of several of them."""
    if isinstance(leaf, (str, bytes)) or type(type_of(leaf).dtype) is type:
        return leaf
    if has_no_lanes(leaf) and not length:
        return leaf
    x = live(lane(leaf))
    lanes = like.lanes if not has_no_lanes(leaf) else x.lanes
    example = x.data.shape[x.lanes.ndim :]
    kind = ARRAY if length or example else leaf.kind if type(leaf) is LaneArray else _kind(leaf)
    return LaneArray(np.empty((*lanes.shape, *length, *example), x.data.dtype), lanes, kind)


def _kind(leaf: Any) -> int:
    return PYTHON if type(leaf) in _PYTHON else ARRAY if isinstance(leaf, np.ndarray) else SCALAR


# ---- arguments ----


def form(run: Run | None, function: Any, name: str, what: str) -> Any:
    """A function that the user hands over, in its form for lane values."""
    if not callable(function):
        raise TypeError(f"lax.{name}: {what} must be a function, not {function!r} ({an(function)}).")
    if run is None:
        return function
    made = lane_form(function)
    return made if run.recorder is None else run.recorder.handed(made)


def own(data: Any, run: Run | None) -> Any:
    """A new array, which lane values may be written into."""
    if run is None:
        return data
    return LaneArray(data, run.home(), ARRAY) if run.recorder is None else run.recorder.fresh(data)


def ident(*functions: Any) -> tuple[Any, ...]:
    """A statement, by the functions that it calls: for `regions.PLAIN`."""
    return tuple([getattr(function, "__code__", type(function)) for function in functions])


def check_scalar(x: Any, name: str, what: str) -> None:
    """See that a predicate is one number or truth value.

    Raises
    ------
    TypeError
        If it is an array of several, or no number at all.
    """
    kind = type(x)
    if kind is bool or kind is np.bool or kind is Mixed:
        return
    found = type_of(x)
    if type(found.dtype) is type or found.dtype.kind not in "biufc":
        raise TypeError(f"lax.{name}: {what} must be a scalar, true or false, not {an(x)}.")
    if found.shape:
        raise TypeError(
            f"lax.{name}: {what} must be a scalar, but it is {found}.\n"
            "  np.any or np.all makes one of it; lax.select chooses element by element."
        )
