"""The Mandelbrot set, from a function of one point with a plain loop and an early return."""

import numpy as np

from lanewise import vmap


def escape(c, limit=60):
    """How many steps a point takes to leave the disc of radius 2."""
    z = 0j
    for step in range(limit):
        z = z * z + c
        if abs(z) > 2:
            return step
    return limit


def picture(width=72, height=28):
    """The set in characters: the darker, the longer a point stays."""
    x, y = np.linspace(-2.2, 0.8, width), np.linspace(-1.2, 1.2, height)
    counts = vmap(vmap(escape), strict=True)(x + 1j * y[:, None])
    shades = np.array(list(" .:-=+*#%@"))
    return "\n".join("".join(row) for row in shades[np.minimum(counts, 59) * len(shades) // 60])


if __name__ == "__main__":
    print(picture())
