"""Running a mapped function: its groups one after another, and the lane-by-lane last resort."""

from __future__ import annotations

import heapq
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import facts
from .array import ARRAY, SCALAR, LaneArray, live
from .axes import Inputs, label
from .collect import Outcome, Piece, Results, merge, outcome, plain_data
from .facts import MANY_GROUPS, RUN, CollectiveError, NoLaneForm, PerformanceWarning, Refiled, Run, TraceError, user_line
from .guards import Watch
from .lanes import LaneAxis, Lanes
from .tree import flatten_results


@dataclass
class Call:
    """One call of a mapped function."""

    fun: Callable[..., Any]
    inputs: Inputs
    size: int
    out_axes: Any
    axis_name: Any
    strict: bool
    chunked: bool = False


def run_call(call: Call) -> Any:
    """Run a mapped function on all its lanes."""
    parent = RUN.get()
    level = 0 if parent is None else parent.axis.level + 1
    run = Run(LaneAxis(call.size, level, label(call.fun), call.axis_name), parent, strict=call.strict)
    run.chunked = call.chunked
    if parent is None:
        return Outermost(call, run).run()
    groups = Groups(call, run)
    try:
        outcomes = groups.run()
    except NoLaneForm as signal:
        if run.strict:
            raise PerformanceWarning(_slow_message(call, signal.reason, user_line(signal.__traceback__))) from None
        raise
    finally:
        groups.close()
    if len(outcomes) == 1 and not outcomes[0].axes and outcomes[0].error is None:
        found = outcomes[0]
    else:
        found = merge(run, outcomes, call.fun)
    if run.writable:
        groups.commit_to_outer(found)
    return Results(run, call.out_axes, call.fun, []).build(found)


class Groups:
    """The groups of one call, run one after another."""

    def __init__(self, call: Call, run: Run) -> None:
        self.call = call
        self.run_ = run
        self.lanes = Lanes.of((run.axis,))
        self.outcomes: list[Outcome] = []
        self.bases: list[LaneArray] = []  # the mapped leaves, on the axes at the start of the run
        self.copies: list[LaneArray | None] = []

    def run(self) -> list[Outcome]:
        """Run all groups, those with the lowest lanes first."""
        run = self.run_
        self.bases = [self.argument(value, axis) for value, axis, _, _ in self.call.inputs.mapped]
        token = RUN.set(run)
        run.file(())
        try:
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
        except (TraceError, CollectiveError, PerformanceWarning):
            raise
        except Exception as error:
            if self.run_.axis.size == 0:
                raise
            if self.run_.writable:
                raise NoLaneForm("an inner function writes its arguments, and then raises") from None
            self.outcomes.append(Outcome(self.run_.now(), [], None, error=error))

    def batched(self) -> Outcome:
        """Call the function on the lane values of the group at work."""
        run = self.run_
        args, kwargs = self.call.inputs.build(self.arguments())
        found = outcome(run, self.call.fun(*args, **kwargs))
        return found._replace(written=self.written(found)) if run.writable else found

    # ---- the mapped arguments ----

    def arguments(self) -> list[Any]:
        """The mapped leaves as lane values: read-only views, or copies once the function is known to write."""
        values = []
        self.copies = []
        for base, leaf in zip(self.bases, self.call.inputs.mapped, strict=True):
            x = LaneArray(base.data, base.lanes, base.kind)  # a group's own: it may be refined in place
            if self.run_.writable and x.kind == ARRAY:
                x = self.writable(x, leaf.value)
                self.copies.append(x)
            else:
                self.copies.append(None)
            values.append(x)
        return values

    def argument(self, value: Any, axis: int) -> LaneArray:
        """One mapped leaf: its axis becomes the innermost lane axis."""
        if type(value) is LaneArray:
            value = live(value)
            lead = value.lanes.ndim
            data, lanes = value.data, value.lanes.union(self.lanes)
        else:
            if type(value) is not np.ndarray and not isinstance(value, np.memmap):
                raise NoLaneForm(f"an argument is a {type(value).__name__}, which is not NumPy's own array type")
            if value.dtype == object:
                raise NoLaneForm("an argument is an array of objects")
            lead, data, lanes = 0, value, self.lanes
        if axis:
            order = list(range(data.ndim))
            order.insert(lead, order.pop(lead + axis))
            data = data.transpose(order)
        else:
            data = data.view(np.ndarray)
        data.flags.writeable = False
        return LaneArray(data, lanes, ARRAY if data.ndim > lanes.ndim else SCALAR)

    def writable(self, x: LaneArray, source: Any) -> LaneArray:
        """A copy of a mapped leaf, to be written and committed at the end."""
        taken = live(x)
        copy = np.array(taken.data)
        if type(source) is np.ndarray and not source.flags.writeable:
            copy.flags.writeable = False
        return LaneArray(copy, taken.lanes, x.kind)

    def written(self, found: Outcome) -> tuple[Piece, ...]:
        """The copies of the mapped leaves as the function left them."""
        run = self.run_
        rooted = dict(zip(run.refinements, found.axes, strict=True))
        pieces = []
        for copy in self.copies:
            if copy is not None:
                copy = live(copy)
                axes = tuple([rooted.get(axis, axis) for axis in copy.lanes.axes])
                pieces.append(Piece(copy.data, axes, None))
        return tuple(pieces)

    def commit_to_outer(self, found: Outcome) -> None:
        """Write what an inner function left in its mapped arguments back into the outer values."""
        for leaf, piece in zip(self.written_leaves(), found.written, strict=True):
            if type(leaf.value) is not LaneArray:
                raise NoLaneForm("an array that the outer lanes share is written", in_order=True)
            lead = len(piece.axes) - 1
            data = np.moveaxis(piece.data, lead, lead + leaf.axis)
            leaf.value[...] = LaneArray(data, Lanes.of(piece.axes[:-1]), ARRAY)

    def written_leaves(self) -> list[Any]:
        """The mapped leaves that the outcomes hold copies of."""
        return [leaf for leaf, copy in zip(self.call.inputs.mapped, self.copies, strict=True) if copy is not None]

    def close(self) -> None:
        """End the life of the lane values."""
        self.run_.close()


class Outermost(Groups):
    """The outermost call: here lanes can run one by one, on plain values."""

    def __init__(self, call: Call, run: Run) -> None:
        super().__init__(call, run)
        self.failure: tuple[int, Exception] | None = None
        self.plain: list[tuple[Any, list[Any]]] = []
        self.written_lanes: list[tuple[Any, list[Any]]] = []

    def run(self) -> Any:  # type: ignore[override]
        """Run the call: batched, and in order of lanes if lanes turn out to share what they change."""
        call, run = self.call, self.run_
        watch = Watch(call.fun, call.inputs.shared())
        reason = where = ""
        try:
            outcomes = super().run()
            reason = watch.moved()
        except NoLaneForm as signal:
            reason, where = signal.reason, user_line(signal.__traceback__)
        except Exception:
            reason = watch.moved()
            if not reason:
                raise
        finally:
            self.close()
        if reason:
            watch.restore()
            return self.in_order(reason, where)
        self.check_groups()
        if run.writable or self.written_lanes:
            if self.overlaps(watch):
                return self.in_order("an argument that is written overlaps other memory", "")
            self.commit(outcomes)
        if self.failure is not None:
            raise self.failure[1]
        return self.results(outcomes)

    def results(self, outcomes: list[Outcome]) -> Any:
        """The outcomes as one result."""
        call, run = self.call, self.run_
        if len(outcomes) == 1 and not outcomes[0].axes:
            found = outcomes[0]
        elif not outcomes:
            raise TraceError(
                f"vmap: {label(call.fun)} has no batched form, and there are no lanes to show what it returns."
            )
        else:
            found = merge(run, outcomes, call.fun)
        return Results(run, call.out_axes, call.fun, [leaf.value for leaf in call.inputs.mapped]).build(found)

    def check_groups(self) -> None:
        """Warn of a call that fell into very many groups."""
        if self.run_.groups > MANY_GROUPS:
            _warn(many_groups(self.call, self.run_), "")

    def skips(self, group: facts.Group) -> bool:
        """Lanes behind the first that raises never run in the loop."""
        return self.failure is not None and group.first > self.failure[0]

    def work(self) -> None:
        """Run the group at work, batched if that is possible."""
        run = self.run_
        lanes = self.at_work()
        if run.refinements and lanes.size == 1 and run.axis.name is None:
            self.lane_by_lane(lanes)  # a group of one lane: the function itself
            return
        try:
            self.outcomes.append(self.batched())
        except NoLaneForm as signal:
            if signal.in_order or run.axis.size == 0:
                raise
            self.slow(signal.reason, user_line(signal.__traceback__))
        except (TraceError, CollectiveError, PerformanceWarning):
            raise
        except Exception as error:
            if run.axis.size == 0:
                raise
            if isinstance(error, ValueError) and "read-only" in str(error):
                raise NoLaneForm("an array that the lanes share is written", in_order=True).with_traceback(
                    error.__traceback__
                ) from None
            self.slow(f"{type(error).__name__}: {error}", user_line(error.__traceback__), failed=True)

    def at_work(self) -> Any:
        """The lanes of the group at work."""
        for part in self.run_.now():
            if self.run_.axis in part.parents:
                return part.index[part.parents.index(self.run_.axis)]
        return np.arange(self.run_.axis.size)

    # ---- lane by lane ----

    def slow(self, reason: str, where: str, *, failed: bool = False) -> None:
        """Run the group at work lane by lane, unless the function fails there as well."""
        lanes = self.at_work()
        if failed:
            self.lane_by_lane(lanes[:1])
            if self.failure is not None and self.failure[0] == lanes[0]:
                return
            lanes = lanes[1:]
        message = _slow_message(self.call, reason, where)
        if self.run_.strict:
            raise PerformanceWarning(message)
        _warn(message, where)
        self.lane_by_lane(lanes)

    def lane_by_lane(self, lanes: Any) -> None:
        """Call the function on plain values, one lane after another, each on copies of what it may write."""
        results = PlainResults(self.run_)
        token = RUN.set(None)
        lane_token = facts.LANE.set((*facts.LANE.get(), self.run_))
        try:
            for lane in lanes.tolist():
                if self.failure is not None and lane > self.failure[0]:
                    break
                self.run_.lane = lane
                values, copies = self.lane_values(lane)
                args, kwargs = self.call.inputs.build(values)
                try:
                    results.add(lane, self.call.fun(*args, **kwargs))
                except Exception as error:
                    if isinstance(error, ValueError) and "read-only" in str(error):
                        raise NoLaneForm("an array that the lanes share is written", in_order=True) from None
                    self.fail(lane, error)
                self.note_written(lane, copies)
        finally:
            self.run_.lane = None
            facts.LANE.reset(lane_token)
            RUN.reset(token)
        self.outcomes.extend(results.outcomes())

    def lane_values(self, lane: int) -> tuple[list[Any], list[Any]]:
        """One lane's arguments: arrays as copies."""
        values: list[Any] = []
        copies: list[Any] = []
        for value, axis, _, _ in self.call.inputs.mapped:
            x = value[(slice(None),) * axis + (lane,)]
            if isinstance(x, np.ndarray):
                original = x
                x = x.copy()
                x.flags.writeable = value.flags.writeable
                copies.append((original, x))
            values.append(x)
        return values, copies

    def note_written(self, lane: int, copies: list[Any]) -> None:
        """Keep what a lane wrote, to be committed at the end."""
        changed = [(original, copy) for original, copy in copies if original.tobytes() != copy.tobytes()]
        if changed:
            self.written_lanes.append((lane, changed))

    def fail(self, lane: int, error: Exception) -> None:
        """Note the exception of the lowest lane that raises."""
        if self.failure is None or lane < self.failure[0]:
            error.add_note(f"lanewise: raised for lane {lane} of {self.call.size} of vmap({label(self.call.fun)})")
            self.failure = (lane, error)

    def in_order(self, reason: str, where: str) -> Any:
        """The loop itself: all lanes in order, on the caller's own arrays."""
        call, run = self.call, self.run_
        message = _slow_message(call, reason, where)
        if run.strict:
            raise PerformanceWarning(message)
        _warn(message, where)
        results = PlainResults(run)
        token = facts.LANE.set((*facts.LANE.get(), run))
        try:
            for lane in range(call.size):
                run.lane = lane
                values = [value[(slice(None),) * axis + (lane,)] for value, axis, _, _ in call.inputs.mapped]
                args, kwargs = call.inputs.build(values, shared=True)
                try:
                    results.add(lane, call.fun(*args, **kwargs))
                except Exception as error:
                    self.fail(lane, error)
                    raise
        finally:
            run.lane = None
            facts.LANE.reset(token)
        return self.results(results.outcomes())

    # ---- writes to mapped arguments ----

    def overlaps(self, watch: Watch) -> bool:
        """Whether a mapped argument shares memory with itself or with another array that the function reaches."""
        mapped = [leaf.value for leaf in self.call.inputs.mapped if type(leaf.value) is np.ndarray]
        shared = [array for array, _ in watch.arrays]
        shared += [leaf for leaf in self.call.inputs.shared() if type(leaf) is np.ndarray]
        for n, array in enumerate(mapped):
            low, high = np.lib.array_utils.byte_bounds(array)
            if high - low < array.nbytes:
                return True
            for other in (*mapped[n + 1 :], *shared):
                if np.may_share_memory(array, other) and _shares(array, other):
                    return True
        return False

    def commit(self, outcomes: list[Outcome]) -> None:
        """Write what the lanes left in their arguments back, up to the first lane that raised."""
        last = self.call.size if self.failure is None else self.failure[0]
        for found in outcomes:
            lanes = found.axes[0].index[0] if found.axes else np.arange(self.call.size)
            for leaf, piece in zip(self.written_leaves(), found.written, strict=False):
                if leaf.value.flags.writeable:
                    np.moveaxis(leaf.value, leaf.axis, 0)[lanes[lanes <= last]] = piece.data[lanes <= last]
        for lane, changed in self.written_lanes:
            if lane <= last:
                for original, copy in changed:
                    original[...] = copy


class PlainResults:
    """Results of single lanes, those that look alike stacked together."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.classes: list[tuple[Any, list[int], list[list[Any]], Any]] = []

    def add(self, lane: int, result: Any) -> None:
        """Take the result of one lane."""
        leaves, spec = flatten_results(result)
        datas = [plain_data(leaf) for leaf in leaves]
        weak = [type(leaf) if type(leaf) in (bool, int, float, complex) else None for leaf in leaves]
        key = (spec, [(data.shape, data.dtype, kind) for data, kind in zip(datas, weak, strict=True)])
        datas = [np.array(data) if isinstance(leaf, np.ndarray) else data for data, leaf in zip(datas, leaves, strict=True)]
        for known, lanes, rows, _ in self.classes:
            if known == key:
                lanes.append(lane)
                rows.append(datas)
                return
        self.classes.append((key, [lane], [datas], result))

    def outcomes(self) -> list[Outcome]:
        """One outcome for each kind of result."""
        found = []
        axis = self.run.axis
        for (spec, leaves), lanes, rows, tree in self.classes:
            part = LaneAxis(len(lanes), axis.level, axis.label, axis.name, (axis,), (np.array(lanes),))
            pieces = []
            for n, (shape, dtype, weak) in enumerate(leaves):
                data = np.empty((len(lanes), *shape), dtype)
                for place, row in enumerate(rows):
                    data[place] = row[n]
                pieces.append(Piece(data, (part,), weak, Ellipsis))
            found.append(Outcome((part,), pieces, spec, tree))
        return found


# ---- messages ----


def _slow_message(call: Call, reason: str, where: str) -> str:
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


def _warn(message: str, where: str) -> None:
    filename, _, line = where.rpartition(":")
    if filename:
        warnings.warn_explicit(message, PerformanceWarning, filename, int(line))
    else:
        filename, _, line = user_line().rpartition(":")
        warnings.warn_explicit(message, PerformanceWarning, filename or "<lanewise>", int(line or 1))


def _shares(a: Any, b: Any) -> bool:
    try:
        return bool(np.shares_memory(a, b, max_work=10_000))
    except Exception:  # too hard a problem to solve: assume the worst
        return True
