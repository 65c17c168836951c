"""The hypotheses that statements need: named objects, so that a claim says exactly which, and drops them in turn."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Assumption"]


@dataclass(frozen=True)
class Assumption:
    """A hypothesis: a name, and what it says."""

    name: str
    statement: str


finite = Assumption("finite", "States, actions and rewards are finitely many.")
discounted = Assumption("discounted", "The discount is below 1.")
terminal_value_zero = Assumption("terminal-value-zero", "The value of a terminal state is 0.")
steps_in_unit_interval = Assumption("steps-in-unit-interval", "Every step size lies in [0, 1].")
deterministic_steps = Assumption("deterministic-steps", "Step sizes do not depend on what was sampled.")
visit_steps = Assumption("visit-steps", "The step size is a function of the number of earlier visits to the pair.")
independent_samples = Assumption("independent-samples", "Each sample of a pair is independent of those before it.")
joint_sampling = Assumption("joint-sampling", "Reward and next state are drawn together from p(s', r | s, a).")
greedy_improvement = Assumption(
    "greedy-improvement", "The new policy's action is at least as good as the old policy in every state."
)
unichain = Assumption("unichain", "The behaviour's chain over pairs has one recurrent class.")
fixed_behaviour = Assumption("fixed-behaviour", "The behaviour policy does not change.")
frozen_weights = Assumption("frozen-weights", "The weights mu and the values q do not depend on the parameters.")
differentiable = Assumption("differentiable", "q-hat is differentiable in its parameters.")
unique_greedy = Assumption("unique-greedy", "The greedy action is unique where it is differentiated.")
detached_target = Assumption("detached-target", "The target is held fixed while the loss is differentiated.")
plain_sgd = Assumption("plain-sgd", "One step of plain gradient descent: no momentum, clipping, decay or rescaling.")
binary64 = Assumption("binary64", "IEEE binary64 with rounding to nearest, without overflow.")
no_terminals = Assumption("no-terminals", "Every state has actions: no episode ends.")
positive_scale = Assumption("positive-scale", "Rewards are scaled by a positive number.")
terminal_potential_zero = Assumption("terminal-potential-zero", "The potential of a terminal state is 0.")
deterministic_model = Assumption("deterministic-model", "Each pair has one outcome.")
unit_steps = Assumption("unit-steps", "Every step size is 1.")
greedy_step = Assumption("greedy-step", "In every state the new policy takes a best action for the old one's values.")
visit_frequencies = Assumption("visit-frequencies", "The weights mu are a distribution over the pairs.")
all_visited = Assumption("all-visited", "Every pair has a positive weight mu.")
every_pair_visited = Assumption("every-pair-visited", "The behaviour visits every pair with positive probability.")
epsilon_soft = Assumption(
    "epsilon-soft", "The old policy takes each action with probability at least epsilon / |A(s)|."
)
constant_steps = Assumption("constant-steps", "All step sizes are equal.")
undiscounted = Assumption("undiscounted", "The discount is 1.")
no_rewards = Assumption("no-rewards", "Every reward is 0.")
own_weights = Assumption("own-weights", "The weights are stationary under the policy that is evaluated.")
masked_actions = Assumption("masked-actions", "Actions that a state does not have take no part in a maximum.")
tabular = Assumption("tabular", "Each pair has an entry of its own: the features are the identity.")
visited_for_ever = Assumption("visited-for-ever", "Every pair is visited infinitely often.")
divergent_steps = Assumption("divergent-steps", "Along the visits of each pair the step sizes have an infinite sum.")
square_summable_steps = Assumption(
    "square-summable-steps", "Along the visits of each pair the squares of the step sizes have a finite sum."
)
subsolution = Assumption("subsolution", "One sweep of value iteration lowers no value: V <= TV.")
uniform_batches = Assumption("uniform-batches", "Members of a minibatch are drawn uniformly from the buffer.")
cauchy_rewards = Assumption("cauchy-rewards", "Rewards have the standard Cauchy distribution, which has no mean.")
noisy_reward = Assumption("noisy-reward", "The reward has a positive variance, here 1.")
frozen_target = Assumption("frozen-target", "The target table does not change between two refreshes.")
linear_estimate = Assumption("linear-estimate", "q-hat is linear in its parameters: a table X w.")
independent_features = Assumption(
    "independent-features", "No combination of the features vanishes at every pair that is visited."
)
independent_successors = Assumption(
    "independent-successors", "The two successors of a pair are drawn independently of each other."
)
realizable = Assumption("realizable", "Some parameters give the true values of all pairs exactly.")
small_steps = Assumption("small-steps", "The step size is at most 2 over the largest curvature.")
values_exist = Assumption("values-exist", "The discount is below 1, or every policy ends every episode.")
episodes_end = Assumption("episodes-end", "Under the policy every episode ends, from whichever state.")
reversible = Assumption(
    "reversible", "Of any two pairs, each follows the other equally often: mu(x) P(x, y) = mu(y) P(y, x)."
)
averager = Assumption("averager", "The fit is a mean: each of its rows is a probability distribution over the pairs.")
independent_estimates = Assumption("independent-estimates", "The errors of different estimates are independent.")
errors_cancel = Assumption("errors-cancel", "The errors of the estimates of a state sum to 0 over its actions.")
unbiased_estimates = Assumption("unbiased-estimates", "Each estimate has the true value as its mean.")
split_ties = Assumption("split-ties", "Tied best actions count alike, whatever their numbers are.")
short_steps = Assumption("short-steps", "The step size times the weight of any pair is at most 1.")
small_errors = Assumption("small-errors", "No error exceeds the threshold kappa of the loss in absolute value.")
ends_marked = Assumption(
    "ends-marked", "Transitions to terminal states are marked as such, and no others: cut-offs are not."
)
plain_weights = Assumption("plain-weights", "Importance weights are not divided by their sum in the batch.")
independent_pairs = Assumption("independent-pairs", "Each pair is drawn from mu, whatever was drawn before.")
true_labels = Assumption("true-labels", "The mean of the label of a pair is its true value q.")
