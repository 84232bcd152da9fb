"""What an operator reads of a faulty file, and of an appliance's broken HTTP: keys and kinds, never values."""

import base64
import io
from pathlib import Path

import pytest

from gateway.cli.config import check_file
from gateway.cli.secrets import print_new_token
from gateway.config.file import load
from gateway.dialects.wire import SAID_BYTES, repeats
from tests.secure.faulty import APPLIANCE_TOKEN, PASSWORD, Faulty, http
from tests.secure.hunt import traces
from tests.secure.support import CALM, config_text, site_of

CANARY = "canary-in-the-file-5Kq/+"
SYSTEM: dict[str, object] = {
    "id": 1,
    "name": "one",
    "url": "https://10.0.0.5",
    "username": "gateway",
    "timezone": "UTC",
    "password": CANARY,
}
USER: dict[str, object] = {"username": "noc", "systems": "all"}
TOKEN: dict[str, object] = {"name": "tool", "token_hash": "sha256:" + "0" * 64}

FAULTY_FILES = {
    "a password that is a list": config_text([{**SYSTEM, "password": [CANARY]}]),
    "an empty name beside a password": config_text([{**SYSTEM, "name": ""}]),
    "a password twice over": config_text([{**SYSTEM, "password_file": "x"}]),
    "a misspelt key": config_text([{**SYSTEM, "passwrod": CANARY}]),
    "a password in the address": config_text([{**SYSTEM, "url": f"https://gateway:{CANARY}@10.0.0.5"}]),
    "a password in the path": config_text([{**SYSTEM, "url": f"https://10.0.0.5/{CANARY}"}]),
    "a password as port": config_text([{**SYSTEM, "url": "https://10.0.0.5:canary"}]),
    "a password as a fingerprint": config_text([{**SYSTEM, "fingerprint": CANARY}]),
    "a password for a hash": config_text([SYSTEM], users=[{**USER, "password_hash": CANARY}]),
    "a broken hash": config_text([SYSTEM], users=[{**USER, "password_hash": f"$argon2id${CANARY}"}]),
    "a password in plain": config_text([SYSTEM], users=[{**USER, "password": CANARY}]),
    "a token for its hash": config_text([SYSTEM], tokens=[{**TOKEN, "token_hash": CANARY}]),
    "a token as systems": config_text([SYSTEM], tokens=[{**TOKEN, "systems": [CANARY]}]),
    "a store with a password": config_text([SYSTEM], tables={"cache": {"url": f"http://:{CANARY}@store"}}),
    "a quote too few": config_text([SYSTEM]).replace(f'{CANARY}"', CANARY),
    "a quote too many": config_text([SYSTEM]).replace(f'"{CANARY}"', f'"{CANARY}"x"'),
    "a table in its place": config_text([SYSTEM]).replace("[[system]]", "[system]"),
    "defaults": config_text([SYSTEM], tables={"defaults": {"password": CANARY, "id": 1, "tags": CANARY}}),
}


@pytest.mark.parametrize("text", FAULTY_FILES.values(), ids=FAULTY_FILES)
def test_a_faulty_file_is_told_without_its_values(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, at least one line with the file's name, and no canary in any form."""
    file = tmp_path / "gateway.toml"
    file.write_text(text)
    assert check_file(file) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert all(line.startswith(str(file)) for line in told.err.splitlines())
    assert traces({"canary": CANARY, "part": CANARY[:12]}, told.err.encode()) == []


def test_a_password_file_that_is_missing_or_unreadable_is_told_by_its_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And one that is no text shows none of its bytes."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"\xff\xfe" + CANARY.encode())
    for name in (str(secret), str(tmp_path / "missing"), str(tmp_path)):
        system = {key: value for key, value in SYSTEM.items() if key != "password"} | {"password_file": name}
        (tmp_path / "gateway.toml").write_text(config_text([system]))
        assert check_file(tmp_path / "gateway.toml") == 2
        told = capsys.readouterr().err
        assert "system[0].password_file: cannot be read: " in told
        assert CANARY not in told


def test_an_empty_password_file_is_a_fault_and_no_empty_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A secret that was not filled in is told at the start, not by the appliance that locks the account."""
    (tmp_path / "secret").write_text("\n")
    system = {key: value for key, value in SYSTEM.items() if key != "password"} | {"password_file": "secret"}
    (tmp_path / "gateway.toml").write_text(config_text([system]))
    assert check_file(tmp_path / "gateway.toml") == 2
    assert "system[0].password_file: holds no password" in capsys.readouterr().err


def test_a_configuration_shows_no_password_of_its_store(tmp_path: Path) -> None:
    """The address of a shared store may hold one."""
    canary = "canary-of-the-store"
    (tmp_path / "gateway.toml").write_text(
        config_text([SYSTEM], tables={"cache": {"url": f"redis://:{canary}@store:6379"}})
    )
    assert traces({"canary": canary}, repr(load(tmp_path / "gateway.toml")).encode()) == []


def test_a_new_token_is_printed_once_and_kept_as_a_hash(capsys: pytest.CaptureFixture[str]) -> None:
    """The lines to paste know the hash alone."""
    assert print_new_token("tool") == 0
    token, _, table = capsys.readouterr().out.partition("\n")
    assert len(token) == 43
    assert traces({"token": token}, table.encode()) == []


HEADERS = (
    "X-A: {}\x00\r\n",
    "X-{}\x01: a\r\n",
    "{}\r\n",
    "Content-Length: {}\r\n",
    "Transfer-Encoding: {}\r\n",
    "Content-Encoding: {}\r\n",
    "Content-Type: {}\r\n",
    "Location: /{}\r\n",
    "Retry-After: {}\r\n",
    "Date: {}\r\n",
    "X-A: {}" + "x" * 9_000 + "\r\n",
    "Set-Cookie: session={}; expires=never\r\n",
)
SAID = f"you sent {PASSWORD} and {APPLIANCE_TOKEN}".encode()
OTHER_TOKEN = "canary_of_another_token_8Dv"


@pytest.mark.parametrize("status", ["201 x", "307 x", "500 {}", "{} x", "600 x"])
async def test_broken_http_of_an_appliance_is_logged_without_what_it_said(status: str, log: io.StringIO) -> None:
    """Errors of the HTTP parser quote what they could not read: that may be any secret."""
    secrets = {"password": PASSWORD, "token": APPLIANCE_TOKEN, "another": OTHER_TOKEN}
    told = b""
    async with Faulty() as faulty:
        await faulty.switch("raw")
        for header in HEADERS:
            for secret in secrets.values():
                head = f"HTTP/1.1 {status.format(secret)}\r\n{header.format(secret)}"
                faulty.reply = f"{head}Content-Length: 2\r\n\r\n{{}}".encode()
                async with site_of(config_text([faulty.system()], tables=CALM)) as site:
                    told += (await site.ask()).text.encode()
                    told += repr(site.gateway.systems).encode()
    assert traces(secrets, told) == []
    assert traces(secrets, log.getvalue().encode()) == []


LARGE_REPLIES = {
    "an error of many words": http(b'{"result":[{"message":"%s"}],"more":"%s"}' % (SAID, b"x" * 70_000)),
    "an error status with them": http(
        b'{"result":[{"message":"%s"}],"more":"%s"}' % (SAID, b"x" * 70_000), "HTTP/1.1 500 x"
    ),
    "a list that was torn": http(
        b'{"backups":[%s,{"output":"%s' % (b",".join([b'{"output":"%s"}' % SAID] * 5_000), SAID)
    ),
    "a page": http(b"<p>%s</p>" % SAID * 5_000),
    "too many pieces": http(b'["%s"%s]' % (SAID, b",1" * 600_000)),
}


@pytest.mark.parametrize("reply", LARGE_REPLIES.values(), ids=LARGE_REPLIES)
async def test_a_large_reply_is_not_looked_through_for_secrets_as_none_of_its_words_are_told(
    reply: bytes, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For 58 MB that took 0.2 s of the event loop, once for the password and once for the token."""
    sizes = []

    def watched(body: bytes, secret: str) -> bool:
        sizes.append(len(body))
        return repeats(body, secret)

    monkeypatch.setattr("gateway.sources.session.repeats", watched)
    async with Faulty() as faulty, site_of(config_text([faulty.system()], tables=CALM)) as site:
        faulty.reply = reply
        await faulty.switch("raw")
        answer = await site.ask()
        assert answer.systems[1]["state"] == "missing"
        told = answer.text + repr(site.gateway.systems) + log.getvalue()
    assert traces({"password": PASSWORD, "token": APPLIANCE_TOKEN}, told.encode()) == []
    assert max(sizes) <= SAID_BYTES


@pytest.mark.parametrize("password", ["a:b", "ü", "a b", " ", "a\tb", '"', "\\", "💥"])
async def test_odd_passwords_of_callers_work_and_stay_here(password: str, log: io.StringIO) -> None:
    """By login and by Basic, wrong and right; only refusals are told."""
    async with site_of(config_text([], users=[{"username": "noc"}], tables=CALM)) as site:
        basic = base64.b64encode(f"noc:{password}".encode()).decode()
        wrong = {"username": "noc", "password": password}
        assert (await site.call("POST", "/api/login", None, json=wrong)).status == 401
        assert (await site.ask(token=None, headers={"Authorization": f"Basic {basic}"})).status == 401
    assert basic not in log.getvalue()
