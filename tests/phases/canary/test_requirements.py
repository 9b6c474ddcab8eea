"""What must hold before traffic rises: messages say what is missing, and of which canary stage."""

import pytest

from release_assets.canary.requirements import require_its_turn
from release_assets.domain.errors import RefusedError
from release_assets.domain.release import ReleaseKey
from release_assets.domain.rollout.machine import RolloutState
from tests.domain.rollout.rollouts import rollout

KEY = ReleaseKey("policy-search", 101)


@pytest.mark.parametrize(
    ("state", "at", "stage", "message"),
    [
        (RolloutState.RAMPING, 0, 2, "ramping in canary stage 1"),
        (RolloutState.HELD, 0, 1, "held in canary stage 1"),
        (RolloutState.BRAKED, 1, 1, "braked in canary stage 2"),
        (RolloutState.ROLLED_BACK, 1, 2, "rolled back in canary stage 2"),
        (RolloutState.RAMPING, 2, 1, "ramping in canary stage 3"),
    ],
)
def test_a_stage_that_is_not_next_is_refused_with_where_the_rollout_is(state, at, stage, message):
    with pytest.raises(RefusedError) as refused:
        require_its_turn(KEY, rollout(state=state, stage=at), stage)

    wanted = f"canary stage {stage + 1} of {KEY} is not next"
    assert str(refused.value) == f"{wanted}: the rollout is {message}"


def test_the_first_stage_comes_first():
    require_its_turn(KEY, None, 0)
    with pytest.raises(RefusedError, match="no canary stage was entered yet"):
        require_its_turn(KEY, None, 1)


@pytest.mark.parametrize(
    ("state", "at"),
    [(RolloutState.RAMPING, 1), (RolloutState.RAMPING, 2), (RolloutState.WATCHING, 2)],
)
def test_the_next_stage_may_be_entered_and_entered_again(state, at):
    require_its_turn(KEY, rollout(state=state, stage=at), 2)
