// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IIdentifiers} from "../../../interfaces/IIdentifiers.sol";
import {IQuotas} from "../../../interfaces/IQuotas.sol";
import {Asset} from "../../../types/Asset.sol";
import {Buckets} from "../../../types/Codes.sol";
import {Year} from "../../../types/Calendar.sol";
import {MovableQuotas} from "../../MovableQuotas.sol";

/// @title What halmos does for a proof that no contract can do
interface Svm {
    function enableSymbolicStorage(address account) external;
}

/// @title Identifiers that allow everybody everything, so that Quotas alone must hold
contract Permissive {
    fallback(bytes calldata) external returns (bytes memory) {
        return abi.encode(1);
    }
}

/// @title What halmos proves for all messages, for all that storage can hold, whoever acts
/// @notice The caller is the key, since who may act is not the question here.
contract Proofs {
    // Where halmos listens: the last 20 bytes of keccak256("svm cheat code").
    Svm private constant SVM = Svm(0xF3993A62377BCd56AE39D773740A5390411E8BC9);

    MovableQuotas private _quotas;

    function setUp() external {
        _quotas = new MovableQuotas(IIdentifiers(address(new Permissive())));
        SVM.enableSymbolicStorage(address(_quotas));
    }

    /// Whichever bucket of whichever holding is looked at: it lost the tonnes if it is the one they
    /// left, and gained them if it is the one they came to. So the sum of all stays the same.
    function check_move_conserves_the_sum(
        bytes32 from,
        uint8 fromBucket,
        bytes32 to,
        uint8 toBucket,
        Asset asset,
        uint256 tonnes,
        bytes32 account,
        Asset held
    ) external {
        if (fromBucket > Buckets.SPENT || toBucket > Buckets.SPENT) return;
        uint256[5] memory before = _buckets(account, held);
        _quotas.move(from, fromBucket, to, toBucket, asset, tonnes);
        uint256[5] memory afterwards = _buckets(account, held);
        bool isMoved = Asset.unwrap(asset) == Asset.unwrap(held);
        for (uint8 bucket = 0; bucket < 5; ++bucket) {
            bool isLeft = isMoved && account == from && bucket == fromBucket;
            bool isReached = isMoved && account == to && bucket == toBucket;
            uint256 left = isLeft ? tonnes : 0;
            uint256 reached = isReached ? tonnes : 0;
            assert(afterwards[bucket] == before[bucket] - left + reached);
        }
    }

    function check_move_never_lowers_spent(
        bytes32 from,
        uint8 fromBucket,
        bytes32 to,
        uint8 toBucket,
        Asset asset,
        uint256 tonnes,
        bytes32 account,
        Asset held
    ) external {
        if (fromBucket > Buckets.SPENT || toBucket > Buckets.SPENT) return;
        uint256 before = _spent(account, held);
        _quotas.move(from, fromBucket, to, toBucket, asset, tonnes);
        assert(_spent(account, held) >= before);
    }

    function check_setCap_never_lowers_spent(
        IQuotas.Cap calldata message,
        bytes32 account,
        Asset asset
    ) external {
        uint256 before = _spent(account, asset);
        _quotas.setCap(message, "");
        assert(_spent(account, asset) >= before);
    }

    function check_setRule_never_lowers_spent(
        IQuotas.Rule calldata message,
        bytes32 account,
        Asset asset
    ) external {
        uint256 before = _spent(account, asset);
        _quotas.setRule(message, "");
        assert(_spent(account, asset) >= before);
    }

    function check_allocate_never_lowers_spent(
        IQuotas.Allocation calldata message,
        bytes32 account,
        Asset asset
    ) external {
        uint256 before = _spent(account, asset);
        _quotas.allocate(message, "");
        assert(_spent(account, asset) >= before);
    }

    function check_transfer_never_lowers_spent(
        IQuotas.Transfer calldata message,
        bytes32 account,
        Asset asset
    ) external {
        uint256 before = _spent(account, asset);
        _quotas.transfer(message, "");
        assert(_spent(account, asset) >= before);
    }

    function check_surrender_never_lowers_spent(
        IQuotas.Surrender calldata message,
        bytes32 account,
        Asset asset
    ) external {
        uint256 before = _spent(account, asset);
        _quotas.surrender(message, "");
        assert(_spent(account, asset) >= before);
    }

    function check_cancel_never_lowers_spent(
        IQuotas.Cancellation calldata message,
        bytes32 account,
        Asset asset
    ) external {
        uint256 before = _spent(account, asset);
        _quotas.cancel(message, "");
        assert(_spent(account, asset) >= before);
    }

    function check_oblige_never_lowers_spent(
        bytes32 account,
        Year year,
        int64 tonnes,
        int8 figures,
        bytes32 holder,
        Asset asset
    ) external {
        uint256 before = _spent(holder, asset);
        _quotas.oblige(0, account, year, tonnes, figures, 0);
        assert(_spent(holder, asset) >= before);
    }

    /// Allocation changes the sum of an account by what it says, and that of no other account.
    function check_allocate_changes_one_sum(
        IQuotas.Allocation calldata message,
        bytes32 account,
        Asset asset
    ) external {
        int256 before = int256(_sum(account, asset));
        _quotas.allocate(message, "");
        bool isMeant = account == message.account
            && Asset.unwrap(asset) == Asset.unwrap(message.asset);
        assert(int256(_sum(account, asset)) == before + (isMeant ? message.tonnes : int64(0)));
    }

    function _spent(bytes32 account, Asset asset) private view returns (uint256 spent) {
        (,,,, spent,,,) = _quotas.holdingOf(account, asset);
    }

    function _buckets(bytes32 account, Asset asset) private view returns (uint256[5] memory have) {
        (have[0], have[1], have[2], have[3], have[4],,,) = _quotas.holdingOf(account, asset);
    }

    function _sum(bytes32 account, Asset asset) private view returns (uint256) {
        (uint256 a, uint256 t, uint256 p, uint256 f, uint256 spent,,,) =
            _quotas.holdingOf(account, asset);
        return a + t + p + f + spent;
    }
}
