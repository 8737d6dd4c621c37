"""A whole function, traced: its arguments, its results, and what it writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import optree

from ..array import ARRAY, PYTHON, SCALAR, LaneArray
from ..axes import label
from ..convert import lane_form
from ..facts import RUN, Signal
from ..lanes import LaneAxis
from ..program import ShapeDtypeStruct
from ..regions import Mixed
from ..tree import flatten, flatten_results
from .cells import Cell, Untraceable
from .contents import fingerprint
from .either import check_stacked
from .ir import Axis, Program, Value
from .lists import NeedsBuffer, plainly
from .loops import UNROLLED
from .mixed import Choice, is_number, without_unbound
from .nested import watched
from .statements import NeedsRecursion
from .tape import unpacked
from .trace import Recorder

MOST_BUFFERS = 8  # lists of a function that differ in length between lanes
SHORT = 6_000  # operations of a program whose loops are written out


class Traced:
    """What tracing a function gave.

    Attributes
    ----------
    program : Program
        The results' values come first, then those of the written arguments.
    spec : PyTreeSpec
        The structure of the result.
    leaves : list
        Its leaves: for each the number of a result of the program, or a plain object in a 1-tuple; or a `Choice`
        among such.
    written : list of int
        Which arguments are written.
    kept : list of ndarray
        The arrays of closures and globals that it may read.
    cut : bool
        Whether a function that calls itself was followed only so deep, or a list has only so much room.
    recursive : bool
        Whether functions in it call themselves.
    weak : list
        For each result the type of a Python scalar, which is weak in promotion, where that is noted (`hot`).
    unrollable : bool
        Whether its loops can be written out.
    """

    def __init__(
        self, program: Program, spec: Any, leaves: list[Any], written: list[int], recorder: Recorder
    ) -> None:  # fmt: skip
        self.program = program
        self.spec = spec
        self.leaves = leaves
        self.written = written
        self.kept: list[Any] = recorder.kept
        self.cut: bool = recorder.cut
        self.recursive: bool = bool(recorder.recursive)
        self.weak: list[Any] = recorder.weak
        self.unrollable: bool = 0 < recorder.rolled <= UNROLLED

    def is_as(self, other: Traced) -> bool:
        """Whether another trace gave the same."""
        numbers = all(type(leaf) is int for leaf in self.leaves)
        if not numbers or (self.spec, self.leaves, self.written) != (other.spec, other.leaves, other.written):
            return False
        return fingerprint(self.program) == fingerprint(other.program)


def trace(
    fun: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], deepest: int = 2, *, rolled: bool = True,
    recursive: bool = True,
    recorder: type[Recorder] = Recorder,
) -> Traced:  # fmt: skip
    """Record a function on arguments of these shapes and dtypes.

    Parameters
    ----------
    deepest : int
        How often a function may call itself within itself; lanes that go further need the ordinary way.
    rolled : bool
        Whether loops over many numbers are loops of the program, where that can be.
    recursive : bool
        Whether functions that call themselves are functions of the program, where that can be.
    recorder : type
        What records it.

    Raises
    ------
    NoLaneForm, TraceError
        If the function can't be recorded: it needs values, or does what has no recorded form.
    """
    options: dict[str, Any] = {"deepest": deepest}
    if not recursive:
        options["recursive"] = None
    if deepest > 6:
        options["longest"] = SHORT
    if not rolled:
        options |= {"unrolled": UNROLLED, "longest": SHORT}
    first: BaseException | None = None
    while True:
        made = recorder(label(fun), **options)
        try:
            return attempt(made, fun, args, kwargs)
        except NeedsBuffer as problem:  # again, with a list that may differ in length between lanes
            known = options.get("buffered", frozenset())
            if problem.place is None or problem.place in known or len(known) == MOST_BUFFERS:
                raise first or problem from None
            options["buffered"] = known | {problem.place}
        except NeedsRecursion as problem:  # again, with a function that calls itself in the code
            options["recursive"] = options.get("recursive", frozenset()) | {problem.code}
        except (Signal, Exception) as problem:
            if options.get("recursive"):  # again, each call followed, as deep as that goes
                options["recursive"] = None
                continue
            if not rolled or made.unrolled == UNROLLED or (first is None and not 0 < made.rolled <= UNROLLED):
                raise first or problem from None
            at_work = max([loop.size for loop in made.loops if loop.symbolic], default=0) if first is None else 0
            # again, with loops as long as those at work written out, then longer ones: their numbers are plain then
            options |= {"unrolled": at_work if at_work > made.unrolled else UNROLLED, "longest": SHORT}
            first = first or problem


def attempt(recorder: Recorder, fun: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Traced:
    """Record a function in one way."""
    leaves_, spec = flatten((args, kwargs))
    inputs: list[Value] = []
    cells: list[Cell] = []
    lanes: dict[LaneAxis, LaneAxis] = {}

    def enter(leaf: Any) -> Any:
        shaped = _shape_of(leaf)
        if shaped is None:
            return leaf
        shape, dtype, kind = shaped
        axes: tuple[Axis, ...] = ()
        if type(leaf) is LaneArray:
            for axis in leaf.lanes.axes:
                if axis not in lanes:
                    lanes[axis] = recorder.add_axis(axis.size, axis.label, axis.name)
            axes = tuple([recorder.axes[lanes[axis]] for axis in leaf.lanes.axes])
        value = Value(shape, dtype, axes, kind)
        inputs.append(value)
        cells.append(recorder.cell(value))
        cells[-1].argument = True
        return recorder.handle(cells[-1])

    if any(type(leaf) is LaneArray for leaf in leaves_):  # outer axes first, whatever argument has them
        known = {axis for leaf in leaves_ if type(leaf) is LaneArray for axis in leaf.lanes.axes}
        for axis in sorted(known, key=lambda axis: axis.level):
            lanes[axis] = recorder.add_axis(axis.size, axis.label, axis.name)
    new_args, new_kwargs = optree.tree_unflatten(spec, [enter(leaf) for leaf in leaves_])
    before = [cell.value for cell in cells]
    with watched(recorder, fun):
        places, tree, results = results_of(recorder, fun, new_args, new_kwargs)
    if recorder.poisoned or recorder.loops:
        raise Untraceable("an exception is caught that came out of a loop or a branch")
    written = [n for n, cell in enumerate(cells) if recorder.value(cell) is not before[n]]
    results += [cells[n].value for n in written]
    program = Program(label(fun), inputs, recorder.scope.nodes, results)
    return Traced(program, tree, places, written, recorder)


def results_of(recorder: Recorder, fun: Callable[..., Any], args: Any, kwargs: Any) -> tuple[list[Any], Any, list[Any]]:
    """Call a function: where the leaves of its result are found, their structure, and the results of the program."""
    token = RUN.set(recorder.run)
    try:
        result = recorder.called(lane_form(fun))(*args, **kwargs)
        if recorder.run.signal is not None:  # somebody has caught it
            raise recorder.run.signal
        found, tree = flatten_results(plainly(result))
        results: list[Any] = []
        return [leaf_of(recorder, leaf, results) for leaf in found], tree, results
    finally:
        RUN.reset(token)


def leaf_of(recorder: Recorder, leaf: Any, results: list[Any]) -> Any:
    """Where a leaf of the result is found, which may be one thing in some lanes and another elsewhere."""
    if type(leaf) is Mixed:
        leaf = without_unbound(recorder, leaf)
    if type(leaf) is Mixed:
        check_stacked(recorder.doubtful, [recorder.as_value(x) for x in leaf.options if is_number(x)])
        leaf = Choice(leaf.codes, leaf.options, None, [])
    if type(leaf) is not Choice:
        return place_of(recorder, leaf, results)
    options = [place_of(recorder, option, results) for option in leaf.options]
    return Choice(place_of(recorder, leaf.codes, results), options, leaf.at, leaf.weak)


def place_of(recorder: Recorder, leaf: Any, results: list[Any]) -> Any:
    """Where a leaf of the result is found: among the results of the program, or as it is in a 1-tuple."""
    if type(leaf) is np.ndarray and leaf.dtype.hasobject:
        leaf = unpacked(recorder, leaf)
    if type(leaf) is LaneArray:
        results.append(recorder.value(recorder.cell_of(leaf)))
    elif isinstance(leaf, np.ndarray):
        results.append(recorder.value(recorder.constant_of(leaf)))
    elif leaf is None or isinstance(leaf, (bool, int, float, complex, str, bytes, np.generic)):
        return (leaf,)
    else:
        raise Untraceable(f"a result is a {type(leaf).__name__}")
    return len(results) - 1


def _shape_of(leaf: Any) -> tuple[tuple[int, ...], np.dtype[Any], int] | None:
    """Shape, dtype and kind of an argument; None for one that is static."""
    if type(leaf) is LaneArray:
        return leaf.data.shape[leaf.lanes.ndim :], leaf.data.dtype, leaf.kind
    if isinstance(leaf, (np.ndarray, ShapeDtypeStruct)):
        if type(leaf) is not ShapeDtypeStruct and (type(leaf) is not np.ndarray or leaf.dtype.hasobject):
            raise Untraceable(f"an argument is a {type(leaf).__name__} of {leaf.dtype}")
        return leaf.shape, leaf.dtype, ARRAY
    if isinstance(leaf, np.generic):
        return (), leaf.dtype, SCALAR
    if type(leaf) in (float, complex):
        return (), np.dtype(type(leaf)), PYTHON
    return None
