"""Programs as people write them, with one bug each, named by the function."""

import random

import numpy as np


def terminal_state_bootstrapped(Q, s, a, r, s_next, terminated, alpha, gamma):
    """No mask."""
    Q[s, a] += alpha * (r + gamma * Q[s_next].max() - Q[s, a])


def time_limit_is_the_end(Q, s, a, r, s_next, terminated, truncated, alpha, gamma):
    """done = terminated or truncated."""
    done = terminated or truncated
    Q[s, a] += alpha * (r + gamma * (0 if done else Q[s_next].max()) - Q[s, a])


def index_for_value(Q, s, a, r, s_next, terminated, alpha, gamma):
    """argmax in place of max."""
    Q[s, a] += alpha * (r + gamma * (0 if terminated else Q[s_next].argmax()) - Q[s, a])


def sign(Q, s, a, r, s_next, terminated, alpha, gamma):
    """The sign of the last term."""
    Q[s, a] += alpha * (r + gamma * (0 if terminated else Q[s_next].max()) + Q[s, a])


def printed(Q, s, a, r, s_next, terminated, alpha, gamma):
    """The expanded form with the sign of the gradient step left before the target."""
    Q[s, a] = (1 - alpha) * Q[s, a] - alpha * (r + gamma * (0 if terminated else Q[s_next].max()))


def mask_by_product(Q, s, a, r, s_next, terminated, alpha, gamma):
    """0 times inf is no number."""
    Q[s, a] += alpha * (r + gamma * (1 - terminated) * Q[s_next].max() - Q[s, a])


def illegal_actions(Q, s, a, r, s_next, terminated, legal, alpha, gamma):
    """Told which actions are legal, and does not listen."""
    Q[s, a] += alpha * (r + gamma * (0 if terminated else Q[s_next].max()) - Q[s, a])


def greedy_sarsa(Q, s, a, r, s2, a2, done, alpha, gamma):
    """Takes the best action and not the next one."""
    Q[s, a] += alpha * (r + (0 if done else gamma * Q[s2].max()) - Q[s, a])


def epsilon_for_each(Q, s, a, r, s2, done, alpha, gamma, epsilon):
    """epsilon and not epsilon / |A|."""
    p = np.full(Q.shape[1], epsilon)
    p[Q[s2].argmax()] += 1 - epsilon
    Q[s, a] += alpha * (r + (0 if done else gamma * (p @ Q[s2])) - Q[s, a])


def valued_by_its_own(QA, QB, s, a, r, s2, done, alpha, gamma):
    """Chooses and values by one table."""
    if random.random() < 0.5:
        QA, QB = QB, QA
    QA[s, a] += alpha * (r + (0 if done else gamma * QA[s2].max()) - QA[s, a])


def one_gamma(Q, s, a, rewards, s_last, terminated, alpha, gamma):
    """gamma in place of gamma to the n."""
    g = sum(gamma**i * r for i, r in enumerate(rewards))
    if not terminated:
        g += gamma * Q[s_last].max()
    Q[s, a] += alpha * (g - Q[s, a])


def train_done(env, alpha, gamma, epsilon, episodes, rng):
    """A time limit counts as the end."""
    Q = np.zeros((env.observation_space.n, env.action_space.n))
    for _ in range(episodes):
        s, _ = env.reset()
        done = False
        while not done:
            a = rng.integers(Q.shape[1]) if rng.random() < epsilon else Q[s].argmax()
            s2, r, terminated, truncated, _ = env.step(a)
            done = terminated or truncated
            Q[s, a] += alpha * (r + (0 if done else gamma * Q[s2].max()) - Q[s, a])
            s = s2
    return Q


def undiscounted(P, R, gamma, V):
    """gamma never arrives."""
    return (R + np.einsum("sat,t->sa", P, V)).max(axis=1)


def stops_when_little_changes(P, R, gamma, epsilon):
    """The change of a sweep taken for the distance that is left."""
    V = np.zeros(len(P))
    while True:
        Q = R + gamma * np.einsum("sat,t->sa", P, V)
        if np.abs(Q.max(axis=1) - V).max() < epsilon:
            return Q.max(axis=1), Q.argmax(axis=1)
        V = Q.max(axis=1)


def first_of_the_ties(q, epsilon):
    """All to the first of the best, where ties are said to be split."""
    p = np.full(len(q), epsilon / len(q))
    p[np.argmax(q)] += 1 - epsilon
    return p


def always_random(Q, state, epsilon, rng):
    """Explores for ever."""
    return rng.integers(Q.shape[1])


def root(n):
    """1 / sqrt(n + 2)."""
    return 1 / np.sqrt(n + 2)


def shared(target, source, tau):
    """A hard copy that is no copy."""
    return source if tau == 1 else [(1 - tau) * t + tau * s for t, s in zip(target, source, strict=True)]


def target_not_detached(q_net, target_net, batch, gamma):
    """Bootstraps from the network that learns, and through it."""
    s, a, r, s2, done = batch
    q = q_net(s).gather(1, a[:, None])[:, 0]
    y = r + gamma * (1 - done) * q_net(s2).max(1).values
    return ((y - q) ** 2).mean()


def broadcast(q_net, target_net, batch, gamma):
    """(B, 1) against (B,)."""
    s, a, r, s2, done = batch
    y = (r + gamma * (1 - done) * target_net(s2).max(1).values).detach()
    return ((y - q_net(s).gather(1, a[:, None])) ** 2).mean()
