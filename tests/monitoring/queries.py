"""What a PromQL query names, as far as it is ours."""

import re
from collections.abc import Mapping, Set
from typing import Final

_WRITTEN_BY_PROMETHEUS: Final = {"job", "instance", "alertname", "alertstate"}


def foreign_names(query: str, known: Mapping[str, Set[str]]) -> set[str]:
    """Metrics of a query that no scrape has, and labels of its selectors and groupings that no series has."""
    found = {name for name in re.findall(r"backup_gateway_[a-z0-9_]+", query) if name not in known}
    for name, selector in re.findall(r"(backup_gateway_[a-z0-9_]+)\{([^}]*)\}", query):
        found |= set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector)) - known.get(name, set())
    labels = {label for has in known.values() for label in has} | _WRITTEN_BY_PROMETHEUS
    for group in re.findall(r"\b(?:by|on|group_left|without|ignoring)\s*\(([^)]*)\)", query):
        found |= {label.strip() for label in group.split(",") if label.strip()} - labels
    return found
