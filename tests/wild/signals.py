"""Time series and filters."""

# ruff: noqa: B905, RUF007  (written as people do)

import math

import numpy as np

from .registry import wild


def _series(size):
    return lambda rng, n: (rng.normal(size=(n, size)),)


@wild(lambda rng, n: (rng.normal(size=(n, 20)), rng.uniform(0.1, 0.9, n)))
def exponential_smoothing(x, alpha):
    s = np.empty_like(x)
    s[0] = x[0]
    for t in range(1, len(x)):
        s[t] = alpha * x[t] + (1 - alpha) * s[t - 1]
    return s


@wild(lambda rng, n: (rng.uniform(10, 20, (n, 16)), 0.4, 0.2), (0, None, None))
def holt_forecast(y, alpha, beta):
    level, trend = y[0], y[1] - y[0]
    for value in y[1:]:
        last = level
        level = alpha * value + (1 - alpha) * (level + trend)
        trend = beta * (level - last) + (1 - beta) * trend
    return level + trend


@wild(_series(14))
def moving_median(x):
    out = np.zeros(len(x))
    half = 2
    for i in range(len(x)):
        window = sorted(x[max(0, i - half) : i + half + 1])
        n = len(window)
        out[i] = window[n // 2] if n % 2 else (window[n // 2 - 1] + window[n // 2]) / 2
    return out


@wild(lambda rng, n: (rng.normal(size=(n, 30)) + np.linspace(0, 1.5, 30),))
def cusum(x, threshold=4.0, drift=0.25):
    """The index of the first alarm; -1 if there is none."""
    up = down = 0.0
    for i, v in enumerate(x):
        up = max(0.0, up + v - drift)
        down = max(0.0, down - v - drift)
        if up > threshold or down > threshold:
            return i
    return -1


@wild(_series(20))
def count_peaks(y):
    peaks = 0
    highest = -math.inf
    for i in range(1, len(y) - 1):
        if y[i - 1] < y[i] > y[i + 1]:
            peaks += 1
            if y[i] > highest:
                highest = y[i]
    return peaks, highest


@wild(lambda rng, n: (rng.integers(0, 3, (n, 20)),))
def longest_run(a):
    best_value, best_length = a[0], 1
    run = 1
    for i in range(1, len(a)):
        if a[i] == a[i - 1]:
            run += 1
        else:
            run = 1
        if run > best_length:
            best_length, best_value = run, a[i]
    return best_value, best_length


@wild(lambda rng, n: (rng.integers(0, 2, (n, 16)),))
def run_length_encode(bits):
    """Into two arrays of fixed size."""
    values, counts = np.zeros(16, dtype=int), np.zeros(16, dtype=int)
    k = -1
    for i, b in enumerate(bits):
        if i > 0 and b == bits[i - 1]:
            counts[k] += 1
        else:
            k += 1
            values[k] = b
            counts[k] = 1
    return values, counts, k + 1


@wild(lambda rng, n: (rng.normal(size=(n, 25)),))
def histogram_by_hand(x):
    counts = np.zeros(8, dtype=np.int64)
    lo, hi = -2.0, 2.0
    width = (hi - lo) / len(counts)
    for v in x:
        if v < lo or v > hi:
            continue
        b = int((v - lo) / width)
        if b == len(counts):
            b -= 1
        counts[b] += 1
    return counts


@wild(_series(24))
def zero_crossings(x):
    return sum(1 for a, b in zip(x[:-1], x[1:]) if a * b < 0)


@wild(lambda rng, n: (rng.normal(20, 3, (n, 24)), rng.uniform(18, 22, n)))
def thermostat(outside, target):
    """A heater with hysteresis: minutes on, and how often it is switched."""
    temp, heating = 18.0, False
    on, switches = 0, 0
    for t_out in outside:
        if heating and temp > target + 0.5:
            heating = False
            switches += 1
        elif not heating and temp < target - 0.5:
            heating = True
            switches += 1
        temp += 0.1 * (t_out - temp) + (0.8 if heating else 0.0)
        on += heating
    return on, switches, temp


@wild(lambda rng, n: (rng.uniform(0.5, 2, n), rng.uniform(0, 0.3, n), rng.uniform(-5, 5, n)))
def pid_controller(kp, ki, setpoint):
    state, integral, previous = 0.0, 0.0, 0.0
    for _ in range(40):
        error = setpoint - state
        integral += error * 0.1
        if integral > 10:
            integral = 10.0
        elif integral < -10:
            integral = -10.0
        u = kp * error + ki * integral + 0.05 * (error - previous) / 0.1
        u = min(max(u, -3.0), 3.0)
        previous = error
        state += 0.1 * (u - 0.2 * state)
    return state


@wild(lambda rng, n: (rng.normal(size=(n, 20)), rng.uniform(0.01, 0.5, n), rng.uniform(0.1, 2, n)))
def kalman_scalar(measurements, q, r):
    x, p = 0.0, 1.0
    estimates = []
    for z in measurements:
        p = p + q
        k = p / (p + r)
        x = x + k * (z - x)
        p = (1 - k) * p
        estimates.append(x)
    return np.array(estimates), p


@wild(lambda rng, n: (np.cumsum(rng.normal(0.5, 1, (n, 12)), axis=1), 0.1, 1.0), (0, None, None), tol=1e-10)
def kalman_tracker(zs, q, r):
    """Position and speed, with outliers left out."""
    dt = 1.0
    F = np.array([[1, dt], [0, 1]])
    H = np.array([[1.0, 0.0]])
    Q = q * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
    x, P = np.zeros(2), np.eye(2) * 10
    rejected = 0
    for z in zs:
        x = F @ x
        P = F @ P @ F.T + Q
        innovation = z - H @ x
        S = H @ P @ H.T + r
        if innovation[0] ** 2 / S[0, 0] > 9:
            rejected += 1
            continue
        K = P @ H.T @ np.linalg.inv(S)
        x = x + K @ innovation
        P = (np.eye(2) - K @ H) @ P
    return x, P, rejected


def _chain(rng, n):
    start = np.array([0.6, 0.3, 0.1])
    move = np.array([[0.7, 0.2, 0.1], [0.3, 0.5, 0.2], [0.2, 0.3, 0.5]])
    emit = np.array([[0.5, 0.3, 0.15, 0.05], [0.2, 0.3, 0.3, 0.2], [0.05, 0.15, 0.3, 0.5]])
    return rng.integers(0, 4, (n, 10)), start, move, emit


@wild(_chain, (0, None, None, None))
def viterbi(obs, start, trans, emit):
    states, T = len(start), len(obs)
    V = np.zeros((T, states))
    back = np.zeros((T, states), dtype=int)
    for s in range(states):
        V[0, s] = start[s] * emit[s, obs[0]]
    for t in range(1, T):
        for s in range(states):
            best, arg = -1.0, 0
            for prev in range(states):
                p = V[t - 1, prev] * trans[prev, s]
                if p > best:
                    best, arg = p, prev
            V[t, s] = best * emit[s, obs[t]]
            back[t, s] = arg
    path = np.zeros(T, dtype=int)
    path[-1] = np.argmax(V[-1])
    for t in range(T - 2, -1, -1):
        path[t] = back[t + 1, path[t + 1]]
    return path


@wild(_chain, (0, None, None, None), tol=1e-11)
def hmm_forward(obs, start, trans, emit):
    alpha = start * emit[:, obs[0]]
    loglik = 0.0
    for o in obs[1:]:
        scale = alpha.sum()
        loglik += np.log(scale)
        alpha = (alpha / scale) @ trans * emit[:, o]
    return loglik + np.log(alpha.sum())


@wild(lambda rng, n: (rng.uniform(-1, 1, (n, 16)),))
def schmitt_trigger(x):
    state = 0
    out = np.zeros(len(x), dtype=np.int8)
    for i in range(len(x)):
        if state == 0 and x[i] > 0.3:
            state = 1
        elif state == 1 and x[i] < -0.3:
            state = 0
        out[i] = state
    return out


@wild(_series(20), tol=1e-9)
def goertzel_power(samples, k=3):
    n = len(samples)
    coeff = 2 * math.cos(2 * math.pi * k / n)
    s1 = s2 = 0.0
    for x in samples:
        s1, s2 = x + coeff * s1 - s2, s1
    return s1 * s1 + s2 * s2 - coeff * s1 * s2


@wild(_series(16))
def welford_variance(data):
    mean = m2 = 0.0
    count = 0
    for x in data:
        if x != x:
            continue
        count += 1
        delta = x - mean
        mean += delta / count
        m2 += delta * (x - mean)
    if count < 2:
        return mean, float("nan")
    return mean, m2 / (count - 1)
