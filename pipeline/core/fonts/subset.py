"""Make the two fonts of this folder again, from Debian's packages `fonts-noto-core` and `fonts-noto-cjk` (unpacked).

    pip install fonttools
    python -m pipeline.core.fonts.subset /usr/share/fonts/truetype/noto /usr/share/fonts/opentype/noto

Noto Sans is copied whole: Latin, Greek, Cyrillic. Of Noto Sans CJK SC we keep the characters of the national standards
GB 2312, Big5, JIS X 0208 and KS X 1001, and all Hangul syllables: every name in common use, in a quarter of the file.
`coverage.json` lists what each contains, as ranges of code points, because Pillow cannot tell.
"""

import json
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent
SIMPLIFIED_CHINESE = 2  # its number in NotoSansCJK-Regular.ttc
STANDARDS = ("gb2312", "big5", "shift_jis", "euc_kr")
BLOCKS = ((0x2000, 0x206F), (0x2190, 0x25FF), (0x3000, 0x312F), (0x31A0, 0x31BF), (0xAC00, 0xD7A3), (0xFF00, 0xFFEF))
PRIVATE = range(0xD800, 0xF900)  # surrogates and private use


def main(noto_sans_dir: Path, noto_cjk_dir: Path) -> None:
    """Write both fonts and their coverage."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    latin, cjk = HERE / "NotoSans-Regular.ttf", HERE / "NotoSansCJKsc-Regular-subset.otf"
    shutil.copyfile(noto_sans_dir / latin.name, latin)
    code_points = ",".join(f"{code:04X}" for code in _cjk_code_points())
    subset.main(
        [
            str(noto_cjk_dir / "NotoSansCJK-Regular.ttc"),
            f"--font-number={SIMPLIFIED_CHINESE}",
            f"--unicodes={code_points}",
            "--layout-features=",
            "--no-hinting",
            "--name-IDs=*",
            f"--output-file={cjk}",
        ]
    )
    coverage = {}
    for path in (latin, cjk):
        with TTFont(path) as font:
            coverage[path.name] = _ranges(font.getBestCmap())
    (HERE / "coverage.json").write_text(json.dumps(coverage, separators=(",", ":")) + "\n")


def _cjk_code_points() -> list[int]:
    points = {code for first, last in BLOCKS for code in range(first, last + 1)}
    for code in range(0x2000, 0x10000):
        if code not in PRIVATE and any(_encodes(chr(code), standard) for standard in STANDARDS):
            points.add(code)
    return sorted(points)


def _encodes(character: str, standard: str) -> bool:
    try:
        character.encode(standard)
    except UnicodeEncodeError:
        return False
    return True


def _ranges(code_points: Iterable[int]) -> list[list[int]]:
    """Join consecutive code points to [first, last] pairs."""
    ranges: list[list[int]] = []
    for code in sorted(code_points):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return ranges


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
