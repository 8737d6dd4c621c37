"""Geometry in the plane and in space, and distances on the globe."""

# ruff: noqa: B905  (written as people do)

import math

import numpy as np

from .registry import wild


def _unit(v):
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


@wild(lambda rng, n: (rng.normal(size=(n, 3)) * 4, _unit(rng.normal(size=(n, 3))), np.zeros(3), 2.5),
      (0, 0, None, None), tol=1e-12)  # fmt: skip
def ray_sphere(origin, direction, center, radius):
    """The distance to the sphere along a ray; None if it misses."""
    oc = origin - center
    b = np.dot(oc, direction)
    c = np.dot(oc, oc) - radius * radius
    disc = b * b - c
    if disc < 0:
        return None
    root = math.sqrt(disc)
    t = -b - root
    if t > 1e-6:
        return t
    t = -b + root
    if t > 1e-6:
        return t
    return None


@wild(lambda rng, n: (rng.normal(size=(n, 3)), _unit(rng.normal(size=(n, 3))), rng.normal(size=(n, 3, 3)) * 2),
      tol=1e-10)  # fmt: skip
def ray_triangle(origin, direction, triangle):
    """The way of Moller and Trumbore: whether it hits, and where."""
    v0, v1, v2 = triangle
    e1, e2 = v1 - v0, v2 - v0
    h = np.cross(direction, e2)
    a = np.dot(e1, h)
    if -1e-8 < a < 1e-8:
        return False, np.inf
    f = 1.0 / a
    s = origin - v0
    u = f * np.dot(s, h)
    if u < 0.0 or u > 1.0:
        return False, np.inf
    q = np.cross(s, e1)
    v = f * np.dot(direction, q)
    if v < 0.0 or u + v > 1.0:
        return False, np.inf
    t = f * np.dot(e2, q)
    if t > 1e-8:
        return True, t
    return False, np.inf


@wild(lambda rng, n: (rng.uniform(-3, 3, (n, 3)), rng.uniform(0.1, 1, (n, 3)) * rng.choice([-1, 1], (n, 3))))
def ray_box(origin, direction):
    """The slab method on the unit cube."""
    tmin, tmax = -math.inf, math.inf
    for i in range(3):
        t1 = (-1.0 - origin[i]) / direction[i]
        t2 = (1.0 - origin[i]) / direction[i]
        if t1 > t2:
            t1, t2 = t2, t1
        if t1 > tmin:
            tmin = t1
        if t2 < tmax:
            tmax = t2
        if tmin > tmax:
            return -1.0
    return tmin if tmin > 0 else tmax


STAR = np.array([[0, 3], [1, 1], [3, 1], [1.4, -0.4], [2, -3], [0, -1], [-2, -3], [-1.4, -0.4], [-3, 1], [-1, 1.0]])


@wild(lambda rng, n: (rng.uniform(-3, 3, n), rng.uniform(-3, 3, n), STAR), (0, 0, None))
def point_in_polygon(x, y, poly):
    inside = False
    j = len(poly) - 1
    for i in range(len(poly)):
        xi, yi = poly[i]
        xj, yj = poly[j]
        if (yi > y) != (yj > y) and x < (xj - xi) * (y - yi) / (yj - yi) + xi:
            inside = not inside
        j = i
    return inside


@wild(lambda rng, n: tuple(rng.integers(-5, 6, (4, n, 2)).astype(float)))
def segments_cross(p1, q1, p2, q2):
    def orientation(a, b, c):
        val = (b[1] - a[1]) * (c[0] - b[0]) - (b[0] - a[0]) * (c[1] - b[1])
        if val == 0:
            return 0
        return 1 if val > 0 else 2

    def on_segment(a, b, c):
        return min(a[0], c[0]) <= b[0] <= max(a[0], c[0]) and min(a[1], c[1]) <= b[1] <= max(a[1], c[1])

    o1, o2 = orientation(p1, q1, p2), orientation(p1, q1, q2)
    o3, o4 = orientation(p2, q2, p1), orientation(p2, q2, q1)
    if o1 != o2 and o3 != o4:
        return True
    if o1 == 0 and on_segment(p1, p2, q1):
        return True
    if o2 == 0 and on_segment(p1, q2, q1):
        return True
    if o3 == 0 and on_segment(p2, p1, q2):
        return True
    return bool(o4 == 0 and on_segment(p2, q1, q2))


@wild(lambda rng, n: (rng.normal(size=(n, 7, 2)),))
def convex_hull_area(points):
    """Gift wrapping, then the shoelace formula."""
    n = len(points)
    start = 0
    for i in range(1, n):
        if points[i][0] < points[start][0]:
            start = i
    hull = []
    p = start
    while True:
        hull.append(points[p])
        q = (p + 1) % n
        for r in range(n):
            cross = (points[q][0] - points[p][0]) * (points[r][1] - points[p][1]) - (
                points[q][1] - points[p][1]
            ) * (points[r][0] - points[p][0])
            if cross < 0:
                q = r
        p = q
        if p == start:
            break
    area = 0.0
    for i in range(len(hull)):
        x0, y0 = hull[i]
        x1, y1 = hull[(i + 1) % len(hull)]
        area += x0 * y1 - x1 * y0
    return abs(area) / 2


@wild(lambda rng, n: (rng.normal(size=(n, 8, 2)),), tol=1e-14)
def polygon_centroid(vertices):
    a = cx = cy = 0.0
    for (x0, y0), (x1, y1) in zip(vertices, np.roll(vertices, -1, axis=0)):
        w = x0 * y1 - x1 * y0
        a += w
        cx += (x0 + x1) * w
        cy += (y0 + y1) * w
    if abs(a) < 1e-9:
        return vertices.mean(axis=0)
    return np.array([cx, cy]) / (3 * a)


@wild(lambda rng, n: tuple(rng.normal(size=(3, n, 2))), tol=1e-14)
def point_segment_distance(p, a, b):
    ab = b - a
    length2 = ab[0] * ab[0] + ab[1] * ab[1]
    if length2 == 0:
        return math.sqrt((p[0] - a[0]) ** 2 + (p[1] - a[1]) ** 2)
    t = ((p[0] - a[0]) * ab[0] + (p[1] - a[1]) * ab[1]) / length2
    t = max(0.0, min(1.0, t))
    dx, dy = p[0] - (a[0] + t * ab[0]), p[1] - (a[1] + t * ab[1])
    return math.sqrt(dx * dx + dy * dy)


@wild(lambda rng, n: (rng.uniform(0, 4, n), rng.uniform(0.5, 2, n), rng.uniform(0.5, 2, n)), tol=1e-11)
def circle_overlap_area(d, r1, r2):
    if d >= r1 + r2:
        return 0.0
    if d <= abs(r1 - r2):
        return math.pi * min(r1, r2) ** 2
    alpha = math.acos((d * d + r1 * r1 - r2 * r2) / (2 * d * r1))
    beta = math.acos((d * d + r2 * r2 - r1 * r1) / (2 * d * r2))
    return r1 * r1 * (alpha - math.sin(2 * alpha) / 2) + r2 * r2 * (beta - math.sin(2 * beta) / 2)


def _places(rng, n):
    return rng.uniform(-85, 85, n), rng.uniform(-180, 180, n), rng.uniform(-85, 85, n), rng.uniform(-180, 180, n)


@wild(_places, tol=1e-11)
def haversine(lat1, lon1, lat2, lon2):
    R = 6371.0
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    dphi = math.radians(lat2 - lat1)
    dlam = math.radians(lon2 - lon1)
    a = math.sin(dphi / 2) ** 2 + math.cos(phi1) * math.cos(phi2) * math.sin(dlam / 2) ** 2
    return 2 * R * math.asin(math.sqrt(a))


@wild(lambda rng, n: (rng.uniform(30, 60, n), rng.uniform(-20, 20, n), rng.uniform(-10, 20, n), rng.uniform(0, 60, n)),
      tol=1e-6)  # fmt: skip
def vincenty(lat1, lon1, lat2, lon2):
    a, f = 6378137.0, 1 / 298.257223563
    b = (1 - f) * a
    U1 = math.atan((1 - f) * math.tan(math.radians(lat1)))
    U2 = math.atan((1 - f) * math.tan(math.radians(lat2)))
    L = math.radians(lon2 - lon1)
    lam = L
    sinU1, cosU1, sinU2, cosU2 = math.sin(U1), math.cos(U1), math.sin(U2), math.cos(U2)
    for _ in range(200):
        sin_lam, cos_lam = math.sin(lam), math.cos(lam)
        sin_sigma = math.sqrt((cosU2 * sin_lam) ** 2 + (cosU1 * sinU2 - sinU1 * cosU2 * cos_lam) ** 2)
        if sin_sigma == 0:
            return 0.0
        cos_sigma = sinU1 * sinU2 + cosU1 * cosU2 * cos_lam
        sigma = math.atan2(sin_sigma, cos_sigma)
        sin_alpha = cosU1 * cosU2 * sin_lam / sin_sigma
        cos2_alpha = 1 - sin_alpha**2
        try:
            cos2_sigma_m = cos_sigma - 2 * sinU1 * sinU2 / cos2_alpha
        except ZeroDivisionError:
            cos2_sigma_m = 0
        C = f / 16 * cos2_alpha * (4 + f * (4 - 3 * cos2_alpha))
        prev = lam
        lam = L + (1 - C) * f * sin_alpha * (
            sigma + C * sin_sigma * (cos2_sigma_m + C * cos_sigma * (-1 + 2 * cos2_sigma_m**2))
        )
        if abs(lam - prev) < 1e-12:
            break
    else:
        return None
    u2 = cos2_alpha * (a**2 - b**2) / b**2
    A = 1 + u2 / 16384 * (4096 + u2 * (-768 + u2 * (320 - 175 * u2)))
    B = u2 / 1024 * (256 + u2 * (-128 + u2 * (74 - 47 * u2)))
    dsigma = B * sin_sigma * (
        cos2_sigma_m
        + B / 4 * (
            cos_sigma * (-1 + 2 * cos2_sigma_m**2)
            - B / 6 * cos2_sigma_m * (-3 + 4 * sin_sigma**2) * (-3 + 4 * cos2_sigma_m**2)
        )
    )  # fmt: skip
    return b * A * (sigma - dsigma)


@wild(lambda rng, n: (rng.uniform(-180, 180, n), rng.uniform(-180, 180, n)))
def heading_difference(a, b):
    d = b - a
    while d > 180:
        d -= 360
    while d <= -180:
        d += 360
    return d


@wild(lambda rng, n: tuple(rng.integers(-9, 10, (4, n))))
def bresenham_length(x0, y0, x1, y1):
    """How many pixels a line has, and the sum of x y over them."""
    dx, dy = abs(x1 - x0), -abs(y1 - y0)
    sx = 1 if x0 < x1 else -1
    sy = 1 if y0 < y1 else -1
    err = dx + dy
    count, checksum = 0, 0
    while True:
        count += 1
        checksum += x0 * y0
        if x0 == x1 and y0 == y1:
            break
        e2 = 2 * err
        if e2 >= dy:
            err += dy
            x0 += sx
        if e2 <= dx:
            err += dx
            y0 += sy
    return count, checksum
