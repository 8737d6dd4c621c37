"""Loops: `while_loop`, `fori_loop`, `scan` and `map`. Lanes that are through leave; the others go on without them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import optree

from .. import tree as pytree
from ..array import ARRAY, PYTHON, LaneArray, lanes_of, live
from ..axes import an
from ..convert import lane_form
from ..facts import RUN, RuleError, Run, recorder
from ..lanes import spread
from ..ops.common import lane
from ..program import ShapeDtypeStruct, eval_shape
from ..regions import PLAIN, Box, Loop, truths
from ..regions.loops import WEIGHT
from ..vmap import vmap
from ._branches import check_integer
from ._types import (
    Typed,
    check_alike,
    check_scalar,
    either,
    flatten,
    follows,
    form,
    has_no_lanes,
    ident,
    own,
    settled,
    type_of,
    unmixed,
    without_values,
)  # fmt: skip

_FUNCTIONS = {"while_loop": "body_fun", "fori_loop": "body_fun", "scan": "f", "map": "f"}


class Carry:
    """What goes from turn to turn: a pytree of one structure, a variable for each leaf."""

    def __init__(self, name: str, what: str, value: Any, run: Run | None) -> None:
        self.name = name
        self.what = what
        # traced values have no lanes, and all turns nevertheless
        self.run = None if run is None or run.recorder is not None else run
        leaves, self.spec = flatten(value)
        self.boxes = [Box() for _ in leaves]
        self.checked = False
        self.put(leaves)

    @property
    def leaves(self) -> list[Any]:
        """The leaves, as they are now."""
        return [box.cell_contents for box in self.boxes]

    @property
    def value(self) -> Any:
        """The pytree, as it is now."""
        return optree.tree_unflatten(self.spec, self.leaves)

    def put(self, leaves: list[Any]) -> None:
        """Give each leaf its new value."""
        for box, leaf in zip(self.boxes, leaves, strict=True):
            box.cell_contents = leaf

    def turn(self, value: Any) -> bool:
        """Take the value after a turn; answer whether there are no lanes, so that one turn has shown all."""
        leaves, spec = flatten(value)
        first = not self.checked
        if first or spec != self.spec:
            before = Typed.of(self.leaves, self.spec)
            headline = f"{self.name}: {_FUNCTIONS[self.name]} changes the {{aspect}} of {{where}}"
            check_alike(headline, self.what, ["before", "after"], before, Typed.of(leaves, spec), follows)
            self.checked = True
        self.put(leaves)
        return first and self.run is not None and self.vanish(leaves)

    def vanish(self, also: list[Any]) -> bool:
        """If any leaf has no lanes, take away the values of all: they are those of the first turn."""
        like = next((leaf for leaf in also if has_no_lanes(leaf)), None)
        if like is None:
            return False
        self.put([without_values(leaf, like) for leaf in self.leaves])
        return True


def while_loop(cond_fun: Callable[[Any], Any], body_fun: Callable[[Any], Any], init_val: Any) -> Any:
    """Repeat a function while a condition holds (`jax.lax.while_loop`), for each lane as long as its own holds.

    On plain values it is ``while cond_fun(val): val = body_fun(val)``.

    Parameters
    ----------
    cond_fun : callable
        From the carry, a truth value.
    body_fun : callable
        From the carry, the next one: of the same structure, shapes and dtypes, but that a Python number may become a
        NumPy one.
    init_val : pytree
        The first carry.

    Returns
    -------
    pytree
        The last carry.

    Raises
    ------
    TypeError
        If the condition is no scalar, or if the carry changes its structure, shapes or dtypes.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> def collatz(n):
    ...     step = lambda c: (c[0] // 2 if c[0] % 2 == 0 else 3 * c[0] + 1, c[1] + 1)
    ...     return lax.while_loop(lambda c: c[0] != 1, step, (n, 0))[1]
    >>> vmap(collatz)(np.array([1, 6, 27]))
    array([  0,   8, 111])
    """
    run = RUN.get()
    test = form(run, cond_fun, "while_loop", "cond_fun")
    body = form(run, body_fun, "while_loop", "body_fun")
    if run is not None and run.recorder is not None:
        return run.recorder.while_loop(test, body, init_val)
    carry = Carry("while_loop", "init_val", init_val, run)

    def goes_on() -> Any:
        found = test(carry.value)
        check_scalar(found, "while_loop", "what cond_fun returns")
        return found

    _repeat(carry, goes_on, lambda: body(carry.value), ident(cond_fun, body_fun))
    return carry.value


def _repeat(carry: Carry, goes_on: Callable[[], Any], body: Callable[[], Any], statement: Any) -> None:
    """Turns as long as the test holds; lanes leave from the turn on in which they first disagree on it."""
    loop: Loop | None = None
    while True:
        found = goes_on()
        if loop is None:
            found = truths(found)
            if type(found) is LaneArray and (statement in PLAIN or recorder() is not None):
                found = bool(found)
            if type(found) is LaneArray:
                if has_no_lanes(found):
                    carry.turn(body())
                    carry.vanish([found])
                    return
                assert carry.run is not None
                loop = Loop(carry.run, carry.boxes, statement)
        if not (loop.test(found) if loop is not None else found):
            break
        if carry.turn(body()):
            return
    if loop is not None:
        loop.over_and_out()
        carry.put([unmixed(leaf, either) for leaf in carry.leaves])


def fori_loop(
    lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init_val: Any, *, unroll: int | bool | None = None
) -> Any:
    """Repeat a function for the numbers of a range (`jax.lax.fori_loop`), for each lane those of its own.

    On plain values it is ``for i in range(lower, upper): val = body_fun(i, val)``.

    Parameters
    ----------
    lower, upper : int
        The bounds, of each lane or of all.
    body_fun : callable
        From the number and the carry, the next carry: of the same structure, shapes and dtypes.
    init_val : pytree
        The first carry.
    unroll : int or bool, optional
        Accepted; it makes no difference.

    Returns
    -------
    pytree
        The last carry.

    Raises
    ------
    TypeError
        If a bound is no integer scalar, or if the carry changes its structure, shapes or dtypes.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> def factorial(n):
    ...     return lax.fori_loop(1, n + 1, lambda i, product: product * i, 1)
    >>> vmap(factorial)(np.array([0, 3, 5]))
    array([  1,   6, 120])
    """
    run = RUN.get()
    body = form(run, body_fun, "fori_loop", "body_fun")
    first, last = _bound(lower, "lower"), _bound(upper, "upper")
    varies = type(first) is LaneArray or type(last) is LaneArray
    if run is not None and run.recorder is not None and (varies or last - first > run.recorder.unrolled):
        return run.recorder.fori_loop(first, last, body, init_val)
    carry = Carry("fori_loop", "init_val", init_val, run)
    if varies:
        turns = 0

        def turn() -> Any:
            nonlocal turns
            turns += 1
            return body(first + (turns - 1), carry.value)

        _repeat(carry, lambda: first + turns < last, turn, ident(body_fun))
        return carry.value
    for i in range(first, last):
        if run is not None and run.meter is not None:
            run.meter.turn(run, WEIGHT)
        if carry.turn(body(i, carry.value)):
            break
    return carry.value


def _bound(x: Any, what: str) -> Any:
    """A bound of a loop as a Python int: of each lane, where the lanes differ."""
    check_integer(x, "fori_loop", what)
    x = settled(x)
    if type(x) is not LaneArray:
        return operator.index(x)
    if (tracer := recorder()) is not None:
        return tracer.converted(x, np.dtype(np.int64), PYTHON)
    x = live(x)
    return LaneArray(x.data.reshape(x.lanes.shape).astype(np.int64, copy=False), x.lanes, PYTHON)


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
    _split_transpose: bool = False,
) -> tuple[Any, Any]:
    """Run over the leading axis of arrays with a carry, and stack what each turn gives (`jax.lax.scan`).

    Parameters
    ----------
    f : callable
        ``f(carry, x)`` returns the next carry, of the same structure, shapes and dtypes, and ``y``.
    init : pytree
        The first carry.
    xs : pytree of arrays, optional
        Arrays whose leading axes have one length; ``f`` gets a slice of each.
    length : int, optional
        The number of turns; needed where ``xs`` is None.
    reverse : bool
        From the last slice to the first. What a turn gives stands where its slice does.
    unroll : int or bool
        Accepted; it makes no difference.

    Returns
    -------
    carry : pytree
        The last carry.
    ys : pytree of arrays
        What the turns gave, stacked along a new leading axis.

    Raises
    ------
    ValueError
        If the leading axes differ in length, or from ``length``.
    TypeError
        If ``f`` returns no pair, if the carry changes its structure, shapes or dtypes, or if ``y`` does.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> def running_mean(xs):
    ...     def step(carry, x):
    ...         total, count = carry
    ...         return (total + x, count + 1), (total + x) / (count + 1)
    ...     return lax.scan(step, (0.0, 0), xs)[1]
    >>> vmap(running_mean)(np.array([[1.0, 3.0, 5.0], [2.0, 2.0, 5.0]]))
    array([[1., 2., 3.],
           [2., 2., 3.]])
    """
    run = RUN.get()
    step = form(run, f, "scan", "f")

    def paired(carry: Any, x: Any) -> tuple[Any, Any]:
        found = step(carry, x)
        if not isinstance(found, (tuple, list)) or len(found) != 2:
            raise RuleError(f"lax.scan: f must return a pair, the next carry and y, not {an(found)}.")
        return found[0], found[1]

    return _scan("scan", paired, init, xs, length, reverse, run)


def map(f: Callable[[Any], Any], xs: Any, *, batch_size: int | None = None) -> Any:
    """Call a function for each slice along the leading axis of arrays, and stack the results (`jax.lax.map`).

    Parameters
    ----------
    f : callable
        From a slice of each array, a pytree of arrays.
    xs : pytree of arrays
        Arrays whose leading axes have one length.
    batch_size : int, optional
        How many slices run at once, as lanes of a `vmap`; one after another if it is not given.

    Returns
    -------
    pytree of arrays
        The results, stacked along a new leading axis.

    Raises
    ------
    ValueError
        If the leading axes differ in length, or ``batch_size`` is less than 1.
    TypeError
        If the results differ in structure, shape or dtype.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax
    >>> lax.map(lambda x: x.sum(), np.arange(6).reshape(3, 2))
    array([1, 5, 9])
    >>> lax.map(lambda x: x.sum(), np.arange(6).reshape(3, 2), batch_size=2)
    array([1, 5, 9])
    """
    run = RUN.get()
    call = form(run, f, "map", "f")
    if batch_size is None:
        return _scan("map", lambda _, x: (None, call(x)), None, xs, None, False, run)[1]
    size = operator.index(batch_size)
    if size < 1:
        raise ValueError(f"lax.map: batch_size must be 1 or more, not {size}.")
    leaves, spec = pytree.flatten(xs)
    _length("map", leaves, spec, None)
    found: list[Typed] = []

    def one(*slices: Any) -> list[Any]:
        results, tree = pytree.flatten(lane_form(f)(optree.tree_unflatten(spec, slices)))
        found.append(Typed.of(results, tree))
        check_alike(_DIFFER.format(name="map"), "result", _TURNS, found[0], found[-1])
        return results

    results = vmap(one, chunk_size=size)(*leaves)
    return optree.tree_unflatten(found[0].spec, results)


# ---- the work of scan and map ----

_DIFFER = "{name}: {{where}} differs in {{aspect}} between turns"
_TURNS = ["the first", "another"]


def _scan(name: str, step: Any, init: Any, xs: Any, length: Any, reverse: bool, run: Run | None) -> tuple[Any, Any]:
    leaves, spec = flatten(xs)
    turns = _length(name, leaves, spec, length)
    carry = Carry(name, "init", init, run)
    if turns == 0:
        return carry.value, _nothing(step, carry.value, leaves, spec)
    if run is not None and run.recorder is not None and turns > run.recorder.unrolled:
        return run.recorder.scan(step, init, xs, turns, reverse)  # type: ignore[no-any-return]
    ys: list[list[Any]] = []
    typed: Typed | None = None
    for t in reversed(range(turns)) if reverse else range(turns):
        if run is not None and run.meter is not None:
            run.meter.turn(run, WEIGHT)
        after, y = step(carry.value, optree.tree_unflatten(spec, [leaf[t] for leaf in leaves]))
        found, tree = flatten(y)
        now = Typed.of(found, tree)
        if typed is None:
            typed = now
        elif now != typed:
            check_alike(_DIFFER.format(name=name), "result" if name == "map" else "y", _TURNS, typed, now)
        ys.append(found)
        if carry.turn(after) or (len(ys) == 1 and carry.run is not None and carry.vanish([*carry.leaves, *found])):
            like = next(leaf for leaf in [*carry.leaves, *found] if has_no_lanes(leaf))
            return carry.value, optree.tree_unflatten(tree, [without_values(leaf, like, (turns,)) for leaf in found])
    assert typed is not None
    if reverse:
        ys.reverse()
    return carry.value, optree.tree_unflatten(typed.spec, [_stacked(list(y), run) for y in zip(*ys, strict=True)])


def _length(name: str, leaves: list[Any], spec: Any, length: Any) -> int:
    """The number of turns."""
    if length is not None:
        length = operator.index(length)
    sizes = []
    paths = [str(path.codify("xs")) for path in optree.treespec_accessors(spec)]
    for leaf, path in zip(leaves, paths, strict=True):
        shape = type_of(leaf).shape
        if not shape:
            raise ValueError(
                f"lax.{name}: {path} is {an(leaf)} without axes, and there is no leading axis to run over.\n"
                "  What is the same in every turn goes into the function as a closure."
            )
        sizes.append(shape[0])
    if not sizes and length is None:
        raise ValueError(f"lax.{name}: there is nothing to run over: xs has no arrays, and length is not given.")
    expected = sizes[0] if length is None else length
    if any(size != expected for size in sizes):
        rows = [f"    {path}  {size}" for path, size in zip(paths, sizes, strict=True)]
        rows += [] if length is None else [f"    length  {length}"]
        listed = "\n".join(rows)
        raise ValueError(
            f"lax.{name}: the leading axes differ in length:\n{listed}\n  Slice or pad them to one length."
        )
    if expected < 0:
        raise ValueError(f"lax.{name}: length must be 0 or more, not {expected}.")
    return int(expected)


def _stacked(leaves: list[Any], run: Run | None) -> Any:
    """Leaves of all turns as one array."""
    if not any(type(leaf) is LaneArray for leaf in leaves):
        return own(np.stack(leaves), run)
    values = [live(lane(leaf)) for leaf in leaves]
    lanes = lanes_of(values)
    example = type_of(values[0]).shape
    weak = {type_of(leaf).weak for leaf in leaves}
    strong = [value.data.dtype for value, leaf in zip(values, leaves, strict=True) if not type_of(leaf).weak]
    dtype = values[0].data.dtype if weak == {True} else strong[0]
    if run is not None and run.recorder is not None:
        stacked: Any = np.stack(leaves)
        return stacked if stacked.dtype == dtype else stacked.astype(dtype)
    data: Any = np.empty((*lanes.shape, len(values), *example), dtype)
    for t, value in enumerate(values):
        data[(*lanes.whole, t)] = spread(value.data, value.lanes, lanes, len(example))
    assert run is not None
    return LaneArray(data, lanes if lanes.axes else run.home(), ARRAY)


def _nothing(step: Any, carry: Any, leaves: list[Any], spec: Any) -> Any:
    """What no turns give: empty arrays, of the shapes and dtypes that a turn would give."""
    slices = [ShapeDtypeStruct(type_of(leaf).shape[1:], type_of(leaf).dtype) for leaf in leaves]
    found = eval_shape(step, carry, optree.tree_unflatten(spec, slices))[1]
    return pytree.map(lambda struct: own(np.empty((0, *struct.shape), struct.dtype), RUN.get()), found)
