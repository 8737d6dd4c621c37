"""Rotations in space."""

import math

import numpy as np

from .registry import wild


def _unit(v):
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def _quaternions(rng, n):
    return _unit(rng.normal(size=(n, 4)))


def qmul(a, b):
    aw, ax, ay, az = a
    bw, bx, by, bz = b
    return np.array([
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    ])


@wild(lambda rng, n: (_quaternions(rng, n), rng.normal(size=(n, 3))))
def quaternion_rotate(q, v):
    conj = q * np.array([1, -1, -1, -1])
    return qmul(qmul(q, np.array([0.0, *v])), conj)[1:]


@wild(lambda rng, n: (_quaternions(rng, n), _quaternions(rng, n), rng.uniform(0, 1, n)), tol=1e-10)
def slerp(q0, q1, t):
    dot = np.dot(q0, q1)
    if dot < 0:
        q1 = -q1
        dot = -dot
    if dot > 0.9995:
        result = q0 + t * (q1 - q0)
        return result / np.linalg.norm(result)
    theta = math.acos(dot)
    s = math.sin(theta)
    return (math.sin((1 - t) * theta) * q0 + math.sin(t * theta) * q1) / s


@wild(lambda rng, n: (rng.normal(size=(n, 3)), rng.normal(size=(n, 3)), rng.uniform(-4, 4, n)), tol=1e-12)
def rodrigues(v, axis, angle):
    norm = np.linalg.norm(axis)
    if norm < 1e-12:
        return v.copy()
    k = axis / norm
    c, s = math.cos(angle), math.sin(angle)
    return v * c + np.cross(k, v) * s + k * np.dot(k, v) * (1 - c)


@wild(lambda rng, n: tuple(rng.uniform(-3, 3, (3, n))), tol=1e-13)
def euler_to_matrix(yaw, pitch, roll):
    cy, sy = math.cos(yaw), math.sin(yaw)
    cp, sp = math.cos(pitch), math.sin(pitch)
    cr, sr = math.cos(roll), math.sin(roll)
    Rz = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    Ry = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    Rx = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    return Rz @ Ry @ Rx


def _matrices(rng, n):
    w, x, y, z = _quaternions(rng, n).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return (np.moveaxis(np.array(rows), -1, 0).copy(),)


@wild(_matrices)
def matrix_to_quaternion(m):
    trace = m[0, 0] + m[1, 1] + m[2, 2]
    q = np.empty(4)
    if trace > 0:
        s = 0.5 / math.sqrt(trace + 1.0)
        q[0] = 0.25 / s
        q[1] = (m[2, 1] - m[1, 2]) * s
        q[2] = (m[0, 2] - m[2, 0]) * s
        q[3] = (m[1, 0] - m[0, 1]) * s
    elif m[0, 0] > m[1, 1] and m[0, 0] > m[2, 2]:
        s = 2.0 * math.sqrt(1.0 + m[0, 0] - m[1, 1] - m[2, 2])
        q[:] = (m[2, 1] - m[1, 2]) / s, 0.25 * s, (m[0, 1] + m[1, 0]) / s, (m[0, 2] + m[2, 0]) / s
    elif m[1, 1] > m[2, 2]:
        s = 2.0 * math.sqrt(1.0 + m[1, 1] - m[0, 0] - m[2, 2])
        q[:] = (m[0, 2] - m[2, 0]) / s, (m[0, 1] + m[1, 0]) / s, 0.25 * s, (m[1, 2] + m[2, 1]) / s
    else:
        s = 2.0 * math.sqrt(1.0 + m[2, 2] - m[0, 0] - m[1, 1])
        q[:] = (m[1, 0] - m[0, 1]) / s, (m[0, 2] + m[2, 0]) / s, (m[1, 2] + m[2, 1]) / s, 0.25 * s
    return q


@wild(_matrices, tol=1e-9)
def matrix_to_euler(R):
    sy = math.hypot(R[0, 0], R[1, 0])
    if sy > 1e-6:
        return math.atan2(R[2, 1], R[2, 2]), math.atan2(-R[2, 0], sy), math.atan2(R[1, 0], R[0, 0])
    return math.atan2(-R[1, 2], R[1, 1]), math.atan2(-R[2, 0], sy), 0.0


@wild(lambda rng, n: (_quaternions(rng, n), rng.normal(size=(n, 10, 3)), 0.01), (0, 0, None), tol=1e-12)
def integrate_gyro(q, rates, dt):
    for w in rates:
        angle = np.linalg.norm(w) * dt
        if angle > 1e-9:
            axis = w * dt / angle
            half = angle / 2
            q = qmul(q, np.concatenate([[math.cos(half)], math.sin(half) * axis]))
        q /= math.sqrt(sum(c * c for c in q))
    return q
