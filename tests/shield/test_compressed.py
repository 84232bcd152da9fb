"""Lists that are held compressed answer as all others do: hits, narrowing, tails, stand-ins, a restart."""

from pathlib import Path

from gateway.lists.packed import PackedList
from gateway.simulator import ApplianceSpec
from gateway.stack import Gateway
from tests.shield.support import DAY_S, Rig, config_of, rig

COMPRESSED = {"compress_above_bytes": 1}


async def test_hits_narrowing_and_tails_are_exact_out_of_compressed_lists(tmp_path: Path) -> None:
    for dialect in ("wiki-2015", "10.x"):
        spec = ApplianceSpec(rows=600, dialect=dialect)
        cache: dict[str, object] = COMPRESSED | {"snapshot": str(tmp_path / dialect)}
        async with rig(spec, cache=cache) as shield:
            first = await shield.ask()
            assert first.backups.rows() == shield.truth()
            (held,) = shield.gateway.store.held(shield.system().source.system_id)
            assert isinstance(held.fetched.backups, PackedList)
            client = next(iter(shield.appliance.records)).client_id
            for body in ({}, {"status": "Failure"}, {"client_id": client}):
                answer = await shield.ask(body)
                assert (answer.source != "appliance", answer.backups.rows()) == (True, shield.truth(body))
            shield.hands.turn(DAY_S / 24)
            await shield.ask(max_age=60)
            rows = shield.truth()
            assert (await shield.ask()).backups.rows() == rows
            await shield.appliance.inject("error")
            shield.hands.turn(3700)
            stale = await shield.ask()
            assert (stale.state, stale.backups.rows()) == ("stale", rows)
            await shield.gateway._keeper.save()  # type: ignore[union-attr]
            await restarted(shield, cache, rows)


async def restarted(shield: Rig, cache: dict[str, object], rows: list[bytes]) -> None:
    """What was compressed comes back from the disk, and is compressed again."""
    config, hands = config_of(shield.farm, cache), shield.hands
    async with Gateway(config, monotonic=hands.monotonic, wall=hands.wall) as fresh:
        again = Rig(shield.farm, fresh, hands, [])
        answer = await again.ask()
        assert (answer.state, answer.source, answer.backups.rows()) == ("stale", "snapshot", rows)
        assert all(isinstance(held.fetched.backups, PackedList) for held in fresh.store.held(answer.system_id))
