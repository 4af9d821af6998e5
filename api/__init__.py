"""Turns HTTP into calls on `shared` and back; decides nothing else."""

from __future__ import annotations

from api.app import create_app

__all__ = ["create_app"]
