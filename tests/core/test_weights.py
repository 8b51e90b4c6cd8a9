import hashlib

import pytest

from pipeline.core.weights import folder_digest, has_code, weight_bytes


@pytest.fixture
def folder(tmp_path):
    for name, text in {
        "config.json": "{}",
        "unet/model.safetensors": "weights",
        "unet/model.fp16.safetensors": "half",
        "README.md": "---\nlicense: bria-rmbg-2.0\ntags: [x]\n---\n# Tiny\n",
        ".cache/lock": "",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_digest_covers_names_and_bytes_sorted_by_name(folder):
    names = ("config.json", "unet/model.fp16.safetensors", "unet/model.safetensors")
    lines = (f"{name}\0{hashlib.sha256((folder / name).read_bytes()).hexdigest()}\n" for name in names)
    assert folder_digest(folder) == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_the_digest_ignores_the_card_and_compiled_code(folder):
    before = folder_digest(folder)
    (folder / "README.md").write_text("another card")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "model.pyc").write_bytes(b"compiled")
    assert folder_digest(folder) == before
    (folder / "unet" / "model.safetensors").write_text("other weights")
    assert folder_digest(folder) != before


def test_python_files_count_as_code(folder):
    assert not has_code(folder)
    (folder / "unet" / "model.py").write_text("")
    assert has_code(folder)


def test_only_the_smaller_of_two_precisions_counts(folder):
    assert weight_bytes(folder) == len("half")
    (folder / "unet" / "model.safetensors.index.json").write_text("{}")
    (folder / "vae.safetensors").write_text("more")
    assert weight_bytes(folder) == len("half") + len("more")
