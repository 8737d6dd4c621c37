"""What a plan is made of: arrays, where values lie in them, and steps from some of them to others.

``lane_in`` and ``lane_out`` are no work: they say how a value lies in an array.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .cells import lane_in
from .ir import Axis, Node, Value
from .kernel import Code
from .lift import Form, Span, at
from .staged import staged
from .view import Bound, Dims, Steps, View


class Stored:
    """An array of the plan: an argument, a result, a constant, or something between two steps."""

    __slots__ = ("constant", "dtype", "lanes", "lead", "number", "rank", "shape", "strides")

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], lanes: tuple[Axis, ...]) -> None:
        self.shape = shape
        self.dtype = dtype
        self.lanes = lanes  # the lane axes that lead
        self.constant: Any = None
        self.number = False  # a Python float
        self.rank = 0  # the step that makes it
        self.strides: tuple[int | None, ...] = ()
        self.lead = lanes[0] if lanes else None  # the lane axis that its first dimension is

    def shape_for(self, sizes: dict[Axis, int]) -> tuple[int, ...]:
        """Its shape where lane axes have other sizes."""
        size = sizes.get(self.lead) if self.lead is not None else None
        return self.shape if size is None else (size, *self.shape[1:])


class Place:
    """Where a value lies in an array.

    Attributes
    ----------
    stored : Stored
        The array.
    lanes : dict
        For each axis the dimensions that it goes along, and in what steps.
    dims : tuple
        The dimensions of the example's axes, and their steps.
    starts : tuple
        Dimensions, and the places where those begin that do not at 0.
    bounds : tuple of Bound
        Along which dimensions there are loops that go further than the array.
    """

    __slots__ = ("bounds", "dims", "lanes", "starts", "stored")

    def __init__(
        self, stored: Stored, lanes: Steps, dims: Dims, starts: Dims = (), bounds: tuple[Bound, ...] = ()
    ) -> None:  # fmt: skip
        self.stored = stored
        self.lanes = lanes
        self.dims = dims
        self.starts = starts
        self.bounds = bounds

    def view(self, slot: int) -> View:
        """What a kernel sees, one of whose objects the array is."""
        stored = self.stored
        return View(slot, self.lanes, self.dims, stored.strides, self.starts, stored.number, self.bounds)


Output = tuple[Stored, Value, Place]
"""An array that a kernel makes, the value that it computes for it, and where that lies."""


class Streaming(NamedTuple):
    """Code that writes past the cache, and whether it asks for aligned results and whole vectors of lanes."""

    text: str
    aligned: bool


class KernelStep:
    """Run a kernel.

    Attributes
    ----------
    stored : list of Stored
        The kernel's objects.
    views : list of View
        What it sees of them.
    outputs : list of Stored
        Those that it writes.
    axis : Axis or None
        The outermost loop.
    width : int
        How many lanes of it go at a time.
    code : Code
        The code.
    each : float
        About how many instructions run for each of its lanes.
    """

    def __init__(
        self, stored: list[Stored], views: list[View], outputs: list[Stored], axis: Axis | None, width: int,
        code: Code, each: float,
    ) -> None:  # fmt: skip
        self.stored = stored
        self.views = views
        self.outputs = outputs
        self.axis = axis
        self.width = width
        self.code = code
        self.each = each

    @functools.cached_property
    def text(self) -> str:
        """The text of its code."""
        return self.code.module()

    @functools.cached_property
    def streaming(self) -> Streaming | None:
        """Code that writes past the cache; None if there is none."""
        if self.code.streams():
            return Streaming(self.code.streaming().module(), True)
        written = {self.stored.index(stored) for stored in self.outputs}
        code = staged(self.code, self.axis, self.width, self.views, written, self.each)
        return None if code is None else Streaming(code.module(), False)

    def reads(self) -> set[Stored]:
        """The arrays that it reads."""
        return {self.stored[view.slot] for view in self.views}.difference(self.outputs)

    def lanes(self, sizes: dict[Axis, int]) -> int:
        """Of the outermost loop."""
        return 1 if self.axis is None else sizes.get(self.axis, self.axis.size)

    def work(self, sizes: dict[Axis, int]) -> int:
        """Instructions, in all."""
        return int(self.each * self.lanes(sizes))


class LibraryStep:
    """Call a NumPy function on the whole batch."""

    def __init__(self, node: Node, places: dict[Value, Place], outputs: list[Stored]) -> None:
        self.node = node
        self.places = places
        self.outputs = outputs

    def reads(self) -> set[Stored]:
        """The arrays that it reads."""
        return {self.places[value].stored for value in self.node.operands()}


class PackStep:
    """Copy a matrix, or its transpose, for products of many vectors with it (`gemm.packed`)."""

    def __init__(self, value: Value, place: Place, turned: bool, output: Stored) -> None:
        self.value = value
        self.place = place
        self.turned = turned
        self.outputs = [output]

    def reads(self) -> set[Stored]:
        """The arrays that it reads."""
        return {self.place.stored}


class Plan:
    """The steps of a program for arguments of one layout."""

    def __init__(self, inputs: list[Stored], steps: list[Any], results: list[Any], axes: list[Axis]) -> None:
        self.inputs = inputs
        self.steps = steps
        self.results = results  # for each result where it lies, and whether it has to be copied
        self.axes = axes


def into(place: Place, dim: int, axis: Axis) -> Place:
    """One lane of an array along one of its example's axes."""
    lanes = {**place.lanes, axis: (place.dims[dim],)}
    return Place(place.stored, lanes, place.dims[:dim] + place.dims[dim + 1 :], place.starts, place.bounds)


def part(place: Place, forms: Any, beyond: Any) -> Place:
    """A part of an array, at a form for each of its example's axes."""
    lanes, starts, dims = dict(place.lanes), list(place.starts), []
    for (dim, scale), form in zip(place.dims, forms, strict=True):
        if form is not None and form.start:
            starts.append((dim, scale * form.start))
        if type(form) is Form:
            for axis, step in form.terms:
                lanes[axis] = (*lanes.get(axis, ()), (dim, scale * step))
        else:
            dims.append((dim, scale * form.step if type(form) is Span else scale))
    bounds = []
    for n, size in beyond:
        dim, scale = place.dims[n]
        bounds.append(Bound(dim, scale, forms[n].start, forms[n].terms, size))
    return Place(place.stored, lanes, tuple(dims), tuple(starts), (*place.bounds, *bounds))


VIEWS: dict[Any, Callable[..., Place]] = {lane_in: into, at: part}


def contiguous(shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[int | None, ...]:
    """The strides of a contiguous array."""
    found: list[int] = []
    step = dtype.itemsize
    for size in reversed(shape):
        found.append(step)
        step *= max(size, 1)
    return tuple(found[::-1])


def batch_of(
    place: Place, shape: tuple[int, ...], data: Any, sizes: dict[Axis, int]
) -> tuple[Any, tuple[Axis, ...]]:  # fmt: skip
    """The data of a value of some shape with its lane axes first."""
    axes = tuple(sorted(place.lanes, key=lambda axis: axis.level))
    for dim, start in place.starts:
        data = data[(*(slice(None),) * dim, slice(start, None))]
    whole = [*(sizes.get(axis, axis.size) for axis in axes), *shape]
    steps = [sum(step * data.strides[dim] for dim, step in place.lanes[axis]) for axis in axes]
    steps += [data.strides[dim] * step for dim, step in place.dims]
    return np.lib.stride_tricks.as_strided(data, whole, steps), axes
