"""Dynamic programs."""

# ruff: noqa: B905  (written as people do)

import numpy as np

from .registry import wild


def _words(size, letters=4):
    return lambda rng, n: (rng.integers(0, letters, (n, size)), rng.integers(0, letters, (n, size - 1)))


@wild(_words(8))
def levenshtein(a, b):
    m, n = len(a), len(b)
    d = np.zeros((m + 1, n + 1), dtype=int)
    for i in range(m + 1):
        d[i, 0] = i
    for j in range(n + 1):
        d[0, j] = j
    for i in range(1, m + 1):
        for j in range(1, n + 1):
            cost = 0 if a[i - 1] == b[j - 1] else 1
            d[i, j] = min(d[i - 1, j] + 1, d[i, j - 1] + 1, d[i - 1, j - 1] + cost)
    return d[m, n]


@wild(_words(8, 3))
def levenshtein_two_rows(s, t):
    prev = list(range(len(t) + 1))
    for i, cs in enumerate(s, 1):
        cur = [i]
        for j, ct in enumerate(t, 1):
            cur.append(min(prev[j] + 1, cur[j - 1] + 1, prev[j - 1] + (cs != ct)))
        prev = cur
    return prev[-1]


@wild(_words(8, 3))
def longest_common_subsequence(x, y):
    m, n = len(x), len(y)
    table = [[0] * (n + 1) for _ in range(m + 1)]
    for i in range(m):
        for j in range(n):
            if x[i] == y[j]:
                table[i + 1][j + 1] = table[i][j] + 1
            else:
                table[i + 1][j + 1] = max(table[i][j + 1], table[i + 1][j])
    return table[m][n]


@wild(_words(7))
def needleman_wunsch(a, b):
    """The score, and the length of an alignment by tracing back."""
    match, mismatch, gap = 1, -1, -2
    m, n = len(a), len(b)
    F = np.zeros((m + 1, n + 1))
    F[:, 0] = gap * np.arange(m + 1)
    F[0, :] = gap * np.arange(n + 1)
    for i in range(1, m + 1):
        for j in range(1, n + 1):
            s = match if a[i - 1] == b[j - 1] else mismatch
            F[i, j] = max(F[i - 1, j - 1] + s, F[i - 1, j] + gap, F[i, j - 1] + gap)
    i, j, length = m, n, 0
    while i > 0 or j > 0:
        length += 1
        if i > 0 and j > 0 and F[i, j] == F[i - 1, j - 1] + (match if a[i - 1] == b[j - 1] else mismatch):
            i -= 1
            j -= 1
        elif i > 0 and F[i, j] == F[i - 1, j] + gap:
            i -= 1
        else:
            j -= 1
    return F[m, n], length


@wild(_words(7))
def smith_waterman(a, b):
    H = np.zeros((len(a) + 1, len(b) + 1))
    best = 0
    for i in range(len(a)):
        for j in range(len(b)):
            diag = H[i][j] + (2 if a[i] == b[j] else -1)
            H[i + 1][j + 1] = max(0, diag, H[i][j + 1] - 1, H[i + 1][j] - 1)
            if H[i + 1][j + 1] > best:
                best = H[i + 1][j + 1]
    return best


@wild(lambda rng, n: (rng.integers(1, 10, (n, 6)), rng.integers(1, 20, (n, 6)), 20), (0, 0, None))
def knapsack(weights, values, capacity):
    best = np.zeros(capacity + 1, dtype=np.int64)
    for w, v in zip(weights, values):
        for c in range(capacity, w - 1, -1):
            best[c] = max(best[c], best[c - w] + v)
    return best[capacity]


@wild(lambda rng, n: (rng.integers(1, 40, n), np.array([1, 5, 8, 12])), (0, None))
def coin_change(amount, coins):
    dp = [0] + [10**9] * amount
    for a in range(1, amount + 1):
        for c in coins:
            if c <= a and dp[a - c] + 1 < dp[a]:
                dp[a] = dp[a - c] + 1
    return dp[amount]


@wild(lambda rng, n: (rng.normal(size=(n, 16)),))
def max_subarray(a):
    """Kadane's way: the largest sum, and where it is."""
    best, best_range = a[0], (0, 0)
    current, start = 0.0, 0
    for i, x in enumerate(a):
        if current <= 0:
            current, start = x, i
        else:
            current += x
        if current > best:
            best, best_range = current, (start, i)
    return best, best_range


@wild(lambda rng, n: (rng.integers(0, 30, (n, 10)),))
def longest_increasing_subsequence(seq):
    lengths = [1] * len(seq)
    for i in range(len(seq)):
        for j in range(i):
            if seq[j] < seq[i] and lengths[j] + 1 > lengths[i]:
                lengths[i] = lengths[j] + 1
    return max(lengths)


@wild(lambda rng, n: (rng.normal(size=(n, 8)), rng.normal(size=(n, 7))))
def dynamic_time_warping(s, t):
    n, m = len(s), len(t)
    D = np.full((n + 1, m + 1), np.inf)
    D[0, 0] = 0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            cost = abs(s[i - 1] - t[j - 1])
            D[i, j] = cost + min(D[i - 1, j], D[i, j - 1], D[i - 1, j - 1])
    return D[n, m]


@wild(lambda rng, n: (rng.integers(1, 10, (n, 5, 5)),))
def cheapest_path(grid):
    rows, cols = grid.shape
    cost = grid.copy()
    for r in range(rows):
        for c in range(cols):
            if r == 0 and c == 0:
                continue
            elif r == 0:
                cost[r, c] += cost[r, c - 1]
            elif c == 0:
                cost[r, c] += cost[r - 1, c]
            else:
                cost[r, c] += min(cost[r - 1, c], cost[r, c - 1])
    return cost[-1, -1]


@wild(lambda rng, n: (rng.uniform(1, 10, (n, 5, 5)),))
def floyd_warshall(dist):
    n = len(dist)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if dist[i][k] + dist[k][j] < dist[i][j]:
                    dist[i][j] = dist[i][k] + dist[k][j]
    return dist


@wild(lambda rng, n: (rng.integers(2, 20, (n, 6)),))
def matrix_chain(dims):
    n = len(dims) - 1
    m = np.zeros((n, n), dtype=np.int64)
    for span in range(1, n):
        for i in range(n - span):
            j = i + span
            m[i, j] = min(m[i, k] + m[k + 1, j] + dims[i] * dims[k + 1] * dims[j + 1] for k in range(i, j))
    return m[0, n - 1]
