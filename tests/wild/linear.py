"""Linear algebra written out."""

import math

import numpy as np

from .registry import wild


def _system(rng, n):
    return rng.normal(size=(n, 4, 4)), rng.normal(size=(n, 4))


def _definite(rng, n):
    a = rng.normal(size=(n, 4, 4))
    return (a @ a.swapaxes(1, 2) + 4 * np.eye(4),)


@wild(_system)
def gauss_elimination(A, b):
    A, b = A.copy(), b.copy()
    n = len(b)
    for k in range(n - 1):
        p = k
        for i in range(k + 1, n):
            if abs(A[i, k]) > abs(A[p, k]):
                p = i
        if A[p, k] == 0:
            raise ValueError("singular matrix")
        if p != k:
            for j in range(n):
                A[k, j], A[p, j] = A[p, j], A[k, j]
            b[k], b[p] = b[p], b[k]
        for i in range(k + 1, n):
            factor = A[i, k] / A[k, k]
            for j in range(k, n):
                A[i, j] -= factor * A[k, j]
            b[i] -= factor * b[k]
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        s = b[i]
        for j in range(i + 1, n):
            s -= A[i, j] * x[j]
        x[i] = s / A[i, i]
    return x


@wild(lambda rng, n: (rng.normal(size=(n, 4, 4)),), tol=1e-10)
def determinant(M):
    M = np.array(M, dtype=float)
    det = 1.0
    for i in range(len(M)):
        pivot = i + np.argmax(np.abs(M[i:, i]))
        if M[pivot, i] == 0:
            return 0.0
        if pivot != i:
            M[[i, pivot]] = M[[pivot, i]]
            det = -det
        det *= M[i, i]
        for r in range(i + 1, len(M)):
            M[r] -= M[r, i] / M[i, i] * M[i]
    return det


@wild(_definite)
def cholesky(A):
    n = A.shape[0]
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = A[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            if i == j:
                if s <= 0:
                    raise np.linalg.LinAlgError("not positive definite")
                L[i, i] = math.sqrt(s)
            else:
                L[i, j] = s / L[j, j]
    return L


@wild(lambda rng, n: (rng.uniform(0, 1, (n, 7)), rng.uniform(3, 5, (n, 8)), rng.uniform(0, 1, (n, 7)),
                      rng.normal(size=(n, 8))))  # fmt: skip
def thomas_tridiagonal(a, b, c, d):
    n = len(d)
    cp, dp = np.empty(n - 1), np.empty(n)
    cp[0] = c[0] / b[0]
    dp[0] = d[0] / b[0]
    for i in range(1, n):
        m = b[i] - a[i - 1] * cp[i - 1]
        if i < n - 1:
            cp[i] = c[i] / m
        dp[i] = (d[i] - a[i - 1] * dp[i - 1]) / m
    x = np.empty(n)
    x[-1] = dp[-1]
    for i in reversed(range(n - 1)):
        x[i] = dp[i] - cp[i] * x[i + 1]
    return x


@wild(_definite, tol=1e-6)
def power_iteration(A):
    v = np.ones(len(A))
    value = 0.0
    for _ in range(500):
        w = A @ v
        v = w / np.linalg.norm(w)
        new = v @ A @ v
        if abs(new - value) < 1e-9 * abs(new):
            return new
        value = new
    return value


@wild(lambda rng, n: (_definite(rng, n)[0][:, :3, :3],))
def jacobi_eigenvalues(S):
    A = S.copy()
    n = len(A)
    for _ in range(20):
        off = 0.0
        for i in range(n):
            for j in range(i + 1, n):
                off += A[i, j] * A[i, j]
        if off < 1e-18:
            break
        for p in range(n - 1):
            for q in range(p + 1, n):
                if abs(A[p, q]) < 1e-15:
                    continue
                theta = (A[q, q] - A[p, p]) / (2 * A[p, q])
                sign = 1.0 if theta >= 0 else -1.0
                t = sign / (abs(theta) + math.sqrt(theta * theta + 1))
                c = 1 / math.sqrt(t * t + 1)
                s = t * c
                for k in range(n):
                    akp, akq = A[k, p], A[k, q]
                    A[k, p], A[k, q] = c * akp - s * akq, s * akp + c * akq
                for k in range(n):
                    apk, aqk = A[p, k], A[q, k]
                    A[p, k], A[q, k] = c * apk - s * aqk, s * apk + c * aqk
    return np.sort(np.diag(A))


@wild(lambda rng, n: (rng.normal(size=(n, 4, 3)),), tol=1e-11)
def gram_schmidt(V):
    Q = np.zeros_like(V)
    for j in range(V.shape[1]):
        v = V[:, j].copy()
        for i in range(j):
            v -= np.dot(Q[:, i], V[:, j]) * Q[:, i]
        norm = np.sqrt(np.sum(v**2))
        if norm < 1e-10:
            continue
        Q[:, j] = v / norm
    return Q


@wild(lambda rng, n: (_definite(rng, n)[0] + 4 * np.eye(4), rng.normal(size=(n, 4))))
def gauss_seidel(A, b):
    n = len(b)
    x = np.zeros(n)
    for sweep in range(60):  # noqa: B007
        biggest = 0.0
        for i in range(n):
            sigma = 0.0
            for j in range(n):
                if j != i:
                    sigma += A[i, j] * x[j]
            new = (b[i] - sigma) / A[i, i]
            biggest = max(biggest, abs(new - x[i]))
            x[i] = new
        if biggest < 1e-10:
            break
    return x, sweep


@wild(lambda rng, n: (_definite(rng, n)[0], rng.normal(size=(n, 4))), tol=1e-8)
def conjugate_gradient(A, b):
    x = np.zeros_like(b)
    r = b - A @ x
    p = r.copy()
    rs = r @ r
    for _ in range(len(b) * 2):
        if math.sqrt(rs) < 1e-10:
            break
        Ap = A @ p
        alpha = rs / (p @ Ap)
        x += alpha * p
        r -= alpha * Ap
        rs_new = r @ r
        p = r + rs_new / rs * p
        rs = rs_new
    return x


@wild(lambda rng, n: tuple(rng.integers(-9, 10, (3, n)).astype(float)))
def quadratic_roots(a, b, c):
    """How many real roots, and which."""
    if a == 0:
        if b == 0:
            return 0, 0.0, 0.0
        return 1, -c / b, 0.0
    disc = b * b - 4 * a * c
    if disc < 0:
        return 0, 0.0, 0.0
    if disc == 0:
        return 1, -b / (2 * a), 0.0
    q = -0.5 * (b + math.copysign(math.sqrt(disc), b))
    x1, x2 = q / a, c / q
    if x1 > x2:
        x1, x2 = x2, x1
    return 2, x1, x2


@wild(lambda rng, n: (rng.integers(0, 2, (n, 5, 5)),))
def rank_mod_two(M):
    M = M.copy()
    rows, cols = M.shape
    rank = 0
    for col in range(cols):
        pivot = None
        for r in range(rank, rows):
            if M[r, col]:
                pivot = r
                break
        if pivot is None:
            continue
        M[[rank, pivot]] = M[[pivot, rank]]
        for r in range(rows):
            if r != rank and M[r, col]:
                M[r] ^= M[rank]
        rank += 1
    return rank
