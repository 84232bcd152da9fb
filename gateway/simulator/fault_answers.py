"""Which request fault gives which answer."""

from types import MappingProxyType
from typing import Final

from gateway.simulator import broken_streams, floods, wrong_answers
from gateway.simulator.exchange import Answer

ANSWERS: Final = MappingProxyType[str, Answer](
    {
        "slow": broken_streams.slow,
        "hung": broken_streams.hung,
        "trickling": broken_streams.trickling,
        "cut": broken_streams.cut,
        "unended": broken_streams.unended,
        "reset": broken_streams.reset,
        "broken_json": wrong_answers.broken_json,
        "html": wrong_answers.html,
        "unauthorized": wrong_answers.unauthorized,
        "login_refused": wrong_answers.login_refused,
        "no_token": wrong_answers.no_token,
        "bad_token": wrong_answers.bad_token,
        "too_many": wrong_answers.too_many,
        "unavailable": wrong_answers.unavailable,
        "error": wrong_answers.error,
        "result_only": wrong_answers.result_only,
        "redirect": wrong_answers.redirect,
        "forbidden": wrong_answers.forbidden,
        "missing": wrong_answers.missing,
        "empty": wrong_answers.empty,
        "empty_list": wrong_answers.empty_list,
        "empty_body": wrong_answers.empty_body,
        "huge": floods.huge,
        "gzip_bomb": floods.gzip_bomb,
        "deep": wrong_answers.deep,
        "nan": wrong_answers.nan,
        "invalid_utf8": wrong_answers.invalid_utf8,
        "bom": wrong_answers.bom,
        "wrong_shape": wrong_answers.wrong_shape,
        "body": wrong_answers.body,
        "content_type": wrong_answers.content_type,
        "duplicate_keys": wrong_answers.duplicate_keys,
        "non_objects": wrong_answers.non_objects,
        "cookies": wrong_answers.cookies,
        "huge_header": wrong_answers.huge_header,
    }
)
"""Mode -> what it does."""
