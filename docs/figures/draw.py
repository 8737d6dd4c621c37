"""Draw the figures of the documentation: ``python docs/figures/draw.py [folder]``.

A colour is a lane: the cells of one example have one colour in the arguments and in the result. What all
lanes share is grey. All colours are legible on white and on black, so the figures have no background.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import NamedTuple

LANES = ("#0a84c6", "#e08e00", "#0a9e72", "#c868a0", "#d55e00")
INK, SHARED = "#78818c", "#a3abb5"
MONO = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
CHARACTER = 7.9  # the width of one, at 13 pixels

Axis = int | None


class Array(NamedTuple):
    """An array to draw: its name, its shape, and which of its axes is mapped."""

    name: str
    shape: tuple[int, ...]
    axis: Axis
    given: Axis = None  # the axis that was asked for, where it is another


class Box(NamedTuple):
    """Something drawn: its SVG elements, from a corner at the origin, and its size."""

    svg: str
    width: float
    height: float


# ---- elements ----


def text(x: float, y: float, words: str, *, colour: str = INK, anchor: str = "start", bold: bool = False) -> str:
    """A line of text on its base line."""
    weight = ' font-weight="bold"' if bold else ""
    place = f'x="{x:g}" y="{y:g}" text-anchor="{anchor}"'
    return f'<text {place} fill="{colour}"{weight}>{escape(words)}</text>\n'


def rect(x: float, y: float, width: float, height: float, radius: float, style: str) -> str:
    """A rectangle with round corners."""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" {style}/>\n'


def cell(x: float, y: float, size: float, colour: str) -> str:
    """One element of an array."""
    return rect(x, y, size, size, 3, f'fill="{colour}"')


def pair(x: float, y: float, size: float, first: str, second: str) -> str:
    """One element that belongs to a lane of each of two axes."""
    right, bottom = x + size, y + size
    return (
        f'<path d="M{x:g} {y:g}H{right:g}L{x:g} {bottom:g}Z" fill="{first}"/>\n'
        f'<path d="M{right:g} {bottom:g}H{x:g}L{right:g} {y:g}Z" fill="{second}"/>\n'
    )


def arrow(x: float, y: float, length: float) -> str:
    """An arrow to the right."""
    end = x + length
    return f'<path d="M{x:g} {y:g}H{end:g}m-6 -4l6 4l-6 4" fill="none" stroke="{INK}" stroke-width="1.6"/>\n'


def move(box: Box, x: float, y: float) -> str:
    """A box in its place."""
    return f'<g transform="translate({x:g} {y:g})">\n{box.svg}</g>\n'


def lane(n: int) -> str:
    """The colour of a lane."""
    return LANES[n % len(LANES)]


# ---- arrays ----


def cells(array: Array) -> Box:
    """The elements of an array, and the numbers of its lanes."""
    shape, axis = array.shape, array.axis
    if len(shape) == 3:
        return sheets(array)
    if len(shape) == 1 and axis == 0:
        shape = (*shape, 1)
    elif len(shape) == 1:
        shape = (1, *shape)
        axis = None
    elif not shape:
        shape = (1, 1)
    rows, columns = shape
    size = 18.0 if max(shape) <= 6 else 13.0
    step = size + 3
    left, top = (14.0, 0.0) if axis == 0 else (0.0, 14.0) if axis == 1 else (0.0, 0.0)
    svg = ""
    for i in range(rows):
        for j in range(columns):
            colour = SHARED if axis is None else lane((i, j)[axis])
            svg += cell(left + j * step, top + i * step, size, colour)
    if axis == 0:
        svg += "".join(text(6, i * step + size / 2 + 4.5, str(i), anchor="middle") for i in range(rows))
    if axis == 1:
        svg += "".join(text(j * step + size / 2, 10, str(j), anchor="middle") for j in range(columns))
    return Box(svg, left + columns * step - 3, top + rows * step - 3)


def sheets(array: Array) -> Box:
    """An array of three axes, as sheets behind each other: the first axis counts the sheets."""
    count, rows, columns = array.shape
    size, step, shift = 13.0, 15.0, 20.0
    svg = ""
    for n in reversed(range(count)):
        x, y = n * shift, (count - 1 - n) * shift
        paper = columns * step + 3, rows * step + 3
        colour = lane(n) if array.axis == 0 else SHARED
        svg += rect(x - 2.5, y - 2.5, *paper, 4, f'fill="{colour}"')
        for i in range(rows):
            for j in range(columns):
                svg += rect(x + j * step, y + i * step, size, size, 2, 'fill="#ffffff" fill-opacity="0.35"')
    return Box(svg, (count - 1) * shift + columns * step, (count - 1) * shift + rows * step)


def titled(array: Array, what: str = "in_axes") -> Box:
    """An array with its name and shape above, and its entry of in_axes or out_axes below."""
    drawn = cells(array)
    over = f"{array.name} {array.shape}".strip()
    under = f"{what} {array.given or array.axis}" if what else ""
    width = max(drawn.width, CHARACTER * len(over), CHARACTER * len(under))
    svg = text(width / 2, 12, over, anchor="middle", bold=True)
    svg += move(drawn, (width - drawn.width) / 2, 22)
    svg += text(width / 2, 22 + drawn.height + 18, under, anchor="middle")
    return Box(svg, width, 22 + drawn.height + (22 if under else 0))


# ---- figures ----


def beside(boxes: list[Box], gap: float = 26) -> Box:
    """Boxes side by side, their centres on one line."""
    height = max(box.height for box in boxes)
    x, svg = 0.0, ""
    for box in boxes:
        svg += move(box, x, (height - box.height) / 2)
        x += box.width + gap
    return Box(svg, x - gap, height)


def below(boxes: list[Box], gap: float = 26) -> Box:
    """Boxes one below the other."""
    y, svg = 0.0, ""
    for box in boxes:
        svg += move(box, 0, y)
        y += box.height + gap
    return Box(svg, max(box.width for box in boxes), y - gap)


def through(code: str, example: str = "") -> Box:
    """The function of one example, and what it sees."""
    lines = [line for line in (code, example) if line]
    width = CHARACTER * max(map(len, lines)) + 26
    height = 20 * len(lines) + 16
    svg = rect(1, 1, width - 2, height - 2, 9, f'fill="none" stroke="{INK}" stroke-width="1.6"')
    for n, line in enumerate(lines):
        svg += text(width / 2, 22 + 20 * n, line, anchor="middle", bold=n == 0)
    return beside([Box(arrow(0, 0, 26), 26, 0), Box(svg, width, height), Box(arrow(0, 0, 26), 26, 0)], gap=8)


def mapped(inputs: list[Array], code: str, example: str, *results: Array) -> Box:
    """A mapped function: arguments, what the function of one example does, results."""
    return beside([
        *[titled(array) for array in inputs],
        through(code, example),
        *[titled(array, "out_axes") for array in results],
    ])  # fmt: skip


def pairs(rows: int, columns: int, name: str) -> Box:
    """The results for all pairs of the lanes of two axes."""
    step, svg = 21.0, ""
    for i in range(rows):
        svg += text(6, i * step + 13.5, str(i), anchor="middle")
        for j in range(columns):
            svg += pair(14 + j * step, i * step, 18, lane(i), lane(j))
    svg += "".join(text(14 + j * step + 9, -4, str(j), anchor="middle") for j in range(columns))
    drawn = Box(svg, 14 + columns * step - 3, rows * step - 3)
    over = f"{name} {(rows, columns)}"
    width = max(drawn.width, CHARACTER * len(over))
    svg = text(width / 2, 12, over, anchor="middle", bold=True) + move(drawn, (width - drawn.width) / 2, 34)
    return Box(svg, width, 36 + drawn.height)


def glance() -> Box:
    """A loop over examples, and the same in one run."""

    def rows(numbers: range, columns: int) -> Box:
        svg = "".join(cell(j * 21, i * 21, 18, lane(n)) for i, n in enumerate(numbers) for j in range(columns))
        return Box(svg, columns * 21 - 3, len(numbers) * 21 - 3)

    def head(words: str, drawn: Box) -> Box:
        width = max(drawn.width, CHARACTER * len(words))
        return Box(text(0, 12, words, bold=True) + move(drawn, 0, 30), width, drawn.height + 30)

    loop = below([beside([rows(range(n, n + 1), 4), through("f"), rows(range(n, n + 1), 1)], 12) for n in range(4)], 6)
    once = beside([rows(range(4), 4), through("f"), rows(range(4), 1)], 12)
    left = head("[f(row) for row in x]", loop)
    right = head("vmap(f)(x)", Box(move(once, 0, (loop.height - once.height) / 2), once.width, loop.height))
    return beside([left, right], 70)


def splitting() -> Box:
    """Lanes that disagree on a fact."""
    values = (3, -1, 4, -1, 5)

    def column(lanes: list[int], words: Callable[[int], str]) -> Box:
        svg = ""
        for i, n in enumerate(lanes):
            svg += cell(0, i * 25, 22, lane(n))
            svg += text(11, i * 25 + 15.5, words(n), colour="#ffffff", anchor="middle", bold=True)
        return Box(svg, 22, len(lanes) * 25 - 3)

    up, down = [n for n in range(5) if values[n] > 0], [n for n in range(5) if values[n] <= 0]
    branches = below([
        beside([column(up, lambda n: str(values[n])), through("return x"), column(up, lambda n: str(values[n]))], 10),
        beside([column(down, lambda n: str(values[n])), through("return 0"), column(down, lambda n: "0")], 10),
    ])  # fmt: skip
    whole = [column(list(range(5)), lambda n: str(values[n])), through("if x > 0"), branches]
    return beside([*whole, through("in lane order"), column(list(range(5)), lambda n: str(max(values[n], 0)))], 12)


def leaving() -> Box:
    """Lanes of a loop, which leave it as they finish."""

    def path(n: int) -> list[int]:
        return [n] if n == 1 else [n, *path(n // 2 if n % 2 == 0 else 3 * n + 1)]

    paths = [path(n) for n in (5, 1, 6, 8, 3)]
    turns = max(map(len, paths))
    size, step, left = 26, 29, 70.0
    svg = text(0, 12, "turn", bold=True) + text(left + turns * step + 24, 12, "steps", bold=True)
    svg += "".join(text(left + t * step + size / 2, 12, str(t), anchor="middle") for t in range(turns))
    for i, values in enumerate(paths):
        y = 24 + i * step
        svg += text(0, y + 17.5, f"n = {values[0]}")
        for t, n in enumerate(values):
            colour = lane(i) if n != 1 else INK
            svg += cell(left + t * step, y, size, colour)
            svg += text(left + t * step + size / 2, y + 17.5, str(n), colour="#ffffff", anchor="middle", bold=True)
        end = left + len(values) * step
        if len(values) < turns:
            line = f"M{end + 2:g} {y + size / 2:g}H{left + turns * step + 16:g}"
            svg += f'<path d="{line}" stroke="{INK}" stroke-width="1.4" stroke-dasharray="3 3"/>\n'
        svg += text(left + turns * step + 34, y + 17.5, str(len(values) - 1))
    return Box(svg, left + turns * step + 70, 24 + len(paths) * step)


def padding() -> Box:
    """Rows of different lengths, padded to one."""
    lengths = (3, 5, 2)
    ragged = "".join(cell(j * 21, i * 21, 18, lane(i)) for i, n in enumerate(lengths) for j in range(n))
    padded = ragged + "".join(
        rect(j * 21 + 1, i * 21 + 1, 16, 16, 3, f'fill="none" stroke="{INK}" stroke-dasharray="3 2"')
        for i, n in enumerate(lengths) for j in range(n, 5)
    )  # fmt: skip
    return beside([Box(ragged, 102, 60), through("pad"), Box(padded, 102, 60), through("vmap(f)", "(5,), length -> ()"),
                   cells(Array("", (3,), 0))], 14)  # fmt: skip


def anatomy() -> Box:
    """What a lane value holds, and what the function sees of it."""

    def boxes(words: list[tuple[str, str]]) -> Box:
        x, svg = 0.0, ""
        for word, colour in words:
            width = CHARACTER * len(word) + 22
            svg += rect(x, 0, width, 30, 5, f'fill="{colour}"')
            svg += text(x + width / 2, 20, word, colour="#ffffff", anchor="middle", bold=True)
            x += width + 3
        return Box(svg, x - 3, 30)

    def row(name: str, words: list[tuple[str, str]], sees: str) -> Box:
        return Box(text(0, 20, name, bold=True) + move(boxes(words), 60, 0) + text(330, 20, sees), 560, 30)

    i, j, example = ("lanes i: 10", LANES[0]), ("lanes j: 20", LANES[1]), ("example: 3", "#7d8691")
    return below([
        row("x", [i, example], "f sees (3,)"),
        row("y", [j, example], "f sees (3,)"),
        row("x - y", [i, j, example], ""),
        row("W", [example], "shared: a plain array"),
    ], 8)  # fmt: skip


FIGURES: dict[str, Callable[[], Box]] = {
    "glance": glance,
    "add": lambda: mapped(
        [Array("x", (4, 3), 0), Array("y", (4, 3), 0)], "x + y", "(3,) + (3,) -> (3,)", Array("", (4, 3), 0)
    ),
    "add-0-1": lambda: mapped(
        [Array("x", (4, 3), 0), Array("y", (3, 4), 1)], "x + y", "(3,) + (3,) -> (3,)", Array("", (4, 3), 0)
    ),
    "add-0-none": lambda: mapped(
        [Array("x", (4, 3), 0), Array("y", (3,), None)], "x + y", "(3,) + (3,) -> (3,)", Array("", (4, 3), 0)
    ),
    "linear": lambda: mapped(
        [Array("W", (3, 2), None), Array("b", (2,), None), Array("x", (4, 3), 0)],
        'x @ params["W"] + params["b"]',
        "(3,) @ (3, 2) + (2,) -> (2,)",
        Array("", (4, 2), 0),
    ),
    "out-axes-0": lambda: mapped([Array("x", (10,), 0)], "array([x, x ** 2])", "() -> (2,)", Array("", (10, 2), 0)),
    "out-axes-1": lambda: mapped([Array("x", (10,), 0)], "array([x, x ** 2])", "() -> (2,)", Array("", (2, 10), 1)),
    "out-axes-two": lambda: mapped(
        [Array("x", (10,), 0)], "x ** 2, x ** 3", "() -> (), ()", Array("", (10,), 0), Array("", (10,), 0, given=1)
    ),
    "loss": lambda: mapped(
        [Array("W", (3, 2), None), Array("x", (4, 3), 0), Array("target", (4, 2), 0)],
        "loss(W, x, target)",
        "(3, 2), (3,), (2,) -> ()",
        Array("", (4,), 0),
    ),
    "attention": lambda: mapped(
        [Array("q", (5, 4), 0), Array("k", (6, 4), None), Array("v", (6, 2), None)],
        "attention(q, k, v)",
        "(4,), (6, 4), (6, 2) -> (2,)",
        Array("", (5, 2), 0),
    ),
    "nested": lambda: beside(
        [
            titled(Array("x", (4, 3), 0), ""),
            titled(Array("y", (5, 3), 0), ""),
            through("x @ y", "(3,) @ (3,) -> ()"),
            pairs(4, 5, ""),
        ]
    ),
    "padding": padding,
    "dot": lambda: mapped(
        [Array("x", (3, 3), 0), Array("y", (3, 3), 0)], "dot(x, y)", "(3,), (3,) -> ()", Array("", (3,), 0)
    ),
    "scale-and-add": lambda: mapped(
        [Array("x", (4, 3), 0), Array("scale", (), None), Array("offset", (), None)],
        "scale * x + offset",
        "(3,) -> (3,)",
        Array("", (4, 3), 0),
    ),
    "matrices": lambda: mapped(
        [Array("A", (5, 3, 4), 0), Array("v", (5, 4), 0)], "A @ v", "(3, 4) @ (4,) -> (3,)", Array("", (5, 3), 0)
    ),
    "matrices-1": lambda: mapped(
        [Array("A", (5, 3, 4), 0), Array("v", (5, 4), 0)], "A @ v", "(3, 4) @ (4,) -> (3,)", Array("", (3, 5), 1)
    ),
    "splitting": splitting,
    "leaving": leaving,
    "anatomy": anatomy,
}


def main(folder: Path) -> None:
    """Write all figures."""
    for name, draw in FIGURES.items():
        box = draw()
        width, height = round(box.width + 20), round(box.height + 20)
        size = f'width="{width}" height="{height}" viewBox="-10 -10 {width} {height}"'
        font = f'font-family="{MONO}" font-size="13"'
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>\n{box.svg}</svg>\n'
        (folder / f"{name}.svg").write_text(svg)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
