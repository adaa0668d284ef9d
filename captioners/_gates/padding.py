"""Whether a caption's words say anything: models that see too little fill the room with phrases that fit
every picture."""

from captioners._gates.language import ENGLISH
from captioners._gates.prose import singular, words
from captioners._gates.words import names
from captioners.dialogue.schema import Fields

EMPTY = names(
    "add aesthetic all ambiance appeal appear aspect atmosphere beautiful beauty bring captivating"
    " capture certain character combination combine come compelling complete composition contribute convey"
    " create depth detail different distinct diverse dynamic element emotion engaging enhance environment"
    " essence evoke experience fascinating feature feel feeling general harmony here highlight impression"
    " include interesting intricate invite item kind lend make manner many moment mood narrative nature"
    " notice noticed number object offer overall part particular perspective place point present quality"
    " range rich scene sense setting several show some something somewhere sort space special story"
    " striking style subtle surrounding take thing together tone touch unfold unique variety various"
    " vibrant view visual visually way whole world"
)
"""Words that a caption of anything may have."""
MOST = 0.6
"""Of the words with a meaning that may be of these, where none names what the other fields do. A guess."""


def padding(fields: Fields) -> str | None:
    told = {singular(word) for word in words(fields.dense) if word not in ENGLISH and len(word) > 2}
    named = {
        singular(word)
        for name in (fields.subject, fields.action, fields.background)
        for word in words(name)
        if word not in ENGLISH
    }
    empty = {word for word in told if word in EMPTY or word.removesuffix("s") in EMPTY}
    if told and not (told & named) and len(empty) >= MOST * len(told):
        return "dense says nothing of what is to be seen, and fits any video"
    return None
