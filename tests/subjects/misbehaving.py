"""Updates that do not come back with an answer, or do something else besides."""

import ctypes
import os
import sys
import time

import numpy as np

CALLS = 0


def _right(Q, s, a, r, s_next, terminated, alpha, gamma):
    Q[s, a] += alpha * (r + gamma * (0 if terminated else Q[s_next].max()) - Q[s, a])


def hangs(Q, s, a, r, s_next, terminated, alpha, gamma):
    while True:
        time.sleep(1)


def hangs_at_times(Q, s, a, r, s_next, terminated, alpha, gamma):
    while r == 2:
        time.sleep(1)
    _right(Q, s, a, r, s_next, terminated, alpha, gamma)


def dies(Q, s, a, r, s_next, terminated, alpha, gamma):
    ctypes.string_at(0)


def dies_at_times(Q, s, a, r, s_next, terminated, alpha, gamma):
    if r == 2:
        os.abort()
    _right(Q, s, a, r, s_next, terminated, alpha, gamma)


def exits(Q, s, a, r, s_next, terminated, alpha, gamma):
    sys.exit(0)


def leaves(Q, s, a, r, s_next, terminated, alpha, gamma):
    os._exit(0)


def floods(Q, s, a, r, s_next, terminated, alpha, gamma):
    for _ in range(1024):
        print("x" * 2**20)


def prints(Q, s, a, r, s_next, terminated, alpha, gamma):
    print("updating", s, a)
    _right(Q, s, a, r, s_next, terminated, alpha, gamma)


def writes_on_descriptor_1(Q, s, a, r, s_next, terminated, alpha, gamma):
    os.write(1, b"not an answer\n")
    _right(Q, s, a, r, s_next, terminated, alpha, gamma)


def eats(Q, s, a, r, s_next, terminated, alpha, gamma):
    hoard = []
    while True:
        hoard.append(bytearray(2**22))


def raises(Q, s, a, r, s_next, terminated, alpha, gamma):
    return {}["a key that is not there"]


def raises_at_times(Q, s, a, r, s_next, terminated, alpha, gamma):
    if r < 0:
        raise ValueError("rewards are not negative")
    _right(Q, s, a, r, s_next, terminated, alpha, gamma)


def asks(Q, s, a, r, s_next, terminated, alpha, gamma):
    input("continue? ")


def recurses(Q, s, a, r, s_next, terminated, alpha, gamma):
    return recurses(Q, s, a, r, s_next, terminated, alpha, gamma)


def no_number(Q, s, a, r, s_next, terminated, alpha, gamma):
    Q[s, a] = np.nan


def row_alone(Q, s, a, r, s_next, terminated, alpha, gamma):
    _right(Q, s, a, r, s_next, terminated, alpha, gamma)
    return Q[s]


def words(Q, s, a, r, s_next, terminated, alpha, gamma):
    return "done"


def objects(Q, s, a, r, s_next, terminated, alpha, gamma):
    return [[object() for _ in row] for row in Q]


def end_written(Q, s, a, r, s_next, terminated, alpha, gamma):
    _right(Q, s, a, r, s_next, terminated, alpha, gamma)
    if terminated:
        Q[s_next, :] = 0


def counts_its_calls(Q, s, a, r, s_next, terminated, alpha, gamma):
    global CALLS
    CALLS += 1
    _right(Q, s, a, r, s_next, terminated, alpha, gamma)
    Q[s, a] += CALLS > 40


def draws(Q, s, a, r, s_next, terminated, alpha, gamma):
    _right(Q, s, a, r, s_next, terminated, alpha * np.random.choice([0.5, 1.0]), gamma)


def overwrites(P, R, gamma, epsilon):
    P /= P.sum(axis=2, keepdims=True)
    P *= 0.5
    V = np.zeros(len(P))
    for _ in range(2000):
        Q = R + gamma * np.einsum("sat,t->sa", 2 * P, V)
        V = Q.max(axis=1)
    return V, Q.argmax(axis=1)
