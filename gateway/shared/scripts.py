"""The Lua scripts of the shared store. Each touches keys of one hash tag alone, so that a cluster runs them as well.

Every script returns the server's clock (microseconds since the epoch) first: replicas compare times by it alone.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Final

_NOW: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local function text(number) return string.format('%.0f', number) end
"""


@dataclass(frozen=True, slots=True)
class Script:
    """A script and the digest that servers know it by."""

    body: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha", hashlib.sha1(self.body.encode(), usedforsecurity=False).hexdigest())


def _script(body: str) -> Script:
    return Script(_NOW + body)


PROBE: Final = _script("""
redis.call('SET', KEYS[1], ARGV[1], 'PX', 1000)
redis.call('DEL', KEYS[1])
return {now}
""")

ENTER: Final = _script("""
-- KEYS lease, head, failure; ARGV owner, lease ms, longest age us, strict, whole, known version, awaited fence
-- Answers a list that serves, the fence of whoever is at it, the failure that was just met, or a lease of one's own.
local head = redis.call('HMGET', KEYS[2], 'version', 'chunks', 'asked', 'swept', 'fence', 'wall')
local strict, awaited = ARGV[4] == '1', tonumber(ARGV[7])
local listed = head[1] and tonumber(head[3]) <= now
if listed and head[1] ~= ARGV[6] then
  local asked = tonumber(ARGV[5] == '1' and head[4] or head[3])
  if asked >= now - tonumber(ARGV[3]) or (not strict and awaited > 0 and tonumber(head[5]) >= awaited) then
    return {now, 'list', head}
  end
end
local lease = redis.call('GET', KEYS[1])
if lease then return {now, 'wait', string.match(lease, ':(%d+)$')} end
local failure = redis.call('HMGET', KEYS[3], 'fence', 'owner', 'error')
if failure[1] then
  local told = awaited > 0 and tonumber(failure[1]) >= awaited
  if told or (awaited == 0 and not strict and failure[2] ~= ARGV[1]) then return {now, 'failed', failure[3]} end
end
redis.call('SET', KEYS[1], ARGV[1] .. ':' .. text(now), 'PX', ARGV[2])
return {now, 'lead', text(now), listed and head or false}
""")

PUBLISH: Final = _script("""
-- KEYS lease, head, failure, index, chunk prefix;
-- ARGV owner, fence, version, chunks, asked, swept, wall, kept ms, digest, notice, channel
-- Refuses whoever lost his lease to somebody else, and a list that is older than the one that is there.
local fence, asked = tonumber(ARGV[2]), tonumber(ARGV[5])
local lease = redis.call('GET', KEYS[1])
if lease and tonumber(string.match(lease, ':(%d+)$')) > fence then return {now, 0} end
local head = redis.call('HMGET', KEYS[2], 'version', 'chunks', 'asked', 'fence')
if head[1] and tonumber(head[3]) <= now and (tonumber(head[4]) > fence or tonumber(head[3]) > asked) then
  return {now, 0}
end
for number = 0, tonumber(head[1] and head[2] or 0) - 1 do
  redis.call('PEXPIRE', KEYS[5] .. head[1] .. ':' .. number, 10000)
end
for number = 0, tonumber(ARGV[4]) - 1 do
  redis.call('PEXPIRE', KEYS[5] .. ARGV[3] .. ':' .. number, ARGV[8])
end
redis.call('HSET', KEYS[2], 'version', ARGV[3], 'chunks', ARGV[4], 'asked', ARGV[5], 'swept', ARGV[6],
  'fence', ARGV[2], 'wall', ARGV[7])
redis.call('PEXPIRE', KEYS[2], ARGV[8])
redis.call('ZADD', KEYS[4], now, ARGV[9])
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - tonumber(ARGV[8]) * 1000)
redis.call('PEXPIRE', KEYS[4], ARGV[8])
redis.call('DEL', KEYS[3])
if lease == ARGV[1] .. ':' .. ARGV[2] then redis.call('DEL', KEYS[1]) end
redis.call('PUBLISH', ARGV[11], ARGV[10])
return {now, 1}
""")

LEAVE: Final = _script("""
-- KEYS lease, failure; ARGV owner, fence, error or '', kept ms, notice, channel
if redis.call('GET', KEYS[1]) ~= ARGV[1] .. ':' .. ARGV[2] then return {now, 0} end
redis.call('DEL', KEYS[1])
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[2], 'fence', ARGV[2], 'owner', ARGV[1], 'error', ARGV[3])
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
redis.call('PUBLISH', ARGV[6], ARGV[5])
return {now, 1}
""")

RENEW: Final = _script("""
-- KEYS lease; ARGV owner, fence, lease ms
if redis.call('GET', KEYS[1]) ~= ARGV[1] .. ':' .. ARGV[2] then return {now, 0} end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {now, 1}
""")

HEAD: Final = _script("""
-- KEYS head
local head = redis.call('HMGET', KEYS[1], 'version', 'chunks', 'asked', 'swept', 'fence', 'wall')
return {now, head[1] and tonumber(head[3]) <= now and head or false}
""")

CHUNK: Final = _script("""
-- KEYS chunk; ARGV bytes, kept ms
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {now}
""")

GET: Final = _script("""
-- KEYS any
return {now, redis.call('GET', KEYS[1])}
""")

MEMBERS: Final = _script("""
-- KEYS index
return {now, redis.call('ZRANGE', KEYS[1], 0, -1)}
""")

ALIVE: Final = _script("""
-- KEYS replicas; ARGV replica, longest silence us. Answers how many replicas are alive.
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
redis.call('PEXPIRE', KEYS[1], 60000)
return {now, redis.call('ZCARD', KEYS[1])}
""")

GONE: Final = _script("""
-- KEYS sorted set; ARGV member
return {now, redis.call('ZREM', KEYS[1], ARGV[1])}
""")

TURN: Final = _script("""
-- KEYS log; ARGV period us, ceiling, member, then member and age us of calls that the log may have missed
local period = tonumber(ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - period)
redis.call('ZREMRANGEBYSCORE', KEYS[1], now + 1000000, '+inf')
for at = 4, #ARGV, 2 do
  redis.call('ZADD', KEYS[1], 'NX', text(now - tonumber(ARGV[at + 1])), ARGV[at])
end
local granted = redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[2]) and 1 or 0
if granted == 1 then redis.call('ZADD', KEYS[1], text(now), ARGV[3]) end
redis.call('PEXPIRE', KEYS[1], math.ceil(period / 1000))
local ages, log = {}, redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for at = 2, #log, 2 do ages[#ages + 1] = now - tonumber(log[at]) end
return {now, granted, ages}
""")

SLOT: Final = _script("""
-- KEYS slots; ARGV ceiling, member, lease us
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return {now, 0} end
redis.call('ZADD', KEYS[1], text(now + tonumber(ARGV[3])), ARGV[2])
redis.call('PEXPIRE', KEYS[1], 60000)
return {now, 1}
""")

KEEP_SLOT: Final = _script("""
-- KEYS slots; ARGV member, lease us
redis.call('ZADD', KEYS[1], 'XX', text(now + tonumber(ARGV[2])), ARGV[1])
redis.call('PEXPIRE', KEYS[1], 60000)
return {now}
""")

LOGIN: Final = _script("""
-- KEYS token, lease, pause; ARGV owner, lease ms, digest of a token that is known to be dead
local token = redis.call('HMGET', KEYS[1], 'digest', 'sealed')
if token[1] and token[1] ~= ARGV[3] then return {now, 'token', token[2]} end
local pause = redis.call('GET', KEYS[3])
if pause then return {now, 'pause', pause, redis.call('PTTL', KEYS[3])} end
if redis.call('EXISTS', KEYS[2]) == 1 then return {now, 'wait'} end
redis.call('SET', KEYS[2], ARGV[1] .. ':' .. text(now), 'PX', ARGV[2])
return {now, 'lead', text(now)}
""")

GRANTED: Final = _script("""
-- KEYS token, lease, pause; ARGV owner, fence, digest, sealed, kept ms
if redis.call('GET', KEYS[2]) ~= ARGV[1] .. ':' .. ARGV[2] then return {now, 0} end
redis.call('HSET', KEYS[1], 'digest', ARGV[3], 'sealed', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('DEL', KEYS[2], KEYS[3])
return {now, 1}
""")

NOT_GRANTED: Final = _script("""
-- KEYS token, lease; ARGV owner, fence
if redis.call('GET', KEYS[2]) == ARGV[1] .. ':' .. ARGV[2] then redis.call('DEL', KEYS[2]) end
return {now}
""")

DROPPED: Final = _script("""
-- KEYS token; ARGV digest
if redis.call('HGET', KEYS[1], 'digest') == ARGV[1] then redis.call('DEL', KEYS[1]) end
return {now}
""")

SET: Final = _script("""
-- KEYS any; ARGV value, kept ms, notice or '', channel
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if ARGV[3] ~= '' then redis.call('PUBLISH', ARGV[4], ARGV[3]) end
return {now}
""")

SESSION: Final = _script("""
-- KEYS session; ARGV value, kept ms. Keeps a session that the store does not know; answers what it knows of it.
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
elseif redis.call('GET', KEYS[1]) ~= '-' and redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return {now, redis.call('GET', KEYS[1])}
""")

OF_USER: Final = _script("""
-- KEYS sessions of a user; ARGV digest, most, kept ms. Answers the oldest ones that are too many.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[3]) * 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local over = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[2])
if over <= 0 then return {now, {}} end
local oldest = redis.call('ZRANGE', KEYS[1], 0, over - 1)
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, over - 1)
return {now, oldest}
""")

LOCK: Final = _script("""
-- KEYS failures, lock; ARGV what ('look', 'failed' or 'succeeded'), most, lock ms, notice of a failure, channel.
-- Answers failures and ms locked.
local locked = math.max(0, redis.call('PTTL', KEYS[2]))
local failures = tonumber(redis.call('GET', KEYS[1]) or '0')
if ARGV[1] == 'succeeded' and locked == 0 then
  redis.call('DEL', KEYS[1])
  failures = 0
elseif ARGV[1] == 'failed' and locked == 0 then
  failures = failures + 1
  redis.call('SET', KEYS[1], failures, 'PX', ARGV[3])
  if failures >= tonumber(ARGV[2]) then
    redis.call('SET', KEYS[2], '1', 'PX', ARGV[3])
    redis.call('DEL', KEYS[1])
    failures, locked = 0, tonumber(ARGV[3])
  end
  redis.call('PUBLISH', ARGV[5], ARGV[4])
end
return {now, failures, locked}
""")
