"""Calls on the short way: what is known of arguments that are arrays and plain numbers in tuples, lists and dicts.

The structure of such arguments is their own key, found while they are gone through, and results are put together by
an expression that was compiled for their structure. Everything else goes through optree, which gives the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import NoneType
from typing import Any

import numpy as np
import optree

from ..array import ARRAY, PYTHON, SCALAR

STATIC = (int, bool, str, NoneType)


def signature(items: Iterable[Any], leaves: list[Any]) -> tuple[Any, ...] | None:
    """What a program depends on of some arguments, whose leaves are gathered; None if there is a longer way only."""
    key: list[Any] = []
    for x in items:
        kind = type(x)
        if kind is np.ndarray:
            leaves.append(x)
            key.append((x.dtype, x.shape, x.strides))
        elif kind is float:
            leaves.append(x)
            key.append(float)
        elif kind is dict:
            inner = signature(x.values(), leaves)
            if inner is None:
                return None
            key.append((dict, *x, inner))
        elif kind is tuple or kind is list:
            inner = signature(x, leaves)
            if inner is None:
                return None
            key.append((kind, inner))
        elif kind in STATIC:
            if x is not None:
                leaves.append(x)
            key.append((kind, x))
        else:
            return None
    return tuple(key)


def whole(args: tuple[Any, ...], kwargs: dict[str, Any], leaves: list[Any]) -> Any:
    """The same for all arguments of a call."""
    found = signature((args, kwargs) if kwargs else args, leaves)
    return ("keywords", found) if kwargs and found is not None else found


def order(spec: Any, places: list[int]) -> list[int] | None:
    """Where `signature` gathers the leaves that optree has at some places; None if it is not to be asked."""
    if not is_plain(spec):
        return None
    numbers: list[int] = []
    signature(optree.tree_unflatten(spec, range(spec.num_leaves)), numbers)
    return [numbers.index(place) for place in places]


def builder(spec: Any, leaves: list[Any], kinds: list[int]) -> Callable[[list[Any]], Any] | None:
    """What puts results together as a function's results are: an expression, compiled; None if there can't be one.

    Parameters
    ----------
    spec : PyTreeSpec
        The structure.
    leaves : list
        For each leaf its number among the results, or a constant in a 1-tuple.
    kinds : list of int
        What each of the results is.
    """
    if not is_plain(spec):
        return None
    constants: list[Any] = []

    def text(x: Any) -> str:
        if type(x) is dict:
            return "{" + ", ".join([f"{name!r}: {text(item)}" for name, item in x.items()]) + "}"
        if type(x) is list:
            return "[" + ", ".join(map(text, x)) + "]"
        if type(x) is tuple:
            return "(" + "".join([f"{text(item)}, " for item in x]) + ")"
        place = leaves[x]
        if type(place) is tuple:
            constants.append(place[0])
            return f"constants[{len(constants) - 1}]"
        return f"results[{place}]" + {ARRAY: "", SCALAR: "[()]", PYTHON: ".item()"}[kinds[place]]

    tree = text(optree.tree_unflatten(spec, range(spec.num_leaves)))
    made: Callable[[list[Any]], Any] = eval(f"lambda results: {tree}", {"constants": constants})
    return made


def is_plain(spec: Any) -> bool:
    """Whether a structure has no nodes but tuples, lists, None, and dicts with texts as keys."""
    if spec.is_leaf():
        return True
    if spec.type not in (tuple, list, dict, NoneType) or (spec.type is dict and {*map(type, spec.entries())} - {str}):
        return False
    return all(map(is_plain, spec.children()))
