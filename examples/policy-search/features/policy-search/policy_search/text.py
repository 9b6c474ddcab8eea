"""How text is cut up: normal form, character n-grams, sentences and tokens.

Language-neutral on purpose. Character n-grams find inflected words without a stemmer, and find
words at all in Japanese, which writes none of its spaces.
"""

import re
import unicodedata
from collections.abc import Iterable

_CJK = "\u3040-\u30ff\u3400-\u9fff"
_RUN = re.compile(rf"[{_CJK}]+|[^\W{_CJK}]+")
_SENTENCE_END = re.compile(
    r"(?<=\w\w[.!?])\s+(?=[^\W_a-zà-ÿ]|[¿¡])|(?<=[)\"»”“][.!?])\s+|(?<=[。！？])"
)
_CJK_ENDS = ("。", "！", "？")
_BYTES_PER_TOKEN = 4


def normalise(text: str) -> str:
    """The form in which texts are compared: width, case, spaces, bent apostrophes do not matter."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("’", "'").split())


def ngrams(text: str, n: int) -> list[str]:
    """The character n-grams of each word, its edges included.

    Japanese has about twice as much meaning in a character, so its n-grams are one shorter.
    """
    grams: list[str] = []
    for run in _RUN.findall(normalise(text)):
        is_cjk = run[0] >= "\u3040"
        word, size = (run, max(n - 1, 1)) if is_cjk else (f" {run} ", n)
        grams.extend(word[i : i + size] for i in range(max(len(word) - size + 1, 1)))
    return grams


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]


def joined(parts: Iterable[str]) -> str:
    """Sentences put together again; Japanese has no space between them."""
    text = ""
    for part in parts:
        text += part if not text or text.endswith(_CJK_ENDS) else f" {part}"
    return text


def token_count(text: str) -> int:
    """How many tokens a text is billed as: four bytes of UTF-8 are one token, rounded up.

    An approximation that needs no vocabulary; it comes out near one token for an English
    syllable and a Japanese character, which is where real tokenizers are.
    """
    return -(-len(text.encode()) // _BYTES_PER_TOKEN)
