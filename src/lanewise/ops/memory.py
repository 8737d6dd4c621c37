"""What an array says of its memory: ``flags``, ``strides``, windows on it, and its bytes.

One example of an argument lies in memory as in the loop, so its layout can be told, and that of its views. How an
array made inside the function would lie in the loop is not known here; who asks runs lane by lane.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import facts
from ..array import ARRAY, PYTHON, SCALAR, LaneArray, live, one_lane, row
from ..facts import RUN, NoLaneForm, is_argument
from ..methods import method
from .common import data_axes, data_axis, flat, lane
from .writing import write_data

stride_tricks = np.lib.stride_tricks


def laid_out(x: LaneArray) -> Any:
    """One example of an array, which lies in memory as in the loop."""
    if x.kind == SCALAR:
        return one_lane(x)
    if 0 in x.lanes.shape:
        raise facts.TraceError(facts.no_value("the layout of an array"))
    if not is_argument(x.data):
        raise NoLaneForm("the layout of an array is asked that is made inside of the function: it")
    return one_lane(x, copy=False)


def strides(x: LaneArray) -> tuple[int, ...]:
    """``x.strides``: those of one example."""
    x = live(x)
    example = laid_out(x)
    run = RUN.get()
    if run is not None and (run.writable or run.apart) and not example.flags.c_contiguous:
        raise NoLaneForm("the strides of an array are asked that is written: it")
    return example.strides  # type: ignore[no-any-return]


class Flags:
    """``x.flags``: what holds of the memory of one example.

    Parameters
    ----------
    base : LaneArray
        The array.
    """

    __slots__ = ("base",)

    def __init__(self, base: LaneArray) -> None:
        object.__setattr__(self, "base", base)

    @property
    def writeable(self) -> bool:
        """Whether the array can be written; an argument may be read-only here until someone asks."""
        x = live(self.base)
        if x.kind == SCALAR:
            return False
        run = RUN.get()
        if not x.data.flags.writeable and run is not None and is_argument(x.data):
            if run.parent is not None:
                raise NoLaneForm("whether an argument can be written is asked in an inner map")
            if not run.writable:
                run.need_writable()
        return bool(x.data.flags.writeable)

    @writeable.setter
    def writeable(self, value: bool) -> None:
        if value and not self.writeable:
            raise NoLaneForm("a read-only array is made writeable")
        self.base.data.flags.writeable = bool(value)

    @property
    def aligned(self) -> bool:
        """Whether elements lie at multiples of their size."""
        return bool(self.base.data.flags.aligned)

    @property
    def behaved(self) -> bool:
        """Whether it is aligned and can be written."""
        return self.aligned and self.writeable

    @property
    def carray(self) -> bool:
        """Whether it is behaved and in C order."""
        return self.behaved and bool(laid_out(live(self.base)).flags.c_contiguous)

    @property
    def farray(self) -> bool:
        """Whether it is behaved and in Fortran's order, not in C's."""
        return self.behaved and bool(laid_out(live(self.base)).flags.fnc)

    @property
    def num(self) -> int:
        """All of them, as bits."""
        raise NoLaneForm("all flags of an array are asked at once")

    def __getattr__(self, name: str) -> Any:
        return getattr(laid_out(live(self.base)).flags, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "writeable":
            type(self).writeable.__set__(self, value)  # type: ignore[attr-defined]
        else:
            setattr(np.empty(0).flags, name, value)  # NumPy's own complaint
            raise NoLaneForm(f"the flag {name} is set")

    def __getitem__(self, name: str) -> bool:
        if name not in _NAMES:
            return bool(np.empty(0).flags[name])  # type: ignore[index]  # NumPy's own complaint
        return bool(getattr(self, _NAMES[name]))

    def __setitem__(self, name: str, value: bool) -> None:
        setattr(self, _NAMES.get(name, name), value)


_NAMES = {
    "C": "c_contiguous", "CONTIGUOUS": "c_contiguous", "C_CONTIGUOUS": "c_contiguous", "F": "f_contiguous",
    "FORTRAN": "f_contiguous", "F_CONTIGUOUS": "f_contiguous", "W": "writeable", "WRITEABLE": "writeable",
    "A": "aligned", "ALIGNED": "aligned", "B": "behaved", "BEHAVED": "behaved", "CA": "carray", "CARRAY": "carray",
    "FA": "farray", "FARRAY": "farray", "O": "owndata", "OWNDATA": "owndata", "FNC": "fnc", "FORC": "forc",
    "X": "writebackifcopy", "WRITEBACKIFCOPY": "writebackifcopy",
}  # fmt: skip


def attribute(name: str, get: Any) -> None:
    """Make a function an attribute of lane values; Python scalars have no such attributes."""

    def look(x: LaneArray) -> Any:
        if x.kind == PYTHON:
            raise AttributeError(f"{x.__class__.__name__!r} object has no attribute {name!r}")
        return get(x)

    look.__doc__ = f"As `numpy.ndarray.{name}`, for every lane."
    setattr(LaneArray, name, property(look))


attribute("strides", strides)
attribute("flags", Flags)


@method("setflags")
def _setflags(x: LaneArray, write: Any = None, align: Any = None, uic: Any = None) -> None:
    if align is not None or uic is not None:
        raise NoLaneForm("other flags than write= are set")
    if write is not None:
        Flags(x).writeable = bool(write)


@row(np.isfortran)
def isfortran(func: Any, a: Any) -> bool:
    """``np.isfortran``."""
    return bool(Flags(a).fnc)


@method("tobytes")
def _tobytes(x: LaneArray, order: Any = "C") -> bytes:
    """The bytes of an example: a fact."""
    if x.lanes.axes:
        codes = np.zeros(math.prod(x.lanes.shape), np.intp)
        if x.data.size:
            raw = np.ascontiguousarray(flat(x)).view("u1").reshape(codes.size, -1)
            codes = np.unique(raw, axis=0, return_inverse=True)[1]
        facts.agree(x.lanes, codes.reshape(x.lanes.shape), "the bytes of an array")
    x = live(x)
    example = laid_out(x) if order in ("A", "K", None) and x.kind == ARRAY else one_lane(x)
    return example.tobytes(order) if x.kind == ARRAY else example.tobytes()  # type: ignore[no-any-return]


# ---- parts of the elements ----


@method("getfield")
def _getfield(x: LaneArray, dtype: Any, offset: int = 0) -> LaneArray:
    return LaneArray(x.data.getfield(dtype, offset), x.lanes, x.kind)


@method("setfield")
def _setfield(x: LaneArray, val: Any, dtype: Any, offset: int = 0) -> None:
    x.data.getfield(dtype, offset)  # NumPy's own complaint, before the array may widen
    write_data(x, lane(val).lanes.union(x.lanes))
    LaneArray(x.data.getfield(dtype, offset), x.lanes, ARRAY)[...] = val


# ---- windows ----


@row(stride_tricks.sliding_window_view)
def sliding_window_view(
    func: Any, x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    """``sliding_window_view``: a view of the windows along some axes."""
    x = lane(x)
    ndim = x.data.ndim - x.lanes.ndim
    sizes = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    axes: Any = None
    if axis is None:
        if len(sizes) != ndim:
            raise ValueError(f"window_shape must have a size for each of {ndim} axes")
        axes = data_axes(None, ndim)
    else:
        axes = [data_axis(n, ndim) for n in (axis if np.iterable(axis) else (axis,))]
    return LaneArray(func(x.data, sizes, axes, writeable=writeable), x.lanes, ARRAY)


@row(stride_tricks.as_strided)
def as_strided(
    func: Any, x: Any, shape: Any = None, strides: Any = None, subok: bool = False, writeable: bool = True,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """``as_strided``, of arguments as they came."""
    x = lane(x)
    run = RUN.get()
    example = laid_out(x)
    if run is None or run.writable or run.apart:
        raise NoLaneForm("the memory of an array is seen in other strides, in a function that writes")
    shape = example.shape if shape is None else tuple(shape)
    steps = example.strides if strides is None else tuple(strides)
    lead = x.lanes.ndim
    data = func(x.data, x.lanes.shape + shape, x.data.strides[:lead] + steps, writeable=False, **kwargs)
    return LaneArray(data, x.lanes, ARRAY)
