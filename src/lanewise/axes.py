"""``in_axes`` and ``out_axes`` against pytrees: which leaf is mapped over which axis, and what is wrong if not.

The semantics are `jax.vmap`'s; the dict form of ``in_axes`` is as in ``equinox.filter_vmap``.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import optree

from .array import LaneArray, live
from .tree import NAMESPACE, flatten, flatten_results

AUTO: Any = type("AUTO", (), {"__repr__": lambda self: "AUTO"})()
"""The axis of an argument that no spec names: 0 where there is one, shared where there is none."""


class Mapped(NamedTuple):
    """A leaf that is mapped."""

    value: Any  # an ndarray, or a LaneArray of outer lanes
    axis: int  # which of its axes, counted from 0
    argument: int  # which argument it is in, and which of its leaves: for its name
    leaf: int


class Argument(NamedTuple):
    """How to make one argument again from lane values."""

    spec: Any  # the pytree's structure; None for a bare leaf
    given: list[Any]  # the leaves as the caller gave them
    leaves: list[Any]  # the same, what is shared protected from writes
    mapped: list[int]  # for each leaf, its place among the mapped leaves, or -1


class Inputs:
    """The arguments of one call, taken apart."""

    def __init__(self, fun: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.fun = fun
        self.args = args
        self.kwargs = kwargs
        self.arguments: list[Argument] = []
        self.mapped: list[Mapped] = []

    # ---- taking apart ----

    def add(self, value: Any, entry: Any) -> None:
        """Take one argument apart by its entry of ``in_axes``."""
        kind = type(entry)
        if kind is int and type(value) is np.ndarray and -value.ndim <= entry < value.ndim:
            number = len(self.mapped)
            self.mapped.append(Mapped(value, entry % value.ndim, len(self.arguments), 0))
            self.arguments.append(Argument(None, [value], [value], [number]))
        elif entry is None:
            self.arguments.append(Argument(None, [value], [protect(value)], [-1]))
        else:
            self._add_tree(value, entry)

    def _add_tree(self, value: Any, entry: Any) -> None:
        number = len(self.arguments)
        leaves, spec = flatten(value)
        self.arguments.append(Argument(spec, list(leaves), leaves, [-1] * len(leaves)))
        for n, axis in enumerate(self._leaf_axes(value, entry, number)):
            if axis is AUTO:
                axis = 0 if is_array(leaves[n]) and np.ndim(leaves[n]) else None
            if axis is None:
                leaves[n] = protect(leaves[n])
                continue
            leaf = self._array(leaves[n], axis, number, n)
            ndim = leaf.ndim
            if not -ndim <= axis < ndim:
                raise ValueError(
                    f"vmap: {self.name(number, n)} has shape {leaf.shape}, so in_axes={axis} is out of range for it: "
                    f"its axes are {-ndim} to {ndim - 1}."
                )
            self.arguments[number].mapped[n] = len(self.mapped)
            self.mapped.append(Mapped(leaf, axis % ndim, number, n))

    def _leaf_axes(self, value: Any, entry: Any, number: int) -> list[Any]:
        """One axis (or None, or AUTO) for each leaf: the entry is a prefix of the argument."""
        entries, prefix = optree.tree_flatten(entry, is_leaf=_is_entry, none_is_leaf=True, namespace=NAMESPACE)
        for axis in entries:
            check_axis(axis, f"in_axes for {self.name(number)}")
        try:
            subtrees = prefix.flatten_up_to(value)
        except ValueError as error:
            raise ValueError(
                f"vmap: in_axes is not a prefix of the argument {self.name(number)}.\n"
                f"  in_axes there: {entry!r}\n  the argument:  {describe(value)}\n  {error}"
            ) from None
        axes: list[Any] = []
        for axis, subtree in zip(entries, subtrees, strict=True):
            axes.extend([axis] * len(flatten(subtree)[0]))
        return axes

    def _array(self, leaf: Any, axis: int, number: int, n: int) -> Any:
        if type(leaf) is LaneArray:
            leaf = live(leaf)
        elif type(leaf) is not np.ndarray and hasattr(leaf, "__array__") and not isinstance(leaf, np.ndarray):
            leaf = np.asarray(leaf)  # an array of another library
        if not is_array(leaf) or np.ndim(leaf) == 0:
            what = f"an array of shape {leaf.shape}" if is_array(leaf) else f"a {type(leaf).__name__}"
            raise ValueError(
                f"vmap: {self.name(number, n)} is {what}, which has no axis {axis} to map.\n"
                "  Give it None in in_axes to hand it to every call as it is, or pass an array."
            )
        return leaf

    # ---- putting together ----

    def build(self, values: list[Any], *, shared: bool = False) -> tuple[list[Any], dict[str, Any]]:
        """The arguments, with these in place of the mapped leaves.

        With ``shared``, what is not mapped is the caller's own, to be written as in the loop.
        """
        made = []
        for spec, given, protected, mapped in self.arguments:
            leaves = given if shared else protected
            if spec is None:
                made.append(leaves[0] if mapped[0] < 0 else values[mapped[0]])
            else:
                new = [leaf if n < 0 else values[n] for leaf, n in zip(leaves, mapped, strict=True)]
                made.append(optree.tree_unflatten(spec, new))
        count = len(self.args)
        return made[:count], dict(zip(self.kwargs, made[count:], strict=True))

    def shared(self) -> list[Any]:
        """The leaves that are not mapped, as the caller gave them."""
        return [leaf for made in self.arguments for leaf, n in zip(made.given, made.mapped, strict=True) if n < 0]

    def part(self, start: int, stop: int) -> Inputs:
        """The same arguments with a range of lanes only."""
        made = Inputs(self.fun, self.args, self.kwargs)
        made.arguments = self.arguments
        made.mapped = [
            leaf._replace(value=leaf.value[(slice(None),) * leaf.axis + (slice(start, stop),)]) for leaf in self.mapped
        ]
        return made

    # ---- names and sizes ----

    def name(self, number: int, leaf: int | None = None) -> str:
        """The name of an argument, or of one of its leaves, as the user would write it."""
        name = parameter_name(self.fun, number, len(self.args), list(self.kwargs))
        if leaf is None or self.arguments[number].spec is None:
            return name
        return str(optree.treespec_accessors(self.arguments[number].spec)[leaf].codify(name))

    def size(self, axis_size: int | None) -> int:
        """The size of the batch, on which all mapped axes must agree."""
        sizes = [leaf.value.shape[leaf.axis] for leaf in self.mapped]
        if axis_size is not None and any(size != axis_size for size in sizes):
            raise ValueError(f"vmap: axis_size is {axis_size}, but:\n{self._table()}")
        if not sizes:
            if axis_size is None:
                raise ValueError(
                    f"vmap: nothing is mapped in this call of {label(self.fun)}: every argument has None in in_axes "
                    "(or there is none).\n  Map at least one argument over an axis, or give axis_size."
                )
            return axis_size
        if any(size != sizes[0] for size in sizes):
            raise ValueError(
                f"vmap: the mapped axes differ in size:\n{self._table()}\n"
                "  Map an argument with None to share it, nest two vmaps for all pairs, pad to a common length, or use "
                "lax.scan over a sequence."
            )
        return int(sizes[0])

    def _table(self) -> str:
        rows = [
            (self.name(leaf.argument, leaf.leaf), f"axis {leaf.axis} of {leaf.value.shape}",
             str(leaf.value.shape[leaf.axis]))
            for leaf in self.mapped
        ]  # fmt: skip
        wide, middle = (max(len(row[n]) for row in rows) for n in (0, 1))
        return "\n".join(f"    {name:<{wide}}  {what:<{middle}}  -> {size}" for name, what, size in rows)


def take_apart(fun: Callable[..., Any], in_axes: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Inputs:
    """The arguments of a call of a mapped function, by its ``in_axes``."""
    inputs = Inputs(fun, args, kwargs)
    if type(in_axes) is dict:
        entries, named = _by_name(fun, in_axes, args, kwargs)
    elif type(in_axes) in (tuple, list):
        if len(in_axes) != len(args):
            raise ValueError(
                f"vmap: in_axes has {len(in_axes)} entries, but {label(fun)} is called with {len(args)} positional "
                f"arguments.\n  Give one entry for each (keyword arguments take none), an int for all, or a dict from "
                "parameter names to entries."
            )
        entries, named = in_axes, {}
    else:
        entries, named = [in_axes] * len(args), {}
    for value, entry in zip(args, entries, strict=True):
        inputs.add(value, entry)
    for name, value in kwargs.items():
        inputs.add(value, named.get(name, AUTO))
    return inputs


def _by_name(
    fun: Callable[..., Any], in_axes: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Entries for positional and keyword arguments from a dict of parameter names."""
    signature = inspect.signature(fun)
    known = signature.parameters
    unknown = [name for name in in_axes if name not in known and not _takes_any_keyword(signature)]
    if unknown:
        raise ValueError(
            f"vmap: in_axes names {unknown[0]!r}, which is no parameter of {label(fun)}: it has {', '.join(known) or 'none'}."
        )
    signature.bind(*args, **kwargs)  # the usual TypeError, before anything else
    entries: list[Any] = []
    positional = [p for p in known.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    starred = next((p.name for p in known.values() if p.kind is p.VAR_POSITIONAL), "")
    double = next((p.name for p in known.values() if p.kind is p.VAR_KEYWORD), "")
    for n in range(len(args)):
        name = positional[n].name if n < len(positional) else starred
        entry = in_axes.get(name, AUTO)
        if n >= len(positional) and isinstance(entry, (tuple, list)):
            entry = entry[n - len(positional)]
        entries.append(entry)
    rest = in_axes.get(double, AUTO)
    others = {name: rest[name] if type(rest) is dict and name in rest else rest for name in kwargs}
    return entries, {name: in_axes.get(name, others[name]) for name in kwargs}


def _takes_any_keyword(signature: inspect.Signature) -> bool:
    return any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())


# ---- specs ----


def _is_entry(x: Any) -> bool:
    return x is None or x is AUTO or type(x) is int


def check_axis(axis: Any, what: str) -> None:
    """Refuse anything that is neither an int, None nor `AUTO`."""
    if axis is None or axis is AUTO:
        return
    if isinstance(axis, (bool, np.bool)) or not isinstance(axis, (int, np.integer)):
        raise TypeError(
            f"vmap: {what} must be an int, None, or a pytree of them, not {axis!r} of type {type(axis).__name__}."
        )


def check_in_axes(in_axes: Any) -> Any:
    """Check ``in_axes`` as far as that is possible before the arguments are known."""
    if isinstance(in_axes, (bool, np.bool)) or not (
        in_axes is None or isinstance(in_axes, (int, np.integer, tuple, list, dict))
    ):
        raise TypeError(
            "vmap: in_axes must be an int, None, a tuple or list with one entry for each positional argument, or a dict "
            f"from parameter names to entries, not {in_axes!r} of type {type(in_axes).__name__}."
        )
    if isinstance(in_axes, np.integer):
        return int(in_axes)
    leaves = optree.tree_leaves(in_axes, is_leaf=_is_entry, none_is_leaf=True, namespace=NAMESPACE)
    for leaf in leaves:
        check_axis(leaf, "an entry of in_axes")
    return in_axes


def check_out_axes(out_axes: Any) -> Any:
    """Check ``out_axes`` before the results are known."""
    leaves = optree.tree_leaves(out_axes, is_leaf=_is_entry, none_is_leaf=True, namespace=NAMESPACE)
    for leaf in leaves:
        check_axis(leaf, "out_axes")
    return out_axes


def result_axes(out_axes: Any, tree: Any, leaves: int, fun: Callable[..., Any]) -> list[Any]:
    """One output axis for each leaf of a result."""
    if type(out_axes) is int or out_axes is None:
        return [out_axes] * leaves
    entries, prefix = optree.tree_flatten(out_axes, is_leaf=_is_entry, none_is_leaf=True, namespace=NAMESPACE)
    try:
        subtrees = prefix.flatten_up_to(tree)
    except ValueError as error:
        raise ValueError(
            f"vmap: out_axes is not a prefix of the result of {label(fun)}.\n  out_axes:   {out_axes!r}\n"
            f"  the result: {describe(tree)}\n  {error}"
        ) from None
    axes: list[Any] = []
    for axis, subtree in zip(entries, subtrees, strict=True):
        axes.extend([axis] * len(flatten_results(subtree)[0]))
    return axes


# ---- small helpers ----


def label(fun: Any) -> str:
    """The name of a function, for messages."""
    name = getattr(fun, "__name__", None) or getattr(getattr(fun, "func", None), "__name__", None)
    return name or type(fun).__name__


def parameter_name(fun: Callable[..., Any], number: int, positional: int, keywords: list[str]) -> str:
    """The name of the parameter that the ``number``-th argument of a call goes to."""
    if number >= positional:
        return keywords[number - positional]
    try:
        parameters = list(inspect.signature(fun).parameters.values())
    except (TypeError, ValueError):
        return f"argument {number}"
    for n, parameter in enumerate(parameters):
        if parameter.kind is parameter.VAR_POSITIONAL:
            return f"{parameter.name}[{number - n}]"
        if n == number and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            return parameter.name
    return f"argument {number}"


def is_array(x: Any) -> bool:
    """Whether a leaf is an array or a NumPy scalar, of lanes or not."""
    return type(x) is LaneArray or isinstance(x, np.ndarray)


def describe(tree: Any) -> str:
    """A pytree with the shapes of its arrays in their places."""
    shown = optree.tree_map(lambda x: Shown(x), tree, namespace=NAMESPACE)
    return repr(shown)


class Shown:
    """A leaf, shown by its type and shape."""

    def __init__(self, leaf: Any) -> None:
        self.leaf = leaf

    def __repr__(self) -> str:
        if is_array(self.leaf):
            return f"array{self.leaf.shape}"
        return type(self.leaf).__name__


def protect(value: Any) -> Any:
    """An unmapped argument with its arrays read-only, so that a write to what the lanes share is noticed."""
    kind = type(value)
    if kind is np.ndarray:
        if not value.flags.writeable:
            return value
        view = value.view()
        view.flags.writeable = False
        return view
    if kind in (float, int, str, bool, LaneArray) or callable(value):
        return value
    if not (kind in (dict, list, tuple) or hasattr(value, "_fields") or dataclasses.is_dataclass(value)):
        return value
    leaves, spec = flatten(value)
    if not any(isinstance(leaf, np.ndarray) and type(leaf) is not LaneArray for leaf in leaves):
        return value
    return optree.tree_unflatten(spec, [protect(leaf) if type(leaf) is np.ndarray else leaf for leaf in leaves])
