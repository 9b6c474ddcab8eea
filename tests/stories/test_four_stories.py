"""Four releases of a real feature, from pull request to where they end, through real runs.

Real git, processes, Caddy, questions, replay and scores; people act by signed statements. Only the
daemon is played by a driver, so that nothing depends on when it wakes up.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import SimpleNamespace

import dagster as dg
import pytest

from release_assets.cli.demo import PAIRS_PER_SECOND
from release_assets.composition import compose
from release_assets.demo import startup
from release_assets.demo.journey import Journey
from release_assets.demo.results import write_dossiers
from release_assets.demo.run import ORDER
from release_assets.demo.stories import StoryPeople, read_stories
from release_assets.demo.world import FEATURE, WorldFolder, build, end
from release_assets.domain.errors import UnavailableError
from release_assets.domain.history.ending import WithoutRollout
from release_assets.domain.release import ReleaseKey
from release_assets.domain.rollout.machine import RolloutState
from release_assets.pipeline import CANARY
from release_assets.ports import Environment
from resources.clock import SystemClock
from resources.local.git.host import LocalGitHost
from resources.wiring import load_world
from tests.stories.driver import Driver

# Great Expectations and inspect-ai warn when they are imported; that is theirs to mend.
pytestmark = [pytest.mark.story, pytest.mark.filterwarnings("ignore")]

DEADLINE_S = 900.0
PAUSE_S = 0.2


@dataclass
class Played:
    """How a story ended, and what production looked like then."""

    journey: Journey
    traffic: object
    pointers: object
    served: object


class Theatre:
    """One world, its people and its daemon; plays stories one after the other."""

    def __init__(self, folder, instance):
        self.folder, self.world = folder, compose(load_world(folder.config))
        self.driver = Driver(self.world, instance)
        host = LocalGitHost(str(folder.path / "repository.git"))
        self.people = StoryPeople(folder, host, self.world.ports.clock.now)
        self.played = {}

    def open(self):
        """The stable unit behind the front door."""
        startup.adopt(self.world)
        startup.start_router(self.folder, self.world)

    def ask_questions(self):
        """Live questions and replay, if they do not run yet."""
        main = self.world.ports.git_host.main()
        traffic = self.world.book.repository.manifest(FEATURE, main).traffic
        startup.start_live_traffic(self.folder, traffic.calls_per_second, PAIRS_PER_SECOND)

    def fall_silent(self):
        """Nobody asks while a release is in staging: the suites have the machine to themselves."""
        for name in ("load", "replayer"):
            self.folder.processes.stop(name)

    def play(self, story):
        """From the open change to the end; a timeout shows all that ran."""
        journey = Journey(story, self.world, self.people)
        journey.begin()
        deadline = time.monotonic() + DEADLINE_S
        while journey.ending is None:
            if time.monotonic() > deadline:
                log = "\n".join([*journey.log, *map(str, self.driver.runs)])
                raise UnavailableError(f"{story.release} is still in {journey.phase.name}\n{log}")
            self.driver.tick()
            journey.step()
            if journey.phase is CANARY and journey.ending is None:
                self.ask_questions()
            time.sleep(PAUSE_S)
        self.fall_silent()
        self.driver.tick()  # notices of the end leave the outbox
        self.played[story.name] = self._seen(journey)

    def _seen(self, journey):
        ports = self.world.ports
        return Played(
            journey=journey,
            traffic=ports.traffic_router.read(),
            pointers=ports.prompt_registry.pointers(Environment.PRODUCTION),
            served=ports.deployer.read_back(ports.traffic_router.front()),
        )


@pytest.fixture(scope="module")
def theatre(tmp_path_factory):
    """All four stories, played once in the demo's order; every process ends, whatever happens."""
    folder = WorldFolder(tmp_path_factory.mktemp("stories") / "world")
    stories = {story.name: story for story in read_stories()}
    try:
        build(folder, SystemClock().now())
        with dg.DagsterInstance.ephemeral() as instance:
            theatre = Theatre(folder, instance)
            theatre.open()
            for name in ORDER:
                theatre.play(stories[name])
            yield theatre
    finally:
        end(folder)
        assert not folder.processes.running() + folder.units.running()


@pytest.fixture
def about(theatre):
    """Everything to be asked about one story."""

    def found(name):
        played = theatre.played[name]
        release = played.journey.story.release
        ports = theatre.world.ports

        def bodies(kind):
            return [e.body for e in ports.ledger.entries(release=release, kinds=(kind,))]

        return SimpleNamespace(
            played=played,
            ended=played.journey.ending.word,
            because=played.journey.ending.because,
            release=theatre.world.book.repository.release(ReleaseKey.parse(release)),
            events=[b["event"] for b in bodies("rollout")],
            verdicts={b["gate"]: b["outcome"] for b in bodies("verdict")},
            refusals=bodies("refusal"),
            notices={b["channel"]: b for b in bodies("notice")},
            ticket=(theatre.folder.path / "tickets" / f"{release}.md").read_text("utf-8"),
            incident=[b["summary"] for b in bodies("evidence") if b["name"] == "rollback/incident"],
        )

    return found


def test_a_better_release_reaches_everybody_stage_by_stage(about):
    better = about("better")

    assert better.ended is RolloutState.COMPLETE, better.because
    assert "without a breach" in better.because
    assert better.events == [
        "promoted",
        *["stage_entered", "stage_proven"] * 3,
        "stage_entered",
        "completed",
    ]


def test_the_better_release_is_what_production_serves_as_one_unit(about):
    """By the word of the router, the registry and the unit that answers at the front door."""
    better = about("better")

    assert better.played.traffic.stable_digest == better.release.digest
    assert better.played.traffic.candidate_pct == 0
    assert better.played.pointers.stable == better.release.unit.prompts
    assert better.played.pointers.candidate is None
    assert better.played.served == better.release.unit


def test_nobody_is_called_for_a_better_release(about):
    better = about("better")

    assert better.notices == {}
    assert better.refusals == []
    assert "Staging passed" in better.ticket


def test_a_quiet_prompt_passes_every_gate_and_is_caught_on_live_traffic(about):
    quiet = about("quiet-prompt")

    assert quiet.ended is RolloutState.ROLLED_BACK, quiet.because
    assert quiet.verdicts["pre_merge/gate"] == quiet.verdicts["staging/gate"] == "passed"
    assert quiet.events[:2] == ["promoted", "stage_entered"]
    assert quiet.events[-2:] == ["breached", "rolled_back"]
    assert "groundedness" in quiet.because


def test_the_quiet_prompt_is_taken_back_code_and_prompt_together(about):
    quiet, better = about("quiet-prompt"), about("better")

    assert quiet.played.traffic.candidate_pct == 0
    assert quiet.played.traffic.stable_digest == better.release.digest
    assert quiet.played.pointers.stable == better.release.unit.prompts
    assert quiet.played.pointers.candidate is None
    assert quiet.played.served == better.release.unit
    assert quiet.verdicts["rollback/everything_is_back"] == "passed"


def test_author_release_manager_and_the_one_on_call_hear_of_the_rollback(about):
    quiet = about("quiet-prompt")

    assert {"pager:ai-feature-on-call", "pager:dev", "pager:rosa"} <= set(quiet.notices)
    assert {"slack:#ai-platform-incidents", "slack:@dev", "slack:@rosa"} <= set(quiet.notices)
    assert "was taken off production traffic" in quiet.notices["pager:rosa"]["headline"]
    assert "groundedness" in quiet.notices["pager:rosa"]["text"]


def test_the_incident_says_on_how_much_traffic_the_harm_was_seen(about):
    quiet = about("quiet-prompt")
    (incident,) = quiet.incident

    assert "Rolled back from canary stage" in quiet.ticket
    assert incident["candidate_calls"] > 0
    assert incident["replayed_pairs"] > 0
    assert float(incident["reaction_s"]) >= 0


def test_nobody_signs_their_own_release(about):
    own = about("own-signature")

    assert own.ended is WithoutRollout.REFUSED, own.because
    assert own.verdicts["staging/gate"] == "passed"
    assert [(r["act"], r["person"]) for r in own.refusals] == [
        ("sign_off", "ada"),
        ("sign_off", "rosa"),
    ]
    assert own.events == []


def test_a_refused_signature_says_what_the_person_had_to_do_with_the_release(about):
    ada, rosa = (refusal["because"] for refusal in about("own-signature").refusals)

    assert "ada" in ada
    assert "rosa" in rosa
    assert "case" in rosa


def test_a_release_that_nobody_may_sign_never_reaches_production(about):
    own, better = about("own-signature"), about("better")

    assert own.played.traffic.stable_digest == better.release.digest
    assert own.played.traffic.candidate_pct == 0
    assert own.played.pointers.candidate is None
    assert own.played.served == better.release.unit


def test_a_stale_index_is_caught_in_staging_and_taken_back(about, theatre):
    stale = about("stale-index")
    running = theatre.world.ports.deployer.running(Environment.STAGING)

    assert stale.ended is WithoutRollout.STAGING_ROLLED_BACK, stale.because
    assert stale.verdicts["pre_merge/gate"] == "passed"
    assert stale.verdicts["staging/quality_holds_against_main"] == "failed"
    assert stale.verdicts["staging/gate"] == "failed"
    assert stale.events == ["staging_rolled_back"]
    assert stale.release.digest not in {r.release_digest for r in running}


def test_the_author_of_the_stale_index_is_notified_which_cases_were_lost(about):
    stale = about("stale-index")

    assert set(stale.notices) == {"slack:@dev"}
    assert "Lost cases: production-" in stale.notices["slack:@dev"]["text"]
    assert "Lost cases: production-" in stale.ticket


def test_every_story_ended_as_its_file_says(theatre):
    ended = {name: played.journey.ending.word for name, played in theatre.played.items()}

    assert ended == {story.name: story.expect for story in read_stories()}


def test_the_ledger_verifies_to_the_last_entry(theatre):
    ledger = theatre.world.ports.ledger

    assert ledger.verify() == ledger.head()
    assert ledger.head().size == len(ledger.entries())


def test_every_release_has_its_dossier(theatre):
    releases = [played.journey.story.release for played in theatre.played.values()]
    paths = write_dossiers(theatre.folder, theatre.world, releases)

    assert len(paths) == len(releases) == 4
