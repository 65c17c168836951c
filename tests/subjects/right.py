"""Programs as people write them, right ones: what the conformance kit must agree with."""

import random
from collections import defaultdict

import numpy as np


def update(Q, s, a, r, s_next, terminated, alpha, gamma):
    """Q-learning in place."""
    best = 0 if terminated else Q[s_next].max()
    Q[s, a] += alpha * (r + gamma * best - Q[s, a])


def new_value(q_table, state, action, reward, next_state, done, learning_rate, discount_factor):
    """Returns the new value and leaves the table alone."""
    old = q_table[state][action]
    target = reward if done else reward + discount_factor * max(q_table[next_state])
    return (1 - learning_rate) * old + learning_rate * target


def masked(Q, s, a, r, s2, terminated, truncated, legal, lr, gamma):
    """Takes the legal actions of the next state."""
    best = 0.0 if terminated else max(Q[s2, b] for b in legal)
    Q = Q.copy()
    Q[s, a] = Q[s, a] + lr * (r + gamma * best - Q[s, a])
    return Q


def keyed(Q, state, action, reward, next_state, terminated, alpha, gamma):
    """A dictionary by (state, action)."""
    row = [v for (s, _), v in Q.items() if s == next_state]
    best = 0 if terminated else max(row)
    Q[state, action] += alpha * (reward + gamma * best - Q[state, action])
    return Q


def by_row(Q, s, a, r, s_next, terminated, alpha, gamma):
    """A dictionary of dictionaries."""
    Q[s][a] += alpha * (r + gamma * (0 if terminated else max(Q[s_next].values())) - Q[s][a])


def built_in(Q, s, a, r, s_next, terminated):
    """Step size and discount are constants of the program."""
    Q[s, a] += 0.5 * (r + 0.75 * (0 if terminated else Q[s_next].max()) - Q[s, a])


ALPHA, GAMMA = 0.1, 0.9


def in_the_module(Q, s, a, r, s_next, done):
    """Step size and discount are numbers of the module, which another function of it reads."""
    Q[s, a] += ALPHA * (discounted(r, Q[s_next], done) - Q[s, a])


def discounted(r, row, done):
    """The target."""
    return r if done else r + GAMMA * row.max()


def sarsa(Q, s, a, r, s2, a2, done, alpha, gamma):
    """SARSA."""
    Q[s, a] += alpha * (r + (0 if done else gamma * Q[s2, a2]) - Q[s, a])


def expected_sarsa(Q, s, a, r, s2, done, alpha, gamma, epsilon):
    """Expected SARSA, which knows epsilon and splits ties."""
    n = Q.shape[1]
    p = np.full(n, epsilon / n)
    best = np.flatnonzero(Q[s2] == Q[s2].max())
    p[best] += (1 - epsilon) / len(best)
    Q[s, a] += alpha * (r + (0 if done else gamma * (p @ Q[s2])) - Q[s, a])


def mean_sarsa(Q, s, a, r, s2, done, alpha, gamma, pi):
    """Expected SARSA, which is given the probabilities."""
    Q[s, a] += alpha * (r + (0 if done else gamma * (pi @ Q[s2])) - Q[s, a])


def double_q(QA, QB, s, a, r, s2, done, alpha, gamma):
    """Double Q-learning that tosses its own coin."""
    if random.random() < 0.5:
        QA, QB = QB, QA
    QA[s, a] += alpha * (r + (0 if done else gamma * QB[s2, QA[s2].argmax()]) - QA[s, a])


def n_step(Q, s, a, rewards, s_last, terminated, alpha, gamma):
    """n-step Q-learning."""
    g = sum(gamma**i * r for i, r in enumerate(rewards))
    if not terminated:
        g += gamma ** len(rewards) * Q[s_last].max()
    Q[s, a] += alpha * (g - Q[s, a])


class Agent:
    """As in Gymnasium's tutorials."""

    def __init__(self, env, learning_rate, initial_epsilon, epsilon_decay, final_epsilon, discount_factor=0.95):
        self.q_values = defaultdict(lambda: np.zeros(env.action_space.n))
        self.lr, self.discount_factor = learning_rate, discount_factor
        self.epsilon, self.epsilon_decay, self.final_epsilon = initial_epsilon, epsilon_decay, final_epsilon

    def update(self, obs, action, reward, terminated, next_obs):
        """Learn from a step."""
        future = (not terminated) * np.max(self.q_values[next_obs])
        self.q_values[obs][action] += self.lr * (reward + self.discount_factor * future - self.q_values[obs][action])


class Keeper:
    """Has its step size and discount as attributes and takes neither."""

    def __init__(self, n_states, n_actions):
        self.q = np.zeros((n_states, n_actions))
        self.learning_rate, self.gamma = 0.1, 0.95

    def learn(self, s, a, r, s_next, terminated):
        """Learn from a step."""
        best = 0 if terminated else self.q[s_next].max()
        self.q[s, a] += self.learning_rate * (r + self.gamma * best - self.q[s, a])


def train(env, alpha, gamma, epsilon, episodes, rng):
    """The main loop of a homework."""
    Q = np.zeros((env.observation_space.n, env.action_space.n))
    for _ in range(episodes):
        s, _ = env.reset()
        over = False
        while not over:
            a = rng.integers(Q.shape[1]) if rng.random() < epsilon else Q[s].argmax()
            s2, r, terminated, truncated, _ = env.step(a)
            Q[s, a] += alpha * (r + (0 if terminated else gamma * Q[s2].max()) - Q[s, a])
            s, over = s2, terminated or truncated
    return Q


def operator(P, R, gamma, Q):
    """T of tables."""
    return R + gamma * np.einsum("sat,t->sa", P, Q.max(axis=1))


def values_operator(P, R, gamma, V):
    """T of state values."""
    return (R + gamma * np.einsum("sat,t->sa", P, V)).max(axis=1)


def solve(P, R, gamma, epsilon, v_init=None):
    """Value iteration that stops by the bound and refuses what is no model."""
    if not (np.isfinite(P).all() and np.isfinite(R).all() and 0 <= gamma < 1):
        raise ValueError("not a model")
    if (P < 0).any() or not np.allclose(P.sum(axis=2), 1, rtol=0, atol=1e-12):
        raise ValueError("rows of P are no distributions")
    V = np.zeros(len(P)) if v_init is None else np.array(v_init)
    for sweeps in range(1, 100_000):
        Q = R + gamma * np.einsum("sat,t->sa", P, V)
        W = Q.max(axis=1)
        # The rounding of a sweep is added, so that the promise is kept in floats too.
        slack = 8 * np.finfo(float).eps * (1 + np.abs(W).max()) / (1 - gamma)
        gap = 2 * gamma * (np.abs(W - V).max() + slack) / (1 - gamma)
        if gap <= epsilon or (W == V).all():
            break
        V = W
    return {"V": W, "policy": Q.argmax(axis=1), "converged": bool(gap <= epsilon), "iterations": sweeps}


def epsilon_greedy(Q, state, epsilon):
    """Probabilities, ties split."""
    n = Q.shape[1]
    p = np.full(n, epsilon / n)
    best = np.flatnonzero(Q[state] == Q[state].max())
    p[best] += (1 - epsilon) / len(best)
    return p


def act(Q, state, epsilon, rng):
    """An action, ties split."""
    if rng.random() < epsilon:
        return rng.integers(Q.shape[1])
    return rng.choice(np.flatnonzero(Q[state] == Q[state].max()))


def step_size(n):
    """The linear law."""
    return 1 / (n + 1)


def polyak(target, source, tau):
    """A soft update in place, of lists of arrays."""
    for t, s in zip(target, source, strict=True):
        t *= 1 - tau
        t += tau * s


def loss(q_net, target_net, batch, gamma):
    """The mean of the squared TD errors."""
    import torch

    s, a, r, s2, done = batch
    q = q_net(s).gather(1, a[:, None])[:, 0]
    with torch.no_grad():
        y = r + gamma * (1 - done) * target_net(s2).max(1).values
    return torch.nn.functional.mse_loss(q, y)


def double_huber(q_net, target_net, obs, actions, rewards, next_obs, dones, gamma):
    """Double DQN with the Huber loss."""
    import torch

    q = q_net(obs).gather(1, actions[:, None])[:, 0]
    with torch.no_grad():
        best = q_net(next_obs).argmax(1, keepdim=True)
        y = rewards + gamma * (1 - dones) * target_net(next_obs).gather(1, best)[:, 0]
    return torch.nn.functional.huber_loss(q, y)
