"""Cuts a brief into words, numbers, sizes, ratios and signs; what the words mean is for the lexicon."""

import re
import unicodedata

from pipeline.language.briefs.lexicon import COURTESY

MARKS = frozenset("\u00a9\u00ae\u2122")
SIZE_FROM_PX = 33  # 16 x 9 is a ratio, 500 x 500 a size
SCAN = re.compile(
    r"""(?P<BULLET>(?:(?<=\n)|\A)[ \t]*
        (?:[-*>\u2022\u2013\u00b7](?=[ \t])|(?:\d{1,2}|[a-h])[./)](?=[ \t])|\[[ xX]?\](?=[ \t])))
    |(?P<MARKUP>```.*?(?:```|\Z)|\{.*\}|<[^<>\n]*>|\[[^\[\]\n]*\]|https?://\S+)
    |(?P<FILE>\b[\w-]+\.(?:jpe?g|png|tiff?|webp|avif|pdf|psd|raw|zip|mp4|gif|docx?|xlsx?)\b)
    |(?P<HEX>\#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b)
    |(?P<SHORT>\b(?:i\.[ ]?e|e\.[ ]?g|z\.[ ]?b|d\.[ ]?h|u\.[ ]?a|o\.[ ]?\u00e4|p\.[ ]?ex|s\.[ ]?v\.[ ]?p|c\.-\u00e0-d|ca
        |inkl|incl|approx|evtl|ggf|usw|etc|resp|v)\.|\bw/(?!\w*o\b)|(?-i::-?[)D(])(?!\w)|;-?[)]
        |\b\d{1,2}\.(?=[ ]?(?:jan|feb|m\u00e4r|apr|mai|jun|jul|aug|sep|okt|nov|dez)[a-z]*\b)
        |\b1[ ]?[x\u00d7](?=[ ](?:[^\W\d]|\d+[ ]?(?:\u00b0|de?g|grad|left|right|links|rechts|gauche|droite|[lr]\b))))
    |(?P<UND>\bu\.(?=[ ][^\W\d]))
    |(?P<PAIR>\d{1,5}[ ]?(?:(?:px|pixels?)[ ]?)?(?:[x\u00d7*]|by|mal|sur|par|auf)[ ]?\d{1,5}\b)
    |(?P<RATIO>\b\d{1,2}[ ]?[:/][ ]?\d{1,2}\b)
    |(?P<FRACTION>(?<![\w.,])[-+\u2212\u2013][ ]?\d{1,2}/[1-9]\d?\b
        |(?:[-+\u2212\u2013][ ]?)?[\u00bc-\u00be\u2153\u2154])
    |(?P<TO>[ ][-=]?>[ ]|[ ]?\u2192[ ]?)
    |(?P<EITHER>(?:[+\u2213]\s?/?\s?[-\u2212\u2013]|\u00b1)(?=[ ]?\d))
    |(?P<NUM>(?:(?<![\w.,])[-+\u2212\u2013][ ]?)?\d+(?:[.,]\d+)?)
    |(?P<NAME>\b(?:mr|mrs|ms|dr|herrn?|frau|mme|mlle|prof)\.?[ ](?-i:[A-Z\u00c0-\u00de][^\W\d_]+(?:-[^\W\d_]+)?))
    |(?P<WITHOUT>\bw/o\b)
    |(?P<PCT>%)|(?P<DEG>[\u00b0\u00ba])
    |(?P<WORD>[^\W\d_]+)
    |(?P<STOP>[;.!?\n\u2026]|[ ][-\u2013\u2014][ ]|\u2014)
    |(?P<COMMA>,)|(?P<AND>[()&+/])|(?P<COLON>[:=])
    |(?P<SPACE>[ \t\r'\u2019"\u201c\u201d\u201e\u00ab\u00bb\u00a0\u202f_-])
    |(?P<OTHER>.)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)

RENAMED = {"FILE": "UNKNOWN", "UND": "AND", "NAME": COURTESY, "WITHOUT": "NO", "EITHER": "LIMIT", "BULLET": "STOP"}


def symbol(match: re.Match[str]) -> tuple[str, str]:
    """The kind of a token that is no word, and its value: a size `800x600`, a ratio `4:5`, a number `-0.5`."""
    kind, value = RENAMED.get(str(match.lastgroup), str(match.lastgroup)), match.group()
    if kind == "PAIR":
        width, height = re.findall(r"\d+", value)
        kind, value = (
            ("SIZE", f"{width}x{height}")
            if max(int(width), int(height)) >= SIZE_FROM_PX
            else ("RATIO", f"{width}:{height}")
        )
    elif kind == "RATIO":
        value = re.sub(r"\s", "", value)
    elif kind == "NUM":
        value = re.sub(r"[\u2212\u2013]", "-", value).replace(" ", "").replace(",", ".")
    elif kind == "FRACTION":
        kind, value = "NUM", ("+" if value[0] == "+" else "") + repr(_fraction(value))
    elif kind == "SHORT":
        kind, value = ("FROM", "from") if value.lower() == "v." else (COURTESY, value)
    elif kind == "OTHER" and unicodedata.category(value) == "So" and value not in MARKS:
        kind = "COMMA"  # an emoji
    elif kind == "OTHER" and (value == "@" or unicodedata.category(value) in {"So", "Sk", "Cf", "Mn"}):
        kind = COURTESY  # `@ 4:5`
    elif kind == "HEX":
        value = value.lower()
    return kind, value


def _fraction(text: str) -> float:
    """The value of `-1/3` or of a character such as that for one half."""
    sign = -1.0 if text[0] in "-\u2212\u2013" else 1.0
    digits = text.lstrip("-+\u2212\u2013 ")
    over, _, under = digits.partition("/")
    return sign * (int(over) / int(under) if under else unicodedata.numeric(digits))
