"""``in_axes`` and ``out_axes`` as they are written: prepared once for each mapped function, with their messages.

The semantics are `jax.vmap`'s; the dict form of ``in_axes`` is as in ``equinox.filter_vmap``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import optree

from .array import LaneArray
from .tree import NAMESPACE, flatten_results, flatten_with


class Ragged:
    """In the place of an axis: the lanes lie in a list, so that their shapes may differ (`lanewise.ragged`).

    As an entry of ``in_axes`` it stands for a list with one example for each lane; examples of one shape run
    together. As an entry of ``out_axes`` it gives a list of what the lanes return, in their order.

    Examples
    --------
    >>> import numpy as np
    >>> import lanewise
    >>> words = [np.array([3.0, 1.0]), np.array([2.0]), np.array([5.0, 4.0])]
    >>> lanewise.vmap(np.sum, in_axes=lanewise.ragged)(words)
    array([4., 2., 9.])
    >>> lanewise.vmap(np.sort, in_axes=lanewise.ragged, out_axes=lanewise.ragged)(words)
    [array([1., 3.]), array([2.]), array([4., 5.])]
    """

    def __repr__(self) -> str:
        return "lanewise.ragged"

    def __reduce__(self) -> str:
        return "ragged"  # there is but one, after copies and pickles too


ragged = Ragged()

AUTO: Any = type("AUTO", (), {"__repr__": lambda self: "0 where there is an axis"})()
"""The axis of an argument that no spec names: 0 where there is one, shared where there is none."""


# ---- specs, prepared once for each mapped function ----


class Prefix:
    """A pytree of axes."""

    __slots__ = ("axes", "spec", "tree")

    def __init__(self, tree: Any, axes: list[Any], spec: Any) -> None:
        self.tree = tree
        self.axes = axes
        self.spec = spec


class InAxes:
    """``in_axes``: one entry for all positional arguments."""

    def __init__(self, fun: Callable[..., Any], entry: Any, parts: Sequence[Any] = ()) -> None:
        self.fun = fun
        self.entry = entry
        self.ragged = any(map(has_ragged, parts or [entry]))

    def positional(self, count: int) -> Sequence[Any]:
        """The entries of the positional arguments of a call."""
        return [self.entry] * count

    def keyword(self, name: str) -> Any:
        """The entry of a keyword argument."""
        return AUTO


class InAxesInOrder(InAxes):
    """``in_axes`` as a tuple or list: one entry for each positional argument."""

    def positional(self, count: int) -> Sequence[Any]:
        """The entries of the positional arguments of a call."""
        if len(self.entry) != count:
            raise ValueError(
                f"vmap: in_axes has {_count(len(self.entry), 'entry', 'entries')}, but {label(self.fun)} is "
                "called with "
                f"{_count(count, 'positional argument', 'positional arguments')}.\n  Give one entry for each "
                "(keyword "
                "arguments take none), one int for all, or a dict from parameter names to entries."
            )
        return self.entry  # type: ignore[no-any-return]


class InAxesByName(InAxes):
    """``in_axes`` as a dict from parameter names to entries."""

    def __init__(self, fun: Callable[..., Any], entry: dict[str, Any]) -> None:
        super().__init__(fun, entry, list(entry.values()))
        try:
            parameters = inspect.signature(fun).parameters.values()
        except (TypeError, ValueError):
            raise ValueError(
                f"vmap: in_axes is a dict of parameter names, but {label(fun)} does not tell its parameters "
                "(it has no signature).\n  Give a tuple with one entry for each positional argument."
            ) from None
        self.names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self.starred = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), None)
        self.double = next((p.name for p in parameters if p.kind is p.VAR_KEYWORD), None)
        known = [p.name for p in parameters]
        for name in entry:
            if name not in known and self.double is None:
                raise ValueError(
                    f"vmap: in_axes names {name!r}, which is no parameter of {label(fun)}: its parameters "
                    "are "
                    f"{', '.join(known) or 'none'}.\n  A dict in the place of in_axes goes from parameter "
                    "names to entries; "
                    "for one argument that is a dict itself, write in_axes=({...},)."
                )

    def positional(self, count: int) -> Sequence[Any]:
        """The entries of the positional arguments of a call."""
        entries = [self.entry.get(name, AUTO) for name in self.names[:count]]
        extra = count - len(entries)
        if extra == 0:
            return entries
        rest = self.entry.get(self.starred, AUTO)
        if type(rest) is not Prefix:
            return entries + [rest] * extra
        if not isinstance(rest.tree, (tuple, list)) or len(rest.tree) != extra:
            raise ValueError(
                f"vmap: in_axes for *{self.starred} is {rest.tree!r}, but {label(self.fun)} is called with "
                f"{extra} "
                "arguments there.\n  Give one int or None for all of them, or a tuple with one entry for "
                "each."
            )
        return entries + [prepare(entry, f"in_axes[{self.starred!r}]") for entry in rest.tree]

    def keyword(self, name: str) -> Any:
        """The entry of a keyword argument."""
        if name in self.entry:
            return self.entry[name]
        rest = self.entry.get(self.double, AUTO)
        if name in self.names or type(rest) is not Prefix or not isinstance(rest.tree, dict):
            return AUTO if name in self.names else rest
        return prepare(rest.tree[name], f"in_axes[{self.double!r}]") if name in rest.tree else AUTO


def check_in_axes(fun: Callable[..., Any], in_axes: Any) -> InAxes:
    """Prepare ``in_axes``, and check it as far as that is possible before the arguments are known."""
    if isinstance(in_axes, dict):
        for name in in_axes:
            if not isinstance(name, str):
                raise TypeError(
                    f"vmap: in_axes is a dict, so its keys must be parameter names of {label(fun)}, not "
                    f"{name!r}.\n"
                    "  For one argument that is a dict itself, write in_axes=({...},)."
                )
        return InAxesByName(fun, {name: prepare(in_axes[name], f"in_axes[{name!r}]") for name in in_axes})
    if isinstance(in_axes, (tuple, list)):
        entries = [prepare(entry, f"in_axes[{n}]") for n, entry in enumerate(in_axes)]
        return InAxesInOrder(fun, entries, entries)
    if _is_entry(in_axes) or _is_int(in_axes):
        return InAxes(fun, prepare(in_axes, "in_axes"))
    raise TypeError(
        "vmap: in_axes must be an int, None, lanewise.ragged, a tuple or list with one entry for each positional "
        "argument, or a dict "
        f"from parameter names to entries, not {in_axes!r} ({an(in_axes)})."
    )


def prepare(entry: Any, what: str) -> Any:
    """An int, None or `ragged` as it is; a pytree of them with its structure.

    Raises
    ------
    TypeError
        If a leaf is none of these; ``what`` says where the pytree is.
    """
    if _is_entry(entry):
        return entry
    leaves, spec = flatten_with(entry, True, _is_entry)
    for n, axis in enumerate(leaves):
        if not _is_entry(axis) and not _is_int(axis):
            where = optree.treespec_accessors(spec)[n].codify(what)
            raise TypeError(
                f"vmap: {where} is {axis!r} ({an(axis)}), but an axis must be an int, None or lanewise.ragged, or a "
                "pytree of them."
            )
    axes = [axis if _is_entry(axis) else int(axis) for axis in leaves]
    return axes[0] if spec.is_leaf() else Prefix(entry, axes, spec)


def result_axes(out_axes: Any, tree: Any, leaves: int, fun: Callable[..., Any]) -> list[Any]:
    """One output axis for each leaf of a result; ``out_axes`` as `prepare` gives it."""
    if type(out_axes) is not Prefix:
        return [out_axes] * leaves
    axes: list[Any] = []
    for axis, subtree in zip(out_axes.axes, result_parts(out_axes, tree, fun), strict=True):
        axes.extend([axis] * len(flatten_results(subtree)[0]))
    return axes


def result_parts(out_axes: Prefix, tree: Any, fun: Callable[..., Any]) -> list[Any]:
    """The part of a result that each leaf of ``out_axes`` speaks of."""
    try:
        return list(out_axes.spec.flatten_up_to(tree))
    except ValueError:
        raise ValueError(
            f"vmap: out_axes is no prefix of the result of {label(fun)}:\n    out_axes:   {out_axes.tree!r}\n"
            f"    the result: {describe(tree)}\n  {mismatch(out_axes.tree, tree, 'result', 'out_axes')}\n"
            "  Give one int for all results, or a tree of ints and None that follows the containers of the "
            "result."
        ) from None


def leaf_name(spec: Any, number: int) -> str:
    """The name of a leaf of the result, for messages."""
    if spec.is_leaf():
        return "the result"
    return str(optree.treespec_accessors(spec)[number].codify("result"))


def has_ragged(entry: Any) -> bool:
    """Whether a prepared spec has `ragged` anywhere."""
    return entry is ragged or (type(entry) is Prefix and ragged in entry.axes)


def _is_entry(x: Any) -> bool:
    return x is None or type(x) is int or x is ragged


def _is_int(x: Any) -> bool:
    return isinstance(x, (int, np.integer)) and not isinstance(x, bool)


# ---- small helpers ----


def label(fun: Any) -> str:
    """The name of a function, for messages."""
    name = getattr(fun, "__name__", None) or getattr(getattr(fun, "func", None), "__name__", None)
    return name or type(fun).__name__


def check_function(name: str, fun: Any) -> None:
    """See that the first argument of one of lanewise's functions can be called."""
    if not callable(fun):
        raise TypeError(f"{name}: the first argument must be a function, not {fun!r} ({an(fun)}).")


def an(value: Any) -> str:
    """The type of a value, with its article."""
    name = value.__class__.__name__  # of a lane value, what the loop would hold
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _count(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def parameter_name(fun: Callable[..., Any], number: int, positional: int, keywords: list[str]) -> str:
    """The name of the parameter that the ``number``-th argument of a call goes to."""
    if number >= positional:
        return keywords[number - positional]
    try:
        parameters = list(inspect.signature(fun).parameters.values())
    except (TypeError, ValueError):
        return f"args[{number}]"
    for n, parameter in enumerate(parameters):
        if parameter.kind is parameter.VAR_POSITIONAL:
            return f"{parameter.name}[{number - n}]"
        if n == number and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            return parameter.name
    return f"args[{number}]"


def describe(tree: Any) -> str:
    """A pytree with the dtypes and shapes of its arrays in their places."""
    return repr(_shown(tree))


def _shown(tree: Any) -> Any:
    leaves, spec = flatten_results(tree)
    return optree.tree_unflatten(spec, [Shown(leaf) for leaf in leaves])


class Shown:
    """A leaf, shown by its type and shape."""

    def __init__(self, leaf: Any) -> None:
        if type(leaf) is LaneArray:
            self.text = _brief(leaf.data.dtype, leaf.data.shape[leaf.lanes.ndim :])
        elif isinstance(leaf, np.ndarray):
            self.text = _brief(leaf.dtype, leaf.shape)
        else:
            self.text = "None" if leaf is None else type(leaf).__name__

    def __repr__(self) -> str:
        return self.text


def _brief(dtype: Any, shape: tuple[int, ...]) -> str:
    return f"{dtype}[{', '.join(map(str, shape))}]"


def mismatch(prefix: Any, tree: Any, name: str, what: str) -> str:
    """Where and how a spec is no prefix of a pytree, in a sentence."""
    if _is_entry(prefix):
        return ""
    mine, other = _children(prefix), _children(tree)
    alike = type(prefix) is type(tree) or (isinstance(prefix, dict) and isinstance(tree, dict))
    if other is None or not alike:
        return f"At {name}, {what} has {an(prefix)} where the value is {an(tree)}."
    if mine is None or mine.keys() != other.keys():
        return f"At {name}, {what} has {_listed(mine or {})} where the value has {_listed(other)}."
    return next(filter(None, (mismatch(mine[key], other[key], name + key, what) for key in mine)), "")


def _children(tree: Any) -> dict[str, Any] | None:
    """The children of a node by the way to write them; None for a leaf."""
    if optree.tree_is_leaf(tree, none_is_leaf=True, namespace=NAMESPACE):
        return None
    children, _, keys, _ = optree.tree_flatten_one_level(tree, none_is_leaf=True, namespace=NAMESPACE)
    names = getattr(tree, "_fields", None) or keys
    attribute = not isinstance(tree, dict)
    paths = [f".{name}" if attribute and isinstance(name, str) else f"[{name!r}]" for name in names]
    return dict(zip(paths, children, strict=True))


def _listed(children: dict[str, Any]) -> str:
    return ", ".join(children) or "nothing"
