"""What a compiled program depends on of its arguments: shapes, dtypes, layouts, static values."""

from __future__ import annotations

from typing import Any

import numpy as np
import optree

from ..array import LaneArray
from ..axes import parameter_name
from ..lanes import LaneAxis


class Static:
    """An argument that a program is specialised for; compared by type and value."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return type(other) is Static and type(other.value) is type(self.value) and bool(other.value == self.value)

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))


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
