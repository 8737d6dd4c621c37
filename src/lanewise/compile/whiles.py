"""Loops of a program made lighter: first turns written out, constants in bodies, nothing carried that nobody needs.

A value that is Python's number before a loop and NumPy's after a turn is carried as both, with a code that says which
it is. The code is another constant from the second turn on; so the first turn is written out, and what remains of the
loop knows what it carries.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import PYTHON, SCALAR
from .ir import Node, Program, Value, leaves, map_leaves, union

LONGEST = 200  # nodes of a body whose first turn is written out
TURNS = 2  # how many turns of a loop are written out, at most
_BOOL, _CODE = np.dtype(bool), np.dtype(np.int8)

Constants = dict[Value, Any]
"""The values of a program that are the same plain scalar in all lanes."""


def lighten(program: Program) -> Program:
    """A program whose loops are made lighter, and that has what is constant in them folded."""
    return _lightened(program, {}).program(program)


def _lightened(program: Program, known: Constants) -> _Lighten:
    work = _Lighten(known)
    for node in program.nodes:
        work.add(node)
    return work


class _Lighten:
    """The nodes of a program in the making, and what is constant among its values."""

    def __init__(self, known: Constants) -> None:
        self.known = known
        self.nodes: list[Node] = []

    def program(self, like: Program) -> Program:
        """The program that they are."""
        return Program(like.name, like.inputs, self.nodes, like.results)

    def add(self, node: Node) -> None:
        """A node, or what stands for it."""
        if node.function == "while":
            self.loop(node, {}, TURNS)
        elif node.function == "scan":
            *rest, body = node.args
            body = _lightened(body, dict(self.known)).program(body)
            self.nodes.append(Node("scan", (*rest, body), node.kwargs, node.outputs, node.mask))
        else:
            self.nodes.append(folded(node, self.known))

    def new(self, function: Any, *args: Value, like: Value | None = None) -> Value:
        """A value of a new node, a mask or like another."""
        axes = union(*[x.axes for x in args])
        value = Value((), _BOOL, axes, SCALAR) if like is None else Value(like.shape, like.dtype, axes, like.kind)
        self.add(Node(function, args, {}, [value]))
        return value

    def loop(self, node: Node, settled: Constants, left: int) -> None:
        """A loop; its first turns may come before it.

        Parameters
        ----------
        settled : dict
            What the body is given that is constant, in all lanes that come to it.
        left : int
            How many turns may yet come before it.
        """
        first, inits, body = node.args
        fixed = {param: self.known[init] for param, init in zip(body.inputs, inits, strict=True) if init in self.known}
        inside = self.inside(body, {**fixed, **settled})
        found = {
            param: inside.known[result] for param, result in zip(body.inputs, body.results[1:], strict=True)
            if param in fixed and param.dtype == _CODE and result in inside.known and param not in inside.known
        }  # fmt: skip
        body = inside.program(body)
        if found and left and _size(body) <= LONGEST:
            self.loop(self.peeled(Node("while", (first, inits, body), node.kwargs, node.outputs, node.mask)),
                      {**settled, **found}, left - 1)  # fmt: skip
            return
        for output, param in zip(node.outputs, body.inputs, strict=True):
            if param in inside.known and param in fixed and same(fixed[param], inside.known[param]):
                self.known[output] = fixed[param]
        self.nodes.append(Node("while", (first, inits, body), node.kwargs, node.outputs, node.mask))

    def inside(self, body: Program, fixed: Constants) -> _Lighten:
        """A loop's body, which knows what is given it that stays constant."""
        while True:
            work = _lightened(body, {**self.known, **fixed})
            kept = {
                param: fixed[param] for param, result in zip(body.inputs, body.results[1:], strict=True)
                if param in fixed and (result is param or same(work.known.get(result), fixed[param]))
            }  # fmt: skip
            if len(kept) == len(fixed):
                return work
            fixed = kept

    def peeled(self, node: Node) -> Node:
        """Write the first turn of a loop; returns what remains of it."""
        first, inits, body = node.args
        if node.mask is not None:
            first = self.new(np.logical_and, first, node.mask)
        always = self.known.get(first) is not None and bool(self.known[first])
        copy = Copy(dict(zip(body.inputs, inits, strict=True)))
        for inner in body.nodes:
            turn = copy.node(inner)
            if not always:
                turn.mask = first if turn.mask is None else self.new(np.logical_and, first, turn.mask)
            self.add(turn)
        test, *values = [copy.now(value) for value in body.results]
        if not always:
            test = self.new(np.logical_and, first, test)
            values = [
                self.new(np.where, first, value, init, like=output)
                for value, init, output in zip(values, inits, node.outputs, strict=True)
            ]
        return Node("while", (test, values, Copy({}).program(body)), node.kwargs, node.outputs, node.mask)


class Copy:
    """Nodes written once more, on other values."""

    def __init__(self, values: dict[Value, Value]) -> None:
        self.values = values

    def now(self, x: Any) -> Any:
        """What stands for something."""
        if type(x) is Program:
            return self.program(x)
        return self.values.get(x, x) if type(x) is Value else x

    def fresh(self, value: Value) -> Value:
        """A new value like one that is made within."""
        found = self.values[value] = Value(value.shape, value.dtype, value.axes, value.kind)
        return found

    def node(self, node: Node) -> Node:
        """A node."""
        args, kwargs = map_leaves(self.now, (node.args, node.kwargs))
        return Node(node.function, args, kwargs, [self.fresh(x) for x in node.outputs], self.now(node.mask))

    def program(self, program: Program) -> Program:
        """A sub-program; its own values are new ones."""
        inputs = [self.fresh(value) for value in program.inputs]
        nodes = [self.node(node) for node in program.nodes]
        return Program(program.name, inputs, nodes, [self.now(x) for x in program.results])


def _size(program: Program) -> int:
    """The nodes of a program and of those in it."""
    inner = [x for node in program.nodes for x in leaves(node.args) if type(x) is Program]
    return len(program.nodes) + sum(map(_size, inner))


def terms(body: Program) -> list[Value]:
    """The conditions that all have to hold for another turn."""
    makers = {value: node for node in body.nodes for value in node.outputs}
    found, pending = [], [body.results[0]]
    while pending:
        value = pending.pop()
        node = makers.get(value)
        if node is not None and node.function in (np.logical_and, "kind"):
            pending.extend(node.args)
        else:
            found.append(value)
    return found


# ---- constants ----

FOLDED: frozenset[Any] = frozenset({
    operator.add, operator.sub, operator.mul, operator.lt, operator.le, operator.gt, operator.ge, operator.eq,
    operator.ne, np.add, np.subtract, np.multiply, np.less, np.less_equal, np.greater, np.greater_equal, np.equal,
    np.not_equal, np.logical_not,
})  # fmt: skip
"""What is computed at once where all operands are constant scalars."""


def same(a: Any, b: Any) -> bool:
    """Whether two constants are the same to the bit."""
    return type(a) is type(b) and np.asarray(a).tobytes() == np.asarray(b).tobytes()


def folded(node: Node, known: Constants) -> Node:
    """A node; a constant, or one of its operands, if that is what it gives."""
    function, args = node.function, node.args
    if len(node.outputs) != 1 or node.outputs[0].shape or node.kwargs:
        return node
    value = node.outputs[0]
    if function is np.asarray and isinstance(args[0], np.ndarray):
        return _fixed(node, args[0][()], known)
    if function in FOLDED and all(x in known if type(x) is Value else np.isscalar(x) for x in args):
        with np.errstate(all="ignore"):
            return _fixed(node, function(*[known.get(x, x) if type(x) is Value else x for x in args]), known)
    rule = _CHOICES.get(function)
    taken = None if rule is None else rule(args, known)
    if type(taken) is not Value:
        return node if taken is None else _fixed(node, taken, known)
    if taken in known:
        return _fixed(node, known[taken], known)
    if (taken.shape, taken.dtype) != (value.shape, value.dtype):
        return node
    return Node("kind", (taken,), {}, node.outputs, node.mask)


def _fixed(node: Node, found: Any, known: Constants) -> Node:
    value, data = node.outputs[0], np.asarray(found)
    if data.shape or data.dtype != value.dtype or data.dtype.kind not in "biufc":
        return node
    known[value] = data.item() if value.kind == PYTHON else data[()]
    return Node(np.asarray, (data,), {}, node.outputs)


def _chosen(args: tuple[Any, ...], known: Constants) -> Any:
    mask, yes, no = args
    if mask in known:
        return yes if known[mask] else no
    return yes if yes is no or (yes in known and same(known[yes], known.get(no))) else None


def _neutral(neutral: bool) -> Callable[..., Any]:
    """``and`` or ``or`` with an operand that is constant."""

    def rule(args: tuple[Any, ...], known: Constants) -> Any:
        for x, other in (args, args[::-1]):
            if x in known:
                return other if bool(known[x]) is neutral else np.bool_(not neutral)
        return args[0] if args[0] is args[1] else None

    return rule


_CHOICES: dict[Any, Callable[..., Any]] = {
    np.where: _chosen, np.logical_and: _neutral(True), np.logical_or: _neutral(False), "kind": lambda args, _: args[0],
}  # fmt: skip
