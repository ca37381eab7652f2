"""The objects of YooKassa's API, field by field, as its own OpenAPI specification describes them.

Source: «Справочник API ЮKassa», openapi 3.0.2, info.version 1.0.0, which yookassa.ru/developers/using-api/
openapi-specification offers to download; read as kept in github.com/Wolframko/yookassarb,
yookassa-openapi-specification.yaml at a64fd746c2ae, components/schemas: Payment, PaymentMethod*, Refund, Receipt,
Error, NotificationEventType. What is only said in a description's words stands in `said_in_words`.

A dict is an object, a list [of] an array, a string a pattern, a type a type; a name with «?» is not required.
"""

from __future__ import annotations

from typing import Any

Described = dict[str, Any]

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # the specification says: 36 signs
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:\d\d)"  # ISO 8601; UTC where `said_in_words` says so
CURRENCY = r"RUB|EUR|USD|KZT|BYN|UAH|UZS|TRY|INR|MDL|AZN|AMD"
SUM: Described = {"value": r"\d+\.\d\d", "currency": CURRENCY}
REGISTRATION = r"pending|succeeded|canceled"  # ReceiptRegistrationStatus
NUMBER = (int, float)

CARD_TYPES = (
    r"MasterCard|Visa|Mir|UnionPay|JCB|AmericanExpress|DinersClub|DiscoverCard|InstaPayment|InstaPaymentTM|Laser|Dankort"
    r"|Solo|Switch|Unknown"
)
CARD: Described = {  # BankCardData
    "first6?": r"[0-9]{6}", "last4": r"[0-9]{4}", "expiry_year": r"[0-9]{4}", "expiry_month": r".+",
    "card_type": CARD_TYPES, "card_product?": {"code": str, "name?": str}, "issuer_country?": str, "issuer_name?": str,
    "source?": r"apple_pay|google_pay|mir_pay",
}  # fmt: skip
METHODS = (
    r"bank_card|cash|alfabank|webmoney|wechat|apple_pay|google_pay|qiwi|installments|yoo_money|sberbank|mobile_balance"
    r"|b2b_sberbank|tinkoff_bank|sbp|sber_loan|electronic_certificate|sber_bnpl"
)
METHOD: Described = {  # PaymentMethod, with the fields of the kinds a clinic meets
    "type": METHODS, "id": str, "saved": bool, "status": r"pending|active|inactive", "title?": str,
}  # fmt: skip
METHOD_OF: dict[str, Described] = {
    "bank_card": METHOD | {"card?": CARD},
    "tinkoff_bank": METHOD | {"card?": {name.replace("first6?", "first6"): kind for name, kind in CARD.items()}},
    "yoo_money": METHOD | {"account_number?": r"[0-9]{11,33}"},
    "sbp": METHOD | {"sbp_operation_id?": str, "payer_bank_details?": {"bank_id": r"[a-zA-Z0-9]{12}", "bic": r"\d{9}"}},
}
PAYMENT: Described = {
    "id": UUID, "status": r"pending|waiting_for_capture|succeeded|canceled", "amount": SUM, "income_amount?": SUM,
    "description?": r".{0,128}", "recipient": {"account_id": str, "gateway_id": str}, "payment_method?": METHOD_OF,
    "captured_at?": MOMENT, "created_at": MOMENT, "expires_at?": MOMENT,
    "confirmation?": {"type": r"redirect", "enforce?": bool, "return_url?": r".{1,2048}", "confirmation_url": str},
    "test": bool, "refunded_amount?": SUM, "paid": bool, "refundable": bool, "receipt_registration?": REGISTRATION,
    "metadata?": {"*": str}, "authorization_details?": {
        "rrn?": str, "auth_code?": str, "three_d_secure": {"applied": bool},
    },
    "cancellation_details?": {
        "party": r"yoo_money|payment_network|merchant",
        "reason": r"3d_secure_failed|call_issuer|card_expired|payment_method_limit_exceeded|payment_method_restricted"
                  r"|country_forbidden|general_decline|fraud_suspected|identification_required|insufficient_funds"
                  r"|invalid_card_number|invalid_csc|issuer_unavailable|canceled_by_merchant|permission_revoked"
                  r"|internal_timeout|expired_on_confirmation|expired_on_capture|unsupported_mobile_operator"
                  r"|deal_expired",
    },
    "transfers?": list, "deal?": dict, "merchant_customer_id?": r".{1,200}", "invoice_details?": {"id?": str},
}  # fmt: skip
REFUND: Described = {
    "id": UUID, "payment_id": UUID, "status": r"pending|succeeded|canceled", "receipt_registration?": REGISTRATION,
    "cancellation_details?": {
        "party": r"yoo_money|refund_network",
        "reason": r"yoo_money_account_closed|insufficient_funds|general_decline|rejected_by_payee|rejected_by_timeout"
                  r"|payment_basket_id_not_found|payment_article_number_not_found|payment_tru_code_not_found"
                  r"|too_many_refunding_articles|some_articles_already_refunded",
    },
    "created_at": MOMENT, "amount": SUM, "description?": r".{1,250}", "sources?": list, "deal?": dict,
    "refund_method?": {"type": r"sbp|electronic_certificate", "sbp_operation_id?": str},
    "refund_authorization_details?": {"rrn?": str}, "metadata?": {"*": str},
}  # fmt: skip
SUBJECTS = (
    r"commodity|excise|job|service|gambling_bet|gambling_prize|lottery|lottery_prize|intellectual_activity|payment"
    r"|agent_commission|property_right|non_operating_gain|insurance_premium|sales_tax|resort_fee|composite|another|fine"
    r"|tax|lien|cost|pension_insurance_without_payouts|pension_insurance_with_payouts|health_insurance_without_payouts"
    r"|health_insurance_with_payouts|health_insurance|casino|agent_withdrawals|non_marked_excise|marked_excise|marked"
    r"|non_marked"
)
MODES = r"full_prepayment|partial_prepayment|advance|full_payment|partial_payment|credit|credit_payment"
ITEM: Described = {  # ReceiptItem
    "description": r".{1,128}", "quantity": NUMBER, "amount": SUM, "vat_code": range(1, 13),
    "payment_subject?": SUBJECTS, "payment_mode?": MODES,
    "measure?": r"piece|gram|kilogram|ton|centimeter|decimeter|meter|square_centimeter|square_decimeter|square_meter"
                r"|milliliter|liter|cubic_meter|kilowatt_hour|gigacalorie|day|hour|minute|second|kilobyte|megabyte"
                r"|gigabyte|terabyte|another",
}  # fmt: skip
RECEIPT: Described = {
    "id": rf"rt-{UUID}", "type": r"payment|refund", "payment_id?": str, "refund_id?": str, "status": REGISTRATION,
    "fiscal_document_number?": str, "fiscal_storage_number?": str, "fiscal_attribute?": str, "registered_at?": MOMENT,
    "fiscal_provider_id?": str, "items": [ITEM], "internet?": bool,
    "settlements?": [{"type": r"cashless|prepayment|postpayment|consideration", "amount": SUM}],
    "tax_system_code?": range(1, 7), "timezone?": range(1, 12), "on_behalf_of?": str,
    "receipt_industry_details?": list, "receipt_operational_details?": dict,
}  # fmt: skip
ERROR: Described = {
    "type?": r"error", "id?": str, "description?": str, "parameter?": str, "retry_after?": int,
    "code?": r"invalid_request|invalid_credentials|forbidden|not_found|gone|too_many_requests|internal_server_error",
}  # fmt: skip
EVENTS = r"payment\.waiting_for_capture|payment\.succeeded|payment\.canceled|refund\.succeeded"
WITH_AUTHORIZATION = ("bank_card", "sberbank", "tinkoff_bank")  # Mir Pay is a card


def said_in_words(thing: dict[str, Any]) -> dict[str, bool]:
    """What the descriptions of a Payment's, Refund's and Receipt's fields say of when they are there."""
    is_payment, is_receipt = "recipient" in thing, thing["id"].startswith("rt-")
    status, method = thing["status"], thing.get("payment_method", {})
    said = {
        "a receipt that was registered has its number at the desk": not is_receipt
        or ("fiscal_provider_id" in thing) == (status == "succeeded"),
        "UTC": is_receipt or all(thing.get(name, "Z").endswith("Z") for name in ("created_at", "captured_at")),
        "who cancelled": is_receipt or ("cancellation_details" in thing) == (status == "canceled"),
    }
    if is_payment:
        said |= {
            "a page while it waits": ("confirmation" in thing) == (status == "pending"),
            "what went back, once something has": "refunded_amount" not in thing
            or float(thing["refunded_amount"]["value"]) > 0,
            "an authorization of cards alone": "authorization_details" not in thing
            or method.get("type") in WITH_AUTHORIZATION,
            "whose bank, when СБП succeeded": method.get("type") != "sbp"
            or status != "succeeded"
            or {"sbp_operation_id", "payer_bank_details"} <= method.keys(),
        }
    elif not is_receipt:
        by = thing.get("refund_method", {})
        said["СБП's number of what went back"] = by.get("type") != "sbp" or status != "succeeded" or len(by) == 2
    return said
