"""From a program to steps: kernels, and calls of NumPy on the whole batch between them.

What must be in memory is an *array* of the plan: arguments, results, and what passes from step to step. ``lane_in``
and ``lane_out`` are no work then, but say how a value lies in such an array.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .cells import lane_in, lane_out
from .emit import is_supported
from .ir import Axis, Node, Program, Value, function_name, leaves
from .kernel import Kernel, View
from .native import machine
from .passes import may_fail
from .rows.table import ROWS, Unsupported

LARGEST = 256  # elements of one example's array that are kept in registers


class Stored:
    """An array of the plan: an argument, a result, a constant, or something between two steps."""

    __slots__ = ("constant", "dtype", "lanes", "number", "rank", "shape", "strides")

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], lanes: tuple[Axis, ...]) -> None:
        self.shape = shape
        self.dtype = dtype
        self.lanes = lanes  # the lane axes that lead
        self.constant: Any = None
        self.number = False  # a Python float
        self.rank = 0  # the step that makes it
        self.strides: tuple[int | None, ...] = ()


class Place:
    """Where a value lies: an array, the dimension of each lane axis, and those of the example."""

    __slots__ = ("dims", "lanes", "stored")

    def __init__(self, stored: Stored, lanes: dict[Axis, int], dims: tuple[int, ...]) -> None:
        self.stored = stored
        self.lanes = lanes
        self.dims = dims


class KernelStep:
    """Run a kernel."""

    def __init__(
        self, stored: list[Stored], outputs: list[Stored], lanes: int, width: int, text: str, work: int
    ) -> None:
        self.stored = stored  # in the order of the kernel's objects
        self.outputs = outputs
        self.lanes = lanes  # of the outermost axis
        self.width = width
        self.text = text
        self.work = work  # instructions, in all


class LibraryStep:
    """Call a NumPy function on the whole batch."""

    def __init__(self, node: Node, places: dict[Value, Place], outputs: list[Stored]) -> None:
        self.node = node
        self.places = places
        self.outputs = outputs


class Plan:
    """The steps of a program for arguments of one layout."""

    def __init__(self, inputs: list[Stored], steps: list[Any], results: list[Any], axes: list[Axis]) -> None:
        self.inputs = inputs
        self.steps = steps
        self.results = results  # for each result where it lies, and whether it has to be copied
        self.axes = axes


class Lowering:
    """Lowers a program.

    Parameters
    ----------
    program : Program
        What to lower; its inputs lead with no lane axes unless ``jit`` is inside of a ``vmap``.
    layouts : list
        For each input ``"c"`` if it is contiguous, ``"number"`` for a Python float, else its strides.
    """

    def __init__(self, program: Program, layouts: list[Any], fastmath: bool = False) -> None:
        self.program = program
        self.fastmath = fastmath
        self.makers = {value: node for node in program.nodes for value in node.outputs}
        self.places: dict[Value, Place] = {}
        self.inputs = [self.enter(value, layout) for value, layout in zip(program.inputs, layouts, strict=True)]
        self.library: set[Node] = set()
        self.checks: list[Node] = []  # of lanes that need the ordinary way

    def enter(self, value: Value, layout: Any) -> Stored:
        """An input as an array of the plan."""
        stored = self.store(value)
        if layout == "number":
            stored.number = True
        elif layout != "c":
            stored.strides = layout
        return stored

    def store(self, value: Value) -> Stored:
        """A new array that holds a value, its lane axes first."""
        count = len(value.axes)
        shape = tuple([axis.size for axis in value.axes]) + value.shape
        stored = Stored(shape, value.dtype, value.axes)
        stored.strides = contiguous(shape, value.dtype, count)
        self.places[value] = Place(
            stored, {axis: n for n, axis in enumerate(value.axes)}, tuple(range(count, count + len(value.shape)))
        )
        return stored

    def plan(self) -> Plan:
        """The steps; what a kernel turns out not to hold is made a library call."""
        while True:
            known = dict(self.places)
            try:
                return self.attempt()
            except Unfit as unfit:
                if unfit.node in self.library or not is_numpy(unfit.node.function):
                    raise Unsupported(unfit.reason) from None
                self.library.add(unfit.node)
                self.places = known

    # ---- what is in memory ----

    def attempt(self) -> Plan:
        """The steps, with the library calls known so far."""
        live = self.live()
        for node in live:
            if node not in self.library and not self.fits(node):
                if not is_numpy(node.function):
                    raise Unsupported(f"{function_name(node.function)} of a value that is too large for registers")
                self.library.add(node)
        wanted = self.wanted(live)
        outputs: list[tuple[Stored, Value, Place]] = []  # what kernels write
        libraries: list[LibraryStep] = []
        for node in live:
            if node.function is lane_in:
                source = self.places.get(node.args[0])
                if source is None:
                    raise Unsupported("a computed value is mapped over")
                self.places[node.outputs[0]] = _into(source, node.args[1], node.args[2])
            elif node in self.library:
                libraries.append(LibraryStep(node, self.places, [self.store(value) for value in node.outputs]))
            elif node.function is np.asarray and (node.kwargs.get("kept") or node.args[0].size > 16):
                stored = self.store(node.outputs[0])
                stored.constant = data = node.args[0]
                if not data.flags.c_contiguous:
                    stored.strides = data.strides
            for value in node.outputs:
                if value in wanted and value not in self.places:
                    outputs.append(self.output(value))
        results: list[tuple[Place, bool]] = []
        for value in self.program.results:
            shared = value in self.program.inputs or self.is_view(value)
            shared = shared or any(place is self.places[value] for place, _ in results)
            results.append((self.places[value], shared))
        self.checks = [node for node in live if may_fail(node) and node not in self.library]
        steps = self.ordered(outputs, libraries)
        if self.checks and all(axis.size for axis in self.program.axes()):
            raise Unsupported("nothing is computed where an exception may arise")
        return Plan(self.inputs, steps, results, self.program.axes())

    def is_view(self, value: Value) -> bool:
        """Whether a value is in memory as a view, or as a constant."""
        node = self.makers.get(value)
        return self.places[value].stored.constant is not None or (node is not None and node.function is lane_in)

    def live(self) -> list[Node]:
        """The nodes that the results depend on."""
        needed = {value for value in self.program.results if type(value) is Value}
        found = []
        for node in reversed(self.program.nodes):
            if needed.intersection(node.outputs) or may_fail(node):
                found.append(node)
                needed.update(node.operands())
        return found[::-1]

    def fits(self, node: Node) -> bool:
        """Whether a node can be a part of a kernel."""
        if node.function in (lane_in, lane_out):
            return True
        if node.function is np.asarray:
            return is_supported(node.outputs[0].dtype)
        values = [*node.outputs, *(x for x in node.operands() if x not in self.places)]
        return (
            node.function in ROWS
            and all(is_supported(x.dtype) for x in (*node.outputs, *node.operands()))
            and all(math.prod(x.shape) <= LARGEST for x in values)
        )

    def wanted(self, live: list[Node]) -> set[Value]:
        """The values that have to be in memory."""
        found: set[Value] = set()
        results = set(self.program.results)
        chained: set[Value] = set()  # results, and what they are the lanes of
        for node in reversed(live):
            if node.function is lane_out and (node.outputs[0] in results or node.outputs[0] in chained):
                chained.add(node.args[0])
        used: dict[Value, list[Node]] = {}
        for node in live:
            for value in node.operands():
                used.setdefault(value, []).append(node)
        for node in live:
            if node.function is lane_in or node in self.library:
                found.update(x for x in node.operands())
            if node.function is not lane_out:
                continue
            users = used.get(node.outputs[0], [])
            if any(user.function is not lane_out for user in users):
                found.add(node.outputs[0])
        found.update(value for value in results if type(value) is Value)
        return found

    def output(self, value: Value) -> tuple[Stored, Value, Place]:
        """An array for a value that a kernel makes: the value that it computes, and where that lies."""
        stored = self.store(value)
        place = self.places[value]
        while (node := self.makers.get(value)) is not None and node.function is lane_out:
            value, at, axis = node.args
            place = _into(place, at, axis)
            if value in self.places:
                break
        return stored, value, place

    # ---- steps ----

    def ordered(self, outputs: list[tuple[Stored, Value, Place]], libraries: list[LibraryStep]) -> list[Any]:
        """The steps in an order in which what each needs is there."""
        made: dict[Stored, tuple[Any, list[Stored]]] = {}
        for output in outputs:
            made[output[0]] = (output, self.sources(output[1], output[0]))
        for step in libraries:
            needs = [self.places[value].stored for value in step.node.operands()]
            for stored in step.outputs:
                made[stored] = (step, needs)
        ranks: dict[Stored, int] = {}
        pending = list(made)
        while pending:
            last = pending[-1]
            if last in ranks:
                pending.pop()
                continue
            needs = made[last][1] if last in made else []
            missing = [x for x in needs if x not in ranks and x in made]
            if missing:
                pending.extend(missing)
                continue
            ranks[last] = 1 + max([ranks.get(x, 0) for x in needs], default=0)
        steps: list[Any] = []
        for rank in sorted(set(ranks.values())):
            group = [made[stored][0] for stored in made if ranks[stored] == rank]
            seen = []
            for item in group:
                if isinstance(item, LibraryStep) and item not in seen:
                    seen.append(item)
            steps += seen
            steps += self.kernels([item for item in group if not isinstance(item, LibraryStep)])
        return steps

    def sources(self, value: Value, target: Stored) -> list[Stored]:
        """The arrays that a value is computed from, to be stored in another."""
        found: list[Stored] = []
        seen: set[Value] = set()
        pending = [value]
        while pending:
            value = pending.pop()
            if value in seen:
                continue
            seen.add(value)
            if value in self.places and self.places[value].stored is not target:
                found.append(self.places[value].stored)
            elif value in self.makers:
                pending.extend(self.makers[value].operands())
        return found

    def kernels(self, outputs: list[tuple[Stored, Value, Place]]) -> list[KernelStep]:
        """Kernels for some outputs: those over the same loops share one."""
        groups: list[tuple[tuple[Axis, ...], list[Any]]] = []
        for output in sorted(outputs, key=lambda item: -len(item[2].lanes)):
            axes = tuple(sorted(output[2].lanes, key=lambda axis: axis.level))
            for known, members in groups:
                if axes and known[: len(axes)] == axes:
                    members.append(output)
                    break
            else:
                groups.append((axes, [output]))
        return [step for axes, members in groups if (step := self.kernel(list(axes), members)) is not None]

    def kernel(self, axes: list[Axis], outputs: list[tuple[Stored, Value, Place]]) -> KernelStep | None:
        """One kernel."""
        if any(axis.size == 0 for axis in axes) or all(0 in stored.shape for stored, _, _ in outputs):
            return None
        slots = {stored: n for n, stored in enumerate(self.inputs)}  # the arguments come first, as they are given

        def view(place: Place) -> View:
            slot = slots.setdefault(place.stored, len(slots))
            return View(slot, place.lanes, place.dims, place.stored.strides, place.stored.number)

        here = {stored for stored, _, _ in outputs}
        checks = [node for node in self.checks if {axis for x in node.operands() for axis in x.axes} <= set(axes)]
        self.checks = [node for node in self.checks if node not in checks]
        asked = [x for node in checks for x in (*node.operands(), *node.outputs)]
        needed = self.needed([value for _, value, _ in outputs] + asked, here)
        views = {value: view(self.places[value]) for value in needed if self.in_memory(value, here)}
        written = [(value, view(place)) for _, value, place in outputs]
        making = {self.makers[value] for value in needed if value in self.makers and value not in views}
        width = self.width(axes, needed, [node for node in self.program.nodes if node in making])
        kernel = Kernel(views, self.makers, axes, width)
        kernel.e.fast = self.fastmath
        for n, (_, place) in enumerate(written):  # outputs know the sizes of axes, too
            kernel.views.setdefault(Value((), np.dtype(float), (), n), place)
        try:
            text = kernel.write(written, checks)
        except Unsupported as problem:
            raise Unfit(kernel.node, str(problem)) from None
        lanes = axes[0].size if axes else 1
        turns = 20 if any(node.function in ("while", "scan") for node in making) else 1
        work = turns * kernel.e.size * math.prod(axis.size for axis in axes) // width
        return KernelStep(list(slots), [stored for stored, _, _ in outputs], lanes, width, text, work)

    def in_memory(self, value: Value, here: set[Stored]) -> bool:
        """Whether a value is there before a kernel that makes some arrays."""
        return value in self.places and self.places[value].stored not in here

    def needed(self, values: list[Value], here: set[Stored]) -> list[Value]:
        """The values that some depend on, up to those in memory."""
        found: dict[Value, None] = {}
        pending = list(values)
        while pending:
            value = pending.pop()
            if value in found:
                continue
            found[value] = None
            if not self.in_memory(value, here) and value in self.makers:
                pending.extend(self.makers[value].operands())
        return list(found)

    def width(self, axes: list[Axis], needed: list[Value], nodes: list[Node]) -> int:
        """How many lanes a vector has: one, two or four machine vectors, by what is alive at a time."""
        if not axes:
            return 1
        itemsize = max((value.dtype.itemsize // (2 if value.dtype.kind == "c" else 1) for value in needed), default=8)
        lanes = machine().vector_bits // 8 // max(itemsize, 4)
        alive = pressure(nodes, set(needed))
        lanes *= 4 if alive <= 16 else 2 if alive <= 40 else 1
        return min(lanes, 1 << (axes[-1].size.bit_length() - 1))


def is_numpy(function: Any) -> bool:
    """Whether an operation can be called on the whole batch."""
    if isinstance(function, str):
        return function not in ("while", "scan", "fail", "kind")
    if isinstance(function, tuple):
        return True
    module = getattr(function, "__module__", None) or ""
    return isinstance(function, np.ufunc) or module.startswith(("numpy", "_operator"))


class Unfit(Exception):
    """A node can't be in a kernel after all."""

    def __init__(self, node: Node, reason: str) -> None:
        super().__init__(reason)
        self.node = node
        self.reason = reason


def _into(place: Place, at: int, axis: Axis) -> Place:
    """One lane of an array along one of its example's axes."""
    return Place(place.stored, {**place.lanes, axis: place.dims[at]}, place.dims[:at] + place.dims[at + 1 :])


def contiguous(shape: tuple[int, ...], dtype: np.dtype[Any], lanes: int) -> tuple[int | None, ...]:
    """The strides of a contiguous array."""
    found: list[int] = []
    step = dtype.itemsize
    for size in reversed(shape):
        found.append(step)
        step *= max(size, 1)
    return tuple(found[::-1])


def pressure(nodes: list[Node], counted: set[Value]) -> int:
    """How many elements are alive at a time, at most; in the bodies of loops, too."""
    last: dict[Value, int] = {}
    most = 0
    for n, node in enumerate(nodes):
        for value in node.operands():
            last[value] = n
        for item in leaves((node.args, node.kwargs)):
            if type(item) is Program:
                inner = {value for x in item.nodes for value in x.outputs} | set(item.inputs)
                most = max(most, pressure(item.nodes, inner | counted) + sum(map(_elements, item.inputs)))
    alive: dict[Value, int] = {}
    for n, node in enumerate(nodes):
        for value in (*node.operands(), *node.outputs):
            if value in counted and node.function is not lane_in and last.get(value, n) >= n:
                alive[value] = _elements(value)
        most = max(most, sum(alive.values()))
        for value in [value for value in alive if last.get(value, n) <= n and value not in node.outputs]:
            del alive[value]
    return most


def _elements(value: Value) -> int:
    return math.prod(value.shape) * (1 + (value.dtype.kind == "c")) if value.axes else 0


# ---- running ----


def batch_of(place: Place, data: Any) -> tuple[Any, tuple[Axis, ...]]:
    """The data of a value with its lane axes first."""
    axes = tuple(sorted(place.lanes, key=lambda axis: axis.level))
    return data.transpose([*(place.lanes[axis] for axis in axes), *place.dims]), axes


