"""Converted loops under a tracer: traced turn by turn, until what they carry settles.

What a loop carries are its variables, taken apart into numbers. A variable that is one thing before the loop and
another after a turn is carried as what may be both (see `mixed`). A loop over a short range of plain numbers, over
few rows or numbers, or over other things is written out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import CellType
from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON, LaneArray
from ..ops.common import npl
from ..regions import GONE, Mixed, contents
from ..regions.branches import fill
from .cells import Untraceable
from .control import TRIES, Carried, emit_while
from .ir import Value, union
from .lists import TracedList
from .mixed import Unfit, blank, fitted, is_number, meet, put_together, same, take_apart
from .plainly import Table, table_of
from .selected import Selected, in_a_row, same_mask
from .statements import TracedFrame, either, negated
from .trace import Recorder

UNROLLED = 256  # where a loop over so many numbers can't be traced as one, it is written out


class TracedLoop:
    """A loop of converted code."""

    def __init__(self, r: Recorder, variables: list[Any], has_else: bool) -> None:
        self.r = r
        self.variables = variables
        self.has_else = has_else
        self.outside: list[tuple[CellType, Any]] = []  # those of functions around, and what they held
        self.path = r.scope.path
        self.before = r.left
        self.returned: list[tuple[Value | None, Any, TracedFrame]] = []
        self.gone: list[Value | None] = []  # the masks of lanes that have returned
        self.skipped: list[tuple[Value | None, list[Any]]] = []
        self.broken: list[tuple[Value | None, list[Any]]] = []
        self.symbolic = False
        self.finished = False
        self.turns = 0
        self.tries = 0
        self.first: Value | None = None
        self.carried: Carried | None = None
        self.moving: set[tuple[int, int]] = set()  # plain leaves of variables that change from turn to turn
        self.exits: list[Any] = []  # carried, too: whether a lane has returned, what, and whether it has broken
        self.endless = True
        self.frame: TracedFrame | None = None
        self.size = 0  # how many plain numbers it goes over
        self.early: Any = ([], [])  # who has broken, or returned, in turns that were written out
        self.peels = False  # the first turn may be written out
        self.peel = False  # it has to be
        r.loops.append(self)

    # ---- what is carried ----

    def start(self, extra: list[Any]) -> None:
        """Begin the loop: what it carries at first."""
        self.symbolic = True
        self.extra = len(extra)
        self.begun = [*extra, *(contents(cell) for cell in self.variables)]
        self.exits, self.moving = [], set()
        self.lists: list[TracedList] = []  # those from outside that are changed in the loop
        self.by_value: set[int] = set()  # variables that are bound to a new list in each turn
        self.open()

    def is_carried(self, place: tuple[int, int], leaf: Any) -> bool:
        """Whether a leaf goes round the loop: numbers do; arrays stay, unless their names are bound anew."""
        if not self.extra <= place[0] < len(self.begun):
            return is_number(leaf)
        return (type(leaf) is LaneArray and leaf.kind != ARRAY) or place in self.moving

    def open(self) -> None:
        """Begin a new trace of a turn, from what is carried."""
        r = self.r
        self.structures, self.leaves = [], []
        for value in (*self.begun, *self.exits):
            leaves: list[Any] = []
            self.structures.append(take_apart(value, leaves))
            self.leaves.append(leaves)
        if self.carried is None:
            self.carried = Carried(r, [leaf for place, leaf in self.numbered(self.leaves)
                                       if self.is_carried(place, leaf)])  # fmt: skip
        values = iter(self.carried.begin())
        self.now = []
        for n, leaves in enumerate(self.leaves):
            now = [next(values) if self.is_carried((n, m), leaf) else leaf for m, leaf in enumerate(leaves)]
            self.now.append(self.made(n, now))
        self.bind(self.now)
        self.returned, self.skipped, self.broken, self.gone = [], [], [], []
        r.left = 0

    def made(self, n: int, leaves: list[Any]) -> Any:
        """A value with these leaves; the very same if they are."""
        if all(a is b for a, b in zip(leaves, self.leaves[n], strict=True)):
            return [*self.begun, *self.exits][n]
        return put_together(self.structures[n], iter(leaves))

    @staticmethod
    def numbered(rows: list[list[Any]]) -> Iterator[tuple[tuple[int, int], Any]]:
        """The leaves of all values, each with its place."""
        for n, leaves in enumerate(rows):
            for m, leaf in enumerate(leaves):
                yield (n, m), leaf

    def bind(self, values: list[Any]) -> None:
        """Let the variables, and the lists that are changed, hold what is carried."""
        self.given = values[: self.extra]
        rest = iter(values[self.extra :])
        for n, cell in enumerate(self.variables, self.extra):
            value = next(rest)
            fill(cell, TracedList(self.r, value, frozen=not self.finished) if n in self.by_value else value)
        for changed in self.lists:
            changed.note()
            changed.put_back(next(rest))
        self.left = list(rest)

    def turn_over(self, test: Any, extra: list[Any]) -> bool:
        """The end of a turn; whether the loop has to be traced again."""
        r, carried = self.r, self.carried
        assert carried is not None
        assert self.first is not None
        self.rejoin()
        goes_on = r.truth(test if type(test) is LaneArray else bool(test))
        values = [contents(cell) for cell in self.variables]
        for path, snapshot in reversed(self.broken):
            values = snapshot if path is None else [meet(r, path, a, b) for a, b in zip(snapshot, values, strict=True)]
        for path in [path for path, _ in self.broken] + [path for path, _, _ in self.returned]:
            stays = r.node_value(np.logical_not, path) if path is not None else r.truth(False)
            goes_on = r.node_value(np.logical_and, goes_on, stays)
        changed = self.new_exits()
        lists = [changed.whole() for changed in self.lists]
        ends = [*extra, *values, *lists, *([] if changed else self.left)]
        found: list[Any] = []
        for n, end in enumerate(ends):
            changed = self.settle(n, end, found) or changed
        assert carried.scope is not None
        for found_list, items in carried.scope.lists.values():
            if not any(found_list is known for known in self.lists):
                self.lists.append(found_list)  # type: ignore[arg-type]
                self.begun.append(items)
                changed = True
        changed = self.take_in(list(carried.scope.bound.values())) or changed
        self.tries += 1
        if self.tries > TRIES:
            raise Untraceable("what a loop carries does not settle")
        if changed:
            self.undo()
            if not self.peel:
                self.open()
            return True
        found_values = carried.end(found, union(self.first.axes, goes_on.axes))
        if found_values is None:
            self.open()
            return True
        self.finish(goes_on, found_values)
        return False

    def take_in(self, bound: list[tuple[CellType, Any]]) -> bool:
        """Carry variables from outside that are bound in the loop; whether there are some more."""
        fresh = [(cell, old) for cell, old in bound if not any(cell is known for known in self.variables)]
        for cell, old in fresh:
            place = self.extra + len(self.variables)
            self.variables.append(cell)
            self.outside.append((cell, old))
            self.begun.insert(place, old)
            self.moving = {(n, m) for n, m in self.moving if n < place}
        return bool(fresh)

    def undo(self) -> None:
        """Forget the turn that was traced."""
        r, carried = self.r, self.carried
        assert carried is not None
        assert carried.scope is not None
        carried.scope.undo()
        r.scope = carried.outer
        self.carried = None
        if not self.peel:
            return
        count = self.extra + len(self.variables)
        for cell, value in zip(self.variables, self.begun[self.extra : count], strict=True):
            fill(cell, value)

    def settle(self, n: int, end: Any, found: list[Any]) -> bool:
        """Add what a turn makes of a value to what is carried; whether it has to be carried as more than it was."""
        r = self.r
        if type(end) is TracedList and end is not self.now[n]:
            if n not in self.by_value:
                if type(self.begun[n]) is not TracedList:
                    raise Untraceable("a variable is a list in some turns of a loop only")
                self.by_value.add(n)
                self.begun[n] = self.begun[n].whole()
                return True
            end = end.whole()
        try:
            end = fitted(r, end, self.now[n])
        except Unfit:
            values, at = (self.begun, n) if n < len(self.begun) else (self.exits, n - len(self.begun))
            if self.peels and not (self.broken or self.returned) and is_number(values[at]):
                self.peel = True
                return True
            values[at] = meet(r, None, values[at], end)
            leaves: list[Any] = []
            take_apart(values[at], leaves)
            self.moving = {place for place in self.moving if place[0] != n}
            self.moving |= {(n, m) for m, leaf in enumerate(leaves) if is_number(leaf)}
            return True
        ends: list[Any] = []
        if take_apart(end, ends) != self.structures[n]:
            raise Untraceable("a variable changes its structure in a loop")
        changed = False
        now: list[Any] = []
        take_apart(self.now[n], now)
        for m, (start, old, new) in enumerate(zip(self.leaves[n], now, ends, strict=True)):
            if self.is_carried((n, m), start):
                found.append(new)
                if old.kind == ARRAY and r.cell_of(old).version:
                    raise Untraceable("an array is written whose name a loop binds anew")
            elif old is not new and not same(old, new):
                self.moving.add((n, m))
                changed = True
        return changed

    def new_exits(self) -> bool:
        """Take down that lanes have left for good, and what they returned; whether that was not carried so far."""
        r = self.r
        leaves = self.returned or (self.broken and self.has_else)
        if leaves and not self.exits:
            value = blank(self.returned[0][1]) if self.returned else None
            self.exits = self.left = [np.False_, value, np.False_]
            self.frame = self.returned[0][2] if self.returned else None
            return True
        if not self.exits:
            return False
        if self.returned and self.frame is None:
            self.frame = self.returned[0][2]
        gone, value, broke = self.left
        for path, other, _ in self.returned:
            value = other if path is None else meet(r, path, other, value)
            gone = self.noted(gone, path)
        for path, _ in self.broken:
            broke = self.noted(broke, path)
        self.left = [gone, value, broke]
        return False

    def noted(self, flag: Any, path: Value | None) -> Any:
        """A flag, set for the lanes of a mask."""
        r = self.r
        return r.new(r.node_value(np.logical_or, r.truth(flag), r.truth(True) if path is None else path))

    def finish(self, goes_on: Value, values: list[Value]) -> None:
        """The loop is traced: its node, and what it leaves in the variables."""
        assert self.carried is not None
        assert self.first is not None
        outputs = iter(emit_while(self.r, self.carried, self.first, goes_on, values))
        final = []
        for n, leaves in enumerate(self.leaves):
            after = [next(outputs) if self.is_carried((n, m), leaf) else leaf for m, leaf in enumerate(leaves)]
            final.append(self.made(n, after))
        self.bind(final)
        for cell, old in self.outside:
            self.r.note_bound(cell, old)
        self.finished = True

    # ---- the calls of converted code ----

    def test(self, value: Any, always: bool = False) -> Any:
        """Whether the loop goes on; ``always`` says that its test never fails."""
        if type(value) is TracedList or type(value) is Mixed:
            value = self.r.truths(value)
        if not self.symbolic:
            if value is True and not always:
                self.r.rolled = max(self.r.rolled, 1)
            written_out = self.r.rolling > 1 << 50 and not always
            if type(value) is not LaneArray and (value is not True or written_out):
                self.turns += 1
                if value and self.turns > self.r.unrolled:
                    raise Untraceable("a loop of many turns on plain numbers")
                return value
            self.endless = type(value) is not LaneArray
            self.begin(value if type(value) is LaneArray else True)
            self.start([])
            return True
        self.endless = self.endless and type(value) is not LaneArray
        return self.turn_over(value, [])

    def begin(self, test: Any) -> None:
        """Which lanes take a first turn."""
        r = self.r
        self.first = r.truth(test)
        if r.scope.path is not None:
            self.first = r.node_value(np.logical_and, self.first, r.scope.path)

    def over(self, iterable: Any) -> Any:
        """The items of an iterable; a long range is a loop of the program."""
        if type(iterable).__name__ == "LaneRange":
            return self.counted(iterable.start, iterable.stop, iterable.step)
        if type(iterable) is TracedList and iterable.buffer is not None:
            return self.items_of(iterable)
        if type(iterable) is range and len(iterable) > self.r.unrolled:
            self.size = len(iterable)
            self.r.rolled = max(self.r.rolled, self.size)
            self.peels = True
            return self.counted(iterable.start, iterable.stop, iterable.step)
        self.endless = False
        rows = Rows.of(self.r, iterable)
        if rows is None:
            return self.written_out(iterable)
        return self.rolled_up(rows if rows.mask is None else self.meant(rows, rows.mask))

    def rolled_up(self, rows: Rows) -> Iterator[Any]:
        """Items by number, written out; from the second on as a loop of the program, if the first is long."""
        r = self.r
        before = r.count
        for turn in range(rows.size):
            yield rows.item(turn)
            self.rejoin()
            left = rows.size - turn - 1
            made = r.count - before
            long = made > 0 and (made + 1) * left > r.rolling
            if turn == 0 and left > 1 and long and not self.has_else:
                r.rolled = max(r.rolled, min(rows.size, UNROLLED))
                self.early = self.broken, self.gone
                for number in self.counted(1, rows.size, 1):
                    yield rows.item(number)
                return

    def items_of(self, items: TracedList) -> Iterator[Any]:
        """The items of a list that differs in length between lanes."""
        for place in self.counted(0, items.length(), 1):
            yield items[place]

    def meant(self, rows: Rows, mask: Any) -> Rows:
        """Rows of which lanes mean some: those that do not mean one skip its turn."""
        r = self.r

        def item(n: Any) -> Any:
            outer, here = r.scope.path, r.truth(mask[n])
            away = r.node_value(np.logical_not, here)
            r.scope.path = away if outer is None else r.node_value(np.logical_and, outer, away)
            self.skip()
            r.scope.path = here if outer is None else r.node_value(np.logical_and, outer, here)
            return rows.item(n)

        return Rows(rows.size, item)

    def written_out(self, iterable: Any) -> Iterator[Any]:
        """Every item in turn; lanes that break skip what is left."""
        for item in iterable:
            yield item
            self.rejoin()

    def counted(self, start: Any, stop: Any, step: int) -> Iterator[Any]:
        """A range as a loop of the program."""
        self.endless = False
        test = start < stop if step > 0 else start > stop
        if type(test) is not LaneArray and not test:
            return
        self.begin(test)
        self.start([start])
        while True:
            number: Any = self.given[0]
            yield number
            ahead = number + step
            if not self.turn_over(ahead < stop if step > 0 else ahead > stop, [ahead]):
                return
            if self.peel:
                self.peel = self.peels = self.symbolic = False
                self.returned, self.skipped, self.broken, self.gone = [], [], [], []
                yield start
                self.rejoin()
                self.early = self.broken, self.gone
                start += step
                self.begin(True)
                self.start([start])

    def _away(self, where: list[Any]) -> Any:
        self.r.left += 1
        where.append((self.r.scope.path, [contents(cell) for cell in self.variables]))
        return GONE

    def leave(self) -> Any:
        """``break``."""
        return self._away(self.broken)

    def skip(self) -> Any:
        """``continue``."""
        return self._away(self.skipped)

    def breaks(self) -> bool:
        """``break`` for all that are here."""
        self.leave()
        return self.go_on()

    def go_on(self) -> bool:
        """Whether to take the next turn, when all lanes have left this one."""
        if not self.symbolic:
            self.rejoin()
        return self.symbolic or all(path is not None for path, _ in self.broken)

    def rejoin(self) -> None:
        """At the end of a turn: those that skipped the rest of it are back."""
        r = self.r
        for path, snapshot in reversed(self.skipped):
            for cell, value in zip(self.variables, snapshot, strict=True):
                fill(cell, value if path is None else meet(r, path, value, contents(cell)))
        self.skipped = []
        start = None if self.symbolic else self.path
        out = [path for path, _ in self.broken] + self.gone
        for path in out:
            stays = r.truth(False) if path is None else r.node_value(np.logical_not, path)
            start = stays if start is None else r.node_value(np.logical_and, start, stays)
        r.scope.path = start

    def orelse(self, body: Callable[[], Any]) -> None:
        """The ``else`` of the loop: for the lanes that did not break."""
        r = self.r
        if self.symbolic:
            if not self.exits:
                body()
                return
            gone, _, broke = self.left
            away = r.node_value(np.logical_or, r.truth(gone), r.truth(broke))
            either(r, negated(r, r.new(away)), body, None, self.variables)
            return
        self.merge_broken(self.broken)
        if not self.broken:
            body()
            return
        broke = self.mask_of([path for path, _ in self.broken])
        if broke is not None:
            either(r, negated(r, r.new(broke)), body, None, self.variables)

    def mask_of(self, paths: list[Value | None]) -> Value | None:
        found: Value | None = None
        for path in paths:
            if path is None:
                return None
            found = path if found is None else self.r.node_value(np.logical_or, found, path)
        return found

    def merge_broken(self, broken: list[tuple[Value | None, list[Any]]]) -> None:
        """In a loop that was written out: what those that broke took along."""
        for path, snapshot in reversed(broken):
            for cell, value in zip(self.variables, snapshot, strict=True):
                fill(cell, value if path is None else meet(self.r, path, value, contents(cell)))

    def over_and_out(self) -> Any:
        """End the loop; `GONE` if no lane comes to its end."""
        r = self.r
        r.loops.remove(self)
        if not self.symbolic:
            if not self.has_else:
                self.merge_broken(self.broken)
            r.scope.path = self.path
            self.still_there(self.gone)
            return None
        r.left += self.before  # each trace of a turn began with none
        broken, gone = self.early
        if broken or gone:
            self.merge_broken(broken)
            r.scope.path = self.path
            self.still_there(gone)
        now = r.scope.path  # lanes may have left in the else
        if self.frame is None:
            return GONE if self.endless and not self.broken else None
        gone, value, _ = self.left
        if self.endless and not self.broken:
            self.frame.leave_from(now, value)
            return GONE
        mask = r.truth(gone)
        self.frame.leave_from(mask if now is None else r.node_value(np.logical_and, mask, now), value)
        stays = r.node_value(np.logical_not, mask)
        r.scope.path = stays if now is None else r.node_value(np.logical_and, now, stays)
        return None

    def still_there(self, paths: list[Value | None]) -> None:
        """Go on with the lanes that did not return."""
        r = self.r
        for path in paths:
            stays = r.truth(False) if path is None else r.node_value(np.logical_not, path)
            r.scope.path = stays if r.scope.path is None else r.node_value(np.logical_and, r.scope.path, stays)


class Rows:
    """What a loop goes over, by number: the rows of an array, a range, or several of these side by side.

    Parameters
    ----------
    size : int
        How many there are.
    item : callable
        Gives one of them, by a plain or traced number.
    mask : LaneArray, optional
        Which of them each lane means.
    """

    def __init__(self, size: int, item: Callable[[Any], Any], mask: Any = None) -> None:
        self.size = size
        self.item = item
        self.mask = mask

    @staticmethod
    def of(r: Recorder, x: Any) -> Rows | None:
        """Something as rows; None if it has to be gone through as it is."""
        if type(x) is Rows:
            return x
        if type(x) is range:
            return Rows(len(x), lambda n: x.start + n * x.step)
        if type(x) is LaneArray and x.kind == ARRAY and x.data.ndim > x.lanes.ndim:
            shape = x.data.shape[x.lanes.ndim :]
            return Rows(shape[0], lambda n: x[n])
        if type(x) is Selected:
            values, mask = in_a_row(x)
            return Rows(mask.shape[0], lambda n: values[n], mask)
        table = table_of(x)
        return None if table is None else Rows(len(x), Table(r, x, *table).item)

    def __iter__(self) -> Iterator[Any]:
        if self.mask is not None:
            raise Untraceable("the elements that a mask selects are needed one by one")
        return iter([self.item(n) for n in range(self.size)])


def zipped(rows: list[Rows]) -> Rows:
    """``zip``; of what masks select, if they are one mask."""
    masks = [row.mask for row in rows if row.mask is not None]
    if masks and (len(masks) < len(rows) or not all(same_mask(mask, masks[0]) for mask in masks)):
        raise Untraceable("what two masks select is gone through side by side")
    size = min(row.size for row in rows)
    return Rows(size, lambda n: tuple([row.item(n) for row in rows]), masks[0] if masks else None)


def numbered(r: Recorder, rows: Rows, start: int) -> Rows:
    """``enumerate``."""
    if rows.mask is None:
        return zipped([Rows(rows.size, lambda n: start + n), rows])
    numbers: Any = npl.cumsum(rows.mask) + (start - 1)

    def number(n: Any) -> Any:
        return r.converted(numbers[n], np.dtype(np.int64), PYTHON)

    return zipped([Rows(rows.size, number, rows.mask), rows])
