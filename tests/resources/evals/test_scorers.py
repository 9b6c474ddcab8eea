"""What the scorers say, by example; a changed number here needs a new version of the scorer."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_assets.domain.errors import InputError, UnknownWordError
from release_assets.domain.evals.rows import EvalCase
from resources.evals.approved_handbook import sentences
from resources.evals.scorers import SCORERS, Handbook, score

FULL_WIDTH = "\uff11\uff13\uff10\uff10"  # 1300, as Japanese keyboards write it
LEAVE = "You have 28 days of annual leave. Carried-over days lapse at the end of March."
RULES = {
    "en": [LEAVE, "A hotel room may cost up to 1,300 euros per week, breakfast included."],
    "de": [
        "Sie haben 28 Tage Jahresurlaub. Übertragene Tage verfallen Ende März.",
        "Ein Hotelzimmer darf bis zu 1.300 Euro pro Woche kosten, Frühstück eingeschlossen.",
    ],
    "ja": [
        "年次有給休暇は28日です。繰り越した日数は3月末に失効します。",
        "ホテルの宿泊費は朝食込みで週1300ユーロまでです。",
    ],
}
UNSUPPORTED = {
    "en-US": "Your line manager can approve an exception to this rule in writing.",
    "de-DE": "Ihre Führungskraft kann eine Ausnahme von dieser Regel schriftlich genehmigen.",
    "ja-JP": "この規定の例外は、上司が書面で承認することができます。",
}
HANDBOOK = Handbook.from_lines(
    {
        language: "\n".join(
            f'{{"id": "rule-0{n}", "topic": "t", "title": "Rule", "text": "{text}"}}'
            for n, text in enumerate(texts, start=1)
        )
        for language, texts in RULES.items()
    }
)


def rate(name, answer, behaviour="answer", *, expected=None, locale="en-US", citations=()):
    case = EvalCase(id="c", question="?", expected=expected, family="f") if expected else None
    return score(
        name,
        case=case,
        question="?",
        answer=answer,
        behaviour=behaviour,
        citations=citations,
        locale=locale,
        handbook=HANDBOOK,
    )


def grounded(answer, behaviour="answer", locale="en-US"):
    return rate("groundedness", answer, behaviour, locale=locale)


@pytest.mark.parametrize(
    ("locale", "language"), [("en-US", "en"), ("de-DE", "de"), ("ja-JP", "ja")]
)
def test_a_quotation_is_fully_grounded_in_every_language(locale, language):
    for text in RULES[language]:
        assert grounded(text + " [rule-01]", locale=locale) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("locale", "language"), [("en-US", "en"), ("de-DE", "de"), ("ja-JP", "ja")]
)
def test_one_unsupported_sentence_in_three_costs_a_third(locale, language):
    answer = f"{RULES[language][0]} {UNSUPPORTED[locale]} [rule-01]"

    assert grounded(answer, locale=locale) == pytest.approx(2 / 3, abs=0.05)


def test_a_number_that_the_handbook_does_not_hold_is_not_supported():
    assert grounded("You have 30 days of annual leave.") == 0.0


def test_a_reworded_rule_is_mostly_supported():
    assert grounded("You get 28 days of annual leave.") > 0.7


@pytest.mark.parametrize("number", ["1,300", "1.300", "1 300", "1\u202f300", "1300", FULL_WIDTH])
def test_a_number_is_the_same_however_its_thousands_are_written(number):
    assert grounded(f"A hotel room may cost up to {number} euros per week.") > 0.9


def test_supports_are_not_put_together_from_several_passages():
    """28 stands in one passage, hotels in another: no passage says this."""
    assert grounded("A hotel room may cost up to 28 euros.") == 0.0


@pytest.mark.parametrize("behaviour", ["refuse", "say_unknown"])
def test_declining_honestly_is_not_punished(behaviour):
    assert grounded("I cannot find that in the handbook.", behaviour=behaviour) == 1.0


def test_a_claim_dressed_as_a_refusal_is_rated_like_an_answer():
    assert grounded("I cannot say, but it is 99 days.", behaviour="refuse") == 0.0


@pytest.mark.parametrize("name", SCORERS)
@pytest.mark.parametrize("answer", ["", "  \n"])
def test_an_empty_answer_is_unscorable_not_bad(name, answer):
    assert rate(name, answer, expected={"behaviour": "answer", "facts": ["28"]}) is None


def test_an_answer_of_citations_alone_is_unscorable():
    assert grounded("[rule-01, rule-02]") is None


def test_a_bracket_that_is_not_a_citation_is_part_of_the_answer():
    assert grounded("You have 28 days of annual leave (99 if you shout).") == 0.0


def test_a_locale_without_a_handbook_is_unscorable():
    assert grounded("28 jours.", locale="fr-FR") is None


@pytest.mark.parametrize("name", ["correctness", "refusal"])
def test_live_traffic_expects_nothing_so_only_groundedness_is_scored(name):
    assert rate(name, LEAVE) is None
    assert grounded(LEAVE) is not None


@pytest.mark.parametrize(
    ("answer", "facts", "expected"),
    [
        (LEAVE, ["28 days"], 1.0),
        (LEAVE, ["8 days"], 0.0),
        ("It is 1.55 euros.", ["1.5"], 0.0),
        ("It is 1.5.", ["1.5"], 1.0),
        ("Up to 28\u00a0DAYS.", ["28 days"], 1.0),
        ("２８日です。", ["28日"], 1.0),
        (LEAVE, ["28 days", "end of April"], 0.5),
    ],
)
def test_correctness_is_the_share_of_expected_facts(answer, facts, expected):
    wanted = {"behaviour": "answer", "facts": facts}

    assert rate("correctness", answer, expected=wanted) == expected


def test_a_case_without_facts_expects_its_passage_to_be_cited():
    wanted = {"behaviour": "answer", "passage": "rule-01"}

    assert rate("correctness", LEAVE, expected=wanted, citations=["rule-01"]) == 1.0
    assert rate("correctness", LEAVE, expected=wanted, citations=["rule-02"]) == 0.0


@pytest.mark.parametrize("name", ["correctness", "refusal"])
@pytest.mark.parametrize(
    ("wanted", "behaviour", "expected"),
    [
        ("answer", "answer", 1.0),
        ("answer", "refuse", 0.0),
        ("answer", "say_unknown", 0.0),
        ("say_unknown", "say_unknown", 1.0),
        ("say_unknown", "answer", 0.0),
        ("say_unknown", "refuse", 0.0),
        ("refuse", "refuse", 1.0),
        ("refuse", "say_unknown", 1.0),
        ("refuse", "answer", 0.0),
    ],
)
def test_declining_is_right_where_it_is_expected_and_nowhere_else(
    name, wanted, behaviour, expected
):
    assert rate(name, "Words.", behaviour, expected={"behaviour": wanted}) == expected


def test_correct_facts_in_the_wrong_behaviour_are_not_correct():
    wanted = {"behaviour": "answer", "facts": ["28 days"]}

    assert rate("correctness", LEAVE, "refuse", expected=wanted) == 0.0


def test_unknown_words_are_refused_with_the_nearest_known_one():
    with pytest.raises(UnknownWordError, match="did you mean 'groundedness'"):
        rate("groundednes", LEAVE)
    with pytest.raises(UnknownWordError, match="did you mean 'refuse'"):
        rate("refusal", LEAVE, expected={"behaviour": "refused"})


def test_a_handbook_line_that_cannot_be_read_is_named():
    with pytest.raises(InputError, match=r"en:2: not a passage"):
        Handbook.from_lines({"en": '{"id": "a", "title": "A", "text": "B."}\n{"id": "b"}'})
    with pytest.raises(InputError, match="has no passage"):
        Handbook.from_lines({"en": "\n"})


@given(answer=st.text(max_size=200), behaviour=st.sampled_from(["answer", "refuse", "say_unknown"]))
def test_any_answer_has_a_score_between_nothing_and_full_or_none(answer, behaviour):
    rated = grounded(answer, behaviour)

    assert rated is None or 0.0 <= rated <= 1.0


@given(st.permutations(["You have 28 days of annual leave.", UNSUPPORTED["en-US"], "It rains."]))
def test_the_order_of_sentences_does_not_matter(sentences):
    assert grounded(" ".join(sentences)) == pytest.approx(1 / 3, abs=0.05)


EXAMPLE = Path(__file__).parents[3] / "examples/policy-search/features/policy-search/handbook"
LANGUAGES = ("en", "de", "es", "fr", "ja")


def passages(edition, language):
    lines = (EXAMPLE / edition / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return {p["id"]: p["text"] for p in map(json.loads, lines)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_example_handbook_supports_itself_and_not_last_years_edition(language):
    text = (EXAMPLE / "2026" / f"{language}.jsonl").read_text(encoding="utf-8")
    edition = Handbook.from_lines({language: text}).edition(language)
    this_year, last_year = passages("2026", language), passages("2025", language)
    changed = [
        old
        for key in this_year
        for old, new in zip(sentences(last_year[key]), sentences(this_year[key]), strict=True)
        if old != new
    ]

    assert {edition.support(s) for text in this_year.values() for s in sentences(text)} == {1.0}
    assert len(changed) >= 12
    assert max(edition.support(sentence) for sentence in changed) < 0.5
