"""From program to program: constants folded, common subexpressions shared, dead code gone."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON
from .cells import lane_in, lane_out, put, written
from .hoist import hoisted
from .ir import NESTED, Axis, Node, Program, Value, leaves, map_leaves, reading, union
from .tape import call_plain
from .whiles import Copy, lighten


def simplify(program: Program) -> Program:
    """Every pass, in order."""
    from .gathered import gathered

    return dead_code(apart(hoisted(dead_code(common(gathered(lighten(fold_constants(program))))))))


# ---- constants ----


def fold_constants(program: Program) -> Program:
    """Compute at once what depends on nothing."""
    known: dict[Value, Any] = {}
    nodes = []
    for node in program.nodes:
        operands = node.operands()
        if (
            node.function not in (lane_in, lane_out, "kind", "while", "scan", "recurse")
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
    for node in program.nodes:
        node = reading(node, known)
        key = _identity(node)
        same = seen.get(key) if key is not None else None
        if same is not None:
            known.update(zip(node.outputs, same, strict=True))
            continue
        if key is not None:
            seen[key] = node.outputs
        nodes.append(node)
    results = [known.get(x, x) if type(x) is Value else x for x in program.results]
    return Program(program.name, program.inputs, nodes, results)


def _identity(node: Node) -> Any:
    """What two nodes that compute the same share; None where that can't be told."""
    parts: list[Any] = [node.function, tuple(sorted(node.kwargs)), node.mask]
    for item in leaves((node.args, node.kwargs)):
        if type(item) in (Value, Axis):
            parts.append(item)
        elif type(item) is Program:
            return None
        elif isinstance(item, np.ndarray):
            parts.append((item.dtype, item.shape, item.tobytes()) if item.size <= 64 else id(item))
        else:
            parts.append((type(item), repr(item)))
    nested = node.kwargs or any(type(x) in NESTED for x in node.args)
    parts.append(_form((node.args, node.kwargs)) if nested else len(node.args))
    parts += [(value.shape, value.dtype, value.kind) for value in node.outputs]
    return tuple(parts)


def _form(tree: Any) -> Any:
    """The containers among some arguments."""
    if type(tree) in (tuple, list):
        return (type(tree), tuple([_form(x) for x in tree]))
    if type(tree) is dict:
        return (dict, tuple([_form(x) for x in tree.values()]))
    return slice if type(tree) is slice else None


_RAISING = frozenset({
    "fail", "recurse", written, operator.truediv, operator.floordiv, operator.mod, operator.pow, operator.lshift,
    operator.rshift, int, round, np.linalg.solve, np.linalg.inv, np.linalg.cholesky, np.linalg.matrix_power,
    np.linalg.eigh, np.linalg.eigvalsh, np.linalg.eig, np.linalg.eigvals, np.linalg.svd, np.linalg.svdvals,
    np.linalg.lstsq, np.linalg.pinv, np.take_along_axis,
})  # fmt: skip


def may_fail(node: Node) -> bool:
    """Whether an operation may raise in some lanes, so that it has to run even if nobody uses what it gives."""
    function = node.function
    if function in _RAISING or getattr(function, "__module__", "") in ("math", "scipy.linalg._basic"):
        return True
    if function in (operator.getitem, put):  # by a computed index
        return any(type(x) is Value and x.dtype != bool for x in leaves(node.args[1]))
    if isinstance(function, np.ufunc) and function not in _COMPARISONS and _has_weak_integer(node):
        return True
    return any(type(x) is Program and any(map(may_fail, x.nodes)) for x in leaves(node.args))


_COMPARISONS = frozenset({np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal})


def _has_weak_integer(node: Node) -> bool:
    """Whether an integer of Python's meets a dtype that may not hold it."""
    weak = any(type(x) is Value and x.kind == PYTHON and x.dtype == np.int64 for x in node.args)
    return weak and any(value.dtype.kind in "iu" and value.dtype != np.int64 for value in node.outputs)


def dead_code(program: Program, checks: bool = True) -> Program:
    """Leave out what no result depends on; ``checks`` keeps what may raise."""
    needed = {value for value in program.results if type(value) is Value}
    nodes = []
    for node in reversed(program.nodes):
        if needed.intersection(node.outputs) or (checks and may_fail(node)):
            node = _less(node, needed, checks)
            nodes.append(node)
            needed.update(node.operands())
    return Program(program.name, program.inputs, nodes[::-1], program.results)


def _less(node: Node, needed: set[Value], checks: bool) -> Node:
    """A loop without what it carries for nobody, its body without what it does for nobody."""
    if node.function not in ("while", "scan"):
        return node
    *lead, inits, rows, body = node.args if node.function == "scan" else (*node.args[:2], [], node.args[2])
    count = len(inits)
    ahead = len(body.results) - len(node.outputs)  # the test of a ``while``
    kept = {n for n, output in enumerate(node.outputs) if output in needed}
    while True:
        results = [*body.results[:ahead], *(body.results[n + ahead] for n in sorted(kept))]
        inner = dead_code(Program(body.name, body.inputs, body.nodes, results), checks)
        asked = {*inner.results, *(value for node in inner.nodes for value in node.operands())}
        more = {n for n, param in enumerate(body.inputs[:count]) if param in asked}
        if more <= kept:
            break
        kept |= more
    carried = [n for n in sorted(kept) if n < count]
    read = [n for n, param in enumerate(body.inputs[count:]) if param in asked]
    inner.inputs = [body.inputs[n] for n in carried] + [body.inputs[count + n] for n in read]
    args = [*lead, [inits[n] for n in carried], *([[rows[n] for n in read]] if node.function == "scan" else []), inner]
    return Node(node.function, tuple(args), node.kwargs, [node.outputs[n] for n in sorted(kept)], node.mask)


# ---- what lanes share in loops that differ between lanes ----


def apart(program: Program) -> Program:
    """Give what a loop computes for all lanes alike, and what a result of fewer lane axes needs, a loop of its own."""
    asked: dict[Value, list[Any]] = {}  # of each value the results that need it, as the lane axes that they have
    for value in program.results:
        if type(value) is Value:
            asked.setdefault(value, []).append(set(value.axes))
    nodes: list[Node] = []
    for node in reversed(program.nodes):
        for made in _parted(node, asked) if node.function in ("while", "scan") else [node]:
            nodes.append(made)
            lanes = {made.args[2]} if made.function is lane_out else set()
            results = [own | lanes for x in made.outputs for own in asked.get(x, ())]
            if may_fail(made):  # a check is a result, too
                results.append({axis for x in (*made.outputs, *made.operands()) for axis in x.axes})
            for x in made.operands():
                known = asked.setdefault(x, [])
                known += [own for own in results if own not in known]
    return Program(program.name, program.inputs, nodes[::-1], program.results)


def _parted(node: Node, asked: dict[Value, list[Any]]) -> list[Node]:
    """A loop, and before it those of what other lanes need as well."""
    axes = set(union(*[x.axes for x in node.operands()]))
    shared = [x for x in node.outputs if any(not axes <= own for own in asked.get(x, ()))]
    found = []
    for own in dict.fromkeys([x.axes for x in shared]):
        alike = [x for x in shared if x.axes == own]
        alone = Node(node.function, node.args, node.kwargs, node.outputs)
        (alone,) = dead_code(Program("", [], [alone], alike), checks=False).nodes
        if all(set(own).issuperset(x.axes) for x in alone.operands()):
            made = Copy({}).node(alone)
            made.outputs = [x if x in alike else y for x, y in zip(alone.outputs, made.outputs, strict=True)]
            outputs = [Value(x.shape, x.dtype, x.axes, x.kind) if x in alike else x for x in node.outputs]
            node = Node(node.function, node.args, node.kwargs, outputs, node.mask)
            found.append(made)
    return [node, *found]
