"""A toy stage for the contract's tests: upper-cases text files one by one, and joins them."""

import os
import signal
import sys
from pathlib import Path

from pipeline.contract.artifact import Artifact
from pipeline.contract.runner import Runner
from pipeline.contract.stage import Stage
from pipeline.contract.store import Store
from pipeline.contract.work import Event, Work
from pipeline.core.domain import Frozen
from pipeline.core.errors import Held


class OneInputs(Frozen):
    text: Artifact


class Params(Frozen):
    suffix: str = "!"
    limit: int = 100


class OneOutputs(Frozen):
    text: Artifact
    report: int


def run_one(inputs: OneInputs, params: Params, work: Work) -> OneOutputs:
    data = work.read(inputs.text).upper()
    return OneOutputs(text=work.put_bytes(data + params.suffix.encode(), "text/plain"), report=len(data))


class Inputs(Frozen):
    texts: Artifact
    extra: Artifact | None = None


class Outputs(Frozen):
    texts: Artifact
    joined: Artifact
    report: int


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    texts = {}
    for done, (name, text) in enumerate(work.tree(inputs.texts).items()):
        work.progress(done, 3)
        texts[name] = work.item(name, ONE, OneInputs(text=text), params).text
    joined = b"\n".join(work.read(text) for text in texts.values())
    if len(joined) > params.limit:
        raise Held(f"{len(joined)} bytes are more than {params.limit}", code="sfm-no-poses", remedy="write less")
    (work.scratch / "joined.txt").write_bytes(joined)
    return Outputs(texts=work.put_tree(texts), joined=work.put(work.scratch / "joined.txt"), report=len(joined))


ONE = Stage("toy_text", 1, OneInputs, Params, OneOutputs, run_one)
TOY = Stage("toy", 1, Inputs, Params, Outputs, run)


def make_inputs(store: Store, texts: dict[str, str]) -> Inputs:
    files = {name: store.put(text.encode(), "text/plain") for name, text in texts.items()}
    return Inputs(texts=store.put_tree(files))


def main() -> None:
    """`python toy.py STORE EVENT N`: run the toy stage and die by SIGKILL at the N-th EVENT."""
    root, kind, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    seen = 0

    def notify(event: Event) -> None:
        nonlocal seen
        seen += event.kind == kind
        if event.kind == kind and seen == count:
            os.kill(os.getpid(), signal.SIGKILL)

    store = Store(root)
    Runner(store, notify).run(TOY, make_inputs(store, {"a": "one", "b": "two", "c": "three"}), Params())


if __name__ == "__main__":
    main()
