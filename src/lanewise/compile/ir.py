"""`Program`: what a function does to one example, as a flat list of NumPy calls.

Each value has the shape and dtype of one example and the *set of lane axes* over which it varies. That set is
what a compiler wants to know: it says which loops a value lives in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np


class Axis:
    """A lane axis of a program: a loop, once it is lowered."""

    __slots__ = ("label", "level", "size")

    def __init__(self, size: int, level: int, label: str) -> None:
        self.size = size
        self.level = level
        self.label = label

    def __repr__(self) -> str:
        return f"{self.label}={self.size}"


class Value:
    """One example's value: its shape and dtype, its lane axes (outermost first), and its kind."""

    __slots__ = ("axes", "dtype", "kind", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], axes: tuple[Axis, ...], kind: int) -> None:
        self.shape = shape
        self.dtype = dtype
        self.axes = axes
        self.kind = kind

    def __repr__(self) -> str:
        return f"<{text_of(self)}>"


class Node:
    """One operation: a function, applied to an example's values and to plain arguments among them."""

    __slots__ = ("_operands", "args", "cost", "function", "kwargs", "mask", "outputs")

    def __init__(
        self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Value],
        mask: Value | None = None,
    ) -> None:  # fmt: skip
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.outputs = outputs
        self.mask = mask  # for which lanes it matters; None: for all
        self.cost = -1  # about how many instructions it takes for each lane, once somebody has asked (`sides`)
        self._operands: list[Value] | None = None

    def operands(self) -> list[Value]:
        """The values that the node reads, those that its sub-programs capture among them; asked once it is complete."""
        if self._operands is not None:
            return self._operands
        found: list[Value] = [] if self.mask is None else [self.mask]
        for item in leaves((self.args, self.kwargs)):
            if type(item) is Value:
                found.append(item)
            elif type(item) is Program:
                found.extend(item.free())
        self._operands = found
        return found


class Program:
    """A traced function.

    Attributes
    ----------
    name : str
        The name of the function.
    inputs : list of Value
        The leaves of its arguments that are arrays or floats.
    nodes : list of Node
        What it does, in order.
    results : list
        The leaves of its result: values of the program, or plain ones.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import make_program
    >>> program = make_program(lambda x: np.exp(x) + 1.0)(np.ones(3))
    >>> program
    <lambda>(%0: float64[3]):
      %1: float64[3] = exp(%0)
      %2: float64[3] = add(%1, 1.0)
      return %2
    >>> len(program.nodes)
    2
    """

    __slots__ = ("inputs", "name", "nodes", "results")

    def __init__(self, name: str, inputs: list[Value], nodes: list[Node], results: list[Any]) -> None:
        self.name = name
        self.inputs = inputs
        self.nodes = nodes
        self.results = results

    def free(self) -> list[Value]:
        """The values that a sub-program reads from the program around it."""
        known = set(self.inputs)
        found: dict[Value, None] = {}
        for node in self.nodes:
            found.update((value, None) for value in node.operands() if value not in known)
            known.update(node.outputs)
        found.update((value, None) for value in leaves(self.results) if type(value) is Value and value not in known)
        return list(found)

    def reading(self, known: dict[Value, Value]) -> Program:
        """A sub-program that reads other values from the program around it."""
        if not known:
            return self
        results = [known.get(x, x) if type(x) is Value else x for x in self.results]
        return Program(self.name, self.inputs, [reading(node, known) for node in self.nodes], results)

    def axes(self) -> list[Axis]:
        """Every lane axis of the program's values, outermost first."""
        values = [*self.inputs, *(value for node in self.nodes for value in node.outputs)]
        return sorted({axis for value in values for axis in value.axes}, key=lambda axis: axis.level)

    def __str__(self) -> str:
        return "\n".join(Listing().lines(self))

    __repr__ = __str__


class Listing:
    """The text of a program: values are numbered in the order in which they are made."""

    def __init__(self) -> None:
        self.numbers: dict[Value, str] = {}

    def name(self, value: Value) -> str:
        """``%3``."""
        return self.numbers.setdefault(value, f"%{len(self.numbers)}")

    def lines(self, program: Program, indent: str = "") -> list[str]:
        """The lines of a program, those of its sub-programs indented."""
        heads = ", ".join(f"{self.name(value)}: {text_of(value)}" for value in program.inputs)
        found = [f"{indent}{program.name}({heads}):"]
        for node in program.nodes:
            outputs = ", ".join(f"{self.name(value)}: {text_of(value)}" for value in node.outputs)
            arguments = [self.text(item) for item in node.args if type(item) is not Program]
            arguments += [f"{key}={self.text(item)}" for key, item in node.kwargs.items() if type(item) is not Program]
            found.append(f"{indent}  {outputs} = {function_name(node.function)}({', '.join(arguments)})")
            for item in leaves((node.args, node.kwargs)):
                if type(item) is Program:
                    found += self.lines(item, indent + "    ")
        found.append(f"{indent}  return {', '.join(self.text(value) for value in program.results)}")
        return found

    def text(self, item: Any) -> str:
        """An argument of a node."""
        kind = type(item)
        if kind is Value:
            return self.name(item)
        if kind is tuple or kind is list:
            inner = ", ".join(map(self.text, item))
            return f"[{inner}]" if kind is list else f"({inner}{',' * (len(item) == 1)})"
        if kind is slice:
            return ":".join("" if part is None else self.text(part) for part in (item.start, item.stop, item.step))
        if isinstance(item, np.ndarray) and item.size > 8:
            return f"<{item.dtype}{list(item.shape)}>"
        if isinstance(item, np.ndarray):
            return " ".join(repr(item).split())
        return function_name(item) if callable(item) else repr(item)


def text_of(value: Value) -> str:
    """``float64[3] {i=1000}``."""
    lanes = f" {{{', '.join(map(repr, value.axes))}}}" if value.axes else ""
    return f"{value.dtype}{list(value.shape)}{lanes}"


def function_name(function: Any) -> str:
    """The name of an operation in a listing."""
    if isinstance(function, tuple):  # a method of a ufunc
        return ".".join(map(function_name, function))
    return function if isinstance(function, str) else getattr(function, "__name__", str(function))


# ---- values among the arguments of a node ----


def leaves(tree: Any) -> list[Any]:
    """What is no container among some arguments."""
    found: list[Any] = []
    _gather(tree if type(tree) is tuple else (tree,), found)
    return found


def _gather(items: Iterable[Any], found: list[Any]) -> None:
    for item in items:
        kind = type(item)
        if kind not in NESTED:
            found.append(item)
        elif kind is slice:
            _gather((item.start, item.stop, item.step), found)
        elif item:
            _gather(item.values() if kind is dict else item, found)


def map_leaves(function: Callable[[Any], Any], tree: Any) -> Any:
    """Apply a function to what is no container among some arguments."""
    kind = type(tree)
    if kind is tuple:
        return tuple([map_leaves(function, item) if type(item) in NESTED else function(item) for item in tree])
    if kind is list:
        return [map_leaves(function, item) if type(item) in NESTED else function(item) for item in tree]
    if kind is dict:
        return {key: map_leaves(function, item) for key, item in tree.items()}
    if kind is slice:
        return slice(*[map_leaves(function, item) for item in (tree.start, tree.stop, tree.step)])
    return function(tree)


NESTED = frozenset({tuple, list, dict, slice})


def replaced(tree: Any, old: Any, new: Any) -> Any:
    """The same nest with one leaf in the place of another."""
    return map_leaves(lambda x: new if x is old else x, tree)


def reading(node: Node, known: dict[Value, Value]) -> Node:
    """A node that reads other values; itself, if it reads none of those."""
    if known.keys().isdisjoint(node.operands()):
        return node

    def now(x: Any) -> Any:
        if type(x) is Program:
            return x.reading(known)
        return known.get(x, x) if type(x) is Value else x

    args, kwargs = map_leaves(now, (node.args, node.kwargs))
    return Node(node.function, args, kwargs, node.outputs, now(node.mask))


def users_of(nodes: Iterable[Node]) -> dict[Value, list[Node]]:
    """For each value the nodes that read it."""
    found: dict[Value, list[Node]] = {}
    for node in nodes:
        for x in node.operands():
            found.setdefault(x, []).append(node)
    return found


def union(*groups: tuple[Axis, ...]) -> tuple[Axis, ...]:
    """The axes of a value that depends on values on each of these."""
    first = groups[0] if groups else ()
    if all(axes == first for axes in groups):
        return first
    return tuple(sorted({axis for axes in groups for axis in axes}, key=lambda axis: axis.level))
