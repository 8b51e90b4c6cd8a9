import pytest
from pydantic import ValidationError

from pipeline.core.pinned import PinnedCheckpoint


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    return tmp_path


def fields_of(params):
    return params.licence, params.licence_use, params.licence_said_by


def test_the_folder_fills_in_what_the_preset_leaves_open(folder):
    params = PinnedCheckpoint(checkpoint=str(folder))
    assert fields_of(params) == ("cc-by-nc-4.0", "non-commercial", "README.md")
    assert PinnedCheckpoint.model_validate(params.model_dump()) == params


def test_what_the_preset_states_wins_and_is_recorded_as_its_word(folder):
    stated = PinnedCheckpoint(checkpoint=str(folder), licence="apache-2.0")
    assert fields_of(stated) == ("apache-2.0", "commercial", "the preset")
    bought = {"licence": "contract 4711", "licence_use": "commercial", "licence_said_by": "Jo Smith"}
    assert fields_of(PinnedCheckpoint(checkpoint=str(folder), **bought)) == tuple(bought.values())


def test_a_plan_keeps_the_licence_where_the_folder_is_elsewhere(folder):
    planned = PinnedCheckpoint(checkpoint=str(folder)).model_dump()
    assert fields_of(PinnedCheckpoint(**{**planned, "checkpoint": "/not/here"})) == fields_of(
        PinnedCheckpoint(**planned)
    )


@pytest.mark.parametrize("field", ["licence_use", "licence_said_by"])
def test_words_about_a_licence_without_its_name_are_refused(folder, field):
    with pytest.raises(ValidationError, match="name it too"):
        PinnedCheckpoint(checkpoint=str(folder), **{field: "commercial"})
