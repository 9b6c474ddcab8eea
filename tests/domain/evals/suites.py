"""Suites of score rows, as values: cases with a score per repeat, or with a chance to pass."""

from dataclasses import replace

from release_assets.domain.evals.rows import RowStatus, ScoreRow

LOCALES = ("en-US", "de-DE", "es-ES", "fr-FR", "ja-JP")


def row(case, score=1.0, **more):
    given = {
        "case": case,
        "family": case,
        "repeat": 1,
        "scorer": "correctness",
        "scorer_version": "1",
        "status": RowStatus.OK,
        "score": score,
    }
    return ScoreRow(**(given | more))


def suite(scores, **more):
    """A row per case; a score may be a sequence, one number per repeat."""
    rows = []
    for at, score in enumerate(scores):
        repeats = score if isinstance(score, list | tuple) else [score]
        name = f"c{at:03}"
        rows += [row(name, float(s), repeat=k, **more) for k, s in enumerate(repeats, 1)]
    return rows


def passing(count, **more):
    return suite([1.0] * count, **more)


def losing(count, lost, **more):
    """A suite in which the first cases are lost."""
    return suite([0.0] * lost + [1.0] * (count - lost), **more)


def with_slice(rows, key, value_of):
    return [replace(r, slices={**r.slices, key: value_of(r.case)}) for r in rows]


def drawn(chances, rng, repeats=3, **more):
    """Each case passes each repeat with its own chance."""
    return suite([[float(rng.random() < p) for _ in range(repeats)] for p in chances], **more)


def parallel(failing=(), families=60, groups=LOCALES, **more):
    """A case per family and group; `failing` names (family, group) pairs that fail."""
    return [
        row(
            f"f{family:02}-{group}",
            0.0 if (family, group) in failing else 1.0,
            family=f"f{family:02}",
            slices={"locale": group},
            **more,
        )
        for family in range(families)
        for group in groups
    ]


def by_rule(findings, rule):
    return [f for f in findings if f.rule == rule]


def only(findings, rule, slice_name=None):
    found = [f for f in by_rule(findings, rule) if f.slice == slice_name]
    assert len(found) == 1, found
    return found[0]
