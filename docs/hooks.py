"""MkDocs events: writes the generated parts of pages, and brings in the pages that live beside what they describe."""

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from docs.reference import ROOT, expand


def sources() -> dict[str, Path]:
    """Pages and pictures of the site that do not lie in docs/, by their place in the site."""
    measured = [*(ROOT / "benchmarks").glob("*.md"), *(ROOT / "benchmarks").glob("*.jpg")]
    return {
        **{f"measured/{path.name}": path for path in measured},
        "images/contact-sheet.jpg": ROOT / "examples" / "contact-sheet.jpg",
        "samples.md": ROOT / "examples" / "README.md",
        "changelog.md": ROOT / "CHANGELOG.md",
        "contributing.md": ROOT / "CONTRIBUTING.md",
    }


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add `sources` to the site."""
    for uri, path in sources().items():
        files.append(File.generated(config, uri, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the markers of a page, and the link to the one file that has a page of another name."""
    return expand(markdown).replace("](pipeline/design.md)", "](architecture.md)")
