// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEmissions} from "./interfaces/IEmissions.sol";
import {IIdentifiers} from "./interfaces/IIdentifiers.sol";
import {IQuotas} from "./interfaces/IQuotas.sol";
import {EmissionMessages} from "./libraries/EmissionMessages.sol";
import {Signed} from "./Signed.sol";
import {Carbon, Tonnes} from "./types/Amounts.sol";
import {Period, Year} from "./types/Calendar.sol";
import {Opinions, Rights, Stages} from "./types/Codes.sol";

/// @title One chain of acts per facility and period, from evidence to confirmation
contract Emissions is IEmissions, Signed {
    using EmissionMessages for Evidence;
    using EmissionMessages for Report;
    using EmissionMessages for Statement;
    using EmissionMessages for Confirmation;
    using EmissionMessages for Reopening;

    struct HeadSlot {
        bytes31 act; // id without its last byte
        uint8 stage; // of Stages
    }

    uint256 private constant GRAMS_PER_TONNE = 1_000_000;

    IIdentifiers private immutable _identifiers;
    IQuotas private immutable _quotas;
    bytes32 private immutable _module;

    mapping(bytes32 facility => mapping(Period period => HeadSlot head)) private _head;

    /// @param module The identifier under which this contract's address holds OBLIGE.
    constructor(IIdentifiers identifiers, IQuotas quotas, bytes32 module) Signed("Emissions") {
        _identifiers = identifiers;
        _quotas = quotas;
        _module = module;
    }

    /// @inheritdoc IEmissions
    function anchor(Evidence calldata evidence, bytes calldata signature) external {
        bytes32 hash = evidence.hash();
        address key = _signer(hash, evidence.deadline, signature);
        bytes32 enterprise = _identifiers.requireReporter(evidence.facility, key);
        bytes32 id = _actId(hash);
        HeadSlot storage head = _headAt(evidence.facility, evidence.period);
        uint8 stage = _requireHead(head, id, evidence.facility, evidence.period, evidence.follows);
        _requireOpen(stage, evidence.facility, evidence.period);
        _requirePeriod(evidence.period);
        _requireMonth(evidence.period, evidence.month);
        if (evidence.leaves == 0) revert EvidenceEmpty(evidence.facility, evidence.month);
        _requireFigure(evidence.leaves);
        (head.act, head.stage) = (bytes31(id), Stages.ANCHORED);
        emit EvidenceAnchored(
            id,
            evidence.facility,
            evidence.period,
            enterprise,
            evidence.follows,
            evidence.month,
            evidence.root,
            evidence.leaves,
            key,
            evidence.deadline
        );
    }

    /// @inheritdoc IEmissions
    function report(Report calldata message, bytes calldata signature) external {
        bytes32 hash = message.hash();
        address key = _signer(hash, message.deadline, signature);
        bytes32 enterprise = _identifiers.requireReporter(message.facility, key);
        bytes32 id = _actId(hash);
        HeadSlot storage head = _headAt(message.facility, message.period);
        uint8 stage = _requireHead(head, id, message.facility, message.period, message.follows);
        _requireOpen(stage, message.facility, message.period);
        _requirePeriod(message.period);
        _requireFigure(Carbon.unwrap(message.directGrams));
        _requireFigure(Carbon.unwrap(message.indirectGrams));
        (head.act, head.stage) = (bytes31(id), Stages.REPORTED);
        emit EmissionReported(
            id,
            message.facility,
            message.period,
            enterprise,
            message.follows,
            message.directGrams,
            message.indirectGrams,
            message.document,
            message.rulePack,
            key,
            message.deadline
        );
    }

    /// @inheritdoc IEmissions
    function attest(Statement calldata statement, bytes calldata signature) external {
        bytes32 hash = statement.hash();
        address key = _signer(hash, statement.deadline, signature);
        bytes32 enterprise = _identifiers.requireVerifier(
            statement.verifier, key, statement.facility, statement.period.yearOf()
        );
        bytes32 id = _actId(hash);
        HeadSlot storage head = _headAt(statement.facility, statement.period);
        uint8 stage =
            _requireHead(head, id, statement.facility, statement.period, statement.follows);
        if (stage != Stages.REPORTED && stage != Stages.ATTESTED) {
            revert FigureStageWrong(statement.facility, statement.period, stage);
        }
        _requireFigure(Carbon.unwrap(statement.verifiedGrams));
        (head.act, head.stage) = (bytes31(id), Stages.ATTESTED);
        emit StatementMade(
            id,
            statement.facility,
            statement.period,
            enterprise,
            statement.follows,
            statement.verifier,
            statement.opinion,
            statement.verifiedGrams,
            statement.document,
            key,
            statement.deadline
        );
    }

    /// @inheritdoc IEmissions
    function confirm(
        Statement calldata statement,
        Confirmation calldata confirmation,
        bytes calldata signature
    ) external {
        bytes32 hash = confirmation.hash();
        address key = _signer(hash, confirmation.deadline, signature);
        _identifiers.requireKey(confirmation.authority, key, Rights.CONFIRM);
        bytes32 id = _actId(hash);
        HeadSlot storage head = _headAt(confirmation.facility, confirmation.period);
        uint8 stage = _requireHead(
            head, id, confirmation.facility, confirmation.period, confirmation.follows
        );
        if (stage != Stages.ATTESTED) {
            revert FigureStageWrong(confirmation.facility, confirmation.period, stage);
        }
        bytes32 shown = _actId(statement.hash());
        if (shown != confirmation.follows) {
            revert FigureOutOfDate(
                confirmation.facility, confirmation.period, confirmation.follows, shown
            );
        }
        _requireConfirmable(statement, confirmation);
        (head.act, head.stage) = (bytes31(id), Stages.CONFIRMED);
        emit FigureConfirmed(
            id,
            confirmation.facility,
            confirmation.period,
            confirmation.account,
            confirmation.follows,
            confirmation.authority,
            confirmation.account,
            confirmation.tonnes,
            key,
            confirmation.deadline
        );
        _oblige(confirmation, 1, id);
    }

    /// @inheritdoc IEmissions
    function reopen(
        Confirmation calldata confirmation,
        Reopening calldata reopening,
        bytes calldata signature
    ) external {
        bytes32 hash = reopening.hash();
        address key = _signer(hash, reopening.deadline, signature);
        _identifiers.requireKey(reopening.authority, key, Rights.CONFIRM);
        bytes32 id = _actId(hash);
        HeadSlot storage head = _headAt(reopening.facility, reopening.period);
        uint8 stage =
            _requireHead(head, id, reopening.facility, reopening.period, reopening.follows);
        if (stage != Stages.CONFIRMED) {
            revert FigureStageWrong(reopening.facility, reopening.period, stage);
        }
        bytes32 shown = _actId(confirmation.hash());
        if (shown != reopening.follows) {
            revert FigureOutOfDate(
                reopening.facility, reopening.period, reopening.follows, shown
            );
        }
        (head.act, head.stage) = (bytes31(id), Stages.REOPENED);
        emit FigureReopened(
            id,
            reopening.facility,
            reopening.period,
            confirmation.account,
            reopening.follows,
            reopening.authority,
            reopening.reason,
            key,
            reopening.deadline
        );
        _oblige(confirmation, -1, id);
    }

    /// @inheritdoc IEmissions
    function headOf(bytes32 facility, Period period)
        external
        view
        returns (bytes32 id, uint8 stage)
    {
        HeadSlot storage head = _headAt(facility, period);
        return (bytes32(head.act), head.stage);
    }

    /// Adds the confirmed tonnes to what its account owes, or takes them back.
    function _oblige(Confirmation calldata confirmation, int8 sign, bytes32 cause) private {
        // Confirmed tonnes differ by less than one from grams / 10^6, so they fit 34 bits.
        int64 tonnes = sign * int64(Tonnes.unwrap(confirmation.tonnes));
        Year year = confirmation.period.yearOf();
        _quotas.oblige(_module, confirmation.account, year, tonnes, sign, cause);
    }

    function _headAt(bytes32 facility, Period period) private view returns (HeadSlot storage) {
        return _head[facility][period];
    }

    /// The stage of the head, which must be the act that is followed.
    function _requireHead(
        HeadSlot storage head,
        bytes32 id,
        bytes32 facility,
        Period period,
        bytes32 follows
    ) private view returns (uint8) {
        (bytes32 act, uint8 stage) = (bytes32(head.act), head.stage);
        if (act == id) revert ActAlreadyMade(id);
        if (act != follows) revert FigureOutOfDate(facility, period, act, follows);
        return stage;
    }

    function _requireOpen(uint8 stage, bytes32 facility, Period period) private pure {
        if (stage == Stages.CONFIRMED) revert FigureStageWrong(facility, period, stage);
    }

    function _requirePeriod(Period period) private pure {
        if (!period.isPeriod()) revert PeriodBad(period);
    }

    function _requireMonth(Period period, Period month) private pure {
        bool isOfYear = Year.unwrap(month.yearOf()) == Year.unwrap(period.yearOf());
        if (!month.isMonth() || !isOfYear) revert PeriodBad(month);
    }

    function _requireConfirmable(Statement calldata statement, Confirmation calldata confirmation)
        private
        view
    {
        uint8 opinion = statement.opinion;
        if (opinion != Opinions.POSITIVE && opinion != Opinions.POSITIVE_CONSERVATIVE) {
            revert StatementNegative(opinion);
        }
        uint256 confirmed = Tonnes.unwrap(confirmation.tonnes) * GRAMS_PER_TONNE;
        uint256 verified = Carbon.unwrap(statement.verifiedGrams);
        uint256 difference = confirmed > verified ? confirmed - verified : verified - confirmed;
        if (difference >= GRAMS_PER_TONNE) {
            revert FigureDiffers(statement.verifiedGrams, confirmation.tonnes);
        }
        bytes32 owner = _identifiers.enterpriseOf(confirmation.facility);
        if (confirmation.account != owner) revert AccountWrong(confirmation.account, owner);
    }
}
