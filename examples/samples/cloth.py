"""A small cloth simulator: sews a flat pattern around an invisible form and drapes it.

Extended position-based dynamics with small substeps (Macklin et al., "Small Steps in Physics Simulation", 2019):
stretch and bend are distance constraints, the form is a signed distance grid. Metres, seconds, +z up.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.spatial import Delaunay, cKDTree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DT_S = 1 / 1200
BEND_SOFTNESS = 300.0  # XPBD compliance / dt^2, unit masses: a soft jersey


@dataclass(frozen=True)
class Panel:
    """A flat piece of fabric: `points` [N, 2] metres, `faces` [M, 3]; the first `border` points are its outline."""

    points: Floats
    faces: Ints
    border: int


@dataclass(frozen=True)
class Form:
    """A body as a signed distance grid: `distance` [X, Y, Z], its first corner [3] and its spacing, all in metres."""

    distance: Floats
    corner: Floats
    spacing: float


def resample(line: Floats, spacing: float) -> Floats:
    """Points [K, 2] along a polyline at about `spacing`, without its last point, where the next line starts."""
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    count = max(1, round(lengths[-1] / spacing))
    at = np.linspace(0.0, lengths[-1], count + 1)[:-1]
    return np.stack([np.interp(at, lengths, line[:, axis]) for axis in (0, 1)], axis=1)


def inside(points: Floats, outline: Floats) -> NDArray[np.bool_]:
    """Which points [N, 2] lie inside the closed outline [K, 2] (even-odd rule)."""
    x, y = points[:, :1], points[:, 1:]
    ax, ay = outline[:, 0], outline[:, 1]
    bx, by = np.roll(ax, -1), np.roll(ay, -1)
    crosses = (ay > y) != (by > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = ax + (y - ay) * (bx - ax) / (by - ay)
    hits: NDArray[np.bool_] = (np.sum(crosses & (x < at), axis=1) % 2) == 1
    return hits


def triangulate(outline: Floats, spacing: float) -> Panel:
    """Triangulate an outline whose points are about `spacing` apart into a panel of even triangles."""
    low, high = outline.min(0), outline.max(0)
    rows = np.arange(low[1], high[1], spacing * np.sqrt(3) / 2)
    grid = np.concatenate(
        [
            np.stack(
                [
                    np.arange(low[0] + spacing / 2 * (i % 2), high[0], spacing),
                    np.full_like(np.arange(low[0] + spacing / 2 * (i % 2), high[0], spacing), y),
                ],
                axis=1,
            )
            for i, y in enumerate(rows)
        ]
    )
    grid = grid[inside(grid, outline)]
    grid = grid[cKDTree(outline).query(grid)[0] > 0.6 * spacing]
    points = np.concatenate([outline, grid])
    faces = Delaunay(points).simplices.astype(np.int64)
    corners = points[faces]
    area = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    faces[area < 0] = faces[area < 0][:, ::-1]
    keep = inside(corners.mean(1), outline) & (np.abs(area) > 1e-3 * spacing**2)
    return Panel(points, faces[keep], len(outline))


def springs(faces: Ints) -> tuple[Ints, Ints]:
    """Edges [E, 2] of a mesh, and the pairs [B, 2] of vertices opposite each other across an inner edge."""
    halves = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    third = np.concatenate([faces[:, 2], faces[:, 0], faces[:, 1]])
    halves = np.sort(halves, axis=1)
    order = np.lexsort((halves[:, 1], halves[:, 0]))
    halves, third = halves[order], third[order]
    same = np.all(halves[1:] == halves[:-1], axis=1)
    across = np.stack([third[:-1][same], third[1:][same]], axis=1)
    return np.unique(halves, axis=0), across[across[:, 0] != across[:, 1]]


@njit(cache=True)
def _distance(grid, corner, spacing, x, y, z):  # type: ignore[no-untyped-def]
    """Trilinear signed distance at a point; outside the grid counts as outside the form."""
    fx, fy, fz = (x - corner[0]) / spacing, (y - corner[1]) / spacing, (z - corner[2]) / spacing
    i, j, k = int(np.floor(fx)), int(np.floor(fy)), int(np.floor(fz))
    if i < 0 or j < 0 or k < 0 or i >= grid.shape[0] - 1 or j >= grid.shape[1] - 1 or k >= grid.shape[2] - 1:
        return 1.0
    a, b, c = fx - i, fy - j, fz - k
    low = (1 - a) * ((1 - b) * grid[i, j, k] + b * grid[i, j + 1, k]) + a * (
        (1 - b) * grid[i + 1, j, k] + b * grid[i + 1, j + 1, k]
    )
    high = (1 - a) * ((1 - b) * grid[i, j, k + 1] + b * grid[i, j + 1, k + 1]) + a * (
        (1 - b) * grid[i + 1, j, k + 1] + b * grid[i + 1, j + 1, k + 1]
    )
    return (1 - c) * low + c * high


@njit(cache=True)
def _pull(new, weight, pairs, rest, alpha):  # type: ignore[no-untyped-def]
    """One Gauss-Seidel pass over distance constraints. `weight` 0 pins a vertex; `alpha` is XPBD's compliance."""
    for e in range(pairs.shape[0]):
        i, j = pairs[e, 0], pairs[e, 1]
        dx, dy, dz = new[i, 0] - new[j, 0], new[i, 1] - new[j, 1], new[i, 2] - new[j, 2]
        length = np.sqrt(dx * dx + dy * dy + dz * dz)
        total = weight[i] + weight[j] + alpha
        if length > 1e-9 and total > 0.0:
            push = (length - rest[e]) / total / length
            new[i, 0] -= weight[i] * push * dx
            new[i, 1] -= weight[i] * push * dy
            new[i, 2] -= weight[i] * push * dz
            new[j, 0] += weight[j] * push * dx
            new[j, 1] += weight[j] * push * dy
            new[j, 2] += weight[j] * push * dz


@njit(cache=True)
def _collide(new, old, weight, grid, corner, h, gap, friction):  # type: ignore[no-untyped-def]
    """Push vertices out of the form (a grid of spacing `h`) and reduce their sliding by friction."""
    for v in range(new.shape[0]):
        x, y, z = new[v, 0], new[v, 1], new[v, 2]
        d = _distance(grid, corner, h, x, y, z)
        if d < gap and weight[v] > 0.0:
            nx = _distance(grid, corner, h, x + h, y, z) - _distance(grid, corner, h, x - h, y, z)
            ny = _distance(grid, corner, h, x, y + h, z) - _distance(grid, corner, h, x, y - h, z)
            nz = _distance(grid, corner, h, x, y, z + h) - _distance(grid, corner, h, x, y, z - h)
            size = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
            nx, ny, nz = nx / size, ny / size, nz / size
            x, y, z = x + (gap - d) * nx, y + (gap - d) * ny, z + (gap - d) * nz
            sx, sy, sz = x - old[v, 0], y - old[v, 1], z - old[v, 2]
            along = sx * nx + sy * ny + sz * nz
            new[v, 0] = x - friction * (sx - along * nx)
            new[v, 1] = y - friction * (sy - along * ny)
            new[v, 2] = z - friction * (sz - along * nz)


@njit(cache=True)
def _fall(x, weight, stretch, rest, bend, bend_rest, grid, corner, h, steps, dt, softness):  # type: ignore
    """Integrate `steps` substeps of `dt` seconds and return the final positions."""
    velocity = np.zeros_like(x)
    for step in range(steps):
        new = x.copy()
        for v in range(x.shape[0]):
            if weight[v] > 0.0:
                speed = np.sqrt(velocity[v, 0] ** 2 + velocity[v, 1] ** 2 + velocity[v, 2] ** 2)
                slow = min(1.0, 1.5 / (speed + 1e-9))  # limits the speed while the initial pillow shape collapses
                new[v, 0] += slow * velocity[v, 0] * dt
                new[v, 1] += slow * velocity[v, 1] * dt
                new[v, 2] += slow * velocity[v, 2] * dt - 9.81 * dt * dt
        _pull(new, weight, stretch, rest, 0.0)
        _pull(new, weight, bend, bend_rest, softness)
        _collide(new, x, weight, grid, corner, h, 0.003, 0.3)
        damping = 0.998 if step < 0.8 * steps else 0.98  # damps the remaining motion
        velocity = (new - x) / dt * damping
        x = new
    return x


def drape(
    start: Floats,
    pinned: NDArray[np.bool_],
    pattern: Floats,
    faces_sewn: Ints,
    faces_flat: Ints,
    form: Form,
    steps: int,
) -> Floats:
    """Drape a sewn garment over a form; returns vertex positions [N, 3].

    `start` [N, 3]: the sewn vertices; `pinned` [N]: those that do not move. `faces_sewn` [M, 3] index them;
    `faces_flat` [M, 3] are the same triangles in the flat `pattern` [P, 2], which gives every edge its rest length.
    """
    edges, lengths = [], []
    for a, b in ((0, 1), (1, 2), (2, 0)):
        edges.append(faces_sewn[:, [a, b]])
        lengths.append(np.linalg.norm(pattern[faces_flat[:, a]] - pattern[faces_flat[:, b]], axis=1))
    pairs, first = np.unique(np.sort(np.concatenate(edges), axis=1), axis=0, return_index=True)
    rest = np.concatenate(lengths)[first]
    _, across = springs(faces_sewn)
    _, across_flat = springs(faces_flat)
    bend_rest = np.full(len(across), np.median(np.linalg.norm(np.diff(pattern[across_flat], axis=1), axis=2)))
    rng = np.random.default_rng(7)
    shuffle, shuffle_bend = (
        rng.permutation(len(pairs)),
        rng.permutation(len(across)),
    )  # a fixed order would bias the folds
    result: Floats = _fall(
        start.copy(),
        np.where(pinned, 0.0, 1.0),
        pairs[shuffle],
        rest[shuffle],
        across[shuffle_bend],
        bend_rest,
        form.distance,
        form.corner,
        form.spacing,
        steps,
        DT_S,
        BEND_SOFTNESS,
    )
    return result


def subdivide(points: Floats, faces: Ints, *, smooth: bool) -> tuple[Floats, Ints]:
    """One round of Loop subdivision (`smooth`) or midpoint subdivision, with the same faces in the same order."""
    halves = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    edges, which, count = np.unique(halves, axis=0, return_inverse=True, return_counts=True)
    which = which.reshape(-1)
    middle = points[edges].mean(1)
    moved = points
    if smooth:
        third = np.concatenate([faces[:, 2], faces[:, 0], faces[:, 1]])
        opposite = np.zeros_like(middle)
        np.add.at(opposite, which, points[third])
        inner = count == 2
        middle = np.where(inner[:, None], 0.75 * middle + 0.125 * opposite, middle)
        moved = _smooth_vertices(points, edges, inner)
    a, b, c = np.split(which + len(points), 3)
    i, j, k = faces.T
    parts = [(i, a, c), (a, j, b), (c, b, k), (a, b, c)]
    return np.concatenate([moved, middle]), np.concatenate([np.stack(part, axis=1) for part in parts])


def _smooth_vertices(points: Floats, edges: Ints, inner: NDArray[np.bool_]) -> Floats:
    """Loop's rule (Warren's weights) for the old vertices, with the curve rule on borders."""
    total, valence = np.zeros_like(points), np.zeros(len(points))
    rim, rims = np.zeros_like(points), np.zeros(len(points))
    for a, b in ((0, 1), (1, 0)):
        np.add.at(total, edges[:, a], points[edges[:, b]])
        np.add.at(valence, edges[:, a], 1)
        np.add.at(rim, edges[~inner, a], points[edges[~inner, b]])
        np.add.at(rims, edges[~inner, a], 1)
    weight = np.where(valence > 3, 3 / (8 * np.maximum(valence, 1)), 3 / 16)[:, None]
    smooth = (1 - valence[:, None] * weight) * points + weight * total
    border = 0.75 * points + 0.125 * rim
    return np.where((rims == 2)[:, None], border, np.where((rims == 0)[:, None], smooth, points))


def vertex_normals(points: Floats, faces: Ints) -> Floats:
    """Area-weighted unit normals [N, 3]."""
    corners = points[faces]
    face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(points)
    for axis in range(3):
        np.add.at(normals, faces[:, axis], face)
    unit: Floats = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return unit
