"""Stand-ins for `ns-train` and `ns-export`: programs that keep what they are given and write what theirs would."""

import json
import sys

TRAIN = """
import json, os, pathlib, shutil, sys

method, rest = sys.argv[1], sys.argv[2:]
assert method == "splatfacto" and "colmap" in rest, sys.argv
at = rest.index("colmap")
pairs = [dict(zip(part[::2], part[1::2], strict=True)) for part in (rest[:at], rest[at + 1 :])]
options, data = ({name.removeprefix("--"): value for name, value in part.items()} for part in pairs)
keep = pathlib.Path(KEEP)
(keep / "asked.json").write_text(json.dumps({"options": options, "data": data, "environment": sorted(os.environ)}))
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
(out / "config.yml").write_text("a config")
if TRANSFORMS is not None:
    (out / "dataparser_transforms.json").write_text(json.dumps(TRANSFORMS))
"""

EXPORT = """
import pathlib, shutil, sys

assert sys.argv[1] == "gaussian-splat", sys.argv
options = dict(zip(sys.argv[2::2], sys.argv[3::2], strict=True))
assert pathlib.Path(options["--load-config"]).read_text() == "a config"
out = pathlib.Path(options["--output-dir"])
out.mkdir()
shutil.copy(PLY, out / "splat.ply")
"""


def install(folder, *, ply=None, transforms=None, crash=False):
    """Write both programs to `folder`/bin; `asked.json` and `photos/` in `folder` tell what ns-train was given."""
    (folder / "bin").mkdir()
    facts = f"KEEP, CRASH, TRANSFORMS, PLY = {str(folder)!r}, {crash}, {transforms!r}, {str(ply)!r}\n"
    for name, code in (("ns-train", TRAIN), ("ns-export", EXPORT)):
        program = folder / "bin" / name
        program.write_text(f"#!{sys.executable} -I\n{facts}{code}")
        program.chmod(0o755)


def asked(folder):
    return json.loads((folder / "asked.json").read_text())
