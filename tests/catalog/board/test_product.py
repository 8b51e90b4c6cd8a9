from pathlib import Path

import pytest

from pipeline.catalog.board.product import read_product
from pipeline.catalog.database import Catalog
from pipeline.catalog.review.decisions import decide
from pipeline.catalog.shoots import StepFate, record_fate, record_planned, record_requested, record_step
from pipeline.core.errors import BadInput
from tests.catalog.toy_shoot import ToyShoot
from tests.catalog.words import EVE, FRONT, OTHER_PHOTOS, UNSURE


def test_a_product_shows_everything_that_the_catalog_knows_of_it(tmp_path: Path, catalog_url: str) -> None:
    catalog, shoot = Catalog(catalog_url), ToyShoot(tmp_path, catalog_url, verdict=UNSURE)
    splat = shoot.upstream()["splat"]
    record_planned(
        catalog_url,
        "night",
        sku="MUG-1",
        collection="autumn",
        source="/shoots/mug",
        listing_digest="l",
        plan_digest="p",
    )
    record_step(catalog_url, "night", "MUG-1", StepFate(step="splat", state="done", step_key=splat.key))
    shoot.publish()
    decide(catalog, [FRONT], "approved", EVE)
    held = StepFate(
        step="evidence", state="held", reason="no text. Photograph the label", code="x", picture_sha256="a" * 64
    )
    record_step(catalog_url, "night", "MUG-1", held)
    record_step(catalog_url, "night", "MUG-1", StepFate(step="caption", state="held", reason="held by evidence"))
    record_fate(catalog_url, "night", "MUG-1", "held", "evidence: no text")
    product = read_product(catalog, "MUG-1")
    assert (product.title, product.fate, product.plan_digest) == ("Mug", "held", "p")
    assert [photo.name for photo in product.photos] == ["A.jpg", "B.jpg"]
    assert [(angle.angle, angle.source, angle.photo) for angle in product.angles] == [
        ("front", "captured", "A"), ("left", "rendered", None), ("back", "refused", None)
    ]  # fmt: skip
    assert [each.review and each.review.decided_by for each in product.assets] == ["eve", None]
    assert [claim.verdict for claim in product.captions[0].claims] == ["supported", "unsupported"]
    assert [(each.step, each.picture_sha256) for each in product.held] == [("evidence", "a" * 64)]
    assert [(run.run_id, run.fate) for run in product.runs] == [("night", "held")]
    outputs = splat.outputs or {}
    assert product.splat_sha256 == outputs["splat"]["sha256"] and product.coverage_plot_sha256 is None


def test_a_product_shows_what_its_own_plan_made_and_not_a_brief(tmp_path: Path, catalog_url: str) -> None:
    shoot, known = ToyShoot(tmp_path, catalog_url), {"sku": "MUG-1", "collection": "autumn", "source": ""}
    own, other = shoot.upstream()["splat"], shoot.but(photos=OTHER_PHOTOS).upstream()["splat"]
    for each in (shoot, shoot.but(photos=OTHER_PHOTOS), shoot):
        each.publish()
    record_planned(catalog_url, "night", **known, listing_digest="l", plan_digest="p")
    record_step(catalog_url, "night", "MUG-1", StepFate(step="splat", state="done", step_key=own.key))
    record_requested(catalog_url, "redo", **known, plan_digest="q")
    record_step(catalog_url, "redo", "MUG-1", StepFate(step="splat", state="done", step_key=other.key))
    splat_sha256 = read_product(Catalog(catalog_url), "MUG-1").splat_sha256
    assert splat_sha256 == (own.outputs or {})["splat"]["sha256"] != (other.outputs or {})["splat"]["sha256"]


def test_a_product_that_never_ran_through_is_shown_too(catalog_url: str) -> None:
    record_fate(catalog_url, "night", "MUG-1", "refused", "no photos", collection="autumn")
    product = read_product(Catalog(catalog_url), "MUG-1")
    assert (product.fate, product.reason, product.assets, product.photos) == ("refused", "no photos", (), ())
    with pytest.raises(BadInput, match="no product 'MUG-2'"):
        read_product(Catalog(catalog_url), "MUG-2")
