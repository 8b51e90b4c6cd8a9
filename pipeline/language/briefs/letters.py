"""The frame of an e-mail around a brief: greeting, subject and signature, in English, German and French."""

import re
from collections.abc import Callable

_GREETING = re.compile(
    r"\A\s*(?:hi(?:ya)?|hello|hey|dear|greetings|good (?:morning|afternoon|evening|day)|morning(?= (?:all|\w+,)|[!,])"
    r"|huhu|hej|yo|howdy|ciao|hallo|hallöchen|hoi|sal[üu]|sali|mahlzeit|tag(?= |,)|guten (?:tag|morgen|abend)"
    r"|liebes?|lieber(?= +(?-i:[A-ZÄÖÜ]))"
    r"|sehr geehrte[rs]?|moin|servus|gr[uü]ezi|gr[uü](?:ß|ss) (?:gott|dich|euch)"
    r"|(?:re-?)?bonjour|bonsoir|salut|coucou|all[oô]|madame|monsieur|messieurs|ch[eè]re?s?)"
    r"\b[^\n,!.:;]{0,40}(?:[,!.:;]|\n|\Z)",
    re.IGNORECASE,
)
_SUBJECT = re.compile(r"\A\s*(?:subject|re|betreff|objet)\s*:[^\n]*\n", re.IGNORECASE)
_THANKS = "|".join(
    (
        r"(?:thanks|thx|thanx|tks|ty|ta)(?: a (?:lot|million|bunch|ton)| so much| muchly| loads| heaps)?"
        r"(?: in advance)?",
        r"thank you(?: (?:very|so) much)?(?: in advance)?",
        r"many thanks|with thanks|danke(?:sch[oö]n| sehr| im voraus| euch| dir| ihnen)?",
        r"(?:vielen|herzlichen|besten|lieben|tausend) dank(?: im voraus)?",
        r"merci(?: beaucoup| vielmals?| bien| ben| bcp| mille fois)?(?: (?:d|par ).?avance)?",
        r"(?:mille|un grand) mercis?",
    )
)
_WISHES = "|".join(
    (
        r"(?:(?:with|very|all|my) )*(?:(?:best|kind|kindest|warm|warmest|many) )?(?:regards|wishes)|cheers(?: \w+)?",
        r"sent from my \w+|get outlook for \w+|(?:kind )?rgds|br|kr|xx?o?x?o?|yours|speak later",
        r"bis (?:denne|dahin|morgen|gleich|n[aä]chste woche)|ad[eé]|tschau|mach(?:t)?.s gut|(?:liebs )?gr[uü]e?ssli",
        r"[aà@]\s?\+|cdl?t|bàt|bav|bon week-end|bonne fin de semaine|au plaisir|[aà] plus tard|belle soir[eé]e",
        r"(?:all the |all my )?best|sincerely|yours(?: \w+)?|take care|(?:talk|speak) soon|warmly|respectfully",
        r"have a (?:nice|good|great) (?:day|weekend|week)",
        r"(?:viele |lg |sch[oö]ne )?gr[uü](?:ß|ss|e)\w*|lg|vg|mfg|herzlichst|hochachtungsvoll|ciao|servus",
        r"(?:mit )?(?:freundlichen?|besten?|lieben?|herzlichen?) gr[uü](?:ß|ss)\w*|bis (?:bald|dann|sp[aä]ter)",
        r"sch[oö]ne[ns]? (?:tag|woche|wochenende)(?: noch)?|tsch[uü]ss",
        r"bonne (?:journ[eé]e|semaine|soir[eé]e|fin de journ[eé]e)|belle journ[eé]e|au revoir",
        r"(?:(?:bien|tr[eè]s) )?cordialement|bien [aà] (?:vous|toi)|sinc[eè]rement|(?:\w+ )?salutations(?: \w+)?",
        r"(?:grosses )?bis(?:es|ous)|amiti[eé]s|(?:bien )?amicalement",
        r"[aà] (?:plus(?: tard)?|(?:tr[eè]s )?(?:vite|bient[oô]t))|--",
    )
)
_CLOSING = re.compile(
    rf"^[ \t]*(?:(?:{_THANKS})|(?:(?:{_THANKS}),? (?:and |und |et )?)?(?:{_WISHES}))[ \t]*[,!.]?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_LAST_WORDS = re.compile(  # `... 4:5. Cheers, Lena`, in the line of a wish
    rf"(?<=[.!?,;)\n])[ \t]*(?:(?:{_THANKS})[ \t]*[,!.]?[ \t]*(?:and|und|et|&)?[ \t]*)?"
    rf"(?:{_THANKS}|{_WISHES})[ \t]*[,!.\n-]*[ \t]*"
    r"(?-i:(?:[A-ZÀ-Þ][\w.'-]*[ \t]*){0,3})[!.]?\s*\Z",
    re.IGNORECASE,
)
_PLEASANTRY = re.compile(  # `hope you can ...` and `thanks for making ...` are wishes, and none of these
    r"(?:(?<=[.!?\n,])|\A)[ \t]*(?:(?:(?:i|we) )?(?:hope|trust) (?:you|all|this|everything)(?: all)?"
    r"(?: is| are|.re|.s| had| have had| enjoyed| slept| got| survived| recovered| feel)\b"
    r"|(?:many )?(?:thanks|thank you)(?: (?:again|so much|very much))? for (?:the|your|all|last)\b"
    r"|(?:ich hoffe|wir hoffen),? (?:es geht|(?:dir|euch|ihnen) geht|du hattest|ihr hattet|alles)\b"
    r"|(?:vielen dank|danke) für (?:die|das|den|deine|eure|ihre)\b"
    r"|j.esp[eè]re que (?:tu vas|vous allez|tout va)\b|merci (?:encore )?pour\b)[^.!?\n]*(?:[.!?]|(?=\n)|\Z)",
    re.IGNORECASE,
)
_FAREWELL = (
    r"(?:thanks|thank you|thx|apologies|regards|greetings|wishes|best|yours|faithfully|sincerely|hugs|love|dank"
    r"|gr(?:ü|ue)(?:ß|ss)e|gru(?:ß|ss)|pfiat|demain|morgen|bientôt|montag|lundi|bussi|merci|salutations|cordialement|amiti[eé]s|bises|bisous)"
)
_NAMES = r"(?-i:[ \t~/-]*(?:i\. ?[AV]\. )?(?:x+ )?(?:[A-ZÀ-Þ][\w.'-]*[ \t/|&,]*){1,4}x*)"
_NAME = re.compile(  # a signature without a greeting, or with one in words of its own
    rf"(?:(?:(?<=\n)|\A)(?:[ \t]*|[^\n]{{0,60}}\b{_FAREWELL}\b[^\n]{{0,30}})\n{_NAMES}(?:\n{_NAMES})?"
    rf"|(?<=\n)[ \t]*{_FAREWELL},?[ ]{_NAMES})\s*\Z",
    re.IGNORECASE,
)
_ITEM = re.compile(r"(?m)(?:^[ \t]*|[:,][ \t]+)1([.)])[ \t]")
HasWish = Callable[[str, bool], bool]
"""Whether a text asks for something; True: with more than one bare word."""
SIGNATURE_LINES, SIGNATURE_WORDS = 5, 8


def without_frame(text: str, has_wish: HasWish) -> str:
    """The text with greeting, subject and signature blanked out, so that positions stay. Lines with a wish remain.

    Nothing that asks for something is ever taken for courtesy, but a name may be a colour: `Dear Rose`, `Dr. Braun`.
    """
    for pattern in (_SUBJECT, _GREETING):
        match = pattern.search(text)
        if match and (not has_wish(match.group(), False) or _is_name(match.group(), has_wish)):
            text = _blank(text, *match.span())
    for match in _PLEASANTRY.finditer(text):
        if not has_wish(match.group(), False):
            text = _blank(text, *match.span())
    last = _LAST_WORDS.search(text)
    if last and not has_wish(last.group(), True):
        text = _blank(text, *last.span())
    name = _NAME.search(text)
    if name and not has_wish(name.group(), False):
        text = _blank(text, *name.span())
    for match in _CLOSING.finditer(text):
        lines = text[match.end() :].strip("\n").splitlines()
        named = all(len(line.split()) <= SIGNATURE_WORDS and not has_wish(line, True) for line in lines)
        if len(lines) <= SIGNATURE_LINES and named:
            return _blank(text, match.start(), len(text))
    return text


def _is_name(greeting: str, has_wish: HasWish) -> bool:
    """Whether what a greeting seems to ask for is a name: one word with a capital letter, or one after a title."""
    words = re.findall(r"[^\W\d_]+", greeting)[1:]
    if not words:
        return True  # `Morning!`
    return all(word[0].isupper() for word in words) and not has_wish(greeting, True)


def joined_lines(text: str, longest: int = 60) -> str:
    """The text with line ends inside sentences as spaces, where an e-mail program wrapped a long line."""
    pattern = re.compile(rf"(?<=[^\n]{{{longest}}})(?<![.!?;:,])\n(?=[ \t]*[a-zà-ÿ0-9])(?![ \t]*\d{{1,2}}[.)][ \t])")
    return pattern.sub(" ", text)


def listed(text: str) -> str:
    """The text with the items of a list on lines of their own: `1. front 2. back`, `(1) front (2) back`."""
    text = re.sub(r"\((?=\d{1,2}\)[ ])", " ", text)
    for first in _ITEM.finditer(text):
        at, number = first.end(), 2
        space = first.start() + 1
        if text[space - 1 : space] in {":", ","} and f" 2{first[1]} " in text[at:]:
            text = f"{text[:space]}\n{text[space + 1 :]}"
        while (found := text.find(f" {number}{first[1]} ", at)) >= 0 and "\n" not in text[at:found]:
            text = f"{text[:found]}\n{text[found + 1 :]}"
            at, number = found + 1, number + 1
    return text


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]
