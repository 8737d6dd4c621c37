"""Control flow in programs: ``while`` and ``scan`` as nodes with a sub-program, branches as choices under a mask.

A loop's body is traced on fresh values that stand for what it carries. If what it gives has another dtype or more
lane axes than what went in, it is traced again with those; arrays from outside that it writes are carried, too.
Both sides of a branch are traced one after the other; a node knows the mask under which it matters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import optree

from ..array import ARRAY, PYTHON, SCALAR, LaneArray
from ..tree import flatten, flatten_results
from .cells import Cell, Scope, Untraceable
from .either import differ
from .ir import Program, Value, union
from .lists import plainly
from .trace import Recorder

TRIES = 8  # how often a loop's body is traced before it is given up


class Carried:
    """A loop being traced: what it carries, and the arrays from outside that it writes."""

    def __init__(self, recorder: Recorder, values: list[Any]) -> None:
        self.recorder = recorder
        self.starts = [recorder.as_value(x) for x in values]
        self.kinds = [(x.shape, x.dtype, x.axes, x.kind) for x in self.starts]
        self.either = [x in recorder.doubtful for x in self.starts]  # whether they are Python's in some lanes
        self.cells: list[Cell] = []  # written in the body
        self.scope: Scope | None = None
        self.params: list[Value] = []
        self.outer = recorder.scope
        self.others: list[set[Cell]] = [self.roots(x) for x in values]  # the arrays from outside that each may be

    def roots(self, x: Any) -> set[Cell]:
        """The arrays from outside that share memory with a value."""
        if type(x) is not LaneArray or x.kind != ARRAY:
            return set()
        roots = self.recorder.cell_of(x).roots()
        return roots if self.scope is None else {root for root in roots if not self.scope.holds(root.scope)}

    def watched(self, cells: list[Cell]) -> list[LaneArray]:
        """Values that are carried, which nobody may read once an array is written that they may be."""
        r = self.recorder
        for cell, others in zip(cells, self.others, strict=True):
            cell.others = {other: other.version for other in others}
        return [r.handle(cell) for cell in cells]

    def typed(self) -> list[Value]:
        """New values of the types that are carried."""
        values = [Value(*kind) for kind in self.kinds]
        self.recorder.doubtful.update(value for value, either in zip(values, self.either, strict=True) if either)
        return values

    def begin(self) -> list[LaneArray]:
        """Begin to trace the body: the values that it starts from."""
        r = self.recorder
        self.scope = Scope(None, self.outer)
        self.scope.nodes = []
        self.scope.path = None
        r.scope = self.scope
        self.params = self.typed()
        count = len(self.kinds) - len(self.cells)
        for cell, value in zip(self.cells, self.params[count:], strict=True):
            cell.value = value
            cell.version += 1
        return self.watched([r.cell(value) for value in self.params[:count]])

    def end(self, results: list[Any], axes: tuple[Any, ...] = ()) -> list[Value] | None:
        """End the body: what it gives, as values of the types that it carries; None if it has to be traced again.

        Parameters
        ----------
        axes : tuple of Axis
            Lane axes that what decides about going on varies over: so does all that is carried, then.
        """
        r, scope = self.recorder, self.scope
        assert scope is not None
        values = [r.as_value(x) for x in results]
        fresh = [cell for cell in scope.written if cell not in self.cells]
        values += [cell.value for cell in self.cells]
        others = [known | self.roots(x) for known, x in zip(self.others, results, strict=True)]
        again = bool(fresh) or others != self.others
        self.others = others
        kinds = []
        for n, (old, new) in enumerate(zip(self.kinds, values, strict=True)):
            kind = joined(old, new, axes)
            either = self.either[n] or new in r.doubtful or (kind[3] == PYTHON and differ(old[3], new.kind))
            again = again or kind != old or either != self.either[n]
            self.either[n] = either
            kinds.append(kind)
        found = None if again else [r.cast(value, kind) for value, kind in zip(values, kinds, strict=True)]
        scope.undo()
        r.scope = self.outer
        self.kinds = kinds
        for cell in fresh:
            self.cells.append(cell)
            self.starts.append(cell.value)
            value = cell.value
            self.kinds.append((value.shape, value.dtype, union(value.axes, axes), value.kind))
            self.either.append(False)
        return found

    def finish(self, outputs: list[Value]) -> list[LaneArray]:
        """After the loop: the values carried out of it; what was written is written."""
        r = self.recorder
        count = len(outputs) - len(self.cells)
        for cell, value in zip(self.cells, outputs[count:], strict=True):
            r.rewrite(cell, value)
        cells = [r.cell(value) for value in outputs[:count]]
        for cell in cells:
            cell.frozen = cell.value.kind == ARRAY
        return self.watched(cells)

    def see_lists(self) -> None:
        """Refuse lists that the body of a loop of `lax` changes."""
        assert self.scope is not None
        if self.scope.lists or self.scope.bound:
            raise Untraceable("a list, or a variable of a function around, is changed in a loop of lax")

    def inits(self) -> list[Value]:
        """What goes in, in the types that are carried."""
        return [self.recorder.cast(x, kind) for x, kind in zip(self.starts, self.kinds, strict=True)]


def joined(old: Any, new: Value, axes: tuple[Any, ...]) -> Any:
    """The type of what a loop carries, from what went in and what came out."""
    shape, dtype, own, kind = old
    if new.shape != shape:
        raise Untraceable(f"a value that a loop carries changes its shape from {shape} to {new.shape}")
    if (new.dtype, new.kind) != (dtype, kind):
        if {kind, new.kind} == {ARRAY, SCALAR} and shape:
            raise Untraceable("a value that a loop carries changes its kind")
        weak_old, weak_new = kind == PYTHON, new.kind == PYTHON
        if weak_old == weak_new:
            dtype = np.result_type(dtype, new.dtype)
        elif weak_old:
            dtype = np.result_type(new.dtype, _sample(dtype))
        else:
            dtype = np.result_type(dtype, _sample(new.dtype))
        if dtype.kind not in "biufc":
            raise Untraceable("a value that a loop carries changes its type")
        if weak_old != weak_new and old[1] == new.dtype and ARRAY not in (kind, new.kind):
            kind = PYTHON  # which leaves to the ordinary way what only NumPy's numbers can do
        else:
            kind = PYTHON if weak_old and weak_new else ARRAY if ARRAY in (kind, new.kind) else SCALAR
    return (shape, dtype, union(own, new.axes, axes), kind)


def _sample(dtype: np.dtype[Any]) -> Any:
    return {"b": False, "i": 0, "u": 0, "f": 0.0, "c": 0j}[dtype.kind]


def while_loop(r: Recorder, cond_fun: Callable[[Any], Any], body_fun: Callable[[Any], Any], init: Any) -> Any:
    """``lax.while_loop`` as a node.

    Parameters
    ----------
    r : Recorder
        Of the trace at work.
    cond_fun, body_fun, init
        As `lax.while_loop` has them.
    """
    from ..lax._types import Typed, check_alike, follows

    init = plainly(init)
    before = Typed.of(*flatten(init))
    leaves, spec = flatten_results(init)
    first = r.truth(cond_fun(init))
    carried = Carried(r, leaves)
    for _ in range(TRIES):
        state = optree.tree_unflatten(spec, carried.begin())
        new = body_fun(state)
        headline = "while_loop: body_fun changes the {aspect} of {where}"
        check_alike(headline, "init_val", ["before", "after"], before, Typed.of(*flatten(new)), follows)
        found, _ = flatten_results(new)
        test = r.truth(cond_fun(new))
        carried.see_lists()
        values = carried.end([*found], union(first.axes, test.axes))
        if values is not None:
            outputs = emit_while(r, carried, first, test, values)
            return optree.tree_unflatten(spec, outputs)
    raise Untraceable("what a loop carries does not settle")


def emit_while(r: Recorder, carried: Carried, first: Value, test: Value, values: list[Value]) -> list[LaneArray]:
    """The node of a loop that has been traced."""
    assert carried.scope is not None
    body = Program("body", carried.params, carried.scope.nodes, [test, *values])
    outputs = carried.typed()
    r.add_node("while", (first, carried.inits(), body), {}, outputs)
    return carried.finish(outputs)


def scan(r: Recorder, f: Callable[[Any, Any], Any], init: Any, xs: Any, length: int, reverse: bool = False) -> Any:
    """``lax.scan`` as a node; ``xs`` may be None.

    Returns
    -------
    tuple
        What is carried in the end, and the stacked outputs.
    """
    leaves, spec = flatten_results(plainly(init))
    steps, steps_spec = flatten_results(plainly(xs)) if xs is not None else ([], None)
    rows = [r.as_value(x) for x in numbers(steps)]
    carried = Carried(r, numbers(leaves))
    for _ in range(TRIES):
        state = optree.tree_unflatten(spec, among(leaves, carried.begin()))
        slices = [Value(x.shape[1:], x.dtype, x.axes, ARRAY if x.shape[1:] else SCALAR) for x in rows]
        parts = among(steps, [r.new(x) for x in slices])
        step = None if steps_spec is None else optree.tree_unflatten(steps_spec, parts)
        new, ys = f(state, step)
        found, new_spec = flatten_results(new)
        if new_spec != spec:
            raise TypeError(f"scan: f gives a carry of {new_spec}, but init is {spec}.")
        outs, outs_spec = flatten_results(ys)
        if any(leaf is None for leaf in outs):
            if not all(leaf is None for leaf in outs):
                raise Untraceable("scan stacks None")
            outs = []
        stacked = [r.as_value(x) for x in outs]
        carried.see_lists()
        if [x is None for x in found] != [x is None for x in leaves]:
            raise Untraceable("scan carries None in some turns")
        values = carried.end(numbers(found))
        if values is not None:
            assert carried.scope is not None
            body = Program("body", [*carried.params, *slices], carried.scope.nodes, [*values, *stacked])
            outputs = carried.typed()
            tall = [Value((length, *x.shape), x.dtype, x.axes, ARRAY) for x in stacked]
            r.add_node("scan", (length, bool(reverse), carried.inits(), rows, body), {}, [*outputs, *tall])
            final = optree.tree_unflatten(spec, among(leaves, carried.finish(outputs)))
            wide = [r.new(x) for x in tall] if stacked else [None] * outs_spec.num_leaves
            return final, optree.tree_unflatten(outs_spec, wide)
    raise Untraceable("what a loop carries does not settle")


def numbers(leaves: list[Any]) -> list[Any]:
    """The leaves of a pytree, but for None."""
    return [x for x in leaves if x is not None]


def among(leaves: list[Any], values: list[Any]) -> list[Any]:
    """Other values in the place of the leaves that are not None."""
    found = iter(values)
    return [None if x is None else next(found) for x in leaves]


def fori_loop(r: Recorder, lower: Any, upper: Any, body: Callable[[Any, Any], Any], init: Any) -> Any:
    """``lax.fori_loop``: between bounds of each lane a ``while``, else a ``scan``."""
    if type(lower) is LaneArray or type(upper) is LaneArray:
        state = while_loop(r, lambda s: s[0] < upper, lambda s: (s[0] + 1, body(*s)), (lower, init))
        return state[1]

    def step(state: Any, _: Any) -> Any:
        number, value = state
        return (number + 1, body(number, value)), None

    start = r.new(r.as_value(int(lower)))
    return scan(r, step, (start, init), None, max(int(upper) - int(lower), 0))[0][1]


def branch(r: Recorder, test: Any, sides: list[Callable[[], Any]]) -> list[Any]:
    """Trace each side under its own mask, under which it writes, too.

    Parameters
    ----------
    test : LaneArray
        Which lanes take the first side; the others take the second.
    """
    mask = r.truth(test)
    outer = r.scope.path
    results = []
    for n, side in enumerate(sides):
        own = mask if n == 0 else r.node_value(np.logical_not, mask)
        r.scope.path = own if outer is None else r.node_value(np.logical_and, outer, own)
        try:
            results.append(side())
        except BaseException:
            r.poisoned = True
            raise
        r.scope.path = outer
    return results


def cond(r: Recorder, pred: Any, true_fun: Callable[..., Any], false_fun: Callable[..., Any], *operands: Any) -> Any:
    """``lax.cond`` on a traced predicate."""
    from ..lax._types import Typed, check_alike

    yes, no = branch(r, pred, [lambda: true_fun(*operands), lambda: false_fun(*operands)])
    names = ["true_fun", "false_fun"]
    headline = "cond: {where} differs in {aspect} between true_fun and false_fun"
    check_alike(headline, "result", names, Typed.of(*flatten(yes)), Typed.of(*flatten(no)))
    return merge(r, r.truth(pred), yes, no, "cond")


def switch(r: Recorder, index: Any, functions: list[Callable[..., Any]], *operands: Any) -> Any:
    """``lax.switch`` on a traced index."""
    from ..lax._types import Typed, check_alike

    first: list[Typed] = []

    def call(n: int) -> Any:
        found = functions[n](*operands)
        first.append(Typed.of(*flatten(found)))
        headline = f"switch: {{where}} differs in {{aspect}} between branches[0] and branches[{n}]"
        check_alike(headline, "result", ["branches[0]", f"branches[{n}]"], first[0], first[-1])
        return found

    def chosen(n: int) -> Any:
        if n == len(functions) - 1:
            return call(n)
        here = index <= n
        yes, no = branch(r, here, [lambda: call(n), lambda: chosen(n + 1)])
        return merge(r, r.truth(here), yes, no, "switch")

    return chosen(0)


def merge(r: Recorder, mask: Value, yes: Any, no: Any, what: str) -> Any:
    """The one result where the mask is true, the other elsewhere."""
    found, spec = flatten_results(yes)
    others, other_spec = flatten_results(no)
    if spec != other_spec:
        raise Untraceable(f"the sides of a {what} differ in structure: {spec} and {other_spec}")
    leaves = [
        a if a is b or (type(a) is not LaneArray and type(a) is type(b) and np.array_equal(a, b))
        else r.frozen(r.merged(mask, r.as_value(a), r.as_value(b)))
        for a, b in zip(found, others, strict=True)
    ]  # fmt: skip
    return optree.tree_unflatten(spec, leaves)
