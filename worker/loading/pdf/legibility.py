"""Whether words that a PDF claims to hold are words: nonsense has ways of its own.

Text set in the fonts of before Unicode (TCVN3, VNI) is stored as Latin letters that only those
fonts show as Vietnamese; text of fonts without a map is a cipher; text that was decoded wrongly
has signs in the middle of its words. Other languages are no nonsense.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

_MIN_WORDS = 4
_MAX_ODD_SHARE = 0.08
"""Of words with a sign between letters. Sound text has them in formulas and addresses alone."""
_MIN_ACCENTED = 4
_MAX_BROKEN_SHARE = 0.4
_MIN_DECODED_SHARE = 0.5
_MIN_LONG_WORDS = 8
_MAX_MUTE_SHARE = 0.3
"""Of words of four letters and more without a vowel: abbreviations, in sound text."""
_MAX_MIXED_SHARE = 0.08

_ONSET = "ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdđghklmnprstvx]"
_NUCLEUS = (
    "iêu|yêu|oai|oay|oao|oeo|uây|uôi|uya|uyê|uyu|ươi|ươu|ai|ao|au|ay|âu|ây|eo|êu|ia|iê|iu|oa|oă|oe"
    "|oi|oo|ôi|ơi|ua|uâ|uê|ui|uô|uơ|uy|ưa|ươ|ưi|ưu|yê|a|ă|â|e|ê|i|o|ô|ơ|u|ư|y"
)
_SYLLABLE = re.compile(f"(?:{_ONSET})?(?:{_NUCLEUS})(?:ch|ng|nh|[cmnpt])?")
_TONES = dict.fromkeys(map(ord, "\u0300\u0301\u0303\u0309\u0323"))
_LETTERS = re.compile(r"[^\W\d_]+")
_VOWEL = re.compile("[aeiouy]", re.IGNORECASE)
# Between two letters these are no sign of anything: O'Neil, và/hoặc, a·b, x², a@b.vn.
_USUAL_SIGNS = frozenset("'’`-‐‑–—./\\&@_%+=×:;,|~^$#*<>()[]{}\"“”‘!?²³°º·")

_TCVN3 = str.maketrans(
    "µ¸¶·¹¨»¾¼½Æ©ÇÊÈÉË®ÌÐÎÏÑªÒÕÓÔÖ×ÝØÜÞßãáâä«åèæçé¬êíëìîïóñòô\u00adõøö÷ùúýûüþ¡¢§£¤¥¦",
    "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵăâđêôơư",
)
_VNI_MARKS = {
    "ø": "\u0300",
    "ù": "\u0301",
    "û": "\u0309",
    "õ": "\u0303",
    "ï": "\u0323",
    "â": "\u0302",
    "à": "\u0302\u0300",
    "á": "\u0302\u0301",
    "å": "\u0302\u0309",
    "ã": "\u0302\u0303",
    "ä": "\u0302\u0323",
    "ê": "\u0306",
    "è": "\u0306\u0300",
    "é": "\u0306\u0301",
    "ú": "\u0306\u0309",
    "ü": "\u0306\u0303",
    "ë": "\u0306\u0323",
}
_VNI_PAIR = re.compile(f"([aeouyôö])([{''.join(_VNI_MARKS)}])")
_VNI_LETTERS = str.maketrans("ôöñæóòî", "ơưđỉĩịỵ")


def nonsense(texts: Iterable[str]) -> str | None:
    """What is wrong with the words of a page, in NFC; None if nothing is."""
    words = [text for text in texts if len(text) > 1 and any(c.isalpha() for c in text)]
    if len(words) < _MIN_WORDS:
        return None
    if _share(words, _has_odd_sign) > _MAX_ODD_SHARE:
        return "signs between its letters"
    if _is_legacy(words):
        return "an encoding of before Unicode"
    if _share(words, _mixes_scripts) > _MAX_MIXED_SHARE:
        return "letters of several scripts in one word"
    long = [word for word in words if word.isascii() and word.isalpha() and len(word) >= 4]
    is_mute = len(long) >= _MIN_LONG_WORDS and _share(long, _has_no_vowel) > _MAX_MUTE_SHARE
    return "words without vowels" if is_mute else None


def is_syllable(word: str) -> bool:
    """Whether a word, in NFC, could be a syllable of Vietnamese."""
    parts = unicodedata.normalize("NFD", word.lower())
    bare = parts.translate(_TONES)
    if len(parts) - len(bare) > 1:
        return False
    return _SYLLABLE.fullmatch(unicodedata.normalize("NFC", bare)) is not None


def _share(words: Sequence[str], test: Callable[[str], bool]) -> float:
    return sum(map(test, words)) / len(words)


def _has_odd_sign(word: str) -> bool:
    return any(
        not sign.isalnum()
        and sign not in _USUAL_SIGNS
        and not unicodedata.combining(sign)
        and before.isalpha()
        and (after.isalpha() or not after.isascii())
        for before, sign, after in zip(word, word[1:], word[2:] + ".", strict=False)
    )


def _is_legacy(words: Sequence[str]) -> bool:
    """Whether most accented words are no syllables, and become such as TCVN3 or VNI."""
    accented = [word for word in words if not word.isascii()]
    broken = [word for word in accented if not all(map(is_syllable, _LETTERS.findall(word)))]
    if len(accented) < _MIN_ACCENTED or len(broken) < _MAX_BROKEN_SHARE * len(accented):
        return False
    return any(
        sum(all(map(is_syllable, _LETTERS.findall(decode(word)))) for word in broken)
        >= _MIN_DECODED_SHARE * len(broken)
        for decode in (_from_tcvn3, _from_vni)
    )


def _from_tcvn3(word: str) -> str:
    return word.translate(_TCVN3)


def _from_vni(word: str) -> str:
    def put_together(pair: re.Match[str]) -> str:
        base = pair[1].translate(_VNI_LETTERS)
        return unicodedata.normalize("NFC", base + _VNI_MARKS[pair[2]])

    marked = _VNI_PAIR.sub(lambda pair: f"\ue000{put_together(pair)}\ue000", word.lower())
    parts = marked.split("\ue000")
    return "".join(p if n % 2 else p.translate(_VNI_LETTERS) for n, p in enumerate(parts))


def _mixes_scripts(word: str) -> bool:
    scripts = {unicodedata.name(c, "?").split(" ")[0] for c in word if c.isalpha()}
    return "LATIN" in scripts and bool(scripts & {"CYRILLIC", "GREEK", "ARABIC", "HEBREW", "CJK"})


def _has_no_vowel(word: str) -> bool:
    return _VOWEL.search(word) is None
