"""Code cites only what a reader can open: a formula is cited by its label in docs/methods.md."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/methods.md").read_text("utf-8")
FOLDERS = ("release_assets", "resources", "sensors", "benchmarks", "tests", "docs")
EVERY = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
FILES = [path for path in EVERY if path != Path(__file__)]  # which has to name what it forbids

_GAP = r"[\s#]+"  # a citation may go on in the next line, of a comment as well
_LABEL = r"[ER]\d{1,2}\b"
CITATION = re.compile(rf"docs/methods\.md,{_GAP}{_LABEL}(?:(?:,|{_GAP}and){_GAP}{_LABEL})*")
UNKNOWN_SOURCE = re.compile(
    r"DESIGN|(?i:\bresearch\b)|(?:statistics|evals|house) (?:rules?|section) \d"
    r"|\bthe seed\b|\bseed's\b|\(seed: (?!int)|\b[ER]\d{1,2}\b"
)


def labels_in(text):
    return {label for found in CITATION.findall(text) for label in re.findall(_LABEL, found)}


def unknown_sources(text):
    """What a text cites that a reader cannot open, or does not say where to open."""
    return UNKNOWN_SOURCE.findall(CITATION.sub("", text))


def on_the_page():
    return set(re.findall(r"^(?:### |\| )([ER]\d{1,2})\b", PAGE, re.MULTILINE))


def test_every_label_in_code_is_on_the_page():
    cited = {label for path in FILES for label in labels_in(path.read_text("utf-8"))}

    assert cited - on_the_page() == set()


def test_every_module_that_the_page_names_exists():
    named = re.findall(r"`((?:domain|benchmarks)/[\w/]+(?:\.py)?)`", PAGE)
    roots = {"domain": ROOT / "release_assets", "benchmarks": ROOT}

    assert named
    assert [name for name in named if not (roots[name.partition("/")[0]] / name).exists()] == []


def test_code_cites_only_what_a_reader_can_open():
    found = {str(p.relative_to(ROOT)): unknown_sources(p.read_text("utf-8")) for p in FILES}

    assert {path: sources for path, sources in found.items() if sources} == {}


@pytest.mark.parametrize(
    "text",
    [
        "(E4)",
        "(DESIGN section 5)",
        "the seed's plan",
        "statistics rule 11",
        "(seed: policy lint)",
        "R11 by hand",
    ],
)
def test_every_unknown_source_is_seen(text):
    assert unknown_sources(text)


@pytest.mark.parametrize(
    "text",
    [
        "(docs/methods.md, E4)",
        "(docs/methods.md, E1 and R3)",
        "# docs/methods.md,\n    # E1, E2 and R3",
        "a seed of chance",
    ],
)
def test_a_page_with_its_label_is_a_source(text):
    assert not unknown_sources(text)
    assert labels_in(text) or "seed" in text


def test_labels_are_read_from_each_place_of_a_citation():
    assert labels_in("(docs/methods.md, E1, E2 and R13)") == {"E1", "E2", "R13"}
