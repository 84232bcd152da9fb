"""Nine systems of several customers, six callers, and who may see what: told by this table alone."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from gateway.simulator import Appliance, ApplianceSpec, Farm, Fault, generate_rows
from gateway.simulator.filters import matches
from tests.kit.accounts import PASSWORD, token_table
from tests.secure.support import QUICK, Site, config_text, site_of, system_table

NOW = 1_762_900_000.0
ROWS = 30
STATUS_WORDS = {None: "None", 0: "Success", 1: "Warning", 2: "Failure"}
ZONES = ("America/New_York", "Europe/London", "Asia/Kolkata")


@dataclass(frozen=True)
class Place:
    """One system. `words` occur in nothing but what belongs to it."""

    number: int
    name: str
    customer: str | None
    tags: tuple[str, ...]
    state: str = "well"

    @property
    def marker(self) -> str:
        return f"mark-of-{self.name}"


PLACES = (
    Place(1203, "kestrel", "Acanthus", ("gold", "emea")),
    Place(1317, "osprey", "Acanthus", ("silver",)),
    Place(1451, "merlin", "Boxwood", ("gold",)),
    Place(2608, "harrier", "Boxwood", ("bronze",), "dead"),
    Place(2719, "goshawk", "Cypress", ("emea",)),
    Place(2845, "caracara", "Cypress", (), "faulty"),
    Place(3902, "lanner", None, ("silver", "emea")),
    Place(3977, "besra", None, ()),
    Place(4114, "shikra", "Dogwood", ("platinum",), "dead"),
)
UNKNOWN_IDS = (1204, 2222, 3903, 4999)
UNKNOWN_WORDS = ("Elmwood", "iron")

RIGHTS: Mapping[str, Mapping[str, object]] = {
    "everything": {"systems": "all"},
    "some-ids": {"systems": [1317, 2719, 4114]},
    "by-customer": {"customers": ["Boxwood"]},
    "by-tag": {"tags": ["emea"]},
    "static": {"systems": [3977], "customers": ["Dogwood"], "tags": ["bronze"]},
    "nothing": {"systems": []},
}


def visible(caller: str) -> list[Place]:
    """What that caller may see, by contract section 3."""
    if caller == "everything":
        return list(PLACES)
    seen = {
        "some-ids": ("osprey", "goshawk", "shikra"),
        "by-customer": ("merlin", "harrier"),
        "by-tag": ("kestrel", "goshawk", "lanner"),
        "static": ("harrier", "besra", "shikra"),
        "nothing": (),
    }
    return [place for place in PLACES if place.name in seen[caller]]


@dataclass
class Nine:
    """The running nine, and a token for each caller."""

    site: Site
    farm: Farm
    text: str
    tokens: dict[str, str]

    def appliance(self, place: Place) -> Appliance:
        return self.farm[place.name]

    def calls(self) -> int:
        """How many requests the appliances have had in all."""
        return sum(len(appliance.requests) for appliance in self.farm)

    def rows_of(self, place: Place, body: Mapping[str, Any]) -> int:
        """How many rows a question means at one system, decided on the true facts."""
        if place.state != "well":
            return 0
        appliance, statuses = self.appliance(place), body.get("status")
        wanted = [statuses] if isinstance(statuses, str) else statuses
        asked = {key: body[key] for key in ("client_id", "backup_ids") if body.get(key) is not None}
        return sum(
            matches(record, asked, zone=appliance.zone, now=NOW)
            and (wanted is None or STATUS_WORDS[record.status] in wanted)
            for record in appliance.records
        )

    def foreign_words(self, caller: str) -> list[str]:
        """What must not occur in any answer to that caller."""
        seen = visible(caller)
        words = []
        for place in PLACES:
            if place not in seen:
                port = self.appliance(place).url.rpartition(":")[2]
                words += [place.name, place.marker, f'"system_id":{place.number}', f":{port}"]
                words.append(f"fault-of-{place.name}")
        kept = {place.customer for place in seen} | {tag for place in seen for tag in place.tags}
        every = {place.customer for place in PLACES} | {tag for place in PLACES for tag in place.tags}
        return words + [f'"{word}"' for word in sorted(every - kept - {None}, key=str)]


@contextlib.asynccontextmanager
async def nine() -> AsyncIterator[Nine]:
    """All of them, with every list that can be held held."""
    async with Farm([_spec(number, place) for number, place in enumerate(PLACES)]) as farm:
        for place in PLACES:
            if place.state == "faulty":
                await farm[place.name].inject(Fault("error", text=f"fault-of-{place.name}"))
        text = text_of(farm)
        async with site_of(text) as site:
            found = Nine(site, farm, text, {})
            for caller in RIGHTS:
                found.tokens[caller] = f"token-of-{caller}" if caller == "static" else await site.login(caller)
            await site.ask(token=found.tokens["everything"])
            yield found


def text_of(farm: Farm, rights: Mapping[str, Mapping[str, object]] = RIGHTS) -> str:
    """The configuration of the nine, with these rights."""
    systems = []
    for place in PLACES:
        labels: dict[str, object] = {"tags": list(place.tags)}
        if place.customer is not None:
            labels["customer"] = place.customer
        systems.append(system_table(place.number, farm[place.name], **labels))
    users = [{"username": caller, **keys} for caller, keys in rights.items() if caller != "static"]
    tokens = [
        token_table(caller, f"token-of-{caller}", **keys) for caller, keys in rights.items() if caller == "static"
    ]
    return config_text(systems, users=users, tokens=tokens, tables=QUICK)


def _spec(number: int, place: Place) -> ApplianceSpec:
    zone = ZONES[number % len(ZONES)]
    records = generate_rows(number, ZoneInfo(zone), int(NOW), ROWS, 14, name=place.name)
    return ApplianceSpec(
        name=place.name,
        seed=number,
        dialect="10.x" if number % 2 else "wiki-2015",
        timezone=zone,
        records=tuple(replace(record, extra=(("mark", place.marker),)) for record in records),
        dead=place.state == "dead",
    )


__all__ = ["NOW", "PASSWORD", "PLACES", "RIGHTS", "UNKNOWN_IDS", "UNKNOWN_WORDS", "Nine", "Place", "nine", "visible"]
