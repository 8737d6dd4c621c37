"""Running a mapped function: its groups of lanes, one after another."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

import numpy as np

from . import facts
from .array import ARRAY, SCALAR, LaneArray, as_wide_as_it_is, live
from .axes import has_ragged, label
from .collect import InPromotion, Outcome, Piece, Results, join, kind_in, merge, outcome, replaced
from .convert import is_current, lane_form, looks
from .facts import MANY_GROUPS, RUN, CollectiveError, NoLaneForm, PerformanceWarning, Refiled, Run, TraceError
from .guards import Watch, watch
from .inputs import Inputs, copy_alike
from .lanes import LaneAxis, Lanes
from .lists import stack_parts
from .ragged import Examples, RaggedInputs
from .regions import Returned, failed, outcomes

Finish = Callable[[Run, list[Outcome], Results], tuple[Any, list[Any]]]
"""Makes a result of the outcomes of all groups, and says for each leaf of it which dtypes they gave."""


class Call:
    """One call of a mapped function."""

    __slots__ = (
        "axes", "axis_name", "chunk", "finish", "forms", "fun", "inputs", "kinds", "out_axes", "remake", "size",
        "strict",
    )  # fmt: skip

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
        self.forms: list[Any] = []  # the function in its lane form, and what `looks` tells of it; once it was asked
        self.finish: Finish | None = stack_parts if has_ragged(out_axes) else None
        self.kinds: list[set[InPromotion]] = []  # what each result counts for: of a chunk
        self.axes: Any = None  # the specs of axes, to be compared
        self.remake: Any = None  # makes the mapped function again, for compiled code (`hot`), if it may have any

    def overlaps(self, reached: Watch, outer: Run | None = None) -> bool:
        """Whether a mapped argument shares memory with itself, or with what else the function sees."""
        memory = self.inputs.memory()
        while outer is not None:  # gathered rows of an array are views of it in the loop
            if outer.views is not None and any(outer.views.pinned(facts.owner_of(data)) for data in memory):
                return True
            outer = outer.parent
        return reached.overlaps(memory, self.inputs.shared())


class Groups:
    """The groups of one call, run one after another."""

    def __init__(self, call: Call, run: Run, watch: Watch) -> None:
        self.call = call
        self.watch = watch
        self.run = run
        self.outcomes: list[Outcome] = []
        self.wrote: list[Outcome] = []  # the mapped arguments as each group left them
        self.inputs = call.inputs.of(0)
        self.classes = call.inputs.classes()
        # the mapped leaves, on the axes at the start of the run
        lanes = run.axis.lanes
        self.bases = [] if self.classes else [leaf.base(lanes) for leaf in self.inputs.mapped]
        self.copies: list[LaneArray | None] = []

    def go(self) -> list[Outcome]:
        """Run all groups, those with the lowest lanes first."""
        run = self.run
        token = RUN.set(run)
        try:
            if self.classes:
                run.why_split = "the examples of a ragged argument differ in shape or type"
                for lanes in self.classes:
                    run.file((run.axis.refinement(len(lanes), run.axis.level, (run.axis,), (lanes,), run),))
            else:
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
                if run.groups > MANY_GROUPS + len(self.classes) and run.strict:
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
            self.batched()
        except (TraceError, CollectiveError, PerformanceWarning, facts.RuleError):
            raise
        except Exception as error:
            if self.run.axis.size == 0:
                raise
            self.check_shared_write(error)
            self.outcomes.append(Outcome(self.run.now(), [], None, error=error))

    def check_shared_write(self, error: Exception) -> None:
        """Tell a write to what lanes share, which is read-only while they run together, by its exception."""
        if isinstance(error, (ValueError, TypeError)) and any(word in str(error) for word in _READ_ONLY):
            shared = self.call.inputs.shared()
            if self.watch.arrays or any(isinstance(leaf, np.ndarray) and leaf.flags.writeable for leaf in shared):
                signal = NoLaneForm("an array that the lanes share is written", in_order=True)
                raise signal.with_traceback(error.__traceback__) from None

    def batched(self) -> None:
        """Call the function on the lane values of the group at work, and keep what it gives."""
        run = self.run
        values = self.arguments()
        args, kwargs = self.inputs.build(values)
        run.signal = None
        forms = self.call.forms
        if not forms or not is_current(forms[0], self.call.fun):
            form = lane_form(self.call.fun)
            forms[:] = [form, *looks(form)]
        form, run.top, weight = forms
        if run.meter is not None:
            run.meter.turn(run, weight)
        try:
            result = form(*args, **kwargs)
            if run.signal is None:
                if type(result) is LaneArray:
                    found = [outcome(run, result)]
                else:
                    found = result.outcomes if type(result) is Returned else outcomes(run, result)
        except Exception as error:
            if run.signal is not None:
                raise run.signal from None
            failed(run, error)
            raise
        finally:
            run.top = False
        if run.signal is not None:
            raise run.signal
        self.outcomes.extend(found)
        if run.writable:
            now = run.now()
            self.wrote.append(Outcome(now, [], None, written=self.written(now)))

    # ---- the mapped arguments ----

    def arguments(self) -> list[Any]:
        """The mapped leaves as lane values: read-only views, or copies once the function is known to write."""
        if self.classes:
            assert isinstance(self.call.inputs, RaggedInputs)
            self.inputs, self.bases = self.call.inputs.on(self.run)
        # a group's own objects: they may be refined in place
        values = []
        given = []
        for data, lanes, kind in self.bases:
            x = LaneArray(data, lanes, kind)
            values.append(as_wide_as_it_is(x) if kind == SCALAR and data.dtype.char in "SU" else x)
            given.append(data)
        if self.run.writable:
            self.copies = [None] * len(values)
            for n, leaf in enumerate(self.inputs.mapped):
                if values[n].kind == ARRAY:
                    copy = values[n] = _writable(values[n], leaf.writeable())
                    self.copies[n] = LaneArray(copy.data, copy.lanes, ARRAY)  # the other may take another shape
            given = [value.data for value in values]
        elif self.run.apart:
            values = [_apart(value) if value.kind == ARRAY else value for value in values]
            given = [value.data for value in values]
        self.run.given = given
        return values

    def written(self, now: tuple[LaneAxis, ...]) -> tuple[Piece | None, ...]:
        """The copies of the mapped leaves as the function left them."""
        rooted = dict(zip(self.run.refinements, now, strict=True))
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
        if any(isinstance(leaf, Examples) for leaf in self.inputs.mapped):
            raise NoLaneForm("an inner function writes its ragged arguments")
        wrote = self.wrote
        for n, (leaf, (data, lanes, kind)) in enumerate(zip(self.inputs.mapped, self.bases, strict=True)):
            if kind != ARRAY or not any(found.written[n].data.flags.writeable for found in wrote):
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
        if call.overlaps(reached, run.parent):
            raise NoLaneForm("an argument that is written overlaps other memory", in_order=True)
        groups.commit_to_outer()
    return stack(call, run, groups.outcomes)


def stack(call: Call, run: Run, outcomes: list[Outcome], sources: Callable[[], list[Any]] = list) -> Any:
    """The outcomes of all groups as one result, which shares no memory with ``sources``."""
    if call.finish is not None:
        result, call.kinds = call.finish(run, outcomes, Results(run, call.out_axes, call.fun, sources()))
        return result
    if len(outcomes) == 1 and not outcomes[0].axes and outcomes[0].error is None:
        found = outcomes[0]
        if call.out_axes == 0 and call.chunk is None and type(found.tree) is LaneArray:
            # one result, on all lanes: there may be nothing to move
            data, axes, _, _ = found.pieces[0]
            if axes and axes[-1] is run.axis and data.base is None and data.flags.carray:
                return data if len(axes) == 1 else LaneArray(data, Lanes.of(axes[:-1]), ARRAY)
    else:
        found = merge(run, outcomes, call.fun)
    call.kinds = found.kinds or [{kind_in(piece, call.chunk is not None)} for piece in found.pieces]
    return Results(run, call.out_axes, call.fun, sources()).build(found)


def _writable(x: LaneArray, writeable: bool) -> LaneArray:
    """A copy of a mapped leaf, to be written and committed at the end."""
    steps = x.data.strides[x.lanes.ndim :]  # a gathered part no longer has them
    taken = live(x)
    copy = copy_alike(taken.data, taken.lanes.ndim, steps)
    if not writeable:
        copy.flags.writeable = False
    return LaneArray(copy, taken.lanes, x.kind)


def _apart(x: LaneArray) -> LaneArray:
    """A copy of a mapped leaf, to be read."""
    steps = x.data.strides[x.lanes.ndim :]
    taken = live(x)
    data = copy_alike(taken.data, taken.lanes.ndim, steps)
    data.flags.writeable = False
    return LaneArray(data, taken.lanes, x.kind)


# ---- messages ----


_READ_ONLY = ("read-only", "readonly", "writable", "writeable", "output array is not acceptable")


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
        f"{run.why_split}.\n"
        "  Code has to ask this where it changes a dict or an object in a branch or loop, in a generator, without "
        "source, and for shapes that depend on values. Use arrays there, np.where for a choice, where= for a mask."
    )
