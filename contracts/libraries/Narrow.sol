// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ISigned} from "../interfaces/ISigned.sol";

/// @title Amounts that must fit their slot
library Narrow {
    function toUint16(uint256 value) internal pure returns (uint16) {
        if (value > type(uint16).max) revert ISigned.QuotaTooLarge(value);
        return uint16(value);
    }

    function toUint40(uint256 value) internal pure returns (uint40) {
        if (value > type(uint40).max) revert ISigned.QuotaTooLarge(value);
        return uint40(value);
    }

    function toUint48(uint256 value) internal pure returns (uint48) {
        if (value > type(uint48).max) revert ISigned.QuotaTooLarge(value);
        return uint48(value);
    }
}
