"""The prompt registry check: is every prompt of a release there, readable, and the one published?

Decides from bytes: names in the manifest, files at the commit, digests in the registry, and the
placeholders that the code fills. Whether a prompt is any good, the suites show.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from release_assets.domain.document_yaml import parse_yaml
from release_assets.domain.documents import decode
from release_assets.domain.errors import InputError
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.release import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from release_assets.domain.files.manifest import Manifest

_PLACEHOLDER = re.compile(r"(?<!\{)\{([A-Za-z_][A-Za-z0-9_]*)\}(?!\})")


def check_prompts(
    manifest: Manifest,
    files: Mapping[str, bytes],
    *,
    published: Mapping[str, bytes] | None,
    before: Mapping[str, bytes],
) -> tuple[Finding, ...]:
    """Return all findings of the prompt registry check.

    Args:
        manifest: The release's.
        files: Content at the commit, by path relative to the feature's folder.
        published: The set that the registry has for this release, by name; None without one.
        before: Main's prompts by name; empty for the first release.
    """
    prompts = {name: files.get(path) for name, path in manifest.prompts.items()}
    there = {name: content for name, content in prompts.items() if content is not None}
    filled = placeholders_filled(files, manifest.code)
    return (
        _every_prompt_exists(manifest, there),
        _every_prompt_can_be_read(manifest, there),
        _published_prompts_are_these(there, published),
        _placeholders_are_known(there, filled, before),
        _no_placeholder_is_left_out(there, filled, before),
        _every_prompt_file_is_used(manifest, files),
    )


def placeholders_of(content: bytes) -> set[str]:
    """Return the `{names}` in a prompt's texts; not `{{`, comments or a pattern's `{0,40}`."""
    try:
        value, _ = parse_yaml(decode(content, file=""), file="")
    except InputError:  # a finding of its own
        return set()
    return {name for text in _texts(value) for name in _PLACEHOLDER.findall(text)}


def placeholders_filled(files: Mapping[str, bytes], code: str) -> set[str]:
    """Return the names that the code gives to a `.format(...)` call."""
    sources = (c for p, c in files.items() if p.startswith(f"{code}/") and p.endswith(".py"))
    return {name for source in sources for name in _format_keywords(source)}


def _format_keywords(source: bytes) -> Iterator[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # code that cannot be read is code health's finding
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "format":
            yield from (keyword.arg for keyword in node.keywords if keyword.arg)


def _every_prompt_exists(manifest: Manifest, there: Mapping[str, bytes]) -> Finding:
    wrong = [
        f"prompt '{name}' names {path}, which does not exist"
        for name, path in manifest.prompts.items()
        if name not in there
    ]
    return _found("every_prompt_exists", wrong, f"all {len(there)} prompts exist")


def _every_prompt_can_be_read(manifest: Manifest, there: Mapping[str, bytes]) -> Finding:
    wrong = [w for n, content in there.items() if (w := _unreadable(content, manifest.prompts[n]))]
    if not there:
        return _unknown("every_prompt_can_be_read", "no prompt exists")
    return _found("every_prompt_can_be_read", wrong, f"{len(there)} prompts can be read")


def _unreadable(content: bytes, file: str) -> str:
    try:
        value, _ = parse_yaml(decode(content, file=file), file=file)
    except InputError as exc:
        return str(exc)
    return "" if any(_texts(value)) else f"{file}: contains no text"


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a document that is not blank."""
    if isinstance(value, str):
        yield from filter(None, [value.strip()])
    elif isinstance(value, dict):
        yield from (text for item in value.values() for text in _texts(item))
    elif isinstance(value, list):
        yield from (text for item in value for text in _texts(item))


def _published_prompts_are_these(
    there: Mapping[str, bytes], published: Mapping[str, bytes] | None
) -> Finding:
    rule = "published_prompts_are_these"
    if published is None:
        return _unknown(rule, "the registry has no prompt set for this release yet")
    names = sorted(there.keys() | published.keys())
    wrong = [w for name in names if (w := _unlike(name, there.get(name), published.get(name)))]
    return _found(rule, wrong, f"the registry holds these {len(there)} prompts, byte for byte")


def _unlike(name: str, here: bytes | None, published: bytes | None) -> str:
    if here is None:
        return f"the published set has '{name}', which the release does not have"
    if published is None:
        return f"prompt '{name}' is not published"
    if digest_of(here) == digest_of(published):
        return ""
    return f"prompt '{name}' is {digest_of(here)} here and {digest_of(published)} as published"


def _placeholders_are_known(
    there: Mapping[str, bytes], filled: set[str], before: Mapping[str, bytes]
) -> Finding:
    """A placeholder is known if the code fills it, or if main's version of the prompt uses it."""
    wrong = [
        f"prompt '{name}' uses {{{placeholder}}}, which the code never fills"
        for name, content in there.items()
        for placeholder in sorted(
            placeholders_of(content) - filled - placeholders_of(before.get(name, b""))
        )
    ]
    return _found("placeholders_are_known", wrong, f"{_spell(filled)} are filled by the code")


def _no_placeholder_is_left_out(
    there: Mapping[str, bytes], filled: set[str], before: Mapping[str, bytes]
) -> Finding:
    """A placeholder that main uses and the code still fills would be lost to answers."""
    wrong = [
        f"prompt '{name}' no longer uses {{{placeholder}}}, which the code still fills"
        for name, content in there.items()
        for placeholder in sorted(
            (placeholders_of(before.get(name, b"")) & filled) - placeholders_of(content)
        )
    ]
    return _found("no_placeholder_is_left_out", wrong, "every placeholder of main's is still used")


def _every_prompt_file_is_used(manifest: Manifest, files: Mapping[str, bytes]) -> Finding:
    used = set(manifest.prompts.values())
    folders = {path.rpartition("/")[0] for path in used} - {""}
    lost = sorted(p for p in files if p.rpartition("/")[0] in folders and p not in used)
    wrong = [f"{path} is not used by any prompt of the manifest" for path in lost]
    return _found("every_prompt_file_is_used", wrong, f"all {len(used)} prompt files are used")


def _spell(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names)) or "no placeholders"


def _found(rule: str, wrong: list[str], held: str) -> Finding:
    if wrong:
        return Finding(rule=rule, outcome=Outcome.FAILED, because="; ".join(wrong), n=len(wrong))
    return Finding(rule=rule, outcome=Outcome.PASSED, because=held)


def _unknown(rule: str, because: str) -> Finding:
    return Finding(rule=rule, outcome=Outcome.INCONCLUSIVE, because=because)
