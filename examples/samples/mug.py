"""Models a stoneware mug: a turned body and a swept handle, with a texture that wraps all the way round."""

from dataclasses import dataclass

import numpy as np

from samples.cloth import Floats, Ints, vertex_normals

RADIUS_M, HEIGHT_M, WALL_M = 0.041, 0.098, 0.0038


@dataclass(frozen=True)
class Part:
    """A mesh: `points` [N, 3] metres, `normals` [N, 3], `faces` [M, 3], `uv` [N, 2]."""

    points: Floats
    normals: Floats
    faces: Ints
    uv: Floats


def _grid_faces(rows: int, columns: int) -> Ints:
    """Triangles of a rows x columns grid of vertices, counter-clockwise seen from outside a turned body."""
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij")
    a = (i * columns + j).reshape(-1)
    b, c, d = a + 1, a + columns, a + columns + 1
    return np.concatenate([np.stack([a, b, d], axis=1), np.stack([a, d, c], axis=1)])


def _arc(centre: tuple[float, float], radius: float, from_deg: float, to_deg: float, count: int) -> Floats:
    angle = np.radians(np.linspace(from_deg, to_deg, count))
    return np.stack([centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)], axis=1)


def profile() -> Floats:
    """The body's profile [K, 2] as (radius, height) in m: under the foot, up the outside, over the lip, down inside."""
    r, h, w = RADIUS_M, HEIGHT_M, WALL_M
    foot = np.array([[0.0, 0.0025], [r - 0.011, 0.0025], [r - 0.0095, 0.0008], [r - 0.0085, 0.0], [r - 0.007, 0.0]])
    bottom = _arc((r - 0.009, 0.009), 0.009, -75, 0, 14)
    z = np.linspace(0.012, h - 0.004, 60)
    belly = 0.0006 * np.sin(np.pi * (z - 0.009) / (h - 0.009))  # a thrown pot is never a perfect cylinder
    outside = np.stack([r + belly, z], axis=1)
    lip = _arc((r - w / 2, h - w / 2), w / 2, 0, 180, 16)
    inside = np.stack([np.full(30, r - w), np.linspace(h - 0.004, 0.014, 30)], axis=1)
    hollow = _arc((r - w - 0.010, 0.016), 0.010, 0, -90, 14)
    return np.concatenate([foot, bottom, outside, lip, inside, hollow, [[0.012, 0.0058], [0.0, 0.0058]]])


def body(columns: int = 361) -> Part:
    """The turned body. u runs once around, counter-clockwise from azimuth 0; v runs along the profile."""
    line = profile()
    azimuth = np.linspace(0, 2 * np.pi, columns)
    x = line[:, :1] * np.sin(azimuth)
    y = -line[:, :1] * np.cos(azimuth)
    z = np.repeat(line[:, 1:], columns, axis=1)
    points = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    faces = _grid_faces(len(line), columns)
    steps = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    lip = int(np.argmax(line[:, 1]))
    v = np.where(
        np.arange(len(line)) <= lip,
        0.6 * line[:, 1] / HEIGHT_M,
        0.6 + 0.4 * (steps - steps[lip]) / (steps[-1] - steps[lip]),
    )
    uv = np.stack(np.broadcast_arrays(azimuth[None] / (2 * np.pi), v[:, None]), axis=-1).reshape(-1, 2)
    tangent = np.gradient(line, axis=0)
    outward = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    normals = np.stack(
        [
            outward[:, :1] * np.sin(azimuth),
            -outward[:, :1] * np.cos(azimuth),
            np.repeat(outward[:, 1:], columns, axis=1),
        ],
        axis=-1,
    ).reshape(-1, 3)
    return Part(points, normals, faces, uv)


def handle(azimuth_deg: float = 90.0, around: int = 40, along: int = 120) -> Part:
    """A D-shaped handle at an azimuth, with an open hole and its ends inside the wall."""
    t = np.linspace(0, 1, along)[:, None]
    r = RADIUS_M - 0.0015
    knots = np.array(
        [[r, 0.078], [r + 0.020, 0.084], [r + 0.036, 0.074], [r + 0.034, 0.045], [r + 0.022, 0.022], [r, 0.021]]
    )
    spine = sum(_bernstein(5, k, t) * knots[k] for k in range(6))
    tangent = np.gradient(spine, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    across = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    flare = 1 + 0.35 * (np.exp(-(((t[:, 0]) / 0.07) ** 2)) + np.exp(-(((1 - t[:, 0]) / 0.07) ** 2)))
    angle = np.linspace(0, 2 * np.pi, around)
    thick, wide = 0.0042 * flare[:, None] * np.cos(angle), 0.0066 * flare[:, None] * np.sin(angle)
    out = spine[:, :1] + across[:, :1] * thick
    up = spine[:, 1:] + across[:, 1:] * thick
    a = np.radians(azimuth_deg)
    radial, side = np.array([np.sin(a), -np.cos(a), 0.0]), np.array([np.cos(a), np.sin(a), 0.0])
    points = out[..., None] * radial + wide[..., None] * side + up[..., None] * np.array([0.0, 0.0, 1.0])
    points = points.reshape(-1, 3)
    faces = _grid_faces(along, around)
    u, v = np.meshgrid(angle / (2 * np.pi), t[:, 0])
    merged = faces % around == around - 1  # the seam's two columns share their normals
    normals = vertex_normals(points, np.where(merged, faces - around + 1, faces))
    grid = normals.reshape(along, around, 3)
    grid[:, -1] = grid[:, 0]
    return Part(
        points, _outward(points, grid.reshape(-1, 3), spine, radial), faces, np.stack([u, v], axis=-1).reshape(-1, 2)
    )


def _bernstein(degree: int, k: int, t: Floats) -> Floats:
    choose = float(np.prod(np.arange(degree - k + 1, degree + 1)) / max(1, np.prod(np.arange(1, k + 1))))
    result: Floats = choose * t**k * (1 - t) ** (degree - k)
    return result


def _outward(points: Floats, normals: Floats, spine: Floats, radial: Floats) -> Floats:
    """The normals, flipped if necessary to point away from the handle's spine."""
    centre = spine[:, :1] * radial + spine[:, 1:] * np.array([0.0, 0.0, 1.0])
    away = points.reshape(len(spine), -1, 3) - centre[:, None]
    agree = float(np.sum(away.reshape(-1, 3) * normals))
    return normals if agree > 0 else -normals
