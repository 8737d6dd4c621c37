"""`numpy.vectorize` at the speed of lanes.

The call runs on the flattened broadcast batch, on what `numpy.vectorize` hands to the function: Python scalars, or with
a signature NumPy scalars and arrays. Where the results are not plainly what NumPy would store (several dtypes, a cast
that can fail, objects), NumPy itself puts them together.
"""

from __future__ import annotations

import functools
import math
import re
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .array import PYTHON, LaneArray, live
from .axes import label
from .collect import Outcome, Results, settle, together
from .execute import Call
from .facts import NoLaneForm, PerformanceWarning, Run
from .inputs import Inputs, Mapped, Scalars
from .lists import Lists
from .outermost import run_call

FEW = 32  # with fewer elements, NumPy's loop takes less time than to set lanes up


def vectorize(
    pyfunc: Callable[..., Any] | None = None,
    otypes: str | Iterable[Any] | None = None,
    doc: str | None = None,
    excluded: Iterable[int | str] | None = None,
    cache: bool = False,
    signature: str | None = None,
) -> Any:
    """Make a function of scalars one of arrays that broadcast: `numpy.vectorize`, run on all elements at once.

    Parameters
    ----------
    pyfunc : callable, optional
        A function of Python scalars; with ``signature``, of arrays. Without it, the call makes a decorator.
    otypes : str or sequence of dtypes, optional
        The types of the results. As in NumPy, they are otherwise those of the result for the first element, to which
        the function is called once more.
    doc : str, optional
        The docstring; otherwise that of the function.
    excluded : iterable of int or str, optional
        Positions and names of arguments that are handed on as they are.
    cache : bool
        As in NumPy, take the result for the first element from the call that found ``otypes``.
    signature : str, optional
        Core dimensions of arguments and results, as in ``"(m,n),(n)->(m)"``.

    Returns
    -------
    numpy.vectorize
        An object that is called with arrays.

    Raises
    ------
    ValueError
        If the arguments don't broadcast, or have no elements and ``otypes`` is not given.

    See Also
    --------
    vmap : maps over one axis that is named, and takes results of any shape.

    Examples
    --------
    >>> import numpy as np
    >>> import lanewise
    >>> @lanewise.vectorize
    ... def relu(x, slope):
    ...     return x if x > 0 else slope * x
    >>> relu(np.array([[-2.0], [3.0]]), [0.1, 0.5])
    array([[-0.2, -1. ],
           [ 3. ,  3. ]])
    >>> middle = lanewise.vectorize(np.median, signature="(n)->()")
    >>> middle([[1, 2, 9], [4, 5, 6]])
    array([2., 5.])
    """
    options: dict[str, Any] = {
        "otypes": otypes,
        "doc": doc,
        "excluded": excluded,
        "cache": cache,
        "signature": signature,
    }
    if pyfunc is None:
        return functools.partial(vectorize, **options)
    return Vectorized(pyfunc, **options)


class NotBatched(Exception):
    """The call is NumPy's; the reason is empty where that costs nothing."""


class Vectorized(np.vectorize):
    """A function of scalars or small arrays that broadcasts over batches."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function on all elements of the broadcast arguments."""
        values = [*args, *kwargs.values()]
        keys = [*range(len(args)), *kwargs]
        mapped = [n for n, key in enumerate(keys) if key not in self.excluded]
        batched = any(type(value) is LaneArray for value in values)
        try:
            arrays = {n: _array(values[n]) for n in mapped}
            core, results = self._core(len(mapped))
            sizes: dict[str, int] = {}
            shape = _batch_shape(list(arrays.values()), core, sizes)
            size = math.prod(shape)
            if not mapped or not size or (size < FEW and not batched):
                raise NotBatched("")
            inputs = Inputs(self.pyfunc, args, kwargs)
            for n, value in enumerate(values):
                dims = core[mapped.index(n)] if n in arrays else ()
                _add(inputs, value, arrays.get(n), shape, len(dims), self.signature is None)
        except NotBatched as why:
            return self._plainly(str(why), batched, args, kwargs)
        firsts = self._firsts(arrays, values, len(args), list(kwargs)) if self._asks_first() else None
        store = Store(self, shape, results, sizes, firsts)
        call = Call(self.pyfunc, inputs, size, 0, None, False)
        call.finish = store.finish
        made = run_call(call)
        if store.direct:
            return made
        if batched:
            raise NoLaneForm("results of lanewise.vectorize have types that only NumPy can join")
        return store.replay(made, [np.broadcast_to(0, [sizes[dim] for dim in dims]) for dims in core])

    def _plainly(self, reason: str, batched: bool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call NumPy's own loop."""
        if batched:
            raise NoLaneForm(reason or "an argument of lanewise.vectorize has no batched form")
        if reason:
            message = f"lanewise.vectorize({label(self.pyfunc)}) runs as numpy.vectorize, element by element: {reason}."
            warnings.warn(message, PerformanceWarning, stacklevel=3)
        return super().__call__(*args, **kwargs)

    def _core(self, count: int) -> tuple[list[list[str]], list[list[str]]]:
        """The core dimensions of each argument and result; of no results where there is no signature."""
        if self.signature is None:
            return [[]] * count, []
        given, made = (
            [re.findall(r"\w+", one) for one in re.findall(r"\((.*?)\)", side)] for side in self.signature.split("->")
        )
        if len(given) != count:
            raise NotBatched("")  # NumPy says what is wrong
        return given, made

    def _asks_first(self) -> bool:
        return self.signature is None and self.otypes is None

    def _firsts(self, arrays: dict[int, Any], values: list[Any], positional: int, names: list[str]) -> Any:
        """What the function gives for the first element of each argument, as a NumPy scalar: it shows the types."""
        new = [arrays[n][(0,) * arrays[n].ndim] if n in arrays else value for n, value in enumerate(values)]
        return self.pyfunc(*new[:positional], **dict(zip(names, new[positional:], strict=True)))


class Store:
    """Where the results go, and as what."""

    def __init__(
        self, owner: Vectorized, shape: tuple[int, ...], core: list[list[str]], sizes: dict[str, int], first: Any
    ) -> None:
        self.owner = owner
        self.shape = shape
        self.core = core
        self.sizes = sizes
        self.first = first if isinstance(first, tuple) else (first,)
        self.otypes: Any = owner.otypes
        if owner.signature is None and owner.otypes is None:
            self.otypes = "".join([_char(x) for x in self.first])
        self.count = len(core) if owner.signature is not None else len(self.otypes)
        self.direct = False

    def finish(self, run: Run, outcomes: list[Outcome], results: Results) -> tuple[Any, list[Any]]:
        """The results as arrays, or what each lane returns, in a list, for NumPy to judge."""
        kept, grid_axes, has = settle(run, outcomes, by_lane=True)
        if not all(self.fits(found, kept[0]) for found in kept):
            return Lists(run, kept, has).build(), []
        made = results.build(together(run, kept, grid_axes, self.owner.pyfunc))
        self.direct = True
        leaves = made if isinstance(made, tuple) else (made,)
        stored = tuple([self.store(leaf, n) for n, leaf in enumerate(leaves)])
        return stored if isinstance(made, tuple) else stored[0], []

    def fits(self, found: Outcome, first: Outcome) -> bool:
        """Whether the results of a group can be stored as an array as they are."""
        alone = self.count == 1 and found.spec.is_leaf()
        if not alone and not (self.count > 1 and type(found.tree) is tuple and len(found.tree) == self.count):
            return False
        if found.spec != first.spec or len(found.pieces) != self.count:
            return False
        sizes = dict(self.sizes)
        for n, (piece, other) in enumerate(zip(found.pieces, first.pieces, strict=True)):
            dims = self.core[n] if self.core else []
            if len(piece.shape) != len(dims) or piece.shape != other.shape or piece.data.dtype != other.data.dtype:
                return False
            if any(sizes.setdefault(dim, size) != size for dim, size in zip(dims, piece.shape, strict=True)):
                return False
            if not self.casts(piece.data.dtype, n):
                return False
        return True

    def casts(self, dtype: np.dtype[Any], n: int) -> bool:
        """Whether numbers of a dtype are stored without a question."""
        if dtype.kind not in "biufcU" or (self.otypes is None and dtype.kind == "U"):
            return False
        if self.otypes is None:
            return True
        to = np.dtype(self.otypes[n])
        if dtype.kind == "U":
            return self.owner.signature is None and to.kind == "U" and to.itemsize == 0
        return np.can_cast(dtype, to, "safe") if to.kind != dtype.kind or to.kind not in "fc" else True

    def store(self, leaf: Any, n: int) -> Any:
        """One result in its shape and type."""
        leaf = np.reshape(leaf, self.shape + leaf.shape[1:])
        if self.otypes is not None and leaf.dtype.kind != "U":
            leaf = leaf.astype(self.otypes[n], copy=False)
        if self.owner.cache and self.owner.signature is None and self.owner.otypes is None:
            leaf[(0,) * leaf.ndim] = self.first[n]
        return leaf

    def replay(self, made: list[Any], examples: list[Any]) -> Any:
        """Let NumPy put together what the lanes returned."""
        place = np.arange(len(made)).reshape(self.shape)
        if self.owner.cache and self.owner.signature is None and self.owner.otypes is None:
            made[0] = self.first if self.count > 1 else self.first[0]
        if self.owner.signature is None:
            return np.vectorize(lambda n: made[n], otypes=self.otypes)(place)
        store = np.vectorize(lambda n, *_: made[n], otypes=self.otypes, signature=f"(),{self.owner.signature}")
        return store(place, *examples)


def _array(value: Any) -> Any:
    """An argument as an array."""
    if type(value) is LaneArray:
        return value
    try:
        array = np.asanyarray(value)
    except ValueError:
        raise NotBatched("an argument is no array of one shape") from None
    if isinstance(array, np.memmap):
        array = array.view(np.ndarray)
    if type(array) is not np.ndarray:
        raise NotBatched(f"an argument is a {type(array).__name__}, which is not NumPy's own array type")
    return array


def _batch_shape(arrays: list[Any], core: list[list[str]], sizes: dict[str, int]) -> tuple[int, ...]:
    """The shape that the arguments broadcast to, less their core dimensions, whose sizes are noted."""
    shapes = []
    for array, dims in zip(arrays, core, strict=True):
        loop = np.ndim(array) - len(dims)
        if loop < 0 or any(sizes.setdefault(d, n) != n for d, n in zip(dims, np.shape(array)[loop:], strict=True)):
            raise NotBatched("")  # NumPy says what is wrong
        shapes.append(np.shape(array)[:loop])
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise NotBatched("") from None


def _add(inputs: Inputs, value: Any, array: Any, shape: tuple[int, ...], core: int, python: bool) -> None:
    """Hand an argument to the function: mapped, or to all lanes alike if it has but one element or is excluded."""
    if array is None:
        inputs.add(value, None)
        return
    loop = np.ndim(array) - core
    example = np.shape(array)[loop:]
    if type(array) is LaneArray and live(array).kind == PYTHON:
        inputs.add(array, None)
    elif math.prod(np.shape(array)[:loop]) == 1 and type(array) is np.ndarray:
        one = array.reshape(example)
        one.flags.writeable = False  # as NumPy hands it on
        inputs.add(one.astype(object)[()] if python else one[()], None)
    else:
        leaf: type[Mapped] = Mapped
        if python:
            array, leaf = _as_python(array)
        flat = np.broadcast_to(array, shape + example).reshape((math.prod(shape), *example))
        if type(flat) is np.ndarray:
            flat.flags.writeable = False
        inputs.mapped.append(leaf(flat, 0, len(inputs.arguments), 0))
        inputs.arguments.append(None)


def _as_python(array: Any) -> tuple[Any, type[Mapped]]:
    """An array of what Python's scalars hold of it, and the leaf that hands them to the function."""
    dtype = array.dtype
    if dtype.kind not in "biufc":
        raise NotBatched(f"an argument is an array of {dtype}")
    if dtype.char in "gG":
        return array, Mapped  # no Python scalar is as wide
    if dtype == np.uint64 and (type(array) is LaneArray or (array > np.iinfo(np.int64).max).any()):
        raise NotBatched("an argument has integers beyond int64")
    wide = {"b": bool, "i": np.int64, "u": np.int64, "f": float, "c": complex}[dtype.kind]
    return array.astype(wide, copy=False), Scalars


def _char(x: Any) -> str:
    """The type that NumPy notes for a result."""
    return live(x).data.dtype.char if type(x) is LaneArray else np.asarray(x).dtype.char
