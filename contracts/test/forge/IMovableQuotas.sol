// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IQuotas} from "../../interfaces/IQuotas.sol";
import {Tonnes} from "../../types/Amounts.sol";
import {Asset} from "../../types/Asset.sol";

/// @title Quotas and its one door between buckets
interface IMovableQuotas is IQuotas {
    function move(
        bytes32 from,
        uint8 fromBucket,
        bytes32 to,
        uint8 toBucket,
        Asset asset,
        uint256 tonnes
    ) external returns (Tonnes fromAfter, Tonnes toAfter);
}
