from pathlib import Path

import pytest

from pipeline.catalog.database import Catalog
from pipeline.catalog.queries import list_assets
from pipeline.catalog.review import withdrawal
from pipeline.catalog.review.applying import Decided
from pipeline.catalog.review.decisions import decide
from pipeline.catalog.review.log import audit_log
from pipeline.catalog.review.withdrawal import withdraw
from pipeline.catalog.shoots import record_planned
from pipeline.core.errors import BadInput
from tests.catalog.toy_shoot import ToyShoot
from tests.catalog.words import ANN, EVE

ANGLES = tuple(f"front-{number}" for number in range(5))


@pytest.fixture
def catalog(tmp_path: Path, catalog_url: str, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    """A shoot of five published assets, two of which are withdrawn in one transaction."""
    ToyShoot(tmp_path, catalog_url, angles=ANGLES).publish()
    monkeypatch.setattr(withdrawal, "BATCH", 2)
    return Catalog(catalog_url)


def test_others_can_write_between_the_batches_of_a_withdrawal(
    catalog: Catalog, catalog_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []

    def decide_then_plan(*arguments: object, **options: object) -> tuple[Decided, ...]:
        done = decide(*arguments, **options)  # type: ignore[arg-type]
        batches.append(len(done))
        names = {"sku": f"NEW-{len(batches)}", "collection": "", "source": "", "listing_digest": "", "plan_digest": ""}
        record_planned(catalog_url, "night", **names)
        return done

    monkeypatch.setattr(withdrawal, "decide", decide_then_plan)
    ids = [asset.id for asset in list_assets(catalog)]
    done = withdraw(catalog, ids, ANN, reason="the licence ended")
    assert [row.asset_id for row in done] == ids and batches == [2, 2, 1]
    assert {asset.state for asset in list_assets(catalog)} == {"withdrawn"}
    assert sorted(row.target for row in audit_log(catalog).rows) == ids


def test_an_asset_that_was_made_again_ends_a_withdrawal_and_the_error_counts(catalog: Catalog) -> None:
    seen = {asset.id: asset.sha256 for asset in list_assets(catalog)}
    seen[list(seen)[3]] = "0" * 64
    with pytest.raises(BadInput, match=r"^2 of 5 assets are withdrawn; then .* has been made again"):
        withdraw(catalog, list(seen), ANN, reason="the licence ended", seen=seen)
    states = [asset.state for asset in list_assets(catalog)]
    assert states == ["withdrawn"] * 2 + ["published"] * 3
    assert len(audit_log(catalog).rows) == 2


@pytest.mark.parametrize(("actor", "reason", "what"), [(EVE, "blurred", "may not withdraw"), (ANN, " ", "a reason")])
def test_a_withdrawal_that_is_refused_changes_nothing(catalog: Catalog, actor: object, reason: str, what: str) -> None:
    with pytest.raises(BadInput, match=what):
        withdraw(catalog, [asset.id for asset in list_assets(catalog)], actor, reason=reason)  # type: ignore[arg-type]
    assert {asset.state for asset in list_assets(catalog)} == {"published"}
