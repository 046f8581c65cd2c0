// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IIdentifiers} from "../interfaces/IIdentifiers.sol";

/// @title EIP-712 struct hashes of what is sent to Identifiers
/// @dev But for the label every field is one word, so the ABI encoding is the EIP-712 encoding.
library IdentifierMessages {
    bytes32 private constant REGISTRATION = keccak256(
        "Registration(bytes32 parent,string label,bool isPrefix,uint8 kind,bytes32 owner,"
        "bytes32 record,uint48 deadline)"
    );
    bytes32 private constant RECORD_CHANGE =
        keccak256("RecordChange(bytes32 subject,bytes32 record,uint16 revision,uint48 deadline)");
    bytes32 private constant KEY_ADDITION = keccak256(
        "KeyAddition(bytes32 participant,address addedKey,uint32 person,uint16 rights,"
        "uint8 scheme,uint48 validFrom,uint48 validUntil,uint48 deadline)"
    );
    bytes32 private constant KEY_ENDING = keccak256(
        "KeyEnding(bytes32 participant,address endedKey,uint48 time,bool isCompromised,"
        "uint48 deadline)"
    );
    bytes32 private constant STANDING_CHANGE = keccak256(
        "StandingChange(bytes32 authority,bytes32 subject,uint8 standing,uint16 revision,"
        "bytes32 reason,uint48 deadline)"
    );
    bytes32 private constant ACCREDITATION = keccak256(
        "Accreditation(bytes32 authority,bytes32 verifier,uint48 validFrom,uint48 validUntil,"
        "uint64 sectors,bytes32 certificate,uint16 revision,uint48 deadline)"
    );
    bytes32 private constant ASSIGNMENT = keccak256(
        "Assignment(bytes32 authority,bytes32 verifier,bytes32 enterprise,uint16 firstYear,"
        "uint16 lastYear,uint64 sectors,uint8 ties,uint16 revision,uint48 deadline)"
    );
    bytes32 private constant TIE = keccak256(
        "Tie(bytes32 participant,bytes32 verifier,bytes32 enterprise,uint8 ties,uint48 deadline)"
    );

    function hash(IIdentifiers.Registration calldata message) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                REGISTRATION,
                message.parent,
                keccak256(bytes(message.label)),
                message.isPrefix,
                message.kind,
                message.owner,
                message.record,
                message.deadline
            )
        );
    }

    function hash(IIdentifiers.RecordChange calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(RECORD_CHANGE, message));
    }

    function hash(IIdentifiers.KeyAddition calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(KEY_ADDITION, message));
    }

    function hash(IIdentifiers.KeyEnding calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(KEY_ENDING, message));
    }

    function hash(IIdentifiers.StandingChange calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(STANDING_CHANGE, message));
    }

    function hash(IIdentifiers.Accreditation calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(ACCREDITATION, message));
    }

    function hash(IIdentifiers.Assignment calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(ASSIGNMENT, message));
    }

    function hash(IIdentifiers.Tie calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(TIE, message));
    }
}
