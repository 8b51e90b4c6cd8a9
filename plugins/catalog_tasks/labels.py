"""Labels of mapped tasks in Airflow's grid: the shoot's sku, and why its step was held or failed."""

from airflow.sdk import Context

LABEL = "catalog_label"
LABEL_TEMPLATE = "{{ catalog_label | default(task.sku) }}"
MAX_LABEL = 250  # the width of Airflow's column


def show_reason(context: Context, sku: str, reason: str) -> None:
    """Let Airflow's grid show the reason beside the sku."""
    context[LABEL] = reason_label(sku, reason)  # type: ignore[literal-required]


def reason_label(sku: str, reason: str) -> str:
    """Return the label of a step that did not succeed: sku and reason."""
    text = f"{sku} · {' '.join(reason.split())}"
    return text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1] + "…"
