"""Sides of an ``if`` that take long: their code is jumped over (`jumps`) where no lane of a vector comes to it.

A node knows the mask under which it was traced. Nodes under one mask that together take long are a *side*: code of its
own, with what it reads from outside, and what is read of it, if nobody needs that for other lanes. Sides lie in sides,
and in loops.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .cells import put
from .ir import Node, Program, Value, leaves
from .lift import QUICK, fold
from .passes import may_fail
from .rows.control import values_in

if TYPE_CHECKING:
    pass

DEAR = 40  # instructions for each lane, about, that are worth a jump where lanes go their own ways, in a loop
OFTEN = 2  # times as many elsewhere, where each vector has lanes of both sides, more often than not
PASSED = 4  # more for each number that others read, and one for each that is read
LOST = 4  # those that may run for more lanes, so that a jump is taken more often
SLOW = 16  # instructions that an elementary function, a division and the like count for
TURNS = 8  # of a loop
SMALL = 8  # elements: larger arrays may lie in memory, where the order of what reads and writes them matters
MOST = 32  # sides beside one another
MANY = 100  # masks, each of which would be compared with each
_QUICK = QUICK | {
    operator.add, operator.sub, operator.mul, operator.neg, operator.lt, operator.le, operator.gt, operator.ge,
    operator.eq, operator.ne, operator.and_, operator.or_, operator.xor, np.array, np.stack, np.concatenate, np.reshape,
}  # fmt: skip
_PLACES = frozenset({operator.getitem, put})  # quick where the place is known


class Side:
    """Some nodes under one mask.

    Attributes
    ----------
    mask : Value
        The mask.
    nodes : list of Node
        In order.
    inputs : list of Value
        What they read from outside.
    outputs : list of Value
        What is read of them outside.
    """

    __slots__ = ("inputs", "mask", "needs", "nodes", "outputs")

    def __init__(self, mask: Value) -> None:
        self.mask = mask
        self.nodes: list[Node] = []
        self.inputs: list[Value] = []
        self.outputs: list[Value] = []
        self.needs: set[Side] = set()  # what has to run before

    def finish(self, made: dict[Value, Side], wanted: set[Value]) -> None:
        """See what it reads, and what is read of it."""
        own = [value for node in self.nodes for value in node.outputs]
        read = dict.fromkeys(value for node in self.nodes for value in node.operands())
        self.inputs = [value for value in (self.mask, *read) if made.get(value) is not self]
        self.outputs = [value for value in own if value in wanted]

    def takes(self) -> int:
        """About how many instructions, for each lane."""
        return sum(map(cost, self.nodes))

    def passes(self) -> int:
        """What a jump costs for what comes in and goes out."""
        return PASSED * numbers(self.outputs) + numbers(self.inputs)


# ---- which there are ----


def cost(node: Node) -> int:
    """About how many instructions a node takes, for each lane."""
    if node.cost < 0:
        inner = [item for item in leaves((node.args, node.kwargs)) if type(item) is Program]
        quick = node.function in _QUICK or (node.function in _PLACES and type(node.args[1]) is not Value)
        if inner:
            node.cost = TURNS * sum(cost(other) for program in inner for other in program.nodes)
        elif node.function in ("kind", "fail", np.asarray):
            node.cost = 0
        else:
            node.cost = (1 if quick else SLOW) * max(numbers(node.outputs), 1)
    return node.cost


def numbers(values: Iterable[Value]) -> int:
    """The elements of some values."""
    return sum(math.prod(value.shape) for value in values)


def is_apart(node: Node) -> bool:
    """Whether a node may be part of a side: it works on numbers and small arrays, which lie in registers."""
    return node.function is not fold and all(math.prod(x.shape) < SMALL for x in (*node.operands(), *node.outputs))


class Masks:
    """The masks of some nodes: what each implies, and how much there is under it.

    A mask is a conjunction of *terms*; sets of them are the bits of integers.
    """

    def __init__(self, nodes: Sequence[Node], makers: Callable[[Value], Node | None]) -> None:
        self.makers = makers
        self.terms: dict[Any, int] = {}
        self.bits: dict[Value, int] = {}  # of masks: what holds with them
        self.others: dict[Value, int] = {}  # and without them
        self.costs: dict[Value, int] = {}
        self.raising = 0  # the terms that hold for all lanes that do not raise
        for node in nodes:
            if node.function == "fail":
                self.raising |= self.term(("not", self.plain(self.last(node.args[0]))[0]))
            if node.mask is not None and is_apart(node):
                self.costs[node.mask] = self.costs.get(node.mask, 0) + cost(node)

    def plain(self, mask: Value) -> tuple[Value, Node | None]:
        """A mask, or what it is another kind of, and the node that makes it."""
        node = self.makers(mask)
        while node is not None and node.function == "kind":
            mask = node.args[0]
            node = self.makers(mask)
        return mask, node

    def last(self, mask: Value) -> Value:
        """The innermost condition of a mask."""
        mask, node = self.plain(mask)
        return mask if node is None or node.function is not np.logical_and else self.last(node.args[1])

    def term(self, key: Any) -> int:
        """A term, as a bit."""
        return self.terms.setdefault(key, 1 << len(self.terms))

    def implied(self, mask: Any) -> int:
        """The terms that hold where a mask does."""
        return self.found(mask, np.logical_and, self.bits, lambda value, node: (
            self.term(("not", self.plain(node.args[0])[0])) if node is not None and node.function is np.logical_not
            else self.term(value)
        ))  # fmt: skip

    def denied(self, mask: Any) -> int:
        """The terms that hold where a mask does not."""
        return self.found(mask, np.logical_or, self.others, lambda value, node: self.term(("not", value)) | (
            self.implied(node.args[0]) if node is not None and node.function is np.logical_not else 0
        ))  # fmt: skip

    def found(self, mask: Any, joins: Any, known: dict[Value, int], of_one: Callable[[Value, Node | None], int]) -> int:
        """The terms of all that a mask is joined from."""
        if type(mask) is not Value or mask.shape:
            return 0
        if mask not in known:
            terms, seen, pending = 0, {mask}, [mask]
            while pending:
                value, node = self.plain(pending.pop())
                if node is None or node.function is not joins:
                    terms |= of_one(value, node)
                    continue
                for other in values_in(node.args):
                    if other in known:
                        terms |= known[other]
                    elif other not in seen:
                        seen.add(other)
                        pending.append(other)
            known[mask] = terms
        return known[mask]

    def chosen(self, least: int, most: float, within: Value | None) -> dict[Value, Value]:
        """For masks those of their sides: the outermost under which there is much, but not all."""
        used = {mask: self.implied(mask) for mask in self.costs}
        if len(used) > MANY:
            return {}
        around = self.implied(within) | self.raising
        under = {
            mask: sum(self.costs[other] for other, terms in used.items() if not own & ~terms)
            for mask, own in used.items() if own & ~around
        }  # fmt: skip
        found: dict[Value, Value] = {}
        for mask, total in sorted(under.items(), key=lambda item: -item[1]):
            if not least <= total <= most or any(not used[side] & ~used[mask] for side in found.values()):
                continue
            tight = [x for x in under if not used[mask] & ~used[x] and under[x] >= max(total - LOST, least)]
            found[mask] = min(tight, key=lambda x: under[x])
        sides = list(found.values())
        return {x: side for x, terms in used.items() for side in sides if not used[side] & ~terms}


def needed(nodes: Sequence[Node], results: Iterable[Value], masks: Masks) -> dict[Node, int]:
    """For each node the terms that hold for all lanes in which somebody needs what it gives.

    Where there are others, too, its mask may say less: a result that is chosen among two is needed everywhere.
    """
    found: dict[Node, int] = {}
    facts: dict[Value, int] = dict.fromkeys(results, 0)

    def use(value: Any, terms: int) -> None:
        if type(value) is Value:
            facts[value] = facts.get(value, -1) & terms

    for node in reversed(nodes):
        own = -1
        for value in node.outputs:
            own &= facts.get(value, -1)
        if may_fail(node) or not node.outputs:
            own &= masks.implied(node.mask)
        if node.mask is not None:  # it is false where one of its terms is, and so is what a side gives that is not run
            use(node.mask, masks.implied(node.mask))
        if node.function is np.where and len(node.args) == 3 and not node.kwargs:
            mask, yes, no = node.args
            use(mask, own)
            use(yes, own | masks.implied(mask))
            use(no, own | masks.denied(mask))
        elif node.function is np.logical_and and len(node.args) == 2 and not node.outputs[0].shape:
            own |= masks.implied(node.outputs[0])
            a, b = node.args
            use(a, own | masks.implied(b))
            use(b, own | masks.implied(a))
        else:
            for value in node.operands():
                if value is not node.mask:
                    use(value, own)
            for item in leaves((node.args, node.kwargs)):
                if item is node.mask:
                    use(item, own)
        found[node] = own
    return found


def sides_of(
    nodes: Sequence[Node], results: Iterable[Value], makers: Callable[[Value], Node | None],
    within: Value | None = None, without: Node | None = None, least: int = DEAR,
) -> dict[Node, Side]:  # fmt: skip
    """The sides among some nodes, by the nodes in them.

    Parameters
    ----------
    nodes : sequence of Node
        In order.
    results : iterable of Value
        What others read of them.
    makers : callable
        The node that makes a value, if there is one.
    within : Value, optional
        The mask of the side that they are.
    without : Node, optional
        One that is in no side.
    least : int
        How many instructions are worth a jump.
    """
    if sum(cost(node) for node in nodes if node.mask is not None) < least:
        return {}
    results = list(results)
    masks = Masks(nodes, makers)
    most = math.inf if within is None else sum(map(cost, nodes)) - least
    chosen = masks.chosen(least, most, within)
    if not chosen:
        return {}
    lanes = needed(nodes, results, masks)
    able = [node for node in nodes if is_apart(node) and node is not without]
    sided = {node: (chosen.get(node.mask) if node.mask is not None else None, lanes[node]) for node in able}
    found = grouped(nodes, sided, masks)
    sides = list(dict.fromkeys(found.values()))
    if len(sides) > MOST:
        return {}
    found = only(found, {side for side in sides if side.takes() >= least})
    finished(nodes, found, results)
    small = {side for side in dict.fromkeys(found.values()) if side.takes() < least + side.passes()}
    if small:
        found = only(found, set(found.values()) - small)
        finished(nodes, found, results)
    return found


def only(sides: dict[Node, Side], these: set[Side]) -> dict[Node, Side]:
    """Some of the sides."""
    return {node: side for node, side in sides.items() if side in these}


def finished(nodes: Sequence[Node], sides: dict[Node, Side], results: Iterable[Value]) -> None:
    """See what sides read, and what is read of them."""
    made = {value: side for node, side in sides.items() for value in node.outputs}
    wanted = set(results)
    for node in nodes:
        wanted.update(value for value in node.operands() if made.get(value) is not sides.get(node))
    for side in dict.fromkeys(sides.values()):
        side.finish(made, wanted)


def grouped(nodes: Sequence[Node], able: dict[Node, tuple[Value | None, int]], masks: Masks) -> dict[Node, Side]:
    """Sides of the nodes that may be in one; none needs what is made of it outside, so that it can run at one go.

    Parameters
    ----------
    able : dict
        For each such node the mask of its side, if it is under one, and the terms that hold where it is needed.
    """
    open: dict[Value, Side] = {}
    found: dict[Node, Side] = {}
    makers: dict[Value, Side] = {}
    after: dict[Value, frozenset[Side]] = {}  # of a value that is made outside: the sides that it needs

    def before(node: Node, own: Side | None) -> set[Side]:
        needs: set[Side] = set()
        for value in node.operands():
            side = makers.get(value)
            if side is None:
                needs |= after.get(value, frozenset())
            elif side is not own:
                needs.add(side)
        pending = list(needs)
        while pending:
            fresh = pending.pop().needs - needs
            needs |= fresh
            pending += fresh
        return needs

    def mask_of(node: Node) -> Value | None:
        mask, terms = able.get(node, (None, 0))
        ways = [mask] if mask is not None else dict.fromkeys(makers[x].mask for x in node.operands() if x in makers)
        return next((way for way in ways if not masks.implied(way) & ~terms), None)

    for node in nodes:
        mask = mask_of(node)
        if mask is None:
            first = frozenset(before(node, None))
            after.update((value, first) for value in node.outputs if first)
            continue
        side = open.setdefault(mask, Side(mask))
        needs = before(node, side)
        if side in needs:
            side = open[mask] = Side(mask)
            needs = before(node, side)
        side.needs |= needs
        side.nodes.append(node)
        found[node] = side
        makers.update((value, side) for value in node.outputs)
    return found


def in_order(nodes: Sequence[Node], sides: dict[Node, Side]) -> Iterator[Node | Side]:
    """Nodes, and each side where it is first needed: all that it needs has run by then."""
    made = {value: side for node, side in sides.items() for value in node.outputs}
    left = {side: len(side.nodes) for side in sides.values()}
    done: set[Side] = set()

    def run(side: Side) -> Iterator[Side]:
        if side not in done:
            done.add(side)
            yield from ready(side.inputs)
            yield side

    def ready(values: Iterable[Value]) -> Iterator[Side]:
        for value in values:
            if value in made:
                yield from run(made[value])

    for node in nodes:
        side = sides.get(node)
        if side is None:
            yield from ready(node.operands())
            yield node
            continue
        left[side] -= 1
        if not left[side] and not side.outputs:
            yield from run(side)
    yield from (side for last in left for side in run(last))


def kept_in_order(nodes: Sequence[Node], sides: dict[Node, Side]) -> dict[Node, Side]:
    """The sides all of whose operands are there when they are first needed."""
    while True:
        there: set[Value] = set()
        late: set[Side] = set()
        own = {value for node in nodes for value in node.outputs}
        for step in in_order(nodes, sides):
            if type(step) is Side and not own.intersection(step.inputs) <= there:
                late.add(step)
            there.update(step.outputs)
        if not late:
            return sides
        sides = only(sides, set(sides.values()) - late)
