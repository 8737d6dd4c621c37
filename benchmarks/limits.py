"""jit against kernels written by hand in C (`limits.c`), on the same data and threads, in turns.

    python -m benchmarks.limits

It needs a C compiler and a processor with AVX-512.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from lanewise import jit, num_threads, vmap

TURNS = 15
Kernel = Callable[[int, int], Any]


def compiled() -> ctypes.CDLL:
    """The kernels written by hand."""
    place = Path(tempfile.mkdtemp()) / "limits.so"
    source = Path(__file__).with_name("limits.c")
    command = ["cc", "-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC", "-o", str(place), str(source)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(place))


def mandelbrot(re: Any, im: Any) -> Any:
    """How long a point stays near the origin."""
    zr = zi = 0.0
    for k in range(200):
        if zr * zr + zi * zi > 4.0:
            return k
        zr, zi = zr * zr - zi * zi + re, 2 * zr * zi + im
    return 200


def slope(x: Any, y: Any, z: Any) -> Any:
    """The Lorenz system."""
    return 10 * (y - x), x * (28 - z) - y, x * y - 8.0 / 3 * z


def lorenz(start: Any) -> Any:
    """Two hundred classical Runge-Kutta steps."""
    x, y, z = start
    dt = 0.01
    for _ in range(200):
        a1, b1, c1 = slope(x, y, z)
        a2, b2, c2 = slope(x + dt / 2 * a1, y + dt / 2 * b1, z + dt / 2 * c1)
        a3, b3, c3 = slope(x + dt / 2 * a2, y + dt / 2 * b2, z + dt / 2 * c2)
        a4, b4, c4 = slope(x + dt * a3, y + dt * b3, z + dt * c3)
        x = x + dt / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
        y = y + dt / 6 * (b1 + 2 * b2 + 2 * b3 + b4)
        z = z + dt / 6 * (c1 + 2 * c2 + 2 * c3 + c4)
    return np.stack([x, y, z])


def pairs(library: ctypes.CDLL) -> dict[str, tuple[Callable[[], Any], Kernel, int]]:
    """For each workload jit's call, the kernel by hand and the number of lanes."""
    rng = np.random.default_rng(0)
    at, long, real = lambda x: ctypes.c_void_p(x.ctypes.data), ctypes.c_long, ctypes.c_double
    a, b = rng.normal(size=(100_000, 3, 3)), rng.normal(size=(100_000, 3))
    x = np.empty_like(b)
    start = rng.normal(size=(10_000, 3))
    end = np.empty_like(start)
    re, im = (part.ravel().copy() for part in np.meshgrid(np.linspace(-2, 0.5, 400), np.linspace(-1.25, 1.25, 400)))
    count = np.empty(re.size, np.int64)
    by_jit = {fun: jit(vmap(fun)) for fun in (np.linalg.solve, lorenz, mandelbrot)}

    def solve3(lo: int, hi: int) -> None:
        library.solve3(long(lo), long(hi), at(a), at(b), at(x))

    def lorenz3(lo: int, hi: int) -> None:
        library.lorenz(long(lo), long(hi), at(start), at(end), long(200), real(0.01))

    def escape(lo: int, hi: int) -> None:
        library.mandelbrot(long(lo), long(hi), at(re), at(im), long(200), at(count))

    return {
        "solve 3x3, 1e5 systems": (lambda: by_jit[np.linalg.solve](a, b), solve3, len(a)),
        "Lorenz, 1e4 starts, 200 steps": (lambda: by_jit[lorenz](start), lorenz3, len(start)),
        "Mandelbrot 400 x 400, 200 turns": (lambda: by_jit[mandelbrot](re, im), escape, len(re)),
    }


def in_turns(ours: Callable[[], Any], theirs: Callable[[], Any]) -> tuple[float, float]:
    """The median times of two calls, in milliseconds."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(TURNS):
        for call, found in zip((ours, theirs), times, strict=True):
            start = time.perf_counter()
            call()
            found.append(time.perf_counter() - start)
    return float(np.median(times[0]) * 1e3), float(np.median(times[1]) * 1e3)


def main() -> None:
    """Print the table."""
    library = compiled()
    print(f"{'ms':34}{'threads':>8}{'by hand':>10}{'jit':>10}{'ratio':>8}")
    for threads in sorted({1, len(os.sched_getaffinity(0))}):
        with num_threads(threads), ThreadPoolExecutor(threads) as pool:
            for name, (call, kernel, lanes) in pairs(library).items():
                part = lanes // threads // 8 * 8
                edges = [*range(0, part * threads, part), lanes]

                def by_hand(kernel: Kernel = kernel, edges: list[int] = edges) -> None:
                    list(pool.map(kernel, edges[:-1], edges[1:]))

                call()
                ours, theirs = in_turns(call, by_hand)
                print(f"{name:34}{threads:8}{theirs:10.2f}{ours:10.2f}{theirs / ours:8.2f}")


if __name__ == "__main__":
    main()
