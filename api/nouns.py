"""The noun of each message in URLs: plain data, which the other side of the wire reads too."""

NOUNS = {
    "identifiers": "Registration",
    "records": "RecordChange",
    "keys": "KeyAddition",
    "key-endings": "KeyEnding",
    "standings": "StandingChange",
    "accreditations": "Accreditation",
    "assignments": "Assignment",
    "ties": "Tie",
    "evidence": "Evidence",
    "reports": "Report",
    "statements": "Statement",
    "confirmations": "Confirmation",
    "reopenings": "Reopening",
    "caps": "Cap",
    "surrender-rules": "Rule",
    "allocations": "Allocation",
    "transfers": "Transfer",
    "surrenders": "Surrender",
    "cancellations": "Cancellation",
    "findings": "Finding",
    "deliveries": "Delivery",
}
NOUN_OF = {message_type: noun for noun, message_type in NOUNS.items()}
