"""YooKassa's SDK with settings of its own for every shop. Loaded at the first call: nobody else needs its memory."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from yookassa.client import ApiClient
from yookassa.domain.common.http_verb import HttpVerb
from yookassa.domain.common.user_agent import UserAgent
from yookassa.domain.exceptions import (
    ApiError,
    BadRequestError,
    ForbiddenError,
    GoneError,
    NotFoundError,
    UnauthorizedError,
)
from yookassa.domain.request.payment_request import PaymentRequest
from yookassa.domain.request.receipt_request import ReceiptRequest
from yookassa.domain.request.refund_request import RefundRequest

from ..outgoing import web_session
from . import GatewayAuthFailed, GatewayOutcomeUnknown, GatewayRefused, GatewayResponseUnreadable, RefusalReason

log = logging.getLogger(__name__)

# What only a clinic can set: a prefix each. Of «receipt» alone the shop says that it wants one, or none.
SHOP_PARAMETERS = ("receipt.customer", "receipt.tax_system_code", "receipt.items.", "payment_method")
UNKNOWN_OUTCOME_ERRORS = (
    ApiError,
    requests.RequestException,
    AttributeError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
)


class Client(ApiClient):
    """Reads no process-wide settings, has a time-out, does not retry and does not log."""

    def __init__(
        self, shop_id: str, secret_key: str, api_url: str, timeout: tuple[float, float], in_all: float
    ) -> None:
        self.shop_id = shop_id
        self.shop_password = secret_key
        self.auth_token = None
        self.endpoint = api_url
        self.timeout, self.in_all = timeout, in_all
        self.user_agent = UserAgent()

    def execute(self, body: Any, method: str, path: str, query_params: Any, request_headers: dict[str, str]) -> Any:
        with web_session(self.in_all) as session:
            return session.request(
                method,
                self.endpoint + path,
                params=query_params,
                headers=request_headers,
                json=body,
                timeout=self.timeout,
                allow_redirects=False,  # the shop's key is sent to no other host
                auth=_keep_auth_header,
            )


def _keep_auth_header(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The header is set already; without this requests would take credentials from a .netrc."""
    return request


class Sdk:
    """One shop. Requests are the SDK's, which knows what may be asked; answers are given as they came (parsing.py):
    the SDK's own classes refuse a whole answer for one field they do not know."""

    def __init__(
        self, shop_id: str, secret_key: str, api_url: str, timeout: tuple[float, float], in_all: float
    ) -> None:
        self.client = Client(shop_id, secret_key, api_url, timeout, in_all)

    def create_payment(self, data: dict[str, Any], key: str) -> Any:
        return self._create("/payments", _validated(PaymentRequest, data), key)

    def create_refund(self, data: dict[str, Any], key: str) -> Any:
        return self._create("/refunds", _validated(RefundRequest, data), key)

    def create_receipt(self, data: dict[str, Any], key: str) -> Any:
        return self._create("/receipts", _validated(ReceiptRequest, data), key)

    def get(self, path: str, params: dict[str, Any] | None = None) -> Any:
        return self.client.request(HttpVerb.GET, path, params)

    def _create(self, path: str, request: Any, key: str) -> Any:
        return self.client.request(HttpVerb.POST, path, None, {"Idempotence-Key": key}, request)

    @contextmanager
    def translated_errors(self, operation: str) -> Iterator[None]:
        """Translates the SDK's exceptions to GatewayRefused and GatewayOutcomeUnknown."""
        try:
            yield
        except (BadRequestError, NotFoundError, GoneError) as error:
            raise _refusal(operation, error) from None
        except (UnauthorizedError, ForbiddenError) as error:
            # Our setting is wrong, which says nothing of any payment: what waits goes on when it is put right.
            log.error("yookassa: %s: the shop's id, key or rights are refused (%s)", operation, _word(error, "code"))
            raise GatewayAuthFailed("not let in") from None
        except GatewayResponseUnreadable as error:
            log.error("yookassa: %s: %s cannot be read", operation, error)
            raise
        except UNKNOWN_OUTCOME_ERRORS as error:
            name = type(error.__context__ or error).__name__  # behind the AttributeError is what really happened
            log.warning("yookassa: %s: %s", operation, name)
            raise GatewayOutcomeUnknown(name) from None


def _validated(kind: Any, data: dict[str, Any]) -> Any:
    """Raises GatewayRefused for a request the SDK finds invalid, so that it is not repeated."""
    try:
        request = kind(data)
        request.validate()
    except (ValueError, TypeError) as error:
        log.error("yookassa: %s: %s", kind.__name__, type(error).__name__)
        raise GatewayRefused(RefusalReason.INVALID_REQUEST) from None
    return request


def _refusal(operation: str, error: ApiError) -> GatewayRefused:
    code, parameter = _word(error, "code"), _word(error, "parameter")
    log.warning("yookassa: %s: %s %s (%s)", operation, code, parameter, _word(error, "id"))
    if parameter == "Idempotence-Key":
        return GatewayRefused(RefusalReason.KEY_REUSED)
    if parameter == "receipt" or parameter.startswith(SHOP_PARAMETERS):
        return GatewayRefused(RefusalReason.SHOP_SETTINGS, parameter)
    return GatewayRefused(code or RefusalReason.INVALID_REQUEST, parameter)


def _word(error: ApiError, name: str) -> str:
    """A field of the answer's body. Never its description, which may quote an address."""
    return str((error.content or {}).get(name, ""))[:60]
