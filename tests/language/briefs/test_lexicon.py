from pipeline.diffusion.scenes.vocabulary import understand
from pipeline.language.briefs.lexicon import lexicon, rows


def test_every_scene_word_is_known_to_the_embedded_painter():
    unknown = {
        (kind, value): understand(value).passed_over
        for kind, value, *_ in rows()
        if kind in {"TONE", "MATERIAL", "PLACE"} and len(understand(value).passed_over) == len(value.split())
    }
    assert unknown == {}


def test_no_phrase_means_two_things_that_the_grammar_cannot_tell_apart():
    allowed = {"TONE", "COURTESY", "EVERY", "NUM"}
    doubtful = {
        key: kinds
        for key, meanings in lexicon().entries.items()
        if len(kinds := {meaning.kind for meaning in meanings} - allowed) > 1
    }
    assert doubtful == {("behind",): {"BACKDROP", "SIDE"}}  # `black behind`, or `from behind`
