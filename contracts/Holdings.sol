// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IQuotas} from "./interfaces/IQuotas.sol";
import {Narrow} from "./libraries/Narrow.sol";
import {Signed} from "./Signed.sol";
import {Tonnes} from "./types/Amounts.sol";
import {Asset} from "./types/Asset.sol";
import {Buckets} from "./types/Codes.sol";
import {Holding} from "./types/Holding.sol";

/// @title Who holds how much under which cap, and the few ways in which that changes
/// @custom:invariant The buckets of all holdings of an asset sum up to `issued`, at most `cap`.
abstract contract Holdings is IQuotas, Signed {
    struct SupplySlot {
        uint64 cap; // tonnes
        uint64 issued; // tonnes
        uint16 revision;
    }

    uint8 private constant INSTRUMENT_MAX = 127;

    mapping(bytes32 account => mapping(Asset asset => Holding holding)) private _holding;
    mapping(Asset asset => SupplySlot supply) private _supply;

    /// @inheritdoc IQuotas
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
        )
    {
        Holding holding = _holding[account][asset];
        // A bucket is 40 bits wide, so narrowing loses nothing.
        available = uint40(holding.bucket(Buckets.AVAILABLE));
        trading = uint40(holding.bucket(Buckets.TRADING));
        pending = uint40(holding.bucket(Buckets.PENDING));
        frozen = uint40(holding.bucket(Buckets.FROZEN));
        spent = uint40(holding.bucket(Buckets.SPENT));
        (revision, nonce, window) = (holding.revision(), holding.nonce(), holding.window());
    }

    /// @inheritdoc IQuotas
    function supplyOf(Asset asset)
        external
        view
        returns (uint64 cap, uint64 issued, uint16 revision)
    {
        SupplySlot storage supply = _supply[asset];
        return (supply.cap, supply.issued, supply.revision);
    }

    /// The one door between buckets; it knows nothing of why.
    function _move(
        bytes32 from,
        uint8 fromBucket,
        bytes32 to,
        uint8 toBucket,
        Asset asset,
        uint256 tonnes
    ) internal returns (Tonnes fromAfter, Tonnes toAfter) {
        if (fromBucket == Buckets.SPENT) revert BucketWrong(fromBucket);
        if (tonnes == 0) revert QuotaZero();
        Holding source = _holding[from][asset];
        uint256 have = source.bucket(fromBucket);
        if (have < tonnes) revert QuotaInsufficient(from, asset, fromBucket, have, tonnes);
        _holding[from][asset] = source.withBucket(fromBucket, Narrow.toUint40(have - tonnes));
        // Read after the write, since both may be the same holding.
        Holding target = _holding[to][asset];
        uint256 sum = target.bucket(toBucket) + tonnes;
        _holding[to][asset] = target.withBucket(toBucket, Narrow.toUint40(sum));
        return (_toTonnes(have - tonnes), _toTonnes(sum));
    }

    function _spend(bytes32 account, Asset asset, Tonnes tonnes)
        internal
        returns (Tonnes availableAfter, Tonnes spentAfter)
    {
        return _move(
            account, Buckets.AVAILABLE, account, Buckets.SPENT, asset, Tonnes.unwrap(tonnes)
        );
    }

    /// Issues or recalls quota: the only change of what all buckets sum up to.
    function _issue(Allocation calldata allocation)
        internal
        returns (Tonnes availableAfter, Tonnes issuedAfter)
    {
        (bytes32 account, Asset asset) = (allocation.account, allocation.asset);
        Holding holding = _holding[account][asset];
        _requireNext(holding.revision(), allocation.revision);
        if (allocation.tonnes == 0) revert QuotaZero();
        SupplySlot storage supply = _supply[asset];
        (uint256 cap, uint256 issued) = (supply.cap, supply.issued);
        uint256 available = holding.bucket(Buckets.AVAILABLE);
        if (allocation.tonnes > 0) {
            uint256 added = uint64(allocation.tonnes);
            (available, issued) = (available + added, issued + added);
            if (issued > cap) revert CapExceeded(asset, cap, issued);
        } else {
            uint256 recalled = uint256(-int256(allocation.tonnes));
            if (available < recalled) {
                revert QuotaInsufficient(account, asset, Buckets.AVAILABLE, available, recalled);
            }
            (available, issued) = (available - recalled, issued - recalled);
        }
        _holding[account][asset] = holding.withBucket(Buckets.AVAILABLE, Narrow.toUint40(available))
            .withRevision(allocation.revision);
        // At most the cap, which is 64 bits wide.
        supply.issued = uint64(issued);
        return (_toTonnes(available), _toTonnes(issued));
    }

    function _useNonce(bytes32 account, Asset asset, uint24 nonce) internal {
        Holding holding = _holding[account][asset];
        if (!holding.isInWindow(nonce)) {
            revert NonceOutOfWindow(account, asset, nonce, holding.nonce());
        }
        if (holding.isUsed(nonce)) revert NonceUsed(account, asset, nonce);
        _holding[account][asset] = holding.withNonce(nonce);
    }

    /// Sets the cap of an asset.
    function _limit(Asset asset, Tonnes cap, uint16 revision) internal {
        SupplySlot storage supply = _supply[asset];
        (uint64 issued, uint16 current) = (supply.issued, supply.revision);
        _requireNext(current, revision);
        _requireInstrument(asset.instrumentOf());
        uint64 tonnes = Tonnes.unwrap(cap);
        _requireFigure(tonnes);
        if (tonnes < issued) revert CapExceeded(asset, tonnes, issued);
        (supply.cap, supply.revision) = (tonnes, revision);
    }

    function _requireInstrument(uint8 instrument) internal pure {
        if (instrument > INSTRUMENT_MAX) revert FigureTooLarge(instrument);
    }

    /// Only for what a slot holds, which is narrower.
    function _toTonnes(uint256 value) internal pure returns (Tonnes) {
        return Tonnes.wrap(uint64(value));
    }
}
