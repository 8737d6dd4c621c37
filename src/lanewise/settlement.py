"""Exceptions are facts, too: where a batched call raises, the lanes agree on whether the loop would have raised."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import facts
from .array import TABLE, Data, LaneArray, Rule, current, example, lanes_of, map_lanes, settle
from .facts import NoLaneForm
from .lanes import gather


def failed(rule: Rule, plain: Any, args: Any, kwargs: dict[str, Any], name: str, failure: Exception) -> Any:
    """What a batched call gives that has raised: see `settle`."""
    return Settlement(rule, plain, args, kwargs, name).resolve(failure)


TABLE["failed"] = failed


class Settlement:
    """Who raises: a batched call failed, and each lane is asked what the loop would have seen."""

    def __init__(self, rule: Rule, plain: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> None:
        # the rule may have split the lanes before it raised
        self.args, self.kwargs = current(args), dict(zip(kwargs, current(tuple(kwargs.values())), strict=True))
        self.rule, self.plain, self.name = rule, plain, name
        self.lanes = lanes_of((self.args, tuple(self.kwargs.values())))
        self.errors: list[Exception] = []

    def resolve(self, failure: Exception) -> Any:
        """Raise what all lanes at work raise, or go on with those that do not."""
        size = math.prod(self.lanes.shape)
        if size == 0 or not self.lanes.axes:
            raise failure
        codes = np.zeros(size, np.intp)
        if self.fails(np.zeros(0, np.intp)):  # no values needed to fail: every lane does
            codes[:] = self.ask(0)
        else:
            self.search(np.arange(size), codes)
            if not codes.any():  # a matter of the arrays themselves (a read-only one, say), not of any lane
                raise failure
        code = facts.agree(self.lanes, codes.reshape(self.lanes.shape), "whether an exception is raised")
        if code == 0:
            return settle(self.rule, self.plain, self.args, self.kwargs, self.name)
        error = self.errors[code - 1]
        vars(error)["lanewise_settled"] = True
        raise error

    def search(self, lanes: Data, codes: Data) -> None:
        """Find the failing lanes among these by bisection."""
        if not self.fails(lanes):
            return
        if lanes.size == 1:
            codes[lanes[0]] = self.ask(int(lanes[0]))
            return
        middle = lanes.size // 2
        self.search(lanes[:middle], codes)
        self.search(lanes[middle:], codes)

    def fails(self, lanes: Data) -> bool:
        """Whether the batched form fails on these lanes alone."""
        args, kwargs = self.take(lanes)
        try:
            with facts.probing():
                self.rule(*args, **kwargs)
        except facts.Undecided:  # fewer lanes will tell
            return lanes.size > 0
        except Exception:
            return True
        return False

    def ask(self, lane: int) -> int:
        """The code of the exception that the loop would see in one lane."""
        args, kwargs = self.take(np.array([lane]))
        args, kwargs = example((args, kwargs))
        try:
            if self.name:
                getattr(args[0], self.name)(*args[1:], **kwargs)
            else:
                self.plain(*args[1:], **kwargs)
        except Exception as error:
            return code_of(error, self.errors)
        raise NoLaneForm(f"{getattr(self.plain, '__name__', self.name)} has no batched form for these arguments")

    def take(self, lanes: Data) -> Any:
        """The arguments of some lanes, as copies."""
        index = tuple(np.unravel_index(lanes, self.lanes.shape))
        last = self.lanes.axes[-1]
        axis = last.refinement(lanes.size, last.level, self.lanes.axes, index)

        def pick(x: LaneArray) -> LaneArray:
            if not x.lanes.axes:
                return LaneArray(x.data.copy(), x.lanes, x.kind)
            return LaneArray(*gather(x.data, x.lanes, axis), x.kind)

        return map_lanes(pick, (self.args, self.kwargs))


def code_of(error: Exception, errors: list[Exception]) -> int:
    """A number for an exception, from 1 up, the same for those that look alike."""
    for code, known in enumerate(errors, 1):
        if type(known) is type(error) and known.args == error.args:
            return code
    errors.append(error)
    return len(errors)
