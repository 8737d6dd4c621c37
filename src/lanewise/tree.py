"""Pytrees: optree's functions under JAX's names.

Tuples, lists, dicts, named tuples, ordered and default dicts, deques, None, dataclasses, and every class
registered here or with optree's global namespace.
"""

from __future__ import annotations

import builtins
import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import optree

__all__ = [
    "all",
    "flatten",
    "flatten_with_path",
    "leaves",
    "leaves_with_path",
    "map",
    "map_with_path",
    "reduce",
    "register_dataclass",
    "register_pytree_node",
    "structure",
    "transpose",
    "unflatten",
]

NAMESPACE = "lanewise"


Leaf = Callable[[Any], bool] | None
Path = optree.PyTreeAccessor

_NOTHING: Any = object()
_AUTOMATIC: set[type] = set()  # the dataclasses that were registered when they were first met


def flatten_with(tree: Any, none_is_leaf: bool, is_leaf: Leaf = None) -> tuple[list[Any], Any]:
    """Flatten a pytree; dataclasses that are new here are registered on the way."""
    leaves, spec = optree.tree_flatten(tree, is_leaf, none_is_leaf=none_is_leaf, namespace=NAMESPACE)
    new = {
        type(leaf)
        for leaf in leaves
        if hasattr(type(leaf), "__dataclass_fields__") and (is_leaf is None or not is_leaf(leaf))
    }
    if not new:
        return leaves, spec
    for kind in new:
        register_dataclass(kind)
    _AUTOMATIC.update(new)
    return flatten_with(tree, none_is_leaf, is_leaf)


def flatten_results(tree: Any) -> tuple[list[Any], Any]:
    """Flatten a result, where None is a leaf like any other object."""
    return flatten_with(tree, True)


def flatten(tree: Any, is_leaf: Leaf = None) -> tuple[list[Any], Any]:
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

    Parameters
    ----------
    treedef : PyTreeSpec
        The structure, from `flatten` or `structure`.
    leaves : sequence
        As many leaves as it has, in order.

    Returns
    -------
    pytree
        Of that structure.

    Raises
    ------
    ValueError
        If the number of leaves is another one.

    Examples
    --------
    >>> from lanewise import tree
    >>> tree.unflatten(tree.structure((0, [0])), ["a", "b"])
    ('a', ['b'])
    """
    return optree.tree_unflatten(treedef, leaves)


def leaves(tree: Any, is_leaf: Leaf = None) -> list[Any]:
    """The leaves of a pytree, in order (``jax.tree.leaves``).

    Parameters
    ----------
    tree : pytree
        What to take apart.
    is_leaf : callable, optional
        Says of a node whether to take it as a leaf.

    Returns
    -------
    list
        The leaves.

    Examples
    --------
    >>> from lanewise import tree
    >>> tree.leaves((1, {"a": 2}))
    [1, 2]
    """
    return flatten(tree, is_leaf)[0]


def structure(tree: Any, is_leaf: Leaf = None) -> Any:
    """The structure of a pytree (``jax.tree.structure``).

    Parameters
    ----------
    tree : pytree
        Any tree.
    is_leaf : callable, optional
        Says of a node whether to take it as a leaf.

    Returns
    -------
    PyTreeSpec
        The structure without the leaves; two can be compared.

    Examples
    --------
    >>> from lanewise import tree
    >>> tree.structure((1, 2)).num_leaves
    2
    """
    return flatten(tree, is_leaf)[1]


def map(f: Callable[..., Any], tree: Any, *rest: Any, is_leaf: Leaf = None) -> Any:
    """Apply a function to the leaves of one or several pytrees of one structure (``jax.tree.map``).

    Parameters
    ----------
    f : callable
        A function of as many leaves as there are trees.
    tree : pytree
        The tree whose structure the result has.
    *rest : pytree
        More trees, of the same structure as far as its leaves.
    is_leaf : callable, optional
        Says of a node whether to take it as a leaf.

    Returns
    -------
    pytree
        What ``f`` gives, in the structure of ``tree``.

    Raises
    ------
    ValueError
        If another tree has another structure.

    Examples
    --------
    >>> from lanewise import tree
    >>> tree.map(lambda x, y: x + y, {"a": 1}, {"a": 10})
    {'a': 11}
    """
    flatten(tree, is_leaf)  # registers dataclasses
    return optree.tree_map(f, tree, *rest, is_leaf=is_leaf, namespace=NAMESPACE)


def reduce(function: Callable[[Any, Any], Any], tree: Any, initializer: Any = _NOTHING, is_leaf: Leaf = None) -> Any:
    """Fold the leaves of a pytree, from the left (``jax.tree.reduce``).

    Parameters
    ----------
    function : callable
        Combines what there is so far, and a leaf.
    tree : pytree
        The tree.
    initializer : object, optional
        What to begin with; otherwise the first leaf.
    is_leaf : callable, optional
        Says of a node whether to take it as a leaf.

    Returns
    -------
    object
        The last of what was combined.

    Raises
    ------
    TypeError
        If there are no leaves, and nothing to begin with.

    Examples
    --------
    >>> import operator
    >>> from lanewise import tree
    >>> tree.reduce(operator.add, [1, (2, 3)])
    6
    >>> tree.reduce(operator.add, [], 0)
    0
    """
    start = () if initializer is _NOTHING else (initializer,)
    return functools.reduce(function, leaves(tree, is_leaf), *start)


def all(tree: Any, is_leaf: Leaf = None) -> bool:
    """Whether every leaf is true (``jax.tree.all``).

    Parameters
    ----------
    tree : pytree
        The tree.
    is_leaf : callable, optional
        Says of a node whether to take it as a leaf.

    Returns
    -------
    bool
        True if no leaf is false, and so if there are none.

    Examples
    --------
    >>> from lanewise import tree
    >>> tree.all((True, [True]))
    True
    """
    return builtins.all(leaves(tree, is_leaf))


def transpose(outer_treedef: Any, inner_treedef: Any, pytree_to_transpose: Any) -> Any:
    """Turn a tree of trees inside out (``jax.tree.transpose``).

    Parameters
    ----------
    outer_treedef : PyTreeSpec
        The structure around, which will be inside.
    inner_treedef : PyTreeSpec
        The structure inside, which will be around.
    pytree_to_transpose : pytree
        A tree of the outer structure, whose leaves are trees of the inner one.

    Returns
    -------
    pytree
        A tree of the inner structure of trees of the outer one.

    Raises
    ------
    TypeError
        If the tree has other structures.

    Examples
    --------
    >>> from lanewise import tree
    >>> tree.transpose(tree.structure([0, 0]), tree.structure((0, 0)), [(1, 2), (3, 4)])
    ([1, 3], [2, 4])
    """
    return optree.tree_transpose(outer_treedef, inner_treedef, pytree_to_transpose)


# ---- leaves with their paths ----


def flatten_with_path(tree: Any, is_leaf: Leaf = None) -> tuple[list[tuple[Path, Any]], Any]:
    """Flatten a pytree into pairs of a path and a leaf, and its structure (``jax.tree.flatten_with_path``).

    A path is a tuple of entries: called with a tree it gives the leaf, and ``codify`` is the way to write it.

    Parameters
    ----------
    tree : pytree
        What to take apart.
    is_leaf : callable, optional
        Says of a node whether to take it as a leaf.

    Returns
    -------
    list of (path, leaf)
        In the order of the leaves.
    PyTreeSpec
        The structure, for `unflatten`.

    Examples
    --------
    >>> from lanewise import tree
    >>> pairs, treedef = tree.flatten_with_path({"w": [1, 2]})
    >>> [(path.codify("params"), leaf) for path, leaf in pairs]
    [("params['w'][0]", 1), ("params['w'][1]", 2)]
    """
    found, spec = flatten(tree, is_leaf)
    return list(zip(optree.treespec_accessors(spec), found, strict=True)), spec


def leaves_with_path(tree: Any, is_leaf: Leaf = None) -> list[tuple[Path, Any]]:
    """The leaves of a pytree, each after its path (``jax.tree.leaves_with_path``).

    Parameters
    ----------
    tree : pytree
        What to take apart.
    is_leaf : callable, optional
        Says of a node whether to take it as a leaf.

    Returns
    -------
    list of (path, leaf)
        In the order of the leaves; paths are as in `flatten_with_path`.

    Examples
    --------
    >>> from lanewise import tree
    >>> [(path.codify("x"), leaf) for path, leaf in tree.leaves_with_path((1, (2,)))]
    [('x[0]', 1), ('x[1][0]', 2)]
    """
    return flatten_with_path(tree, is_leaf)[0]


def map_with_path(f: Callable[..., Any], tree: Any, *rest: Any, is_leaf: Leaf = None) -> Any:
    """Apply a function to the path and the leaves of one or several pytrees (``jax.tree.map_with_path``).

    Parameters
    ----------
    f : callable
        A function of a path, as in `flatten_with_path`, and of as many leaves as there are trees.
    tree : pytree
        The tree whose structure the result has.
    *rest : pytree
        More trees, of the same structure as far as its leaves.
    is_leaf : callable, optional
        Says of a node whether to take it as a leaf.

    Returns
    -------
    pytree
        What ``f`` gives, in the structure of ``tree``.

    Raises
    ------
    ValueError
        If another tree has another structure.

    Examples
    --------
    >>> from lanewise import tree
    >>> tree.map_with_path(lambda path, x: f"{path.codify('p')} is {x}", {"w": 1})
    {'w': "p['w'] is 1"}
    """
    pairs, spec = flatten_with_path(tree, is_leaf)
    others = [spec.flatten_up_to(other) for other in rest]
    made = [f(path, leaf, *more) for (path, leaf), *more in zip(pairs, *others, strict=True)]
    return unflatten(spec, made)


# ---- classes as pytrees ----


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

    Raises
    ------
    TypeError
        If it is no dataclass.
    ValueError
        If it is registered already.

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
    data = tuple([name for name in names if name not in meta] if data_fields is None else data_fields)

    if nodetype in _AUTOMATIC:  # met before it was registered: what is said now counts
        optree.unregister_pytree_node(nodetype, namespace=NAMESPACE)
        _AUTOMATIC.discard(nodetype)

    def take(node: Any) -> tuple[Any, Any, Any]:
        return (
            [getattr(node, name) for name in data],
            tuple([getattr(node, name) for name in meta]),
            data,
        )

    def make(metadata: Any, children: Any) -> Any:
        node: Any = object.__new__(nodetype)
        for name, value in zip(data, children, strict=True):
            object.__setattr__(node, name, value)
        for name, value in zip(meta, metadata, strict=True):
            object.__setattr__(node, name, value)
        return node

    optree.register_pytree_node(nodetype, take, make, path_entry_type=optree.GetAttrEntry, namespace=NAMESPACE)
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

    Raises
    ------
    ValueError
        If the class is registered already.

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
    optree.register_pytree_node(nodetype, flatten_func, unflatten_func, namespace=NAMESPACE)
