"""What lanes put together to be added up is computed as one array: a pass from program to program.

A collective takes the lanes of an axis as an axis of an array. Written by one kernel and read by the next, the array
would pass through memory twice. So what is computed of each element is computed of the array instead:
``lane_out(x * 2)`` is ``lane_out(x) * 2``, and all lanes of an argument are the argument. A sum is one loop then.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON
from .cells import lane_in, lane_out
from .ir import Axis, Node, Program, Value, reading, users_of
from .lift import is_quick
from .passes import may_fail
from .rows.elementwise import ELEMENTS

LEAST = 64  # lanes that are a loop
REDUCTIONS = frozenset({np.sum, np.prod, np.max, np.min, np.any, np.all})
OTHERS = frozenset({"astype", np.where})  # of each element, too


def gathered(program: Program) -> Program:
    """Compute what is reduced over lanes as an array."""
    users = users_of(program.nodes)
    results = {x for x in program.results if type(x) is Value}
    found = Gathering(program, users)
    for node in program.nodes:
        asked = node.function is lane_out and node.args[2].size >= LEAST and node.outputs[0] not in results
        if asked and all(user.function in REDUCTIONS for user in users.get(node.outputs[0], ())):
            found.replace(node)
        else:
            found.nodes.append(found.read(node))
    return Program(program.name, program.inputs, found.nodes, program.results)


class Gathering:
    """The pass at work on a program."""

    def __init__(self, program: Program, users: dict[Value, list[Node]]) -> None:
        self.makers = {value: node for node in program.nodes for value in node.outputs}
        self.users = users
        self.nodes: list[Node] = []
        self.known: dict[tuple[Value, int, Axis], Value] = {}
        self.instead: dict[Value, Value] = {}

    def read(self, node: Node) -> Node:
        """A node that reads what stands for its operands."""
        return reading(node, self.instead)

    def replace(self, node: Node) -> None:
        """Compute what a node puts together as an array."""
        value, place, axis = node.args
        self.instead[node.outputs[0]] = self.whole(value, place, axis)

    def whole(self, value: Value, place: int, axis: Axis) -> Value:
        """All lanes of a value, along a new axis at a place."""
        key = (value, place, axis)
        if key not in self.known:
            maker = self.makers.get(value)
            shape = (*value.shape[:place], axis.size, *value.shape[place:])
            axes = tuple([other for other in value.axes if other is not axis])
            new = Value(shape, value.dtype, axes, ARRAY)
            if maker is not None and maker.function is lane_in and maker.args[2] is axis:
                new = self.moved(maker.args[0], maker.args[1], place, new)
            elif maker is not None and maker.function == "kind" and maker.mask is None:
                new = self.whole(maker.args[0], place, axis)
            elif maker is not None and self.is_elementwise(maker):
                args = tuple([self.operand(x, len(value.shape), place, axis) for x in maker.args])
                self.nodes.append(Node(maker.function, args, {}, [new]))
            else:
                self.nodes.append(self.read(Node(lane_out, key, {}, [new])))
            self.known[key] = new
        return self.known[key]

    def moved(self, whole: Value, source: int, place: int, new: Value) -> Value:
        """The array that lanes were taken from, its axis at another place."""
        if source == place:
            return self.instead.get(whole, whole)
        self.nodes.append(self.read(Node(np.moveaxis, (whole, source, place), {}, [new])))
        return new

    def is_elementwise(self, node: Node) -> bool:
        """Whether a node computes each element by itself, and is worth to be done for this alone, or once more."""
        function, values = node.function, [x for x in node.args if type(x) is Value]
        if function not in OTHERS and function not in ELEMENTS:
            return False
        if len(node.outputs) != 1 or node.kwargs or node.mask is not None or may_fail(node):
            return False
        if any(isinstance(x, np.ndarray) for x in node.args):
            return False
        if function != "astype" and any(x.kind == PYTHON and x.dtype != values[0].dtype for x in values):
            return False  # in an array, one of Python's numbers would not be weak
        return is_quick(node) or len(self.users[node.outputs[0]]) == 1

    def operand(self, x: Any, rank: int, place: int, axis: Axis) -> Any:
        """An operand of such a node: with the new axis, or with an axis of one element where it goes."""
        if type(x) is not Value:
            return x
        shape = (*(1,) * (rank - len(x.shape)), *x.shape)
        if axis in x.axes:
            whole = self.whole(x, max(place - (rank - len(x.shape)), 0), axis)
            return self.shaped(whole, (*shape[:place], axis.size, *shape[place:]))
        if not x.shape:
            return self.instead.get(x, x)
        return self.shaped(self.instead.get(x, x), (*shape[:place], 1, *shape[place:]))

    def shaped(self, x: Value, shape: tuple[int, ...]) -> Value:
        """A value in another shape."""
        if x.shape == shape:
            return x
        new = Value(shape, x.dtype, x.axes, ARRAY)
        self.nodes.append(Node(np.reshape, (x, shape), {}, [new]))
        return new
