"""What the lanes of a loop share goes into a loop of its own: it runs once, not once for each vector of lanes.

A loop of so many turns, whatever the lanes hold, computes in each turn what they share, and what is each lane's. What
they share comes first, in a loop that stacks what the lanes need of it; then theirs reads a row of it in each turn.
"""

from __future__ import annotations

import math
import operator

import numpy as np

from ..array import ARRAY
from .ir import Axis, Node, Program, Value, union
from .whiles import Copy, terms

LENGTH = 4096  # turns of a loop, at most
ROOM = 4096  # numbers that are stacked, at most: what a first cache holds
LANES = 32  # for which there may be one, each
WORTH = 3  # operations that are shared, from which on it pays
_COUNTING = frozenset({operator.add, operator.lt, operator.gt, operator.le, operator.ge, np.asarray, "kind"})


def hoisted(program: Program) -> Program:
    """A program whose loops compute what lanes share in loops before them."""
    makers = {value: node for node in program.nodes for value in node.outputs}
    nodes = []
    for node in program.nodes:
        nodes += _hoisted(node, makers) if node.function == "while" and node.mask is None else [node]
    return Program(program.name, program.inputs, nodes, program.results)


def _hoisted(node: Node, makers: dict[Value, Node]) -> list[Node]:
    body = node.args[2]
    axes = union(*[value.axes for value in (*body.inputs, *body.free())])
    length = length_of(node, makers) if axes else None
    if length is None:
        return [node]
    work = _Shared(body, node.args[1], set(axes[:-1]))
    if not work.pays(length):
        return [node]
    return work.loops(node, length)


def length_of(node: Node, makers: dict[Value, Node]) -> int | None:
    """How many turns a loop takes, if that is known: it counts by a constant up to a constant."""
    first, inits, body = node.args
    if constant_of(first, makers) is not True:
        return None
    inside = {value: own for own in body.nodes for value in own.outputs}
    (test, *more) = terms(body)
    own = inside.get(test)
    if more or own is None or own.function not in (operator.lt, operator.gt) or type(own.args[1]) is not int:
        return None
    for init, param, new in zip(inits, body.inputs, body.results[1:], strict=True):
        step, start = counted(param, new, inside), constant_of(init, makers)
        if step is not None and type(start) is int and own.args[0] is new:
            if (step > 0) is not (own.function is operator.lt):
                return None
            turns = max(-((start - own.args[1]) // step), 1)
            return turns if turns <= LENGTH else None
    return None


def constant_of(value: Value, makers: dict[Value, Node]) -> bool | int | float | None:
    """The plain scalar that a value is; None if that is not known."""
    node = makers.get(value)
    while node is not None and node.function == "kind" and type(node.args[0]) is Value:
        node = makers.get(node.args[0])
    if node is None or node.function is not np.asarray or node.kwargs or not isinstance(node.args[0], np.ndarray):
        return None
    found: bool | int | float | None = node.args[0].item() if not node.args[0].shape else None
    return found


def counted(param: Value, new: Value, makers: dict[Value, Node]) -> int | None:
    """What is added to a number in each turn, if that is a constant."""
    node = makers.get(new)
    if node is None or node.function is not operator.add or node.args[0] is not param or type(node.args[1]) is not int:
        return None
    return node.args[1] or None


class _Shared:
    """The nodes of a loop's body, those that lanes share apart from the others.

    Parameters
    ----------
    own : set of Axis
        The lane axes that what is shared may have: all but the innermost.
    """

    def __init__(self, body: Program, inits: list[Value], own: set[Axis]) -> None:
        self.body, self.inits, self.own = body, inits, own
        self.carried = dict(zip(body.inputs, body.results[1:], strict=True))
        free = [value for value in body.free() if own.issuperset(value.axes)]
        params = {x for x, init in zip(body.inputs, inits, strict=True) if own.issuperset((*x.axes, *init.axes))}
        while True:  # what is carried is shared if what a turn makes of it is
            self.nodes, self.values = self.depending({*params, *free})
            kept = {x for x in params if self.carried[x] in self.values}
            if kept == params:
                break
            params = kept
        self.params = [x for x in body.inputs if x in params]
        shared = set(self.nodes)
        self.others = [node for node in body.nodes if node not in shared]
        self.simple = self.counting()

    def depending(self, known: set[Value]) -> tuple[list[Node], set[Value]]:
        """The nodes that depend on nothing but some values, and what is known by them."""
        known, found = set(known), []
        for node in self.body.nodes:
            if known.issuperset(node.operands()) and self.own.issuperset(union(*[x.axes for x in node.outputs])):
                found.append(node)
                known.update(node.outputs)
        return found, known

    def counting(self) -> set[Value]:
        """What only counts, or is constant: each loop has its own."""
        makers = {value: node for node in self.nodes for value in node.outputs}
        found = {x for x in self.params if counted(x, self.carried[x], makers) is not None}
        for node in self.nodes:
            if node.function in _COUNTING and found.issuperset(node.operands()):
                found.update(node.outputs)
        return found

    def asked(self) -> list[Value]:
        """What lanes need of it in each turn."""
        others = {x for node in self.others for x in node.operands()}
        others.update(new for x, new in self.carried.items() if x not in self.params)
        return [x for x in (*self.params, *(x for node in self.nodes for x in node.outputs)) if x in others]

    def pays(self, length: int) -> bool:
        """Whether two loops take less time than one."""
        work = [node for node in self.nodes if not self.simple.issuperset(node.outputs)]
        sizes = [math.prod(x.shape) * (1 + (x.dtype.kind == "c")) * (LANES if x.axes else 1) for x in self.stacked()]
        return len(self.params) < len(self.body.inputs) and len(work) >= WORTH and length * sum(sizes) <= ROOM

    def stacked(self) -> list[Value]:
        """What is stacked for the loop of the lanes."""
        return [x for x in self.asked() if x not in self.simple]

    def loops(self, node: Node, length: int) -> list[Node]:
        """The two loops that stand for one."""
        outputs = dict(zip(self.body.inputs, node.outputs, strict=True))
        inits = dict(zip(self.body.inputs, self.inits, strict=True))
        rows = self.stacked()
        tall = [Value((length, *x.shape), x.dtype, x.axes, ARRAY) for x in rows]
        first = Program("body", self.params, self.nodes, [*(self.carried[x] for x in self.params), *rows])
        before = Node(
            "scan", (length, False, [inits[x] for x in self.params], [], Copy({}).program(first)), {},
            [*(outputs[x] for x in self.params), *tall],
        )  # fmt: skip
        params = [x for x in self.body.inputs if x in self.simple or x not in self.params]
        counting = [x for x in self.nodes if self.simple.issuperset(x.outputs) and x.outputs]
        second = Program("body", [*params, *rows], [*counting, *self.others], [self.carried[x] for x in params])
        made = [like(x) if x in self.simple else outputs[x] for x in params]
        args = (length, False, [inits[x] for x in params], tall, Copy({}).program(second))
        return [before, Node("scan", args, {}, made)]


def like(value: Value) -> Value:
    """A new value of the same type."""
    return Value(value.shape, value.dtype, value.axes, value.kind)


def passed_on(program: Program) -> set[Value]:
    """What loops stack for other loops to go through, and for nothing else: it need not be in registers."""
    found: set[Value] = set()
    read = {x for x in program.results if type(x) is Value}
    for node in program.nodes:
        if node.function == "scan":
            _, _, inits, _, body = node.args
            found.update(node.outputs[len(inits) :])
            read.update(inits, body.free(), [] if node.mask is None else [node.mask])
        else:
            read.update(node.operands())
    return found - read


__all__ = ["hoisted", "passed_on"]
