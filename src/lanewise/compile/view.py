"""How values lie in arrays that are in memory, as kernels see them."""

from __future__ import annotations

from typing import NamedTuple

from .ir import Axis

Steps = dict[Axis, "Dims"]
"""For each axis the dimensions of an array that it goes along, and in what steps."""


Dims = tuple[tuple[int, int], ...]
"""Dimensions of an array, and a number for each."""


class Bound(NamedTuple):
    """A dimension of an array along which loops go further than the array: nobody asks what they read there."""

    dim: int
    scale: int  # elements of the array from one place to the next
    start: int
    terms: tuple[tuple[Axis, int], ...]
    size: int


class View:
    """How a value lies in an array that is in memory.

    Attributes
    ----------
    slot : int
        The array's place among the kernel's objects; its data is not read if it is a Python float.
    lanes : dict
        For each axis the array's dimensions that it goes along, and in what steps.
    dims : tuple
        The array's dimensions of the example's axes, and their steps.
    strides : tuple
        Of each dimension, in bytes, where they are the same in every call; else None.
    starts : tuple
        Dimensions, and the places where those begin that do not at 0.
    bounds : tuple of Bound
        Along which dimensions loops go further than the array.
    sized : bool
        Whether the kernel reads the array's shape.
    """

    __slots__ = ("bounds", "dims", "lanes", "number", "sized", "slot", "starts", "strides")

    def __init__(
        self, slot: int, lanes: Steps, dims: Dims, strides: tuple[int | None, ...],
        starts: Dims = (), number: bool = False, bounds: tuple[Bound, ...] = (),
    ) -> None:  # fmt: skip
        self.slot = slot
        self.lanes = lanes
        self.dims = dims
        self.strides = strides
        self.starts = starts
        self.number = number
        self.bounds = bounds
        self.sized = False

    def at(self, slot: int) -> View:
        """The same of another object."""
        return View(slot, self.lanes, self.dims, self.strides, self.starts, self.number, self.bounds)

    def leads(self, axis: Axis | None) -> bool:
        """Whether an axis goes along the first dimension of the array, and nothing else does."""
        others = [dim for other, dims in self.lanes.items() if other is not axis for dim, _ in dims]
        others += [dim for dim, _ in (*self.dims, *self.starts)]
        return axis in self.lanes and self.lanes[axis] == ((0, 1),) and 0 not in others

    def step(self, axis: Axis) -> int | None:
        """From one lane to the next, in bytes; None if that is not the same in every call."""
        strides = [self.strides[dim] for dim, _ in self.lanes[axis]]
        if None in strides:
            return None
        return sum(step * (self.strides[dim] or 0) for dim, step in self.lanes[axis])
