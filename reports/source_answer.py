"""The well-known answer that the project checks first, sentence by sentence: Cross Validated 365618 to question 365598.

Each sentence is paraphrased. Beside it stand the condition that it silently needs, the claims that carry it and the
folklore that shows what becomes of it without the condition. An id that no claim has yet is shown as such.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ANSWER", "ANSWER_URL", "QUESTION_URL", "Sentence"]

ANSWER_URL = "https://stats.stackexchange.com/a/365618"
QUESTION_URL = "https://stats.stackexchange.com/q/365598"


@dataclass(frozen=True)
class Sentence:
    """One sentence of the answer.

    Attributes
    ----------
    says : the sentence in our words.
    needs : the condition that it silently needs to be exactly true.
    claims : ids of the claims that carry it; folklore : ids of the claims that show the caveat.
    """

    says: str
    needs: str
    claims: tuple[str, ...]
    folklore: tuple[str, ...]


ANSWER = (
    Sentence(
        "The Q-learning update comes from the Bellman optimality equation, q(s, a) = the sum over s', r of "
        "p(s', r | s, a) (r + gamma max over a' of q(s', a')).",
        "Reward and next state are drawn together from p(s', r | s, a); their marginals give q*, but another law.",
        (
            "bellman.fixed-point-optimal",
            "q-learning.one-step-expectation",
            "q-learning.joint-law",
            "bellman.joint-vs-marginal",
        ),
        ("folklore.only-mean-rewards-matter",),
    ),
    Sentence(
        "It applies to any finite MDP and can be derived from the definitions of action value, transition and policy.",
        "The discount is below 1, or every policy ends; every non-terminal state has an action, terminal values are 0.",
        (
            "bellman.contraction",
            "bellman.max-nonexpansive",
            "bellman.fixed-point-optimal",
            "bellman.residual-bounds",
            "bellman.gamma-one",
            "bellman.action-sets-terminals",
        ),
        ("folklore.any-finite-mdp",),
    ),
    Sentence(
        "Its gamma is what the question calls beta: a discount factor.",
        "0 <= gamma < 1; at gamma = 1 the equation may have many solutions.",
        ("bellman.gamma-one",),
        ("folklore.any-finite-mdp",),
    ),
    Sentence(
        "The policy improvement theorem explains how equality is approached: evaluate any policy, then act greedily.",
        "The policy was evaluated exactly: this is policy iteration. Q-learning's tables are the values of no policy.",
        (
            "improvement.improvement-theorem",
            "improvement.performance-difference",
            "improvement.sandwich-pi-rate",
            "improvement.vi-not-monotone",
        ),
        ("folklore.improvement-explains-convergence", "folklore.greedy-loss-constant"),
    ),
    Sentence(
        "Q-learning combines evaluation and improvement; it is a stochastic, sampling version of value iteration.",
        "For one step, given the table: its expectation is a damped step of value iteration.",
        (
            "q-learning.one-step-expectation",
            "q-learning.nonexpansive",
            "q-learning.deterministic-alpha-one",
            "bellman.damped-vi",
            "q-learning.noise-sandwich",
        ),
        ("folklore.improvement-explains-convergence",),
    ),
    Sentence(
        "It approaches the optimal equality for all states and actions, in expectation.",
        "Every pair is updated for ever and the steps vanish, but not too fast; then it converges with probability 1. "
        "The expectation of several steps is not value iteration's: a maximum of noisy estimates is too large.",
        (
            "q-learning.finite-time-synchronous",
            "q-learning.trajectory-certificate",
            "q-learning.bounded",
            "q-learning.as-convergence",
            "q-learning.jensen-gap",
            "q-learning.unvisited",
        ),
        (
            "folklore.in-expectation",
            "folklore.must-be-square-summable",
            "folklore.epsilon-greedy-visits-all",
            "folklore.linear-rate-is-fine",
        ),
    ),
    Sentence(
        "With function approximation and gradient descent there is an implied loss, VE(theta) = the sum over s, a of "
        "mu(s, a) (q(s, a) - q_hat(s, a, theta))^2.",
        "Samples carry the true q; with a bootstrap target the expected update is in general no gradient at all.",
        ("value-error.ve-gradient", "value-error.tdve-bound"),
        ("folklore.sgd-on-ve",),
    ),
    Sentence(
        "mu(s, a) is the share of time steps under the behaviour policy (epsilon-greedy, say).",
        "The behaviour is fixed and its chain has one closed class; otherwise the share depends on the start.",
        ("value-error.mu-stationary", "value-error.mu-episodic"),
        ("folklore.share-of-time-steps", "folklore.epsilon-greedy-visits-all"),
    ),
    Sentence(
        "That share moves as the policy improves: the distribution is non-stationary.",
        "The behaviour depends on the table. For epsilon-greedy mu jumps where the greedy action changes.",
        ("value-error.mu-nonstationary", "value-error.total-derivative", "q-learning.moving-mu"),
        ("folklore.ve-gradient-is-total",),
    ),
    Sentence(
        "The gradient is 2 times the sum of mu (q_hat - q) grad q_hat.",
        "mu and q are held fixed while theta is differentiated.",
        ("value-error.ve-gradient",),
        ("folklore.ve-gradient-is-total",),
    ),
    Sentence(
        "The update rule is stochastic gradient descent on this loss, shown for one element of theta.",
        "The target is the true q, pairs are drawn from mu independently, and the loss is half of VE.",
        ("value-error.half-convention", "value-error.per-element", "value-error.sgd-unbiased"),
        ("folklore.sgd-on-ve",),
    ),
    Sentence(
        "It is not necessarily the best loss: what do unvisited pairs deserve, and what of catastrophic forgetting?",
        "VE says nothing about pairs of weight 0.",
        ("value-error.unvisited-error", "value-error.interference", "semi-gradient.three-minimisers"),
        ("folklore.contraction-in-weighted-norm",),
    ),
    Sentence(
        "The true q is unknown; the bootstrap estimate r + gamma max q_hat stands in for it.",
        "The estimate is biased while q_hat is wrong, so another point is approached than the minimum of VE.",
        ("semi-gradient.td-fixed-point", "semi-gradient.three-objectives", "deep-q.overestimation"),
        ("folklore.sgd-on-ve",),
    ),
    Sentence(
        "The target depends on theta, but the gradient leaves that out: DQN is a semi-gradient method.",
        "The greedy action is unique where it is differentiated; “the” full gradient is that of VE, TDE or BE.",
        (
            "semi-gradient.difference",
            "semi-gradient.baird-star",
            "semi-gradient.be-not-learnable",
            "semi-gradient.coincide",
            "semi-gradient.not-a-gradient",
            "semi-gradient.sg-uphill",
            "semi-gradient.double-sampling",
            "semi-gradient.tvr-two-state",
        ),
        ("folklore.baird-always-diverges", "folklore.the-full-gradient", "folklore.max-is-differentiable"),
    ),
    Sentence(
        "There is no back-propagation in the formula; for a network back-propagation supplies the gradient of q_hat at "
        "(s, a).",
        "q_hat is differentiable at theta.",
        ("value-error.ve-gradient", "value-error.per-element"),
        ("folklore.max-is-differentiable",),
    ),
    Sentence(
        "It is the same update as regression on x = (s, a) and y = the target, recomputed each time, with MSE loss.",
        "One plain step, the target held fixed, the loss half the sum of squares; other reductions scale the step.",
        (
            "value-error.regression-equivalence",
            "value-error.frozen-target-path",
            "deep-q.target-network-tabular",
            "deep-q.fqi-averager",
        ),
        ("folklore.just-regression",),
    ),
)
