"""An example's array in registers: NumPy shapes it, as it shapes any array of objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON, SCALAR
from .emit import Emitter, Ref, Region


class Pair:
    """A complex number: its real and imaginary parts."""

    __slots__ = ("im", "re")

    def __init__(self, re: Ref, im: Ref) -> None:
        self.re = re
        self.im = im


class Source:
    """Where an array lies in memory.

    Attributes
    ----------
    shape : tuple of int
        The example's shape.
    width : int
        How many lanes it has; 1 if it is the same in all.
    region : Region
        The outermost code in which it is there.
    """

    __slots__ = ("known", "region", "shape", "width")
    changes = False  # whether it is written, so that only rules that know that may take it as it lies there
    picks = False  # whether it gives elements at computed places

    def __init__(self, shape: tuple[int, ...], width: int, region: Region) -> None:
        self.shape = shape
        self.width = width
        self.region = region
        self.known: Any = None

    def refs(self) -> Any:
        """Its elements, in registers."""
        if self.known is None:
            self.known = self.read()
        return self.known

    def read(self) -> Any:
        """Bring its elements into registers."""
        raise NotImplementedError

    def pick(self, numbers: Any, places: dict[int, Ref]) -> Any:
        """Some elements, by their numbers in C order, which computed numbers along some axes are added to."""
        raise NotImplementedError

    def fill(self, work: Any, matrix: Any, column: int) -> None:
        """Copy it into a matrix of an algorithm (`scratch.Work`), from some column on."""
        raise NotImplementedError

    def running(self, dtype: np.dtype[Any], start: Any, add: Callable[[Any, Any], Any]) -> Source | None:
        """Its running totals along the last axis, if they need not be in registers."""
        return None


class Array:
    """An example's value: one `Ref` (or `Pair`) for each element, in an object array of the example's shape.

    A large one may lie in memory, and comes into registers when its elements are asked for: it has a ``source``.
    """

    __slots__ = ("dtype", "kind", "made", "source")

    def __init__(self, refs: Any, dtype: np.dtype[Any], kind: int = ARRAY, source: Source | None = None) -> None:
        self.made = refs
        self.dtype = dtype
        self.kind = kind
        self.source = source

    @property
    def refs(self) -> Any:
        """The elements: what is written in memory is read at each use."""
        if self.made is not None:
            return self.made
        assert self.source is not None
        refs = self.source.refs()
        if not self.source.changes:
            self.made = refs
        return refs

    @property
    def shape(self) -> tuple[int, ...]:
        """The example's shape."""
        return self.made.shape if self.source is None else self.source.shape

    @property
    def ndim(self) -> int:
        """The number of the example's axes."""
        return len(self.shape)

    def is_wide(self) -> bool:
        """Whether it may differ between the lanes of a vector."""
        if self.source is not None:
            return self.source.width > 1
        return any(ref.width > 1 for ref in self.all_refs())

    def all_refs(self) -> list[Ref]:
        """Every scalar or vector in it."""
        return [part for item in self.refs.ravel() for part in parts(item)]

    def like(self, refs: Any) -> Array:
        """Other elements of this dtype."""
        return Array(objects(refs), self.dtype, ARRAY)


def parts(item: Any) -> list[Ref]:
    """The refs of an element."""
    return [item.re, item.im] if type(item) is Pair else [item]


def rejoin(refs: list[Ref], complex: bool) -> list[Any]:
    """Elements of refs, the inverse of `parts` over a list."""
    return [Pair(re, im) for re, im in zip(refs[::2], refs[1::2], strict=True)] if complex else refs


def objects(refs: Any) -> Any:
    """Elements as an object array; a single one as one without axes."""
    if isinstance(refs, np.ndarray):
        return refs
    out = np.empty((), object)
    out[()] = refs
    return out


def filled(items: list[Any], shape: tuple[int, ...]) -> Any:
    """A list of elements as an object array of a shape."""
    out = np.empty(len(items), object)
    for n, item in enumerate(items):
        out[n] = item
    return out.reshape(shape)


def constant(e: Emitter, value: Any) -> Array:
    """A plain array or scalar in registers."""
    kind = PYTHON if type(value) in (bool, int, float, complex) else SCALAR if np.ndim(value) == 0 else ARRAY
    data = np.asarray(value)
    refs = np.empty(data.shape, object)
    for place in np.ndindex(data.shape):
        refs[place] = literal(e, data[place], data.dtype)
    return Array(refs, data.dtype, kind)


def literal(e: Emitter, value: Any, dtype: np.dtype[Any]) -> Any:
    """A constant element."""
    if dtype.kind == "c":
        real = np.dtype(f"f{dtype.itemsize // 2}")
        return Pair(e.number(value.real, real), e.number(value.imag, real))
    return e.number(value, dtype)
