"""On request: make what a brief asks for of one product. Everything that exists already comes from the store."""

from airflow.sdk import DAG, Param

from catalog_tasks import read_request, run_shoots
from pipeline.settings import read_settings

with DAG(
    "catalog_request",
    description="What a brief asks for, in words, of one product",
    schedule=None,
    params={
        "sku": Param(type="string", minLength=1, description="a product of the catalog, or the folder of a shoot"),
        "text": Param(
            type="string",
            minLength=1,
            maxLength=4000,
            description="what the pictures should show, such as: 45° from the left on light marble, crop 4:5",
        ),
        "asset": Param(
            "", type="string", description="an asset to make again: its angle and backdrop, if none is named"
        ),
        "preset": Param(read_settings().preset, type="string", description="engines and quality: demo, standard"),
    },
    tags=["catalog"],
) as dag:
    run_shoots(
        read_request("{{ params.sku }}", "{{ params.text }}", preset="{{ params.preset }}", asset="{{ params.asset }}"),
        request=True,
    )
