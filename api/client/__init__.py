"""The other side of the wire: a synchronous client that signs offline and believes nothing.

    from api.client import Client, Signer

It imports neither web framework, nor database, nor chain.
"""

from api.client.acknowledgement import Acknowledgement
from api.client.client import Client, Submitted, resource
from api.client.exchange import Patience
from api.client.known import Known
from api.client.refusals import ActUnderWay, AnswerWrong, ProblemAnswered, ServiceUnavailable
from api.client.signing import Signer

__all__ = [
    "Acknowledgement",
    "ActUnderWay",
    "AnswerWrong",
    "Client",
    "Known",
    "Patience",
    "ProblemAnswered",
    "ServiceUnavailable",
    "Signer",
    "Submitted",
    "resource",
]
