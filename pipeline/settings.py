"""Defines every `CATALOG_*` setting, typed, in one place. Only cli, plan and plugins read them."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL

from pipeline.core.bucket.url import BucketUrl, is_url
from pipeline.core.errors import BadInput
from pipeline.core.licences.gate import Allowed

SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
SPANS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Settings(BaseSettings):
    """The settings, read from environment variables such as `CATALOG_STORE`. Secrets come from nowhere else."""

    model_config = SettingsConfigDict(env_prefix="CATALOG_", extra="ignore", frozen=True)

    store: Path | BucketUrl = Field(
        default=Path(".catalog/store"),
        description="where the artifacts and manifests lie: a folder (`~` is the home folder), or a folder in a "
        "bucket, `s3://bucket/folder`, `gs://…` or `az://…`. The contact sheets lie in `sheets/` beside the folder, or "
        "beside CATALOG_CACHE",
    )
    cache: Path = Field(
        default=Path(".catalog/cache"),
        description="folder on this machine for copies of what lies in a bucket; several processes may share it",
    )
    cache_gb: float = Field(
        default=20.0, gt=0, description="size limit of the copies of a bucket's store; the longest unused go first"
    )
    database_url: str | None = Field(
        default=None,
        repr=False,
        description="the catalog database: any SQLAlchemy URL, PostgreSQL in production; by default SQLite in "
        "`catalog.db` beside the store",
    )
    shoots: Path | BucketUrl = Field(
        default=Path("examples/collection"),
        description="what is searched for shoots: a folder, or a folder in a bucket as in CATALOG_STORE",
    )
    quiet_minutes: float = Field(
        default=10.0,
        ge=0,
        description="a shoot in a bucket waits until none of its files has changed for so long, or until a file "
        "`.complete` in its folder says that the upload is complete",
    )
    file_names: str = Field(
        default="{sku}/{request}/{angle}_{backdrop}_{channel}.{ext}",
        description="names of the files that `catalog fetch` writes. Fields: `{sku}`, `{collection}`, `{request}`, "
        "`{angle}`, `{backdrop}`, `{channel}`, `{source}`, `{width}`, `{height}`, `{digest}`, `{ext}`",
    )
    preset: str = Field(
        default="standard",
        description="engines and quality of every step: `standard`, `demo`, or the path of a YAML file",
    )
    execution: Literal["local", "kubernetes"] = Field(
        default="local", description="where Airflow runs the steps: in its own workers or in pods"
    )
    retries: int = Field(default=2, ge=0, description="how often Airflow retries a failed step")
    retry_seconds: float = Field(
        default=20.0, gt=0, description="wait before the first retry; it doubles with each further one"
    )
    backfill_tasks: int = Field(
        default=1,
        gt=0,
        description="how many steps of backfills run at once: the slots of Airflow's pool `catalog_backfill`, which is "
        "made when Airflow first starts; later they are changed in Airflow",
    )
    shoots_per_run: int = Field(
        default=100,
        gt=0,
        description="how many shoots one run in Airflow takes; the others are postponed to a run that starts when it "
        "ends. At most Airflow's `[core] max_map_length`. The scheduler looks at every step of a "
        "run again and again: see [A large night](../kubernetes.md#a-large-night)",
    )
    notify: str = Field(
        default="",
        pattern=r"^[\w.-]*(?:\s*,\s*[\w.-]+)*$",
        description="ids of the Airflow connections, separated by commas, to which each night and backfill sends a "
        "notice; see [Notices](../airflow.md#notices)",
    )
    notify_empty: bool = Field(default=False, description="whether a run with nothing to do sends a notice, too")
    deadline: timedelta | None = Field(
        default=None,
        gt=timedelta(0),
        description="how long after it was queued a night may take, such as `6h` or `90m`; if it is not finished by "
        "then, CATALOG_NOTIFY gets a notice. Default: none",
    )
    image: str | None = Field(default=None, description="container image of the pods, made from deploy/Dockerfile")
    pods: Path | None = Field(
        default=None,
        description="YAML file that changes what pods request: image, cores, memory, GPU, nodes, priority, queue; see "
        "[pods.yaml](pods-yaml.md)",
    )
    kubernetes_namespace: str = Field(default="catalog", description="namespace of the pods")
    kubernetes_claim: str | None = Field(
        default="catalog-store", description="volume claim with the store; it is mounted at `/catalog`"
    )
    kubernetes_start_seconds: int = Field(
        default=300,
        gt=0,
        description="how long a pod may wait for its node and its image before its try fails; raise it where the "
        "cluster starts GPU nodes on demand",
    )
    kubernetes_secret: str = Field(
        default="catalog",
        description="Secret with CATALOG_DATABASE_URL and API keys; its entries become the pods' environment",
    )
    kubernetes_pod_template: Path | None = Field(
        default=None, description="YAML of a pod to start from, for further volumes and pull secrets"
    )
    image_digest: str | None = Field(default=None, description="digest of CATALOG_IMAGE, recorded in every manifest")
    device: str = Field(
        default="cpu",
        description="cpu or cuda; recorded in every manifest, and with cuda the pods of GPU steps request a GPU",
    )
    usd_per_run: float | None = Field(
        default=None,
        gt=0,
        description="what language models may cost in one run of any number of shoots; beyond it, captions are held "
        "until the next run, and briefs are not read",
    )
    licences: Allowed | None = Field(
        default=None,
        description="licences of checkpoints that a plan accepts: `commercial`; `conditional`, which includes those "
        "that allow sales under conditions; or `any`. Default: `commercial` where a channel of the shoot sells, else "
        "`any`",
    )
    cost_per_hour_usd: float = Field(
        default=0.0, ge=0, description="price of an hour on this machine, for the cost of each asset"
    )

    @field_validator("store", "shoots", "cache", "pods", "kubernetes_pod_template", mode="before")
    @classmethod
    def _is_a_place(cls, value: Any) -> Any:
        """A path with `~` replaced by the home folder, as a shell does. An empty one would be the current folder."""
        text = os.fspath(value) if isinstance(value, str | os.PathLike) else value
        if not isinstance(text, str):
            return value
        if not text.strip():
            raise ValueError("is empty; name a folder or a file")
        if not text.isprintable():
            raise ValueError(f"{text!r} has invisible characters; name another folder or file")
        return place_of(text)

    @field_validator("deadline", mode="before")
    @classmethod
    def _is_a_span(cls, value: Any) -> Any:
        """A time span as people write it. None for an empty text."""
        if not isinstance(value, str) or not value.strip():
            return value or None
        found = SPAN.fullmatch(value.strip())
        if not found:
            raise ValueError("is no time span; write it as 6h, 90m or 1.5h")
        return timedelta(**{SPANS[found[2]]: float(found[1])})

    @property
    def notify_connections(self) -> tuple[str, ...]:
        """The ids in CATALOG_NOTIFY, each once."""
        return tuple(dict.fromkeys(filter(None, re.split(r"[\s,]+", self.notify))))

    @property
    def catalog_url(self) -> str:
        """The catalog database's URL."""
        file = self.beside / "catalog.db"
        return self.database_url or URL.create("sqlite", database=file.as_posix()).render_as_string()

    @property
    def sheets(self) -> Path:
        """The folder of the contact sheets, `<sku>.png`."""
        return self.beside / "sheets"

    @property
    def beside(self) -> Path:
        """The folder on this machine for what lies beside the store: the one that holds it, or a bucket's copies."""
        return (self.store if isinstance(self.store, Path) else self.cache).absolute().parent

    @property
    def store_location(self) -> str:
        """The store as any process on this machine can name it."""
        return location(self.store)

    @property
    def shoots_location(self) -> str:
        """What is searched for shoots, as any process on this machine can name it."""
        return location(self.shoots)


def place_of(text: str) -> Path | BucketUrl:
    """A folder's path, with `~` replaced as a shell does, or the URL of a folder in a bucket. Raises ValueError."""
    if is_url(text):
        return BucketUrl.parse(text)
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ValueError(f"{text!r}: there is no such user; write the whole path") from None


def location(place: Path | BucketUrl) -> str:
    """A folder's absolute path, or the URL of a folder in a bucket."""
    return str(place.absolute() if isinstance(place, Path) else place)


def read_settings() -> Settings:
    """Read the settings of this process. Raises BadInput that names the variable."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "CATALOG_" + "_".join(map(str, first["loc"])).upper()
        got = re.sub(r"//[^/]*@", "//…@", str(first["input"])).partition("?")[0][:200]  # no credentials
        if name == "CATALOG_NOTIFY":  # perhaps a web hook's URL, which is a secret
            got, first["msg"] = "…", "has something else than ids of connections, such as shop-slack,team-mail"
        what = f"{name}: {first['msg'].removeprefix('Value error, ')} (got {got!r})"
        raise BadInput(what, remedy="Correct the environment variable") from None
