"""Pytrees: optree's functions under JAX's names.

Tuples, lists, dicts, named tuples, ordered and default dicts, deques, None, dataclasses, and every class
registered here or with optree's global namespace.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import optree

NAMESPACE = "lanewise"


def _register_new_dataclasses(leaves: list[Any]) -> bool:
    """Register the dataclasses among some leaves; whether there were any."""
    kinds = {type(leaf) for leaf in leaves if dataclasses.is_dataclass(type(leaf))}
    for kind in kinds:
        register_dataclass(kind)
    return bool(kinds)


def flatten_with(tree: Any, none_is_leaf: bool, is_leaf: Callable[[Any], bool] | None = None) -> tuple[list[Any], Any]:
    """Flatten a pytree; dataclasses that are new here are registered on the way."""
    leaves, spec = optree.tree_flatten(tree, is_leaf, none_is_leaf=none_is_leaf, namespace=NAMESPACE)
    if is_leaf is None and _register_new_dataclasses(leaves):
        return flatten_with(tree, none_is_leaf)
    return leaves, spec


def flatten_results(tree: Any) -> tuple[list[Any], Any]:
    """Flatten a result, where None is a leaf like any other object."""
    return flatten_with(tree, True)


def flatten(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> tuple[list[Any], Any]:
    """Flatten a pytree into its leaves and its structure.

    Parameters
    ----------
    tree : pytree
        What to take apart.
    is_leaf : callable, optional
        Says of a node whether to take it as a leaf.

    Returns
    -------
    list, PyTreeSpec
        The leaves in order, and the structure, for `unflatten`.

    Examples
    --------
    >>> from lanewise import tree
    >>> leaves, treedef = tree.flatten({"w": 1, "b": [2, 3]})
    >>> leaves
    [2, 3, 1]
    >>> tree.unflatten(treedef, leaves)
    {'w': 1, 'b': [2, 3]}
    """
    return flatten_with(tree, False, is_leaf)


def unflatten(treedef: Any, leaves: Sequence[Any]) -> Any:
    """Put leaves together into a pytree of the given structure (``jax.tree.unflatten``).

    Examples
    --------
    >>> from lanewise import tree
    >>> tree.unflatten(tree.structure((0, [0])), ["a", "b"])
    ('a', ['b'])
    """
    return optree.tree_unflatten(treedef, leaves)


def leaves(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> list[Any]:
    """The leaves of a pytree, in order (``jax.tree.leaves``).

    Examples
    --------
    >>> from lanewise import tree
    >>> tree.leaves((1, {"a": 2}))
    [1, 2]
    """
    return flatten(tree, is_leaf)[0]


def structure(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> Any:
    """The structure of a pytree (``jax.tree.structure``).

    Examples
    --------
    >>> from lanewise import tree
    >>> tree.structure((1, 2)).num_leaves
    2
    """
    return flatten(tree, is_leaf)[1]


def map(f: Callable[..., Any], tree: Any, *rest: Any, is_leaf: Callable[[Any], bool] | None = None) -> Any:
    """Apply a function to the leaves of one or several pytrees of one structure (``jax.tree.map``).

    Examples
    --------
    >>> from lanewise import tree
    >>> tree.map(lambda x, y: x + y, {"a": 1}, {"a": 10})
    {'a': 11}
    """
    flatten(tree, is_leaf)  # registers dataclasses
    return optree.tree_map(f, tree, *rest, is_leaf=is_leaf, namespace=NAMESPACE)


def reduce(
    function: Callable[[Any, Any], Any], tree: Any, *initial: Any, is_leaf: Callable[[Any], bool] | None = None
) -> Any:
    """Fold the leaves of a pytree, from the left (``jax.tree.reduce``).

    Examples
    --------
    >>> import operator
    >>> from lanewise import tree
    >>> tree.reduce(operator.add, [1, (2, 3)])
    6
    """
    import functools

    return functools.reduce(function, leaves(tree, is_leaf), *initial)


def all(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> bool:
    """Whether every leaf is true (``jax.tree.all``).

    Examples
    --------
    >>> from lanewise import tree
    >>> tree.all((True, [True]))
    True
    """
    import builtins

    return builtins.all(leaves(tree, is_leaf))


def transpose(outer_treedef: Any, inner_treedef: Any, pytree_to_transpose: Any) -> Any:
    """Turn a tree of trees inside out (``jax.tree.transpose``).

    Examples
    --------
    >>> from lanewise import tree
    >>> tree.transpose(tree.structure([0, 0]), tree.structure((0, 0)), [(1, 2), (3, 4)])
    ([1, 3], [2, 4])
    """
    return optree.tree_transpose(outer_treedef, inner_treedef, pytree_to_transpose)


def register_dataclass(
    nodetype: type, data_fields: Sequence[str] | None = None, meta_fields: Sequence[str] = ()
) -> type:
    """Register a dataclass as a pytree node (``jax.tree_util.register_dataclass``).

    Dataclasses that ``vmap`` meets are registered as they come; call this to keep fields out.

    Parameters
    ----------
    nodetype : type
        The dataclass.
    data_fields : sequence of str, optional
        The fields that hold children; by default, all but ``meta_fields``.
    meta_fields : sequence of str
        The fields that belong to the structure: two trees that differ there differ in structure.

    Returns
    -------
    type
        ``nodetype`` itself.

    Examples
    --------
    >>> import dataclasses
    >>> from lanewise import tree
    >>> @tree.register_dataclass
    ... @dataclasses.dataclass
    ... class Point:
    ...     x: float
    ...     y: float
    >>> tree.leaves(Point(1.0, 2.0))
    [1.0, 2.0]
    """
    names = [field.name for field in dataclasses.fields(nodetype)]
    meta = tuple(meta_fields)
    data = tuple(data_fields) if data_fields is not None else tuple(name for name in names if name not in meta)

    def take(node: Any) -> tuple[Any, Any, Any]:
        return (
            [getattr(node, name) for name in data],
            tuple([getattr(node, name) for name in meta]),
            data,
        )

    def make(metadata: Any, children: Any) -> Any:
        node = object.__new__(nodetype)
        for name, value in zip(data, children, strict=True):
            object.__setattr__(node, name, value)
        for name, value in zip(meta, metadata, strict=True):
            object.__setattr__(node, name, value)
        return node

    optree.register_pytree_node(
        nodetype, take, make, path_entry_type=optree.GetAttrEntry, namespace=NAMESPACE
    )
    return nodetype


def register_pytree_node(
    nodetype: type, flatten_func: Callable[[Any], Any], unflatten_func: Callable[[Any, Any], Any]
) -> None:
    """Register a class as a pytree node (``jax.tree_util.register_pytree_node``).

    Parameters
    ----------
    nodetype : type
        The class.
    flatten_func : callable
        From a node to ``(children, metadata)``.
    unflatten_func : callable
        From ``(metadata, children)`` to a node.

    Examples
    --------
    >>> from lanewise import tree
    >>> class Box:
    ...     def __init__(self, content):
    ...         self.content = content
    >>> tree.register_pytree_node(Box, lambda box: ((box.content,), None), lambda _, children: Box(*children))
    >>> tree.leaves([Box(1), Box(2)])
    [1, 2]
    """
    optree.register_pytree_node(nodetype, flatten_func, unflatten_func, namespace=NAMESPACE)  # type: ignore[arg-type]
