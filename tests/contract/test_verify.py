import os
from pathlib import Path

import pytest

from pipeline.contract.artifact import Artifact
from pipeline.contract.runner import Runner
from pipeline.contract.store import Store
from pipeline.contract.verify import verify
from tests.contract import toy
from tests.contract.test_runner import TEXTS


@pytest.fixture
def texts(store: Store) -> Artifact:
    """The folder that a finished run left, of files `a`, `b`, `c`."""
    outputs = Runner(store).run(toy.TOY, toy.make_inputs(store, TEXTS), toy.Params()).outputs
    return outputs.texts


def test_intact_store_has_no_damage(store: Store, texts: Artifact) -> None:
    found = verify(store)
    assert (found.manifests, found.damaged) == (4, ())
    assert found.objects == len(list(store.root.glob("objects/*/*"))) > 4


@pytest.mark.parametrize("damage", ["flip", "delete", "cut"])
def test_damaged_file_is_listed_with_the_steps_that_made_it(store: Store, texts: Artifact, damage: str) -> None:
    path = Path(store.where(store.tree(texts)["b"].sha256))
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    {"flip": lambda: path.write_bytes(data), "delete": path.unlink, "cut": lambda: os.truncate(path, 1)}[damage]()
    (found,) = verify(store).damaged
    assert (found.path, found.sha256) == (str(path), path.name)
    assert sorted(step.split()[0] for step in found.whose) == ["toy", "toy_text"]
    Runner(store).run(toy.TOY, toy.make_inputs(store, TEXTS), toy.Params())
    assert verify(store).damaged == ()


def test_damaged_folder_and_damaged_manifest_are_listed(store: Store, texts: Artifact) -> None:
    Path(store.where(texts.sha256)).write_bytes(b"{}")
    manifest = next((store.root / "manifests" / "toy_text").glob("*.json"))
    manifest.write_bytes(b"")
    assert {damage.path for damage in verify(store).damaged} == {store.where(texts.sha256), str(manifest)}


def test_a_file_of_the_shoot_that_is_missing_is_listed_with_the_steps_that_read_it(store: Store) -> None:
    inputs = toy.make_inputs(store, TEXTS)
    Runner(store).run(toy.TOY, inputs, toy.Params())
    Path(store.where(inputs.texts.sha256)).unlink()
    (found,) = verify(store).damaged
    assert (found.sha256, [step.split()[0] for step in found.whose]) == (inputs.texts.sha256, ["toy"])


def test_damaged_photo_that_no_step_read_has_no_owner(store: Store) -> None:
    photo = store.put(b"photo", "image/jpeg")
    Path(store.where(photo.sha256)).write_bytes(b"other")
    assert [damage.whose for damage in verify(store).damaged] == [()]


def test_asset_lost_together_with_its_manifest_is_listed(store: Store, texts: Artifact) -> None:
    promised = [(texts.sha256, "asset mug/front"), ("0" * 64, "asset mug/left")]
    (found,) = verify(store, promised).damaged
    assert (found.path, found.whose) == (store.where("0" * 64), ("asset mug/left",))
