"""Tell a person what was converted or guessed to decode photos: each note once, with the photos it is about."""

from collections.abc import Mapping, Sequence


def by_note(notes: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The notes of photos, by name, as lines such as `DSC_1.jpg and 11 more: 16 bits were reduced to 8`."""
    photos: dict[str, list[str]] = {}
    for name, own in notes.items():
        for note in own:
            photos.setdefault(note, []).append(name)
    return tuple(
        f"{names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: {note}" for note, names in photos.items()
    )
