"""Measures the language layer, one section per call.

    python -m benchmarks.language briefs

Each section prints its part of benchmarks/LANGUAGE.md as Markdown.
"""

import argparse

from benchmarks import language_briefs


def main() -> None:
    """Run the section that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sections = parser.add_subparsers(required=True)
    language_briefs.add_section(sections)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
