"""Measures the language layer, one section per call.

    python -m benchmarks.language briefs
    python -m benchmarks.language captions
    python -m benchmarks.language models
    python -m benchmarks.language planted
    python -m benchmarks.language similar

Each section prints its part of benchmarks/LANGUAGE.md as Markdown.
"""

import argparse

from benchmarks import language_briefs, language_captions, language_models, language_planted, language_similar


def main() -> None:
    """Run the section that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sections = parser.add_subparsers(required=True)
    for section in (language_briefs, language_captions, language_models, language_planted, language_similar):
        section.add_section(sections)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
