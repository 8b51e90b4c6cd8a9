"""Answers of a writing model about the subject of `tests.language.subjects`."""

import json

from tests.language.llm.server import Reply

GOOD = {
    "title": "Nordlys Harbour Tee in navy",
    "titles": [],
    "description": "A cotton T-shirt with a printed block.",
    "bullets": ["Navy cotton", " Printed block "],
    "alt_text": "Navy T-shirt with a white print",
    "views": [
        {"name": "front", "words": "from the front"},
        {"name": "left", "words": "from the left"},
        {"name": "back", "words": "from behind"},
    ],
    "attributes": [{"name": "colour", "value": "navy"}],
    "prompt": "a navy t-shirt with a white print",
}


def good(**changes: object) -> Reply:
    """A reply that may be published, with changes."""
    return Reply(json.dumps({**GOOD, **changes}))
