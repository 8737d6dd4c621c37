"""The outermost call: where lanes can run one by one on plain values, and where writes are committed.

What has no batched form (`NoLaneForm`) runs lane by lane, with a warning that names the user's line; a group of one
lane runs so without one. What a group raises is believed only after its first lane has raised it on plain values. Where
lanes share what they write, or may do so unseen (`guards`), what was done is undone and the loop runs in order.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from . import facts, hot
from .axes import label, ragged
from .collect import Outcome, Piece, kind_of, plain_data
from .execute import Call, Groups, many_groups, run_inner, slow_message, stack
from .facts import FEW, LANE, MANY_GROUPS, RUN, CollectiveError, NoLaneForm, PerformanceWarning, Run, TraceError
from .guards import Watch, watch
from .inputs import copy_alike
from .lanes import LaneAxis
from .tree import flatten_results
from .usercode import user_line


def run_call(call: Call) -> Any:
    """Run a mapped function on all its lanes."""
    if not call.size and call.out_axes is ragged:
        return []
    parent = RUN.get()
    axis = LaneAxis(call.size, 0 if parent is None else parent.axis.level + 1, label(call.fun), call.axis_name)
    run = Run(axis, parent)
    run.strict = run.strict or call.strict
    run.chunk = call.chunk
    if parent is not None and parent.recorder is not None:
        return parent.recorder.vmap(call, run)
    if parent is not None:
        return run_inner(call, run)
    run.meter = hot.meter(call)
    return run_outermost(call, run)


def run_again(call: Call) -> Any:
    """Run an outermost call from its start, to its end on eager lanes."""
    run = Run(LaneAxis(call.size, 0, label(call.fun), call.axis_name), None)
    run.strict = call.strict
    run.chunk = call.chunk
    return run_outermost(call, run)


def run_outermost(call: Call, run: Run) -> Any:
    """Run the call: batched, or in the order of lanes if they turn out to share what they change."""
    reached = watch(call.fun, call.inputs.shared())
    lanes = ready = None
    reason, where = reached.unsure(), ""
    try:
        if not reason:
            lanes = Outermost(call, run, reached)
            lanes.go()
            reason = reached.moved()
    except hot.Hot as signal:
        ready, reason, lanes, run.signal = signal.ready, reached.moved(), None, None
        signal.__traceback__ = None  # what eager lanes have made is needed no more
    except NoLaneForm as signal:
        reason, where = signal.reason, signal.where()
    except Exception:
        reason = reached.moved()
        if not reason:
            raise
    finally:
        run.close()
        reached.release()
    if ready is not None and not reason:
        found = ready.run(call, reached)
        return run_again(call) if found is None else found[0]
    if not reason and lanes is not None and lanes.writes() and call.overlaps(reached):
        reason = "an argument that is written overlaps other memory"
    if reason or lanes is None:
        reached.restore()
        return in_order(call, run, reason, where)
    if run.groups > MANY_GROUPS + len(lanes.classes) and not lanes.gave_up:
        _warn(many_groups(call, run), "")
    if lanes.writes():
        lanes.commit()
    if lanes.failure is not None:
        raise lanes.failure[1]
    if not lanes.outcomes:
        raise TraceError(_no_lanes(call))
    return stack(call, run, lanes.outcomes, call.inputs.sources)


SMALL = 32  # many groups that hold fewer lanes than this on average take longer than a loop
LARGE = 1000  # and each time that so many lanes start anew takes long


class Outermost(Groups):
    """The outermost call: here lanes can run one by one, on plain values."""

    def __init__(self, call: Call, run: Run, watch: Watch) -> None:
        super().__init__(call, run, watch)
        self.failure: tuple[int, Exception] | None = None
        self.written_lanes: list[tuple[Any, list[Any]]] = []
        self.done = 0  # how many lanes have run in groups
        self.gave_up = False  # the groups were too small

    def skips(self, group: facts.Group) -> bool:
        """Lanes behind the first that raises never run in the loop."""
        return self.failure is not None and group.first > self.failure[0]

    def work(self) -> None:
        """Run the group at work, batched if that is possible."""
        run = self.run
        if run.refinements and run.axis.name is None:
            lanes = self.at_work()
            if lanes.size == 1 or (run.few and lanes.size <= FEW) or self.gave_up:
                self.count(lanes)
                self.lane_by_lane(lanes)  # a group of one lane, or of the last few of a loop: the function itself
                return
            if self.too_many_groups(lanes.size):
                self.gave_up = True
                self.slow(f"the lanes go in very many small groups, as {run.why_split}", "")
                return
        failed: Exception | None = None
        try:
            self.batched()
            if run.groups > 1:
                self.done += self.at_work().size
            return
        except NoLaneForm as signal:
            if signal.in_order or run.axis.size == 0:
                raise
            reason, where = signal.reason, signal.where()
        except (TraceError, CollectiveError, PerformanceWarning, facts.RuleError):
            raise
        except Exception as error:
            if run.axis.size == 0:
                raise
            self.check_shared_write(error)
            failed = error
            reason, where = f"{type(error).__name__}: {error}", user_line(error.__traceback__)
        # Behind the handlers: what a lane raises has the context that it has in the loop, and none of ours.
        try:
            self.slow(reason, where, failed=failed is not None)
            if failed is not None and self.failure is not None and isinstance(self.failure[1], CollectiveError):
                raise failed  # one lane alone can't tell; what they raised together counts
        finally:
            failed = None

    def too_many_groups(self, lanes: int) -> bool:
        """Whether groups have turned out so small that the loop is quicker, for a group of so many lanes."""
        many = MANY_GROUPS if lanes < LARGE else MANY_GROUPS // 4
        groups = self.run.groups - len(self.classes)
        return groups > many and self.done < SMALL * groups

    def at_work(self) -> Any:
        """The lanes of the group at work."""
        for part in self.run.now():
            if self.run.axis in part.parents:
                return part.index[part.parents.index(self.run.axis)]
        return np.arange(self.run.axis.size)

    # ---- lane by lane ----

    def count(self, lanes: Any) -> None:
        """Count lanes that are about to run one by one."""
        if self.run.meter is not None:
            self.run.meter.singles(self.run, lanes.size)

    def slow(self, reason: str, where: str, *, failed: bool = False) -> None:
        """Run the group at work lane by lane, unless the function fails there as well."""
        lanes = self.at_work()
        if failed:
            self.lane_by_lane(lanes[:1])
            if self.failure is not None and self.failure[0] == lanes[0]:
                return
            lanes = lanes[1:]
        self.count(lanes)
        message = slow_message(self.call, reason, where)
        if self.run.strict:
            raise PerformanceWarning(message)
        _warn(message, where)
        self.lane_by_lane(lanes)

    def lane_by_lane(self, lanes: Any) -> None:
        """Call the function on plain values, one lane after another, each on copies of what it may write."""
        results = PlainResults(self.run)
        token = RUN.set(None)
        lane_token = LANE.set((*LANE.get(), self.run))
        try:
            for lane in lanes.tolist():
                if self.failure is not None and lane > self.failure[0]:
                    break
                self.run.lane = lane
                values, copies = self.lane_values(lane)
                args, kwargs = self.call.inputs.of(lane).build(values)
                try:
                    results.add(lane, self.call.fun(*args, **kwargs))
                except Exception as error:
                    self.check_shared_write(error)
                    self.fail(lane, error)
                self.note_written(lane, copies)
        finally:
            self.run.lane = None
            LANE.reset(lane_token)
            RUN.reset(token)
        self.outcomes.extend(results.outcomes())

    def lane_values(self, lane: int) -> tuple[list[Any], list[Any]]:
        """One lane's arguments: arrays as copies."""
        values: list[Any] = []
        copies: list[Any] = []
        for leaf in self.call.inputs.of(lane).mapped:
            x = leaf.example(lane)
            if isinstance(x, np.ndarray):
                original = x
                x = copy_alike(x, 0, x.strides)
                x.flags.writeable = original.flags.writeable
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
            error.add_note(raised_note(self.call, lane))
            self.failure = (lane, error)

    # ---- writes to mapped arguments ----

    def writes(self) -> bool:
        """Whether any lane wrote to its arguments."""
        return self.run.writable or bool(self.written_lanes)

    def commit(self) -> None:
        """Write what the lanes left in their arguments back, up to the first lane that raised."""
        last = self.call.size if self.failure is None else self.failure[0]
        for found in self.wrote:
            lanes = found.axes[0].index[0] if found.axes else np.arange(self.call.size)
            leaves = self.call.inputs.of(lanes[0]).mapped if found.written and lanes.size else ()
            for leaf, piece in zip(leaves, found.written, strict=False):
                if piece is not None and leaf.writeable():
                    leaf.commit(lanes[lanes <= last], piece.data[lanes <= last])
        for lane, changed in self.written_lanes:
            if lane <= last:
                for original, copy in changed:
                    original[...] = copy


def in_order(call: Call, run: Run, reason: str, where: str) -> Any:
    """The loop itself: all lanes in order, on the caller's own arrays."""
    message = slow_message(call, reason, where)
    if run.strict:
        raise PerformanceWarning(message)
    _warn(message, where)
    results = PlainResults(run)
    token = LANE.set((*LANE.get(), run))
    try:
        for lane in range(call.size):
            run.lane = lane
            inputs = call.inputs.of(lane)
            args, kwargs = inputs.build([leaf.example(lane) for leaf in inputs.mapped], shared=True)
            try:
                results.add(lane, call.fun(*args, **kwargs))
            except Exception as error:
                error.add_note(raised_note(call, lane))
                raise
    finally:
        run.lane = None
        LANE.reset(token)
    if not call.size:
        raise TraceError(_no_lanes(call))
    return stack(call, run, results.outcomes(), call.inputs.sources)


class PlainResults:
    """Results of single lanes, those that look alike stacked together."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.classes: dict[Any, tuple[list[int], list[list[Any]], Any]] = {}

    def add(self, lane: int, result: Any) -> None:
        """Take the result of one lane."""
        leaves, spec = flatten_results(result)
        datas = [plain_data(leaf) for leaf in leaves]
        kinds = [kind_of(Piece(data, (), None, leaf)) for data, leaf in zip(datas, leaves, strict=True)]
        weak = [type(leaf) if type(leaf) in (bool, int, float, complex) else None for leaf in leaves]
        looks = [(data.shape, data.dtype, *pair) for data, *pair in zip(datas, weak, kinds, strict=True)]
        lanes, rows, _ = self.classes.setdefault((spec, tuple(looks)), ([], [], result))
        lanes.append(lane)
        rows.append(datas)

    def outcomes(self) -> list[Outcome]:
        """One outcome for each kind of result."""
        found = []
        axis = self.run.axis
        for (spec, looks), (lanes, rows, tree) in self.classes.items():
            part = axis.refinement(len(lanes), axis.level, (axis,), (np.array(lanes),))
            pieces = []
            leaves, _ = flatten_results(tree)
            for n, (shape, dtype, weak, _) in enumerate(looks):
                data = np.empty((len(lanes), *shape), dtype)
                for place, row in enumerate(rows):
                    data[place] = row[n] if shape else row[n][()]
                pieces.append(Piece(data, (part,), weak, leaves[n]))
            found.append(Outcome((part,), pieces, spec, tree))
        return found


def _warn(message: str, where: str) -> None:
    filename, _, line = where.rpartition(":")
    if filename:
        warnings.warn_explicit(message, PerformanceWarning, filename, int(line))
    else:
        filename, _, line = user_line().rpartition(":")
        warnings.warn_explicit(message, PerformanceWarning, filename or "<lanewise>", int(line or 1))


def raised_note(call: Call, lane: int) -> str:
    """The note on an exception of the user's function."""
    first, total = call.chunk or (0, call.size)
    return f"lanewise: raised for lane {first + lane} of {total} of vmap({label(call.fun)})"


def _no_lanes(call: Call) -> str:
    return f"vmap: {label(call.fun)} has no batched form, and there are no lanes to show what it returns."
