"""Which refusal is which HTTP status, in one table, and the problem that tells it (RFC 9457)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.fields import hex_text, to_wire
from api.problems import explanation
from identity.errors import IdentityError
from ledger.errors import Refusal

if TYPE_CHECKING:
    from fastapi import Request  # its types only: the command line tells problems too

PROBLEM = "application/problem+json"
_FACT_CHARACTERS_MAX = 140

STATUS: dict[str, int] = {
    "RequestMalformed": 400,
    "IdempotencyKeyMissing": 400,
    "CursorMalformed": 400,
    "PrefixNotHomed": 400,
    "TokenInvalid": 401,
    "TokenMissing": 401,
    "CsrfTokenWrong": 403,
    "CustodyForbidden": 403,
    "InvitationForbidden": 403,
    "ScopeMissing": 403,
    "KeyNotValid": 403,
    "KeyRightMissing": 403,
    "KeyProofWrong": 403,
    "StandingMissing": 403,
    "VerifierNotAssigned": 403,
    "VerifierNotIndependent": 403,
    "VerifierNotAccredited": 403,
    "MethodRefused": 403,
    "IdentifierUnknown": 404,
    "ResourceUnknown": 404,
    "MethodNotAllowed": 405,
    "RequestSlow": 408,
    "PayloadTooLarge": 413,
    "MediaTypeUnsupported": 415,
    "ArchiveForeign": 422,
    "AssetMalformed": 422,
    "AccountsEqual": 422,
    "BatchTooLong": 422,
    "BucketWrong": 422,
    "CarrierUnknown": 422,
    "PathMalformed": 422,
    "TreeEmpty": 422,
    "ChainMismatch": 422,
    "ContractMismatch": 422,
    "DocumentMalformed": 422,
    "DocumentMismatch": 422,
    "ECDSAInvalidSignature": 422,
    "ECDSAInvalidSignatureLength": 422,
    "ECDSAInvalidSignatureS": 422,
    "EvidenceEmpty": 422,
    "FieldInvalid": 422,
    "FigureTooLarge": 422,
    "AsOfUnknown": 422,
    "ExportTooLarge": 413,
    "FilterUnknown": 422,
    "FormatUnavailable": 406,
    "IdempotencyKeyReused": 422,
    "IdentifierKindWrong": 422,
    "IdentifierLabelBad": 422,
    "IdentifierMalformed": 422,
    "IntervalBad": 422,
    "MessageMalformed": 422,
    "PeriodBad": 422,
    "PeriodMalformed": 422,
    "QuotaTooLarge": 422,
    "QuotaZero": 422,
    "ReadingsMalformed": 422,
    "RulePackUnknown": 404,
    "SignatureMalformed": 422,
    "StandingBad": 422,
    "RateLimited": 429,
    "ChainUnavailable": 503,
    "DatabaseDamaged": 503,
    "DatabaseUnavailable": 503,
    "LedgerHalted": 503,
    "MirrorMissing": 503,
    "OutboxFull": 503,
    # Told on the client's side of the wire only, never by a service.
    "AnswerWrong": 502,
    "ServiceUnavailable": 503,
    "ActUnderWay": 504,
    "Internal": 500,
    "RevertUnknown": 500,
}
_CONFLICT = 409  # every other rule of a contract


@dataclass(eq=False)
class MethodNotAllowed(Refusal):
    """The resource has no such method."""

    allowed: list[str]


@dataclass(eq=False)
class Internal(Refusal):
    """Our fault; the request id finds it in the log."""

    request_id: str


def status_of(code: str) -> int:
    """The HTTP status of a refusal's code."""
    return STATUS.get(code, _CONFLICT)


def facts_to_wire(facts: Mapping[str, Any], names: Mapping[bytes, str]) -> dict[str, Any]:
    """A refusal's facts with identifiers as names where the mirror knows them."""
    shown = {name: to_wire(name, value, names) for name, value in facts.items()}
    return {name: _cut(value) for name, value in shown.items()}


def _cut(value: Any) -> Any:
    """What a sender wrote is given back only as far as it helps to find it."""
    is_long = isinstance(value, str) and len(value) > _FACT_CHARACTERS_MAX
    return value[:_FACT_CHARACTERS_MAX] + "…" if is_long else value


def problem(
    refusal: Refusal | IdentityError, *, names: Mapping[bytes, str], language: str
) -> dict[str, Any]:
    """The problem object; `code` and `facts` never change with the language."""
    facts = facts_to_wire(refusal.facts, names)
    first = getattr(refusal, "first", None)
    if first is not None:
        act_id, state = first
        known = {"id": hex_text(act_id), "state": state}
        facts |= known | {"resource": f"/v1/submissions/{hex_text(act_id)}"}
    if refusal.line is not None:
        facts["line"] = refusal.line
    title, detail, next_step = explanation(refusal.code, facts, language)
    return {
        "type": f"/problems/{refusal.code}",
        "code": refusal.code,
        "status": status_of(refusal.code),
        "title": title,
        "detail": detail,
        "facts": facts,
        "next": next_step,
    }


def language_of(request: "Request") -> str:
    """zh where the client asks for it first, else en."""
    return "zh" if request.headers.get("accept-language", "").lower().startswith("zh") else "en"


def json_bytes(value: Any) -> bytes:
    """Compact UTF-8 JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
