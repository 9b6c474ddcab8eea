"""Tickets and notices as files: what a person sees, and what a full disk does."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from release_assets.domain.errors import InputError, UnavailableError, UnknownWordError
from resources.local.notes.outbox import FileNotifier
from resources.local.notes.tickets import FileTickets
from tests.ports.test_notifier_port import BREACH

RELEASE = "policy-search-142"


def lines(path):
    return path.read_text(encoding="utf-8").splitlines()


def test_a_ticket_has_a_title_then_headings_with_their_times(tmp_path):
    FileTickets(str(tmp_path)).comment(RELEASE, "Staging\npassed", "all well", "sha256:aa")

    text = lines(tmp_path / f"{RELEASE}.md")
    assert text[0] == f"# Change ticket of {RELEASE}"
    assert text[2] == "## Staging passed"
    assert text[4].endswith(" UTC")
    assert text[6:] == ["all well", "", "<!-- dedup: sha256:aa -->"]


@pytest.mark.parametrize("text", ["## Signed off", "Signed off\n===", "x\n  # Signed off"])
def test_a_text_cannot_pass_for_a_heading_of_ours(tmp_path, text):
    FileTickets(str(tmp_path)).comment(RELEASE, "A title", text, "sha256:aa")

    written = lines(tmp_path / f"{RELEASE}.md")
    assert [line for line in written if line.lstrip().startswith(("#", "="))] == [
        f"# Change ticket of {RELEASE}",
        "## A title",
    ]


@pytest.mark.parametrize("release", ["../escaped-1", "no number", ""])
def test_a_name_that_is_not_a_release_has_no_ticket(tmp_path, release):
    with pytest.raises(InputError):
        FileTickets(str(tmp_path / "tickets")).comment(release, "x", "y", "z")

    assert list(tmp_path.rglob("*.md")) == []


def test_comments_made_at_once_are_all_kept_and_each_once(tmp_path):
    def comment(number):
        FileTickets(str(tmp_path)).comment(
            RELEASE, f"Headline {number % 20}", "t", f"d{number % 20}"
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(comment, range(40)))

    headings = [line for line in lines(tmp_path / f"{RELEASE}.md") if line.startswith("## ")]
    assert sorted(headings) == sorted(f"## Headline {n}" for n in range(20))


def test_slack_and_pager_are_files_of_their_own_and_programs_get_both(tmp_path):
    page = replace(BREACH, channel="pager:ai-feature-on-call", dedup="page")

    for notice in (BREACH, page, page):
        FileNotifier(str(tmp_path)).deliver(notice)

    assert "## #ai-platform-incidents: policy-search-142 was rolled back" in lines(
        tmp_path / "slack.md"
    )
    assert "2026-06-01 12:00:00 UTC" in lines(tmp_path / "pager.md")
    documents = [json.loads(line) for line in lines(tmp_path / "notices.jsonl")]
    assert [d["channel"] for d in documents] == [BREACH.channel, page.channel]
    assert documents[0]["at"] == "2026-06-01T12:00:00+00:00"


def test_a_delivery_cut_short_is_finished_by_the_next_one(tmp_path):
    notifier = FileNotifier(str(tmp_path))
    notifier.deliver(BREACH)
    (tmp_path / "notices.jsonl").write_text('{"channel": "half\n[]\n')

    notifier.deliver(BREACH)

    assert len(lines(tmp_path / "notices.jsonl")) == 3
    assert (tmp_path / "slack.md").read_text().count(BREACH.headline) == 1


@pytest.mark.parametrize("channel", ["mail:ada", "slack", "slack:"])
def test_an_unknown_channel_is_refused(tmp_path, channel):
    with pytest.raises(UnknownWordError):
        FileNotifier(str(tmp_path)).deliver(replace(BREACH, channel=channel))


def test_a_folder_that_cannot_be_written_is_tried_again_later(tmp_path):
    (tmp_path / "full").write_text("a file where the folder should be")

    with pytest.raises(UnavailableError):
        FileNotifier(str(tmp_path / "full")).deliver(BREACH)
    with pytest.raises(UnavailableError):
        FileTickets(str(tmp_path / "full")).comment(RELEASE, "x", "y", "z")
