"""Tracing: a function runs on zero lanes, and what it asks of NumPy is recorded.

A traced value is a lane value on *traced* axes. They count as stale, so the fast ways leave its operations to
`array.settle`, which hands them to the `Recorder` of the run at work. The recorder runs the table's own rule on
the value's *shadow* (the same zero lanes on ordinary axes): NumPy itself says shape and dtype. Then it notes the
function, as applied to one example.

Arrays that are written are followed by *cells*: a cell has a current value, and a view is a cell that knows
how to be read from its parent and how to be put back into it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import optree

from ..array import ARRAY, PYTHON, SCALAR, LaneArray, map_lanes
from ..axes import label, result_axes
from ..convert import lane_form
from ..execute import Call
from ..facts import RUN, Run, owner_of
from ..guards import Watch, watch
from ..lanes import LaneAxis, Lanes
from ..reach import Reach
from ..tree import flatten_results
from .cells import Cell, Scope, Untraceable, lane_in, lane_out, pack, put, put_view
from .formulas import FORMULAS, NoFormula
from .ir import Axis, Node, Value, map_leaves, union

INNERMOST = 1 << 20  # the level of the root: eager values of outer functions are shared, and not written here


class TracedRun(Run):
    """A function that is traced: values of outer functions, which are not, can't be split or written in it."""

    probing = True  # a fact raises what the user's function can't catch

    def split(self, lanes: Lanes, codes: Any, what: str) -> Any:
        """Refuse to split lanes that are not there."""
        raise Untraceable(f"{what} of an outer function is asked")

    def wrote(self) -> None:
        """Refuse a write that is not recorded."""
        raise Untraceable("an array of an outer function is written")

    def need_writable(self) -> NoReturn:
        """Refuse a write to an argument of an outer function."""
        raise Untraceable("an array of an outer function is written")


class ShadowRun(TracedRun):
    """The run of the shadows: a rule that writes them writes what nobody sees."""

    tries = False  # an assignment is only tried

    def wrote(self) -> None:
        """Refuse a write that is not recorded."""
        if not self.tries:
            raise Untraceable("an array is written in an unusual way")


class Recorder:
    """Records a function that runs on traced values."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root = self.traced_axis(0, INNERMOST, name)
        self.axes: dict[LaneAxis, Axis] = {}  # the program's axis of each traced one
        self.of_shadow: dict[LaneAxis, LaneAxis] = {self.shadow_axis(self.root): self.root}
        self.depth = 0
        self.cells: dict[int, tuple[Any, Cell]] = {}  # by the identity of the data that the user's value has
        self.run = TracedRun(self.root, None)
        self.run.tracing = True
        self.run.recorder = self
        self.run.nowhere = _nowhere()
        self.shadow_run = ShadowRun(self.shadow_axis(self.root), None)
        self.shadow_run.tracing = True
        self.scope = self.top = Scope(None, None)
        self.reads: Counter[Cell] = Counter()  # how often each array was read
        self.depths = 0  # of calls of converted functions
        self.poisoned = False  # an exception went through a branch or a loop
        self.loops: list[Any] = []  # of converted code, the innermost last
        self.left = 0  # how often lanes have left the function, loop or turn at work
        self.unrolled = 8  # a loop over plain numbers of so many turns is written out
        self.kept: list[Any] = []  # arrays of closures and globals: read at each call, and not only now
        self.kept_ids: set[int] = set()

    # ---- axes and values ----

    @staticmethod
    def traced_axis(size: int, level: int, name: str) -> LaneAxis:
        """A lane axis whose values are recorded: stale from the start."""
        axis = LaneAxis(size, level, name)
        index = np.broadcast_to(np.intp(0), (size,))
        axis.replaced = axis.refinement(size, level, (axis,), (index,))
        return axis

    @staticmethod
    def shadow_axis(axis: LaneAxis) -> LaneAxis:
        """The ordinary axis on which rules run."""
        assert axis.replaced is not None
        return axis.replaced

    def add_axis(self, size: int, name: str, axis_name: Any = None) -> LaneAxis:
        """A new innermost lane axis."""
        self.depth += 1
        axis = self.traced_axis(size, INNERMOST + self.depth, name)
        if axis_name is not None:
            axis.name = axis_name
        self.of_shadow[self.shadow_axis(axis)] = axis
        self.axes[axis] = Axis(size, self.depth, name)
        return axis

    def traced(self, axes: tuple[Axis, ...]) -> tuple[LaneAxis, ...]:
        """The traced axes of a value's lane axes, the root among them."""
        return (self.root, *(lane for axis in axes for lane, own in self.axes.items() if own is axis))

    def cell(self, value: Value) -> Cell:
        """A cell for a new value."""
        axes = tuple([self.shadow_axis(axis) for axis in self.traced(value.axes)])
        data = np.empty([*(axis.size for axis in axes), *value.shape], value.dtype)
        return Cell(value, LaneArray(data, Lanes.of(axes), value.kind), self.scope)

    def handle(self, cell: Cell) -> LaneArray:
        """A lane value for the user's function to hold."""
        shadow = cell.shadow
        axes = [self.of_shadow[axis] for axis in shadow.lanes.axes]
        data = shadow.data.view()
        if not axes:
            axes, data = [self.root], np.empty((0, *data.shape), data.dtype)
        self.cells[id(data)] = (data, cell)
        return LaneArray(data, Lanes.of(tuple(axes)), shadow.kind)

    def new(self, value: Value) -> LaneArray:
        """A lane value for a new value of the program."""
        return self.handle(self.cell(value))

    def frozen(self, value: Value) -> LaneArray:
        """A value that stands for one array in some lanes and another elsewhere: nobody may write it."""
        cell = self.cell(value)
        cell.frozen = value.kind == ARRAY
        return self.handle(cell)

    def cell_of(self, x: LaneArray) -> Cell:
        """The cell behind a lane value of the user's."""
        known = self.cells.get(id(x.data))
        if known is not None:
            cell = known[1]
            if x.kind != cell.shadow.kind:  # the same value, seen as another kind
                now = self.value(cell)
                other = Cell(Value(now.shape, now.dtype, now.axes, x.kind), cell.shadow, self.scope)
                self.scope.nodes.append(Node("kind", (self.value(cell),), {}, [other.value]))
                other.shadow = LaneArray(cell.shadow.data, cell.shadow.lanes, x.kind)
                return other
            return cell
        if not x.lanes.axes:  # an array that the function has just made
            cell = self.constant(x.data, x.kind)
            self.cells[id(x.data)] = (x.data, cell)
            return cell
        raise Untraceable("a value was made behind the back of the tracer")

    def constant(self, data: Any, kind: int) -> Cell:
        """A cell for a plain array."""
        value = Value(data.shape, data.dtype, (), kind)
        kept = id(data) in self.kept_ids
        data = data if kept else data.copy()
        self.top.nodes.append(Node(np.asarray, (data,), {"kept": True} if kept else {}, [value]))
        cell = self.cell(value)
        cell.frozen = kept
        return cell

    def add_node(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Value]) -> None:
        """Note an operation, and the mask under which it matters."""
        node = Node(function, args, kwargs, outputs)
        node.mask = self.scope.path
        self.scope.nodes.append(node)

    def node_value(self, function: Any, *args: Value) -> Value:
        """A logical operation on masks."""
        shape = np.broadcast_shapes(*[x.shape for x in args])
        value = Value(shape, np.dtype(bool), union(*[x.axes for x in args]), SCALAR)
        self.scope.nodes.append(Node(function, args, {}, [value]))
        return value

    def as_value(self, x: Any) -> Value:
        """A traced or plain value as a value of the program."""
        if type(x) is LaneArray:
            return self.value(self.cell_of(x))
        if isinstance(x, np.ndarray) and x.dtype == object:
            return self.as_value(unpacked(self, x))
        kind = PYTHON if type(x) in (bool, int, float, complex) else ARRAY if isinstance(x, np.ndarray) else SCALAR
        data = np.asarray(x)
        if data.dtype.kind not in "biufc":
            raise Untraceable(f"a {type(x).__name__} is carried or chosen")
        return self.value(self.constant(data, kind))

    def truth(self, x: Any) -> Value:
        """The truth of a scalar of each lane."""
        value = self.as_value(x)
        if int(np.prod(value.shape)) != 1:
            bool(np.empty(value.shape))  # NumPy's own complaint
        kind = ((), np.dtype(bool), value.axes, SCALAR)
        if value.shape:
            flat = Value((), value.dtype, value.axes, SCALAR)
            self.add_node(np.reshape, (value, ()), {}, [flat])
            value = flat
        return self.cast(value, kind)

    def cast(self, value: Value, kind: tuple[Any, ...]) -> Value:
        """A value in another dtype and kind."""
        _, dtype, _, wanted = kind
        if value.dtype != dtype:
            new = Value(value.shape, dtype, value.axes, wanted)
            self.add_node("astype", (value, dtype), {}, [new])
            return new
        if value.kind != wanted:
            new = Value(value.shape, dtype, value.axes, wanted)
            self.add_node("kind", (value,), {}, [new])
            return new
        return value

    def merged(self, mask: Value, yes: Value, no: Value) -> Value:
        """One value where a mask is true, another elsewhere."""
        if yes is no:
            return yes
        weak = [x for x in (yes, no) if x.kind == PYTHON]
        strong = [x.dtype for x in (yes, no) if x.kind != PYTHON]
        if strong:
            dtype = np.result_type(*strong, *[x.dtype.type(0).item() for x in weak])
        else:
            dtype = np.result_type(yes.dtype, no.dtype)
            if yes.dtype != no.dtype:
                raise Untraceable("the sides of a branch give Python numbers of two types")
        if yes.shape != no.shape:
            raise Untraceable(f"the sides of a branch give arrays of two shapes, {yes.shape} and {no.shape}")
        kind = max(yes.kind, no.kind) if not strong else ARRAY if ARRAY in (yes.kind, no.kind) else SCALAR
        new = Value(yes.shape, dtype, union(mask.axes, yes.axes, no.axes), kind)
        self.add_node(np.where, (mask, yes, no), {}, [new])
        return new

    # ---- reading and writing cells ----

    def value(self, cell: Cell) -> Value:
        """The current value of a cell; a view is read again if its array was written since."""
        self.reads[cell.root()] += 1
        if cell.parent is not None:
            now = cell.root().version
            if cell.version != now:
                args, kwargs = map_leaves(self._value_or_plain, (cell.args, cell.kwargs))
                axes = union(*[x.axes for x in _values((args, kwargs))])
                old = cell.value
                self.scope.read.append((cell, old, cell.version))
                cell.value = Value(old.shape, old.dtype, axes, old.kind)
                self.add_node(cell.node, args, kwargs, [cell.value])
                cell.version = now
        return cell.value

    def _value_or_plain(self, x: Any) -> Any:
        return self.value(x) if type(x) is Cell else x

    def write(self, cell: Cell, new: Value) -> None:
        """Let a cell hold another value of its shape and dtype, its views and what it is a view of with it."""
        self.check_write(cell)
        if self.scope.path is not None:  # lanes that are elsewhere keep what they have
            new = self.merged(self.scope.path, new, self.value(cell))
        self.update(cell, new)

    def update(self, cell: Cell, new: Value) -> None:
        """Put a new value into a cell and into what it is a view of."""
        root = cell.root()
        cell.value = Value(new.shape, new.dtype, new.axes, cell.value.kind) if new.kind != cell.value.kind else new
        if cell.value is not new:
            self.scope.nodes.append(Node("kind", (new,), {}, [cell.value]))
        cell.shadow = self.cell(cell.value).shadow
        if cell.parent is None:
            cell.version += 1
            return
        self.update(cell.parent, self.put_back(cell))
        cell.version = root.version

    def check_write(self, cell: Cell) -> None:
        """Refuse a write that the loop would carry from lane to lane; note one to an array of an outer scope."""
        scope: Scope | None = self.scope
        root, copies = cell, False  # a reshape copies or not by the layout, which is not known
        if not cell.shadow.data.flags.writeable:
            raise Untraceable("a read-only view is written")
        while root.parent is not None:
            copies = copies or root.node in (np.reshape, np.ravel, "reshape")
            root = root.parent
        if copies and root.argument:
            raise Untraceable("a reshaped argument is written")
        if root.frozen:
            raise Untraceable("an array that is no lane value is written")
        own = root.value.axes
        while scope is not None and scope is not root.scope:
            if scope.axis is not None and self.axes[scope.axis] not in own:
                raise Untraceable("a value that the lanes share is written")
            scope = scope.parent
        self.note_write(root)

    def note_write(self, root: Cell) -> None:
        """Let the scopes at work know that an array from outside is written."""
        scope: Scope | None = self.scope
        while scope is not None and scope is not root.scope:
            scope.written.setdefault(root, root.value)
            scope = scope.parent

    def rewrite(self, root: Cell, new: Value) -> None:
        """Put in place what a loop has made of an array."""
        self.note_write(root)
        self.update(root, new)

    def put_back(self, cell: Cell) -> Value:
        """What the parent of a view is after the view was written."""
        assert cell.parent is not None
        parent = self.value(cell.parent)
        new = cell.value
        axes = union(parent.axes, new.axes)
        numbers = np.arange(int(np.prod(parent.shape))).reshape(parent.shape)
        try:
            args, kwargs = map_leaves(lambda x: numbers if x is cell.parent else x, (cell.args, cell.kwargs))
            places = np.asarray(call_plain(cell.node, args, kwargs))
        except Exception:
            raise Untraceable("a view of an unusual kind is written") from None
        if places.dtype.kind != "i" or places.shape != new.shape or parent.dtype != new.dtype:
            raise Untraceable("a view of an unusual kind is written")
        found = Value(parent.shape, parent.dtype, axes, parent.kind)
        self.scope.nodes.append(Node(put_view, (parent, places, new), {}, [found]))
        return found

    # ---- recording ----

    def record(self, rule: Any, plain: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str = "") -> Any:
        """Record a call that `settle` was about to make.

        Parameters
        ----------
        rule, plain, args, kwargs, name
            As `array.settle` has them.
        """
        if getattr(rule, "__qualname__", "").startswith("composite."):  # NumPy's own code: its parts are recorded
            return rule(*args, **kwargs)
        function, operands = _operation(plain, args, name)
        rule_of = FORMULAS.get(function)
        if rule_of is not None:
            try:
                return rule_of(*unpacked(self, operands), **kwargs)
            except NoFormula:
                pass
        writer = WRITERS.get(function)
        if writer is not None or kwargs.get("out") is not None:
            return self.record_write(writer, rule, function, args, operands, kwargs)
        lead = args[: len(args) - len(operands)]
        operands, kwargs = map_lanes(self.cell_of, unpacked(self, (operands, kwargs)))
        return self.call(rule, function, lead, operands, kwargs)

    def call(self, rule: Any, function: Any, lead: Any, operands: Any, kwargs: Any) -> Any:
        """Run a rule on shadows and note what it gave; cells stand for values among the operands."""
        shadow_args, shadow_kwargs = map_leaves(_shadow, (operands, kwargs))
        token = RUN.set(self.shadow_run)
        try:
            with np.errstate(all="ignore"):
                result = rule(*lead, *shadow_args, **shadow_kwargs)
        finally:
            RUN.reset(token)
        found = [x for x in _flat_result(result) if type(x) is LaneArray]
        if not found:
            return result
        cells = _cells((operands, kwargs))
        for cell in cells:
            for x in found:
                if x.data is cell.shadow.data and x.kind == cell.shadow.kind and len(found) == 1:
                    return self.handle(cell)  # the same array
        args, kwargs_ = map_leaves(self._value_or_plain, self.plain((operands, kwargs)))
        outputs: list[Value] = []
        made = []
        for x in found:
            axes = tuple([self.axes[self.of_shadow[a]] for a in x.lanes.axes if self.of_shadow[a] is not self.root])
            value = Value(x.data.shape[x.lanes.ndim :], x.data.dtype, axes, x.kind)
            outputs.append(value)
            if not x.lanes.axes:
                x = LaneArray(np.empty((0, *x.data.shape), x.data.dtype), self.shadow_run.axis.lanes, x.kind)
            made.append(Cell(value, x, self.scope))
        self.add_node(function, args, kwargs_, outputs)
        for cell in made:
            self.note_view(cell, cells, function, operands, kwargs)
        handles = iter([self.handle(cell) for cell in made])
        return _map_result(lambda x: next(handles) if type(x) is LaneArray else x, result)

    def note_view(self, made: Cell, cells: list[Cell], function: Any, operands: Any, kwargs: Any) -> None:
        """If a result shares memory with an operand, remember how it was read from it."""
        if made.shadow.kind != ARRAY:
            return
        owner = owner_of(made.shadow.data)
        for cell in cells:
            if cell.shadow.kind == ARRAY and owner_of(cell.shadow.data) is owner:
                made.parent, made.node, made.args, made.kwargs = cell, function, operands, kwargs
                made.version = cell.root().version
                return

    def plain(self, tree: Any) -> Any:
        """Plain arrays among some arguments: copies, or for what outlives the call, values that are read each time."""

        def keep(x: Any) -> Any:
            if type(x) is not np.ndarray:
                return x
            return self.constant(x, ARRAY).value if id(x) in self.kept_ids else x.copy()

        return map_leaves(keep, tree)

    def record_write(
        self, writer: Any, rule: Any, function: Any, args: tuple[Any, ...], operands: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:  # fmt: skip
        """Record an operation in place: the array's cell holds the result from now on."""
        if writer is not None:
            return writer(self, *operands, **kwargs)
        out = kwargs["out"]
        targets = out if type(out) is tuple else (out,)
        if len(targets) != 1 or type(targets[0]) is not LaneArray or not isinstance(function, np.ufunc):
            raise Untraceable("an operation in place of an unusual kind")
        target = self.cell_of(targets[0])
        rest = {key: value for key, value in kwargs.items() if key != "out"}
        if "where" in rest and rest["where"] is not True:
            raise Untraceable("an operation in place under a mask")
        lead = args[: len(args) - len(operands)]
        cells, rest = map_lanes(self.cell_of, (operands, rest))
        result = self.call(rule, function, lead, cells, rest)
        if type(result) is not LaneArray or result.data.shape[result.lanes.ndim :] != target.value.shape:
            raise Untraceable("an operation in place that broadcasts")
        if not np.can_cast(result.data.dtype, target.value.dtype, "same_kind"):
            raise Untraceable("an operation in place whose result does not fit")
        self.store(target, Ellipsis, result)
        return targets[0]

    def store(self, target: Cell, index: Any, value: Any) -> None:
        """``target[index] = value``."""
        if target.shadow.kind != ARRAY:
            raise Untraceable("a scalar is written")
        value = self.cell_of(value) if type(value) is LaneArray else value
        index = map_lanes(self.cell_of, index)
        operands = (target, index, value)
        shadows = map_leaves(_shadow, operands)
        self.try_write(*shadows)
        values = map_leaves(self._value_or_plain, self.plain(operands))
        old = values[0]
        axes = union(*[x.axes for x in _values(values)])
        new = Value(old.shape, old.dtype, axes, ARRAY)
        self.add_node(put, values, {}, [new])
        self.write(target, new)

    def try_write(self, target: LaneArray, index: Any, value: Any) -> None:
        """Let NumPy complain about an assignment that it does not take."""
        data = np.empty(target.data.shape[target.lanes.ndim :], target.data.dtype)
        token = RUN.set(self.shadow_run)
        try:
            everyone = (target, index, value)
            lanes = self.shadow_run.axis.lanes
            map_lanes(lambda x: x, everyone)
            fresh = LaneArray(np.empty((0, *data.shape), data.dtype), lanes, ARRAY)
            self.shadow_run.tries = True
            fresh[index] = value
        finally:
            self.shadow_run.tries = False
            RUN.reset(token)

    def fresh(self, data: Any) -> LaneArray:
        """An array that the function makes."""
        return self.handle(self.constant(data, ARRAY))

    def effect(self, objects: tuple[Any, ...]) -> None:
        """Refuse to change something other than a variable or a lane value in some lanes, or turns, only."""
        if objects and all(type(x) is LaneArray for x in objects):
            return
        if self.scope.path is not None or any(loop.symbolic for loop in self.loops):
            raise Untraceable("something other than a variable is changed where not all lanes are")

    def fail(self, path: Value | None) -> None:
        """Note that lanes for which a mask is true need the ordinary way."""
        self.scope.nodes.append(Node("fail", (self.truth(True) if path is None else path,), {}, []))

    def caught(self) -> None:
        """Refuse to go on where the user's function has caught an exception: some lanes may not have it."""
        if sys.exc_info()[0] is not None:
            raise Untraceable("an exception is caught")

    def form(self, function: Any, own: Any) -> Any:
        """A builtin or a function of `math`, as it is recorded."""
        from .builtins import form

        return form(self, function, own)

    # ---- control flow: see `control` and `statements` ----

    def while_loop(self, cond_fun: Any, body_fun: Any, init: Any) -> Any:
        """``lax.while_loop``."""
        from .control import while_loop

        return while_loop(self, cond_fun, body_fun, init)

    def scan(self, f: Any, init: Any, xs: Any, length: int, reverse: bool = False) -> Any:
        """``lax.scan``."""
        from .control import scan

        return scan(self, f, init, xs, length, reverse)

    def fori_loop(self, lower: int, upper: int, body: Any, init: Any) -> Any:
        """``lax.fori_loop`` between plain bounds."""
        from .control import fori_loop

        return fori_loop(self, lower, upper, body, init)

    def cond(self, pred: Any, true_fun: Any, false_fun: Any, *operands: Any) -> Any:
        """``lax.cond``."""
        from .control import cond

        return cond(self, pred, true_fun, false_fun, *operands)

    def truths(self, test: Any) -> Any:
        """The truth of a value in each lane."""
        from .statements import truths

        return truths(self, test)

    def negated(self, test: Any) -> Any:
        """``not test``."""
        from .statements import negated

        return negated(self, test)

    def either(self, test: Any, then: Any, orelse: Any, variables: list[Any]) -> Any:
        """An ``if`` of converted code."""
        from .statements import either

        return either(self, test, then, orelse, variables)

    def choose(self, test: Any, then: Any, orelse: Any) -> Any:
        """A conditional expression of converted code."""
        from .statements import choose

        return choose(self, test, then, orelse)

    def frame(self) -> Any:
        """A call of a converted function begins."""
        from .statements import TracedFrame

        return TracedFrame(self)

    def loop(self, variables: list[Any], has_else: bool) -> Any:
        """A loop of converted code begins."""
        from .statements import TracedLoop

        return TracedLoop(self, variables, has_else)

    # ---- nested maps ----

    def vmap(self, call: Call, run: Run) -> Any:
        """An inner ``vmap``: its mapped arguments are lanes of the outer values, its results arrays of them."""
        axis = self.add_axis(call.size, label(call.fun), call.axis_name)
        lanes = self.axes[axis]
        scope = Scope(axis, self.scope)
        mapped = [self.lane_of(leaf.value, leaf.axis, axis) for leaf in call.inputs.mapped]
        for cell, _ in mapped:
            cell.scope = scope
        reads = [self.reads[whole.root()] for _, whole in mapped]
        args, kwargs = call.inputs.build([self.handle(cell) for cell, _ in mapped])
        inner = TracedRun(axis, run.parent)
        inner.recorder = self
        inner.nowhere = _nowhere()
        outer, self.scope = self.scope, scope
        token = RUN.set(inner)
        guard = self.guard(call.fun)
        try:
            result = lane_form(call.fun)(*args, **kwargs)
            if inner.signal is not None:  # somebody has caught it
                raise inner.signal
        finally:
            RUN.reset(token)
            self.scope = outer
            self.depth -= 1
            unguard(guard)
        for (cell, whole), leaf, before in zip(mapped, call.inputs.mapped, reads, strict=True):
            if cell.version:
                if self.reads[whole.root()] != before:
                    raise Untraceable("a mapped argument is written, and read in another way as well")
                self.put_lanes_back(cell, whole, leaf.axis, lanes)
        found, spec = flatten_results(result)
        entries = result_axes(call.out_axes, result, len(found), call.fun)
        return optree.tree_unflatten(
            spec, [self.stack(leaf, entry, lanes, call.fun) for leaf, entry in zip(found, entries, strict=True)]
        )

    def put_lanes_back(self, cell: Cell, whole: Cell, at: int, lanes: Axis) -> None:
        """Write what the lanes have made of a mapped argument into the array that they are lanes of."""
        value, old = self.value(cell), self.value(whole)
        if value.shape != old.shape[:at] + old.shape[at + 1 :]:
            raise Untraceable("a mapped argument is written in an unusual way")
        axes = tuple([axis for axis in union(old.axes, value.axes) if axis is not lanes])
        new = Value(old.shape, old.dtype, axes, ARRAY)
        self.scope.nodes.append(Node(lane_out, (value, at, lanes), {}, [new]))
        self.write(whole, new)

    def guard(self, fun: Any) -> Watch:
        """Watch the generators and arrays that a function reaches; the arrays are read anew at each call."""
        reached = Reach([fun])
        arrays = [array for array in (*reached.arrays, *reached.fixed) if type(array) is np.ndarray]
        self.kept_ids.update(map(id, arrays))
        self.kept += arrays
        found = watch(fun, [])
        if reason := found.unsure():
            found.release()
            raise Untraceable(reason)
        return found

    def lane_of(self, value: Any, at: int, axis: LaneAxis) -> tuple[Cell, Cell]:
        """A mapped argument, as one lane of it; and the array that it is a lane of."""
        cell = self.cell_of(value) if type(value) is LaneArray else self.constant_of(value)
        whole = self.value(cell)
        lanes = self.axes[axis]
        shape = whole.shape[:at] + whole.shape[at + 1 :]
        new = Value(shape, whole.dtype, union(whole.axes, (lanes,)), ARRAY if shape else SCALAR)
        self.scope.nodes.append(Node(lane_in, (whole, at, lanes), {}, [new]))
        made = self.cell(new)
        made.argument = cell.root().argument
        return made, cell

    def constant_of(self, value: Any) -> Cell:
        """A plain array as a cell."""
        if type(value) is not np.ndarray or value.dtype.hasobject:
            raise Untraceable(f"an argument is a {type(value).__name__}")
        cell = self.constant(value, ARRAY)
        cell.frozen = True
        return cell

    def stack(self, leaf: Any, at: Any, axis: Axis, fun: Any) -> Any:
        """A result of an inner function: its lanes along a new axis."""
        if type(leaf) is not LaneArray:
            if at is None:
                return leaf.copy() if type(leaf) is np.ndarray else leaf
            if isinstance(leaf, np.ndarray) or np.isscalar(leaf):
                leaf = self.handle(self.constant(np.array(leaf), ARRAY))
            else:
                raise Untraceable("a result is no array")
        value = self.value(self.cell_of(leaf))
        if at is None:
            if axis in value.axes:
                raise ValueError(
                    f"vmap: out_axes is None for a result of {label(fun)}, but it differs between lanes.\n  Give it an "
                    "axis in out_axes, or reduce it over the lanes with a collective."
                )
            return leaf
        ndim = len(value.shape)
        if ndim and not -ndim - 1 <= at <= ndim:
            raise ValueError(f"vmap: out_axes={at} is out of range for a result of shape {value.shape}.")
        at = at % (ndim + 1) if ndim else 0
        shape = (*value.shape[:at], axis.size, *value.shape[at:])
        new = Value(shape, value.dtype, tuple([a for a in value.axes if a is not axis]), ARRAY)
        self.scope.nodes.append(Node(lane_out, (value, at, axis), {}, [new]))
        return self.new(new)


# ---- in-place functions ----


def _setitem(recorder: Recorder, x: LaneArray, index: Any, value: Any) -> None:
    recorder.store(recorder.cell_of(x), index, unpacked(recorder, value))


def _fill(recorder: Recorder, x: LaneArray, value: Any) -> None:
    recorder.store(recorder.cell_of(x), Ellipsis, value)


def _copyto(recorder: Recorder, dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    if type(dst) is not LaneArray or where is not True or casting != "same_kind":
        raise Untraceable("np.copyto of an unusual kind")
    recorder.store(recorder.cell_of(dst), Ellipsis, src)


def _refuse(recorder: Recorder, *args: Any, **kwargs: Any) -> Any:
    raise Untraceable("an array is written in an unusual way")


import operator  # noqa: E402

WRITERS: dict[Any, Callable[..., Any]] = {
    operator.setitem: _setitem, "fill": _fill, np.copyto: _copyto,
    **dict.fromkeys([
        np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis, "sort", "partition", "put", "resize",
        "byteswap", "setfield",
    ], _refuse),
}  # fmt: skip


# ---- helpers ----


def unguard(guard: Watch) -> None:
    """Let go of what a function reaches; if a generator has moved, put it back and give up."""
    moved = guard.moved()
    guard.release()
    if moved:
        guard.restore()
        raise Untraceable(moved)


def _nowhere() -> Lanes:
    """The lanes of arrays made inside the function: none, but operations on them are recorded."""
    lanes = Lanes(())
    lanes.stale = True
    return lanes


def _operation(plain: Any, args: tuple[Any, ...], name: str) -> tuple[Any, tuple[Any, ...]]:
    """The function of a call as a node has it, and its operands."""
    if name:
        return name, args
    owner = getattr(plain, "__self__", None)
    if isinstance(owner, np.ufunc):
        return (owner, plain.__name__), args[1:]
    return plain, args[1:]


def _shadow(x: Any) -> Any:
    return x.shadow if type(x) is Cell else x


def _cells(tree: Any) -> list[Cell]:
    found: list[Cell] = []
    map_leaves(lambda x: found.append(x) if type(x) is Cell else None, tree)
    return found


def _values(tree: Any) -> list[Value]:
    found: list[Value] = []
    map_leaves(lambda x: found.append(x) if type(x) is Value else None, tree)
    return found


def _flat_result(result: Any) -> list[Any]:
    return [y for x in result for y in _flat_result(x)] if isinstance(result, (tuple, list)) else [result]


def _map_result(function: Callable[[Any], Any], result: Any) -> Any:
    if isinstance(result, tuple) and hasattr(result, "_make"):
        return result._make([_map_result(function, x) for x in result])
    if isinstance(result, (tuple, list)):
        return type(result)([_map_result(function, x) for x in result])
    return function(result)


def unpacked(recorder: Recorder, tree: Any) -> Any:
    """Object arrays of traced scalars, put together again."""

    def unpack(x: Any) -> Any:
        if type(x) is not np.ndarray or x.dtype != object:
            return x
        items = [map_lanes(recorder.cell_of, item) for item in x.flat]
        scalars = [Value((), i.value.dtype, i.value.axes, i.value.kind) if type(i) is Cell else i for i in items]
        dtypes = {s.dtype if type(s) is Value else np.asarray(s).dtype for s in scalars}
        values = [recorder.value(i) if type(i) is Cell else i for i in items]
        new = Value(x.shape, np.result_type(*dtypes), union(*[v.axes for v in _values(values)]), ARRAY)
        recorder.scope.nodes.append(Node(pack, (values, x.shape), {}, [new]))
        return recorder.new(new)

    return map_leaves(unpack, tree)


def call_plain(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the function of a node on plain arrays."""
    if isinstance(function, str):
        return getattr(args[0], function)(*args[1:], **kwargs)
    if isinstance(function, tuple):
        return getattr(function[0], function[1])(*args, **kwargs)
    return function(*args, **kwargs)
