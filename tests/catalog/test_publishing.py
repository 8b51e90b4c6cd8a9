import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.catalog import publishing
from pipeline.catalog.captions import read_captions
from pipeline.catalog.database import Catalog
from pipeline.catalog.queries import list_assets
from pipeline.catalog.tables import Base, InputRow, StepRow
from pipeline.language.briefs.plan import EditPlan, Wish
from tests.catalog.toy_shoot import ToyShoot


def row_counts(url: str) -> dict[str, int]:
    with Catalog(url).read() as session:
        return {table.name: session.query(table).count() for table in Base.metadata.sorted_tables}


def test_shoots_that_share_steps_can_publish_concurrently(tmp_path: Path, catalog_url: str) -> None:
    shoots = [ToyShoot(tmp_path, catalog_url, sku=f"MUG-{number}") for number in range(4)]
    shoots[0].upstream()
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda shoot: shoot.publish(), shoots))
    assert [report.published for report in reports] == [2] * 4
    assert len(list_assets(Catalog(catalog_url))) == 8
    counts = row_counts(catalog_url)
    assert counts["steps"] == reports[0].steps
    assert sum(report.rows_inserted for report in reports) == sum(counts.values())


def test_concurrent_publishing_of_one_shoot_inserts_its_rows_once(tmp_path: Path, catalog_url: str) -> None:
    shoot = ToyShoot(tmp_path, catalog_url)
    shoot.upstream()
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda _: shoot.publish(), range(4)))
    assert sorted(report.rows_inserted > 0 for report in reports) == [False, False, False, True]
    assert sum(report.rows_inserted for report in reports) == sum(row_counts(catalog_url).values())


BRIEF = EditPlan(text="front, brighter", language="en", parser="test")


def test_request_is_published_beside_the_shoot_and_neither_withdraws_the_other(
    tmp_path: Path, catalog_url: str
) -> None:
    shoot = ToyShoot(tmp_path, catalog_url)
    shoot.publish()
    caption = read_captions(Catalog(catalog_url), "MUG-1")
    asked = shoot.but(angles=("front",), channels=("shop", "feed"))
    assert asked.publish(BRIEF).published == 2
    ids = [asset.id for asset in list_assets(Catalog(catalog_url))]
    brief = BRIEF.id_for("MUG-1")
    assert ids == [
        f"MUG-1/{brief}/front/white/feed", f"MUG-1/{brief}/front/white/shop",
        "MUG-1/front/white/shop", "MUG-1/left/white/shop",
    ]  # fmt: skip
    assert read_captions(Catalog(catalog_url), "MUG-1") == caption
    assert asked.publish(BRIEF).rows_inserted == shoot.publish().rows_inserted == 0
    assert len(list_assets(Catalog(catalog_url))) == 4
    assert asked.but(channels=("shop",)).publish(BRIEF).published == 1
    assert [asset.id for asset in list_assets(Catalog(catalog_url), state="withdrawn")] == [ids[0]]


def test_assets_of_a_brief_that_would_alter_the_product_wait_for_review(tmp_path: Path, catalog_url: str) -> None:
    wish = Wish(text="remove the tag", route="inpaint", target="product", alters_product=True)
    report = ToyShoot(tmp_path, catalog_url).publish(BRIEF.model_copy(update={"wishes": (wish,)}))
    assert (report.published, report.in_review) == (0, 2)
    assert "remove the tag" in list_assets(Catalog(catalog_url))[0].reasons[-1]


def _publish_and_die(shoot: ToyShoot) -> None:
    def die(*_args: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    publishing._assets = die  # type: ignore[assignment]  # this child process ends here
    shoot.publish()


def test_kill_inside_the_transaction_leaves_no_row_and_no_lock(tmp_path: Path, catalog_url: str) -> None:
    shoot = ToyShoot(tmp_path, catalog_url)
    Catalog(catalog_url)
    process = multiprocessing.get_context("spawn").Process(target=_publish_and_die, args=(shoot,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert set(row_counts(catalog_url).values()) == {0}
    assert shoot.publish().published == 2


@pytest.mark.parametrize("photos", [1, 5])
def test_removed_photos_leave_no_edge_behind(tmp_path: Path, catalog_url: str, photos: int) -> None:
    """Steps of an earlier run stay as history; the inputs of a step never mix two runs."""
    ToyShoot(tmp_path, catalog_url).publish()
    shoot = ToyShoot(tmp_path, catalog_url, photos={f"P{number}.jpg": b"%d" % number for number in range(photos)})
    shoot.publish()
    with Catalog(catalog_url).read() as session:
        keys = {manifest.key for manifest in shoot.upstream().values()}
        rows = session.query(InputRow).join(StepRow, StepRow.id == InputRow.step_id)
        rows = rows.filter(StepRow.key.in_(keys), InputRow.path != "")
        assert {row.path.split(".")[0] for row in rows if row.name == "photos"} == {
            f"P{number}" for number in range(photos)
        }
