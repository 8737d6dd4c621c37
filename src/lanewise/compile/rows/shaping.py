"""Functions that move elements without arithmetic: NumPy runs them on arrays of registers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..cells import pack, put_view
from ..emit import Ref
from ..ir import leaves, map_leaves
from ..tape import call_plain
from ..values import Array, Pair, literal, objects
from .held import Held
from .table import Unsupported, as_array, cast, result, row


@row(
    np.reshape, np.ravel, np.transpose, np.permute_dims, np.matrix_transpose, np.swapaxes, np.moveaxis, np.rollaxis,
    np.squeeze, np.expand_dims, np.broadcast_to, np.flip, np.fliplr, np.flipud, np.rot90, np.roll, np.diagonal,
    np.tile, np.repeat, np.concatenate, np.stack, np.hstack, np.vstack, np.dstack, np.column_stack, np.block,
    np.atleast_1d, np.atleast_2d, np.atleast_3d, np.triu, np.tril, np.diag, np.diagflat, np.delete, np.insert,
    np.append, np.take, np.copy, np.resize, np.array_split, np.split, np.hsplit, np.vsplit, np.dsplit, np.unstack,
    "reshape", "transpose", "flatten", "copy", "view",
)  # fmt: skip
def shape(k: Any, *args: Any, **kwargs: Any) -> Any:
    """Run the function on arrays of registers, all of the dtype of the result."""
    function, outputs = k.node.function, k.node.outputs
    if function == "view" and (len(args) > 1 or kwargs):
        raise Unsupported("a view as another dtype")
    if function in (np.take, np.repeat, np.insert, np.delete, np.roll) and _holds(args[1:]):
        raise Unsupported("places that differ between lanes")
    dtype = outputs[0].dtype

    def registers(x: Any) -> Any:
        if type(x) is Array:
            return cast(k.e, x, dtype).refs
        return x

    if function in (np.insert, np.append, np.concatenate, np.stack, np.block):
        args = _all_arrays(k, args)
    args, kwargs = map_leaves(registers, (args, {key: v for key, v in kwargs.items() if key != "dtype"}))
    found = call_plain(function, args, kwargs)
    if type(found) in (list, tuple):
        return tuple([Array(clean(k, objects(x), dtype), dtype) for x in found])
    return Array(clean(k, objects(found), dtype), dtype)


def _all_arrays(k: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The first argument's plain arrays in registers, too."""
    flat = k.node.function in (np.concatenate, np.stack)  # where a list within is one of the arrays
    if type(args[0]) in (list, tuple) and (flat or type(args[0][0]) not in (list, tuple)):
        return ([as_array(k, x) for x in args[0]], *args[1:])
    if type(args[0]) is not Array:
        raise Unsupported("joining of this kind")
    return (args[0], *[as_array(k, x) if isinstance(x, np.ndarray) else x for x in args[1:]])


def _holds(tree: Any) -> bool:
    return any(type(x) is Array for x in leaves(tree))


def clean(k: Any, refs: Any, dtype: np.dtype[Any]) -> Any:
    """Elements of a result; plain numbers that the function filled in become constants."""
    flat = refs.ravel()
    for n in range(flat.size):
        if not isinstance(flat[n], (Ref, Pair)):
            flat = flat.copy() if not flat.flags.writeable or flat.base is not None else flat
            flat[n] = literal(k.e, np.asarray(flat[n]).astype(dtype)[()], dtype)
    return flat.reshape(refs.shape)


@row(np.asarray, np.array)
def array(k: Any, x: Any, dtype: Any = None, copy: Any = True, ndmin: int = 0, **kwargs: Any) -> Any:
    """A constant, or nested lists of scalars."""
    found = cast(k.e, as_array(k, x), k.node.outputs[0].dtype)
    return Array(found.refs.reshape(k.node.outputs[0].shape), found.dtype)


@row(pack)
def packed(k: Any, items: Any, shape: tuple[int, ...]) -> Any:
    """An array of scalars."""
    dtype = k.node.outputs[0].dtype
    refs = np.empty(len(items), object)
    for n, item in enumerate(items):
        refs[n] = cast(k.e, as_array(k, item), dtype).refs[()]
    return Array(refs.reshape(shape), dtype)


@row(put_view)
def replaced(k: Any, x: Any, places: Any, value: Any) -> Any:
    """An array with some elements replaced."""
    if type(x.source) is Held:
        x.source.put(np.asarray(places), {}, cast(k.e, as_array(k, value), x.dtype).refs)
        return x
    refs = x.refs.copy()
    refs.reshape(-1)[places] = cast(k.e, as_array(k, value), x.dtype).refs
    return Array(refs, x.dtype)


@row(np.zeros_like, np.ones_like, np.empty_like, np.full_like)
def like(k: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
    """A constant array of the same shape."""
    function = k.node.function
    value = k.node.outputs[0]
    if function is np.full_like:
        fill = cast(k.e, as_array(k, kwargs.get("fill_value", args[0] if args else None)), value.dtype).refs
        return result(k, np.broadcast_to(fill, value.shape).copy())
    fill = literal(k.e, 1 if function is np.ones_like else 0, value.dtype)
    refs = np.empty(value.shape, object)
    refs[...] = fill
    return result(k, refs)


def is_static(index: Any) -> bool:
    """Whether no part of an index differs between lanes."""
    return not _holds(index)


