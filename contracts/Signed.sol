// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ISigned} from "./interfaces/ISigned.sol";

/// @title Who signed a message, and batches of signed calls
abstract contract Signed is ISigned, EIP712 {
    uint256 private constant CALLS_MAX = 200;
    uint64 private constant FIGURE_MAX = 2 ** 53 - 1;
    uint64 private constant SECTORS_MAX = 2 ** 63 - 1;

    constructor(string memory name) EIP712(name, "1") {}

    /// @inheritdoc ISigned
    function batch(bytes[] calldata calls, bool allOrNothing) external {
        if (calls.length > CALLS_MAX) revert BatchTooLong(calls.length);
        for (uint256 index = 0; index < calls.length; ++index) {
            (bool isDone, bytes memory reason) = address(this).delegatecall(calls[index]);
            if (isDone) continue;
            if (allOrNothing) Address.verifyCallResult(isDone, reason);
            emit CallRefused(index, reason);
        }
    }

    /// The key that acts: the signer of the message, or the caller if the signature is empty.
    function _signer(bytes32 structHash, uint48 deadline, bytes calldata signature)
        internal
        view
        returns (address)
    {
        if (block.timestamp > deadline) revert SignatureExpired(deadline, _now());
        return _recover(structHash, signature);
    }

    function _recover(bytes32 structHash, bytes calldata signature)
        internal
        view
        returns (address)
    {
        if (signature.length == 0) return msg.sender;
        return ECDSA.recoverCalldata(_hashTypedDataV4(structHash), signature);
    }

    /// The id of the act: its struct hash without the last byte, whose place the stage takes.
    function _actId(bytes32 structHash) internal pure returns (bytes32) {
        return bytes32(bytes31(structHash));
    }

    function _now() internal view returns (uint48) {
        return uint48(block.timestamp);
    }

    function _requireNext(uint16 current, uint16 given) internal pure {
        if (uint256(given) != uint256(current) + 1) revert RevisionOutOfDate(current, given);
    }

    /// Refuses what cannot be an identifier, for those whose entry is not read.
    function _requireIdentifier(bytes32 id) internal pure {
        if (bytes32(bytes28(id)) != id) revert IdentifierUnknown(id);
    }

    function _requireFigure(uint64 value) internal pure {
        if (value > FIGURE_MAX) revert FigureTooLarge(value);
    }

    function _requireSectors(uint64 sectors) internal pure {
        if (sectors > SECTORS_MAX) revert FigureTooLarge(sectors);
    }
}
