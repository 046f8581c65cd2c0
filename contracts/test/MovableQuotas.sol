// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IIdentifiers} from "../interfaces/IIdentifiers.sol";
import {Quotas} from "../Quotas.sol";
import {Tonnes} from "../types/Amounts.sol";
import {Asset} from "../types/Asset.sol";

/// @title Quotas whose one door between buckets stands open
contract MovableQuotas is Quotas {
    constructor(IIdentifiers identifiers) Quotas(identifiers) {}

    function move(
        bytes32 from,
        uint8 fromBucket,
        bytes32 to,
        uint8 toBucket,
        Asset asset,
        uint256 tonnes
    ) external returns (Tonnes fromAfter, Tonnes toAfter) {
        return _move(from, fromBucket, to, toBucket, asset, tonnes);
    }
}
