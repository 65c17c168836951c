"""Wrong target networks, each with the signature of `bellcheck.mdp.target_sync.follow`."""

from __future__ import annotations

from bellcheck.mdp.target_sync import follow

from ..subject import Subject

__all__ = [
    "averaged_the_wrong_way_round",
    "copied_and_averaged",
    "interval_divided_at_every_load",
    "loaded_from_itself",
    "never_averaged",
    "one_step_late",
    "shared_storage",
    "synced_on_training_steps_only",
]


def _shared(onlines, target, interval, tau, train_every=1, n_envs=1, reloads=()):
    """The first copy makes both networks one array, which training then changes."""
    online, targets, steps = target.copy(), [], 0
    for parameters in onlines:
        online[:] = parameters
        steps += n_envs
        if steps % interval == 0:
            target = online if tau == 1 else tau * online + (1 - tau) * target
        targets.append(target.copy())
    return targets


def _from_itself(onlines, target, interval, tau, train_every=1, n_envs=1, reloads=()):
    return follow([target] * len(onlines), target, interval, tau, train_every, n_envs, reloads)


def _on_training_steps(onlines, target, interval, tau, train_every=1, n_envs=1, reloads=()):
    """The test for a sync stands inside the one for training."""
    targets = []
    for step, online in enumerate(onlines, start=1):
        if step % train_every == 0 and step * n_envs % interval == 0:
            target = tau * online + (1 - tau) * target
        targets.append(target)
    return targets


def _divided_at_loads(onlines, target, interval, tau, train_every=1, n_envs=1, reloads=()):
    """The interval is stored in calls, and every constructor takes it for environment steps and divides again."""
    calls, targets = max(interval // n_envs, 1), []
    for step, online in enumerate(onlines, start=1):
        if step % calls == 0:
            target = tau * online + (1 - tau) * target
        if step in reloads:
            calls = max(calls // n_envs, 1)
        targets.append(target)
    return targets


def _both(onlines, target, interval, tau, train_every=1, n_envs=1, reloads=()):
    """Averaged after every step, and copied at every sync."""
    targets = []
    for step, online in enumerate(onlines, start=1):
        target = tau * online + (1 - tau) * target
        if step * n_envs % interval == 0:
            target = online
        targets.append(target)
    return targets


def _copies_only(onlines, target, interval, tau, train_every=1, n_envs=1, reloads=()):
    """The soft update writes to parameters that the target network no longer has."""
    if tau == 1:
        return follow(onlines, target, interval, tau, train_every, n_envs, reloads)
    return [target for _ in onlines]


def _wrong_way_round(onlines, target, interval, tau, train_every=1, n_envs=1, reloads=()):
    share = tau if tau == 1 else 1 - tau
    return follow(onlines, target, interval, share, train_every, n_envs, reloads)


def _late(onlines, target, interval, tau, train_every=1, n_envs=1, reloads=()):
    """The count begins with the test, at 0: each interval is a step longer."""
    return follow(onlines, target, interval + n_envs, tau, train_every, n_envs, reloads)


shared_storage = Subject(
    "target-sync", "both networks are one array", _shared, cites="keras-team/keras-io PR 98", bug="C7"
)
loaded_from_itself = Subject(
    "target-sync", "target network loaded from itself", _from_itself, cites="thesouther/MARL issue 8", bug="C8"
)
synced_on_training_steps_only = Subject(
    "target-sync", "synced on training steps only", _on_training_steps, cites="vwxyzjn/cleanrl issue 322", bug="C9"
)
interval_divided_at_every_load = Subject(
    "target-sync",
    "interval divided by the number of environments at every load",
    _divided_at_loads,
    cites="DLR-RM/stable-baselines3 issue 1373",
    bug="C10",
)
copied_and_averaged = Subject(
    "target-sync",
    "averaged at every step and copied besides",
    _both,
    cites="anthonytorlucci/rlevo issue 182",
    bug="C11",
)
never_averaged = Subject(
    "target-sync", "averaged update not applied", _copies_only, cites="AgileRL/AgileRL PR 464", bug="C12"
)
averaged_the_wrong_way_round = Subject("target-sync", "(1 - tau) online + tau target", _wrong_way_round)
one_step_late = Subject("target-sync", "each interval a step longer", _late)
