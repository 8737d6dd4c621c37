"""From a program to steps: kernels, and calls of NumPy on the whole batch between them.

What must be in memory is an *array* of the plan: arguments, results, and what passes from step to step.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .cells import lane_in, lane_out, put, put_view, written
from .chains import chained
from .emit import is_supported
from .gemm import PRODUCTS, product_of, product_steps
from .hoist import passed_on
from .ir import Axis, Node, Program, Value, function_name, leaves, users_of
from .kernel import LARGE, Kernel, blocks
from .lift import MOST, Lift, Row, fold
from .native import machine
from .passes import may_fail
from .plan import VIEWS, KernelStep, LibraryStep, Output, Place, Plan, Stored, contiguous, into
from .rows.held import large_held
from .rows.special import enter_scipy
from .rows.table import ROWS, Unsupported
from .view import View

LARGEST = 256  # elements of one example's array that are kept in registers
SHARED = 1 << 19  # bytes of a matrix that all lanes share, which a kernel multiplies with


MANY = 16  # of so many elements in vectors, one may be of a larger dtype
_TERMS = 16  # of a total that is added up once for each chunk of lanes
_OFTEN = 16  # turns of a loop, for which it pays to keep in memory what is the same in all of them
_DEAR = frozenset({
    np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p, np.sin, np.cos, np.tan, np.arcsin, np.arccos,
    np.arctan, np.arctan2, np.sinh, np.cosh, np.tanh, np.power, np.float_power, np.cbrt,
})  # fmt: skip


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
        self.has_rows = any(type(axis) is Row for axis in program.axes())
        self.makers = {value: node for node in program.nodes for value in node.outputs}
        self.passed_on = passed_on(program)
        self.places: dict[Value, Place] = {}
        self.inputs = [self.enter(value, layout) for value, layout in zip(program.inputs, layouts, strict=True)]
        self.library: set[Node] = set()
        self.checks: list[Node] = []  # of lanes that need the ordinary way
        self.watched: set[Value] = set()  # computed for the sake of a check
        self.multiplies = True  # whether products with shared matrices have kernels of their own
        self.multiplied = False  # whether some product has

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
        stored.strides = contiguous(shape, value.dtype)
        maker = self.makers.get(value)
        if stored.lead is None and maker is not None and maker.function is lane_out and maker.args[1] == 0:
            stored.lead = maker.args[2]
        self.places[value] = Place(
            stored, {axis: ((n, 1),) for n, axis in enumerate(value.axes)},
            tuple([(count + n, 1) for n in range(len(value.shape))]),
        )
        return stored

    def plan(self) -> Plan:
        """The steps; what a kernel turns out not to hold is made a library call."""
        while True:
            known = dict(self.places)
            try:
                return self.attempt()
            except Unfit as unfit:
                if unfit.node is None or self.along_rows(unfit.node):
                    raise
                if unfit.node in self.library or not is_numpy(unfit.node.function):
                    raise Unsupported(unfit.reason) from None
                self.library.add(unfit.node)
                self.places = known
            except Unchecked:
                values = {value for node in self.checks for value in (*node.outputs, *node.operands())[:1]}
                if values <= self.watched or not values.isdisjoint(self.places):
                    raise
                self.watched |= values
                self.places = known
            except Unsupported:
                if not self.multiplied:
                    raise
                self.multiplies = self.multiplied = False  # products have no place for a check
                self.places = known

    # ---- what is in memory ----

    def attempt(self) -> Plan:
        """The steps, with the library calls known so far."""
        live = self.live()
        self.see_unfit(live)
        wanted = self.wanted(live)
        outputs: list[Output] = []  # what kernels write
        libraries: list[LibraryStep] = []
        viewed = {node.args[0] for node in live if node.function in VIEWS}
        for node in live:
            if node.function in VIEWS:
                self.view(node)
            elif node in self.library:
                libraries.append(LibraryStep(node, self.places, [self.store(value) for value in node.outputs]))
            elif node.function is np.asarray:
                self.constant(node, viewed)
            outputs += [self.output(value) for value in node.outputs if value in wanted and value not in self.places]
        results: list[tuple[Place, tuple[int, ...], bool]] = []
        for value in self.program.results:
            shared = value in self.program.inputs or self.is_view(value)
            shared = shared or any(place is self.places[value] for place, _, _ in results)
            results.append((self.places[value], value.shape, shared))
        self.checks = [node for node in live if may_fail(node) and node not in self.library]
        steps = chained(self.ordered(outputs, libraries), [place.stored for place, _, _ in results])
        if self.checks and all(axis.size for axis in self.program.axes()):
            raise Unchecked("nothing is computed where an exception may arise")
        return Plan(self.inputs, steps, results, self.program.axes())

    def see_unfit(self, live: list[Node]) -> None:
        """Leave to the library what is too large for registers."""
        for node in live:
            if node not in self.library and not self.fits(node):
                if self.along_rows(node):
                    raise Unfit(node, f"{function_name(node.function)} along a row")
                if not is_numpy(node.function):
                    raise Unsupported(f"{function_name(node.function)} of a value that is too large for registers")
                self.library.add(node)

    def view(self, node: Node) -> None:
        """Note where what is a view lies."""
        source = self.places.get(node.args[0])
        if source is None:
            raise Unsupported("a computed value is mapped over")
        self.places[node.outputs[0]] = VIEWS[node.function](source, *node.args[1:])

    def constant(self, node: Node, viewed: set[Any]) -> None:
        """Keep a constant in memory, if it is read at each call, large, or seen through a view."""
        data = node.args[0]
        if node.kwargs.get("kept") or data.size > 16 or node.outputs[0] in viewed:
            stored = self.store(node.outputs[0])
            stored.constant = data
            if not data.flags.c_contiguous:
                stored.strides = data.strides

    def along_rows(self, node: Node) -> bool:
        """Whether a node works on one element of a long axis."""
        return self.has_rows and any(type(axis) is Row for x in (*node.operands(), *node.outputs) for axis in x.axes)

    def is_view(self, value: Value) -> bool:
        """Whether a value is in memory as a view, or as a constant."""
        node = self.makers.get(value)
        return self.places[value].stored.constant is not None or (node is not None and node.function in VIEWS)

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
        if node.function in (*VIEWS, lane_out, fold):
            return True
        if node.function is np.asarray:
            return is_supported(node.outputs[0].dtype)
        read = {*large_free(node), *large_held(node), *self.passed_on}  # in memory
        values = [x for x in (*node.outputs, *node.operands()) if x not in read and x not in self.places]
        if node.function in PRODUCTS and len(node.operands()) == 2:
            shared = [x for x in node.operands() if not x.axes and len(x.shape) == 2]
            if shared:  # a very large matrix: one product for all lanes
                size = math.prod(shared[0].shape) * shared[0].dtype.itemsize
                return size <= SHARED and all(is_supported(x.dtype) for x in (*node.outputs, *node.operands()))
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
        used = users_of(live)
        computed = {value for node in live if node.function is not lane_out for value in node.operands()}
        for node in live:
            if node.function in VIEWS or node in self.library:
                found.update(x for x in node.operands())
            elif self.has_rows and is_heavy(node):  # in vectors of lanes, apart from what goes along rows
                found.update(x for x in node.operands() if x.axes)
                found.update(x for x in node.outputs if x.axes and x in computed)
            found.update(large_free(node))
            found.update(x for x in large_held(node) if x not in node.outputs)
            if node.function is not lane_out:
                continue
            users = used.get(node.outputs[0], [])
            if any(user.function is not lane_out for user in users):
                found.add(node.outputs[0])
        found.update(value for value in results if type(value) is Value)
        found |= self.watched
        return found | self.apart(live, found) | self.repeated(live, used)

    def apart(self, live: list[Node], wanted: set[Value]) -> set[Value]:
        """Values that come from folds, and that a loop needs whose outer loops they do not know.

        Totals that know no loop at all are found at the start of each chunk of lanes: only short ones may be.
        """
        found: set[Value] = set()
        folded: dict[Value, int] = {}  # not yet in memory, and how many terms they have
        for node in live if self.has_rows else ():
            axes = {axis for x in node.outputs for axis in x.axes}
            axes |= {*folds(node), *(node.args[2:] if node.function is lane_out else ())}
            for value in node.operands():
                inner = axes.difference(value.axes)
                if value not in folded or not inner:
                    continue
                far = value.axes[-1].level > min(a.level for a in inner) if value.axes else folded[value] > _TERMS
                found.update([value] if far else [])
            terms = [folded[x] for x in node.operands() if x in folded and x not in found | wanted]
            if node.function is fold or terms:
                folded.update(dict.fromkeys(node.outputs, sum([*terms, *(axis.size for axis in folds(node))])))
        return found

    def repeated(self, live: list[Node], used: dict[Value, list[Node]]) -> set[Value]:
        """Values that take long, and that a loop around their own would make anew in each of its turns."""
        dear: set[Value] = set()  # what takes long to compute
        found: set[Value] = set()
        for node in live:
            if node.function in _DEAR or any(x in dear for x in node.operands()):
                dear.update(x for x in node.outputs if x not in self.places)
            for value in node.outputs:
                if value in dear and value.axes and self.is_anew(value, used.get(value, [])):
                    found.add(value)
                    dear.discard(value)
        return found

    def is_anew(self, value: Value, users: list[Node]) -> bool:
        """Whether something that is computed from a value has a long loop around the loops of the value."""
        made = [x for user in users if user.function not in (lane_out, fold) for x in user.outputs]
        return any(axis.level < value.axes[0].level and axis.size >= _OFTEN for x in made for axis in x.axes)

    def output(self, value: Value) -> Output:
        """An array for a value that a kernel makes: the value that it computes, and where that lies."""
        stored = self.store(value)
        place = self.places[value]
        passed_on = value not in self.program.results
        while (node := self.makers.get(value)) is not None and node.function is lane_out:
            value, dim, axis = node.args
            place = into(place, dim, axis)
            if value in self.places:
                break
        if passed_on:  # other kernels read it, rather than compute it anew
            self.places.setdefault(value, place)
        return stored, value, place

    # ---- steps ----

    def ordered(self, outputs: list[Output], libraries: list[LibraryStep]) -> list[Any]:
        """The steps in an order in which what each needs is there."""
        made: dict[Stored, tuple[Any, list[Stored]]] = {}
        for output in outputs:
            made[output[0]] = (output, self.sources(output[1], output[0]))
        for step in libraries:
            needs = [self.places[value].stored for value in step.node.operands()]
            for stored in step.outputs:
                made[stored] = (step, needs)
        self.unmade = set(made)
        ranks = ranked({stored: needs for stored, (_, needs) in made.items()})
        steps: list[Any] = []
        for rank in sorted(set(ranks.values())):
            group = [made[stored][0] for stored in made if ranks[stored] == rank]
            calls = list(dict.fromkeys(item for item in group if isinstance(item, LibraryStep)))
            steps += calls
            self.unmade -= {stored for step in calls for stored in step.outputs}
            steps += self.kernels([item for item in group if not isinstance(item, LibraryStep)])
            self.unmade -= {stored for stored in made if ranks[stored] == rank}
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

    def kernels(self, outputs: list[Output]) -> list[Any]:
        """Kernels for some outputs: those over the same loops share one; a product with a shared matrix has its own."""
        groups: dict[Any, list[Output]] = {}
        steps: list[Any] = []
        for output in sorted(outputs, key=lambda item: -len(item[2].lanes)):
            product = self.product(output)
            if product is not None:
                steps += product
                continue
            axes = tuple(sorted(output[2].lanes, key=lambda axis: axis.level))
            rows = self.has_rows and any(type(axis) is Row for axis in self.loops(output))
            lanes = tuple([axis for axis in axes if type(axis) is not Row])
            own = lanes or axes[:1]
            key = next((key for key in groups if key[0] == rows and own and key[1][: len(own)] == own), (rows, own))
            groups.setdefault(key, []).append(output)
        return steps + [step for members in groups.values() if (step := self.kernel(members)) is not None]

    def product(self, output: Output) -> list[Any] | None:
        """The steps of a product whose operands are in memory, if it is one of vectors with a shared matrix."""
        stored, value, place = output
        node = self.makers.get(value)
        found = product_of(node) if self.multiplies and node not in self.library else None
        if found is None or not all(x in self.places and self.in_memory(x, {stored}) for x in found.operands):
            return None
        if any(self.places[x].bounds for x in found.operands):
            return None
        steps = product_steps(found, self.inputs, stored, place, *[self.places[x] for x in found.operands])
        self.multiplied = self.multiplied or steps is not None
        return steps

    def loops(self, output: Output) -> set[Axis]:
        """Every axis of what an output is computed from."""
        needed = self.needed([output[1]], {output[0]})
        return {axis for value in needed for axis in value.axes} | set(output[2].lanes)

    def kernel(self, outputs: list[Output]) -> KernelStep | None:
        """One kernel."""
        axes = sorted({axis for _, _, place in outputs for axis in place.lanes}, key=lambda axis: axis.level)
        if any(axis.size == 0 for axis in axes) or all(0 in stored.shape for stored, _, _ in outputs):
            return None
        slots = {stored: n for n, stored in enumerate(self.inputs)}  # the arguments come first, as they are given

        def view(place: Place) -> View:
            stored = place.stored
            slot = slots.setdefault(stored, len(slots))
            return place.view(slot)

        here = {stored for stored, _, _ in outputs}
        checks = [
            node for node in self.checks
            if {axis for x in (*node.operands(), *node.outputs) for axis in x.axes} <= set(axes)
            and here.union(self.unmade).isdisjoint(self.read_by(node, here))
        ]  # fmt: skip
        self.checks = [node for node in self.checks if node not in checks]
        asked = [x for node in checks for x in (*node.operands(), *node.outputs)]
        needed = self.needed([value for _, value, _ in outputs] + asked, here)
        views = {value: view(self.places[value]) for value in needed if self.in_memory(value, here)}
        written = [(value, view(place)) for _, value, place in outputs]
        making = {self.makers[value] for value in needed if value in self.makers and value not in views}
        vectors = vector_axes(axes, needed, [*views.items(), *written])
        nodes = [node for node in self.program.nodes if node in making]
        shuffled = bool(blocks(views)) or any(is_shuffled(*seen, vectors) for seen in [*views.items(), *written])
        width, piece = self.width(vectors, needed, nodes, shuffled)
        kernel = Kernel(views, self.makers, axes, vectors, width, piece)
        kernel.e.fast = self.fastmath
        for n, (_, place) in enumerate(written):  # outputs know the sizes of axes, too
            kernel.views.setdefault(Value((), np.dtype(float), (), n), place)
        try:
            code = kernel.write(written, checks)
        except Unsupported as problem:
            raise Unfit(kernel.node, str(problem)) from None
        outermost = axes[0] if axes else None
        step = width if outermost in vectors else 1
        made = [stored for stored, _, _ in outputs]
        return KernelStep(list(slots), list(kernel.views.values()), made, outermost, step, code, kernel.e.work)

    def read_by(self, node: Node, here: set[Stored]) -> set[Stored]:
        """The arrays that a check in a kernel reads, those among them that the kernel makes but has only parts of."""
        needed = self.needed([*node.operands(), *node.outputs], here)
        return {self.places[value].stored for value in needed if self.in_memory(value, here) or self.is_whole(value)}

    def is_whole(self, value: Value) -> bool:
        """Whether a value is a view of what is in memory, or all elements of a row: never in registers."""
        node = self.makers.get(value) if value in self.places else None
        if node is None:
            return False
        return node.function in VIEWS or (node.function is lane_out and type(node.args[2]) is Row)

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

    def width(self, vectors: set[Axis], needed: list[Value], nodes: list[Node], shuffled: bool) -> tuple[int, int]:
        """How many lanes a vector has: one, two or four machine vectors, by what is alive at a time; or a whole row.

        Rows that are shuffled into lanes take registers as well: two vectors at most, then.
        The second number is how many lanes have instructions of their own: in loops that lanes leave, those of one
        machine vector.
        """
        if not vectors:
            return 1, 1
        lanes = machine().vector_bits // 8 // itemsize_of(needed)
        alive = max(pressure(nodes, set(needed)), 1)
        size = min(axis.size for axis in vectors)
        loops = any(node.function == "while" for node in nodes)
        piece, few = (lanes, 8) if loops else (size, 16)  # masks take registers, too
        one_row = all(type(axis) is Row and axis.size == size for axis in vectors)
        if one_row and size % lanes == 0 and alive * (size // lanes) <= 32:
            return size, min(size, piece)
        lanes *= 4 if alive <= few and (loops or not shuffled) else 2 if alive <= 40 else 1
        width = min(lanes, 1 << (size.bit_length() - 1))
        return width, min(width, piece)


def is_shuffled(value: Value, view: View, vectors: set[Axis]) -> bool:
    """Whether what a kernel sees of an array are rows, which lie across the lanes."""
    across = vectors.intersection(view.lanes) if value.shape else ()
    return any(view.step(axis) != value.dtype.itemsize for axis in across)


def vector_axes(axes: list[Axis], needed: list[Value], views: list[tuple[Value, View]]) -> set[Axis]:
    """The axes that go by vectors: those along which most of what is in memory lies end to end."""
    if not any(type(axis) is Row for value in needed for axis in value.axes):
        return set(axes[-1:])
    scores: dict[Axis, int] = {}
    for value, view in views:
        for axis in view.lanes:
            if view.step(axis) == value.dtype.itemsize:
                scores[axis] = scores.get(axis, 0) + math.prod(other.size for other in view.lanes)
    if not scores:
        return set(axes[-1:])
    found: set[Axis] = set()
    nests = [*(set(value.axes) for value in needed), *(set(view.lanes) for _, view in views)]
    for axis in sorted(scores, key=lambda axis: -scores[axis]):
        if not any(axis in nest and found.intersection(nest) for nest in nests):
            found.add(axis)
    return found


def itemsize_of(values: list[Value]) -> int:
    """The size of a number that vectors are made for: that of all but a few elements."""
    counts: dict[int, int] = {4: 0}
    for value in values:
        parts = 2 if value.dtype.kind == "c" else 1
        size = max(value.dtype.itemsize // parts, 4)
        counts[size] = counts.get(size, 0) + parts * math.prod(value.shape)
    few = sum(counts.values()) // MANY
    return next(size for size in sorted(counts) if sum(counts[other] for other in counts if other > size) <= few)


def is_numpy(function: Any) -> bool:
    """Whether an operation can be called on the whole batch."""
    if isinstance(function, str):
        return function not in ("while", "scan", "recurse", "again", "fail", "kind")
    if isinstance(function, tuple):
        return True
    module = getattr(function, "__module__", None) or ""
    if function in (fold, *VIEWS):
        return False
    if function in (put, put_view, written):
        return True
    return isinstance(function, np.ufunc) or module.startswith(("numpy", "_operator"))


def folds(node: Node) -> list[Axis]:
    """The row that a node goes along for a total."""
    return [node.args[1]] if node.function is fold else []


def ranked(needs: dict[Stored, list[Stored]]) -> dict[Stored, int]:
    """By what each array needs: how many steps have to come before the one that makes it, and that one."""
    ranks: dict[Stored, int] = {}
    pending = list(needs)
    while pending:
        last = pending[-1]
        missing = [x for x in needs[last] if x not in ranks and x in needs]
        if missing and last not in ranks:
            pending.extend(missing)
            continue
        pending.pop()
        ranks.setdefault(last, 1 + max([ranks.get(x, 0) for x in needs[last]], default=0))
    return ranks


def lower(program: Program, layouts: list[Any], fastmath: bool = False) -> Plan:
    """The steps of a program: with loops for the long axes of examples, where there is code for what they do."""
    enter_scipy()
    try:
        return _lowered(program, layouts, fastmath)
    except KeyError:
        raise Unsupported("what may raise depends on the lanes of an inner map") from None


def _lowered(program: Program, layouts: list[Any], fastmath: bool) -> Plan:
    """The same; a `KeyError` says that some value is needed outside of its loops."""
    whole: set[Node] = set()  # what takes its operands whole
    while True:
        lift = Lift(program, whole)
        loops = lift.run() if any(map(lift.lifts, program.nodes)) else program
        try:
            return Lowering(loops, layouts, fastmath).plan()
        except Unfit as unfit:
            origin = lift.origins.get(unfit.node)
            if loops is program:
                raise Unsupported(unfit.reason) from None
            if origin is None:
                return Lowering(program, layouts, fastmath).plan()
            whole.add(origin)
        except (Unsupported, KeyError):  # a check needs an element of a row where no loop goes along it
            if loops is program:
                raise
            return Lowering(program, layouts, fastmath).plan()


class Unchecked(Unsupported):
    """There are checks, and no kernel that they could be in."""


class Unfit(Exception):
    """A node can't be in a kernel after all."""

    def __init__(self, node: Node, reason: str) -> None:
        super().__init__(reason)
        self.node = node
        self.reason = reason


def is_heavy(node: Node) -> bool:
    """Whether a node that no row is a loop of does much for each lane."""
    large = any(math.prod(x.shape) >= MOST for x in node.operands())
    return node.function in ("while", "scan", "recurse") or (node.function in PRODUCTS and large)


def large_free(node: Node) -> list[Value]:
    """Large arrays that a loop reads from the program around it, which need not be in registers."""
    if node.function not in ("while", "scan"):
        return []
    return [x for x in node.args[-1].free() if math.prod(x.shape) >= LARGE]


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
