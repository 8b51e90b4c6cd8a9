import hashlib
import json

from pipeline.pages.routes.static import FOLDER

VENDOR = FOLDER / "vendor"


def test_the_vendored_script_has_the_digest_and_version_in_its_readme():
    readme = (VENDOR / "README.md").read_text()
    assert f"`{hashlib.sha256((VENDOR / 'htmx.min.js').read_bytes()).hexdigest()}`" in readme
    locked = json.loads((VENDOR / "package-lock.json").read_text())["packages"]["node_modules/htmx.org"]
    assert locked["integrity"].startswith("sha512-")
    assert locked["version"] in readme
    assert f'version:"{locked["version"]}"' in (VENDOR / "htmx.min.js").read_text()
