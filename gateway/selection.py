"""Which systems a question is about, as far as its caller may see them (contract section 5.1)."""

from collections.abc import Callable, Iterable, Mapping, Set

from gateway.callers.accounts import Caller
from gateway.config.checked import System
from gateway.errors import RequestError
from gateway.model import SystemId
from gateway.onion import Stacked
from gateway.question.query import BackupQuery


def visible_to(caller: Caller, systems: Mapping[SystemId, Stacked]) -> dict[SystemId, Stacked]:
    """The systems that exist for a caller, by id: nothing else may be shown, counted or named to it."""
    return {system_id: system for system_id, system in systems.items() if system_id in caller.systems}


def withdrawn(caller: Caller, systems: Mapping[SystemId, Stacked], asked: Iterable[SystemId]) -> frozenset[SystemId]:
    """Those of the asked systems that this caller may not see any more.

    One that was taken out of the configuration is nobody else's: what was asked of it before is told to its end.
    """
    return frozenset(system_id for system_id in asked if system_id not in caller.systems and system_id in systems)


def select(systems: Mapping[SystemId, Stacked], caller: Caller, query: BackupQuery) -> list[Stacked]:
    """The asked systems, by id.

    Raises RequestError 404 for a system, customer or tag that is unknown: what the caller may not see is unknown to
    it, and takes this very path; 400 where `require` names a system that is not among the asked ones.
    """
    visible = visible_to(caller, systems)
    if query.system_ids is not None:
        asked = [_known(visible, query.system_key, "system", system_id) for system_id in query.system_ids]
    else:
        asked = list(visible.values())
    everything = list(visible.values())
    if query.customers is not None:
        asked = _labelled(asked, everything, "customer", query.customers, lambda system: {system.customer})
    if query.tags is not None:
        asked = _labelled(asked, everything, "tag", query.tags, lambda system: system.tags)
    if isinstance(query.require, frozenset):
        for system_id in sorted(query.require):
            required = _known(visible, "require", "system", system_id)
            if required not in asked:
                raise RequestError(400, f"require: system {system_id} is not among the asked ones", field="require")
    return sorted(asked, key=lambda system: system.config.id)


def _labelled(
    asked: Iterable[Stacked],
    visible: Iterable[Stacked],
    what: str,
    wanted: Iterable[str],
    labels_of: Callable[[System], Set[str | None]],
) -> list[Stacked]:
    """Those of the asked systems that carry a wanted label; a label that no visible system carries is unknown."""
    known = {label for system in visible for label in labels_of(system.config)}
    for label in wanted:
        if label not in known:
            raise _unknown(what, what, label)
    return [system for system in asked if not labels_of(system.config).isdisjoint(wanted)]


def _known(visible: Mapping[SystemId, Stacked], field: str, what: str, system_id: int) -> Stacked:
    found = visible.get(SystemId(system_id))
    if found is None:
        raise _unknown(field, what, str(system_id))
    return found


def _unknown(field: str, what: str, asked: str) -> RequestError:
    return RequestError(404, f"there is no {what} {asked}", field=field)
