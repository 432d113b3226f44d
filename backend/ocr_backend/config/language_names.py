"""PaddleOCR's names of single languages, and the language code whose models read each.

Source: PaddleOCR 3.7 (`paddleocr/_utils/langs.py`); a language in two of its groups is in the first one here.
"""

_NAMES = {
    "latin": (
        "af az bs cs cy da de es et fr ga hr hu id is it ku la lt lv mi ms mt nl no oc pi pl pt ro rs_latin "
        "sk sl sq sv sw tl tr uz vi french german fi eu gl lb rm ca qu"
    ),
    "eslav": "ru be uk",
    "arabic": "ar fa ug ur ps sd bal",
    "cyrillic": (
        "rs_cyrillic bg mn abq ady kbd ava dar inh che lbe lez tab kk ky tg mk tt cv ba mhr mo udm kv os bua "
        "xal tyv sah kaa"
    ),
    "devanagari": "hi mr ne bh mai ang bho mah sck new gom sa bgc",
}

CODES = {name: code for code, names in _NAMES.items() for name in names.split()}
"""PaddleOCR's name -> language code."""


def code_of(name: str) -> str:
    """The language code that a name stands for; codes and unknown names stand for themselves."""
    return CODES.get(name, name)


def names_of(code: str) -> tuple[str, ...]:
    """PaddleOCR's names of the languages that the models of a code read; empty for a code of one language."""
    return tuple(_NAMES.get(code, "").split())
