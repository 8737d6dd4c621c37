"""Money."""

# ruff: noqa: B905  (written as people do)

import math

import numpy as np

from .registry import wild


@wild(lambda rng, n: (rng.uniform(0, 300_000, n), rng.integers(0, 2, n).astype(bool), rng.integers(0, 5, n)))
def income_tax(income, married, children):
    if married:
        allowance = 20_000
    else:
        allowance = 10_000
    allowance += 2_500 * children
    taxable = income - allowance
    if taxable <= 0:
        return 0.0
    if taxable < 15_000:
        tax = 0.1 * taxable
    elif taxable < 60_000:
        tax = 1_500 + 0.22 * (taxable - 15_000)
        if married and children > 2:
            tax -= 600
    else:
        tax = 11_400 + 0.35 * (taxable - 60_000)
        if taxable > 200_000:
            tax += 0.05 * (taxable - 200_000)
            if not married:
                tax += 1_000
    return tax if tax > 0 else 0.0


BRACKETS = [(0, 0.10), (11_000, 0.12), (44_725, 0.22), (95_375, 0.24), (182_100, 0.32)]


@wild(lambda rng, n: (rng.uniform(0, 300_000, n),))
def tax_brackets(income):
    tax = 0.0
    for i, (low, rate) in enumerate(BRACKETS):
        if income <= low:
            break
        high = BRACKETS[i + 1][0] if i + 1 < len(BRACKETS) else math.inf
        tax += rate * (min(income, high) - low)
    return tax


@wild(lambda rng, n: (rng.uniform(1e4, 3e4, n), rng.uniform(0.02, 0.12, n), rng.uniform(400, 1500, n)))
def loan_months(balance, annual_rate, payment):
    """Months until it is paid, and the interest."""
    monthly = annual_rate / 12
    if balance * monthly >= payment:
        return -1, 0.0
    months, interest = 0, 0.0
    while balance > 0:
        charge = balance * monthly
        interest += charge
        balance += charge
        balance -= min(payment, balance)
        months += 1
    return months, interest


@wild(lambda rng, n: (rng.uniform(1e5, 5e5, n), rng.uniform(0.0, 0.08, n), rng.integers(10, 31, n)), tol=1e-10)
def mortgage_payment(principal, rate, years):
    n = years * 12
    if rate == 0:
        return principal / n
    r = rate / 12
    return principal * r / (1 - (1 + r) ** -n)


def norm_cdf(x):
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def black_scholes_call(S, K, T, r, sigma):
    d1 = (math.log(S / K) + (r + sigma**2 / 2) * T) / (sigma * math.sqrt(T))
    d2 = d1 - sigma * math.sqrt(T)
    return S * norm_cdf(d1) - K * math.exp(-r * T) * norm_cdf(d2)


@wild(lambda rng, n: (rng.uniform(80, 120, n), 100.0, rng.uniform(0.1, 2, n), 0.02, rng.uniform(0.1, 0.6, n),
                      rng.integers(0, 2, n).astype(bool)), (0, None, 0, None, 0, 0), tol=1e-11)  # fmt: skip
def black_scholes(S, K, T, r, sigma, is_call):
    call = black_scholes_call(S, K, T, r, sigma)
    if is_call:
        return call
    return call - S + K * math.exp(-r * T)


@wild(lambda rng, n: (rng.uniform(95, 105, n), rng.uniform(90, 110, n), rng.uniform(0.2, 2, n), rng.uniform(2, 40, n)),
      tol=1e-6)  # fmt: skip
def implied_volatility(S, K, T, premium):
    """By bisection; nan where no volatility gives the price."""
    r = 0.01
    price = max(S - K * math.exp(-r * T), 0) + premium
    lo, hi = 1e-3, 4.0
    if black_scholes_call(S, K, T, r, hi) < price:
        return float("nan")
    for _ in range(100):
        mid = (lo + hi) / 2
        diff = black_scholes_call(S, K, T, r, mid) - price
        if abs(diff) < 1e-8:
            break
        if diff > 0:
            hi = mid
        else:
            lo = mid
    return mid


@wild(lambda rng, n: (rng.uniform(80, 120, n), 100.0, rng.uniform(0.1, 0.5, n)), (0, None, 0), tol=1e-10)
def american_put(S, K, sigma, steps=12):
    """A binomial tree."""
    dt = 0.5 / steps
    u = math.exp(sigma * math.sqrt(dt))
    d = 1 / u
    p = (math.exp(0.03 * dt) - d) / (u - d)
    disc = math.exp(-0.03 * dt)
    values = [max(K - S * u ** (2 * j - steps), 0.0) for j in range(steps + 1)]
    for i in range(steps - 1, -1, -1):
        for j in range(i + 1):
            hold = disc * (p * values[j + 1] + (1 - p) * values[j])
            values[j] = max(hold, K - S * u ** (2 * j - i))
    return values[0]


@wild(lambda rng, n: (np.concatenate([rng.uniform(-120, -80, (n, 1)), rng.uniform(10, 40, (n, 6))], axis=1),), tol=1e-9)
def internal_rate_of_return(flows):
    rate = 0.1
    for _ in range(100):
        npv = dnpv = 0.0
        for t, flow in enumerate(flows):
            npv += flow / (1 + rate) ** t
            dnpv -= t * flow / (1 + rate) ** (t + 1)
        new = rate - npv / dnpv
        if abs(new - rate) < 1e-12:
            return new
        rate = new
    return rate


@wild(lambda rng, n: (np.concatenate([rng.uniform(-120, -80, (n, 1)), rng.uniform(15, 40, (n, 5))], axis=1),
                      np.cumsum(rng.integers(20, 300, (n, 6)), axis=1)), tol=1e-8)  # fmt: skip
def xirr(flows, days):
    def value(rate):
        return sum(f / (1 + rate) ** ((d - days[0]) / 365) for f, d in zip(flows, days))

    lo, hi = -0.9, 10.0
    if value(lo) * value(hi) > 0:
        return None
    while hi - lo > 1e-10:
        mid = (lo + hi) / 2
        if value(lo) * value(mid) <= 0:
            hi = mid
        else:
            lo = mid
    return (lo + hi) / 2


@wild(lambda rng, n: (np.sort(rng.uniform(100, 101, (n, 5)), axis=1), rng.integers(1, 50, (n, 5)),
                      rng.uniform(100, 101.2, n), rng.integers(1, 120, n)))  # fmt: skip
def order_book_step(ask_prices, ask_sizes, limit, quantity):
    """A buy order with a limit takes from the book; the book changes in place."""
    filled, paid = 0, 0.0
    for level in range(len(ask_prices)):
        if quantity == 0 or ask_prices[level] > limit:
            break
        take = min(quantity, ask_sizes[level])
        if take == 0:
            continue
        ask_sizes[level] -= take
        quantity -= take
        filled += take
        paid += take * ask_prices[level]
    average = paid / filled if filled else 0.0
    return filled, average, ask_sizes


@wild(lambda rng, n: (100 * np.exp(np.cumsum(rng.normal(0, 0.03, (n, 25)), axis=1)),))
def max_drawdown(prices):
    peak = prices[0]
    worst = 0.0
    for p in prices:
        if p > peak:
            peak = p
        drop = (peak - p) / peak
        if drop > worst:
            worst = drop
    return worst


@wild(lambda rng, n: (100 * np.exp(np.cumsum(rng.normal(0, 0.05, (n, 25)), axis=1)),))
def trailing_stop_trader(prices):
    cash, shares, stop, trades = 1000.0, 0.0, 0.0, 0
    for i in range(3, len(prices)):
        price = prices[i]
        if shares == 0:
            if prices[i - 1] < price and prices[i - 2] < prices[i - 1]:
                shares, cash = cash / price, 0.0
                stop = 0.95 * price
                trades += 1
        elif price < stop:
            cash, shares = shares * price, 0.0
            trades += 1
        else:
            stop = max(stop, 0.95 * price)
    return cash + shares * prices[-1], trades


@wild(lambda rng, n: (rng.uniform(500, 2000, n), rng.uniform(0.0, 0.1, n), rng.uniform(10_000, 90_000, n)))
def years_to_goal(yearly, rate, goal):
    saved = 0.0
    year = 0
    while saved < goal and (year := year + 1) <= 60:
        saved = saved * (1 + rate) + yearly
    return year if saved >= goal else None
