"""Text under ``vmap``: ``numpy.strings`` and ``numpy.char``, and dtypes that are as wide as the texts."""

from __future__ import annotations

import numpy as np
import pytest
from law import check

import lanewise.numpy as lnp
from lanewise import vmap

S = lnp.strings
WORDS = np.array([
    ["ab", "C", "", "a b"], ["d", "Ef", "gh", "abcab"], ["xx", "a", "yab", " b"], ["d", "E", "h", ""],
    ["d", "E", "h", ""],
])  # fmt: skip
TURNED = np.moveaxis(np.stack([WORDS, WORDS[::-1]]), 1, 0)  # lanes first, two rows of words each
COUNTS = np.array([[0, 1, 2, 3], [1, 1, 1, 1], [2, 0, 0, 1], [3, 1, 0, 2], [3, 1, 0, 2]])
PAIRS = np.array([["a", "b"], ["ab", "x"], ["c", "d"], ["E", ""], ["h", "ab"]])

FUNCTIONS = {
    "add": lambda w, n, p: S.add(w, p[:1]),
    "multiply": lambda w, n, p: S.multiply(w, 3),
    "multiply, counts": lambda w, n, p: S.multiply(w, n),
    "center": lambda w, n, p: S.center(w, 7, p[:1].astype("U1")),
    "center, widths": lambda w, n, p: S.center(w, n * 2, "*"),
    "ljust": lambda w, n, p: S.ljust(w, n),
    "rjust": lambda w, n, p: S.rjust(w, n * 3, "."),
    "zfill": lambda w, n, p: S.zfill(w, n + 2),
    "expandtabs": lambda w, n, p: S.expandtabs(S.replace(w, "a", "\t"), 4),
    "replace": lambda w, n, p: S.replace(w, "a", np.array("xyz")),
    "replace, own": lambda w, n, p: S.replace(w, p[:1], p[1:]),
    "replace, counts": lambda w, n, p: S.replace(w, "a", "b", n),
    "partition": lambda w, n, p: S.partition(w, "a"),
    "rpartition": lambda w, n, p: S.rpartition(w, "b"),
    "mod": lambda w, n, p: S.mod(S.add(w, "%d"), n * 99),
    "encode": lambda w, n, p: S.encode(w),
    "decode": lambda w, n, p: S.decode(S.encode(w, "ascii"), "ascii"),
    "upper": lambda w, n, p: S.upper(w),
    "lower": lambda w, n, p: S.lower(w),
    "title": lambda w, n, p: S.title(w),
    "swapcase": lambda w, n, p: S.swapcase(w),
    "capitalize": lambda w, n, p: S.capitalize(w),
    "translate": lambda w, n, p: S.translate(w, {97: 98}),
    "strip": lambda w, n, p: S.strip(w),
    "strip, own": lambda w, n, p: S.lstrip(S.rstrip(w, p[:1]), p[1:]),
    "find": lambda w, n, p: [S.find(w, "a"), S.rfind(w, p[:1], n), S.count(w, "a", 0, n)],
    "index": lambda w, n, p: [S.index(w, ""), S.rindex(w, "")],
    "index raises": lambda w, n, p: S.index(w, p[:1]),
    "starts and ends": lambda w, n, p: [S.startswith(w, p[:1]), S.endswith(w, "b", n)],
    "what they are": lambda w, n, p: [
        f(w) for f in (S.isalpha, S.isalnum, S.isdigit, S.islower, S.isupper, S.isspace, S.istitle, S.isnumeric,
                       S.isdecimal, S.str_len)
    ],
    "comparisons": lambda w, n, p: [S.equal(w, "a"), S.less(w, w[::-1]), S.greater_equal(w, p[:1])],
    "char comparisons": lambda w, n, p: [lnp.char.equal(w, "ab  "), np.char.less(w, w[::-1])],
    "char.compare_chararrays": lambda w, n, p: lnp.char.compare_chararrays(w, w[::-1], "<=", True),
    "char.multiply": lambda w, n, p: lnp.char.multiply(w, n),
    "char.partition": lambda w, n, p: np.char.partition(w, "a"),
    "char.join": lambda w, n, p: lnp.char.join(p[:1], w),
    "in plain text": lambda w, n, p: [lnp.strings.multiply("ab", n), lnp.strings.ljust("ab", n)],
    "sorted": lambda w, n, p: [np.sort(w), np.argsort(w), np.unique(w).size],
    "joined": lambda w, n, p: [np.concatenate([w, p]), np.where(S.isalpha(w), w, "zzzzzzz")],
    "cast": lambda w, n, p: [w.astype("U2"), n.astype(str)],
    "written": lambda w, n, p: _written(S.multiply(w, 2)),
}  # fmt: skip


def _written(texts):
    """What is written is cut to the width of the array: the loop's, not the widest of the batch."""
    texts[0] = "0123456789"
    return texts


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    f = FUNCTIONS[name]
    check(f, WORDS, COUNTS, PAIRS)
    check(f, WORDS.T, COUNTS.T, PAIRS.T, in_axes=1, out_axes=0)
    check(f, WORDS[0], COUNTS, PAIRS, in_axes=(None, 0, 0))
    check(f, TURNED, COUNTS, PAIRS[:2], in_axes=[(0, 0, None), (0, None, 0)])


BYTES = [name for name in FUNCTIONS if name in ("upper", "title", "strip", "multiply, counts", "ljust", "zfill")]


@pytest.mark.parametrize("name", BYTES)
def test_bytes(name: str) -> None:
    check(FUNCTIONS[name], WORDS.astype("S"), COUNTS, PAIRS.astype("S"))
    check(lambda w: S.replace(w, b"a", np.array(b"xyz")), WORDS.astype("S"))
    check(lambda w: S.decode(w), WORDS.astype("S"))


FULL = np.where(WORDS == "", "none", WORDS)  # an empty text scalar is U0 in the loop, which no array can be

SCALARS = {
    "read": lambda w, n: w[0],
    "read at a lane's own place": lambda w, n: w[n[0]],
    "taken": lambda w, n: np.take(w, 1),
    "changed": lambda w, n: S.upper(w[0]),
    "joined": lambda w, n: S.add(w[0], w[1]),
    "stacked": lambda w, n: np.stack([w[0], w[1]]),
    "filled": lambda w, n: lnp.full(2, w[3]),
    "iterated": lambda w, n: list(w),
    "its size": lambda w, n: n * w[0].itemsize,
    "compared": lambda w, n: n * ((w[0] == "d") + (w[1] == "E")),
    "compared with another": lambda w, n: n * ((w[0] == w[1]) + (w[1] < w[2])),
    "decided on": lambda w, n: n[0] if w[0] == "d" else n[1],
}


@pytest.mark.parametrize("f", SCALARS.values(), ids=SCALARS)
def test_scalars(f) -> None:
    """A NumPy scalar of text is as wide as the text, and compares as Python's own."""
    check(f, FULL, COUNTS, kinds=False)
    check(f, np.stack([FULL, FULL[::-1]]), COUNTS, in_axes=[(0, None), (0, 0)], kinds=False)


def test_a_list_of_words() -> None:
    check(lambda w: S.multiply(w, 2), FULL[:, 0])
    check(lambda w: w, FULL[:, 1])


def test_texts_that_end_in_zeros_go_lane_by_lane() -> None:
    check(lambda w: S.encode(w, "utf-16-le"), WORDS, strict=False)


def test_no_texts() -> None:
    assert vmap(lambda w: S.upper(w))(WORDS[:0]).shape == (0, 4)
    check(lambda w: S.encode(w[:0]), WORDS)
