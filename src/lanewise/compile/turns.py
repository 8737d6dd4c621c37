"""A map within the turns of a loop, traced: its lanes one after another, as a kernel has no room for axes there."""

from __future__ import annotations

from typing import Any

import numpy as np
import optree

from ..array import PYTHON, LaneArray
from ..axes import result_axes
from ..convert import lane_form
from ..execute import Call
from ..inputs import Scalars
from ..tree import flatten_results
from .cells import Untraceable
from .lists import plainly
from .trace import Recorder
from .written import as_loop

MOST = 256  # lanes of such a map


def in_turns(r: Recorder, call: Call) -> Any:
    """An inner ``vmap`` as the loop that it stands for."""
    if not 0 < call.size <= MOST or any(type(leaf) is Scalars for leaf in call.inputs.mapped):
        raise Untraceable("a vmap of so many lanes, or of none, in a loop")
    if call.axis_name is not None:
        raise Untraceable("a vmap whose axis has a name, in a loop")
    wholes = [leaf.value if type(leaf.value) is LaneArray else r.handle(r.constant_of(leaf.value))
              for leaf in call.inputs.mapped]  # fmt: skip
    axes = [leaf.axis for leaf in call.inputs.mapped]
    fun = r.called(lane_form(call.fun))
    kinds: list[Any] = []

    def one(number: Any) -> list[Any]:
        """What the function gives for one lane."""
        rows = [x[(slice(None),) * axis + (number,)] for x, axis in zip(wholes, axes, strict=True)]
        args, kwargs = call.inputs.build(rows)
        found, spec = flatten_results(plainly(fun(*args, **kwargs)))
        now = [spec, *[_kind(r, x) for x in found]]
        if kinds and kinds != now:
            raise Untraceable("a vmap in a loop whose lanes give different things")
        kinds[:] = now
        return found

    first = one(0)
    spec = kinds[0]
    entries = result_axes(call.out_axes, optree.tree_unflatten(spec, first), len(first), call.fun)
    if None in entries:
        raise Untraceable("a vmap in a loop with a result that is not stacked")
    outs = [r.fresh(np.empty((call.size, *shape), dtype)) for shape, dtype, _ in kinds[1:]]
    for out, row in zip(outs, first, strict=True):
        out[0] = row
    _filled(r, call.size, one, outs)
    return optree.tree_unflatten(spec, [_moved(out, entry) for out, entry in zip(outs, entries, strict=True)])


@as_loop
def _filled(size: int, one: Any, outs: list[Any]) -> None:
    for number in range(1, size):
        rows = one(number)
        for k in range(len(outs)):
            outs[k][number] = rows[k]


def _kind(r: Recorder, x: Any) -> tuple[Any, ...]:
    """The shape, dtype and kind of a result of one lane."""
    if type(x) is not LaneArray and not (isinstance(x, np.ndarray) or np.isscalar(x)):
        raise Untraceable("a vmap in a loop whose result is no array")
    value = r.as_value(x)
    if value in r.doubtful:
        raise Untraceable("a number is Python's in some lanes and NumPy's in others")
    return value.shape, value.dtype, value.kind == PYTHON


def _moved(out: Any, entry: int) -> Any:
    """A result with its lanes where ``out_axes`` wants them."""
    ndim = out.ndim
    if not -ndim <= entry < ndim:
        raise ValueError(f"vmap: out_axes={entry} is out of range for a result of shape {out.shape[1:]}.")
    return out if entry % ndim == 0 else np.moveaxis(out, 0, entry)
