"""From program to program: composites taken apart, constants folded, common subexpressions shared, dead code gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import ARRAY
from .ir import Axis, Node, Program, Value, leaves, map_leaves
from .trace import Recorder, call_plain, lane_in, lane_out, recording

Formula = Callable[..., Any]

FORMULAS: dict[Any, Formula] = {}
"""Composites in terms of simpler functions: what NumPy computes, written for one example."""


def formula(*functions: Any) -> Callable[[Formula], Formula]:
    """Enter a formula for these functions."""

    def enter(rule: Formula) -> Formula:
        for function in functions:
            FORMULAS[function] = rule
        return rule

    return enter


class NoFormula(Exception):
    """The arguments are of a kind that the formula does not cover."""


def simplify(program: Program) -> Program:
    """Every pass, in order."""
    return dead_code(common(fold_constants(decompose(program))))


# ---- composites ----


def decompose(program: Program) -> Program:
    """Take composites apart."""
    if not any(node.function in FORMULAS for node in program.nodes):
        return program
    recorder = Recorder(program.name)
    recorder.adopt(program.axes())
    known: dict[Value, Value] = {}
    nodes: list[Node] = []

    def now(x: Any) -> Any:
        return known.get(x, x) if type(x) is Value else x

    for node in program.nodes:
        args, kwargs = map_leaves(now, (node.args, node.kwargs))
        rule = FORMULAS.get(node.function)
        if rule is not None:
            part: list[Node] = []
            recorder.scope.nodes = part
            try:
                handles = map_leaves(lambda x: recorder.new(x) if type(x) is Value else x, (args, kwargs))
                with recording(recorder), np.errstate(all="ignore"):
                    made = rule(*handles[0], **handles[1])
                found = recorder.value(recorder.cell_of(made))
                if (found.shape, found.dtype) != (node.outputs[0].shape, node.outputs[0].dtype):
                    raise NoFormula
            except NoFormula:
                pass
            else:
                nodes += part
                known[node.outputs[0]] = found
                continue
        nodes.append(Node(node.function, args, kwargs, node.outputs))
    results = [_of_kind(now(x), x, nodes) for x in program.results]
    return Program(program.name, program.inputs, nodes, results)


def _of_kind(new: Any, old: Any, nodes: list[Node]) -> Any:
    """A result as the kind of value that the program is to return."""
    if new is old or new.kind == old.kind:
        return new
    found = Value(new.shape, new.dtype, new.axes, old.kind)
    nodes.append(Node("kind", (new,), {}, [found]))
    return found


def _count(x: Any, axis: Any) -> int:
    if axis is None:
        return int(x.size)
    axes = axis if isinstance(axis, tuple) else (axis,)
    return int(np.prod([x.shape[n] for n in axes]))


def _only(options: dict[str, Any]) -> bool:
    """``keepdims`` of some options, which must hold nothing else."""
    keepdims = options.pop("keepdims", np._NoValue)
    for value in options.values():
        if value is not np._NoValue and value is not None:
            raise NoFormula
    return keepdims is True


def _real(x: Any, dtype: Any) -> Any:
    if dtype is not None or x.dtype.kind not in "fiubc" or (x.dtype.itemsize < 4 and x.dtype.kind == "f") or not x.size:
        raise NoFormula
    return x if x.dtype.kind in "fc" else x.astype(float)


@formula(np.mean)
def mean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, **options: Any) -> Any:
    """The mean."""
    x = _real(a, dtype)
    return np.sum(x, axis=axis, keepdims=_only(options)) / x.dtype.type(_count(x, axis))


@formula(np.var)
def var(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, **options: Any) -> Any:
    """The variance."""
    x = _real(a, dtype)
    if x.dtype.kind == "c":
        raise NoFormula
    keepdims = _only(options)
    count = _count(x, axis)
    apart = x - np.sum(x, axis=axis, keepdims=True) / x.dtype.type(count)
    return np.sum(apart * apart, axis=axis, keepdims=keepdims) / x.dtype.type(max(count - ddof, 0))


@formula(np.std)
def std(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, **options: Any) -> Any:
    """The standard deviation."""
    return np.sqrt(var(a, axis, dtype, out, ddof, **options))


@formula(np.ptp)
def ptp(a: Any, axis: Any = None, out: Any = None, **options: Any) -> Any:
    """The range of the values."""
    keepdims = _only(options)
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


@formula(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The usual norm, and those of vectors by number."""
    x = _real(x, None)
    vector = x.ndim == 1 if axis is None else isinstance(axis, int)
    if ord is None or (vector and ord == 2) or ord == "fro":
        square = x.real * x.real + x.imag * x.imag if x.dtype.kind == "c" else x * x
        return np.sqrt(np.sum(square, axis=axis, keepdims=keepdims))
    if vector and ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    if vector and ord in (np.inf, -np.inf):
        return (np.max if ord > 0 else np.min)(np.abs(x), axis=axis, keepdims=keepdims)
    raise NoFormula


@formula(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """The norm of a vector."""
    if axis is None and not keepdims:
        x, axis = np.ravel(x), 0
    if axis is None:
        raise NoFormula
    return norm(x, ord, axis, keepdims)


@formula(np.nansum)
def nansum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, **options: Any) -> Any:
    """The sum of what is not nan."""
    if dtype is not None or a.dtype.kind != "f":
        raise NoFormula
    return np.sum(np.where(np.isnan(a), a.dtype.type(0), a), axis=axis, keepdims=_only(options))


@formula(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """Horner's rule."""
    found: Any = np.zeros_like(x)
    for n in range(len(p)):
        found = found * x + p[n]
    return found


# ---- constants ----


def fold_constants(program: Program) -> Program:
    """Compute at once what depends on nothing."""
    known: dict[Value, Any] = {}
    nodes = []
    for node in program.nodes:
        operands = node.operands()
        if (
            node.function not in (lane_in, lane_out, "kind", "while", "cond", "scan")
            and len(node.outputs) == 1
            and not node.kwargs.get("kept")
            and all(x in known for x in operands)
            and node.outputs[0].kind == ARRAY
        ):
            args, kwargs = map_leaves(lambda x: known.get(x, x) if type(x) is Value else x, (node.args, node.kwargs))
            try:
                with np.errstate(all="ignore"):
                    found = np.asarray(call_plain(node.function, args, kwargs))
            except Exception:
                found = None
            value = node.outputs[0]
            if found is not None and found.shape == value.shape and found.dtype == value.dtype:
                known[value] = found
                nodes.append(Node(np.asarray, (found,), {}, [value]))
                continue
        nodes.append(node)
    return Program(program.name, program.inputs, nodes, program.results)


# ---- common subexpressions and dead code ----


def common(program: Program) -> Program:
    """Make what is computed twice only once."""
    known: dict[Value, Value] = {}
    seen: dict[Any, list[Value]] = {}
    nodes = []

    def now(x: Any) -> Any:
        return known.get(x, x) if type(x) is Value else x

    for node in program.nodes:
        args, kwargs = map_leaves(now, (node.args, node.kwargs))
        node = Node(node.function, args, kwargs, node.outputs)
        key = _identity(node)
        same = seen.get(key) if key is not None else None
        if same is not None:
            known.update(zip(node.outputs, same, strict=True))
            continue
        if key is not None:
            seen[key] = node.outputs
        nodes.append(node)
    return Program(program.name, program.inputs, nodes, [now(x) for x in program.results])


def _identity(node: Node) -> Any:
    """What two nodes that compute the same share; None where that can't be told."""
    parts: list[Any] = [node.function, tuple(sorted(node.kwargs))]
    for item in leaves((node.args, node.kwargs)):
        if type(item) in (Value, Axis):
            parts.append(item)
        elif type(item) is Program:
            return None
        elif isinstance(item, np.ndarray):
            parts.append((item.dtype, item.shape, item.tobytes()) if item.size <= 64 else id(item))
        else:
            parts.append((type(item), repr(item)))
    parts.append(_form((node.args, node.kwargs)))
    parts += [(value.shape, value.dtype, value.kind) for value in node.outputs]
    return tuple(parts)


def _form(tree: Any) -> Any:
    """The containers among some arguments."""
    if type(tree) in (tuple, list):
        return (type(tree), tuple([_form(x) for x in tree]))
    if type(tree) is dict:
        return (dict, tuple([_form(x) for x in tree.values()]))
    return slice if type(tree) is slice else None


def dead_code(program: Program) -> Program:
    """Leave out what no result depends on."""
    needed = {value for value in program.results if type(value) is Value}
    nodes = []
    for node in reversed(program.nodes):
        if needed.intersection(node.outputs):
            nodes.append(node)
            needed.update(node.operands())
    return Program(program.name, program.inputs, nodes[::-1], program.results)
