"""What the texts promise is there: commands, targets, dependencies, links."""

import re
import tomllib
from pathlib import Path

import click
import pytest

from release_assets.cli.main import COMMANDS, cli

ROOT = Path(__file__).parents[2]
TEXTS = sorted(
    [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
    + list((ROOT / "docs").rglob("*.md"))
)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def read(path):
    """A text as its reader sees it."""
    return COMMENT.sub("", path.read_text("utf-8"))


def written_commands(text):
    """Commands in code: `countersign audit dossier RELEASE` is ('audit', 'dossier')."""
    spans = re.findall(r"`([^`\n]*countersign [^`\n]+)`", text)
    calls = [span.partition("countersign ")[2].split() for span in spans]
    return [tuple(w for w in call if re.fullmatch(r"[a-z][a-z-]*", w)) for call in calls]


def options_of(text):
    """The options that a text writes after a command."""
    spans = re.findall(r"`[^`\n]*countersign ([a-z -]+?) (--[^`\n]*)`", text)
    return [(tuple(words.split()), re.findall(r"--[a-z-]+", rest)) for words, rest in spans]


def command(words):
    """The click command behind some words, and the words that are left over."""
    found: click.Command = cli
    context = click.Context(cli)
    for index, word in enumerate(words):
        inside = found.get_command(context, word) if isinstance(found, click.Group) else None
        if inside is None:
            return found, words[index:]
        found, context = inside, click.Context(inside)
    return found, ()


def names_in(requirements):
    return {re.match(r"[A-Za-z0-9-]+", text).group() for text in requirements}


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_in_the_texts_exists(path):
    for words in written_commands(read(path)):
        found, rest = command(words)
        is_whole = not isinstance(found, click.Group) and not rest
        assert is_whole, f"countersign {' '.join(words)}"


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_option_in_the_texts_exists(path):
    for words, options in options_of(read(path)):
        found, _ = command(words)
        known = {name for p in found.params for name in p.opts}
        assert set(options) <= known, f"countersign {' '.join(words)}"


def test_the_readme_names_every_command():
    named = {words[0] for words in written_commands(read(ROOT / "README.md"))}

    assert named == set(COMMANDS)


def test_every_make_target_in_the_texts_exists():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    texts = "\n".join(read(path) for path in TEXTS)
    written = set(re.findall(r"(?:`|^)make ([a-z]+)\b", texts, re.MULTILINE))

    assert {"demo", "test"} <= written <= targets


def test_every_dependency_has_its_line_and_every_line_its_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    declared = names_in([*project["dependencies"], *(r for extra in extras for r in extra)])
    page = read(ROOT / "docs/dependencies.md")

    lines = re.findall(r"^\| ([a-z0-9-]+) \| (\S.*) \|$", page, re.MULTILINE)
    explained = [name for name, _ in lines if name != "package"]

    assert sorted(explained) == sorted(declared)


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_somewhere(path):
    links = re.findall(r"\]\(([^)]+)\)", read(path))

    for link in links:
        if not link.startswith("https://"):
            target = (path.parent / link.partition("#")[0]).resolve()
            assert target.exists(), link


def test_every_file_that_a_text_names_exists():
    """`domain/ledger/entries.py` and its like, seen from the root or from `release_assets`."""
    for path in TEXTS:
        named = re.findall(r"`([a-z_./-]+/[a-z_.-]+\.(?:py|yaml|lock|j2))`", read(path))
        for name in named:
            bases = (ROOT, ROOT / "release_assets", ROOT / "release_assets/domain")
            assert name.startswith(".countersign/") or any((b / name).exists() for b in bases), name


def test_every_decision_is_in_the_list():
    folder = ROOT / "docs/decisions"
    listed = re.findall(r"\]\((\d{4}-[a-z0-9-]+\.md)\)", read(folder / "README.md"))

    assert listed == sorted(p.name for p in folder.glob("0*.md"))


def test_the_readme_begins_with_five_sentences():
    body = read(ROOT / "README.md").partition("```")[0].partition("\n")[2]

    assert len(re.findall(r"\.(?=\s)", body)) == 5
