// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Holdings} from "./Holdings.sol";
import {IIdentifiers} from "./interfaces/IIdentifiers.sol";
import {IQuotas} from "./interfaces/IQuotas.sol";
import {Narrow} from "./libraries/Narrow.sol";
import {QuotaMessages} from "./libraries/QuotaMessages.sol";
import {Signed} from "./Signed.sol";
import {Tonnes} from "./types/Amounts.sol";
import {Asset} from "./types/Asset.sol";
import {Year} from "./types/Calendar.sol";
import {Buckets, Rights} from "./types/Codes.sol";

/// @title The verbs of quota, surrender rules and obligations
contract Quotas is Holdings {
    using QuotaMessages for Cap;
    using QuotaMessages for Rule;
    using QuotaMessages for Allocation;
    using QuotaMessages for Transfer;
    using QuotaMessages for Surrender;
    using QuotaMessages for Cancellation;

    struct ObligationSlot {
        uint48 due; // tonnes
        uint48 surrendered; // tonnes
        uint48 offset; // tonnes surrendered under a rule with a share
        uint16 figures; // confirmed figures in the due
    }

    struct RuleSlot {
        Year firstVintage; // inclusive
        Year lastVintage; // inclusive
        uint16 sharePermyriad; // of the due
        bool isStrict;
        uint48 surrenderBy; // seconds, exclusive
        uint16 revision; // 0: no rule
    }

    uint16 private constant WHOLE_SHARE = 10_000;

    IIdentifiers private immutable _identifiers;

    mapping(bytes32 account => mapping(Year year => ObligationSlot obligation)) private _obligation;
    mapping(uint8 instrument => mapping(Year year => RuleSlot rule)) private _rule;

    constructor(IIdentifiers identifiers) Signed("Quotas") {
        _identifiers = identifiers;
    }

    /// @inheritdoc IQuotas
    function setCap(Cap calldata cap, bytes calldata signature) external {
        bytes32 hash = cap.hash();
        address key = _signer(hash, cap.deadline, signature);
        _identifiers.requireKey(cap.authority, key, Rights.ISSUE);
        _limit(cap.asset, cap.tonnes, cap.revision);
        emit CapSet(
            _actId(hash),
            cap.asset,
            cap.authority,
            cap.tonnes,
            cap.revision,
            cap.document,
            key,
            cap.deadline
        );
    }

    /// @inheritdoc IQuotas
    function setRule(Rule calldata rule, bytes calldata signature) external {
        bytes32 hash = rule.hash();
        address key = _signer(hash, rule.deadline, signature);
        _identifiers.requireKey(rule.authority, key, Rights.ISSUE);
        _requireNext(_rule[rule.instrument][rule.year].revision, rule.revision);
        _requireInstrument(rule.instrument);
        (uint16 first, uint16 last) =
            (Year.unwrap(rule.firstVintage), Year.unwrap(rule.lastVintage));
        if (first > last) revert IntervalBad(first, last);
        _rule[rule.instrument][rule.year] = RuleSlot({
            firstVintage: rule.firstVintage,
            lastVintage: rule.lastVintage,
            sharePermyriad: rule.sharePermyriad,
            isStrict: rule.isStrict,
            surrenderBy: rule.surrenderBy,
            revision: rule.revision
        });
        emit RuleSet(
            _actId(hash),
            rule.instrument,
            rule.year,
            rule.authority,
            rule.firstVintage,
            rule.lastVintage,
            rule.sharePermyriad,
            rule.isStrict,
            rule.surrenderBy,
            rule.revision,
            rule.rulePack,
            key,
            rule.deadline
        );
    }

    /// @inheritdoc IQuotas
    function allocate(Allocation calldata allocation, bytes calldata signature) external {
        bytes32 hash = allocation.hash();
        address key = _signer(hash, allocation.deadline, signature);
        _identifiers.requireAuthority(allocation.authority, key, Rights.ISSUE, allocation.account);
        (Tonnes availableAfter, Tonnes issuedAfter) = _issue(allocation);
        emit QuotaAllocated(
            _actId(hash),
            allocation.account,
            allocation.asset,
            allocation.authority,
            allocation.tonnes,
            allocation.revision,
            allocation.rulePack,
            allocation.explanation,
            availableAfter,
            issuedAfter,
            key,
            allocation.deadline
        );
    }

    /// @inheritdoc IQuotas
    function transfer(Transfer calldata message, bytes calldata signature) external {
        bytes32 hash = message.hash();
        address key = _signer(hash, message.deadline, signature);
        _identifiers.requireSender(message.from, key, message.to);
        _useNonce(message.from, message.asset, message.nonce);
        if (message.from == message.to) revert AccountsEqual(message.from);
        (Tonnes fromAfter, Tonnes toAfter) = _move(
            message.from,
            Buckets.AVAILABLE,
            message.to,
            Buckets.AVAILABLE,
            message.asset,
            Tonnes.unwrap(message.tonnes)
        );
        emit QuotaMoved(
            _actId(hash),
            message.from,
            message.to,
            message.asset,
            message.tonnes,
            message.nonce,
            Buckets.AVAILABLE,
            Buckets.AVAILABLE,
            fromAfter,
            toAfter,
            key,
            message.deadline
        );
    }

    /// @inheritdoc IQuotas
    function surrender(Surrender calldata message, bytes calldata signature) external {
        bytes32 hash = message.hash();
        address key = _signer(hash, message.deadline, signature);
        _identifiers.requireKey(message.account, key, Rights.MOVE);
        _useNonce(message.account, message.asset, message.nonce);
        (Tonnes surrenderedAfter, Tonnes offsetAfter) = _settle(message);
        (Tonnes availableAfter, Tonnes spentAfter) =
            _spend(message.account, message.asset, message.tonnes);
        emit QuotaSurrendered(
            _actId(hash),
            message.account,
            message.year,
            message.asset,
            message.tonnes,
            message.nonce,
            availableAfter,
            spentAfter,
            surrenderedAfter,
            offsetAfter,
            key,
            message.deadline
        );
    }

    /// @inheritdoc IQuotas
    function cancel(Cancellation calldata cancellation, bytes calldata signature) external {
        bytes32 hash = cancellation.hash();
        address key = _signer(hash, cancellation.deadline, signature);
        _identifiers.requireKey(cancellation.account, key, Rights.MOVE);
        _useNonce(cancellation.account, cancellation.asset, cancellation.nonce);
        (Tonnes availableAfter, Tonnes spentAfter) =
            _spend(cancellation.account, cancellation.asset, cancellation.tonnes);
        emit QuotaCancelled(
            _actId(hash),
            cancellation.account,
            cancellation.asset,
            cancellation.tonnes,
            cancellation.beneficiary,
            cancellation.reason,
            cancellation.nonce,
            availableAfter,
            spentAfter,
            key,
            cancellation.deadline
        );
    }

    /// @inheritdoc IQuotas
    function oblige(
        bytes32 module,
        bytes32 account,
        Year year,
        int64 tonnes,
        int8 figures,
        bytes32 cause
    ) external {
        _identifiers.requireKey(module, msg.sender, Rights.OBLIGE);
        _requireIdentifier(account);
        ObligationSlot storage obligation = _obligation[account][year];
        (uint256 due, uint256 count) = (obligation.due, obligation.figures);
        (int256 dueAfter, int256 countAfter) = (int256(due) + tonnes, int256(count) + figures);
        if (dueAfter < 0 || countAfter < 0) revert ObligationNegative(account, year, due, tonnes);
        (obligation.due, obligation.figures) =
            (Narrow.toUint48(uint256(dueAfter)), Narrow.toUint16(uint256(countAfter)));
        emit ObligationChanged(
            cause, account, year, tonnes, _toTonnes(uint256(dueAfter)), uint16(uint256(countAfter))
        );
    }

    /// @inheritdoc IQuotas
    function obligationOf(bytes32 account, Year year)
        external
        view
        returns (uint48 due, uint48 surrendered, uint48 offset, uint16 figures)
    {
        ObligationSlot storage slot = _obligation[account][year];
        return (slot.due, slot.surrendered, slot.offset, slot.figures);
    }

    /// @inheritdoc IQuotas
    function ruleOf(uint8 instrument, Year year)
        external
        view
        returns (
            uint16 firstVintage,
            uint16 lastVintage,
            uint16 sharePermyriad,
            bool isStrict,
            uint48 surrenderBy,
            uint16 revision
        )
    {
        RuleSlot storage rule = _rule[instrument][year];
        (firstVintage, lastVintage) =
            (Year.unwrap(rule.firstVintage), Year.unwrap(rule.lastVintage));
        (sharePermyriad, isStrict) = (rule.sharePermyriad, rule.isStrict);
        (surrenderBy, revision) = (rule.surrenderBy, rule.revision);
    }

    /// Counts a surrender against the obligation, if the rule of instrument and year allows it.
    function _settle(Surrender calldata message)
        private
        returns (Tonnes surrenderedAfter, Tonnes offsetAfter)
    {
        (bytes32 account, Year year) = (message.account, message.year);
        RuleSlot memory rule = _requireRule(message.asset, year);
        ObligationSlot storage slot = _obligation[account][year];
        (uint256 due, uint256 figures) = (slot.due, slot.figures);
        uint256 tonnes = Tonnes.unwrap(message.tonnes);
        (uint256 surrendered, uint256 offset) = (slot.surrendered + tonnes, slot.offset);
        if (rule.isStrict && (figures == 0 || surrendered > due)) {
            revert ObligationExceeded(account, year, due, surrendered);
        }
        if (rule.sharePermyriad < WHOLE_SHARE) {
            offset += tonnes;
            uint256 limit = due * rule.sharePermyriad / WHOLE_SHARE;
            if (offset > limit) revert OffsetExceeded(account, year, limit, offset);
        }
        (slot.surrendered, slot.offset) = (Narrow.toUint48(surrendered), Narrow.toUint48(offset));
        return (_toTonnes(surrendered), _toTonnes(offset));
    }

    function _requireRule(Asset asset, Year year) private view returns (RuleSlot memory rule) {
        rule = _rule[asset.instrumentOf()][year];
        uint16 vintage = Year.unwrap(asset.vintageOf());
        bool isInWindow = vintage >= Year.unwrap(rule.firstVintage)
            && vintage <= Year.unwrap(rule.lastVintage);
        if (rule.revision == 0 || !isInWindow) revert VintageNotValid(asset, year);
    }
}
