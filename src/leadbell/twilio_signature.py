"""Whether a webhook comes from our own account at Twilio."""

from collections.abc import Mapping

from twilio.request_validator import SIGNATURE_HEADER, RequestValidator

HEADER: str = SIGNATURE_HEADER


def is_ours(account: str, token: str, url: str, form: Mapping[str, str], signature: str) -> bool:
    """Signed over the whole address and the form, with the account's token; false where there is no account."""
    return bool(
        account
        and token
        and form.get("AccountSid") == account
        and RequestValidator(token).validate(url, form, signature)
    )
