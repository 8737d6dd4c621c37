"""A plan at work: arrays for its results, its kernels entered, NumPy called in between."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from ..array import ARRAY, LaneArray, apply
from ..lanes import LaneAxis, Lanes
from .ir import Axis, Value, map_leaves
from .lower import KernelStep, LibraryStep, Place, Plan, Stored, batch_of
from .native import address_of, machine

KERNELS: dict[str, Any] = {}


class NeedsEager(Exception):
    """Some lane needs the ordinary way: an index out of range, say, whose exception NumPy is to raise."""


def entry(step: KernelStep) -> Any:
    """The function of a kernel, compiled when it is first needed."""
    known = KERNELS.get(step.text)
    if known is None:
        code = machine().object_code(step.text)
        symbols = {name: address_of(name) for name in _undefined(step.text)}
        address = machine().link(code, symbols, "kernel")
        kind = ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
        known = KERNELS[step.text] = kind(address)
    return known


def _undefined(text: str) -> list[str]:
    found = []
    for line in text.splitlines():
        if line.startswith("declare") and "@llvm." not in line:
            found.append(line.split("@")[1].split("(")[0])
    return found


class Running:
    """One call of a plan."""

    def __init__(self, plan: Plan, arguments: list[Any]) -> None:
        self.plan = plan
        self.arrays: dict[Stored, Any] = dict(zip(plan.inputs, arguments, strict=True))
        self.axes: dict[Axis, LaneAxis] = {}

    def go(self) -> list[Any]:
        """The results of the program."""
        for step in self.plan.steps:
            if type(step) is KernelStep:
                self.kernel(step)
            else:
                self.library(step)
        return [self.result(place, shared) for place, shared in self.plan.results]

    def result(self, place: Place, shared: bool) -> Any:
        """A result, which shares memory with nothing."""
        data = self.array(place.stored)
        return np.array(batch_of(place, np.asarray(data))[0]) if shared else data

    def array(self, stored: Stored) -> Any:
        """An array of the plan; a fresh one the first time."""
        found = self.arrays.get(stored)
        if found is None:
            found = stored.constant if stored.constant is not None else np.empty(stored.shape, stored.dtype)
            self.arrays[stored] = found
        return found

    def kernel(self, step: KernelStep) -> None:
        """Run a kernel."""
        objects = [self.array(stored) for stored in step.stored]
        pointers = (ctypes.c_size_t * len(objects))(*map(id, objects))
        if entry(step)(ctypes.addressof(pointers), 0, step.lanes):
            raise NeedsEager

    def library(self, step: LibraryStep) -> None:
        """Call a function on the whole batch."""
        node = step.node
        args, kwargs = map_leaves(lambda x: self.lanes_of(step, x) if type(x) is Value else x, (node.args, node.kwargs))
        with np.errstate(all="ignore"):
            found = call_lanes(node.function, args, kwargs)
        found = found if isinstance(found, (tuple, list)) else (found,)
        for stored, value in zip(step.outputs, found, strict=True):
            data = value.data if type(value) is LaneArray else np.asarray(value)
            lanes = [self.axis(axis) for axis in stored.lanes]
            if type(value) is LaneArray and list(value.lanes.axes) != lanes:
                raise NeedsEager
            self.arrays[stored] = np.ascontiguousarray(data).reshape(data.shape)

    def lanes_of(self, step: LibraryStep, value: Value) -> Any:
        """A value of the program as a lane value."""
        place = step.places[value]
        data = self.array(place.stored)
        if place.stored.number:
            return data
        data, axes = batch_of(place, np.asarray(data))
        if not axes:
            return data if value.kind == ARRAY else data[()]
        return LaneArray(data, Lanes.of(tuple([self.axis(axis) for axis in axes])), value.kind)

    def axis(self, axis: Axis) -> LaneAxis:
        """A lane axis for eager lanes."""
        found = self.axes.get(axis)
        if found is None:
            found = self.axes[axis] = LaneAxis(axis.size, axis.level, axis.label)
        return found


def call_lanes(function: Any, args: Any, kwargs: Any) -> Any:
    """Call the function of a node on lane values."""
    from .trace import call_plain

    if isinstance(function, (str, tuple)):
        return call_plain(function, args, kwargs)
    if any(type(x) is LaneArray for x in args):
        return apply(function, *args, **kwargs)
    return function(*args, **kwargs)
