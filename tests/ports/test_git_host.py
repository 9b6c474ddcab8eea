"""What every git host does, whoever it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from release_assets.domain.errors import (
    ConflictError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.people.change import Push, ReviewState
from release_assets.domain.verdict import conclude
from resources.local.git.seed import create
from tests.ports.fake_git_host import FakeGitHost

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
CODE = "features/policy-search/policy_search/serve.py"
FILES = {"policy.yaml": b"tiers: {}\n", CODE: b"print('v1')\n"}
ACCOUNTS = {"ada@example.com": "local:ada"}
ADA = "Ada Okafor <ada@example.com>"


def verdict(outcome: Outcome):
    return conclude(
        "pre-merge", [Finding(rule="lint_is_clean", outcome=outcome, because="as measured")]
    )


@pytest.fixture(params=["fake", "local"])
def host(request, tmp_path):
    if request.param == "fake":
        return FakeGitHost(FILES, ACCOUNTS)
    for path, content in FILES.items():
        file = tmp_path / "source" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return create(str(tmp_path / "world.git"), str(tmp_path / "source"), AT, accounts=ACCOUNTS)


def commit(host, content: bytes = b"print('v2')\n", parent: str | None = None, path: str = CODE):
    parent = parent or host.main()
    return host.commit(parent, {path: content}, author=ADA, message="Better\n", at=AT)


@pytest.fixture
def change(host):
    return host.open_change(101, "Better answers", "local:ada", commit(host), at=AT)


def approve(host, change):
    host.review(change.number, "local:ben", ReviewState.APPROVED, at=AT + timedelta(minutes=5))
    host.post_status(change.head, "pre-merge", verdict(Outcome.PASSED))


def test_main_holds_the_files_it_was_made_from(host):
    assert list(host.read_folder(host.main(), "").items()) == sorted(FILES.items())
    assert host.read_file(host.main(), "policy.yaml") == FILES["policy.yaml"]


def test_files_below_a_folder_are_read_and_not_those_of_a_longer_name(host):
    head = commit(host, path="features/policy-search-2/x.py")
    assert host.read_folder(head, "features/policy-search") == {CODE: FILES[CODE]}


def test_an_unknown_file_commit_or_change_is_not_found(host):
    for question in (
        lambda: host.read_file(host.main(), "nothing.yaml"),
        lambda: host.read_file("0" * 40, "policy.yaml"),
        lambda: host.read_folder("0" * 40, "features"),
        lambda: host.change(999),
    ):
        with pytest.raises(NotFoundError):
            question()


def test_an_opened_change_tells_who_did_what(host, change):
    seen = host.change(101)
    assert seen == change
    assert (seen.feature, seen.author, seen.title) == (
        "policy-search",
        "local:ada",
        "Better answers",
    )
    assert seen.pushes == (Push(account="local:ada", head=seen.head, at=AT),)
    assert [c.authors for c in seen.commits] == [("local:ada",)]
    assert [c.paths for c in seen.commits] == [(CODE,)]
    assert (seen.base, seen.merge) == (host.main(), None)


def test_changes_come_by_number(host, change):
    host.open_change(7, "Earlier number", "local:dev", commit(host, b"7"), at=AT)
    assert [c.number for c in host.changes()] == [7, 101]


def test_opening_the_same_change_again_changes_nothing(host, change):
    assert host.open_change(101, "Better answers", "local:ada", change.head, at=AT) == change
    with pytest.raises(ConflictError):
        host.open_change(101, "Another one", "local:dev", change.head, at=AT)


def test_a_push_moves_the_head_and_is_seen_with_its_account(host, change):
    head = commit(host, b"print('v3')\n", parent=change.head)
    seen = host.push(101, "local:dev", head, at=AT + timedelta(minutes=1))
    assert seen.head == head
    assert [push.account for push in seen.pushes] == ["local:ada", "local:dev"]
    assert len(seen.commits) == 2
    assert host.push(101, "local:dev", head, at=AT + timedelta(minutes=2)) == seen


def test_a_review_is_of_the_tree_it_saw(host, change):
    host.review(101, "local:ben", "approved", at=AT)
    host.push(101, "local:ada", commit(host, b"3", parent=change.head), at=AT)
    seen = host.change(101)
    assert [review.tree for review in seen.reviews] == [change.tree]
    assert seen.tree != change.tree


def test_the_same_review_again_changes_nothing(host, change):
    once = host.review(101, "local:ben", "approved", at=AT)
    assert host.review(101, "local:ben", "approved", at=AT + timedelta(hours=1)) == once


def test_a_change_without_an_approval_is_not_merged(host, change):
    host.post_status(change.head, "pre-merge", verdict(Outcome.PASSED))
    for account in ("local:ada", "local:chloe"):
        with pytest.raises(RefusedError):
            host.merge(101, "local:ben", at=AT)
        state = "approved" if account == "local:ada" else "changes_requested"
        host.review(101, account, state, at=AT)
    host.review(101, "local:ben", "approved", at=AT)
    with pytest.raises(RefusedError):
        host.merge(101, "local:ben", at=AT)
    assert not host.change(101).is_merged


@pytest.mark.parametrize("outcome", [None, Outcome.FAILED, Outcome.INCONCLUSIVE])
def test_only_a_passed_pre_merge_status_opens_the_merge(host, change, outcome):
    approve(host, change)
    head = host.push(101, "local:ada", commit(host, b"4", parent=change.head), at=AT).head
    host.review(101, "local:ben", "approved", at=AT)
    if outcome:
        host.post_status(head, "pre-merge", verdict(outcome))
    with pytest.raises(RefusedError, match="cannot be merged"):
        host.merge(101, "local:ben", at=AT)


def test_a_merge_lands_the_change_on_main(host, change):
    approve(host, change)
    before = host.main()
    merge = host.merge(101, "local:ben", at=AT + timedelta(minutes=9))
    assert host.main() == merge.commit
    assert host.read_file(host.main(), CODE) == b"print('v2')\n"
    assert host.first_parent(merge.commit) == before
    seen = host.change(101)
    assert (seen.merge, seen.base, seen.head) == (merge, before, change.head)
    assert [c.sha for c in seen.commits] == [change.head]
    assert [c.sha for c in host.commits_between(before, merge.commit)] == [
        change.head,
        merge.commit,
    ]


def test_a_change_behind_main_is_not_merged(host, change):
    other = host.open_change(
        102, "Other", "local:dev", commit(host, b"o", path="x"), at=AT, feature="policy-search"
    )
    for one in (change, other):
        approve(host, one)
    host.merge(101, "local:ben", at=AT)
    with pytest.raises(RefusedError, match="behind main"):
        host.merge(102, "local:ben", at=AT)


def test_merging_again_returns_the_same_merge(host, change):
    approve(host, change)
    merge = host.merge(101, "local:ben", at=AT)
    assert host.merge(101, "local:chloe", at=AT + timedelta(days=1)) == merge
    with pytest.raises(RefusedError):
        host.push(101, "local:ada", commit(host, b"late", parent=change.head), at=AT)


def test_an_export_is_the_tree_byte_for_byte_and_may_be_repeated(host, tmp_path):
    into = tmp_path / "out" / "unit"
    for _ in range(2):
        host.export(host.main(), into)
    assert {p: (into / p).read_bytes() for p in FILES} == FILES


def test_an_export_never_mixes_two_trees(host, tmp_path):
    host.export(host.main(), tmp_path / "unit")
    with pytest.raises(ConflictError):
        host.export(commit(host), tmp_path / "unit")


def test_the_fake_has_the_faults_of_the_world():
    fake = FakeGitHost(FILES, ACCOUNTS)
    opened = fake.open_change(101, "Better answers", "local:ada", commit(fake), at=AT)
    approve(fake, opened)
    before, fake.other_writer = fake.main(), commit(fake, b"elsewhere", path="policy.yaml")
    with pytest.raises(ConflictError):
        fake.merge(101, "local:ben", at=AT)
    fake._main = before
    fake.lose_next_reply = True
    with pytest.raises(UnavailableError):
        fake.merge(101, "local:ben", at=AT)
    assert fake.merge(101, "local:ben", at=AT).commit == fake.main()
    fake.is_down = True
    with pytest.raises(UnavailableError):
        fake.changes()
