"""Small pieces of machine learning."""

import math

import numpy as np

from .registry import wild


@wild(lambda rng, n: (np.where(rng.uniform(size=(n, 12)) < 0.5, 0.0, 5.0) + rng.normal(size=(n, 12)),))
def kmeans_1d(x):
    centres = [x[0], x[1], x[2]]
    for _ in range(8):
        sums, counts = [0.0] * 3, [0] * 3
        for v in x:
            best = 0
            for k in range(1, 3):
                if abs(v - centres[k]) < abs(v - centres[best]):
                    best = k
            sums[best] += v
            counts[best] += 1
        new = [sums[k] / counts[k] if counts[k] else centres[k] for k in range(3)]
        if all(abs(a - b) < 1e-12 for a, b in zip(new, centres, strict=True)):
            break
        centres = new
    return np.array(centres)


def _labelled(rng, n):
    X = rng.normal(size=(n, 10, 2))
    return X, np.where(X @ [1.0, -0.5] + 0.3 * rng.normal(size=(n, 10)) > 0, 1, -1)


@wild(_labelled)
def perceptron(X, y):
    w0 = w1 = b = 0.0
    mistakes = 0
    for _ in range(10):
        errors = 0
        for (x0, x1), label in zip(X, y, strict=True):
            if label * (w0 * x0 + w1 * x1 + b) <= 0:
                w0 += label * x0
                w1 += label * x1
                b += label
                errors += 1
        mistakes += errors
        if errors == 0:
            break
    return w0, w1, b, mistakes


@wild(_labelled, tol=1e-10)
def logistic_regression(X, y):
    w = np.zeros(2)
    for _ in range(15):
        grad = np.zeros(2)
        for xi, yi in zip(X, y, strict=True):
            margin = yi * np.dot(w, xi)
            if margin > 30:
                continue
            grad -= yi * xi / (1 + math.exp(margin))
        w = w - 0.1 * grad
    return w


@wild(lambda rng, n: (rng.normal(size=(n, 6)) * 5,), tol=1e-13)
def softmax(logits):
    biggest = logits[0]
    for v in logits:
        if v > biggest:
            biggest = v
    exps = [math.exp(v - biggest) for v in logits]
    total = sum(exps)
    return np.array([e / total for e in exps])


@wild(lambda rng, n: (rng.normal(size=(n, 6)) * 100,), tol=1e-12)
def log_sum_exp(values):
    m = max(values)
    if m == -math.inf:
        return m
    return m + math.log(sum(math.exp(v - m) for v in values))


@wild(lambda rng, n: (rng.normal(size=(n, 2)), rng.normal(size=(15, 2)), rng.integers(0, 3, 15)), (0, None, None))
def nearest_neighbours(point, points, labels):
    """Three neighbours vote."""
    nearest = [(math.inf, -1)] * 3
    for i, p in enumerate(points):
        d = (p[0] - point[0]) * (p[0] - point[0]) + (p[1] - point[1]) * (p[1] - point[1])
        for slot in range(3):
            if d < nearest[slot][0]:
                nearest.insert(slot, (d, labels[i]))
                nearest.pop()
                break
    votes = [0, 0, 0]
    for _, label in nearest:
        votes[label] += 1
    return votes.index(max(votes))


@wild(lambda rng, n: tuple(rng.uniform([[4.3], [2], [1], [0.1]], [[7.9], [4.4], [6.9], [2.5]], (4, n))))
def decision_tree(sepal_length, sepal_width, petal_length, petal_width):
    if petal_length <= 2.45:
        return 0
    if petal_width <= 1.75:
        if petal_length <= 4.95:
            if petal_width <= 1.65:
                return 1
            return 2
        else:
            if petal_width <= 1.55:
                return 2
            return 1 if sepal_length <= 6.95 else 2
    if petal_length <= 4.85 and sepal_width > 3.1:
        return 1
    return 2


@wild(lambda rng, n: (rng.normal(size=(n, 3)), rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=4)),
      (0, None, None, None), tol=1e-12)  # fmt: skip
def tiny_network(x, W, b, out):
    hidden = []
    for i in range(len(W)):
        s = b[i]
        for j in range(len(x)):
            s += W[i, j] * x[j]
        hidden.append(s if s > 0 else 0.01 * s)
    z = sum(h * o for h, o in zip(hidden, out, strict=True))
    if z >= 0:
        return 1 / (1 + math.exp(-z))
    e = math.exp(z)
    return e / (1 + e)


@wild(lambda rng, n: (rng.integers(0, 5, (n, 4)), np.eye(5) * 0.6 + 0.08), (0, None), tol=1e-12)
def naive_bayes(word_ids, table):
    best, best_score = -1, -math.inf
    for c in range(len(table)):
        score = math.log(1 / len(table))
        for w in word_ids:
            score += math.log(table[c, w])
        if score > best_score + 1e-9:
            best, best_score = c, score
    return best, best_score


@wild(lambda rng, n: (rng.integers(0, 2, (n, 10)), rng.uniform(0, 1, (n, 10))))
def roc_auc(labels, scores):
    wins = pairs = 0
    for i in range(len(labels)):
        if labels[i] != 1:
            continue
        for j in range(len(labels)):
            if labels[j] == 1:
                continue
            pairs += 1
            if scores[i] > scores[j]:
                wins += 1
            elif scores[i] == scores[j]:
                wins += 0.5
    if pairs == 0:
        return 0.5
    return wins / pairs


@wild(lambda rng, n: (rng.integers(0, 16, n), rng.uniform(0.1, 0.9, n)))
def q_learning_corridor(seed, alpha):
    """A corridor of five cells, with a bit of pseudo-random exploring."""
    Q = np.zeros((5, 2))
    for _ in range(6):
        s = 0
        for _ in range(12):
            seed = (5 * seed + 3) % 16
            if seed < 4:
                a = seed % 2
            else:
                a = 1 if Q[s, 1] >= Q[s, 0] else 0
            nxt = min(s + 1, 4) if a == 1 else max(s - 1, 0)
            reward = 1.0 if nxt == 4 else 0.0
            Q[s, a] += alpha * (reward + 0.9 * max(Q[nxt, 0], Q[nxt, 1]) - Q[s, a])
            s = nxt
            if s == 4:
                break
    return Q
