"""A client whose writes count as done once so many replicas have them (`WAIT`).

A primary that dies, or that nobody knows to be one any more, takes along what no replica got. So
nothing is told to anybody of a write before they have it: else it is as if the store were away, and
what was written may be there or not, as after an answer that was lost. `WAIT` goes along with the
command, on the same connection: on another one, to another server, it would say nothing.
https://redis.io/docs/latest/commands/wait/
"""

from __future__ import annotations

from typing import Any

from redis import ConnectionPool, Redis
from redis.client import Pipeline
from redis.exceptions import ConnectionError

_PATIENCE_MS = 2000
"""For a replica to have a write; it takes one as long as a way there and back."""
# Whatever is not named here is taken for a write: that costs a moment, no more.
_READS = frozenset(
    {
        *("GET", "MGET", "STRLEN", "EXISTS", "TYPE", "PTTL", "TTL", "SCAN", "DBSIZE"),
        *("HGET", "HMGET", "HGETALL", "HEXISTS", "HKEYS", "HLEN", "HVALS", "HSCAN"),
        *("LLEN", "LRANGE", "SCARD", "SISMEMBER", "SMEMBERS", "SSCAN"),
        *("ZCARD", "ZCOUNT", "ZRANGE", "ZRANGEBYSCORE", "ZRANK", "ZREVRANGE", "ZSCORE", "ZSCAN"),
        *("XLEN", "XRANGE", "XREAD", "XREVRANGE", "PUBLISH", "PUBSUB"),
        *("ACL", "CLIENT", "COMMAND", "CONFIG", "INFO", "MEMORY", "PING", "SCRIPT", "TIME"),
    }
)


class NotReplicated(ConnectionError):
    """Too few replicas have what was written: they are away, or the server is no primary now."""


class ReplicatedClient(Redis):
    """The client."""

    def __init__(self, pool: ConnectionPool, num_replicas: int) -> None:
        super().__init__(connection_pool=pool)
        self.auto_close_connection_pool = True
        self._num_replicas = num_replicas

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Carry a command out."""
        if args[0] in _READS:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        with self.pipeline(transaction=False) as pipe:
            pipe.execute_command(*args, **options)  # type: ignore[no-untyped-call]
            return pipe.execute()[0]

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        """As redis-py's; a transaction is not waited for: nobody is told of what is done so."""
        return _Pipeline(
            self.connection_pool, self.response_callbacks, transaction, self._num_replicas
        )


class _Pipeline(Pipeline):
    def __init__(
        self, pool: ConnectionPool, callbacks: Any, transaction: bool, num_replicas: int
    ) -> None:
        super().__init__(pool, callbacks, transaction, None)
        self._is_transaction = transaction
        self._num_replicas = num_replicas

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        if self._is_transaction or all(args[0] in _READS for args, _ in self.command_stack):
            return super().execute(raise_on_error)
        self.execute_command("WAIT", self._num_replicas, _PATIENCE_MS)  # type: ignore[no-untyped-call]
        *answers, held = super().execute(raise_on_error=False)
        failed = next((one for one in answers if isinstance(one, Exception)), None)
        if failed and raise_on_error:
            raise failed
        if not isinstance(held, int) or held < self._num_replicas:
            raise NotReplicated(
                f"{held} of {self._num_replicas} replicas have it ({_PATIENCE_MS} ms)."
            )
        return answers

    def parse_response(self, connection: Any, command_name: Any, **options: Any) -> Any:
        answer = super().parse_response(connection, command_name, **options)  # type: ignore[no-untyped-call]
        if command_name == "WAIT" and answer < self._num_replicas:
            # Of a server that is no primary any more Sentinel knows; who connects asks it.
            connection.disconnect()
        return answer
