from pathlib import Path

from pipeline.contract.ancestry import ancestry
from pipeline.contract.artifact import Artifact
from pipeline.contract.runner import Runner
from pipeline.contract.stage import Stage
from pipeline.contract.store import Store
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen


class Files(Frozen):
    files: Artifact


class One(Frozen):
    file: Artifact | None = None


class Params(Frozen):
    suffix: str = ""
    name: str = ""


class Made(Frozen):
    files: Artifact
    report: int = 0


class MadeOne(Frozen):
    file: Artifact
    report: int = 0


def make_one(inputs: One, params: Params, work: Work) -> MadeOne:
    before = work.read(inputs.file) if inputs.file else b"white"
    return MadeOne(file=work.put_bytes(before + params.suffix.encode(), "text/plain"))


def stage(name: str) -> Stage[Files, Params, Made]:
    item = Stage(f"{name}_file", 1, One, Params, MadeOne, make_one)

    def run(inputs: Files, params: Params, work: Work) -> Made:
        made = {}
        for path, file in work.tree(inputs.files).items():
            own = params.model_copy(update={"name": Path(path).stem})
            made[path] = work.item(Path(path).stem, item, One(file=file), own).file
        return Made(files=work.put_tree(made))

    return Stage(name, 1, Files, Params, Made, run)


def backdrops(inputs: Files, params: Params, work: Work) -> Made:
    """The same white for every file: other keys, the same bytes."""
    item = Stage("backdrop_file", 1, One, Params, MadeOne, make_one)
    names = [Path(path).stem for path in work.tree(inputs.files)]
    made = {f"{name}/white.txt": work.item(f"{name}/white", item, One(), Params(name=name)).file for name in names}
    return Made(files=work.put_tree(made))


def photos(store: Store) -> Artifact:
    return store.put_tree({f"{name}.txt": store.put(name.encode(), "text/plain") for name in ("a", "b")})


def by_name(found: object) -> dict[str, str]:
    return {
        manifest.key: f"{manifest.request.stage} {manifest.request.params['name']}".strip()
        for manifest in found.manifests
    }  # type: ignore[attr-defined]


def test_bytes_without_a_step_keep_their_original_name(store: Store) -> None:
    first = Runner(store).run(stage("first"), Files(files=photos(store)), Params(suffix="1")).manifest
    found = ancestry(store, {"first": first})
    item_edges = [edge for edge in found.inputs if edge.name == "file"]
    assert [(edge.source_path, edge.producer) for edge in item_edges] == [("a.txt", None), ("b.txt", None)]


def test_each_file_is_traced_to_the_item_that_made_it(store: Store) -> None:
    made, first, _ = Runner(store).run(stage("first"), Files(files=photos(store)), Params(suffix="1"))
    second = Runner(store).run(stage("second"), Files(files=made.files), Params(suffix="2")).manifest
    found = ancestry(store, {"first": first, "second": second})
    names = by_name(found)
    edges = [edge for edge in found.inputs if edge.step == second.key]
    assert [(edge.path, names[edge.producer or ""]) for edge in edges] == [
        ("", "first"),
        ("a.txt", "first_file a"),
        ("b.txt", "first_file b"),
    ]


def test_passed_bytes_are_traced_to_the_step_that_passed_them(store: Store) -> None:
    made, first, _ = Runner(store).run(stage("first"), Files(files=photos(store)), Params(suffix="1"))
    passed, second, _ = Runner(store).run(stage("second"), Files(files=made.files), Params())
    third = Runner(store).run(stage("third"), Files(files=passed.files), Params(suffix="3")).manifest
    assert passed.files == made.files
    found = ancestry(store, {"first": first, "second": second, "third": third})
    names = by_name(found)
    sources = {names[edge.step]: names.get(edge.producer or "") for edge in found.inputs if edge.name == "file"}
    assert sources == {
        "first_file a": None,
        "first_file b": None,
        "second_file a": "first_file a",
        "second_file b": "first_file b",
        "third_file a": "second_file a",
        "third_file b": "second_file b",
    }


def test_source_of_equal_bytes_is_the_one_with_the_readers_name(store: Store) -> None:
    made, whites, _ = Runner(store).run(
        Stage("backdrop", 1, Files, Params, Made, backdrops), Files(files=photos(store)), Params()
    )
    found = ancestry(store, {"backdrop": whites})
    names, white = by_name(found), store.tree(made.files)["a/white.txt"]
    for name in ("a", "b"):
        assert names[found.producer(white, f"{name}/white/shop") or ""] == f"backdrop_file {name}"
        assert names[found.producer(white, f"{name}/white.txt") or ""] == f"backdrop_file {name}"


def test_item_without_its_manifest_is_traced_to_its_step(store: Store) -> None:
    made, first, _ = Runner(store).run(stage("first"), Files(files=photos(store)), Params(suffix="1"))
    next((store.root / "manifests" / "first_file").glob("*.json")).unlink()
    found = ancestry(store, {"first": first})
    assert len(found.lost) == 1 and found.lost[0] in {"first[a]", "first[b]"}
    producers = {found.producer(file, path) for path, file in store.tree(made.files).items()}
    assert first.key in producers and len(producers) == 2
