"""Fakes of `ns-train` and `ns-export`: programs that record their input and write files like the real ones."""

import json
import sys

import numpy as np

TRAIN = """
import json, os, pathlib, shutil, sys

method, rest = sys.argv[1], sys.argv[2:]
assert method in ("splatfacto", "nerfacto") and "colmap" in rest, sys.argv
at = rest.index("colmap")
pairs = [dict(zip(part[::2], part[1::2], strict=True)) for part in (rest[:at], rest[at + 1 :])]
options, data = ({name.removeprefix("--"): value for name, value in part.items()} for part in pairs)
keep = pathlib.Path(KEEP)
request = {"method": method, "options": options, "data": data, "environment": sorted(os.environ)}
(keep / "request.json").write_text(json.dumps(request))
shutil.rmtree(keep / "photos", ignore_errors=True)
shutil.copytree(options["data"], keep / "photos")
print("Step (% Done)       Train Iter (time)    ", flush=True)
total = int(options["max-num-iterations"])
for step in range(0, total, 10):
    print(f"{f'{step} ({100 * step / total:.02f}%)':<20}3.000 ms             ", flush=True)
if CRASH:
    print("\\x1b[31m╭─ Traceback ─╮\\x1b[0m\\n│ train() │\\n╰─────────────╯")
    print("RuntimeError: CUDA out of memory")
    sys.exit(1)
out = pathlib.Path(options["output-dir"], options["experiment-name"], method, options["timestamp"])
out.mkdir(parents=True)
(out / "nerfstudio_models").mkdir()
(out / "nerfstudio_models" / f"step-{total - 1:09d}.ckpt").write_bytes(method.encode())
(out / "config.yml").write_text(method)
if TRANSFORMS is not None:
    (out / "dataparser_transforms.json").write_text(json.dumps(TRANSFORMS))
"""

EXPORT = """
import json, pathlib, shutil, sys

options = {name.removeprefix("--"): value for name, value in zip(sys.argv[2::2], sys.argv[3::2], strict=True)}
pathlib.Path(KEEP, "exported.json").write_text(json.dumps(options))
method = pathlib.Path(options["load-config"]).read_text()
kind, file = {"splatfacto": ("gaussian-splat", "splat.ply"), "nerfacto": ("pointcloud", "point_cloud.ply")}[method]
assert sys.argv[1] == kind, sys.argv
out = pathlib.Path(options["output-dir"])
out.mkdir()
if kind == "pointcloud":
    if options.get("normal-method", "model_output") == "model_output":
        sys.exit("Warning: Normal output 'normals' not found in pipeline outputs.")  # no normals were trained
if (source := CLOUD if kind == "pointcloud" else PLY) is not None:
    shutil.copy(source, out / file)
"""


def install(folder, *, ply=None, cloud=None, transforms=None, crash=False):
    """Write both programs to `folder`/bin, as in an environment, with the metadata of their version.

    They record the input of ns-train and ns-export as `request.json`, `photos/` and `exported.json` in `folder`.
    """
    (folder / "bin").mkdir()
    (folder / "lib" / "python3.11" / "site-packages" / "nerfstudio-1.1.5.dist-info").mkdir(parents=True, exist_ok=True)
    facts = f"KEEP, CRASH, TRANSFORMS = {str(folder)!r}, {crash}, {transforms!r}\n"
    facts += f"PLY, CLOUD = {ply and str(ply)!r}, {cloud and str(cloud)!r}\n"
    for name, code in (("ns-train", TRAIN), ("ns-export", EXPORT)):
        program = folder / "bin" / name
        program.write_text(f"#!{sys.executable} -I\n{facts}{code}")
        program.chmod(0o755)


def train_request(folder):
    """Return the recorded command line of ns-train."""
    return json.loads((folder / "request.json").read_text())


def export_request(folder):
    """Return the recorded options of ns-export."""
    return json.loads((folder / "exported.json").read_text())


def point_cloud(positions, colours):
    """Return the PLY of floats that Open3D 0.18 writes for points [N, 3], colours [N, 3] uint8 and normals."""
    names = [f"property float {name}" for name in ("x", "y", "z", "nx", "ny", "nz")]
    names += [f"property uchar {name}" for name in ("red", "green", "blue")]
    header = ["ply", "format binary_little_endian 1.0", "comment Created by Open3D"]
    header += [f"element vertex {len(positions)}", *names, "end_header", ""]
    rows = np.zeros(len(positions), [("p", "<f4", 3), ("n", "<f4", 3), ("c", "u1", 3)])
    rows["p"], rows["n"], rows["c"] = positions, (0, 0, 1), colours
    return "\n".join(header).encode() + rows.tobytes()
