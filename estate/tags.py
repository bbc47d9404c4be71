"""Rules about tags, the same for everything that has some."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from estate import limits
from estate.spec import Hit, shown

TAGS_OF_OURS = limits.TAGS_MAX - limits.KIT_TAGS


def bad_tags(tags: Mapping[str, str]) -> Iterator[Hit]:
    """Tags that RDS or ElastiCache would refuse."""
    for key, value in tags.items():
        if key.lower().startswith("aws:"):
            yield Hit(("tags", key), key, must="not start with aws:", fix="AWS keeps that prefix; rename the tag")
        elif not 0 < len(key) <= limits.TAG_KEY_LENGTH_MAX or len(value) > limits.TAG_VALUE_LENGTH_MAX:
            must = f"have a key of 1-{limits.TAG_KEY_LENGTH_MAX} and a value of at most {limits.TAG_VALUE_LENGTH_MAX}"
            yield Hit(("tags", key), f"{len(key)} and {len(value)} characters", must=must, fix="shorten it")
        elif odd := odd_character(key + value):
            yield Hit(
                ("tags", key), shown(odd), must="hold letters, digits, spaces and _ . : / = + - @", fix="remove it"
            )
        elif key.startswith("aurora-estate:"):
            yield Hit(
                ("tags", key), key, must="not start with aurora-estate:", fix="the kit sets these; rename the tag"
            )
    if len(tags) > TAGS_OF_OURS:
        yield Hit(
            ("tags",),
            len(tags),
            must=f"have at most {TAGS_OF_OURS} entries",
            fix="remove some: AWS takes 50, the kit sets 3",
        )


def odd_character(text: str) -> str:
    """The first character that no tag may hold, empty when there is none. [A10 USER_Tagging]"""
    return next((each for each in text if not (each.isalnum() or each in " _.:/=+-@")), "")
