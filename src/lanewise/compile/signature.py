"""What a compiled program depends on of its arguments: shapes, dtypes, layouts, static values."""

from __future__ import annotations

from typing import Any

import numpy as np
import optree

from ..array import LaneArray, live
from ..axes import parameter_name
from ..lanes import LaneAxis
from ..tree import flatten


class Static:
    """An argument that a program is specialised for; compared by type and value."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return type(other) is Static and type(other.value) is type(self.value) and bool(other.value == self.value)

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))


class Arguments:
    """The arguments of a call, taken apart.

    Parameters
    ----------
    args, kwargs
        As they were given, but that static ones are wrapped.

    Attributes
    ----------
    leaves, spec
        Their leaves, and the structure.
    lanes : list of LaneAxis
        The lane axes of those that are lane values, the outermost first.
    keys : list
        What a program depends on of each leaf.

    Raises
    ------
    TypeError
        If one that is part of the signature can't be hashed.
    """

    __slots__ = ("args", "keys", "kwargs", "lanes", "leaves", "spec")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        leaves, self.spec = flatten((args, kwargs))
        lanes: list[LaneAxis] = []
        if LaneArray in map(type, leaves):
            leaves = [live(leaf) if type(leaf) is LaneArray else leaf for leaf in leaves]
            axes = {axis for leaf in leaves if type(leaf) is LaneArray for axis in leaf.lanes.axes}
            lanes = sorted(axes, key=lambda axis: axis.level)
        self.args, self.kwargs, self.leaves, self.lanes = args, kwargs, leaves, lanes
        self.keys = [key_of(leaf, lanes) for leaf in leaves]

    def key(self) -> Any:
        """What a program depends on: where all arguments are plain, as `Jitted.__call__` puts it together."""
        flat = not self.kwargs and len(self.leaves) == len(self.args) and all(map(is_plain, self.leaves))
        return tuple(self.keys) if flat else (self.spec, tuple(self.keys))

    def data(self, compiled: Any) -> list[Any]:
        """The leaves that a compiled program takes."""
        if compiled.plain:
            return [self.leaves[n] for n in compiled.places]
        return [argument(self.leaves[n]) for n in compiled.places]


def is_plain(leaf: Any) -> bool:
    """Whether an argument is data as kernels take it."""
    return type(leaf) is np.ndarray or type(leaf) is float


def is_data(leaf: Any) -> bool:
    """Whether an argument is data, not a part of the signature."""
    return isinstance(leaf, (np.ndarray, np.generic)) or type(leaf) in (float, complex, LaneArray)


def key_of(leaf: Any, lanes: list[LaneAxis]) -> Any:
    """What a program depends on of an argument."""
    if type(leaf) is np.ndarray:
        return (leaf.dtype, leaf.shape, leaf.strides)
    if type(leaf) is LaneArray:
        where = tuple([lanes.index(axis) for axis in leaf.lanes.axes])
        return (where, leaf.kind, leaf.data.dtype, leaf.data.shape, leaf.data.strides)
    if type(leaf) in (float, complex):
        return type(leaf)
    if isinstance(leaf, (np.ndarray, np.generic)):
        return (type(leaf), leaf.dtype, leaf.shape)
    found = leaf if type(leaf) is Static else Static(leaf)
    hash(found)
    return found


def layout(leaf: Any) -> Any:
    """How an argument lies in memory."""
    if type(leaf) is float:
        return "number"
    data = argument(leaf)
    return "c" if data.flags.c_contiguous else data.strides


def argument(leaf: Any) -> Any:
    """An argument as kernels take it: an array object or a Python float."""
    if type(leaf) is np.ndarray or type(leaf) is float:
        return leaf
    return leaf.data if type(leaf) is LaneArray else np.asarray(leaf)


def change(fun: Any, spec: Any, old: Any, new: Any) -> str:
    """Which argument differs between two signatures of one structure, in a sentence."""
    paths = optree.treespec_accessors(spec)
    for n, (was, now) in enumerate(zip(old, new, strict=True)):
        if was != now:
            which, place, *_ = paths[n]  # among the positional arguments or the others
            name = place.entry if which.entry else parameter_name(fun, place.entry, place.entry + 1, [])
            return f" Its argument {paths[n][2:].codify(name)} changes: it was {_shown(was)}, and is {_shown(now)}."
    return ""


def _shown(key: Any) -> str:
    if type(key) is Static:
        return repr(key.value)
    return f"{key[0]}{list(key[1])}" if type(key) is tuple and len(key) == 3 else str(key)
