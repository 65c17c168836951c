"""The well-known answer that the project checks first, sentence by sentence: Cross Validated 365618 to question 365598.

Each sentence is paraphrased. Beside it stand the condition that it silently needs, the claims that carry it and the
folklore that shows what becomes of it without the condition. All of them exist.
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
    says : the sentence in our words; formulas are LaTeX between dollar signs.
    needs : the condition that it silently needs to be exactly true.
    claims : ids of the claims that carry it; folklore : ids of the claims that show the caveat.
    """

    says: str
    needs: str
    claims: tuple[str, ...]
    folklore: tuple[str, ...]


ANSWER = (
    Sentence(
        r"The Q-learning update comes from the Bellman optimality equation, $q(s, a) = \sum_{s', r} p(s', r \mid s, a) "
        r"\bigl(r + \gamma \max_{a'} q(s', a')\bigr)$.",
        r"Reward and next state are drawn together from $p(s', r \mid s, a)$. Drawn apart, each from its marginal, "
        "they lead to the same q*, but the tables on the way have another law.",
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
        "The discount is below 1, or it is 1 and every policy ends; every non-terminal state has an action, and "
        "terminal values are 0.",
        (
            "bellman.contraction",
            "bellman.max-nonexpansive",
            "bellman.fixed-point-optimal",
            "bellman.residual-bounds",
            "bellman.monotone-convex-shift",
            "bellman.least-supersolution",
            "bellman.gamma-one",
            "bellman.action-sets-terminals",
        ),
        ("folklore.any-finite-mdp",),
    ),
    Sentence(
        r"Its $\gamma$ is what the question calls $\beta$: a discount factor.",
        r"$0 \le \gamma < 1$; at $\gamma = 1$, where nothing ends, the equation has many solutions.",
        ("bellman.gamma-one",),
        ("folklore.any-finite-mdp",),
    ),
    Sentence(
        "The policy improvement theorem explains how equality is approached: evaluate any policy, then act greedily.",
        "The policy is evaluated exactly: that is policy iteration. Q-learning's tables are in general the values of "
        "no policy; what drives it is the contraction, and the averaging of noise.",
        (
            "improvement.improvement-theorem",
            "improvement.performance-difference",
            "improvement.sandwich-pi-rate",
            "improvement.pi-terminates",
            "improvement.eps-soft",
            "improvement.inexact-greedy-worse",
            "improvement.vi-not-monotone",
            "bellman.greedy-loss",
        ),
        ("folklore.improvement-explains-convergence", "folklore.greedy-loss-constant"),
    ),
    Sentence(
        "Q-learning combines evaluation and improvement; it is a stochastic, sampling version of value iteration.",
        "This is said of one step, given the table: what it does to an entry is on average a damped step of value "
        "iteration. Over several steps the two part (sentence 6).",
        (
            "q-learning.one-step-expectation",
            "q-learning.nonexpansive",
            "q-learning.deterministic-alpha-one",
            "bellman.vi-geometric-and-stop",
            "bellman.damped-vi",
            "bellman.expected-async-operator",
            "q-learning.noise-sandwich",
            "q-learning.comparison-systems",
            "improvement.modified-policy-iteration",
        ),
        ("folklore.improvement-explains-convergence",),
    ),
    Sentence(
        "It approaches the optimal equality for all states and actions, in expectation.",
        "The discount is below 1, every pair is updated for ever, and the steps at each pair have an infinite sum "
        "and, say, a finite sum of squares. Then the tables converge with probability 1, hence in expectation. On the "
        "way the expectation is not value iteration's: the maximum of noisy estimates is on average too large.",
        (
            "q-learning.finite-time-synchronous",
            "q-learning.trajectory-certificate",
            "q-learning.bounded",
            "q-learning.bounded-differences",
            "q-learning.successor-certificate",
            "q-learning.as-convergence",
            "q-learning.action-replay",
            "q-learning.jensen-gap",
            "q-learning.constant-step-bias",
            "q-learning.noise-floor",
            "q-learning.summable-steps",
            "q-learning.step-necessary-sufficient",
            "q-learning.linear-vs-rescaled-vs-poly",
            "q-learning.unbounded-rewards",
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
        r"With function approximation and gradient descent there is an implied loss, $\mathrm{VE}(\theta) = "
        r"\sum_{s, a} \mu(s, a) \bigl(q(s, a) - \hat q(s, a, \theta)\bigr)^2$.",
        "The targets are the true q; with a bootstrap target the expected update is in general no gradient.",
        ("value-error.ve-gradient", "value-error.tdve-bound", "semi-gradient.return-error"),
        ("folklore.sgd-on-ve",),
    ),
    Sentence(
        r"$\mu(s, a)$ is the share of time steps under the behaviour policy (epsilon-greedy, say).",
        "The behaviour is fixed and its chain has one closed class; with several, the share in the long run depends on "
        "the start and on chance.",
        ("value-error.mu-stationary", "value-error.mu-episodic"),
        ("folklore.share-of-time-steps", "folklore.epsilon-greedy-visits-all"),
    ),
    Sentence(
        "That share moves as the policy improves: the distribution is non-stationary.",
        "The behaviour depends on the table. For epsilon-greedy, mu is constant until the greedy action changes, and "
        "jumps there.",
        (
            "value-error.mu-nonstationary",
            "value-error.total-derivative",
            "q-learning.moving-mu",
            "q-learning.any-behaviour",
        ),
        ("folklore.ve-gradient-is-total",),
    ),
    Sentence(
        r"The gradient is $2 \sum_{s, a} \mu(s, a) \bigl(\hat q(s, a, \theta) - q(s, a)\bigr) "
        r"\nabla \hat q(s, a, \theta)$.",
        "mu and q are held fixed while theta is differentiated.",
        ("value-error.ve-gradient", "value-error.autograd-agrees", "value-error.total-derivative"),
        ("folklore.ve-gradient-is-total",),
    ),
    Sentence(
        "The update rule is stochastic gradient descent on this loss, shown for one element of theta.",
        "The target is the true q, the pairs are drawn from mu independently of the past, and the loss is half of VE.",
        (
            "value-error.half-convention",
            "value-error.per-element",
            "value-error.sgd-unbiased",
            "semi-gradient.not-a-gradient",
        ),
        ("folklore.sgd-on-ve",),
    ),
    Sentence(
        "It is not necessarily the best loss: what do unvisited pairs deserve, and what of catastrophic forgetting?",
        "This is a judgement. What can be checked: VE says nothing about pairs of weight 0, and a step at one pair "
        "moves the estimates at others.",
        (
            "value-error.unvisited-error",
            "value-error.interference",
            "semi-gradient.three-minimisers",
            "deep-q.replay-moving-mu",
        ),
        ("folklore.contraction-in-weighted-norm",),
    ),
    Sentence(
        r"The true q is unknown; the bootstrap estimate $r + \gamma \max_{a'} \hat q(s', a', \theta)$ stands in "
        "for it.",
        "While q_hat is wrong the estimate is biased; where the updates come to rest, VE is in general not least.",
        (
            "semi-gradient.td-fixed-point",
            "semi-gradient.oblique",
            "semi-gradient.three-objectives",
            "semi-gradient.qlearning-nonlinear-field",
            "deep-q.overestimation",
            "deep-q.double-estimator",
            "deep-q.terminal-mask",
        ),
        ("folklore.sgd-on-ve",),
    ),
    Sentence(
        "The target depends on theta, but the gradient leaves that out: DQN is a semi-gradient method.",
        "The greedy action is unique where it is differentiated; and “the” full gradient names its objective: VE, the "
        "TD error or the Bellman error.",
        (
            "semi-gradient.difference",
            "semi-gradient.baird-star",
            "semi-gradient.be-not-learnable",
            "semi-gradient.coincide",
            "semi-gradient.not-a-gradient",
            "semi-gradient.sg-uphill",
            "semi-gradient.double-sampling",
            "semi-gradient.residual-monotone",
            "semi-gradient.onpolicy-pd",
            "semi-gradient.stability-region",
            "semi-gradient.tvr-two-state",
            "semi-gradient.tvr-ls",
            "semi-gradient.a-split",
            "semi-gradient.a-presplit",
        ),
        (
            "folklore.baird-always-diverges",
            "folklore.be-minimiser-limit",
            "folklore.the-full-gradient",
            "folklore.max-is-differentiable",
        ),
    ),
    Sentence(
        "There is no back-propagation in the formula; for a network back-propagation supplies the gradient of q_hat at "
        "(s, a).",
        "q_hat is differentiable at theta; at a kink or a tie back-propagation returns one of several candidates.",
        ("value-error.ve-gradient", "value-error.autograd-agrees", "semi-gradient.max-kink"),
        ("folklore.max-is-differentiable",),
    ),
    Sentence(
        "It is the same update as regression on x = (s, a) and y = the target, recomputed each time, with MSE loss.",
        "One step of plain gradient descent, the target held fixed, the loss half the sum of squares. Another "
        "reduction multiplies the step by a known factor; momentum, clipping or Huber's loss change it.",
        (
            "value-error.regression-equivalence",
            "value-error.frozen-target-path",
            "deep-q.target-network-tabular",
            "deep-q.fqi-averager",
            "deep-q.clipping-huber",
        ),
        ("folklore.just-regression",),
    ),
)
