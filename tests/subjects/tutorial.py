"""Agents in the manner of Gymnasium's tutorials, for tests/test_gymnasium_agents.py."""

from collections import defaultdict

import numpy as np


class Agent:
    """Chooses between two targets."""

    def __init__(self, env, learning_rate, initial_epsilon, epsilon_decay, final_epsilon, discount_factor=0.95):
        self.q_values = defaultdict(lambda: np.zeros(env.action_space.n))
        self.lr, self.discount_factor = learning_rate, discount_factor
        self.epsilon, self.epsilon_decay, self.final_epsilon = initial_epsilon, epsilon_decay, final_epsilon

    def update(self, obs, action, reward, terminated, next_obs):
        """Learn from a step."""
        target = reward
        if not terminated:
            target += self.discount_factor * np.max(self.q_values[next_obs])
        self.q_values[obs][action] += self.lr * (target - self.q_values[obs][action])


class AgentByFactor(Agent):
    """Multiplies what follows by whether it follows."""

    def update(self, obs, action, reward, terminated, next_obs):
        """Learn from a step."""
        future = (not terminated) * np.max(self.q_values[next_obs])
        difference = reward + self.discount_factor * future - self.q_values[obs][action]
        self.q_values[obs][action] += self.lr * difference


class AgentWithoutEnds(Agent):
    """Does not ask whether the episode has ended."""

    def update(self, obs, action, reward, terminated, next_obs):
        """Learn from a step."""
        future = np.max(self.q_values[next_obs])
        self.q_values[obs][action] += self.lr * (reward + self.discount_factor * future - self.q_values[obs][action])


def by_choice(q_values, obs, action, reward, terminated, next_obs, lr, discount_factor):
    """The update of `Agent`."""
    target = reward
    if not terminated:
        target += discount_factor * np.max(q_values[next_obs])
    q_values[obs, action] += lr * (target - q_values[obs, action])


def by_factor(q_values, obs, action, reward, terminated, next_obs, lr, discount_factor):
    """The update of `AgentByFactor`."""
    future = (not terminated) * np.max(q_values[next_obs])
    q_values[obs, action] += lr * (reward + discount_factor * future - q_values[obs, action])
