"""Running a mapped function: its groups of lanes, one after another."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from . import facts
from .array import ARRAY, SCALAR, Data, LaneArray, live
from .axes import label
from .collect import Outcome, Piece, Results, join, merge, outcome, replaced
from .facts import MANY_GROUPS, RUN, CollectiveError, NoLaneForm, PerformanceWarning, Refiled, Run, TraceError
from .guards import Watch, watch
from .inputs import Inputs
from .lanes import Lanes


class Call:
    """One call of a mapped function."""

    __slots__ = ("axis_name", "chunk", "fun", "inputs", "out_axes", "size", "strict", "weak")

    def __init__(
        self,
        fun: Callable[..., Any],
        inputs: Inputs,
        size: int,
        out_axes: Any,
        axis_name: Any,
        strict: bool,
        chunk: facts.Chunk | None = None,
    ) -> None:
        self.fun = fun
        self.inputs = inputs
        self.size = size
        self.out_axes = out_axes
        self.axis_name = axis_name
        self.strict = strict
        self.chunk = chunk
        self.weak: list[type | None] = []  # for a chunk: the Python types of results that are weak in promotion

    def overlaps(self, reached: Watch) -> bool:
        """Whether a mapped argument shares memory with itself, or with what else the function sees."""
        return reached.overlaps([leaf.value for leaf in self.inputs.mapped], self.inputs.shared())


class Groups:
    """The groups of one call, run one after another."""

    def __init__(self, call: Call, run: Run, watch: Watch) -> None:
        self.call = call
        self.watch = watch
        self.run = run
        self.outcomes: list[Outcome] = []
        lanes = run.axis.lanes
        # the mapped leaves, on the axes at the start of the run
        self.bases = [_base(leaf.value, leaf.axis, lanes) for leaf in call.inputs.mapped]
        self.copies: list[LaneArray | None] = []

    def go(self) -> list[Outcome]:
        """Run all groups, those with the lowest lanes first."""
        run = self.run
        token = RUN.set(run)
        try:
            run.groups = 1
            try:
                self.work()
            except Refiled:
                pass
            while run.waiting:
                group = heapq.heappop(run.waiting)
                if self.skips(group):
                    continue
                run.start(group)
                if run.groups > MANY_GROUPS and run.strict:
                    raise PerformanceWarning(many_groups(self.call, run))
                try:
                    self.work()
                except Refiled:
                    continue
        finally:
            RUN.reset(token)
            run.stop()
        return self.outcomes

    def skips(self, group: facts.Group) -> bool:
        """Whether a group need not run."""
        return False

    def work(self) -> None:
        """Run the group at work."""
        try:
            self.outcomes.append(self.batched())
        except (TraceError, CollectiveError, PerformanceWarning, facts.RuleError):
            raise
        except Exception as error:
            if self.run.axis.size == 0:
                raise
            self.check_shared_write(error)
            self.outcomes.append(Outcome(self.run.now(), [], None, error=error))

    def check_shared_write(self, error: Exception) -> None:
        """Tell a write to what lanes share, which is read-only while they run together, by its exception."""
        if isinstance(error, ValueError) and "read-only" in str(error):
            shared = self.call.inputs.shared()
            if self.watch.arrays or any(isinstance(leaf, np.ndarray) and leaf.flags.writeable for leaf in shared):
                signal = NoLaneForm("an array that the lanes share is written", in_order=True)
                raise signal.with_traceback(error.__traceback__) from None

    def batched(self) -> Outcome:
        """Call the function on the lane values of the group at work."""
        run = self.run
        args, kwargs = self.call.inputs.build(self.arguments())
        run.signal = None
        try:
            result = self.call.fun(*args, **kwargs)
        except Exception:
            if run.signal is not None:
                raise run.signal from None
            raise
        if run.signal is not None:
            raise run.signal
        found = outcome(run, result)
        return found._replace(written=self.written(found)) if run.writable else found

    # ---- the mapped arguments ----

    def arguments(self) -> list[Any]:
        """The mapped leaves as lane values: read-only views, or copies once the function is known to write."""
        # a group's own objects: they may be refined in place
        values = [LaneArray(data, lanes, kind) for data, lanes, kind in self.bases]
        self.copies = [None] * len(values)
        if self.run.writable:
            for n, leaf in enumerate(self.call.inputs.mapped):
                if values[n].kind == ARRAY:
                    self.copies[n] = values[n] = _writable(values[n], leaf.value)
        elif self.run.apart:
            values = [_apart(value) for value in values]
        return values

    def written(self, found: Outcome) -> tuple[Piece | None, ...]:
        """The copies of the mapped leaves as the function left them."""
        rooted = dict(zip(self.run.refinements, found.axes, strict=True))
        pieces: list[Piece | None] = []
        for copy in self.copies:
            if copy is None:
                pieces.append(None)
                continue
            copy = live(copy)
            pieces.append(Piece(copy.data, tuple([rooted.get(axis, axis) for axis in copy.lanes.axes]), None))
        return tuple(pieces)

    def commit_to_outer(self) -> None:
        """Write what an inner function left in its mapped arguments back into the outer values."""
        if any(found.error is not None for found in self.outcomes):
            raise NoLaneForm("an inner function writes its arguments, and raises")
        wrote = [found for found in self.outcomes if found.written]
        for n, (leaf, (data, lanes, kind)) in enumerate(zip(self.call.inputs.mapped, self.bases, strict=True)):
            if kind != ARRAY:
                continue
            if type(leaf.value) is not LaneArray:
                raise NoLaneForm("an array that the outer lanes share is written", in_order=True)
            everyone = Outcome((), [], None)
            before = Piece(data, lanes.axes, None)
            pieces = [before, *(found.written[n] for found in wrote)]
            joined = join(pieces, [everyone, *wrote], replaced(self.run, wrote))
            lead = len(joined.axes) - 1
            left = np.moveaxis(joined.data, lead, lead + leaf.axis)
            leaf.value[...] = LaneArray(left, Lanes.of(joined.axes[:-1]), ARRAY)


def run_inner(call: Call, run: Run) -> Any:
    """Run a mapped function inside of another; what it can't do falls to the outermost."""
    reached = watch(call.fun, call.inputs.shared())
    moved = reached.unsure()
    try:
        groups = Groups(call, run, reached)
        if not moved:
            groups.go()
            moved = reached.moved()
        if moved:
            raise NoLaneForm(moved, in_order=True)
    except NoLaneForm as signal:
        if run.strict:
            raise PerformanceWarning(slow_message(call, signal.reason, signal.where())) from None
        if run.parent is not None:
            run.parent.signal = signal
        raise
    finally:
        run.close()
        reached.release()
        if moved:
            reached.restore()
    if run.writable:
        if call.overlaps(reached):
            raise NoLaneForm("an argument that is written overlaps other memory", in_order=True)
        groups.commit_to_outer()
    return stack(call, run, groups.outcomes, [])


def stack(call: Call, run: Run, outcomes: list[Outcome], sources: list[Any]) -> Any:
    """The outcomes of all groups as one result, which shares no memory with ``sources``."""
    if len(outcomes) == 1 and not outcomes[0].axes and outcomes[0].error is None:
        found = outcomes[0]
        if call.out_axes == 0 and call.chunk is None and type(found.tree) is LaneArray:
            # one result, on all lanes: there may be nothing to move
            data, axes, _, _ = found.pieces[0]
            if axes and axes[-1] is run.axis and data.base is None and data.flags.writeable:
                return data if len(axes) == 1 else LaneArray(data, Lanes.of(axes[:-1]), ARRAY)
    else:
        found = merge(run, outcomes, call.fun)
    if call.chunk is not None:
        call.weak = [piece.weak for piece in found.pieces]
    return Results(run, call.out_axes, call.fun, sources).build(found)


def _base(value: Any, axis: int, lanes: Lanes) -> tuple[Any, Lanes, int]:
    """The data, lanes and kind of one mapped leaf: its axis becomes the innermost lane axis."""
    lead = 0
    if type(value) is LaneArray:
        value = live(value)
        lead = value.lanes.ndim
        lanes = value.lanes.union(lanes)
        value = value.data
    elif type(value) is not np.ndarray and not isinstance(value, np.memmap):
        raise NoLaneForm(f"an argument is a {type(value).__name__}, which is not NumPy's own array type")
    if value.dtype.hasobject:
        raise NoLaneForm("an argument is an array of objects")
    data = value.view(np.ndarray)
    if axis:
        order = list(range(data.ndim))
        order.insert(lead, order.pop(lead + axis))
        data = data.transpose(order)
    data.setflags(write=False)
    return data, lanes, ARRAY if data.ndim > lanes.ndim else SCALAR


def _writable(x: LaneArray, source: Any) -> LaneArray:
    """A copy of a mapped leaf, to be written and committed at the end."""
    steps = x.data.strides[x.lanes.ndim :]  # a gathered part no longer has them
    taken = live(x)
    copy = copy_alike(taken.data, taken.lanes.ndim, steps)
    if type(source) is not LaneArray and not source.flags.writeable:
        copy.flags.writeable = False
    return LaneArray(copy, taken.lanes, x.kind)


def _apart(x: LaneArray) -> LaneArray:
    """A copy of a mapped leaf, to be read."""
    steps = x.data.strides[x.lanes.ndim :]
    taken = live(x)
    data = copy_alike(taken.data, taken.lanes.ndim, steps)
    data.flags.writeable = False
    return LaneArray(data, taken.lanes, x.kind)


def copy_alike(data: Data, lead: int, strides: tuple[int, ...]) -> Data:
    """A copy, lane after lane, of which one example reshapes without copying where it does in the source.

    Its axes keep their order in memory, and those with gaps between them there (in ``strides``) have gaps here.
    """
    shape, steps = data.shape[lead:], [abs(step) for step in strides]
    long = sorted([n for n, size in enumerate(shape) if size > 1], key=lambda n: -steps[n])
    room = list(shape)
    for outer, inner in pairwise(long):
        room[inner] += strides[outer] != shape[inner] * strides[inner]
    apart = 2 if long and steps[long[-1]] != data.itemsize else 1
    order = [n for n, size in enumerate(shape) if size <= 1] + long
    if apart == 1 and room == list(shape) and long == sorted(long):
        return np.array(data, order="C")
    memory = np.empty([*data.shape[:lead], *(room[n] for n in order), apart], data.dtype)[..., 0]
    back = [lead + order.index(n) for n in range(len(shape))]
    copy = memory.transpose(*range(lead), *back)[(slice(None),) * lead + tuple(map(slice, shape))]
    copy[...] = data
    return copy


# ---- messages ----


def slow_message(call: Call, reason: str, where: str) -> str:
    return (
        f"vmap({label(call.fun)}) runs lane by lane{f' because of {where}' if where else ''}: {reason}.\n"
        "  Rewrite that step with NumPy functions that take arrays (np.where for a choice, np.stack to join values, "
        "lanewise.random for random numbers), or accept the speed of a Python loop."
    )


def many_groups(call: Call, run: Run) -> str:
    """The message about very many groups."""
    return (
        f"vmap({label(call.fun)}) split its {call.size} lanes into {run.groups} groups, which is slow: "
        f"{run.why_split}.\n  Use np.where where a choice depends on values."
    )
