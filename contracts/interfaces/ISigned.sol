// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title What all contracts of the ledger share: signed messages, batches, and common refusals
/// @notice Every verb takes a message and a signature of it (EIP-712). The actor is the key that
/// signed; anyone may carry it. An empty signature means: the caller is the key.
interface ISigned {
    /// @notice A call of a batch was refused and left no trace but this.
    /// @param index Its place in the batch, from 0.
    /// @param reason The refusal's data; empty when the call ran out of gas, so send it again.
    event CallRefused(uint256 indexed index, bytes reason);

    /// @notice The block time (seconds) is past the message's deadline.
    error SignatureExpired(uint48 deadline, uint48 time);

    /// @notice A batch of more than 200 calls.
    error BatchTooLong(uint256 calls);

    /// @notice The revision given is not the current one plus one.
    error RevisionOutOfDate(uint16 current, uint16 given);

    /// @notice Not an identifier of the tree.
    error IdentifierUnknown(bytes32 id);

    /// @notice An interval that is empty or reversed, or an end of it that is not allowed.
    error IntervalBad(uint48 from, uint48 until);

    /// @notice A number that readers could not keep exact.
    error FigureTooLarge(uint64 value);

    /// @notice An amount that does not fit the slot it belongs to.
    error QuotaTooLarge(uint256 value);

    /// @notice Make several calls of this contract, each with its own signature.
    /// @param calls At most 200, each the full call data.
    /// @param allOrNothing Whether the first refusal reverts all with its own error; otherwise
    /// a refused call leaves only `CallRefused`.
    function batch(bytes[] calldata calls, bool allOrNothing) external;
}
