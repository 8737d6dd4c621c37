"""The values of a program in the making: lane values to run the user's function on, and the cells behind them."""

from __future__ import annotations

import operator
from collections import Counter
from types import CellType
from typing import Any, NoReturn

import numpy as np

from ..array import ARRAY, PYTHON, SCALAR, LaneArray, map_lanes
from ..facts import Run
from ..lanes import LaneAxis, Lanes
from .cells import Cell, Scope, Sources, Untraceable, pack, put, put_view
from .ir import Axis, Node, Value, leaves, map_leaves, union

LONGEST = 20_000  # operations of a program; one that is longer compiles for minutes
ROLLING = 500  # operations of a loop over rows or numbers, from which on it is not written out
NONE: frozenset[Any] = frozenset()
INNERMOST = 1 << 20  # the level of the root: eager values of outer functions are shared, and not written here


class TracedRun(Run):
    """A function that is traced: values of outer functions, which are not, can't be split or written in it."""

    probing = True  # a fact raises what the user's function can't catch

    def split(self, lanes: Lanes, codes: Any, what: str) -> Any:
        """Refuse to split lanes that are not there."""
        raise Untraceable(f"{what} of an outer function is asked")

    def refine(self, refinement: LaneAxis) -> None:
        """Refuse to let lanes of an outer function go different ways."""
        raise Untraceable("lanes of an outer function part")

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


class Tape:
    """The values of a program in the making, and the lane values that stand for them."""

    def __init__(
        self, name: str, deepest: int = 2, unrolled: int = 8, longest: int = LONGEST, buffered: frozenset[Any] = NONE,
        recursive: frozenset[Any] | None = NONE,
    ) -> None:  # fmt: skip
        self.name = name
        self.root = self.traced_axis(0, INNERMOST, name)
        self.axes: dict[LaneAxis, Axis] = {}  # the program's axis of each traced one
        self.of_shadow: dict[LaneAxis, LaneAxis] = {self.shadow_axis(self.root): self.root}
        self.depth = 0
        self.weak: list[Any] = []  # see `hot.Wary`
        self.containers: dict[int, Any] = {}  # the dicts and sets that the function has made
        self.cells: dict[int, tuple[Any, Cell]] = {}  # by the identity of the data that the user's value has
        self.run = TracedRun(self.root, None)
        self.run.tracing = True
        self.run.recorder = self
        self.run.nowhere = nowhere()
        self.shadow_run = ShadowRun(self.shadow_axis(self.root), None)
        self.shadow_run.tracing = True
        self.scope = self.top = Scope(None, None)
        self.reads: Counter[Cell] = Counter()  # how often each array was read
        self.frames: list[Any] = []  # of the converted functions at work, the innermost last
        self.active: dict[Any, list[Any]] = {}  # of each code object at work how deep it is, and the lanes of each call
        self.deepest = deepest  # a function may call itself so often; lanes that go further need the ordinary way
        self.recursive = recursive  # what is traced as a function that calls itself; None: nothing can be
        self.recursions: dict[Any, Any] = {}  # those at work
        self.cut = False  # whether some lanes would go deeper
        self.homes: dict[int, tuple[CellType, Scope]] = {}  # where variables belong that inner functions bind
        self.count = 0  # of the operations noted
        self.longest = longest
        self.poisoned = False  # an exception went through a branch or a loop
        self.loops: list[Any] = []  # of converted code, the innermost last
        self.left = 0  # how often lanes have left the function, loop or turn at work
        self.unrolled = unrolled  # a loop over plain numbers of so many turns is written out
        self.rolling = ROLLING if unrolled <= 8 else 1 << 60  # operations from which on a loop is not written out
        self.rolled = 0  # how many turns the longest loop of the program has, of those over plain numbers
        self.buffered = buffered  # where lists are made that differ in length between lanes
        self.doubtful: set[Value] = set()  # numbers that are Python's in some lanes and NumPy's in others
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

    def one_of(self, mask: Value, yes: Cell, no: Cell) -> LaneArray:
        """One array where a mask is true, another elsewhere; who writes it writes them."""
        values = self.value(yes), self.value(no)
        new = Value(values[0].shape, values[0].dtype, union(mask.axes, *[x.axes for x in values]), ARRAY)
        self.add_node(np.where, (mask, *values), {}, [new])
        cell = self.cell(new)
        cell.sources = Sources(mask, yes, no)
        return self.handle(cell)

    def refresh(self, cell: Cell) -> None:
        """See that an array that stands for two has what they have now."""
        if any(other.version != version for other, version in cell.others.items()):
            raise Untraceable("an array is read that a loop may have bound to one that is written since")
        sources = cell.sources
        if sources is None:
            return
        for source in sources.cells:
            self.refresh(source.root())
        if sources.versions != sources.now():
            values = [self.value(source) for source in sources.cells]
            old = cell.value
            self.scope.read.append((cell, old, cell.version))
            cell.value = Value(old.shape, old.dtype, union(sources.mask.axes, *[x.axes for x in values]), old.kind)
            self.add_node(np.where, (sources.mask, *values), {}, [cell.value])
            cell.version += 1
            sources.versions = sources.now()

    def write_sources(self, cell: Cell) -> None:
        """Write what an array stands for."""
        sources = cell.sources
        assert sources is not None
        for n, source in enumerate(sources.cells):
            old = self.value(source)
            ways = (cell.value, old) if n == 0 else (old, cell.value)
            new = Value(old.shape, old.dtype, union(sources.mask.axes, *[x.axes for x in ways]), ARRAY)
            self.add_node(np.where, (sources.mask, *ways), {}, [new])
            self.check_write(source)
            self.update(source, new)
        sources.versions = sources.now()

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
        self.count += 1
        if self.count > self.longest:
            raise Untraceable("the program is too long")

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
        self.refresh(cell.root())
        if cell.parent is not None:
            now = cell.root().version
            if cell.version != now:
                if cell.node is None:
                    raise Untraceable("an array is written of which several views were made at once")
                if cell.node in (np.reshape, np.ravel, "reshape") and cell.root().argument:
                    raise Untraceable("an argument is written of which there is a reshape, which may be a copy")
                args, kwargs = map_leaves(self._value_or_plain, (cell.args, cell.kwargs))
                axes = union(*[x.axes for x in values_in((args, kwargs))])
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
            if cell.sources is not None:
                self.write_sources(cell)
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
        if root.sources is not None:  # they are, and it is made of them
            return
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
        if cell.node is operator.getitem and any(type(x) is Cell for x in leaves(cell.args[1])):
            return self.put_at(parent, map_leaves(self._value_or_plain, cell.args[1]), new)
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

    def put_at(self, parent: Value, index: Any, new: Value) -> Value:
        """The same for a view at a computed place."""
        if parent.dtype != new.dtype:
            raise Untraceable("a view of an unusual kind is written")
        axes = union(parent.axes, new.axes, *[x.axes for x in values_in(index)])
        found = Value(parent.shape, parent.dtype, axes, parent.kind)
        self.add_node(put, (parent, index, new), {}, [found])
        return found if self.scope.path is None else self.merged(self.scope.path, found, parent)


# ---- helpers ----


def nowhere() -> Lanes:
    """The lanes of arrays made inside the function: none, but operations on them are recorded."""
    lanes = Lanes(())
    lanes.stale = True
    return lanes


def shadow(x: Any) -> Any:
    return x.shadow if type(x) is Cell else x


def values_in(tree: Any) -> list[Value]:
    found: list[Value] = []
    map_leaves(lambda x: found.append(x) if type(x) is Value else None, tree)
    return found


def call_plain(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the function of a node on plain arrays."""
    if isinstance(function, str):
        return getattr(args[0], function)(*args[1:], **kwargs)
    if isinstance(function, tuple):
        return getattr(function[0], function[1])(*args, **kwargs)
    return function(*args, **kwargs)


def unpacked(tape: Tape, tree: Any) -> Any:
    """Object arrays of traced scalars, put together again."""

    def unpack(x: Any) -> Any:
        if type(x) is not np.ndarray or x.dtype != object:
            return x
        items = [map_lanes(tape.cell_of, item) for item in x.flat]
        scalars = [Value((), i.value.dtype, i.value.axes, i.value.kind) if type(i) is Cell else i for i in items]
        dtypes = {s.dtype if type(s) is Value else np.asarray(s).dtype for s in scalars}
        values = [tape.value(i) if type(i) is Cell else i for i in items]
        new = Value(x.shape, np.result_type(*dtypes), union(*[v.axes for v in values_in(values)]), ARRAY)
        tape.scope.nodes.append(Node(pack, (values, x.shape), {}, [new]))
        return tape.new(new)

    return map_leaves(unpack, tree)
