// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IEmissions} from "../interfaces/IEmissions.sol";

/// @title EIP-712 struct hashes of what is sent to Emissions
/// @dev Every field is one word, so the ABI encoding of a struct is its EIP-712 encoding.
library EmissionMessages {
    bytes32 private constant EVIDENCE = keccak256(
        "Evidence(bytes32 facility,uint32 period,bytes32 follows,uint32 month,bytes32 root,"
        "uint64 leaves,uint48 deadline)"
    );
    bytes32 private constant REPORT = keccak256(
        "Report(bytes32 facility,uint32 period,bytes32 follows,uint64 directGrams,"
        "uint64 indirectGrams,bytes32 document,bytes32 rulePack,uint48 deadline)"
    );
    bytes32 private constant STATEMENT = keccak256(
        "Statement(bytes32 facility,uint32 period,bytes32 follows,bytes32 verifier,uint8 opinion,"
        "uint64 verifiedGrams,bytes32 document,uint48 deadline)"
    );
    bytes32 private constant CONFIRMATION = keccak256(
        "Confirmation(bytes32 facility,uint32 period,bytes32 follows,bytes32 authority,"
        "bytes32 account,uint64 tonnes,uint48 deadline)"
    );
    bytes32 private constant REOPENING = keccak256(
        "Reopening(bytes32 facility,uint32 period,bytes32 follows,bytes32 authority,"
        "bytes32 reason,uint48 deadline)"
    );

    function hash(IEmissions.Evidence calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(EVIDENCE, message));
    }

    function hash(IEmissions.Report calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(REPORT, message));
    }

    function hash(IEmissions.Statement calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(STATEMENT, message));
    }

    function hash(IEmissions.Confirmation calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(CONFIRMATION, message));
    }

    function hash(IEmissions.Reopening calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(REOPENING, message));
    }
}
