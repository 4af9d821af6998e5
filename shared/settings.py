"""The one reader of the environment: every DOCCHU_ variable, checked, with its unit and default."""

from __future__ import annotations

import os
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import AliasChoices, Field, PlainValidator, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.errors import SettingError
from shared.setting_values import Network as Network
from shared.setting_values import host_and_port as host_and_port
from shared.setting_values import is_loopback, networks, origins, schedule

ENV_PREFIX = "DOCCHU_"
_ENV_FILE = ".env"
_MAX_SOCKET_PATH = 100  # characters; the kernel takes 107 (unix(7))
_DAY_S = 24 * 3600
# Standard Webhooks 1.0, "deliverability": some 75 hours in all.
_SCHEDULE = (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)

Positive = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]


class Settings(BaseSettings):
    """All settings. The variable of a field is `DOCCHU_` and its name in upper case.

    An empty variable is none. `model_fields_set` are those that somebody has set.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        populate_by_name=True,
        env_ignore_empty=True,
        dotenv_filtering="only_existing",  # others, such as compose's own, stand there, too
        extra="forbid",
        frozen=True,
    )

    data_dir: Path = Field(Path("data"), description="where documents, results and state lie")
    blobs: str = Field(
        "",
        pattern=r"^((s3|gs|az)://[^/]+.*)?$",
        description="s3://BUCKET/PREFIX of documents and results (AWS_… as usual); empty: on disk",
    )
    redis_url: str = Field(
        "",
        pattern=r"^((rediss?|unix|sentinel)://.+)?$",
        description="redis://, rediss:// (TLS), unix:// or sentinel://; empty: the embedded server",
    )
    bind: str = Field(
        "127.0.0.1:8080",
        pattern=r"^[^,]+:\d{1,5}(,[^,]+:\d{1,5})*$",
        description="address:port of the API; several by comma",
    )
    publish: str = Field(
        "",
        pattern=r"^(.+:\d{1,5})?$",
        description="address:port at which clients reach it, where that is not `bind` (containers)",
    )
    auth: Literal["auto", "on", "off"] = Field(
        "auto",
        description="whether API keys are wanted; auto: not on loopback until there is one",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode, PlainValidator(origins)] = Field(
        (),
        description="origins by comma whose pages may call the API, such as https://a.vn; *: all",
    )
    api_processes: Positive = Field(1, description="API processes")
    api_threads: Positive = Field(32, description="threads of one API process for work on its disk")
    max_waiters: Positive = Field(
        5000, description="requests of one API process that may wait at once: long polls, streams"
    )

    max_upload_bytes: Positive = Field(100_000_000, description="bytes of one document")
    max_batch_bytes: Positive = Field(
        10_000_000_000, description="bytes of one upload of many documents, and of its contents"
    )
    max_batch_jobs: Positive = Field(100_000, description="documents of one batch")
    max_pages: Positive = Field(2000, description="pages of one document")
    max_page_pixels: Positive = Field(50_000_000, description="pixels of one page")
    max_queued_pages: Positive = Field(200_000, description="pages waiting, of all tenants")
    max_queued_pages_per_tenant: Positive = Field(100_000, description="pages waiting, of one")
    allow_targets: Annotated[tuple[Network, ...], NoDecode, PlainValidator(networks)] = Field(
        (), description="CIDRs by comma: internal networks that outgoing requests may reach"
    )
    fetch_timeout_s: Seconds = Field(30, description="seconds to fetch a document by its URL")
    fetch_threads: Positive = Field(
        32, description="documents that one keeper fetches at once; half of those from one host"
    )

    input_ttl_s: Positive = Field(_DAY_S, description="seconds that uploads are kept")
    result_ttl_s: Positive = Field(7 * _DAY_S, description="seconds that results are kept")
    tombstone_ttl_s: Positive = Field(30 * _DAY_S, description="seconds that records are kept")

    max_finished_jobs_per_tenant: Positive = Field(
        200_000,
        description="ended jobs kept of one tenant, and as many tombstones; the oldest go first",
    )

    reuse: Literal["auto", "never"] = Field(
        "never", description="whether what was read of the same bytes before is taken again"
    )
    device: str = Field("auto", description="auto, cpu, cuda (every GPU) or cuda:N")
    device_processes: Literal["auto"] | Positive = Field(
        "auto", description="processes of a worker that read on each device; auto: by the machine"
    )
    gpu_memory_bytes: Annotated[int, Field(ge=0)] = Field(
        0, description="bytes of a GPU's memory that a worker may take in all; 0: what is free"
    )
    model: str = Field("vi-print", description="the recogniser, where a job names none")
    models_dir: Path | None = Field(
        None, description="folder of more recognisers, NAME.safetensors with NAME.json; empty: none"
    )
    templates_dir: Path | None = Field(
        None, description="folder of your own templates for fields, NAME.yaml; empty: none"
    )
    worker_slices: Positive = Field(
        5, description="slices that one worker reads at once; the last for interactive work alone"
    )
    loader_processes: Positive = Field(2, description="child processes that open pages")
    slice_pages: Positive = Field(16, description="pages of one slice")
    page_wall_s: Seconds = Field(30, description="seconds that opening one page may take")
    page_memory_bytes: Positive = Field(2 << 30, description="bytes that opening one page may take")
    worker_max_rss_bytes: Positive = Field(
        6 << 30, description="bytes of memory after which a worker is renewed"
    )

    webhook_schedule_s: Annotated[tuple[float, ...], NoDecode, PlainValidator(schedule)] = Field(
        _SCHEDULE, description="seconds before each attempt to deliver a webhook, by comma"
    )
    webhook_jitter: Annotated[float, Field(ge=0, le=1)] = Field(
        0.1, description="part of such a delay that is added to it by chance, at most"
    )
    webhook_timeout_s: Seconds = Field(15, description="seconds that one attempt may take in all")
    webhook_threads: Positive = Field(96, description="attempts that one keeper makes at once")
    webhook_host_threads: Positive = Field(32, description="of those, to one host")
    webhook_failing_s: Seconds = Field(
        5 * _DAY_S, description="seconds of failures after which a webhook is switched off"
    )
    delivery_ttl_s: Positive = Field(30 * _DAY_S, description="seconds that deliveries are kept")
    max_deliveries_per_tenant: Positive = Field(
        10_000, description="deliveries kept of one tenant; those that are pending always are"
    )
    max_webhooks_per_tenant: Positive = Field(20, description="webhooks of one tenant")

    lease_s: Seconds = Field(10, description="seconds after which a silent worker's slice is lost")
    max_crashes: Positive = Field(
        3,
        validation_alias=AliasChoices("DOCCHU_MAX_CRASHES", "DOCCHU_MAX_DEATHS"),
        description="workers that a slice may end before it is split (was DOCCHU_MAX_DEATHS)",
    )
    stall_s: Seconds = Field(300, description="seconds for a page, after which its worker is ended")
    deaf_s: Seconds = Field(
        60, description="seconds that work may wait unheard, after which a worker is ended"
    )
    job_timeout_s: Seconds = Field(1800, description="seconds that reading a job may take, and")
    page_timeout_s: Seconds = Field(60, description="seconds for each of its pages on top")
    keeper_interval_s: Seconds = Field(1, description="seconds between two rounds of the keeper")
    sweep_interval_s: Seconds = Field(3600, description="seconds between two looks for lost blobs")
    orphan_age_s: Seconds = Field(3600, description="seconds after which a blob can be a lost one")
    canary_interval_s: Seconds = Field(30, description="seconds between two canary readings")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least level"
    )
    task_events: Literal["on", "off"] = Field(
        "off", description="whether workers send Celery's task events, which Flower shows"
    )
    metrics_bind: str = Field(
        "",
        pattern=r"^([^,]+:\d{1,5})?$",
        description="address:port of a worker's figures, the port after it a keeper's; empty: none",
    )
    failpoints_dir: Path | None = Field(
        None, description="for tests: a folder of files that end a process at a named place"
    )

    @property
    def embedded(self) -> bool:
        """Whether state lies in the embedded Valkey server."""
        return not self.redis_url

    @property
    def socket_path(self) -> Path:
        """The embedded server's socket: a file, so that only this user can reach it."""
        path = self.data_dir.resolve() / "valkey.sock"
        if len(str(path)) <= _MAX_SOCKET_PATH:
            return path
        name = f"docchu-{sha256(bytes(path)).hexdigest()[:16]}.sock"
        return Path(tempfile.gettempdir()) / name

    @property
    def store_url(self) -> str:
        """The job store's address as redis-py wants it."""
        return self.redis_url or f"unix://{self.socket_path}?db=0"

    @property
    def broker_url(self) -> str:
        """The broker's address, the same server, as Celery writes it."""
        address = urlsplit(self.store_url)
        if address.scheme != "unix":
            return self.store_url
        database = parse_qs(address.query).get("db", ["0"])[0]
        return f"redis+socket://{address.path}?virtual_host={database}"

    @property
    def binds(self) -> list[str]:
        """The addresses of `bind`, each with its port."""
        return [one.strip() for one in self.bind.split(",")]

    @property
    def port(self) -> int:
        """The port of the first of them."""
        return host_and_port(self.binds[0])[1]

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the API."""
        addresses = [self.publish] if self.publish else self.binds
        return all(is_loopback(host_and_port(one)[0]) for one in addresses)


def env_file() -> str:
    """The file that settings are read from, if it is there; empty: none is."""
    return os.environ.get(f"{ENV_PREFIX}ENV_FILE", _ENV_FILE)


def load_settings() -> Settings:
    """Read the environment, and what it leaves open in the present folder's `.env`.

    DOCCHU_ENV_FILE names another file, or none where it is empty. Raises SettingError naming the
    variable, its value and what is wanted.
    """
    file = env_file()
    if f"{ENV_PREFIX}ENV_FILE" in os.environ and file and not Path(file).is_file():
        raise SettingError(f"{ENV_PREFIX}ENV_FILE={file} is no file.")
    source: dict[str, Any] = {"_env_file": file or None, "_env_file_encoding": "utf-8"}
    try:
        return Settings(**source)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper().removeprefix(ENV_PREFIX)
        field = Settings.model_fields[name.lower()]
        raise SettingError(
            f"{ENV_PREFIX}{name}={first['input']} cannot be used: {first['msg']}; "
            f"it is {field.description}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"The settings in {file} cannot be read: {error}") from None
