"""A plan at work: arrays for its results, its kernels entered, NumPy called in between."""

from __future__ import annotations

import functools
import operator
from pathlib import Path
from typing import Any

import numpy as np

from ..array import ARRAY, LaneArray, apply
from ..facts import RUN, Signal
from ..lanes import LaneAxis, Lanes
from .buffers import fresh
from .cells import put, put_view, written
from .gemm import packed
from .ir import Axis, Value, leaves, map_leaves
from .native import Deal, address_of, dealt, fastcall, machine
from .plan import KernelStep, LibraryStep, PackStep, Place, Plan, Stored, Streaming, batch_of
from .threads import pool, team

KERNELS: dict[str, Entry] = {}
READY: dict[tuple[KernelStep, int], Any] = {}  # how kernels are entered, for some numbers of lanes
MOST_KERNELS = 4096  # that stay linked though nobody holds them: each takes three of the 65,530 mappings of a process
SHORT = 50_000  # vector instructions below which a kernel stays on the calling thread
CHUNKS = 64  # for each thread, of the least size


WRITES = (put, put_view, written)


class NeedsEager(Exception):
    """Some lane needs the ordinary way: an index out of range, say, whose exception NumPy is to raise."""


class Entry:
    """The machine code of a kernel."""

    def __init__(self, text: str) -> None:
        code = machine().object_code(text)
        symbols = {name: address_of(name) for name in _undefined(text)}
        library = machine().load(code, symbols, "kernel")
        self.address = library["kernel"]
        self.short: dict[int, Any] = {}
        self.library = library  # who holds it holds the code

    def direct(self, lanes: int) -> Any:
        """A function of the kernel's objects that runs so many lanes, with next to nothing in between."""
        found = self.short.get(lanes)
        if found is None:
            found = self.short[lanes] = fastcall(self.address, lanes, self.library)
        return found


def entry(text: str) -> Entry:
    """The code of a kernel, compiled when it is first needed."""
    known = KERNELS.get(text)
    if known is None:
        known = KERNELS[text] = Entry(text)
        if len(KERNELS) > MOST_KERNELS:
            KERNELS.pop(next(iter(KERNELS)), None)  # the oldest: if it is needed again, it is linked again
    return known


def launcher(step: KernelStep, sizes: dict[Axis, int]) -> Any:
    """A function of a kernel's objects that runs it; it returns the kernel's flags."""
    lanes = step.lanes(sizes)
    known = READY.get((step, lanes))
    if known is None:
        known = entry(step.text).direct(lanes) if step.work(sizes) < SHORT else Long(step, lanes)
        READY[step, lanes] = known
        if len(READY) > MOST_KERNELS:
            READY.pop(next(iter(READY)), None)
    return known


class Long:
    """A kernel on so many lanes that it takes long.

    All is decided when it is first called by some number of threads: sizes and layouts of what it gets are known.
    """

    def __init__(self, step: KernelStep, lanes: int) -> None:
        self.step = step
        self.lanes = lanes
        self.ready: dict[tuple[int, int], Any] = {}

    def __call__(self, *objects: Any) -> int:
        """Run it."""
        own = team()
        run = self.ready.get(own)
        if run is None:
            run = self.ready[own] = self.prepared(own[0], objects)
        return run(*objects)  # type: ignore[no-any-return]

    def prepared(self, threads: int, objects: tuple[Any, ...]) -> Any:
        """A function of the kernel's objects that deals it out, if there is enough to do."""
        step, lanes = self.step, self.lanes
        work = int(step.each * lanes)
        count = min(threads, work // SHORT + 1, lanes // step.width)
        workers = pool(count - 1) if count > 1 else None
        chunk = max(lanes // (count * CHUNKS), lanes * SHORT // (4 * work), 1) if workers is not None else lanes
        chunk = -(-chunk // step.width) * step.width
        plain, streaming = entry(step.text), self.streaming(objects)
        code = None if streaming is None else entry(streaming.text)
        deal = Deal(
            parallel=0 if workers is None else workers.parallel,
            pool=0 if workers is None else workers.address,
            kernel=plain.address,
            streaming=0 if code is None else code.address,
            lanes=lanes,
            whole=lanes - lanes % step.width if streaming is not None and streaming.aligned else lanes,
            chunk=chunk,
            share=2 * count * chunk,  # for so many lanes that are left, a chunk
        )
        aligned = self.outputs() if streaming is not None and streaming.aligned else []
        return dealt(deal, aligned, (plain.library, code and code.library, workers))

    def outputs(self) -> list[int]:
        """Which of the objects it writes."""
        return [self.step.stored.index(stored) for stored in self.step.outputs]

    def streaming(self, objects: tuple[Any, ...]) -> Streaming | None:
        """The code that writes past the cache, where what is written is gone from there before anyone reads it."""
        written, room = sum([objects[n].nbytes for n in self.outputs()]), cache_size()
        if written < room // 16:
            return None
        if written < room // 4 and sum([x.nbytes for x in objects if type(x) is np.ndarray]) < room + room // 2:
            return None
        return self.step.streaming


@functools.cache
def cache_size() -> int:
    """The bytes of the cache that all cores share."""
    try:
        text = Path("/sys/devices/system/cpu/cpu0/cache/index3/size").read_text().strip()
    except OSError:
        text = ""
    return int(text[:-1]) * 2**10 if text[:-1].isdigit() and text.endswith("K") else 32 * 2**20


def _undefined(text: str) -> list[str]:
    found = []
    for line in text.splitlines():
        if line.startswith("declare") and "@llvm." not in line:
            found.append(line.split("@")[1].split("(")[0])
    return found


class Running:
    """One call of a plan; the sizes of lane axes are as traced, where none are given."""

    def __init__(self, plan: Plan, arguments: list[Any], sizes: dict[Axis, int]) -> None:
        self.plan = plan
        self.sizes = sizes
        self.arrays: dict[Stored, Any] = dict(zip(plan.inputs, arguments, strict=True))
        self.axes: dict[Axis, LaneAxis] = {}

    def go(self) -> list[Any]:
        """The results of the program."""
        for step in self.plan.steps:
            if type(step) is KernelStep:
                self.kernel(step)
            elif type(step) is PackStep:
                self.pack(step)
            else:
                self.library(step)
        return [self.result(*result) for result in self.plan.results]

    def result(self, place: Place, shape: tuple[int, ...], shared: bool) -> Any:
        """A result, which shares memory with nothing."""
        data = self.array(place.stored)
        if not shared:
            return data
        size = self.sizes.get(place.stored.lead) if place.stored.lead is not None else None
        if size is not None:  # the batch has another size than the traced one
            shape = tuple([size if dim == 0 else n for n, (dim, _) in zip(shape, place.dims, strict=True)])
        return np.array(batch_of(place, shape, np.asarray(data), self.sizes)[0])

    def array(self, stored: Stored) -> Any:
        """An array of the plan; a fresh one the first time."""
        found = self.arrays.get(stored)
        if found is None:
            found = stored.constant
            if found is None:
                found = fresh(stored.shape_for(self.sizes), stored.dtype)
            self.arrays[stored] = found
        return found

    def kernel(self, step: KernelStep) -> None:
        """Run a kernel."""
        objects = [self.array(stored) for stored in step.stored]
        if launcher(step, self.sizes)(*objects):
            raise NeedsEager

    def pack(self, step: PackStep) -> None:
        """Copy a matrix."""
        (output,) = step.outputs
        data, _ = batch_of(step.place, step.value.shape, np.asarray(self.array(step.place.stored)), self.sizes)
        self.arrays[output] = packed(data.T if step.turned else data, output.shape[1])

    def library(self, step: LibraryStep) -> None:
        """Call a function on the whole batch."""
        node = step.node
        args, kwargs = map_leaves(lambda x: self.lanes_of(step, x) if type(x) is Value else x, (node.args, node.kwargs))
        token = RUN.set(None)  # lanes around have nothing to do with facts that are asked here
        try:
            with np.errstate(all="ignore"):
                found = self.written(step, args) if node.function in WRITES else call_lanes(node.function, args, kwargs)
        except (Signal, Exception):
            raise NeedsEager from None
        finally:
            RUN.reset(token)
        found = found if isinstance(found, (tuple, list)) else (found,)
        if len(found) != len(step.outputs):  # what the lanes share is no output: it was known when this was traced
            found = [x for x in found if type(x) is LaneArray]
        if len(found) != len(step.outputs):
            raise NeedsEager
        for stored, value in zip(step.outputs, found, strict=True):
            data = value.data if type(value) is LaneArray else np.asarray(value)
            lanes = [self.axis(axis) for axis in stored.lanes]
            if type(value) is LaneArray and list(value.lanes.axes) != lanes:
                raise NeedsEager
            shape = stored.shape_for(self.sizes)
            if type(value) is not LaneArray and data.shape == shape[len(lanes) :]:  # the same in all lanes, after all
                data = np.broadcast_to(data, shape)
            if data.shape != shape or data.dtype != stored.dtype:
                raise NeedsEager
            self.arrays[stored] = np.ascontiguousarray(data).reshape(data.shape)

    def written(self, step: LibraryStep, args: Any) -> Any:
        """A copy of an array, in which some elements are replaced."""
        (stored,), (value,) = step.outputs, step.node.outputs
        data = np.empty(stored.shape_for(self.sizes), stored.dtype)
        lanes = Lanes.of(tuple([self.axis(axis) for axis in stored.lanes]))
        array: Any = LaneArray(data, lanes, ARRAY) if stored.lanes else data
        operator.setitem(array, Ellipsis, args[0])
        if step.node.function is written:
            call_lanes(args[1], (array, *args[2]), args[3])
            return array
        index = args[1]
        if step.node.function is put_view:
            index = np.unravel_index(index, value.shape)
        elif step.node.mask is not None:  # lanes that are elsewhere may have an index out of range
            mask = self.lanes_of(step, step.node.mask)
            index = map_leaves(lambda x: apply(np.where, mask, x, 0) if type(x) is LaneArray else x, index)
        operator.setitem(array, index, args[2])
        return array

    def lanes_of(self, step: LibraryStep, value: Value) -> Any:
        """A value of the program as a lane value."""
        place = step.places[value]
        data = self.array(place.stored)
        if place.stored.number:
            return data
        data, axes = batch_of(place, value.shape, np.asarray(data), self.sizes)
        if not axes:
            return data if value.kind == ARRAY else data[()]
        return LaneArray(data, Lanes.of(tuple([self.axis(axis) for axis in axes])), value.kind)

    def axis(self, axis: Axis) -> LaneAxis:
        """A lane axis for eager lanes."""
        found = self.axes.get(axis)
        if found is None:
            found = self.axes[axis] = LaneAxis(self.sizes.get(axis, axis.size), axis.level, axis.label)
        return found


def call_lanes(function: Any, args: Any, kwargs: Any) -> Any:
    """Call the function of a node on lane values."""
    from .tape import call_plain

    if isinstance(function, (str, tuple)):
        return call_plain(function, args, kwargs)
    if any(type(x) is LaneArray for x in leaves((args, kwargs))):  # the items of an index, too
        return apply(function, *args, **kwargs)
    return function(*args, **kwargs)
