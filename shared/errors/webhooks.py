"""What may go wrong with webhooks and their deliveries: a branch of the tree in `shared.errors`."""

from __future__ import annotations

from shared.errors import DocchuError


class WebhookNotFound(DocchuError):
    """There is no such webhook."""

    code = "webhook_not_found"


class TooManyWebhooks(DocchuError):
    """There are as many webhooks as there may be: delete one first."""

    code = "too_many_webhooks"


class DeliveryNotFound(DocchuError):
    """There is no such delivery, or its time is over."""

    code = "delivery_not_found"


class DeliveryInFlight(DocchuError):
    """The delivery is being sent at this moment."""

    code = "delivery_in_flight"
    transient = True
