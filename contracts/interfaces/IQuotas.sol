// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Tonnes} from "../types/Amounts.sol";
import {Asset} from "../types/Asset.sol";
import {Year} from "../types/Calendar.sol";

/// @title What is owed and owned: caps, rules, holdings and obligations
/// @notice All quota of an asset is in the buckets of holdings; only `allocate` changes the sum,
/// and nothing leaves the bucket `spent`. A refusal before the change, in this order:
/// `SignatureExpired`, a bad signature, what `IIdentifiers` refuses, the revision or nonce, and
/// then the rules of the verb.
/// @custom:invariant The buckets of all holdings of an asset sum up to `issued`, at most `cap`.
interface IQuotas {
    /// @notice The upper limit of an asset.
    struct Cap {
        bytes32 authority; // identifier
        Asset asset;
        Tonnes tonnes; // limit
        uint16 revision; // current + 1
        bytes32 document; // digest
        uint48 deadline; // seconds
    }

    /// @notice What may be surrendered for a compliance year.
    struct Rule {
        bytes32 authority; // identifier
        uint8 instrument; // of Instruments
        Year year; // compliance year
        Year firstVintage; // inclusive
        Year lastVintage; // inclusive
        uint16 sharePermyriad; // of the due; 10,000 and more: unlimited
        bool isStrict; // no surrender before or above the confirmed due
        uint48 surrenderBy; // seconds, exclusive
        uint16 revision; // current + 1
        bytes32 rulePack; // hash
        uint48 deadline; // seconds
    }

    /// @notice Quota brought into being for an account, or recalled.
    struct Allocation {
        bytes32 authority; // identifier
        bytes32 account; // identifier
        Asset asset;
        int64 tonnes; // below 0: recall
        uint16 revision; // of the holding, current + 1
        bytes32 rulePack; // hash
        bytes32 explanation; // digest of the computation
        uint48 deadline; // seconds
    }

    /// @notice Quota moved to another account.
    struct Transfer {
        bytes32 from; // identifier
        bytes32 to; // identifier
        Asset asset;
        Tonnes tonnes;
        uint24 nonce; // of the sender's holding, from 1
        uint48 deadline; // seconds
    }

    /// @notice Quota given up against an obligation.
    struct Surrender {
        bytes32 account; // identifier
        Asset asset;
        Tonnes tonnes;
        Year year; // of the obligation
        uint24 nonce; // of the holding, from 1
        uint48 deadline; // seconds
    }

    /// @notice Quota given up voluntarily.
    struct Cancellation {
        bytes32 account; // identifier
        Asset asset;
        Tonnes tonnes;
        bytes32 beneficiary; // identifier or digest
        bytes32 reason; // digest
        uint24 nonce; // of the holding, from 1
        uint48 deadline; // seconds
    }

    event CapSet(
        bytes32 indexed id,
        Asset indexed asset,
        bytes32 indexed authority,
        Tonnes tonnes,
        uint16 revision,
        bytes32 document,
        address key,
        uint48 deadline
    );

    event RuleSet(
        bytes32 indexed id,
        uint8 indexed instrument,
        Year indexed year,
        bytes32 authority,
        Year firstVintage,
        Year lastVintage,
        uint16 sharePermyriad,
        bool isStrict,
        uint48 surrenderBy,
        uint16 revision,
        bytes32 rulePack,
        address key,
        uint48 deadline
    );

    event QuotaAllocated(
        bytes32 indexed id,
        bytes32 indexed account,
        Asset indexed asset,
        bytes32 authority,
        int64 tonnes,
        uint16 revision,
        bytes32 rulePack,
        bytes32 explanation,
        Tonnes availableAfter,
        Tonnes issuedAfter,
        address key,
        uint48 deadline
    );

    /// @notice Quota went from one bucket to another; verbs with more to say emit their own event
    /// instead.
    event QuotaMoved(
        bytes32 indexed id,
        bytes32 indexed from,
        bytes32 indexed to,
        Asset asset,
        Tonnes tonnes,
        uint24 nonce,
        uint8 fromBucket,
        uint8 toBucket,
        Tonnes fromAfter,
        Tonnes toAfter,
        address key,
        uint48 deadline
    );

    event QuotaSurrendered(
        bytes32 indexed id,
        bytes32 indexed account,
        Year indexed year,
        Asset asset,
        Tonnes tonnes,
        uint24 nonce,
        Tonnes availableAfter,
        Tonnes spentAfter,
        Tonnes surrenderedAfter,
        Tonnes offsetAfter,
        address key,
        uint48 deadline
    );

    event QuotaCancelled(
        bytes32 indexed id,
        bytes32 indexed account,
        Asset indexed asset,
        Tonnes tonnes,
        bytes32 beneficiary,
        bytes32 reason,
        uint24 nonce,
        Tonnes availableAfter,
        Tonnes spentAfter,
        address key,
        uint48 deadline
    );

    event ObligationChanged(
        bytes32 indexed cause,
        bytes32 indexed account,
        Year indexed year,
        int64 tonnes,
        Tonnes dueAfter,
        uint16 figuresAfter
    );

    /// @notice More issued than the cap allows, or a cap below what is issued.
    error CapExceeded(Asset asset, uint256 cap, uint256 wanted);

    /// @notice An amount of 0.
    error QuotaZero();

    /// @notice The bucket holds less than is wanted.
    error QuotaInsufficient(
        bytes32 account, Asset asset, uint8 bucket, uint256 have, uint256 want
    );

    /// @notice The nonce is used.
    error NonceUsed(bytes32 account, Asset asset, uint24 nonce);

    /// @notice The nonce is 0, or more than 16 above or at least 16 below the greatest used.
    error NonceOutOfWindow(bytes32 account, Asset asset, uint24 nonce, uint24 top);

    /// @notice Sender and receiver are one account.
    error AccountsEqual(bytes32 account);

    /// @notice No rule lets this asset be surrendered for this year.
    error VintageNotValid(Asset asset, Year year);

    /// @notice More surrendered than the confirmed due under a strict rule, or before there is one.
    error ObligationExceeded(bytes32 account, Year year, uint256 due, uint256 wanted);

    /// @notice More of the obligation covered by this instrument than its share.
    error OffsetExceeded(bytes32 account, Year year, uint256 limit, uint256 wanted);

    /// @notice The obligation would fall below 0.
    error ObligationNegative(bytes32 account, Year year, uint256 due, int256 change);

    /// @notice Nothing leaves this bucket.
    error BucketWrong(uint8 bucket);

    /// @notice Set the cap of an asset. ISSUE of the authority.
    function setCap(Cap calldata cap, bytes calldata signature) external;

    /// @notice Set the surrender rule of an instrument for a year. ISSUE of the authority.
    function setRule(Rule calldata rule, bytes calldata signature) external;

    /// @notice Issue quota to an account, or recall it. ISSUE of the authority.
    function allocate(Allocation calldata allocation, bytes calldata signature) external;

    /// @notice Move quota to another account. MOVE of the sender.
    function transfer(Transfer calldata message, bytes calldata signature) external;

    /// @notice Give quota up against an obligation. MOVE of the account.
    function surrender(Surrender calldata message, bytes calldata signature) external;

    /// @notice Give quota up voluntarily. MOVE of the account.
    function cancel(Cancellation calldata cancellation, bytes calldata signature) external;

    /// @notice Change what an account owes for a year. OBLIGE of the module; the caller is the key.
    /// @param tonnes Change of the due.
    /// @param figures Change of the count of confirmed figures in it.
    /// @param cause The id of the act behind it.
    function oblige(
        bytes32 module,
        bytes32 account,
        Year year,
        int64 tonnes,
        int8 figures,
        bytes32 cause
    ) external;

    /// @notice The buckets (tonnes) and guards of a holding.
    function holdingOf(bytes32 account, Asset asset)
        external
        view
        returns (
            uint40 available,
            uint40 trading,
            uint40 pending,
            uint40 frozen,
            uint40 spent,
            uint16 revision,
            uint24 nonce,
            uint16 window
        );

    /// @notice The cap of an asset and what is issued under it (tonnes).
    function supplyOf(Asset asset)
        external
        view
        returns (uint64 cap, uint64 issued, uint16 revision);

    /// @notice What an account owes for a year (tonnes), and of how many confirmed figures.
    function obligationOf(bytes32 account, Year year)
        external
        view
        returns (uint48 due, uint48 surrendered, uint48 offset, uint16 figures);

    /// @notice The surrender rule of an instrument for a year.
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
        );
}
