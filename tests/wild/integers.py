"""Whole numbers."""

import numpy as np

from .registry import wild


@wild(lambda rng, n: (rng.integers(1, 100_000, n), rng.integers(1, 100_000, n)))
def euclid_gcd(a, b):
    while b:
        a, b = b, a % b
    return a


@wild(lambda rng, n: (rng.integers(1, 1000, n), rng.integers(1, 1000, n)))
def gcd_by_subtraction(a, b):
    while a != b:
        if a > b:
            a -= b
        else:
            b -= a
    return a


@wild(lambda rng, n: (rng.integers(1, 100_000, n), rng.integers(1, 100_000, n)))
def extended_gcd(a, b):
    x0, x1, y0, y1 = 1, 0, 0, 1
    while b != 0:
        q, a, b = a // b, b, a % b
        x0, x1 = x1, x0 - q * x1
        y0, y1 = y1, y0 - q * y1
    return a, x0, y0


@wild(lambda rng, n: (rng.integers(1, 10_000, n), 10_007), (0, None))
def modular_inverse(a, m):
    """By extended Euclid, recursively."""

    def egcd(a, b):
        if a == 0:
            return b, 0, 1
        g, x, y = egcd(b % a, a)
        return g, y - (b // a) * x, x

    g, x, _ = egcd(a % m, m)
    if g != 1:
        raise ValueError("no inverse")
    return x % m


@wild(lambda rng, n: (rng.integers(2, 10**6, n), rng.integers(0, 10**6, n), rng.integers(2, 10**9, n)))
def modular_power(base, exponent, modulus):
    result = 1
    base %= modulus
    while exponent > 0:
        if exponent & 1:
            result = result * base % modulus
        base = base * base % modulus
        exponent >>= 1
    return result


@wild(lambda rng, n: (rng.integers(1, 3000, n),))
def collatz_length(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


@wild(lambda rng, n: (rng.integers(0, 10**12, n),))
def integer_sqrt(n):
    if n < 2:
        return n
    x = n
    y = (x + 1) // 2
    while y < x:
        x = y
        y = (x + n // x) // 2
    return x


@wild(lambda rng, n: (rng.integers(0, 5000, n),))
def is_prime(n):
    if n < 2:
        return False
    if n % 2 == 0:
        return n == 2
    i = 3
    while i * i <= n:
        if n % i == 0:
            return False
        i += 2
    return True


@wild(lambda rng, n: (rng.integers(2, 400, n),))
def is_prime_for_else(n):
    for d in range(2, n):
        if d * d > n:
            continue
        if n % d == 0:
            smallest = d
            break
    else:
        return n, True
    return smallest, False


@wild(lambda rng, n: (rng.integers(2, 20_000, n),))
def largest_prime_factor(n):
    largest = 1
    factor = 2
    while factor * factor <= n:
        while n % factor == 0:
            largest = factor
            n //= factor
        factor += 1
    return n if n > 1 else largest


@wild(lambda rng, n: (rng.integers(0, 10**9, n),))
def digit_sum(n):
    total = 0
    while n:
        n, digit = divmod(n, 10)
        total += digit
    return total


@wild(lambda rng, n: (rng.integers(0, 10**12, n),))
def digital_root(n):
    while n > 9:
        s = 0
        while n > 0:
            s += n % 10
            n //= 10
        n = s
    return n


@wild(lambda rng, n: (rng.integers(1, 300, n),))
def is_perfect_or_abundant(n):
    total = sum(d for d in range(1, n) if n % d == 0)
    if total == n:
        return 0
    return 1 if total > n else -1


@wild(lambda rng, n: (rng.integers(10, 10**6, n),))
def palindrome_steps(n):
    """Reverse and add until the number reads the same both ways."""
    steps = 0
    while steps < 10:
        rev, m = 0, n
        while m > 0:
            rev = rev * 10 + m % 10
            m //= 10
        if rev == n:
            break
        n += rev
        steps += 1
    return n, steps


@wild(lambda rng, n: (rng.integers(0, 2**40, n),))
def count_bits(x):
    count = 0
    while x:
        x &= x - 1
        count += 1
    return count


@wild(lambda rng, n: (rng.integers(0, 2**16, n),))
def reverse_bits(x):
    result = 0
    for _ in range(16):
        result = (result << 1) | (x & 1)
        x >>= 1
    return result


@wild(lambda rng, n: (rng.choice([10, 30, 50, 100], n),))
def sieve_count(limit):
    sieve = np.ones(limit + 1, dtype=bool)
    sieve[:2] = False
    p = 2
    while p * p <= limit:
        if sieve[p]:
            sieve[p * p :: p] = False
        p += 1
    return sieve.sum()


@wild(lambda rng, n: (rng.integers(0, 80, n),))
def fibonacci_mod(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, (a + b) % 1_000_007
    return a


@wild(lambda rng, n: (rng.integers(1, 41, n), rng.integers(2, 8, n)))
def josephus(n, k):
    survivor = 0
    for size in range(2, n + 1):
        survivor = (survivor + k) % size
    return survivor + 1


@wild(lambda rng, n: (rng.integers(0, 31, n), rng.integers(0, 31, n)))
def binomial(n, k):
    if k < 0 or k > n:
        return 0
    k = min(k, n - k)
    result = 1
    for i in range(1, k + 1):
        result = result * (n - k + i) // i
    return result


@wild(lambda rng, n: (rng.integers(0, 10, (n, 16)),))
def luhn_valid(digits):
    total = 0
    for i, d in enumerate(reversed(digits)):
        if i % 2 == 1:
            d = d * 2
            if d > 9:
                d -= 9
        total += d
    return total % 10 == 0


@wild(lambda rng, n: (rng.integers(1, 4000, n),))
def roman_numeral_length(n):
    """How many letters the number has in Roman numerals."""
    letters = 0
    for value, width in [(1000, 1), (900, 2), (500, 1), (400, 2), (100, 1), (90, 2), (50, 1), (40, 2), (10, 1)]:
        while n >= value:
            n -= value
            letters += width
    for value, width in ((9, 2), (5, 1), (4, 2), (1, 1)):
        while n >= value:
            n -= value
            letters += width
    return letters
