"""What `docchu admin doctor` looks at beside the job store."""

from __future__ import annotations

import json
import resource
import secrets
import shutil
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.error import HTTPError

from shared.admin.findings import Finding, Level
from shared.blobs import open_blobs
from shared.errors import SettingError
from shared.ids import new_id
from shared.running.disk import num_inodes
from shared.running.starting import check_pair
from shared.running.unknown import unknown_variables
from shared.settings import Settings
from shared.store.api_keys import ApiKeys, check_exposure
from shared.store.scripts import Client, store_faults
from shared.store.workers import Canary, Workers

TENANT = "docchu-doctor"
"""Whose the blob is that is written, read and erased."""
_MOST_APART_S = 2.0  # clocks
_LOW_BYTES, _LEAST_BYTES = 5 << 30, 200 << 20
_LOW_FILES = 10_000
_SOON = timedelta(days=14)
_SPARE_FILES = 1024  # descriptors of an API process besides its requests
_WEIGHTS = Path(__file__).parents[2] / "worker" / "ocr" / "weights"


def settings(found: Settings) -> Iterator[Finding]:
    """Whether each variable that is set is one."""
    for name, advice in unknown_variables().items():
        yield Finding("settings", "warning", f"{name} is no setting", advice)
    changed = sorted(name.upper() for name in found.model_fields_set)
    yield Finding("settings", "ok", f"{len(changed)} set: {', '.join(changed) or 'none'}")


def pair(found: Settings, client: Client) -> Iterator[Finding]:
    """Whether store and blobs belong together, and blobs can be written, read and erased."""
    blobs = open_blobs(found)
    try:
        check_pair(found, client, blobs)
        yield Finding("blobs", "ok", "they belong to this store")
    except SettingError as error:
        advice = "See DOCCHU_DATA_DIR, DOCCHU_BLOBS and DOCCHU_REDIS_URL: one of them is another's."
        yield Finding("blobs", "error", error.detail, advice)
        return
    job_id, data = new_id("job"), secrets.token_bytes(1000)
    blobs.probe()
    blobs.put(TENANT, job_id, "look", data)
    is_same = blobs.get(TENANT, job_id, "look") == data
    is_erased = blobs.delete_job(TENANT, job_id)
    if is_same and is_erased:
        yield Finding("blobs", "ok", "they can be written, read and erased")
    else:
        said = "what was written is not what is read" if is_erased else "nothing can be erased"
        yield Finding("blobs", "error", said, "Look at the disk, or at the key's rights.")


def clock(client: Client) -> Iterator[Finding]:
    """Whether this machine and the store agree on the time."""
    with store_faults():
        seconds, micros = client.time()
    apart = abs(datetime.now(UTC).timestamp() - (seconds + micros / 1e6))
    if apart > _MOST_APART_S:
        advice = "Let NTP set both: times that are shown, expiry and signatures go by it."
        yield Finding("clock", "warning", f"it is {apart:.0f} s apart from the store's", advice)
    else:
        yield Finding("clock", "ok", "it is as the store's")


def models(found: Settings) -> Iterator[Finding]:
    """Whether each model's file is what its card says."""
    folders = [folder for folder in (_WEIGHTS, found.models_dir) if folder]
    seen = set()
    for folder in folders:
        for card in sorted(folder.glob("*.json")):
            seen.add(card.stem)
            yield from _model(card)
        for file in sorted(folder.glob("*.safetensors")):
            if not file.with_suffix(".json").is_file():
                advice = f"Put its card {file.stem}.json beside it (docs/models.md)."
                yield Finding("models", "error", f"{file.name} has no card", advice)
    if found.models_dir and not found.models_dir.is_dir():
        said = f"DOCCHU_MODELS_DIR={found.models_dir} is no folder"
        yield Finding("models", "error", said, "Make it, or leave the setting out.")
    if seen and found.model not in seen:
        advice = f"There are {', '.join(sorted(seen))}."
        yield Finding("models", "error", f"DOCCHU_MODEL={found.model} is not there", advice)
    elif seen:
        yield Finding("models", "ok", f"{len(seen)} networks are there; {found.model} reads")
    else:
        yield Finding("models", "ok", "none here: workers have theirs elsewhere")


def _model(card: Path) -> Iterator[Finding]:
    advice = "Copy file and card anew, both of them."
    try:
        told = json.loads(card.read_text())
        files = [card.with_suffix(end) for end in (".safetensors", ".npz")]
        data = next(file.read_bytes() for file in files if file.is_file())
        if told["sha256"] != sha256(data).hexdigest():
            yield Finding("models", "error", f"{card.stem} is not what its card says", advice)
    except StopIteration:
        yield Finding("models", "error", f"{card.name} has no file beside it", advice)
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield Finding("models", "error", f"{card} cannot be used: {error}", advice)


def room(found: Settings) -> Iterator[Finding]:
    """Whether there is room on the disk, and for open files."""
    folder = found.data_dir if found.data_dir.is_dir() else Path()
    free, files = shutil.disk_usage(folder).free, num_inodes(folder)
    said = f"{free / 1e9:.1f} GB free under {folder.resolve()}"
    advice = "Make room, or keep documents for less time (DOCCHU_INPUT_TTL_S, DOCCHU_RESULT_TTL_S)."
    level: Level = "ok" if free > _LOW_BYTES else "warning" if free > _LEAST_BYTES else "error"
    yield Finding("disk", level, said, "" if level == "ok" else advice)
    if files < _LOW_FILES:
        yield Finding("disk", "warning", f"{files} more files can be made", advice)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = found.max_waiters + _SPARE_FILES
    if most != resource.RLIM_INFINITY and most < wanted:
        advice = f"Allow {wanted} (ulimit -Hn, LimitNOFILE=), or lower DOCCHU_MAX_WAITERS."
        yield Finding("descriptors", "warning", f"a process may open {most} files", advice)
    else:
        yield Finding("descriptors", "ok", "as many as requests may wait")


def access(found: Settings, client: Client) -> Iterator[Finding]:
    """Whether those get in who should, and nobody else."""
    known = ApiKeys(client)
    try:
        check_exposure(found, known)
    except SettingError as error:
        yield Finding("keys", "error", error.detail, "Until then the API does not start.")
        return
    if found.auth == "off" and not found.on_loopback:
        advice = "Leave DOCCHU_AUTH=off to what nobody else can reach."
        yield Finding("keys", "warning", "everybody who can reach the service may do all", advice)
    now = datetime.now(UTC)
    for key in known.all():
        if key.expires_at and key.expires_at - now < _SOON:
            is_over = key.is_over(now)
            said = f"{key.id} of {key.tenant} {'is over' if is_over else 'is over soon'}"
            advice = "Revoke it." if is_over else "Make another one for who uses it."
            yield Finding("keys", "ok" if is_over else "warning", said, advice)
    yield Finding("keys", "ok", "the service is as open as it was told to be")


def running(found: Settings, client: Client) -> Iterator[Finding]:
    """Which of the processes run."""
    alive = Workers(client).alive()
    if alive:
        yield Finding("worker", "ok", f"{len(alive)} run")
    else:
        yield Finding("worker", "warning", "none runs", "Start one: `python -m worker`.")
    if Canary(client, found.canary_interval_s).is_kept_up():
        yield Finding("keeper", "ok", "it goes its rounds")
    else:
        yield Finding("keeper", "warning", "none runs", "Start one: `python -m keeper`.")
    yield _api(found)


def _api(found: Settings) -> Finding:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{found.port}/readyz", timeout=10):
            return Finding("api", "ok", "documents can be read")
    except HTTPError as error:
        try:
            said = str(json.load(error).get("detail"))
        except ValueError:
            said = f"something else answers at its port with {error.code}"
        return Finding("api", "warning", said, "See what else is told here, and the log.")
    except OSError as error:
        advice = "Start it (`make run`, `docchu serve`), or ask on the machine where it runs."
        return Finding("api", "warning", f"it does not answer here ({error})", advice)
