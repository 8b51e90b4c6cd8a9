from string import printable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.core.errors import BadInput, CatalogError
from pipeline.fetch.names import FIELDS, fault_of, folded, named, parse_template
from pipeline.settings import Settings
from tests.fetch.made import finished

STANDARD = Settings.model_fields["file_names"].default
MUG = finished("MUG-1/front/white/shop")
NAME = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,5}", fullmatch=True)


def name_of(template: str, asset_id: str = "MUG-1/front/white/shop", **given: str) -> str:
    return parse_template(template, "--template").name(finished(asset_id, **given))


def test_files_are_named_by_their_asset() -> None:
    assert name_of(STANDARD) == "MUG-1/front_white_shop.jpg"
    assert name_of(STANDARD, media_type="image/webp") == "MUG-1/front_white_shop.webp"


def test_files_that_a_brief_asked_for_lie_apart_from_those_of_the_shoot() -> None:
    assert name_of(STANDARD, "MUG-1/brief-1/front/white/shop") == "MUG-1/brief-1/front_white_shop.jpg"


def test_every_field_can_be_used() -> None:
    values = name_of("-".join(f"{{{field}}}" for field in FIELDS), "MUG-1/brief-1/front/white/shop").split("-")
    assert values[:3] == ["MUG", "1", "autumn"]
    assert values[-6:] == ["shop", "captured", "10", "12", MUG.sha256[:12], "jpg"]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{skew}.{ext}", r"unknown field \{skew\}.*Use \{sku\}"),
        ("{}.{ext}", r"unknown field \{\}"),
        ("{sku.__class__}.{ext}", r"unknown field \{sku.__class__\}"),
        ("{sku[0]}.{ext}", r"unknown field \{sku\[0\]\}"),
        ("{sku!r}.{ext}", r"\{sku\} takes no format"),
        ("{sku:>300}.{ext}", r"\{sku\} takes no format"),
        ("{sku", "is no template.*Close every brace"),
        ("/srv/{sku}.{ext}", "is an absolute path"),
        ("C:/{sku}.{ext}", "characters that a file name cannot have"),
        ("{sku}\\{angle}.{ext}", "characters that a file name cannot have"),
        ("{sku}\n.{ext}", "characters that a file name cannot have"),
        ("../{sku}.{ext}", "begins or ends with a dot or a space"),
        ("{sku}/../../{angle}.{ext}", "begins or ends with a dot or a space"),
        ("{request}../{sku}.{ext}", "begins or ends with a dot or a space"),
        ("{sku} /{angle}.{ext}", "begins or ends with a dot or a space"),
        (".fetch/{sku}.{ext}", "begins or ends with a dot or a space"),
        ("{sku}//{angle}.{ext}", "without a name"),
        ("{sku}/", "without a name"),
        ("", "without a name"),
        ("{request}", "without a name"),
        ("nul.{ext}", "Windows reserves"),
        ("manifest.csv", "is that of the list of files"),
        ("Manifest.CSV/{sku}.{ext}", "is that of the list of files"),
        ("a" * 252 + ".{ext}{ext}{ext}", "more than 255 bytes"),
    ],
)
def test_a_template_that_cannot_name_files_is_refused(template: str, words: str) -> None:
    with pytest.raises(BadInput, match=f"(?s)CATALOG_FILE_NAMES.*{words}"):
        parse_template(template, "CATALOG_FILE_NAMES")


@pytest.mark.parametrize(
    ("asset_id", "words"),
    [
        ("con/front/white/shop", "'con/front_white_shop.jpg', which has a part that Windows reserves"),
        ("MUG./front/white/shop", "which has a part that begins or ends with a dot"),
        (f"MUG/{'a' * 100}/{'b' * 100}/{'c' * 100}", "which has a part of more than 255 bytes"),
    ],
)
def test_a_name_that_some_file_system_cannot_have_is_refused(asset_id: str, words: str) -> None:
    with pytest.raises(BadInput, match=f"{asset_id} would be named .*{words}.*Change the template"):
        name_of(STANDARD, asset_id)


def test_a_media_type_without_an_extension_is_an_error() -> None:
    with pytest.raises(CatalogError, match="no file name extension is known for MUG-1/front/white/shop, 'image/x'"):
        name_of(STANDARD, media_type="image/x")


@pytest.mark.parametrize(
    ("template", "assets", "words"),
    [
        ("{sku}.{ext}", ["M/front/white/shop", "M/left/white/shop"], r"both be named 'M.jpg'. Add \{angle\} to"),
        ("{channel}.{ext}", ["M/a/b/Shop", "N/c/b/shop"], r"differ only by case. Add \{sku\} or \{angle\} to"),
        (STANDARD, ["MUG/a/b/c", "mug/a/b/c"], r"which differ only by case. Add \{digest\} to"),
        ("{sku}/{angle}.{ext}", ["MUG/a/b/c", "mug/d/b/c"], "the folders 'MUG' and 'mug' differ only by case"),
        ("{sku}/{request}/{angle}", ["M/x/b/c", "M/x/y/b/c"], "'M/x' would be a file and a folder"),
    ],
)
def test_two_files_that_cannot_lie_in_one_folder_are_refused(template: str, assets: list[str], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        named([finished(asset) for asset in assets], parse_template(template, "--template"))


@given(st.text(st.sampled_from(printable + "é\u202e\ud800"), max_size=12))
@example("{sku}/../")
@example("\ud800")
def test_a_template_gives_safe_names_or_is_refused(text: str) -> None:
    try:
        name = name_of(f"{text}{{angle}}")
    except BadInput:
        return
    assert fault_of(name) is None
    assert not name.startswith("/")
    assert ".." not in name.split("/")


@given(st.lists(st.tuples(NAME, NAME, NAME), max_size=8, unique=True), st.sampled_from([STANDARD, "{sku}/{angle}"]))
def test_names_stay_apart_where_case_is_the_same(assets: list[tuple[str, str, str]], template: str) -> None:
    files = [finished(f"{sku}/{angle}/{backdrop}/shop") for sku, angle, backdrop in assets]
    try:
        names = named(files, parse_template(template, "--template"))
    except BadInput:
        return
    assert len({folded(name) for name in names}) == len(files)
    folders = {"/".join(name.split("/")[:-1]) for name in names}
    assert len({folded(folder) for folder in folders}) == len(folders)
    assert not folders & set(names)
