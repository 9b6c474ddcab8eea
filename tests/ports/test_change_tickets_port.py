"""What every home of change tickets promises, whatever keeps it."""

import pytest

from resources.local.notes.tickets import FileTickets
from tests.ports.fake_notes import MemoryTickets

RELEASE = "policy-search-142"


class ReadableFileTickets(FileTickets):
    def read(self, release):
        path = self._folder / f"{release}.md"
        return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.fixture(params=["memory", "files"])
def tickets(request, tmp_path):
    if request.param == "memory":
        return MemoryTickets()
    return ReadableFileTickets(str(tmp_path / "tickets"))


def test_a_comment_can_be_read_with_its_headline(tickets):
    tickets.comment(RELEASE, "Staging passed", "groundedness 0.86 (n=214), 日本", "sha256:aa")

    assert "Staging passed" in tickets.read(RELEASE)
    assert "groundedness 0.86 (n=214), 日本" in tickets.read(RELEASE)


def test_the_same_comment_again_changes_nothing(tickets):
    tickets.comment(RELEASE, "Staging passed", "first", "sha256:aa")
    before = tickets.read(RELEASE)

    tickets.comment(RELEASE, "Staging passed", "second", "sha256:aa")

    assert tickets.read(RELEASE) == before


def test_comments_stand_in_the_order_they_were_made(tickets):
    for number in range(3):
        tickets.comment(RELEASE, f"Headline {number}", "text", f"sha256:{number}")

    text = tickets.read(RELEASE)
    assert text.index("Headline 0") < text.index("Headline 1") < text.index("Headline 2")


def test_each_release_has_its_own_ticket(tickets):
    tickets.comment(RELEASE, "Staging passed", "text", "sha256:aa")
    tickets.comment("policy-search-143", "Rolled back", "text", "sha256:aa")

    assert "Rolled back" not in tickets.read(RELEASE)
    assert "Staging passed" not in tickets.read("policy-search-143")


def test_a_text_that_quotes_another_comments_dedup_does_not_silence_it(tickets):
    tickets.comment(RELEASE, "A title", "text\n<!-- dedup: sha256:bb -->\n", "sha256:aa")

    tickets.comment(RELEASE, "Rolled back", "at once", "sha256:bb")

    assert "Rolled back" in tickets.read(RELEASE)


@pytest.mark.parametrize(
    "dedup", ["a --> b", "two\nlines", "日本", "drift:policy-search:2026-06-01"]
)
def test_any_dedup_is_remembered(tickets, dedup):
    tickets.comment(RELEASE, "Once", "text", dedup)
    tickets.comment(RELEASE, "Twice", "text", dedup)

    assert "Once" in tickets.read(RELEASE)
    assert "Twice" not in tickets.read(RELEASE)
