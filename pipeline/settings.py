"""Every CATALOG_* setting, typed, in one place. Only cli, plan and plugins read it."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.core.errors import BadInput


class Settings(BaseSettings):
    """Read from the environment, prefix `CATALOG_`: `CATALOG_STORE=/data/store`. Secrets come from nowhere else."""

    model_config = SettingsConfigDict(env_prefix="CATALOG_", extra="ignore", frozen=True)

    store: Path = Field(default=Path(".catalog/store"), description="folder of artifacts and manifests")
    database_url: str | None = Field(
        default=None, repr=False, description="the catalog database; default: SQLite beside the store"
    )
    shoots: Path = Field(default=Path("examples/collection"), description="where discovery looks for shoots")
    preset: str = Field(default="standard", description="a file of pipeline/presets: engines and quality of every step")
    execution: Literal["local", "kubernetes"] = Field(default="local", description="where Airflow runs a step")
    retries: int = Field(default=2, ge=0, description="how often Airflow tries a failed step again")
    retry_seconds: float = Field(
        default=20.0, gt=0, description="how long it waits first; then twice as long each time"
    )
    image: str | None = Field(default=None, description="container image of the pods")
    kubernetes_namespace: str = Field(default="catalog", description="namespace of the pods")
    kubernetes_claim: str | None = Field(default="catalog-store", description="volume claim that holds the store")
    kubernetes_cores: int = Field(default=4, gt=0, description="cores per pod, unless its stage declares fewer")
    kubernetes_memory: str = Field(
        default="8Gi", description="memory per pod (request and limit), unless its stage declares less"
    )
    kubernetes_secret: str = Field(
        default="catalog", description="Secret with CATALOG_DATABASE_URL and API keys; it becomes the pods' environment"
    )
    kubernetes_pod_template: Path | None = Field(
        default=None, description="YAML of a pod to start from: tolerations, node selectors, more volumes"
    )
    image_digest: str | None = Field(default=None, description="its digest, recorded in every manifest")
    device: str = Field(default="cpu", description="cpu or cuda; recorded in every manifest")
    cost_per_hour_usd: float = Field(default=0.0, ge=0, description="price of this machine, for the cost of each asset")

    @property
    def catalog_url(self) -> str:
        """The catalog database's URL."""
        return self.database_url or f"sqlite:///{(self.store.absolute().parent / 'catalog.db').as_posix()}"

    @property
    def sheets(self) -> Path:
        """Where the contact sheets are laid out for people, `<sku>.png`."""
        return self.store.absolute().parent / "sheets"


def read_settings() -> Settings:
    """The settings of this process. Raises BadInput that names the variable."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "CATALOG_" + "_".join(map(str, first["loc"])).upper()
        raise BadInput(f"{name}: {first['msg']}", remedy="Correct the environment variable") from None
