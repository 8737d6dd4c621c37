"""Steppers of differential equations, and epidemics."""

import math

import numpy as np

from .registry import wild


@wild(lambda rng, n: (rng.uniform(0.5, 2.0, n), rng.uniform(0.1, 1.0, n)))
def euler_decay(y0, rate):
    y, t, dt = y0, 0.0, 0.01
    while t < 1.0:
        y += dt * (-rate * y + 0.1)
        t += dt
    return y


@wild(lambda rng, n: (rng.uniform(-2.5, 2.5, n), rng.uniform(-1, 1, n), np.array(9.81)), (0, 0, None), tol=1e-10)
def rk4_pendulum(theta, omega, g):
    def deriv(th, om):
        return om, -g * math.sin(th) - 0.1 * om

    h = 0.02
    for _ in range(100):
        k1t, k1o = deriv(theta, omega)
        k2t, k2o = deriv(theta + h / 2 * k1t, omega + h / 2 * k1o)
        k3t, k3o = deriv(theta + h / 2 * k2t, omega + h / 2 * k2o)
        k4t, k4o = deriv(theta + h * k3t, omega + h * k3o)
        theta += h / 6 * (k1t + 2 * k2t + 2 * k3t + k4t)
        omega += h / 6 * (k1o + 2 * k2o + 2 * k3o + k4o)
    return theta, omega


def lorenz(s, sigma=10.0, beta=8 / 3, rho=28.0):
    x, y, z = s
    return np.array([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])


@wild(lambda rng, n: (rng.uniform(-5, 5, (n, 3)) + np.array([0, 0, 20]),))
def rk4_lorenz(state):
    dt = 0.01
    for _ in range(25):
        k1 = lorenz(state)
        k2 = lorenz(state + dt / 2 * k1)
        k3 = lorenz(state + dt / 2 * k2)
        k4 = lorenz(state + dt * k3)
        state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state


@wild(lambda rng, n: (rng.uniform(0.3, 2.0, n), rng.uniform(0.5, 3.0, n)), tol=1e-6)
def rkf45_logistic(y0, rate):
    """Adaptive steps from 0 to 2 on y' = rate y (1 - y)."""

    def f(t, y):
        return rate * y * (1 - y)

    t, y, h, tol = 0.0, y0, 0.2, 1e-8
    while t < 2.0:
        h = min(h, 2.0 - t)
        k1 = h * f(t, y)
        k2 = h * f(t + h / 4, y + k1 / 4)
        k3 = h * f(t + 3 * h / 8, y + 3 * k1 / 32 + 9 * k2 / 32)
        k4 = h * f(t + 12 * h / 13, y + (1932 * k1 - 7200 * k2 + 7296 * k3) / 2197)
        k5 = h * f(t + h, y + 439 * k1 / 216 - 8 * k2 + 3680 * k3 / 513 - 845 * k4 / 4104)
        k6 = h * f(t + h / 2, y - 8 * k1 / 27 + 2 * k2 - 3544 * k3 / 2565 + 1859 * k4 / 4104 - 11 * k5 / 40)
        err = abs(k1 / 360 - 128 * k3 / 4275 - 2197 * k4 / 75240 + k5 / 50 + 2 * k6 / 55)
        if err <= tol or h < 1e-6:
            t += h
            y += 25 * k1 / 216 + 1408 * k3 / 2565 + 2197 * k4 / 4104 - k5 / 5
        scale = 4.0 if err == 0 else 0.84 * (tol / err) ** 0.25
        h *= min(max(scale, 0.1), 4.0)
    return y


@wild(lambda rng, n: (rng.uniform(0.8, 1.2, n), rng.uniform(0.7, 1.1, n)))
def leapfrog_orbit(x, vy):
    y, vx = 0.0, 0.0
    dt = 0.02
    for _ in range(80):
        r3 = math.sqrt(x * x + y * y) * (x * x + y * y)
        vx -= 0.5 * dt * x / r3
        vy -= 0.5 * dt * y / r3
        x += dt * vx
        y += dt * vy
        r3 = math.sqrt(x * x + y * y) * (x * x + y * y)
        vx -= 0.5 * dt * x / r3
        vy -= 0.5 * dt * y / r3
    energy = 0.5 * (vx * vx + vy * vy) - 1 / math.sqrt(x * x + y * y)
    return x, y, energy


@wild(lambda rng, n: (rng.uniform(1, 5, n), rng.uniform(-2, 2, n), rng.uniform(0.5, 0.95, n)))
def verlet_bouncing_ball(height, speed, restitution):
    dt, bounces = 0.01, 0
    z, z_old = height, height - speed * dt
    for _ in range(200):
        z_new = 2 * z - z_old - 9.81 * dt * dt
        if z_new < 0:
            v = restitution * (z - z_new) / dt
            z_new = 0.0
            z_old, z = z_new - v * dt, z_new
            bounces += 1
            if v < 0.2:
                return z, bounces
        else:
            z_old, z = z, z_new
    return z, bounces


@wild(lambda rng, n: (rng.uniform(10, 60, n), rng.uniform(20, 80, n), rng.uniform(0.001, 0.02, n)), tol=1e-9)
def projectile_range(speed, angle, drag):
    """How far a ball with quadratic drag flies."""
    vx = speed * math.cos(math.radians(angle))
    vy = speed * math.sin(math.radians(angle))
    x = y = 0.0
    dt = 0.02
    while y >= 0:
        v = math.hypot(vx, vy)
        vx -= drag * v * vx * dt
        vy -= (9.81 + drag * v * vy) * dt
        px, py = x, y
        x += vx * dt
        y += vy * dt
    return px + (x - px) * py / (py - y)


@wild(lambda rng, n: (rng.uniform(1, 3, n), rng.uniform(50, 400, n)))
def backward_euler_stiff(y, stiffness):
    """Newton's method inside of every step."""
    h = 0.05
    for _ in range(20):
        z = y
        for _ in range(20):
            g = z - y + h * stiffness * (z * z * z - 1)
            dz = g / (1 + 3 * h * stiffness * z * z)
            z -= dz
            if abs(dz) < 1e-10:
                break
        y = z
    return y


@wild(lambda rng, n: (rng.uniform(0.2, 0.8, n), rng.uniform(0.05, 0.2, n), 0.001), (0, 0, None))
def sir_epidemic(beta, gamma, i0):
    """The height and the day of the peak."""
    s, i, r = 1.0 - i0, i0, 0.0
    peak, peak_day = i, 0
    for day in range(160):
        new_infections = beta * s * i
        recoveries = gamma * i
        s -= new_infections
        i += new_infections - recoveries
        r += recoveries
        if i > peak:
            peak, peak_day = i, day
        if i < 1e-6:
            break
    return peak, peak_day, r


@wild(lambda rng, n: (rng.uniform(0.3, 1.0, n), rng.uniform(0.1, 0.5, n), rng.uniform(0.05, 0.3, n)))
def seir_with_lockdown(beta, sigma, gamma):
    y = np.array([0.99, 0.01, 0.0, 0.0])
    locked = False
    days_locked = 0
    for _ in range(120):
        if y[2] > 0.05:
            locked = True
        elif y[2] < 0.01:
            locked = False
        b = beta * 0.3 if locked else beta
        days_locked += locked
        exposed, ill, well = b * y[0] * y[2], sigma * y[1], gamma * y[2]
        y += np.array([-exposed, exposed - ill, ill - well, well])
    return y, days_locked


@wild(lambda rng, n: (rng.uniform(5, 15, n), rng.uniform(2, 8, n)))
def lotka_volterra_heun(prey, predators):
    a, b, c, d, dt = 1.1, 0.4, 0.4, 0.1, 0.02
    most = prey
    for _ in range(150):
        p1, q1 = a * prey - b * prey * predators, d * prey * predators - c * predators
        x, y = prey + dt * p1, predators + dt * q1
        p2, q2 = a * x - b * x * y, d * x * y - c * y
        prey += dt * (p1 + p2) / 2
        predators += dt * (q1 + q2) / 2
        most = max(most, prey)
    return prey, predators, most
