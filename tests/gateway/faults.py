"""Every fault of the simulator, and what the gateway must make of it (faults.md section 2, contract section 5.3)."""

from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.simulator import Fault

LOGIN: Final = frozenset({"login"})
MAX_REPLY: Final = 1_000_000


@dataclass(frozen=True)
class Case:
    """One fault. `kind` None: the appliance counts as well; `calls` is what a question costs, where it matters."""

    name: str
    fault: Fault | str
    kind: str | None
    status: int
    calls: int | None = 1
    tls: bool = False
    rows: bool = True
    """Where it counts as well: whether its rows are there."""

    def __str__(self) -> str:
        return self.name

    @property
    def deadline_s(self) -> float:
        """Short where it is what ends the waiting; else what a busy machine may need."""
        return 0.5 if self.kind == "timeout" else 8.0


def _of(status: int, kind: str | None, name: str, fault: Fault | str | None = None, **more: Any) -> Case:
    return Case(name, fault or name, kind, status, **more)


def _shape(text: str) -> Case:
    return _of(502, "bad_reply", f"wrong shape {text[:30]}", Fault("wrong_shape", text=text))


BACKUPS: Final[tuple[Case, ...]] = (
    _of(504, "timeout", "hung"),
    _of(504, "timeout", "slow beyond the deadline", Fault("slow", seconds=3.0)),
    _of(504, "timeout", "trickling", Fault("trickling", interval=0.02)),
    _of(502, "reset", "cut", calls=2),
    _of(502, "reset", "unended", calls=2),
    _of(502, "reset", "reset", calls=2),
    _of(502, "bad_reply", "broken_json"),
    _of(502, "bad_reply", "html"),
    _of(502, "auth", "unauthorized", calls=None),
    _of(503, "overloaded", "too_many"),
    _of(503, "overloaded", "too_many until a date", Fault("too_many", http_date=True)),
    _of(503, "overloaded", "unavailable"),
    _of(503, "overloaded", "unavailable until a date", Fault("unavailable", http_date=True)),
    _of(502, "appliance_error", "error"),
    _of(502, "appliance_error", "error 502", Fault("error", status=502)),
    _of(502, "appliance_error", "error 504", Fault("error", status=504)),
    _of(
        502, "appliance_error", "error page", Fault("body", status=500, text="<h1>Fatal</h1>", content_type="text/html")
    ),
    _of(502, "appliance_error", "result_only"),
    *(_of(502, "bad_reply", f"redirect {code}", Fault("redirect", status=code)) for code in (301, 302, 303, 307, 308)),
    _of(502, "denied", "forbidden"),
    _of(502, "unsupported", "missing"),
    _of(200, None, "empty", rows=False),
    _of(200, None, "empty_list", rows=False),
    _of(200, None, "backups null", Fault("wrong_shape", text='{"backups":null}'), rows=False),
    _of(200, None, "data empty", Fault("wrong_shape", text='{"data":[]}'), rows=False),
    _of(502, "bad_reply", "empty_body"),
    _of(502, "too_large", "huge", Fault("huge", size_bytes=2 * MAX_REPLY)),
    _of(502, "too_large", "huge in chunks", Fault("huge", size_bytes=2 * MAX_REPLY, chunked=True)),
    _of(502, "too_large", "gzip_bomb", Fault("gzip_bomb", size_bytes=20 * MAX_REPLY)),
    _of(502, "bad_reply", "deep"),
    _of(
        502, "bad_reply", "deep in a row", Fault("body", text='{"backups":[{"x":' + "[" * 90_000 + "]" * 90_000 + "}]}")
    ),
    _of(502, "bad_reply", "nan"),
    _of(502, "bad_reply", "a number out of range", Fault("body", text='{"backups":[{"id":1,"size":1e999}]}')),
    _of(502, "bad_reply", "invalid_utf8"),
    *(map(_shape, ('{"backups":17}', '{"backups":{}}', '{"foo":[]}', '"rows"', "17", "null", '{"data":"x"}', "true"))),
    _of(200, None, "bom"),
    _of(200, None, "content_type"),
    _of(200, None, "no content type at all", Fault("content_type", content_type="application/octet-stream")),
    _of(200, None, "duplicate_keys"),
    _of(502, "bad_reply", "non_objects", Fault("non_objects", percent=20)),
    _of(200, None, "cookies"),
    _of(502, "bad_reply", "huge_header"),
)

LISTENER: Final[tuple[Case, ...]] = (
    _of(502, "refused", "refusing", calls=0),
    _of(504, "timeout", "stalled", calls=0),
    _of(504, "timeout", "stalled TLS", "stalled", calls=0, tls=True),
    _of(502, "tls", "plain_http", calls=0, tls=True),
    _of(502, "tls_pin", "other_certificate", calls=0, tls=True),
)

_SAME_AT_LOGIN: Final = {
    *(
        "hung",
        "slow beyond the deadline",
        "trickling",
        "cut",
        "unended",
        "reset",
        "broken_json",
        "html",
        "unauthorized",
    ),
    *("too_many", "unavailable", "forbidden", "missing", "empty_body", "huge", "huge in chunks", "gzip_bomb", "deep"),
    *("nan", "invalid_utf8", "bom", "content_type", "cookies", "huge_header", "error page"),
    *(f"redirect {code}" for code in (301, 302, 303, 307, 308)),
}


def _at_login(case: Case) -> Case:
    fault = Fault(case.fault) if isinstance(case.fault, str) else case.fault
    return replace(case, name=f"login {case.name}", fault=replace(fault, routes=LOGIN), calls=0 if case.kind else 1)


LOGINS: Final[tuple[Case, ...]] = (
    *(_at_login(case) for case in BACKUPS if case.name in _SAME_AT_LOGIN),
    _of(502, "auth", "login_refused", calls=0),
    _of(502, "auth", "login refused with 401", Fault("error", routes=LOGIN, status=401), calls=0),
    _of(502, "auth", "no_token", calls=0),
    _of(502, "auth", "bad_token", calls=0),
    _of(502, "auth", "login empty", Fault("empty", routes=LOGIN), calls=0),
    _of(502, "auth", "login result_only", Fault("result_only", routes=LOGIN), calls=0),
    _of(502, "auth", "token is no text", Fault("body", routes=LOGIN, text='{"auth_token":5}'), calls=0),
    _of(502, "auth", "token is empty", Fault("body", routes=LOGIN, text='{"auth_token":""}'), calls=0),
    _of(502, "auth", "token is not ASCII", Fault("body", routes=LOGIN, text='{"auth_token":"é"}'), calls=0),
    _of(502, "bad_reply", "login is a list", Fault("empty_list", routes=LOGIN), calls=0),
)

BROKEN: Final = tuple(case for case in (*BACKUPS, *LISTENER, *LOGINS) if case.kind is not None)
WELL: Final = tuple(case for case in (*BACKUPS, *LISTENER, *LOGINS) if case.kind is None)
