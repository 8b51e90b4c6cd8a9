"""Labels of mapped tasks in Airflow's grid: the shoot's sku, and the reason if its step is held."""

LABEL = "catalog_label"
LABEL_TEMPLATE = "{{ catalog_label | default(task.sku) }}"
MAX_LABEL = 250  # the width of Airflow's column


def held_label(sku: str, reason: str) -> str:
    """Return the label of a held step: sku and reason."""
    text = f"{sku} · {reason}"
    return text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1] + "…"
