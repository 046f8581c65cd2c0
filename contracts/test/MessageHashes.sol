// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEmissions} from "../interfaces/IEmissions.sol";
import {IIdentifiers} from "../interfaces/IIdentifiers.sol";
import {IQuotas} from "../interfaces/IQuotas.sol";
import {EmissionMessages} from "../libraries/EmissionMessages.sol";
import {IdentifierMessages} from "../libraries/IdentifierMessages.sol";
import {QuotaMessages} from "../libraries/QuotaMessages.sol";

/// @title The struct hashes that the contracts compute, many at a time, for comparison
contract MessageHashes {
    function hashRegistration(IIdentifiers.Registration[] calldata messages)
        external
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](messages.length);
        for (uint256 index = 0; index < messages.length; ++index) {
            hashes[index] = IdentifierMessages.hash(messages[index]);
        }
    }

    function hashRecordChange(IIdentifiers.RecordChange[] calldata messages)
        external
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](messages.length);
        for (uint256 index = 0; index < messages.length; ++index) {
            hashes[index] = IdentifierMessages.hash(messages[index]);
        }
    }

    function hashKeyAddition(IIdentifiers.KeyAddition[] calldata messages)
        external
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](messages.length);
        for (uint256 index = 0; index < messages.length; ++index) {
            hashes[index] = IdentifierMessages.hash(messages[index]);
        }
    }

    function hashKeyEnding(IIdentifiers.KeyEnding[] calldata messages)
        external
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](messages.length);
        for (uint256 index = 0; index < messages.length; ++index) {
            hashes[index] = IdentifierMessages.hash(messages[index]);
        }
    }

    function hashStandingChange(IIdentifiers.StandingChange[] calldata messages)
        external
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](messages.length);
        for (uint256 index = 0; index < messages.length; ++index) {
            hashes[index] = IdentifierMessages.hash(messages[index]);
        }
    }

    function hashAccreditation(IIdentifiers.Accreditation[] calldata messages)
        external
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](messages.length);
        for (uint256 index = 0; index < messages.length; ++index) {
            hashes[index] = IdentifierMessages.hash(messages[index]);
        }
    }

    function hashAssignment(IIdentifiers.Assignment[] calldata messages)
        external
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](messages.length);
        for (uint256 index = 0; index < messages.length; ++index) {
            hashes[index] = IdentifierMessages.hash(messages[index]);
        }
    }

    function hashTie(IIdentifiers.Tie[] calldata messages)
        external
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](messages.length);
        for (uint256 index = 0; index < messages.length; ++index) {
            hashes[index] = IdentifierMessages.hash(messages[index]);
        }
    }

    function hashEvidence(IEmissions.Evidence[] calldata messages)
        external
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](messages.length);
        for (uint256 index = 0; index < messages.length; ++index) {
            hashes[index] = EmissionMessages.hash(messages[index]);
        }
    }

    function hashReport(IEmissions.Report[] calldata messages)
        external
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](messages.length);
        for (uint256 index = 0; index < messages.length; ++index) {
            hashes[index] = EmissionMessages.hash(messages[index]);
        }
    }

    function hashStatement(IEmissions.Statement[] calldata messages)
        external
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](messages.length);
        for (uint256 index = 0; index < messages.length; ++index) {
            hashes[index] = EmissionMessages.hash(messages[index]);
        }
    }

    function hashConfirmation(IEmissions.Confirmation[] calldata messages)
        external
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](messages.length);
        for (uint256 index = 0; index < messages.length; ++index) {
            hashes[index] = EmissionMessages.hash(messages[index]);
        }
    }

    function hashReopening(IEmissions.Reopening[] calldata messages)
        external
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](messages.length);
        for (uint256 index = 0; index < messages.length; ++index) {
            hashes[index] = EmissionMessages.hash(messages[index]);
        }
    }

    function hashCap(IQuotas.Cap[] calldata messages)
        external
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](messages.length);
        for (uint256 index = 0; index < messages.length; ++index) {
            hashes[index] = QuotaMessages.hash(messages[index]);
        }
    }

    function hashRule(IQuotas.Rule[] calldata messages)
        external
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](messages.length);
        for (uint256 index = 0; index < messages.length; ++index) {
            hashes[index] = QuotaMessages.hash(messages[index]);
        }
    }

    function hashAllocation(IQuotas.Allocation[] calldata messages)
        external
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](messages.length);
        for (uint256 index = 0; index < messages.length; ++index) {
            hashes[index] = QuotaMessages.hash(messages[index]);
        }
    }

    function hashTransfer(IQuotas.Transfer[] calldata messages)
        external
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](messages.length);
        for (uint256 index = 0; index < messages.length; ++index) {
            hashes[index] = QuotaMessages.hash(messages[index]);
        }
    }

    function hashSurrender(IQuotas.Surrender[] calldata messages)
        external
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](messages.length);
        for (uint256 index = 0; index < messages.length; ++index) {
            hashes[index] = QuotaMessages.hash(messages[index]);
        }
    }

    function hashCancellation(IQuotas.Cancellation[] calldata messages)
        external
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](messages.length);
        for (uint256 index = 0; index < messages.length; ++index) {
            hashes[index] = QuotaMessages.hash(messages[index]);
        }
    }
}
