// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Signed} from "../Signed.sol";

/// @title A contract with a verb that always runs out of gas
contract Endless is Signed {
    constructor() Signed("Endless") {}

    function spin() external pure {
        while (true) {}
    }
}
