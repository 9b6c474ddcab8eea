"""The dossier's page: nothing is fetched, nothing runs, nothing that somebody wrote is markup."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from release_assets.audit.dossier_page import figure, render, short, worst_first
from release_assets.audit.ramp_picture import BOTTOM, LEFT, RIGHT, TOP, WIDTH, lasted, picture_of
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.history.dossier import compile_dossier
from release_assets.pipeline import BEFORE_PROMOTION
from tests.fabricated.released import NAMES, STORIES, EntryWriter, write_all
from tests.ports.fakes import MemoryLedger


@pytest.fixture(scope="module")
def dossiers():
    ledger = MemoryLedger()
    write_all(ledger)
    entries = ledger.entries()
    return {r: compile_dossier(r, entries, NAMES, BEFORE_PROMOTION) for r in STORIES}


@pytest.fixture(scope="module")
def pages(dossiers):
    return {release: render(dossier, NAMES) for release, dossier in dossiers.items()}


class Page(HTMLParser):
    """Tags, ids, links, and tags that were left open."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.links, self.open = set(), [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.add(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [v for k, v in attrs if k in {"href", "src", "action"}]
        if tag not in {"meta", "br", "col"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("release", STORIES)
def test_the_page_is_whole_and_fetches_nothing(release, pages):
    page = Page(pages[release])

    assert page.open == []
    assert not {"script", "link", "img", "iframe"} & page.tags
    assert all(link.startswith("#") for link in page.links)
    assert "url(" not in pages[release]


@pytest.mark.parametrize("release", STORIES)
def test_every_entry_is_a_row_and_every_link_leads_to_one(release, pages, dossiers):
    page = Page(pages[release])
    rows = [i for i in page.ids if i.startswith("e")]

    assert rows == [f"e{m.entry}" for m in dossiers[release].timeline]
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)


def test_what_people_wrote_is_text_and_never_markup():
    writer = EntryWriter(MemoryLedger(), "policy-search-105")
    writer.seen("<script>alert(1)</script>")
    writer.verdict("pre_merge/core_flows_hold", "failed", '<img src=x onerror="alert(2)">')
    writer.write("refusal", {"act": "sign_off", "because": "<b>no</b>", "findings": []})
    dossier = compile_dossier("policy-search-105", writer.ledger.entries(), NAMES)

    page = render(dossier, NAMES)

    assert not {"script", "img", "b"} & Page(page).tags
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_sentence_comes_first(pages):
    page = pages["policy-search-101"]

    first = min(page.index(word) for word in ("The ramp</h2>", "Gates</h2>", "Timeline</h2>"))

    assert page.index("Authored by Ada Okafor; reviewed by Ben Lindqvist") < first


def test_the_brake_is_marked_where_it_was_pulled(pages):
    assert "brake 10:01:44 · 2.25 s after the breach" in pages["policy-search-102"]
    assert 'class="brake"' not in pages["policy-search-101"]


def test_a_release_without_traffic_has_no_picture(pages, dossiers):
    assert picture_of(dossiers["policy-search-103"]) is None
    assert "never had production traffic" in pages["policy-search-103"]


def test_phases_after_the_end_are_shown_as_not_reached(pages):
    assert "not reached" in pages["policy-search-103"]
    assert "never judged for this release digest" in pages["policy-search-104"]


def test_a_signature_that_is_not_valid_is_shown_as_such():
    writer = EntryWriter(MemoryLedger(), "policy-search-105")
    writer.seen("Tidy")
    writer.signed("rosa", key="ada")
    dossier = compile_dossier("policy-search-105", writer.ledger.entries(), NAMES)

    page = render(dossier, NAMES)

    assert "does not count" in page
    assert "the key that signed is Ada Okafor&#39;s" in page


@pytest.mark.parametrize("release", ["policy-search-101", "policy-search-102"])
def test_the_picture_stays_in_its_box_and_its_stages_follow_each_other(release, dossiers):
    picture = picture_of(dossiers[release])
    places = [(float(x), float(y)) for x, y in re.findall(r"[ML](\S+) (\S+)", picture.line)]

    assert all(LEFT <= x <= WIDTH - RIGHT and TOP <= y <= BOTTOM for x, y in places)
    assert [x for x, _ in places] == sorted(x for x, _ in places)
    for before, after in zip(picture.bands, picture.bands[1:], strict=False):
        assert abs(before.left + before.width - after.left) <= 0.2


def test_even_the_shortest_stage_of_a_long_ramp_can_be_seen():
    """30 minutes at 1 % beside a day at 50 %."""
    writer = EntryWriter(MemoryLedger(), "policy-search-105")
    writer.promoted()
    for (pct, stage), hours in zip([(1, "1-at-1pct"), (50, "2-at-50pct")], [0.5, 24], strict=True):
        writer.proven(pct, stage, wait=hours * 3600)

    first, second = picture_of(
        compile_dossier("policy-search-105", writer.ledger.entries(), NAMES)
    ).bands

    assert first.width > 60
    assert (first.lasted, second.lasted) == ("30 min", "24 h")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (119, "119 s"),
        (1800, "30 min"),
        (7200, "2 h"),
        (15120, "4 h 12 min"),
        (93600, "26 h"),
        (180000, "2 d 2 h"),
    ],
)
def test_durations_have_one_or_two_units(seconds, text):
    assert lasted(timedelta(seconds=seconds)) == text


def test_digests_are_shortened_and_absent_ones_say_so():
    assert short("sha256:" + "ab" * 32) == "sha256:abababababab"
    assert short(None) == "none"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (0.86149, "0.861"), (100.0, "100"), (12345.6, "12,346"), (3.2e9, "3.2e+09")],
)
def test_figures_are_short_enough_to_read(value, text):
    assert figure(value) == text


def test_what_failed_is_read_first():
    found = [Finding(rule="r", outcome=o, because="") for o in Outcome]

    assert [f.outcome for f in worst_first(found)] == ["failed", "inconclusive", "passed"]


def test_a_ramp_over_midnight_names_its_days():
    writer = EntryWriter(
        MemoryLedger(), "policy-search-105", now=datetime(2026, 3, 2, 23, 59, tzinfo=UTC)
    )
    writer.promoted()
    writer.proven(1, "1-at-1pct", wait=600)
    dossier = compile_dossier("policy-search-105", writer.ledger.entries(), NAMES)

    picture = picture_of(dossier)

    assert picture.days == "2026-03-02 to 2026-03-03"
    assert picture.times[0].text == "02 Mar 23:59"
