// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Carbon, Tonnes} from "../types/Amounts.sol";
import {Period} from "../types/Calendar.sol";

/// @title What happened: one chain of acts per facility and period
/// @notice Evidence, report, statement, confirmation and reopening each name the act they follow.
/// A refusal before the change, in this order: `SignatureExpired`, a bad signature, what
/// `IIdentifiers` refuses, `ActAlreadyMade`, `FigureOutOfDate`, `FigureStageWrong`, `PeriodBad`.
interface IEmissions {
    /// @notice A month's readings and documents, as one root.
    struct Evidence {
        bytes32 facility; // identifier
        Period period; // of the figure it belongs to
        bytes32 follows; // act id; 0 for the first
        Period month; // yyyymm
        bytes32 root; // of the facility's tree
        uint64 leaves; // readings and documents in it
        uint48 deadline; // seconds
    }

    /// @notice A facility's emissions of a period.
    struct Report {
        bytes32 facility; // identifier
        Period period;
        bytes32 follows; // act id; 0 for the first
        Carbon directGrams; // grams CO2e
        Carbon indirectGrams; // grams CO2e
        bytes32 document; // digest of the full report
        bytes32 rulePack; // hash of the rules it was computed by
        uint48 deadline; // seconds
    }

    /// @notice A verifier's opinion on the report, or a revision of it.
    struct Statement {
        bytes32 facility; // identifier
        Period period;
        bytes32 follows; // act id of the report or of the statement before
        bytes32 verifier; // identifier
        uint8 opinion; // of Opinions
        Carbon verifiedGrams; // direct and indirect, grams CO2e
        bytes32 document; // digest of the full statement
        uint48 deadline; // seconds
    }

    /// @notice The regulator's acceptance of a statement.
    struct Confirmation {
        bytes32 facility; // identifier
        Period period;
        bytes32 follows; // act id of the statement
        bytes32 authority; // identifier
        bytes32 account; // identifier of the facility's owner
        Tonnes tonnes; // due
        uint48 deadline; // seconds
    }

    /// @notice The withdrawal of a confirmation.
    struct Reopening {
        bytes32 facility; // identifier
        Period period;
        bytes32 follows; // act id of the confirmation
        bytes32 authority; // identifier
        bytes32 reason; // digest
        uint48 deadline; // seconds
    }

    event EvidenceAnchored(
        bytes32 indexed id,
        bytes32 indexed facility,
        Period indexed period,
        bytes32 enterprise,
        bytes32 follows,
        Period month,
        bytes32 root,
        uint64 leaves,
        address key,
        uint48 deadline
    );

    event EmissionReported(
        bytes32 indexed id,
        bytes32 indexed facility,
        Period indexed period,
        bytes32 enterprise,
        bytes32 follows,
        Carbon directGrams,
        Carbon indirectGrams,
        bytes32 document,
        bytes32 rulePack,
        address key,
        uint48 deadline
    );

    event StatementMade(
        bytes32 indexed id,
        bytes32 indexed facility,
        Period indexed period,
        bytes32 enterprise,
        bytes32 follows,
        bytes32 verifier,
        uint8 opinion,
        Carbon verifiedGrams,
        bytes32 document,
        address key,
        uint48 deadline
    );

    event FigureConfirmed(
        bytes32 indexed id,
        bytes32 indexed facility,
        Period indexed period,
        bytes32 enterprise,
        bytes32 follows,
        bytes32 authority,
        bytes32 account,
        Tonnes tonnes,
        address key,
        uint48 deadline
    );

    event FigureReopened(
        bytes32 indexed id,
        bytes32 indexed facility,
        Period indexed period,
        bytes32 enterprise,
        bytes32 follows,
        bytes32 authority,
        bytes32 reason,
        address key,
        uint48 deadline
    );

    /// @notice This very act is the head of its figure.
    error ActAlreadyMade(bytes32 id);

    /// @notice The act follows (or shows) another act than the head of the figure.
    error FigureOutOfDate(bytes32 facility, Period period, bytes32 head, bytes32 follows);

    /// @notice The figure has not come to, or is past, the stage for this verb.
    error FigureStageWrong(bytes32 facility, Period period, uint8 stage);

    /// @notice Not a month or year of 2000 to 2999, or not a month of the figure's year.
    error PeriodBad(Period period);

    /// @notice Evidence without a leaf.
    error EvidenceEmpty(bytes32 facility, Period month);

    /// @notice A statement that is not positive cannot be confirmed.
    error StatementNegative(uint8 opinion);

    /// @notice The tonnes are a whole tonne or more away from the verified grams.
    error FigureDiffers(Carbon verifiedGrams, Tonnes tonnes);

    /// @notice The account is not the facility's owner.
    error AccountWrong(bytes32 account, bytes32 owner);

    /// @notice Anchor a month's evidence. REPORT of the facility's enterprise.
    function anchor(Evidence calldata evidence, bytes calldata signature) external;

    /// @notice Report a period's emissions. REPORT of the facility's enterprise.
    function report(Report calldata message, bytes calldata signature) external;

    /// @notice State an opinion on the report. ATTEST of an assigned, independent, accredited
    /// verifier.
    function attest(Statement calldata statement, bytes calldata signature) external;

    /// @notice Confirm a statement and oblige the account. CONFIRM of the authority.
    /// @param statement The statement that the confirmation follows, shown again.
    function confirm(
        Statement calldata statement,
        Confirmation calldata confirmation,
        bytes calldata signature
    ) external;

    /// @notice Take a confirmation and its obligation back. CONFIRM of the authority.
    /// @param confirmation The confirmation that the reopening follows, shown again.
    function reopen(
        Confirmation calldata confirmation,
        Reopening calldata reopening,
        bytes calldata signature
    ) external;

    /// @notice The last act on a figure and how far it has come; zeros if there is none.
    function headOf(bytes32 facility, Period period)
        external
        view
        returns (bytes32 id, uint8 stage);
}
