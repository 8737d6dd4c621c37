"""Random functions that write to large arrays in place: basic, computed and fancy indices, masks, views, overlaps."""

from __future__ import annotations

from typing import Any

import numpy as np

SHAPES = [
    (300,), (1000,), (40, 40), (3, 200), (20, 20, 3), (17, 5, 9), (2, 8, 30), (64, 64), (257,), (16, 17), (300, 2),
    (5, 70),
]  # fmt: skip
DTYPES = ["f8", "f8", "f8", "f4", "i4", "i8", "u1", "?", "c16"]
STEPS = ["set", "set", "set", "aug", "mask", "choose", "overlap", "view", "self", "branch", "fancy", "row", "read",
         "fill"]  # fmt: skip


def a_slice(g: Any, n: int) -> slice:
    """A slice of an axis of ``n`` elements, its ends sometimes beyond them."""
    if g.integers(6) == 0:
        return slice(None)
    low, high = map(int, sorted(g.integers(-2, n + 3, 2)))
    if g.random() < 0.2:
        return slice(high if g.random() < 0.6 else None, low if low > 0 else None, -int(g.choice([1, 1, 2, 3])))
    ends = [None if g.random() < 0.2 else x - n if g.random() < 0.3 and 0 < x < n else x for x in (low, high)]
    return slice(*ends, int(g.choice([1, 1, 1, 2, 3])) if g.random() < 0.5 else None)


def an_index(g: Any, shape: tuple[int, ...], *, computed: bool = True) -> tuple[Any, ...]:
    """An index of slices and numbers; texts stand for numbers of each lane."""
    items: list[Any] = []
    for n in shape:
        kind = g.random()
        number = int(g.integers(-n, n)) if kind < 0.85 or not computed else f"i{g.integers(2)}"
        items.append(a_slice(g, n) if kind < 0.65 else number)
    if g.random() < 0.3:
        items = items[: int(g.integers(1, len(shape) + 1))]
    if g.random() < 0.15:
        start = int(g.integers(len(items) + 1))
        items[start : int(g.integers(start, len(items) + 1))] = [Ellipsis]
    if g.random() < 0.1:
        items.insert(int(g.integers(len(items) + 1)), None)
    return tuple(items)


class Updates:
    """A function of arrays ``x`` and ``y``, places ``i`` and ``j`` and a number ``t``: the seed's."""

    def __init__(self, seed: int) -> None:
        g = self.rng = np.random.default_rng(seed)
        self.shape = SHAPES[g.integers(len(SHAPES))]
        self.dtype = np.dtype(DTYPES[g.integers(len(DTYPES))])
        self.start = int(g.integers(4))
        self.steps = [
            (str(g.choice(STEPS)), an_index(g, self.shape), an_index(g, self.shape, computed=False),
             int(g.integers(7)), int(g.integers(1, 4)))
            for _ in range(int(g.integers(1, 6)))
        ]  # fmt: skip

    def arguments(self, lanes: int) -> list[Any]:
        """Arguments for so many lanes."""
        few = min(self.shape)
        g = self.rng
        return [self.array(lanes), self.array(lanes), g.integers(-few, few, lanes), g.integers(0, few, lanes),
                g.normal(size=lanes)]  # fmt: skip

    def array(self, lanes: int) -> Any:
        """An array of the dtype."""
        x, kind = self.rng.normal(size=(lanes, *self.shape)) * 5, self.dtype.kind
        if kind == "c":
            x = x + 1j * self.rng.normal(size=x.shape)
        return x > 0 if kind == "b" else (np.abs(x) if kind == "u" else x).astype(self.dtype)

    def run(self, x: Any, y: Any, i: Any, j: Any, t: Any) -> Any:
        """Run it."""
        a = x if self.start == 2 else x.copy() if self.start else np.zeros(self.shape, self.dtype)
        total = 0.0
        for name, index, fixed, choice, number in self.steps:
            places = {"i0": i, "i1": j}
            index = tuple([places[item] if type(item) is str else item for item in index])
            if name == "read":
                total = total + a[fixed].sum().real
            elif name == "branch":
                if t > 0:
                    a[index] = y[index]
                elif t < -0.5:
                    a[fixed] = number
            else:
                getattr(self, name)(a, x, y, (i, t), index, fixed, choice, number)
        return a, total

    def set(self, a: Any, x: Any, y: Any, own: Any, index: Any, fixed: Any, choice: int, number: int) -> None:
        """Values of many kinds."""
        if choice == 0:
            a[index] = number
        elif choice == 1:
            a[index] = own[1] if self.dtype.kind != "u" else 3
        elif choice == 2:
            a[index] = y[index]
        elif choice == 3:
            a[index] = x[index] + y[index]
        elif choice == 4:
            a[index] = y[index] * number + a[index]
        elif choice == 5:
            a[index] = y[index][..., :1] if np.ndim(y[index]) else y[index]
        else:
            a[index] = np.exp(-abs(y[index])) * 3 if self.dtype.kind != "b" else y[index]

    def aug(self, a: Any, x: Any, y: Any, own: Any, index: Any, fixed: Any, choice: int, number: int) -> None:
        """In place."""
        if self.dtype.kind == "b":
            a[index] |= y[index]
        else:
            a[index] += number

    def mask(self, a: Any, x: Any, y: Any, own: Any, index: Any, fixed: Any, choice: int, number: int) -> None:
        """One number under a mask, of all dimensions or the first ones."""
        mask = y.real > 0
        if choice < 2 and mask.ndim > 1:
            mask = mask[..., 0]
        a[mask] = number

    def choose(self, a: Any, x: Any, y: Any, own: Any, index: Any, fixed: Any, choice: int, number: int) -> None:
        """A number of each lane under a mask."""
        a[y.real > x.real] = own[1] if self.dtype.kind in "fc" else number

    def overlap(self, a: Any, x: Any, y: Any, own: Any, index: Any, fixed: Any, choice: int, number: int) -> None:
        """An array assigned to itself."""
        size = a.shape[0]
        if choice < 3:
            a[1:] = a[:-1]
        elif choice == 3:
            a[:-1] = a[1:]
        elif choice == 4:
            a[number : size - number] = a[2 * number :]
        else:
            a[...] = a[::-1].copy()

    def view(self, a: Any, x: Any, y: Any, own: Any, index: Any, fixed: Any, choice: int, number: int) -> None:
        """Through views."""
        row = a[fixed]
        if np.ndim(row):
            row[...] = number
            row[:1] = 0
        columns = a.T
        columns[:number] = number

    def self(self, a: Any, x: Any, y: Any, own: Any, index: Any, fixed: Any, choice: int, number: int) -> None:
        """What was there, the other way round."""
        row = a[index]
        a[index] = row[::-1].copy() if np.ndim(row) else row

    def fancy(self, a: Any, x: Any, y: Any, own: Any, index: Any, fixed: Any, choice: int, number: int) -> None:
        """By arrays and lists of places."""
        size = a.shape[0]
        places = np.array([0, size - 1, number % size, 0])
        if choice < 2:
            a[places] = number
        elif choice < 4:
            a[places] = y[:4] if size >= 4 else y[:1]
        else:
            a[[own[0] % size, number % size]] = y[:2]

    def row(self, a: Any, x: Any, y: Any, own: Any, index: Any, fixed: Any, choice: int, number: int) -> None:
        """A row, which is written."""
        row = a[number % a.shape[0]]
        if np.ndim(row):
            row[::2] = number
            row[-1] = 0

    def fill(self, a: Any, x: Any, y: Any, own: Any, index: Any, fixed: Any, choice: int, number: int) -> None:
        """All of it, and then a part."""
        a[...] = number
        a[index] = y[index]
