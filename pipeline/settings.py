"""Defines every `CATALOG_*` setting, typed, in one place. Only cli, plan and plugins read them."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.core.errors import BadInput


class Settings(BaseSettings):
    """The settings, read from environment variables such as `CATALOG_STORE`. Secrets come from nowhere else."""

    model_config = SettingsConfigDict(env_prefix="CATALOG_", extra="ignore", frozen=True)

    store: Path = Field(
        default=Path(".catalog/store"),
        description="folder of the artifacts and manifests; the contact sheets lie beside it, in `sheets/`",
    )
    database_url: str | None = Field(
        default=None,
        repr=False,
        description="the catalog database: any SQLAlchemy URL, PostgreSQL in production; by default SQLite in "
        "`catalog.db` beside the store",
    )
    shoots: Path = Field(default=Path("examples/collection"), description="folder that is searched for shoots")
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
    image: str | None = Field(default=None, description="container image of the pods, made from deploy/Dockerfile")
    kubernetes_namespace: str = Field(default="catalog", description="namespace of the pods")
    kubernetes_claim: str | None = Field(
        default="catalog-store", description="volume claim with the store; it is mounted at `/catalog`"
    )
    kubernetes_cores: int = Field(default=4, gt=0, description="cores per pod, unless its stage declares fewer")
    kubernetes_memory: str = Field(
        default="8Gi", description="memory per pod (request and limit), unless its stage declares less"
    )
    kubernetes_secret: str = Field(
        default="catalog",
        description="Secret with CATALOG_DATABASE_URL and API keys; its entries become the pods' environment",
    )
    kubernetes_pod_template: Path | None = Field(
        default=None, description="YAML of a pod to start from, for tolerations, node selectors and further volumes"
    )
    image_digest: str | None = Field(default=None, description="digest of CATALOG_IMAGE, recorded in every manifest")
    device: str = Field(
        default="cpu",
        description="cpu or cuda; recorded in every manifest, and with cuda the pods of GPU steps request a GPU",
    )
    cost_per_hour_usd: float = Field(
        default=0.0, ge=0, description="price of an hour on this machine, for the cost of each asset"
    )

    @property
    def catalog_url(self) -> str:
        """The catalog database's URL."""
        return self.database_url or f"sqlite:///{(self.store.absolute().parent / 'catalog.db').as_posix()}"

    @property
    def sheets(self) -> Path:
        """The folder of the contact sheets, `<sku>.png`."""
        return self.store.absolute().parent / "sheets"


def read_settings() -> Settings:
    """Read the settings of this process. Raises BadInput that names the variable."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "CATALOG_" + "_".join(map(str, first["loc"])).upper()
        raise BadInput(f"{name}: {first['msg']}", remedy="Correct the environment variable") from None
