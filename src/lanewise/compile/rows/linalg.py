"""Small dense linear algebra, lanes in lockstep: elimination with NumPy's pivoting, a singular matrix an error.

The algorithms are written once, over `Work`: small matrices stay in registers, larger ones lie in memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.triangular import TRANSPOSED
from ..emit import Emitter, Ref
from ..scratch import Carry, Work, even
from ..values import Array, Pair, filled, literal
from .arithmetic import conjugate, divide, multiply, negative
from .elementwise import choose, one
from .products import fused, multiplied
from .table import Unsupported, as_array, cast, result, row

LARGEST = 16  # rows of a matrix
UNROLLED = 600  # multiplications, or so, of an algorithm that stays in registers


def matrix_of(k: Any, a: Any, dtype: np.dtype[Any]) -> Array:
    """An operand that is a small matrix."""
    x = cast(k.e, as_array(k, a), dtype)
    if x.ndim != 2 or dtype.kind not in "fc" or dtype.itemsize < 4 or not 0 < x.shape[-1] <= LARGEST:
        raise Unsupported("linear algebra of this size")
    return x


def _work(k: Any, matrix: Array, *sides: Array, columns: int = 0) -> Work:
    size = matrix.shape[0]
    parts = 4 if matrix.dtype.kind == "c" else 1
    return Work(k, matrix.dtype, parts * size * size * (size + columns) > UNROLLED, [matrix, *sides])


def real_of(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of a number's parts."""
    return np.dtype(f"f{dtype.itemsize // 2}") if dtype.kind == "c" else dtype


def _magnitude(e: Emitter, x: Any) -> Ref:
    """What a pivot is chosen by, as LAPACK does."""
    if type(x) is Pair:
        return e.op("fadd", e.intrinsic("fabs", x.re), e.intrinsic("fabs", x.im))
    return e.intrinsic("fabs", x)


def wild(w: Work, m: Any, rows: int, first: int, stop: int) -> Ref:
    """Where a matrix has nan or inf, from one column to another: what LAPACK makes of those is another thing."""
    e, no = w.e, w.e.splat(w.e.literal(False, "i1"), w.width)
    found = Carry(no)
    for r in w.loop(0, rows, found):
        for c in w.loop(first, stop, found):
            found.now = e.op("or", found.now, no_number(e, m.get(r, c)))
    return found.now


def no_number(e: Emitter, x: Any) -> Ref:
    """Where a number is nan or infinite."""
    part = e.op("fadd", x.re, x.im) if type(x) is Pair else x
    nothing = e.op("fsub", part, part)
    return e.compare("uno", nothing, nothing)


# ---- elimination ----


class Eliminated:
    """A matrix after Gaussian elimination with partial pivoting, with right-hand sides beside it.

    Attributes
    ----------
    matrix : Registers or Scratch
        The right-hand sides begin at column ``first``.
    inverse : Registers or Scratch
        One over each pivot, in a column.
    pivots : list of elements
        In a column; only if they are asked for.
    singular, odd : Carry
        Where a pivot is zero; where the number of exchanges is odd.
    """

    def __init__(self, k: Any, w: Work, a: Array, sides: Array | None = None, count: int = 0) -> None:
        e, dtype, size = w.e, w.dtype, a.shape[0]
        self.k, self.w, self.size, self.count = k, w, size, count
        self.first = even(size) if w.loops else size
        self.stop = self.first + (even(count) if w.loops else count)
        self.matrix = m = w.matrix(size, self.stop, a)
        if sides is not None:
            w.fill(m, sides, self.first)
        elif count:
            for r in w.loop(0, size):
                for c in w.loop(0, size):
                    m.put(r, w.plus(c, self.first), literal(e, 0, dtype))
                m.put(r, w.plus(r, self.first), literal(e, 1, dtype))
        for c in [*range(size, self.first), *range(self.first + count, self.stop)]:  # what only fills up a block
            for r in w.loop(0, size):
                m.put(r, c, literal(e, 0, dtype))
        self.inverse, self.pivots = w.matrix(size, 1), w.matrix(size, 1)
        no = e.splat(e.literal(False, "i1"), w.width)
        self.singular, self.odd, self.tiny = Carry(no), Carry(no), Carry(no)
        zero, unit = literal(e, 0, dtype), literal(e, 1, dtype)
        real = real_of(dtype)
        for c in w.loop(0, size, self.singular, self.odd, self.tiny):
            self.exchange(c)
            pivot = m.get(c, c)
            none = one(e, np.equal, dtype, pivot, zero)
            self.singular.now = e.op("or", self.singular.now, none)
            small = e.compare("olt", _magnitude(e, pivot), e.number(np.finfo(real).tiny, real))
            self.tiny.now = e.op("or", self.tiny.now, e.op("xor", small, none))
            inverse = divide(e, dtype, unit, choose(e, none, unit, pivot))
            self.inverse.put(c, 0, inverse)
            self.pivots.put(c, 0, pivot)
            for r in w.loop(w.plus(c, 1), size):
                factor = negative(e, dtype, multiply(e, dtype, m.get(r, c), inverse))
                for n in w.columns(w.plus(c, 1), self.stop):
                    m.put(r, n, fused(e, dtype, factor, m.get(c, n), m.get(r, n)))
        k.fail(self.tiny.now)  # one over it may be too large for a number

    def exchange(self, c: Any) -> None:
        """Bring the largest element of a column up to the diagonal."""
        w, e, m = self.w, self.w.e, self.matrix
        best, where = Carry(_magnitude(e, m.get(c, c))), Carry(w.number(c))
        for r in w.loop(w.plus(c, 1), self.size, best, where):
            size = _magnitude(e, m.get(r, c))
            better = e.compare("ugt", size, best.now)  # nan counts as large
            best.now = e.select(better, size, best.now)
            where.now = e.select(better, w.number(r), where.now)
        moved = e.compare("ne", where.now, w.number(c))
        self.odd.now = e.op("xor", self.odd.now, moved)
        for _ in w.case(moved):
            for r in w.loop(w.plus(c, 1), self.size):
                here = e.compare("eq", where.now, w.number(r))
                for _ in w.case(here):
                    swap(w, m, c, r, here, w.columns(c, self.stop))

    def solve(self, shape: tuple[int, ...]) -> Array:
        """The solutions; if there is nan or inf in some, the lane goes the ordinary way."""
        w, e, m, dtype = self.w, self.w.e, self.matrix, self.w.dtype
        for n in w.loop(0, self.size):
            c = w.minus(self.size - 1, n)
            inverse = self.inverse.get(c, 0)
            for side in w.columns(self.first, self.stop):
                m.put(c, side, multiply(e, dtype, m.get(c, side), inverse))
            for r in w.loop(0, c):
                factor = negative(e, dtype, m.get(r, c))
                for side in w.columns(self.first, self.stop):
                    m.put(r, side, fused(e, dtype, factor, m.get(c, side), m.get(r, side)))
        # the first unknown takes over what is no number in the others
        self.k.fail(wild(w, m, 1, self.first, self.first + self.count))
        return w.array(m, shape, self.first)


def swap(w: Work, m: Any, a: Any, b: Any, mask: Ref, columns: Any) -> None:
    """Exchange two rows of a matrix where a mask is true."""
    for n in columns:
        x, y = m.get(a, n), m.get(b, n)
        m.put(a, n, choose(w.e, mask, y, x))
        m.put(b, n, choose(w.e, mask, x, y))


@row(np.linalg.solve)
def solve(k: Any, a: Any, b: Any) -> Any:
    """``np.linalg.solve``."""
    dtype = k.node.outputs[0].dtype
    m, right = matrix_of(k, a, dtype), cast(k.e, as_array(k, b), dtype)
    columns = 1 if right.ndim == 1 else right.shape[-1]
    if right.ndim not in (1, 2) or not 0 < columns <= 2 * LARGEST:
        raise Unsupported("linear algebra of this shape")
    w = _work(k, m, right, columns=columns)
    with w.outermost():
        found = Eliminated(k, w, m, right, columns)
        answer = found.solve(right.shape)
    k.fail(found.singular.now)
    return answer


def solve_triangular(
    k: Any, a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False,
    overwrite_b: bool = False, check_finite: bool = True,
) -> Any:  # fmt: skip
    """``scipy.linalg.solve_triangular``; the row is entered in `special`."""
    e, dtype = k.e, k.node.outputs[0].dtype
    right = cast(e, as_array(k, b), dtype)
    columns = 1 if right.ndim == 1 else right.shape[-1]
    matrix = matrix_of(k, a, dtype)
    size = matrix.shape[0]
    if not 0 < columns <= 2 * LARGEST:
        raise Unsupported("linear algebra of this shape")
    flipped, conjugated = TRANSPOSED[trans], trans in (2, "C") and dtype.kind == "c"
    ascending = bool(lower) is not flipped
    w = Work(k, dtype, size * size * columns > UNROLLED, [matrix, right])
    with w.outermost():
        m, x = w.matrix(size, size, matrix), w.matrix(size, columns, right)
        no = e.splat(e.literal(False, "i1"), w.width)
        bad = Carry(e.op("or", wild(w, m, size, 0, size), wild(w, x, size, 0, columns)) if check_finite else no)

        def coefficient(r: Any, c: Any) -> Any:
            item = m.get(c, r) if flipped else m.get(r, c)
            return conjugate(e, dtype, item) if conjugated else item

        for n in w.loop(0, size, bad):
            c = n if ascending else w.minus(size - 1, n)
            if not unit_diagonal:
                pivot = coefficient(c, c)
                none = one(e, np.equal, dtype, pivot, literal(e, 0, dtype))
                bad.now = e.op("or", bad.now, none)
                pivot = choose(e, none, literal(e, 1, dtype), pivot)
                for side in w.loop(0, columns):
                    x.put(c, side, divide(e, dtype, x.get(c, side), pivot))
            for r in w.loop(w.plus(c, 1), size) if ascending else w.loop(0, c):
                factor = negative(e, dtype, coefficient(r, c))
                for side in w.loop(0, columns):
                    x.put(r, side, fused(e, dtype, factor, x.get(c, side), x.get(r, side)))
        bad.now = e.op("or", bad.now, wild(w, x, size, 0, columns))
        answer = w.array(x, right.shape)
    k.fail(bad.now)
    return answer


@row(np.linalg.inv)
def inv(k: Any, a: Any) -> Any:
    """``np.linalg.inv``."""
    return _inverse(k, k.node.outputs[0].dtype, a)


def _inverse(k: Any, dtype: np.dtype[Any], a: Any) -> Array:
    m = matrix_of(k, a, dtype)
    size = m.shape[0]
    w = _work(k, m, columns=size)
    with w.outermost():
        found = Eliminated(k, w, m, count=size)
        answer = found.solve((size, size))
    k.fail(found.singular.now)
    return answer


def _eye(e: Emitter, dtype: np.dtype[Any], size: int) -> Any:
    return filled([literal(e, float(r == c), dtype) for r in range(size) for c in range(size)], (size, size))


@row(np.linalg.det)
def det(k: Any, a: Any) -> Any:
    """``np.linalg.det``."""
    e, dtype = k.e, k.node.outputs[0].dtype
    m = matrix_of(k, a, dtype)
    w = _work(k, m)
    with w.outermost():
        done = Eliminated(k, w, m)
        pivots = w.array(done.pivots, m.shape[:1]).refs
    found, least = pivots[0], _magnitude(e, pivots[0])
    for pivot in pivots[1:]:
        found = multiply(e, dtype, found, pivot)
        size = _magnitude(e, found)
        least = e.select(e.compare("olt", size, least), size, least)
    # NumPy adds logarithms, which neither outgrow numbers nor vanish
    limit = e.literal(np.finfo(dtype).tiny, least.type)
    extreme = e.op("or", e.compare("olt", least, limit), no_number(e, found))
    k.fail(e.op("and", extreme, e.op("xor", done.singular.now, e.literal(True, "i1"))))
    found = choose(e, done.odd.now, negative(e, dtype, found), found)
    return result(k, choose(e, done.singular.now, literal(e, 0.0, dtype), found))


@row(np.linalg.slogdet)
def slogdet(k: Any, a: Any) -> Any:
    """``np.linalg.slogdet``."""
    e, (dtype, real) = k.e, [value.dtype for value in k.node.outputs]
    m = matrix_of(k, a, dtype)
    w = _work(k, m)
    with w.outermost():
        done = Eliminated(k, w, m)
        pivots = w.array(done.pivots, m.shape[:1]).refs
    sign, total = literal(e, 1.0, dtype), literal(e, 0.0, real)
    sign = choose(e, done.odd.now, negative(e, dtype, sign), sign)
    for pivot in pivots:
        size = one(e, np.absolute, dtype, pivot)
        if dtype.kind == "c":
            safe = e.select(e.compare("oeq", size, literal(e, 0.0, real)), literal(e, 1.0, real), size)
            sign = multiply(e, dtype, sign, Pair(e.op("fdiv", pivot.re, safe), e.op("fdiv", pivot.im, safe)))
        else:
            sign = e.select(e.compare("olt", pivot, literal(e, 0.0, dtype)), e.op("fneg", sign), sign)
        total = one(e, np.add, real, total, one(e, np.log, real, size))
    k.fail(e.op("and", no_number(e, total), e.op("xor", done.singular.now, e.literal(True, "i1"))))
    sign = choose(e, done.singular.now, literal(e, 0.0, dtype), sign)
    total = e.select(done.singular.now, literal(e, -np.inf, real), total)
    return Array(filled([sign], ()), dtype), Array(filled([total], ()), real)


@row(np.linalg.cholesky)
def cholesky(k: Any, a: Any, /, *, upper: bool = False) -> Any:
    """``np.linalg.cholesky``; of the triangle that NumPy reads."""
    e, dtype = k.e, k.node.outputs[0].dtype
    given = matrix_of(k, a, dtype)
    size, real = given.shape[0], real_of(dtype)
    w = _work(k, given)
    with w.outermost():
        m = w.matrix(size + 1, size + 1, given)
        if upper:
            flip(w, m, size)
        bad = Carry(e.splat(e.literal(False, "i1"), w.width))
        for c in w.loop(0, size, bad):
            pivot = m.get(c, c)
            pivot = pivot.re if dtype.kind == "c" else pivot
            bad.now = e.op("or", bad.now, e.compare("ule", pivot, literal(e, 0.0, real)))
            bad.now = e.op("or", bad.now, e.compare("oeq", pivot, literal(e, np.inf, real)))
            root = e.intrinsic("sqrt", pivot)
            inverse = cast_real(e, dtype, e.op("fdiv", literal(e, 1.0, real), root))
            m.put(c, c, cast_real(e, dtype, root))
            for r in w.loop(w.plus(c, 1), size):
                m.put(r, c, multiply(e, dtype, m.get(r, c), inverse))
                m.put(c, r, literal(e, 0, dtype))
            for r in w.loop(w.plus(c, 1), size):
                factor = negative(e, dtype, m.get(r, c))
                for n in w.loop(w.plus(c, 1), w.plus(r, 1)):
                    m.put(r, n, fused(e, dtype, factor, conjugate(e, dtype, m.get(n, c)), m.get(r, n)))
        if upper:
            flip(w, m, size)
        found = w.array(m, given.shape)
    k.fail(bad.now)
    return found


def flip(w: Work, m: Any, size: int) -> None:
    """Exchange the triangles of a matrix."""
    for r in w.loop(0, size):
        for c in w.loop(0, r):
            x, y = m.get(r, c), m.get(c, r)
            m.put(r, c, conjugate(w.e, w.dtype, y))
            m.put(c, r, conjugate(w.e, w.dtype, x))


def cast_real(e: Emitter, dtype: np.dtype[Any], x: Ref) -> Any:
    """A real number as an element of a dtype."""
    return Pair(x, literal(e, 0.0, real_of(dtype))) if dtype.kind == "c" else x


@row(np.linalg.matrix_power)
def matrix_power(k: Any, a: Any, n: int) -> Any:
    """``np.linalg.matrix_power``."""
    dtype = k.node.outputs[0].dtype
    x = _inverse(k, dtype, a) if n < 0 else cast(k.e, as_array(k, a), dtype)
    if x.ndim != 2:
        raise Unsupported("powers of a stack")
    found, n = None, abs(n)
    if n == 3:  # as NumPy does it
        return multiplied(k, multiplied(k, x, x), x)
    while n:
        if n & 1:
            found = x if found is None else multiplied(k, found, x)
        n >>= 1
        x = multiplied(k, x, x) if n else x
    return result(k, _eye(k.e, dtype, x.shape[0])) if found is None else found
