"""Recursion, closures, state machines and games."""

import functools

import numpy as np

from .registry import wild


@wild(lambda rng, n: (rng.integers(0, 11, n),))
def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


@wild(lambda rng, n: (rng.integers(0, 3, n), rng.integers(0, 4, n)))
def ackermann(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


@wild(lambda rng, n: (rng.integers(1, 7, n),))
def hanoi(discs):
    """Moves, and a checksum of where the discs went."""
    moves = checksum = 0

    def move(n, source, target, spare):
        nonlocal moves, checksum
        if n == 0:
            return
        move(n - 1, source, spare, target)
        moves += 1
        checksum = (checksum * 3 + target - source) % 1009
        move(n - 1, spare, target, source)

    move(discs, 0, 2, 1)
    return moves, checksum


@wild(lambda rng, n: (rng.uniform(0.5, 1.5, n), rng.integers(-20, 21, n)))
def recursive_power(x, n):
    if n < 0:
        return 1 / recursive_power(x, -n)
    if n == 0:
        return 1.0
    half = recursive_power(x, n // 2)
    return half * half if n % 2 == 0 else half * half * x


@wild(lambda rng, n: (rng.integers(0, 14, n), rng.integers(0, 14, n)))
def grid_paths(rows, cols):
    """Counted in closed form, step by step, unless the grid is narrow."""
    match (rows, cols):
        case (0, _) | (_, 0):
            return 1
        case (1, k) | (k, 1):
            return k + 1
        case _:
            paths = 1
            for i in range(1, cols + 1):
                paths = paths * (rows + i) // i
            return paths


@wild(lambda rng, n: (rng.integers(0, 4, (n, 15)),))
def turnstile(events):
    """A state machine: locked, open, alarm."""
    state, passed, coins = "locked", 0, 0
    for event in events:
        match state, event:
            case "locked", 0:
                state = "open"
                coins += 1
            case "locked", 1:
                state = "alarm"
            case "open", 1:
                state = "locked"
                passed += 1
            case "open", 0:
                coins += 1
            case "alarm", 3:
                state = "locked"
            case _:
                pass
    return passed, coins, ["locked", "open", "alarm"].index(state)


@wild(lambda rng, n: (rng.integers(0, 6, (n, 12)), rng.integers(-5, 6, (n, 12))))
def stack_machine(opcodes, operands):
    """A machine with one register and a match on numbers."""
    acc, memory, pc, steps = 0, 0, 0, 0
    while pc < len(opcodes) and steps < 40:
        arg = operands[pc]
        match opcodes[pc]:
            case 0:
                acc += arg
            case 1:
                acc -= memory
            case 2:
                memory = acc
            case 3 if acc < 0:
                pc += abs(arg) % 3
            case 4:
                acc = -acc
            case 5:
                if acc > 20:
                    break
                acc = acc * 2 + 1
            case _:
                acc ^= arg
        pc += 1
        steps += 1
    return acc, memory, steps


@wild(lambda rng, n: (rng.uniform(-10, 10, (n, 8)),))
def account_closure(amounts):
    def make_account(balance, fee):
        overdrafts = 0

        def apply(amount):
            nonlocal balance, overdrafts
            if balance + amount < 0:
                overdrafts += 1
                balance -= fee
                return False
            balance += amount
            return True

        def report():
            return balance, overdrafts

        return apply, report

    apply, report = make_account(5.0, fee=0.5)
    done = [apply(a) for a in amounts]
    return report(), sum(done)


@wild(lambda rng, n: (rng.integers(-10, 11, (n, 10)),))
def comprehension_statistics(values):
    positive = [v for v in values if v > 0]
    squares = {i: v * v for i, v in enumerate(values)}
    if not positive:
        return 0.0, 0
    return sum(positive) / len(positive), max(squares.values()) - min(squares.values())


@wild(lambda rng, n: (rng.integers(0, 2, (n, 5, 5)),))
def game_of_life(board):
    rows, cols = board.shape
    new = np.zeros_like(board)
    for i in range(rows):
        for j in range(cols):
            count = 0
            for di in (-1, 0, 1):
                for dj in (-1, 0, 1):
                    if (di or dj) and 0 <= i + di < rows and 0 <= j + dj < cols:
                        count += board[i + di, j + dj]
            if board[i, j] == 1:
                new[i, j] = 1 if count in (2, 3) else 0
            else:
                new[i, j] = 1 if count == 3 else 0
    return new


@wild(lambda rng, n: (rng.integers(-1, 2, (n, 3, 3)),))
def tic_tac_toe_winner(board):
    for i in range(3):
        for player in (1, -1):
            if all(board[i, j] == player for j in range(3)) or all(board[j, i] == player for j in range(3)):
                return player
    middle = board[1, 1]
    if middle != 0 and (board[0, 0] == middle == board[2, 2] or board[0, 2] == middle == board[2, 0]):
        return middle
    return 0


@wild(lambda rng, n: (rng.integers(0, 2, (n, 6, 6)),))
def first_blob(grid):
    """Nested loops with an early return, then a flood fill with a stack."""

    def corner():
        for r in range(6):
            for c in range(6):
                if grid[r, c]:
                    return r, c
        return None

    found = corner()
    if found is None:
        return 0
    seen = grid == 0
    stack = [found]
    size = 0
    while stack:
        r, c = stack.pop()
        if r < 0 or c < 0 or r > 5 or c > 5 or seen[r, c]:
            continue
        seen[r, c] = True
        size += 1
        stack.extend([(r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)])
    return size


@wild(lambda rng, n: (rng.integers(1, 7, (n, 5)),))
def yahtzee_score(dice):
    counts = [0] * 7
    for d in dice:
        counts[d] += 1
    if 5 in counts:
        return 50
    if 4 in counts:
        return 40
    if 3 in counts and 2 in counts:
        return 25
    run = longest = 0
    for face in range(1, 7):
        run = run + 1 if counts[face] else 0
        longest = max(longest, run)
    if longest >= 4:
        return 30
    return int(np.sum(dice))


@wild(lambda rng, n: (rng.integers(0, 52, (n, 4)),))
def blackjack_hand(cards):
    total, aces = 0, 0
    for card in cards:
        rank = card % 13 + 1
        if rank == 1:
            aces += 1
            total += 11
        else:
            total += min(rank, 10)
        while total > 21 and aces:
            total -= 10
            aces -= 1
        if total > 21:
            return -1
        if total >= 17:
            return total
    return total


@wild(lambda rng, n: (rng.integers(1, 200, n),))
def nim_or_not(n):
    """A game of taking 1, 3 or 4 stones, by a loop with an else and a reduction."""
    wins = [False]
    while len(wins) <= n % 50:
        k = len(wins)
        for take in (1, 3, 4):
            if take <= k and not wins[k - take]:
                wins.append(True)
                break
        else:
            wins.append(False)
    parity = functools.reduce(lambda acc, w: acc ^ w, wins, False)
    return wins[-1], parity
