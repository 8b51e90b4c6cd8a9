"""Mattes are compared with the hull of the others, and seeds are corrected where they contradict it."""

from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.core.arrays import Mask, Pixels
from pipeline.core.domain import Camera, look_at
from pipeline.posing.hull import PosedMatte, project_px
from pipeline.posing.scene.agreement import BACKDROP, PRODUCT, UNKNOWN, Others, ShapeFit, others
from pipeline.posing.scene.carve import Box

CAMERA = Camera(width_px=240, height_px=200, fx_px=330, fy_px=330, cx_px=120, cy_px=100)
BOX = Box(np.array([-1.0, -1.0, -0.6]), np.eye(3), np.array([2.0, 2.0, 1.4]))
RADIUS, HEIGHT = 0.5, 1.0  # of a cylinder that stands on z = -0.5
ODD = 5


def cylinder(count: int, elevation_deg: float = 25.0) -> list[PosedMatte]:
    """True silhouettes of a cylinder, seen all round by level cameras."""
    turns = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    rims = [[RADIUS * np.cos(t), RADIUS * np.sin(t), z] for t in turns for z in (-HEIGHT / 2, HEIGHT / 2)]
    mattes = []
    for number in range(count):
        pose = look_at(360 * number / count, elevation_deg, 4.0)
        pixels, _ = project_px(CAMERA, pose, np.array(rims))
        inside = np.zeros((CAMERA.height_px, CAMERA.width_px), np.uint8)
        cv2.fillConvexPoly(inside, cv2.convexHull(pixels.astype(np.float32)).round().astype(np.int32), 1)
        mattes.append(PosedMatte(CAMERA, pose, inside > 0))
    return mattes


@pytest.fixture(scope="module")
def mattes() -> list[PosedMatte]:
    """24 of them."""
    return cylinder(24)


@pytest.fixture(scope="module")
def told(mattes: list[PosedMatte]) -> Others:
    """What the others say about one of the 24, whatever its own silhouette."""
    empty = np.zeros_like(mattes[ODD].inside)
    return others([replace(m, inside=empty) if i == ODD else m for i, m in enumerate(mattes)], [True] * 24, BOX)[ODD]


def unknown(silhouette: Mask) -> Pixels:
    """Seeds that say nothing."""
    return np.full(silhouette.shape, UNKNOWN, np.uint8)


def damaged(silhouette: Mask, share: float) -> Mapping[str, Mask]:
    """The silhouette with a piece of table beside the foot, without its foot, without a side, with a hole."""
    rows, columns = np.nonzero(silhouette)
    y, x = np.indices(silhouette.shape)
    area = share * len(rows)

    def nearest(distance: np.ndarray, allowed: Mask) -> Mask:
        return allowed & (distance <= np.sort(distance[allowed])[int(area)])

    middle = np.hypot(x - np.median(columns), y - np.median(rows))
    return {
        "table": silhouette | nearest(np.hypot(x - np.quantile(columns, 0.8), y - rows.max()), ~silhouette),
        "foot": silhouette & ~nearest(-y, silhouette),
        "side": silhouette & ~nearest(x, silhouette),
        "hole": silhouette & ~nearest(middle, silhouette),
    }


@pytest.mark.parametrize("count", [6, 12, 24])
def test_true_silhouettes_fit_however_many_there_are(count: int) -> None:
    mattes = cylinder(count)
    for matte, other in zip(mattes, others(mattes, [True] * count, BOX), strict=True):
        fit = other.fit(matte.inside, unknown(matte.inside))
        assert fit.extra < 0.01
        assert fit.lost < 0.01


@pytest.mark.parametrize("share", [0.1, 0.2])
@pytest.mark.parametrize("kind", ["table", "foot", "side", "hole"])
def test_a_planted_piece_or_loss_is_measured_to_a_third(
    kind: str, share: float, mattes: list[PosedMatte], told: Others
) -> None:
    true = mattes[ODD].inside
    wrong = damaged(true, share)[kind]
    fit = told.fit(wrong, unknown(true))
    seen, other = (fit.extra, fit.lost) if kind == "table" else (fit.lost, fit.extra)
    planted = share * true.sum() / wrong.sum()
    assert 0.67 * planted < seen < 1.33 * planted
    assert other < 0.01


def test_with_few_photos_only_colours_tell_that_something_is_missing() -> None:
    mattes = cylinder(10)
    true = mattes[ODD].inside
    wrong = damaged(true, 0.2)["side"]
    other = others(mattes, [True] * 10, BOX)[ODD]
    assert other.fit(wrong, unknown(true)).lost < 0.01
    assert other.fit(wrong, np.where(true, 200, 60).astype(np.uint8)).lost > 0.15


def test_what_the_seeds_are_sure_of_is_no_piece_of_table_and_must_not_be_missing(
    mattes: list[PosedMatte], told: Others
) -> None:
    true = mattes[ODD].inside
    larger = damaged(true, 0.2)["table"]
    seeds = np.where(larger, PRODUCT, BACKDROP).astype(np.uint8)
    assert told.fit(larger, seeds).extra < 0.01
    assert told.fit(true, seeds).lost > 0.15


def test_where_hardly_any_photo_looks_nothing_is_too_much(mattes: list[PosedMatte]) -> None:
    away = np.diag([-1.0, 1.0, -1.0, 1.0])  # all cameras but one look into the other direction
    turned = [m if i == ODD else replace(m, cam_from_world=away @ m.cam_from_world) for i, m in enumerate(mattes[:8])]
    other = others(turned, [True] * 8, BOX)[ODD]
    assert other.fit(mattes[ODD].inside, unknown(mattes[ODD].inside)) == ShapeFit(0.0, 0.0)
    assert not other.inside.any()


def test_corrected_seeds_deny_the_table_and_restore_what_colours_allow(mattes: list[PosedMatte], told: Others) -> None:
    true = mattes[ODD].inside
    for kind, wrong in damaged(true, 0.2).items():
        colours = np.where(true, 160, 100).astype(np.uint8)
        seeds = told.corrected(wrong, colours)
        piece = cv2.erode((wrong ^ true).astype(np.uint8), np.ones((9, 9))) > 0
        assert piece.any()
        assert (seeds[piece] == (BACKDROP if kind == "table" else PRODUCT)).mean() > 0.9, kind
        changed = seeds != colours
        assert not changed[cv2.dilate((wrong ^ true).astype(np.uint8), np.ones((61, 61))) == 0].any()


def test_seeds_against_the_colours_become_unknown_and_no_more(mattes: list[PosedMatte], told: Others) -> None:
    true = mattes[ODD].inside
    wrong = damaged(true, 0.2)["hole"]
    seeds = told.corrected(wrong, np.full(true.shape, 60, np.uint8))
    assert set(np.unique(seeds)) == {60, UNKNOWN}


def test_a_silhouette_that_is_not_heard_cannot_carve_the_others() -> None:
    mattes = cylinder(6)
    nothing = np.zeros_like(mattes[ODD].inside)
    emptied = [replace(m, inside=nothing) if i in {1, 2, ODD} else m for i, m in enumerate(mattes)]
    assert not others(emptied, [True] * 6, BOX)[0].likely.any()
    heard = others(emptied, [i not in {1, 2, ODD} for i in range(6)], BOX)[0]
    assert (heard.likely & mattes[0].inside).sum() > 0.9 * mattes[0].inside.sum()
