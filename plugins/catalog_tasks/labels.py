"""How a mapped task is called in Airflow's grid: the shoot's sku, and the reason when its step is held."""

LABEL = "catalog_label"
LABEL_TEMPLATE = "{{ catalog_label | default(task.sku) }}"
MAX_LABEL = 250  # the column that Airflow keeps it in


def held_label(sku: str, reason: str) -> str:
    """The label of a held step: which shoot, and why."""
    text = f"{sku} · {reason}"
    return text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1] + "…"
