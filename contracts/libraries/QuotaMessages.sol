// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IQuotas} from "../interfaces/IQuotas.sol";

/// @title EIP-712 struct hashes of what is sent to Quotas
/// @dev Every field is one word, so the ABI encoding of a struct is its EIP-712 encoding.
library QuotaMessages {
    bytes32 private constant CAP = keccak256(
        "Cap(bytes32 authority,uint64 asset,uint64 tonnes,uint16 revision,bytes32 document,"
        "uint48 deadline)"
    );
    bytes32 private constant RULE = keccak256(
        "Rule(bytes32 authority,uint8 instrument,uint16 year,uint16 firstVintage,"
        "uint16 lastVintage,uint16 sharePermyriad,bool isStrict,uint48 surrenderBy,"
        "uint16 revision,bytes32 rulePack,uint48 deadline)"
    );
    bytes32 private constant ALLOCATION = keccak256(
        "Allocation(bytes32 authority,bytes32 account,uint64 asset,int64 tonnes,uint16 revision,"
        "bytes32 rulePack,bytes32 explanation,uint48 deadline)"
    );
    bytes32 private constant TRANSFER = keccak256(
        "Transfer(bytes32 from,bytes32 to,uint64 asset,uint64 tonnes,uint24 nonce,uint48 deadline)"
    );
    bytes32 private constant SURRENDER = keccak256(
        "Surrender(bytes32 account,uint64 asset,uint64 tonnes,uint16 year,uint24 nonce,"
        "uint48 deadline)"
    );
    bytes32 private constant CANCELLATION = keccak256(
        "Cancellation(bytes32 account,uint64 asset,uint64 tonnes,bytes32 beneficiary,"
        "bytes32 reason,uint24 nonce,uint48 deadline)"
    );

    function hash(IQuotas.Cap calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(CAP, message));
    }

    function hash(IQuotas.Rule calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(RULE, message));
    }

    function hash(IQuotas.Allocation calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(ALLOCATION, message));
    }

    function hash(IQuotas.Transfer calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(TRANSFER, message));
    }

    function hash(IQuotas.Surrender calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(SURRENDER, message));
    }

    function hash(IQuotas.Cancellation calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(CANCELLATION, message));
    }
}
