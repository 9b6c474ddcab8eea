"""The bare repository behind the local git host: untrusted input, several writers, kill -9."""

from __future__ import annotations

import subprocess
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from release_assets.domain.errors import (
    ConflictError,
    InputError,
    NotFoundError,
    UnavailableError,
)
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.verdict import conclude
from resources.local.git.binary import Git
from resources.local.git.host import LocalGitHost
from resources.local.git.seed import create
from resources.local.git.statements import statement_bytes

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
ADA = "Ada Okafor <ada@example.com>"
PASSED = conclude("pre-merge", [Finding(rule="r", outcome=Outcome.PASSED, because="well")])


@pytest.fixture
def repository(tmp_path):
    source = tmp_path / "source"
    (source / "features" / "tiny").mkdir(parents=True)
    (source / "features" / "tiny" / "feature.yaml").write_text("feature: tiny\n")
    accounts = {"Ada@example.com": "local:ada"}
    create(str(tmp_path / "world.git"), str(source), AT, accounts=accounts)
    return tmp_path / "world.git"


@pytest.fixture
def host(repository):
    return LocalGitHost(str(repository))


def write(host, files, parent=None, author=ADA, message="More\n"):
    return host.commit(parent or host.main(), files, author=author, message=message, at=AT)


def open_change(host, number=1, files=None, **facts):
    head = write(host, files or {"features/tiny/a.py": b"1"}, **facts)
    return host.open_change(number, "More", "local:ada", head, at=AT, feature="tiny")


def make_mergeable(host, change):
    host.review(change.number, "local:ben", "approved", at=AT)
    host.post_status(change.head, "pre-merge", PASSED)


def git(repository: Path, *arguments: str) -> str:
    command = ["git", f"--git-dir={repository}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_an_address_that_no_account_claims_stays_visible(host):
    change = open_change(host, author="Someone <Who@Elsewhere.org>")
    assert [c.authors for c in change.commits] == [("email:who@elsewhere.org",)]


def test_addresses_are_matched_whatever_their_case(host):
    change = open_change(host, author="Ada <ADA@EXAMPLE.COM>")
    assert [c.authors for c in change.commits] == [("local:ada",)]


def test_every_co_author_counts_wherever_the_trailer_is(host):
    message = "More\n\nco-authored-By: Dev <dev@example.com>\n\nAnd some closing words.\n"
    change = open_change(host, message=message)
    assert [c.authors for c in change.commits] == [("local:ada", "email:dev@example.com")]


def test_a_message_cannot_pretend_to_be_another_author(host):
    message = "x\n\nauthor Nobody <nobody@example.com> 0 +0000\n\x00\x01tree 1\n"
    change = open_change(host, message=message.replace("\x00", ""))
    assert [c.authors for c in change.commits] == [("local:ada",)]


def test_a_merge_of_main_into_the_change_brings_no_foreign_commits(host):
    change = open_change(host, 1)
    other = open_change(host, 2, {"features/tiny/b.py": b"2"}, author="Dev <dev@example.com>")
    make_mergeable(host, other)
    landed = host.merge(2, "local:ben", at=AT).commit
    tree = host._git.tree_of(write(host, {"features/tiny/b.py": b"2"}, parent=change.head))
    parents = [change.head, landed]
    head = host._tree.commit_tree(tree, parents, author=ADA, message="Merge main\n", at=AT)
    seen = host.push(1, "local:ada", head, at=AT)
    assert [c.sha for c in seen.commits] == [change.head, head]
    assert seen.commits[1].paths == ("features/tiny/b.py",)


def test_attributes_of_a_change_neither_hide_nor_alter_files(host, tmp_path):
    """`export-ignore`, `export-subst` and line endings would make scanned and deployed differ."""
    files = {
        ".gitattributes": b"hidden.py export-ignore\n* text eol=crlf\nid.txt export-subst\n",
        "hidden.py": b"a\nb\n",
        "id.txt": b"$Format:%H$\n",
    }
    head = write(host, files)
    host.export(head, tmp_path / "out")
    assert {name: (tmp_path / "out" / name).read_bytes() for name in files} == files


def test_a_link_is_written_as_its_text_and_points_nowhere(host, repository, tmp_path):
    blob = host._git.write_blob(b"/etc/passwd")
    base = git(repository, "ls-tree", host.main())
    listing = f"{base}\n120000 blob {blob}\tlink\n".encode()
    tree = host._git.run("mktree", stdin=listing).decode().strip()
    head = host._tree.commit_tree(tree, [host.main()], author=ADA, message="Link\n", at=AT)
    host.export(head, tmp_path / "out")
    assert not (tmp_path / "out" / "link").is_symlink()
    assert (tmp_path / "out" / "link").read_text() == "/etc/passwd"


@pytest.mark.parametrize("path", ["../out.py", "/etc/x", "a/../../b", ".git/hooks/x", "a//b", ""])
def test_a_path_outside_the_repository_is_refused(host, path):
    with pytest.raises(InputError):
        write(host, {path: b"x"})


def test_an_author_line_is_not_a_place_for_other_fields(host):
    with pytest.raises(InputError):
        write(host, {"x": b""}, author="Ada <ada@example.com>\ncommitter Eve <e@e>")


def test_the_configuration_of_whoever_runs_it_plays_no_part(host, tmp_path, monkeypatch):
    config = tmp_path / "home" / ".gitconfig"
    config.parent.mkdir()
    config.write_text("[user]\nname = Eve\nemail = eve@example.com\n[commit]\ngpgsign = true\n")
    monkeypatch.setenv("HOME", str(config.parent))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "eve@example.com")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert [c.authors for c in open_change(host).commits] == [("local:ada",)]


def test_hooks_in_the_repository_are_not_run(host, repository, tmp_path):
    hook = repository / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    open_change(host)
    assert not (tmp_path / "ran").exists()


def test_a_merge_is_the_tree_that_was_judged(host):
    change = open_change(host)
    make_mergeable(host, change)
    assert host.merge(1, "local:ben", at=AT).tree == change.tree


def test_a_merge_killed_before_its_statement_is_found_and_stated(host, repository):
    change = open_change(host)
    make_mergeable(host, change)
    merge = host.merge(1, "local:ben", at=AT)
    last = max(host._git.refs("refs/countersign/1"))
    git(repository, "update-ref", "-d", last)
    assert not host.change(1).is_merged
    assert host.merge(1, "local:ben", at=AT).commit == merge.commit
    assert host.main() == merge.commit
    assert host.change(1).is_merged


def test_reviews_written_at_the_same_time_are_all_kept(host, repository):
    open_change(host)
    names = [f"local:reviewer-{n}" for n in range(8)]
    hosts = [LocalGitHost(str(repository)) for _ in names]
    work = [
        threading.Thread(target=one.review, args=(1, name, "approved"), kwargs={"at": AT})
        for one, name in zip(hosts, names, strict=True)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join(60)
    assert sorted(review.account for review in host.change(1).reviews) == names


def test_of_two_pushes_at_the_same_time_one_is_refused(host, repository, monkeypatch):
    change = open_change(host)
    heads = [write(host, {"x": bytes([n])}, parent=change.head) for n in range(2)]
    other = LocalGitHost(str(repository))
    append = other._changes.statements.append

    def slowly(*arguments):
        host.push(1, "local:ada", heads[0], at=AT)
        append(*arguments)

    monkeypatch.setattr(other._changes.statements, "append", slowly)
    with pytest.raises(ConflictError):
        other.push(1, "local:dev", heads[1], at=AT)
    assert host.change(1).head == heads[0]
    assert [push.account for push in host.change(1).pushes] == ["local:ada", "local:ada"]


def test_a_lock_that_a_killed_git_left_behind_is_removed(host, repository):
    open_change(host)
    lock = repository / "refs" / "heads" / "main.lock"
    lock.touch()
    change = host.change(1)
    make_mergeable(host, change)
    assert host.merge(1, "local:ben", at=AT).commit == host.main()


def test_a_statement_carries_the_signature_of_its_bytes(host):
    open_change(host)
    signed = []

    def sign(content: bytes) -> str:
        signed.append(content)
        return "-----BEGIN SSH SIGNATURE-----"

    host.review(1, "local:ben", "approved", at=AT, sign=sign)
    statement = host.statements(1)[-1]
    assert statement["signature"] == "-----BEGIN SSH SIGNATURE-----"
    assert statement_bytes(statement) == signed[0]


def test_a_damaged_statement_is_an_error_and_not_a_missing_review(host, repository):
    open_change(host)
    blob = host._git.write_blob(b"{half")
    git(repository, "update-ref", "refs/countersign/1/0009", blob)
    with pytest.raises(UnavailableError, match="cannot be read"):
        host.changes()


def test_what_did_not_change_is_asked_with_one_look_at_the_refs(host, monkeypatch):
    for number in range(1, 4):
        open_change(host, number, {f"features/tiny/{number}.py": b""})
    before = host.changes()
    calls = []
    attempt = host._git.attempt

    def noted(*words, **more):
        calls.append(words)
        return attempt(*words, **more)

    monkeypatch.setattr(host._git, "attempt", noted)
    assert host.changes() == before
    assert [words[0] for words in calls] == ["for-each-ref"]


def test_another_process_sees_what_this_one_did(host, repository):
    other = LocalGitHost(str(repository))
    assert other.changes() == ()
    change = open_change(host)
    assert other.changes() == (change,)
    seen = host.review(1, "local:ben", "approved", at=AT)
    assert other.changes() == (seen,)


def test_making_the_repository_again_leaves_it_as_it_is(host, repository, tmp_path):
    change = open_change(host)
    again = create(str(repository), str(tmp_path / "source"), AT)
    assert (again.main(), again.changes()) == (host.main(), (change,))


def test_a_repository_that_is_not_there_is_not_found(tmp_path):
    nowhere = LocalGitHost(str(tmp_path / "nowhere.git"))
    for question in (nowhere.main, lambda: nowhere.change(1), nowhere.changes):
        with pytest.raises((NotFoundError, UnavailableError)):
            question()


@pytest.fixture
def started(monkeypatch):
    """The git commands that were started, in order."""
    commands, attempt = [], Git.attempt

    def counted(self, *arguments, **named):
        commands.append(arguments[0])
        return attempt(self, *arguments, **named)

    monkeypatch.setattr(Git, "attempt", counted)
    return commands


def test_changes_without_news_are_one_git_process(host, started):
    for number in range(1, 4):
        open_change(host, number, {f"features/tiny/{number}.py": b"1"})
    host.changes()
    started.clear()

    host.changes()

    assert started == ["for-each-ref"]


@pytest.mark.parametrize("new", [1, 2, 5])
def test_so_many_new_changes_take_that_many_git_processes_and_four_more(host, started, new):
    for number in range(1, new + 1):
        open_change(host, number, {f"features/tiny/{number}.py": b"1"})
    started.clear()

    assert len(LocalGitHost(host._git.repository).changes()) == new

    assert len(started) <= 4 + new


def test_a_change_that_landed_is_not_read_again_when_main_moves(host, started):
    first = open_change(host, 1)
    make_mergeable(host, first)
    host.merge(1, "local:ben", at=AT)
    second = open_change(host, 2, {"features/tiny/b.py": b"2"})
    make_mergeable(host, second)
    host.changes()
    host.merge(2, "local:ben", at=AT)
    host.change(2)
    started.clear()

    assert [c.is_merged for c in host.changes()] == [True, True]

    assert started == ["for-each-ref"]


def test_a_path_cannot_pretend_to_be_a_commit(host):
    name = host.main()
    change = open_change(host, 1, {name: b"x", "features/tiny/a.py": b"1"})
    assert [c.paths for c in change.commits] == [tuple(sorted([name, "features/tiny/a.py"]))]


def test_a_folder_is_read_in_one_process_and_its_listing_once(host, started):
    head = write(host, {f"features/tiny/{n}.py": b"%d" % n for n in range(9)})
    started.clear()

    assert len(host.read_folder(head, "features/tiny")) == 10
    assert host.read_file(head, "features/tiny/3.py") == b"3"

    assert started == ["ls-tree", "cat-file"]


@pytest.mark.parametrize("name", ["refs/changes/1_01/head", "refs/changes/0101/head"])
def test_another_spelling_of_a_number_is_not_the_change(host, repository, name):
    """Python reads `1_01` as 101; a ref of that name must not stand in for the change."""
    open_change(host, 101)
    before = host.changes()
    subprocess.run(["git", "-C", repository, "update-ref", name, host.main()], check=True)

    assert LocalGitHost(str(repository)).changes() == before
