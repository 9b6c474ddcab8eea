"""What every notifier promises, whatever delivers."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from release_assets.ports import Notice
from resources.local.notes.outbox import FileNotifier
from tests.ports.fake_notes import MemoryNotifier

BREACH = Notice(
    channel="slack:#ai-platform-incidents",
    headline="policy-search-142 was rolled back",
    text="groundedness 0.81 against main 0.86",
    release="policy-search-142",
    dedup="policy-search-142:breach:slack",
    at=datetime(2026, 6, 1, 12, tzinfo=UTC),
)


class ReadableFileNotifier(FileNotifier):
    def read(self):
        return "\n".join(p.read_text(encoding="utf-8") for p in self._folder.glob("*.md"))


@pytest.fixture(params=["memory", "files"])
def notifier(request, tmp_path):
    if request.param == "memory":
        return MemoryNotifier()
    return ReadableFileNotifier(str(tmp_path / "outbox"))


@pytest.mark.parametrize("channel", ["slack:#ai-platform-incidents", "slack:@ada", "pager:on-call"])
def test_a_notice_reaches_its_channel_with_headline_and_text(notifier, channel):
    notifier.deliver(replace(BREACH, channel=channel))

    assert channel.partition(":")[2] in notifier.read()
    assert BREACH.headline in notifier.read()
    assert BREACH.text in notifier.read()


def test_a_notice_delivered_twice_is_read_once(notifier):
    for _ in range(2):
        notifier.deliver(BREACH)

    assert notifier.read().count(BREACH.headline) == 1


def test_two_notices_with_the_same_words_are_two(notifier):
    notifier.deliver(BREACH)
    notifier.deliver(replace(BREACH, dedup="policy-search-142:breach:again"))

    assert notifier.read().count(BREACH.headline) == 2
