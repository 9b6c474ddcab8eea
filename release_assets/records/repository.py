"""The feature repository, read at a commit: manifests, suites, policy, people and whole releases.

Before the merge a release is what its change's head holds; the merge freezes it. Policy, people,
models and the approved handbook are read at main, never from the change that they judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from release_assets.domain.documents import decode
from release_assets.domain.evals.suite_file import read_suite
from release_assets.domain.files.manifest import Manifest, read_manifest, unit_of
from release_assets.domain.files.models import read_models
from release_assets.domain.files.policy import read_policy
from release_assets.domain.people.roster_file import read_people
from release_assets.domain.release import Release, ReleaseKey
from release_assets.domain.rollout.plan import read_rollout_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from release_assets.domain.evals.rows import EvalCase
    from release_assets.domain.files.models import ModelRegistry
    from release_assets.domain.files.policy import Policy, TierPolicy
    from release_assets.domain.people.change import Change
    from release_assets.domain.people.roster import Roster
    from release_assets.domain.rollout.plan import RolloutPlan
    from release_assets.ports import GitHost, Settings

T = TypeVar("T")


@dataclass(frozen=True)
class FeatureRepository:
    """Reads what people wrote; every read names its commit."""

    git_host: GitHost
    settings: Settings

    @cached_property
    def _releases(self) -> dict[tuple[ReleaseKey, str], Release]:
        return {}

    @cached_property
    def _planned(self) -> dict[ReleaseKey, tuple[Release, RolloutPlan]]:
        return {}

    @cached_property
    def _documents(self) -> dict[tuple[Any, ...], Any]:
        return {}

    @cached_property
    def _merged(self) -> dict[int, tuple[str, str]]:
        return {}

    def root(self, feature: str) -> str:
        """Return the folder of a feature in the repository."""
        return self.settings.feature_root.get(feature, f"features/{feature}")

    def change(self, key: ReleaseKey) -> Change:
        """Return the change behind a release."""
        return self.git_host.change(key.number)

    def commit_of(self, key: ReleaseKey) -> str:
        """Return the commit of a release: its merge, or until then the head of its change."""
        return self._ends(key)[1]

    def _ends(self, key: ReleaseKey) -> tuple[str, str]:
        """Return main's commit that a change was made onto, and its merge or head.

        A merge never changes, so it is asked for once.
        """
        if key.number in self._merged:
            return self._merged[key.number]
        change = self.change(key)
        if change.merge is None:
            return change.base, change.head
        ends = self.git_host.first_parent(change.merge.commit), change.merge.commit
        self._merged[key.number] = ends
        return ends

    def release(self, key: ReleaseKey, commit: str | None = None) -> Release:
        """Return a release as one unit; commits never change, so each is read once."""
        at = commit or self.commit_of(key)
        if (key, at) not in self._releases:
            files = self.files(key.feature, at)
            unit = unit_of(self.manifest(key.feature, at), files)
            self._releases[key, at] = Release(key=key, commit=at, unit=unit)
        return self._releases[key, at]

    def baseline(self, key: ReleaseKey) -> Release:
        """Return main without this change: its merge's first parent, or main as it is now."""
        commit = self._ends(key)[0]
        return self.release(self._key_of(key.feature, commit), commit)

    def _key_of(self, feature: str, commit: str) -> ReleaseKey:
        merged = [c for c in self.git_host.changes() if c.merge and c.merge.commit == commit]
        return ReleaseKey(feature, merged[-1].number if merged else 0)

    def files(self, feature: str, commit: str) -> Mapping[str, bytes]:
        """Return all files of a feature at a commit, by their path below its folder."""
        root = self.root(feature)
        found = self.git_host.read_folder(commit, root)
        return {str(PurePosixPath(path).relative_to(root)): found[path] for path in found}

    def manifest(self, feature: str, commit: str) -> Manifest:
        """Return the manifest at a commit."""
        return self.read(read_manifest, commit, f"{self.root(feature)}/feature.yaml")

    def suite(self, feature: str, commit: str, name: str) -> tuple[EvalCase, ...]:
        """Return the cases of a suite at a commit."""
        path = f"{self.root(feature)}/{self.manifest(feature, commit).suites[name]}"
        return self.read(read_suite, commit, path)

    def handbook(self, feature: str) -> Mapping[str, bytes]:
        """Return the approved handbook at main: what groundedness is scored against."""
        main = self.git_host.main()
        folder = self.manifest(feature, main).approved_handbook
        files = self.files(feature, main)
        return {p: c for p, c in files.items() if p.startswith(f"{folder}/")}

    def tier(self, release: Release) -> TierPolicy:
        """Return what the policy at main demands of a release of this risk tier."""
        manifest = self.manifest(release.key.feature, release.commit)
        return self.policy().tier(manifest.risk_tier)

    def plan(self, feature: str, commit: str) -> RolloutPlan:
        """Return the rollout plan that the manifest at a commit names."""
        manifest = self.manifest(feature, commit)
        allowed = self.policy().tier(manifest.risk_tier).allow_manual_rollback is not None
        path = manifest.rollout_plan
        return self.read(read_rollout_plan, commit, path, allow_manual_rollback=allowed)

    def control_files(self) -> ControlFiles:
        """Return policy, people and models as main holds them now, all at one commit."""
        return ControlFiles(self, self.git_host.main())

    def planned(self, key: ReleaseKey) -> tuple[Release, RolloutPlan]:
        """Return a release with its rollout plan; once merged both are final, and are read once.

        The policy is not asked: what it allowed was judged before the promotion, and a policy that
        changes or breaks since then must not blind those who watch the rollout (law 9).
        """
        if key not in self._planned:
            release = self.release(key)
            path = self.manifest(key.feature, release.commit).rollout_plan
            plan = self.read(read_rollout_plan, release.commit, path, allow_manual_rollback=True)
            found = release, plan
            if key.number not in self._merged:
                return found
            self._planned[key] = found
        return self._planned[key]

    def policy(self) -> Policy:
        """Return the policy at main."""
        return self.control_files().policy

    def models(self) -> ModelRegistry:
        """Return the model registry at main."""
        return self.control_files().models

    def roster(self) -> Roster:
        """Return the people at main."""
        return self.control_files().roster

    def read(self, read: Callable[..., T], commit: str, path: str, **how: bool) -> T:
        """Return a document at a commit; commits never change, so each is parsed once."""
        key = (read, commit, path, *how.values())
        if key not in self._documents:
            self._documents[key] = read(self._text(commit, path), file=path, **how)
        found: T = self._documents[key]
        return found

    def _text(self, commit: str, path: str) -> str:
        return decode(self.git_host.read_file(commit, path), file=path)


@dataclass(frozen=True)
class ControlFiles:
    """What judges releases of all features, at one commit of main."""

    repository: FeatureRepository
    commit: str

    @property
    def policy(self) -> Policy:
        """What each risk tier demands."""
        return self.repository.read(read_policy, self.commit, self.repository.settings.policy)

    @property
    def models(self) -> ModelRegistry:
        """The models that may be used, with their prices."""
        return self.repository.read(read_models, self.commit, self.repository.settings.models)

    @property
    def roster(self) -> Roster:
        """Who is who, with accounts, keys and roles."""
        return self.repository.read(read_people, self.commit, self.repository.settings.people)
