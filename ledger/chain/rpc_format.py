"""Blocks, receipts and logs of the embedded chain in the JSON of the Ethereum JSON-RPC."""

from typing import Any

from eth._utils.address import generate_contract_address
from eth.abc import BlockAPI, BlockHeaderAPI, LogAPI, ReceiptAPI

_HEADER_FIELDS = {  # py-evm's name -> the JSON-RPC's
    "parent_hash": "parentHash",
    "uncles_hash": "sha3Uncles",
    "coinbase": "miner",
    "state_root": "stateRoot",
    "transaction_root": "transactionsRoot",
    "receipt_root": "receiptsRoot",
    "difficulty": "difficulty",
    "block_number": "number",
    "gas_limit": "gasLimit",
    "gas_used": "gasUsed",
    "timestamp": "timestamp",
    "extra_data": "extraData",
    "mix_hash": "mixHash",
    "nonce": "nonce",
    "base_fee_per_gas": "baseFeePerGas",
    "withdrawals_root": "withdrawalsRoot",
    "blob_gas_used": "blobGasUsed",
    "excess_blob_gas": "excessBlobGas",
    "parent_beacon_block_root": "parentBeaconBlockRoot",
}


def hex_data(value: bytes) -> str:
    """0x and two digits a byte."""
    return "0x" + value.hex()


def block_json(header: BlockHeaderAPI, transaction_hashes: tuple[bytes, ...]) -> dict[str, Any]:
    """A block with the hashes of its transactions."""
    body = {name: _plain(getattr(header, field)) for field, name in _HEADER_FIELDS.items()}
    return body | {
        "hash": hex_data(header.hash),
        "logsBloom": hex_data(header.bloom.to_bytes(256, "big")),
        "transactions": [hex_data(value) for value in transaction_hashes],
        "uncles": [],
        "withdrawals": [],
        "totalDifficulty": "0x0",
        "size": "0x0",
    }


def receipt_json(block: BlockAPI, receipts: tuple[ReceiptAPI, ...], index: int) -> dict[str, Any]:
    """The receipt of the transaction at this index of the block."""
    transaction, receipt = block.transactions[index], receipts[index]
    used_before = receipts[index - 1].gas_used if index else 0
    creates = transaction.to == b""
    created = generate_contract_address(transaction.sender, transaction.nonce)
    return _position(block, index) | {
        "from": hex_data(transaction.sender),
        "to": None if creates else hex_data(transaction.to),
        "contractAddress": hex_data(created) if creates else None,
        "cumulativeGasUsed": hex(receipt.gas_used),
        "gasUsed": hex(receipt.gas_used - used_before),
        "effectiveGasPrice": "0x0",
        "status": hex(int.from_bytes(receipt.state_root, "big")),
        "type": "0x0",
        "logsBloom": hex_data(receipt.bloom.to_bytes(256, "big")),
        "logs": [entry for at, entry in logs_json(block, receipts) if at == index],
    }


def logs_json(
    block: BlockAPI, receipts: tuple[ReceiptAPI, ...]
) -> list[tuple[int, dict[str, Any]]]:
    """Each log of the block with the index of its transaction, in order."""
    numbered = [(index, log) for index, receipt in enumerate(receipts) for log in receipt.logs]
    return [
        (index, _log_json(log) | _position(block, index) | {"logIndex": hex(log_index)})
        for log_index, (index, log) in enumerate(numbered)
    ]


def _log_json(log: LogAPI) -> dict[str, Any]:
    topics = [hex_data(topic.to_bytes(32, "big")) for topic in log.topics]
    return {
        "address": hex_data(log.address),
        "topics": topics,
        "data": hex_data(log.data),
        "removed": False,
    }


def _position(block: BlockAPI, index: int) -> dict[str, Any]:
    return {
        "blockHash": hex_data(block.hash),
        "blockNumber": hex(block.number),
        "transactionHash": hex_data(block.transactions[index].hash),
        "transactionIndex": hex(index),
    }


def _plain(value: int | bytes) -> str:
    return hex(value) if isinstance(value, int) else hex_data(value)
