import json

import pytest

from pipeline.core.licences.folder import NOT_HERE, Licence, licence_in
from pipeline.diffusion.painting.checkpoints import EMBEDDED_FOLDER

NC_TEXT = "FLUX.1 [dev] Non-Commercial License v1.1.1\n\nBlack Forest Labs"
APACHE_TEXT = "\n                                 Apache License\n                           Version 2.0, January 2004"


def card(folder, front):
    (folder / "README.md").write_text(f"---\n{front}\n---\n# Weights\n")


def safetensors(path, metadata):
    header = json.dumps({"__metadata__": metadata}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)


def test_the_card_states_the_licence(tmp_path):
    card(tmp_path, "license: apache-2.0\ntags: [x]")
    assert licence_in(tmp_path) == Licence("apache-2.0", "commercial", "README.md")
    card(tmp_path, "license: other\nlicense_name: bria-rmbg-2.0")
    assert licence_in(tmp_path) == Licence("bria-rmbg-2.0", "non-commercial", "README.md")


@pytest.mark.parametrize(
    "text", ["# No front matter\n", "---\n: [\n---\n", "---\n- list\n---\n", "---\ntags: [x]\n---\n", ""]
)
def test_a_card_that_states_nothing_leaves_the_licence_unknown(tmp_path, text):
    (tmp_path / "README.md").write_text(text)
    assert licence_in(tmp_path) == Licence("not stated", "unknown", "no file of the checkpoint")


@pytest.mark.parametrize(
    ("name", "text", "use"),
    [
        ("LICENSE", APACHE_TEXT, "commercial"),
        ("LICENSE.md", NC_TEXT, "non-commercial"),
        ("license.txt", "Creative Commons Attribution-NonCommercial 4.0 International", "non-commercial"),
        ("LICENCE", "CreativeML Open RAIL-M\ndated August 22, 2022", "conditional"),
        ("COPYING", "Permission is hereby granted, free of charge, to any person", "commercial"),
        ("LICENSE-weights", "STABILITY AI COMMUNITY LICENSE AGREEMENT", "conditional"),
        ("LICENSE", "Ask Jo before you use it.", "unknown"),
    ],
)
def test_a_licence_text_is_known_by_its_title(tmp_path, name, text, use):
    (tmp_path / name).write_text(text)
    found = licence_in(tmp_path)
    assert (found.use, found.said_by) == (use, name)


def test_metadata_of_the_weights_and_of_the_configuration_count(tmp_path):
    (tmp_path / "unet").mkdir()
    safetensors(tmp_path / "unet" / "model.safetensors", {"modelspec.license": "CreativeML Open RAIL++-M"})
    assert licence_in(tmp_path) == Licence("CreativeML Open RAIL++-M", "conditional", "unet/model.safetensors")
    (tmp_path / "config.json").write_text('{"license": "cc-by-nc-4.0"}')
    assert licence_in(tmp_path) == Licence("cc-by-nc-4.0", "non-commercial", "config.json")


def test_the_strictest_file_counts_and_one_that_is_not_understood_does_not(tmp_path):
    card(tmp_path, "license: apache-2.0")
    (tmp_path / "LICENSE").write_text("Ask Jo before you use it.")
    assert licence_in(tmp_path).said_by == "README.md"
    (tmp_path / "LICENSE").write_text(NC_TEXT)
    assert licence_in(tmp_path) == Licence("flux-non-commercial", "non-commercial", "LICENSE")


def test_damaged_files_and_a_missing_folder_state_nothing(tmp_path):
    (tmp_path / "config.json").write_text("{")
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 40)
    (tmp_path / "other.safetensors").write_bytes((4).to_bytes(8, "little") + b"[42]")
    assert licence_in(tmp_path).use == "unknown"
    assert licence_in(tmp_path / "nowhere") == Licence("not stated", "unknown", NOT_HERE)


def test_the_embedded_checkpoint_may_be_used_commercially():
    assert licence_in(EMBEDDED_FOLDER) == Licence("apache-2.0", "commercial", "README.md")
