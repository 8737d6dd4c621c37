"""Eigenvalues of symmetric matrices: Jacobi's rotations, lanes in lockstep.

The eigenvalues ascend, as NumPy's do. An eigenvector is one up to its sign (a complex one, up to its phase), and so
are those here; LAPACK's algorithm is another, so it may choose the other sign.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..emit import Ref
from ..scratch import Carry, Work
from ..values import Array, Pair, literal
from .arithmetic import conjugate, multiply
from .elementwise import choose, one
from .linalg import cast_real, flip, matrix_of, real_of, swap
from .table import as_array, row

SWEEPS = 30  # over all pairs; six to ten are enough


@row(np.linalg.eigh, np.linalg.eigvalsh)
def eigh(k: Any, a: Any, UPLO: str = "L") -> Any:
    """``np.linalg.eigh`` and ``np.linalg.eigvalsh``."""
    outputs = k.node.outputs
    a = as_array(k, a)
    dtype = a.dtype if a.dtype.kind in "fc" else np.dtype(float)
    matrix = matrix_of(k, a, dtype)
    w = Work(k, dtype, True, [matrix])
    with w.outermost():
        found = Jacobi(w, matrix, UPLO.upper() == "U", len(outputs) > 1)
        found.run()
        found.sort()
        values = w.array(found.vectors, matrix.shape[:1], 0, real_of(dtype))
        vectors = w.array(found.columns(), matrix.shape) if found.wanted else None
    k.fail(found.bad)
    return values if vectors is None else (values, vectors)


def real_part(x: Any) -> Ref:
    """The real part of an element."""
    return x.re if type(x) is Pair else x


class Jacobi:
    """Rotations until nothing is left beside the diagonal.

    Parameters
    ----------
    given : Array
        The matrix.
    upper : bool
        Which triangle counts.
    wanted : bool
        Whether the eigenvectors are asked for.
    """

    def __init__(self, w: Work, given: Array, upper: bool, wanted: bool) -> None:
        e, size = w.e, given.shape[0]
        self.w, self.size, self.wanted = w, size, wanted
        self.real = real_of(w.dtype)
        self.zero, self.unit = literal(e, 0.0, self.real), literal(e, 1.0, self.real)
        # row r holds the eigenvalue, then the eigenvector
        self.vectors = w.matrix(size, size + 1 if wanted else 1)
        self.matrix = m = w.matrix(size, size, given)
        if upper:
            flip(w, m, size)
        total, scale = Carry(self.zero), Carry(self.zero)
        for r in w.loop(0, size, total, scale):
            m.put(r, r, cast_real(e, w.dtype, real_part(m.get(r, r))))
            for c in w.loop(0, w.plus(r, 1), total, scale):
                magnitude = self.magnitude(m.get(r, c))
                total.now = e.op("fadd", total.now, e.op("fmul", magnitude, self.zero))
                scale.now = e.select(e.compare("ogt", magnitude, scale.now), magnitude, scale.now)
        self.bad = e.compare("uno", total.now, total.now)  # nan or infinite: LAPACK does not converge
        self.small = e.op("fmul", scale.now, literal(e, 2.0**-10 * np.finfo(self.real).eps, self.real))
        if wanted:
            for r in w.loop(0, size):
                for c in w.loop(0, size):
                    self.vectors.put(r, w.plus(c, 1), literal(e, 0, w.dtype))
                self.vectors.put(r, w.plus(r, 1), literal(e, 1, w.dtype))

    def columns(self) -> Any:
        """The eigenvectors as the columns of a matrix."""
        w = self.w
        found = w.matrix(self.size, self.size)
        for r in w.loop(0, self.size):
            for c in w.loop(0, self.size):
                found.put(c, r, self.vectors.get(r, w.plus(c, 1)))
        return found

    def magnitude(self, x: Any) -> Ref:
        """``|x|``, or the larger part of a complex number."""
        e = self.w.e
        if type(x) is not Pair:
            return e.intrinsic("fabs", x)
        return e.intrinsic("maximum", e.intrinsic("fabs", x.re), e.intrinsic("fabs", x.im))

    def largest(self) -> Ref:
        """The largest element beside the diagonal."""
        w, e = self.w, self.w.e
        found = Carry(e.splat(self.zero, w.width))
        for r in w.loop(1, self.size, found):
            for c in w.loop(0, r, found):
                x = self.magnitude(self.matrix.get(r, c))
                found.now = e.select(e.compare("ogt", x, found.now), x, found.now)
        return found.now

    def run(self) -> None:
        """Sweep over all pairs while some lane has not converged."""
        w, e = self.w, self.w.e
        sweeps = e.enter(e.index(0), e.index(SWEEPS), 1)
        alive = e.compare("ogt", self.largest(), self.small)
        sweeps.go_on_while(e.any(alive))
        for p, q in self.pairs():
            x = self.matrix.get(q, p)
            some = e.op("and", alive, e.compare("ogt", self.magnitude(x), self.zero))
            for _ in w.case(some):
                self.rotate(p, q, x, some)
        sweeps.close()
        left = e.compare("ogt", self.largest(), self.small)
        self.bad = e.op("or", self.bad, left)
        for r in w.loop(0, self.size):
            self.vectors.put(r, 0, self.matrix.get(r, r))

    def pairs(self) -> Iterator[tuple[Ref, Ref]]:
        """All pairs, as in a tournament: those of a round do not meet, so that their angles are found side by side."""
        w, e = self.w, self.w.e
        players = self.size + self.size % 2
        ring = e.index(players - 1)
        for turn in w.loop(0, max(players - 1, 0)):
            for n in w.loop(0, players // 2):
                up, down = e.op("add", turn, n), e.op("sub", turn, n)
                up = e.select(e.compare("sge", up, ring), e.op("sub", up, ring), up)
                down = e.select(e.compare("slt", down, e.index(0)), e.op("add", down, ring), down)
                down = e.select(e.compare("eq", n, e.index(0)), ring, down)
                p, q = e.intrinsic("smin", up, down), e.intrinsic("smax", up, down)
                for _ in w.case(e.compare("slt", q, e.index(self.size))):
                    yield p, q

    def rotate(self, p: Any, q: Any, x: Any, some: Ref) -> None:
        """A rotation that makes element ``(q, p)`` zero, in some lanes."""
        w, e, m = self.w, self.w.e, self.matrix
        first, last = real_part(m.get(p, p)), real_part(m.get(q, q))
        size, phase = self.polar(x, some)
        theta = e.op("fdiv", e.op("fsub", last, first), e.op("fadd", size, size))
        root = e.intrinsic("sqrt", e.op("fadd", e.op("fmul", theta, theta), self.unit))
        tangent = e.op("fdiv", self.unit, e.op("fadd", theta, e.intrinsic("copysign", root, theta)))
        tangent = e.select(some, tangent, self.zero)
        norm = e.intrinsic("sqrt", e.op("fadd", e.op("fmul", tangent, tangent), self.unit))
        cosine = e.op("fdiv", self.unit, norm)
        sine = e.op("fmul", tangent, cosine)
        for n in w.loop(0, p):
            self.turn(m, (p, n), (q, n), cosine, sine, phase)
        for n in w.loop(w.plus(p, 1), q):
            self.turn(m, (n, p), (q, n), cosine, sine, phase, True)
        for n in w.loop(w.plus(q, 1), self.size):
            self.turn(m, (n, p), (n, q), cosine, sine, phase, True, True)
        shift = e.select(some, e.op("fmul", tangent, size), self.zero)
        m.put(p, p, cast_real(e, w.dtype, e.op("fsub", first, shift)))
        m.put(q, q, cast_real(e, w.dtype, e.op("fadd", last, shift)))
        m.put(q, p, choose(e, some, literal(e, 0, w.dtype), x))
        if self.wanted:
            for n in w.loop(1, self.size + 1):
                self.turn(self.vectors, (p, n), (q, n), cosine, sine, phase, True, True)

    def polar(self, x: Any, some: Ref) -> tuple[Ref, Any]:
        """A number's size, and what it has to be divided by to be real: none for a real one."""
        e = self.w.e
        if type(x) is not Pair:
            return x, None
        size = one(e, np.absolute, self.w.dtype, x)
        safe = e.select(some, size, self.unit)
        re, im = e.op("fdiv", x.re, safe), e.op("fdiv", x.im, safe)
        return size, Pair(e.select(some, re, self.unit), e.select(some, im, self.zero))

    def turn(
        self, m: Any, p: Any, q: Any, cosine: Ref, sine: Ref, phase: Any, below: bool = False, both: bool = False
    ) -> None:  # fmt: skip
        """Two elements, of row or column ``p`` and ``q``, turned."""
        e, dtype = self.w.e, self.w.dtype
        x, y = m.get(*p), m.get(*q)
        if phase is None:
            m.put(*p, e.op("fsub", e.op("fmul", cosine, x), e.op("fmul", sine, y)))
            m.put(*q, e.op("fadd", e.op("fmul", sine, x), e.op("fmul", cosine, y)))
            return
        # as elements (n, p) and (n, q), conjugated where the other triangle holds them
        x = conjugate(e, dtype, x) if not below else x
        y = conjugate(e, dtype, y) if not both else y
        turned = multiply(e, dtype, y, phase)
        new_x = Pair(*[e.op("fsub", e.op("fmul", cosine, a), e.op("fmul", sine, b))
                       for a, b in ((x.re, turned.re), (x.im, turned.im))])  # fmt: skip
        new_y = Pair(*[e.op("fadd", e.op("fmul", sine, a), e.op("fmul", cosine, b))
                       for a, b in ((x.re, turned.re), (x.im, turned.im))])  # fmt: skip
        m.put(*p, conjugate(e, dtype, new_x) if not below else new_x)
        m.put(*q, conjugate(e, dtype, new_y) if not both else new_y)

    def sort(self) -> None:
        """Let the eigenvalues ascend, their vectors with them."""
        w, e, m = self.w, self.w.e, self.vectors
        for c in w.loop(0, self.size - 1):
            best, where = Carry(real_part(m.get(c, 0))), Carry(w.number(c))
            for r in w.loop(w.plus(c, 1), self.size, best, where):
                value = real_part(m.get(r, 0))
                better = e.compare("olt", value, best.now)
                best.now = e.select(better, value, best.now)
                where.now = e.select(better, w.number(r), where.now)
            for r in w.loop(w.plus(c, 1), self.size):
                here = e.compare("eq", where.now, w.number(r))
                for _ in w.case(here):
                    swap(w, m, c, r, here, w.loop(0, self.size + 1 if self.wanted else 1))
