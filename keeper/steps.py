"""How the keeper does things: a step that fails stops no other, and a record no other one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from shared.errors import DocchuError, ServiceError, Unavailable
from shared.log import tell_away
from shared.running.failpoints import reach
from shared.store.aside import Aside

_log = structlog.get_logger()
Step = Callable[[], object]


def do(step: Step) -> bool:
    """Do a step, whatever comes of it; whether there is more of it to do at once."""
    name = getattr(step, "__name__", "") or str(step)  # of a method that is all it belongs to
    reach(f"keeper.{name}")
    try:
        return bool(step())
    except Unavailable as error:
        tell_away(error, step=name)
    except Exception:
        # A boundary: whatever it is, the other steps are done, and this one with the next round.
        _log.exception("step failed; trying again", step=name)
    return False


def each(aside: Aside, index: str, members: Iterable[str], deed: Callable[[str], None]) -> None:
    """Do something with each member of an index; one that cannot be used is set aside.

    Raises ServiceError.
    """
    for member in members:
        try:
            deed(member)
        except ServiceError:
            raise
        except DocchuError:
            _log.exception("a record failed; trying again", index=index, record=member)
        except Exception as error:
            aside.put(index, member, error)
