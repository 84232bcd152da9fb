"""What a person sees at a real terminal: colours, progress, and neither where they are not wanted."""

import pytest

from tests.cli.asking import look
from tests.gateway.conftest import Make
from tests.gateway.live import small

GREEN = "\x1b[32m"
CURSOR = "\x1b[?25l"


async def test_a_terminal_gets_states_as_sign_word_and_colour(gateway_over: Make):
    client = await gateway_over(1)
    seen = await look(client, "backups")
    assert seen.code == 0
    assert f"{GREEN}✓ Success" in seen.out


@pytest.mark.parametrize(
    ("flags", "environment"), [([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"}), (["--color", "never"], {})]
)
async def test_nobody_gets_colours_who_does_not_want_them(gateway_over: Make, flags: list[str], environment: dict):
    client = await gateway_over(1)
    seen = await look(client, "backups", *flags, **environment)
    assert "✓ Success" in seen.out
    assert "\x1b" not in seen.out


async def test_colours_that_are_asked_for_go_into_a_pipe(gateway_over: Make):
    client = await gateway_over(1)
    seen = await look(client, "backups", "--color", "always", on=())
    assert f"{GREEN}✓ Success" in seen.out


async def test_progress_tells_which_systems_have_answered(gateway_over: Make):
    client = await gateway_over([small(1), small(2, base_ms=1500)])
    seen = await look(client, "backups", on=("err",))
    assert CURSOR in seen.err
    assert "1 system done, 30 rows; the last one: site-1 ok" in seen.err
    assert "\x1b" not in seen.out


async def test_without_a_terminal_there_is_no_progress(gateway_over: Make):
    client = await gateway_over(1)
    seen = await look(client, "backups", on=("out",))
    assert "\x1b" not in seen.err
    assert "done" not in seen.err


async def test_rows_that_stream_over_a_terminal_are_not_mixed_with_progress(gateway_over: Make):
    client = await gateway_over(1)
    seen = await look(client, "backups", "-o", "ndjson")
    assert CURSOR not in seen.out + seen.err


async def test_a_long_row_is_folded_and_not_cut(gateway_over: Make):
    client = await gateway_over(1)
    seen = await look(client, "backups", "--color", "never", COLUMNS="60")
    assert "…" not in seen.out
    assert max(map(len, seen.out.splitlines())) <= 60


@pytest.mark.parametrize("columns", ["100", "80"])
async def test_in_a_table_of_systems_no_word_and_no_number_is_broken(gateway_over: Make, columns: str):
    client = await gateway_over([small(1, base_ms=1200), small(2, dead=True, name="umbrella-phoenix")])
    await client.post()
    seen = await look(client, "systems", "--color", "never", COLUMNS=columns)
    assert max(map(len, seen.out.splitlines())) <= int(columns)
    words = seen.out.split()
    for system in (await client.get(path="/gateway/systems")).json["systems"]:
        for key in ("state", "breaker", "latency_p50_ms", "latency_p95_ms"):
            assert system[key] is None or str(system[key]) in words, (key, seen.out)
    assert {"CALLS/MIN", "CEILING", "BREAKER"} <= set(words)


async def test_a_window_that_is_too_narrow_for_its_words_gets_whole_lines(gateway_over: Make):
    client = await gateway_over([small(1), small(2, dead=True)])
    await client.post()
    narrow = await look(client, "systems", "--color", "never", COLUMNS="40")
    heads, *rows = narrow.out.splitlines()
    assert heads.split() == [
        *("SYSTEM", "ID", "STATE", "AGE", "ROWS", "CALLS/MIN", "CEILING", "BREAKER", "P50", "MS", "P95", "MS", "WHY")
    ]
    assert len(rows) == 2


async def test_systems_are_a_table_with_their_states(gateway_over: Make):
    client = await gateway_over([small(1), small(2, dead=True)])
    await client.post()
    seen = await look(client, "systems")
    assert seen.code == 1
    assert f"{GREEN}✓ ok" in seen.out
    assert "✗ missing" in seen.out
