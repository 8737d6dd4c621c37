"""Loops from which lanes leave at very different times: lanes that stay go on in vectors of lanes that stay.

The lanes of a kernel are taken in blocks. What its loop begins with is computed for all lanes of a block and written
to scratch. Then vectors of fresh lanes take turns until the lanes that have left are a burden; those that stay are put
on a stack, with all that the loop carries, and as soon as there is a vector of them, it goes on. Where the test before
the first turn is the one after a turn, too, it is written once, where a turn begins. What lanes take along from the
loop lies in scratch, too, and what comes after the loop is computed when all lanes of the block are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from .cycles import Loop
from .emit import Ref
from .folds import closure
from .ir import Axis, Node, Program, Value, leaves
from .lift import Row
from .passes import may_fail
from .rows.control import alike, turns
from .values import Array, filled, rejoin
from .whiles import terms

if TYPE_CHECKING:
    from .kernel import Kernel

BLOCK = 512  # lanes, at most
PIECE = 8  # lanes whose 64-bit numbers are moved together by one instruction
PATIENCE = 4  # turns of a whole vector that may be idle before the lanes left go on the stack: about what that costs
MOST = 14  # numbers that a lane takes along
WIDE = "i64"  # the type of all that lies in scratch


def uneven(k: Kernel, axis: Axis, values: list[Value]) -> Node | None:
    """The loop that lanes leave at different times, on the way to some values; None if there is none."""
    e = k.e
    if "avx512f" not in e.features or e.piece != PIECE or k.axes != [axis] or type(axis) is Row:
        return None
    if axis not in k.vectors:
        return None
    nodes = set(closure(k, values))
    ordered = dict.fromkeys(node for node in k.makers.values() if node in nodes and node.function == "while")
    for node in ordered:
        _, inits, body = node.args
        taken = [*inits, *(value for value in body.free() if axis in value.axes)]
        small = all(not value.shape for value in taken) and sum(map(count_of, taken)) <= MOST
        return node if axis in body.results[0].axes and small and not is_even(k, axis, body, inits) else None
    return None


def count_of(value: Value) -> int:
    """The numbers of a scalar."""
    return 1 + (value.dtype.kind == "c")


def is_even(k: Kernel, axis: Axis, body: Program, inits: list[Value]) -> bool:
    """Whether a number that all lanes share ends a loop: then a vector of them may as well stay together."""

    def shared(value: Value) -> bool:
        maker = k.makers.get(value)
        return axis not in value.axes or (maker is not None and maker.function is np.asarray)

    places = {n for n, init in enumerate(inits) if shared(init)}
    _, varying = alike(body, places, {value for value in body.free() if not shared(value)})
    made = {value for node in body.nodes if node.function is not np.asarray for value in node.outputs}
    return any(value in made and value not in varying for value in terms(body))


def without(body: Program, nodes: list[Node]) -> Program:
    """A loop's body without nodes that only test the lanes; what goes round is all that it gives."""
    results = [body.results[1], *body.results[1:]]
    asked, tests, kept = set(results), set(nodes), []
    for node in reversed(body.nodes):
        if node not in tests or not asked.isdisjoint(node.outputs):
            kept.append(node)
            asked.update(node.operands())
    return Program(body.name, body.inputs, kept[::-1], results)


def retested(k: Kernel, node: Node) -> list[Node]:
    """The nodes of a loop's body that test what a turn has made, if the test before the first turn is just that."""
    first, inits, body = node.args
    makers = {value: own for own in body.nodes for value in own.outputs}
    starts = dict(zip(body.results[1:], inits, strict=True))
    asked: set[Node] = set()
    pairs = [(body.results[0], first)]
    while pairs:
        now, before = pairs.pop()
        if now in starts or now not in makers:
            if starts.get(now, now) is not before or now in body.inputs:
                return []
            continue
        own, other = makers[now], k.makers.get(before)
        if other is None or own.function is not other.function or own.mask or other.mask or may_fail(own):
            return []
        items, others = leaves((own.args, own.kwargs)), leaves((other.args, other.kwargs))
        if own.kwargs.keys() != other.kwargs.keys() or len(items) != len(others):
            return []
        for x, y in zip(items, others, strict=True):
            if type(x) is Value and type(y) is Value:
                pairs.append((x, y))
            elif type(x) is Program or type(x) is not type(y) or np.asarray(x).tobytes() != np.asarray(y).tobytes():
                return []
        asked.add(own)
    twice = len(starts) < len(inits)  # one value goes two ways
    return [] if twice or node.mask else [own for own in body.nodes if own in asked]


class Rounds:
    """The code of a kernel with such a loop.

    Parameters
    ----------
    axis : Axis
        The lanes.
    node : Node
        The loop.
    """

    def __init__(self, k: Kernel, axis: Axis, node: Node) -> None:
        self.k, self.e, self.axis, self.node = k, k.e, axis, node
        self.room = BLOCK + 2 * k.e.width + PIECE  # fresh lanes, and the stack
        self.start = self.count = k.e.index(0)  # of the block
        self.inits: list[Array] = []
        self.states: list[Array] = []
        self.taken: dict[Value, Array] = {}  # what the loop reads from outside
        self.fresh: list[Ref] = []  # where what a lane takes along lies: the number of the lane, whether it begins, ...
        self.made: list[Ref] = []  # where what it brings back lies
        self.test = retested(k, node)  # what tests lanes when a turn begins; if nothing does, they are tested before
        self.within = k.e.region  # the code that writes what fresh lanes begin with

    def write(self, rest: Callable[[], None]) -> None:
        """Write it; ``rest`` writes what comes after the loop, for a vector of lanes."""
        e, width = self.e, self.e.index(self.e.width)
        low, high = (Ref(name, "i64", 1, e.root) for name in ("%lo", "%hi"))
        blocks = Loop(e, low, high, BLOCK, 1 / BLOCK)
        assert blocks.counter is not None
        self.start = e.intrinsic("smin", blocks.counter, e.integer("sub", high, width))
        self.count = e.intrinsic("smin", e.integer("sub", high, self.start), e.index(BLOCK))
        with self.vectors() as at:
            self.begin(at)
        vector, self.k.vector = self.k.vector, self.axis
        self.go()
        self.k.vector = vector
        with self.vectors() as at:
            self.end(at)
            rest()
        blocks.close()

    @contextmanager
    def vectors(self) -> Iterator[Ref]:
        """Code within goes through the block, vector by vector; gives the first lane's place in it."""
        k, e = self.k, self.e
        loop = e.enter(e.index(0), self.count, e.width, BLOCK / e.width)
        assert loop.counter is not None
        at = e.intrinsic("smin", loop.counter, e.integer("sub", self.count, e.index(e.width)))
        vector, k.vector = k.vector, self.axis
        k.index[self.axis] = e.integer("add", self.start, at)
        yield at
        loop.close()
        del k.index[self.axis]
        k.vector = vector

    # ---- scratch ----

    def wide(self, ref: Ref) -> Ref:
        """A number of 64 bits for each lane."""
        e = self.e
        ref = e.splat(ref)
        if ref.type in ("double", "float", "half"):
            ref = e.convert("bitcast", ref, {"double": WIDE, "float": "i32", "half": "i16"}[ref.type])
        return ref if ref.type == WIDE else e.convert("sext", ref, WIDE)

    def narrow(self, ref: Ref, type: str) -> Ref:
        """The inverse."""
        e = self.e
        if type == WIDE:
            return ref
        if type == "i1":
            return e.compare("slt", ref, e.literal(0, WIDE))
        bits = {"double": WIDE, "float": "i32", "half": "i16"}.get(type, type)
        ref = ref if bits == WIDE else e.convert("trunc", ref, bits)
        return ref if bits == type else e.convert("bitcast", ref, type)

    def at(self, memory: Ref, place: Ref) -> Ref:
        """The address of a lane's number."""
        return self.e.address(memory, self.e.integer("mul", place, self.e.index(8)))

    # ---- before, in, and after the loop ----

    def begin(self, at: Ref) -> None:
        """Write what fresh lanes begin with."""
        k, e = self.k, self.e
        _, inits, body = self.node.args
        start = [] if self.test else [self.tested()]
        self.inits = k.values_of(inits)
        self.states = [k.wide(x, value.axes) for x, value in zip(self.inits, self.node.outputs, strict=True)]
        within = e.region
        refs = [e.op("add", e.splat(at), e.steps(WIDE)), *start, *(ref for x in self.states for ref in x.all_refs())]
        for value in body.free():
            if self.axis in value.axes:
                self.taken[value] = k.value(value)
                if e.place(self.taken[value].all_refs()) is within:
                    refs += self.taken[value].all_refs()
        self.within = within
        self.fresh = [e.alloca(WIDE, self.room) for _ in refs]
        for ref, memory in zip(refs, self.fresh, strict=True):
            e.store(self.wide(ref), self.at(memory, at))

    def tested(self) -> Ref:
        """Which lanes come to the loop."""
        start: Ref = self.k.value(self.node.args[0]).refs[()]
        if self.node.mask is None:
            return start
        return self.e.op("and", start, self.k.value(self.node.mask).refs[()])

    def go(self) -> None:
        """Vectors of lanes take turns, until no lane is left."""
        e, width = self.e, self.e.width
        none, whole = e.index(0), e.index(width)
        rounds = Loop(e, None, turns=BLOCK / width)
        ahead, top = rounds.carry(none), rounds.carry(none)  # the next fresh lane, and how many are on the stack
        left = e.compare("slt", ahead.ref, self.count)
        rounds.go_on_while(e.op("or", left, e.compare("sgt", top.ref, none)))
        again = e.op("or", e.compare("sge", top.ref, whole), e.op("xor", left, e.literal(True, "i1")))
        lower = e.intrinsic("smax", e.integer("sub", top.ref, whole), none)
        place = e.intrinsic("smin", ahead.ref, e.integer("sub", self.count, whole))
        place = e.select(again, e.integer("add", lower, e.index(BLOCK)), place)
        ahead.next = e.select(again, ahead.ref, e.integer("add", ahead.ref, whole))
        height = e.select(again, lower, top.ref)
        taken = e.select(again, e.integer("sub", top.ref, lower), whole)
        more = e.op("or", e.compare("slt", ahead.next, self.count), e.compare("sgt", height, none))
        patience = e.select(more, e.index(PATIENCE * width), e.index(2**62))
        numbers, *refs = [e.read(self.at(memory, place), WIDE, width) for memory in self.fresh]
        alive, carries = self.turns(refs, taken, patience)
        found = [[carry.after() for carry in own] for own in carries]
        self.bring_back(again, place, numbers, e.compare("ult", e.steps(WIDE), taken), found)
        start = [] if self.test else [e.splat(e.literal(-1, WIDE))]
        staying = [numbers, *start, *(self.wide(carry.now()) for own in carries for carry in own)]
        top.next = self.push(alive, height, [*staying, *refs[len(staying) - 1 :]])
        rounds.close()

    def turns(self, refs: list[Ref], taken: Ref, patience: Ref) -> tuple[Ref, Any]:
        """The loop itself, for a vector of lanes."""
        k, e = self.k, self.e
        items = iter(refs)

        def array(like: Array) -> Array:
            own = [self.narrow(next(items), ref.type) for ref in like.all_refs()]
            return Array(filled(rejoin(own, like.dtype.kind == "c"), like.shape), like.dtype, like.kind)

        there = e.compare("ult", e.steps(WIDE), taken)
        start = there if self.test else e.op("and", self.narrow(next(items), "i1"), there)
        states = [array(x) for x in self.states]
        e.region.memo.update({
            value: array(known) if e.place(known.all_refs()) is self.within else known
            for value, known in self.taken.items()
        })  # fmt: skip
        before, k.node = k.node, self.node
        body: Program = self.node.args[2]
        test = None
        if self.test:
            body, test = without(body, self.test), self.tested_now
        alive, carries = turns(k, start, states, self.inits, body, {}, patience, test)
        k.node = before
        return alive, carries

    def tested_now(self, states: list[Array]) -> Ref:
        """Which lanes take a turn, by what they take along."""
        k, e, results = self.k, self.e, self.node.args[2].results
        memo = dict(e.region.memo)
        e.region.memo.update(zip(results[1:], states, strict=True))
        for node in self.test:
            k.run(node)
        found = e.splat(k.value(results[0]).refs[()])
        known = {key: own for key, own in e.region.memo.items() if type(key) is not Value}
        e.region.memo = {**known, **memo}  # the body makes these values anew
        return found

    def bring_back(self, again: Ref, place: Ref, numbers: Ref, mask: Ref, found: list[list[Ref]]) -> None:
        """Write what lanes have made; those that stay write it once more."""
        e = self.e
        results = zip(self.node.outputs, found, strict=True)
        wide = [self.wide(ref) for value, refs in results if value in self.k.asked for ref in refs]
        self.made = [e.alloca(WIDE, self.room) for _ in wide]
        for _ in self.where(e.op("xor", again, e.literal(True, "i1"))):
            for ref, memory in zip(wide, self.made, strict=True):
                e.store(ref, self.at(memory, place))
        for _ in self.where(again):
            for ref, memory in zip(wide, self.made, strict=True):
                for piece, lanes, own in zip(*map(e.pieces, (ref, numbers, mask)), strict=True):
                    self.scatter(piece, memory, lanes, own)

    def scatter(self, ref: Ref, memory: Ref, lanes: Ref, mask: Ref) -> None:
        """Write each lane's number to its place."""
        e = self.e
        many = f"<{ref.width} x ptr>"
        places = e.add(f"getelementptr i64, ptr {memory.name}, {lanes}", "ptr", ref.width, [memory, lanes])
        name = f"llvm.masked.scatter.v{ref.width}i64.v{ref.width}p0"
        e.declared[name] = f"declare void @{name}({ref.llvm}, {many}, i32, {mask.llvm})"
        e.do(f"call void @{name}({ref}, {many} {places.name}, i32 8, {mask})")

    def push(self, alive: Ref, height: Ref, refs: list[Ref]) -> Ref:
        """Put the lanes that stay on the stack; returns how many are there."""
        e, total = self.e, height
        some = e.any(alive)
        for loop in self.where(some):
            for n, mask in enumerate(e.pieces(alive)):
                at = e.integer("add", total, e.index(BLOCK))
                for ref, memory in zip(refs, self.fresh, strict=True):
                    e.store(compressed(e, e.pieces(ref)[n], mask), self.at(memory, at))
                total = e.integer("add", total, e.count_of(mask))
            grown = loop.carry(height)
            grown.next = total
        return grown.ref

    def where(self, some: Ref) -> Iterator[Loop]:
        """Code that runs only if a scalar condition holds."""
        e = self.e
        loop = e.enter(e.index(0), e.convert("zext", some, WIDE), 1, 1)
        yield loop
        loop.close()

    def end(self, at: Ref) -> None:
        """What the loop has made, for a vector of lanes."""
        e, made = self.e, iter(self.made)
        for value, state in zip(self.node.outputs, self.states, strict=True):
            refs = state.all_refs()
            if value in self.k.asked:
                refs = [self.narrow(e.read(self.at(next(made), at), WIDE, e.width), ref.type) for ref in refs]
            array = Array(filled(rejoin(refs, value.dtype.kind == "c"), state.shape), value.dtype, value.kind)
            e.region.memo[value] = array


def compressed(e: Any, ref: Ref, mask: Ref) -> Ref:
    """The lanes for which a mask is true, one after another."""
    name = f"llvm.experimental.vector.compress.v{ref.width}i64"
    e.declared[name] = f"declare {ref.llvm} @{name}({ref.llvm}, {mask.llvm}, {ref.llvm})"
    text = f"call {ref.llvm} @{name}({ref}, {mask}, {ref.llvm} poison)"
    found: Ref = e.add(text, WIDE, ref.width, [ref, mask], here=True)
    return found
