"""Weather, colours, calendars."""

import math

import numpy as np

from .registry import wild


@wild(lambda rng, n: (rng.uniform(-30, 30, n), rng.uniform(0, 60, n)), tol=1e-12)
def wind_chill(temp_c, wind_kmh):
    if temp_c > 10 or wind_kmh < 4.8:
        return temp_c
    v = wind_kmh**0.16
    return 13.12 + 0.6215 * temp_c - 11.37 * v + 0.3965 * temp_c * v


@wild(lambda rng, n: (rng.uniform(60, 115, n), rng.uniform(0, 100, n)), tol=1e-10)
def heat_index(T, RH):
    simple = 0.5 * (T + 61.0 + (T - 68.0) * 1.2 + RH * 0.094)
    if (simple + T) / 2 < 80:
        return simple
    HI = (
        -42.379 + 2.04901523 * T + 10.14333127 * RH - 0.22475541 * T * RH - 0.00683783 * T * T
        - 0.05481717 * RH * RH + 0.00122874 * T * T * RH + 0.00085282 * T * RH * RH - 0.00000199 * T * T * RH * RH
    )  # fmt: skip
    if RH < 13 and 80 <= T <= 112:
        HI -= (13 - RH) / 4 * math.sqrt((17 - abs(T - 95)) / 17)
    elif RH > 85 and 80 <= T <= 87:
        HI += (RH - 85) / 10 * ((87 - T) / 5)
    return HI


@wild(lambda rng, n: tuple(rng.integers(0, 256, (3, n))))
def rgb_to_hsv(r, g, b):
    r, g, b = r / 255.0, g / 255.0, b / 255.0
    mx, mn = max(r, g, b), min(r, g, b)
    df = mx - mn
    if mx == mn:
        h = 0
    elif mx == r:
        h = (60 * ((g - b) / df) + 360) % 360
    elif mx == g:
        h = (60 * ((b - r) / df) + 120) % 360
    elif mx == b:
        h = (60 * ((r - g) / df) + 240) % 360
    s = 0 if mx == 0 else df / mx * 100
    return h, s, mx * 100


@wild(lambda rng, n: tuple(rng.uniform(0, 1, (3, n))))
def hsv_to_rgb(h, s, v):
    if s == 0.0:
        return v, v, v
    i = int(h * 6.0)
    f = h * 6.0 - i
    p, q, t = v * (1.0 - s), v * (1.0 - s * f), v * (1.0 - s * (1.0 - f))
    i %= 6
    if i == 0:
        return v, t, p
    if i == 1:
        return q, v, p
    if i == 2:
        return p, v, t
    if i == 3:
        return p, q, v
    if i == 4:
        return t, p, v
    return v, p, q


@wild(lambda rng, n: (rng.integers(0, 256, (n, 3)),), tol=1e-10)
def rgb_to_lab(rgb):
    linear = []
    for channel in rgb:
        c = channel / 255
        if c > 0.04045:
            c = ((c + 0.055) / 1.055) ** 2.4
        else:
            c = c / 12.92
        linear.append(c)
    r, g, b = linear
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883
    fx, fy, fz = [t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z)]
    return np.array([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)])


@wild(lambda rng, n: (rng.uniform(1000, 15_000, n),), tol=1e-10)
def blackbody_rgb(kelvin):
    """The colour of a glowing body, by the fit of T. Helland."""
    t = kelvin / 100
    if t <= 66:
        red = 255.0
        green = 99.4708025861 * math.log(t) - 161.1195681661
        blue = 0.0 if t <= 19 else 138.5177312231 * math.log(t - 10) - 305.0447927307
    else:
        red = 329.698727446 * (t - 60) ** -0.1332047592
        green = 288.1221695283 * (t - 60) ** -0.0755148492
        blue = 255.0
    return tuple(min(255.0, max(0.0, c)) for c in (red, green, blue))


@wild(lambda rng, n: (rng.integers(1583, 2500, n),))
def is_leap_year(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@wild(lambda rng, n: (rng.integers(1583, 2500, n), rng.integers(1, 13, n)))
def days_in_month(year, month):
    if month == 2:
        if year % 400 == 0:
            return 29
        if year % 100 == 0:
            return 28
        return 29 if year % 4 == 0 else 28
    if month in (4, 6, 9, 11):
        return 30
    return 31


@wild(lambda rng, n: (rng.integers(1900, 2100, n), rng.integers(1, 13, n), rng.integers(1, 29, n)))
def day_of_year(year, month, day):
    lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    if (year % 4 == 0 and year % 100 != 0) or year % 400 == 0:
        lengths[1] = 29
    for m in range(month - 1):
        day += lengths[m]
    return day


@wild(lambda rng, n: (rng.integers(1000, 2500, n), rng.integers(1, 13, n), rng.uniform(1, 29, n)))
def julian_date(year, month, day):
    if month <= 2:
        year -= 1
        month += 12
    if year > 1582 or (year == 1582 and (month > 10 or (month == 10 and day >= 15))):
        a = year // 100
        b = 2 - a + a // 4
    else:
        b = 0
    return int(365.25 * (year + 4716)) + int(30.6001 * (month + 1)) + day + b - 1524.5


@wild(lambda rng, n: (rng.integers(1583, 4100, n),))
def easter(year):
    a = year % 19
    b, c = divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    el = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * el) // 451
    month, day = divmod(h + el - 7 * m + 114, 31)
    return month, day + 1


@wild(lambda rng, n: (rng.integers(1583, 2500, n), rng.integers(1, 13, n), rng.integers(1, 29, n)))
def zeller_weekday(y, m, d):
    if m < 3:
        m += 12
        y -= 1
    k, j = y % 100, y // 100
    return (d + 13 * (m + 1) // 5 + k + k // 4 + j // 4 + 5 * j) % 7


@wild(lambda rng, n: (rng.uniform(-66, 66, n), rng.integers(1, 366, n)), tol=1e-11)
def day_length_hours(latitude, day):
    declination = math.radians(23.45) * math.sin(2 * math.pi * (284 + day) / 365)
    x = -math.tan(math.radians(latitude)) * math.tan(declination)
    if x >= 1:
        return 0.0
    if x <= -1:
        return 24.0
    return 24 / math.pi * math.acos(x)


@wild(lambda rng, n: (rng.uniform(0, 86_400, n), rng.integers(1, 13, n)))
def taxi_fare(seconds, month):
    """Fares that depend on the hour and the season."""
    hour = int(seconds // 3600)
    if 7 <= hour < 10 or 16 <= hour < 19:
        factor = 1.5
    elif hour >= 22 or hour < 5:
        factor = 2.0
    else:
        factor = 1.0
    if month in {12, 1, 2}:
        factor += 0.25
    return 3.5 + factor * (seconds % 3600) / 60 * 0.4
